/**
 * Calibrate: fits a model on the earlier part of what was observed, judges it on the later part,
 * and says whether the word "calibrated" is earned.
 *
 * The word is refused when any parameter might as well be nothing, when the later orders are not
 * predicted better than by one constant, when there are too few clusters to tell, or when no impact
 * can be in the data. What must stay true: no held-out order has any part in the fit, a refusal
 * names its reasons, and the fitted values are told all the same.
 */
import type { Bps, Fraction } from "../../core/domain/units.ts";
import {
  CLUSTERS_MIN,
  type PairedDifference,
  pairedDifference,
} from "../../core/tca/paired-difference.ts";
import type { ImpactModel, ParameterValues } from "../../impact/impact-model.ts";
import type { CalibrationObservation, ObservationKind } from "./calibration-observation.ts";
import type { HeldParameter } from "./design.ts";
import { type Fit, type FitFault, fitImpact, type FittedParameter } from "./fit.ts";
import { type Noise, risksOf, sigmasOf } from "./noise.ts";
import { COVERAGE, student90, Z_90 } from "./sandwich.ts";

export interface JudgedParameter extends FittedParameter {
  /** Whether what it stands for is above nothing: one-sided, at 5 %. */
  readonly isSignificant: boolean;
  /** About how many such orders it takes to see it, at 5 % with a power of 80 %. */
  readonly ordersNeeded: number | undefined;
}

/** How the fit does on orders that had no part in it. */
export interface HeldOut {
  readonly orders: number;
  readonly clusters: number;
  /** Against the mean of the earlier orders, weighed as in the fit; below 0 is worse. */
  readonly rSquared: number;
  /** Root mean square of what is left over. */
  readonly errorBps: Bps;
  readonly constantErrorBps: Bps;
  /** Squared errors of the constant less those of the model, in sigmas²; above 0 is better. */
  readonly gain: PairedDifference;
  /** Share of orders inside the model's 90 % interval. */
  readonly inside: Fraction;
}

/** One order as the pictures need it. */
export interface JudgedOrder {
  readonly observation: CalibrationObservation;
  readonly predictedBps: Bps;
  readonly residualBps: Bps;
  /** One sigma of its cost around the prediction. */
  readonly sigmaBps: Bps;
  readonly isHeldOut: boolean;
}

export interface Calibration {
  readonly model: ImpactModel;
  readonly kinds: ReadonlyMap<ObservationKind, number>;
  readonly orders: { readonly fitted: number; readonly clusters: number };
  readonly effectiveClusters: number;
  /** What one cluster spans, in words. */
  readonly width: string;
  readonly parameters: readonly JudgedParameter[];
  readonly held: readonly HeldParameter[];
  readonly noise: Noise;
  /** The mean cost of the earlier orders: what the model is to beat. */
  readonly constantBps: Bps;
  readonly heldOut: HeldOut | undefined;
  readonly isCalibrated: boolean;
  /** Why not; empty where it is. */
  readonly reasons: readonly string[];
  /** What is true of the data and leans on the result without deciding it. */
  readonly cautions: readonly string[];
  readonly judged: readonly JudgedOrder[];
  /** Mean move of the mid by the end and later, where known: what stays of it. */
  readonly moves:
    { readonly orders: number; readonly endBps: Bps; readonly laterBps: Bps } | undefined;
}

export interface CalibrateOptions {
  readonly hold?: ParameterValues;
  /** What a cluster spans, in words. */
  readonly width: string;
  readonly seed: number;
}

export interface CalibrateFault {
  readonly code: "CALIBRATE_EMPTY";
  readonly text: string;
}

/** Of the clusters, the later ones that are kept out of the fit; at least `CLUSTERS_MIN`. */
const HELD_OUT_SHARE = 1 / 3;
const ORDERS_MIN = 10;
/** 5 % one-sided and a power of 80 %. */
const Z_SUM = Z_90 + 0.841621;
/** Inside shares further from the 90 % than this are told. */
const INSIDE_TOLERANCE = 0.07;
/** Standard errors of a correlation that are no accident: one in a hundred. */
const NEIGHBOURLY = 2.33;
/** Orders of fewer days say little of other days. */
const DAYS_WANTED = 10;
const MICROS_PER_DAY = 86_400e6;

export function calibrate(
  model: ImpactModel,
  observations: readonly CalibrationObservation[],
  { hold = {}, width, seed }: CalibrateOptions,
): Calibration | FitFault | CalibrateFault {
  if (observations.length < ORDERS_MIN) {
    const text =
      `${observations.length} orders are not enough to fit anything: give at least ` +
      `${ORDERS_MIN}, and some hundreds for a fit that means something`;
    return { code: "CALIBRATE_EMPTY", text };
  }
  const { earlier, later } = split(observations);
  const fit = fitImpact(model, earlier, hold);
  if ("code" in fit) return fit;
  const constant = weightedMean(earlier, fit.noise);
  const heldOut = later.length === 0 ? undefined : judge(fit, earlier, later, constant, seed);
  const parameters = fit.fitted.map((one) => judged(one, fit, earlier.length));
  const judgedOrders = [...ordersOf(fit, earlier, false), ...ordersOf(fit, later, true)];
  const reasons = [
    ...reasonsAgainst(fit, parameters, heldOut, observations),
    ...neighbourly(judgedOrders),
  ];
  return {
    model,
    kinds: countBy(observations),
    orders: { fitted: earlier.length, clusters: fit.clusters },
    effectiveClusters: fit.effectiveClusters,
    width,
    parameters,
    held: fit.held,
    noise: fit.noise,
    constantBps: constant,
    heldOut,
    isCalibrated: reasons.length === 0,
    reasons,
    cautions: cautionsOf(fit, heldOut, observations),
    judged: judgedOrders,
    moves: movesOf(observations),
  };
}

interface Split {
  readonly earlier: readonly CalibrationObservation[];
  readonly later: readonly CalibrationObservation[];
}

/** Whole clusters, by the time at which each begins; markets side by side keep their order. */
function split(observations: readonly CalibrationObservation[]): Split {
  const starts = new Map<string, number>();
  for (const { cluster, at } of observations) {
    starts.set(cluster, Math.min(at, starts.get(cluster) ?? Number.POSITIVE_INFINITY));
  }
  const ordered = [...starts].toSorted((a, b) => a[1] - b[1]).map(([name]) => name);
  const wanted = Math.max(CLUSTERS_MIN, Math.round(ordered.length * HELD_OUT_SHARE));
  // With too few for both, half each: what is refused is still fitted.
  const count = Math.min(wanted, Math.floor(ordered.length / 2));
  const last = new Set(ordered.slice(ordered.length - count));
  return {
    earlier: observations.filter(({ cluster }) => !last.has(cluster)),
    later: observations.filter(({ cluster }) => last.has(cluster)),
  };
}

function countBy(
  observations: readonly CalibrationObservation[],
): ReadonlyMap<ObservationKind, number> {
  const counts = new Map<ObservationKind, number>();
  for (const { kind } of observations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function weightedMean(observations: readonly CalibrationObservation[], noise: Noise): Bps {
  const sigmas = sigmasOf(noise, risksOf(observations));
  let [sum, weight] = [0, 0];
  observations.forEach(({ realisedBps }, i) => {
    sum += realisedBps / sigmas[i]! ** 2;
    weight += 1 / sigmas[i]! ** 2;
  });
  return sum / weight;
}

function judged(
  parameter: FittedParameter,
  { effectiveClusters }: Fit,
  orders: number,
): JudgedParameter {
  const { ratio, isAtEdge } = parameter;
  const needed = orders * (Z_SUM / ratio) ** 2;
  return {
    ...parameter,
    isSignificant: ratio > student90(effectiveClusters - 1) && !isAtEdge,
    ordersNeeded: ratio > 0 && Number.isFinite(needed) ? Math.ceil(needed) : undefined,
  };
}

function judge(
  fit: Fit,
  earlier: readonly CalibrationObservation[],
  later: readonly CalibrationObservation[],
  constant: Bps,
  seed: number,
): HeldOut {
  const predicted = fit.predict(later);
  const doubts = fit.predictionErrors(later);
  const sigmas = sigmasOf(fit.noise, risksOf(later));
  const names = new Map<string, number>();
  let [own, others, inside] = [0, 0, 0];
  const [low, high] = tailsOf(fit, earlier);
  const pairs = later.map(({ realisedBps, cluster }, i) => {
    const [error, plain] = [realisedBps - predicted[i]!, realisedBps - constant];
    own += error ** 2;
    others += plain ** 2;
    const width = Math.hypot(sigmas[i]!, doubts[i]!);
    if (error >= low * width && error <= high * width) inside += 1;
    const index = names.get(cluster) ?? names.size;
    names.set(cluster, index);
    return { cluster: index, difference: (plain ** 2 - error ** 2) / sigmas[i]! ** 2 };
  });
  const whole = later.reduce((sum, one, i) => {
    return sum + ((one.realisedBps - constant) / sigmas[i]!) ** 2;
  }, 0);
  const gained = pairs.reduce((sum, { difference }) => sum + difference, 0);
  return {
    orders: later.length,
    clusters: names.size,
    rSquared: gained / whole,
    errorBps: Math.sqrt(own / later.length),
    constantErrorBps: Math.sqrt(others / later.length),
    gain: pairedDifference(pairs, seed),
    inside: inside / later.length,
  };
}

/** Where 90 % of the earlier orders lie around the fit, in sigmas: tails are heavy, so by count. */
function tailsOf(fit: Fit, earlier: readonly CalibrationObservation[]): readonly [number, number] {
  const predicted = fit.predict(earlier);
  const sigmas = sigmasOf(fit.noise, risksOf(earlier));
  const ratios = Float64Array.from(earlier, (one, i) => {
    return (one.realisedBps - predicted[i]!) / sigmas[i]!;
  }).toSorted();
  const at = (share: Fraction): number => ratios[Math.round(share * (ratios.length - 1))]!;
  return [at((1 - COVERAGE) / 2), at((1 + COVERAGE) / 2)];
}

function reasonsAgainst(
  fit: Fit,
  parameters: readonly JudgedParameter[],
  heldOut: HeldOut | undefined,
  observations: readonly CalibrationObservation[],
): readonly string[] {
  const reasons: string[] = [];
  const inert = observations.find((one) => one.inert !== undefined);
  if (inert?.inert !== undefined) {
    const count = observations.filter((one) => one.inert !== undefined).length;
    reasons.push(`no impact can be in ${count} of the orders: ${inert.inert}`);
  }
  if (fit.effectiveClusters < CLUSTERS_MIN) {
    reasons.push(
      `the fit rests on ${fit.effectiveClusters.toFixed(1)} effective clusters (of ` +
        `${fit.clusters}), and fewer than ${CLUSTERS_MIN} promise too much`,
    );
  }
  for (const one of parameters) {
    if (one.isSignificant) continue;
    const needed =
      one.ordersNeeded === undefined
        ? ""
        : `; about ${one.ordersNeeded.toLocaleString("en-US")} such orders would show it`;
    reasons.push(`${one.name} is not significant: ${whyNot(one, fit)}${needed}`);
  }
  if (heldOut === undefined || heldOut.clusters < CLUSTERS_MIN) {
    reasons.push(
      `${heldOut?.clusters ?? 0} clusters are held out, and fewer than ${CLUSTERS_MIN} cannot ` +
        "tell the model from a constant",
    );
  } else if (!((heldOut.gain.interval?.low ?? 0) > 0)) {
    const { interval } = heldOut.gain;
    const range =
      interval === undefined
        ? "no interval"
        : `${interval.low.toFixed(4)} to ${interval.high.toFixed(4)} sigma², 95 %`;
    reasons.push(`on the held-out orders it is no better than one constant (gain ${range})`);
  }
  return reasons;
}

/** Clusters that follow each other must not go together: intervals take them for independent. */
function neighbourly(orders: readonly JudgedOrder[]): readonly string[] {
  const found = new Map<string, { market: string; at: number; sum: number; weight: number }>();
  for (const { observation, residualBps, sigmaBps } of orders) {
    const { cluster, market, at } = observation;
    const entry = found.get(cluster) ?? { market, at, sum: 0, weight: 0 };
    entry.sum += residualBps / sigmaBps;
    entry.weight += 1;
    entry.at = Math.min(entry.at, at);
    found.set(cluster, entry);
  }
  const rows = [...found.values()].toSorted((a, b) => a.at - b.at);
  // A sum of n has a spread of √n: so small clusters and large ones count alike.
  const values = (market: string): readonly number[] =>
    rows.filter((row) => row.market === market).map(({ sum, weight }) => sum / Math.sqrt(weight));
  let [along, squares, pairs] = [0, 0, 0];
  for (const market of new Set(rows.map((row) => row.market))) {
    const own = values(market);
    const mean = own.reduce((sum, one) => sum + one, 0) / own.length;
    own.forEach((one, k) => {
      squares += (one - mean) ** 2;
      const next = own[k + 1];
      if (next === undefined) return;
      along += (one - mean) * (next - mean);
      pairs += 1;
    });
  }
  const correlation = squares > 0 ? along / squares : 0;
  if (pairs < CLUSTERS_MIN || correlation < NEIGHBOURLY / Math.sqrt(pairs)) return [];
  return [
    `what is left over goes on from one cluster to the next (correlation ` +
      `${correlation.toFixed(2)} over ${pairs} pairs): they are too short, take longer ones`,
  ];
}

function whyNot({ value, ratio, isAtEdge }: JudgedParameter, { effectiveClusters }: Fit): string {
  if (isAtEdge) return `it ended at ${value.toPrecision(3)}, where its range ends`;
  if (value <= 0) return `it came out as ${value.toPrecision(3)}, and nothing is below zero`;
  const wanted = student90(effectiveClusters - 1);
  const enough = Number.isFinite(wanted)
    ? `${wanted.toFixed(2)} are wanted`
    : "of so few clusters no number is enough";
  return `it stands ${ratio.toFixed(2)} of its own errors from nothing, and ${enough}`;
}

function cautionsOf(
  fit: Fit,
  heldOut: HeldOut | undefined,
  observations: readonly CalibrationObservation[],
): readonly string[] {
  const cautions: string[] = [];
  if (observations.some(({ kind }) => kind === "pseudo-metaorder")) {
    cautions.push(
      "runs of one-sided market orders are not the orders of anybody: a run ends when the other " +
        "side trades, so its cost is not what an order of that size would pay",
    );
  }
  if (observations.some(({ kind }) => kind === "metaorder")) {
    cautions.push("what these traders paid is the mean mid while they worked, as if evenly");
  }
  const days = new Set(observations.map(({ at }) => Math.floor(at / MICROS_PER_DAY))).size;
  if (days < DAYS_WANTED) {
    const span = days === 1 ? "one day" : `${days} days`;
    cautions.push(`all of it is of ${span}: what holds there need not hold on other days`);
  }
  if (heldOut !== undefined && Math.abs(heldOut.inside - COVERAGE) > INSIDE_TOLERANCE) {
    const share = `${(heldOut.inside * 100).toFixed(0)} %`;
    cautions.push(`${share} of the held-out orders lie inside the 90 % interval: it is not right`);
  }
  const isVague = (name: string): boolean =>
    fit.fitted.some((one) => one.name === name && one.standardError > one.value / 2);
  for (const [a, b] of fit.alike) {
    if (!isVague(a) && !isVague(b)) continue;
    cautions.push(
      `${a} and ${b} can hardly be told apart here: what one gains the other loses; ` +
        `--model ${fit.model.name}:${b}=VALUE holds the one and fits the other`,
    );
  }
  return cautions;
}

function ordersOf(
  fit: Fit,
  observations: readonly CalibrationObservation[],
  isHeldOut: boolean,
): readonly JudgedOrder[] {
  const predicted = fit.predict(observations);
  const sigmas = sigmasOf(fit.noise, risksOf(observations));
  return observations.map((observation, i) => ({
    observation,
    predictedBps: predicted[i]!,
    residualBps: observation.realisedBps - predicted[i]!,
    sigmaBps: sigmas[i]!,
    isHeldOut,
  }));
}

function movesOf(observations: readonly CalibrationObservation[]): Calibration["moves"] {
  const known = observations.filter(
    (one) => one.endMoveBps !== undefined && one.laterMoveBps !== undefined,
  );
  if (known.length === 0) return undefined;
  const mean = (of: (one: CalibrationObservation) => number): Bps =>
    known.reduce((sum, one) => sum + of(one), 0) / known.length;
  return {
    orders: known.length,
    endBps: mean((one) => one.endMoveBps!),
    laterBps: mean((one) => one.laterMoveBps!),
  };
}
