/**
 * Simulated moments: what a market of given numbers is like, and which way its knobs are to be
 * turned.
 *
 * The same seeds are used again and again (common random numbers), so two rounds differ by the
 * knobs alone. How busy the world of a seed happens to be is known exactly and is taken out, which
 * a recording's world does not allow. What must stay true: the same knobs give the same moments.
 */
import type { Instrument } from "../../core/domain/instrument.ts";
import { type Micros, micros, SECOND, type Ticks } from "../../core/domain/units.ts";
import {
  GeneratedMarket,
  type GeneratedMarketConfig,
  generateMarket,
  type MarketProfile,
  resolveMarketConfig,
  World,
} from "./generated-room.ts";
import { type Knob, KNOBS, turned, type Turned } from "./knobs.ts";
import {
  type Look,
  type MeasuredMarket,
  measureMarket,
  type Moment,
  MOMENT_NAMES,
  type MomentName,
  type Moments,
} from "./moments.ts";
import { FLAT_WORLD } from "./profile-schema.ts";
import type { StartingMarket } from "./starting-market.ts";

/** A market that can be made: all but seed, start and length. */
export interface FittedMarket {
  readonly profile: MarketProfile;
  readonly startPrice: Ticks;
  readonly eventsPerSecond: number;
  readonly instrument: Instrument;
}

export interface Run {
  readonly measured: MeasuredMarket;
  /** How busy the world happened to be, as a multiple of its average. */
  readonly activity: number;
}

export interface RunLength {
  readonly startAt: Micros;
  readonly seconds: number;
}

export function runMarket(market: FittedMarket, seed: number, made: RunLength, look: Look): Run {
  const config: GeneratedMarketConfig = {
    seed,
    startAt: made.startAt,
    duration: micros(made.seconds * SECOND),
    world: FLAT_WORLD,
    ...market,
  };
  const generated = new GeneratedMarket(config);
  const source = { header: generated.header, blocks: generateMarket(config, () => generated) };
  const pass = measureMarket(source, market.startPrice, look);
  let step = pass.next();
  while (step.done !== true) step = pass.next();
  const pace = market.eventsPerSecond / market.profile.messagesPerSecond;
  return { measured: step.value, activity: generated.marketTime / (made.seconds * pace) };
}

/**
 * Of many seeds those in whose world it is neither busier nor quieter than on average: their
 * markets tell most of the market and least of their world.
 */
export function evenSeeds(
  candidates: readonly number[],
  count: number,
  market: FittedMarket,
  made: RunLength,
): readonly number[] {
  const unevenness = (seed: number): number => Math.abs(Math.log(activityOf(seed, market, made)));
  return candidates
    .map((seed) => ({ seed, off: unevenness(seed) }))
    .toSorted((a, b) => a.off - b.off)
    .slice(0, count)
    .map(({ seed }) => seed);
}

/** Mean activity of a seed's world, without a market in it. */
function activityOf(seed: number, market: FittedMarket, made: RunLength): number {
  const duration = micros(made.seconds * SECOND);
  const { startAt } = made;
  const config = resolveMarketConfig({ seed, startAt, duration, world: FLAT_WORLD, ...market });
  const world = new World(config.world);
  let sum = 0;
  for (let second = 0; second < made.seconds; second++) {
    world.advance(config.start + second * 1e9);
    sum += world.activity;
  }
  return sum / made.seconds;
}

/** Rates go with the activity, moves with its root. */
const BY_ACTIVITY: Partial<Record<MomentName, number>> = {
  ordersPerSecond: 1,
  volumePerSecond: 1,
  limitsPerSecond: 1,
  cancelsPerSecond: 1,
  volatility1: 0.5,
  volatility10: 0.5,
  volatility60: 0.5,
};

/** Means over runs, each as it would have been in an average world. */
export function atOneActivity(runs: readonly Run[]): Moments {
  const moments: Partial<Record<MomentName, Moment>> = {};
  for (const name of MOMENT_NAMES) {
    const values = runs.flatMap(({ measured, activity }) => {
      const moment = measured.moments[name];
      return moment === undefined ? [] : [moment.value / activity ** (BY_ACTIVITY[name] ?? 0)];
    });
    if (values.length < runs.length) continue;
    const value = values.reduce((sum, each) => sum + each, 0) / values.length;
    moments[name] = { value, effective: values.length };
  }
  return moments;
}

export function marketOf(start: StartingMarket, by: Turned, instrument: Instrument): FittedMarket {
  const profile = turned(start, by);
  return {
    profile,
    startPrice: start.startPrice as Ticks,
    eventsPerSecond: profile.messagesPerSecond * start.units.pace,
    instrument,
  };
}

/** A knob is left alone where its moment is less sure than this. */
const LEAST_EFFECTIVE = 8;
const LEAST_FOR_BRANCHING = 500;

/** Those whose moment the recording can tell. */
export function usableKnobs(recorded: MeasuredMarket): readonly Knob[] {
  return KNOBS.filter(({ moment, turns }) => {
    const seen = recorded.moments[moment];
    if (seen === undefined) return false;
    if (turns !== "sum" && seen.value <= 0) return false;
    const { effective, standardError } = seen;
    if (moment === "response" || moment === "signMemory1")
      return standardError !== undefined && standardError < seen.value / 2;
    return effective >= (turns === "sum" ? LEAST_FOR_BRANCHING : LEAST_EFFECTIVE);
  });
}

/** No moment counts as surer than this share of itself. */
const LEAST_ERROR = 0.05;
const BRANCHING_ERROR = 0.1;
/** Of what nothing tells the error of. */
const UNTOLD_ERROR = 0.2;

/** Beyond so many standard errors a moment weighs in proportion, not by its square (Huber 1964). */
const LINEAR_FROM = 3;

/** What all moments lack together, in standard errors: one out of reach rules no other out. */
export function lossOf(recorded: MeasuredMarket, moments: Moments, knobs: readonly Knob[]): number {
  let loss = 0;
  for (const { moment, turns } of knobs) {
    const [there, here] = [recorded.moments[moment]!, moments[moment]];
    if (here === undefined) return Infinity;
    const own = (there.standardError ?? UNTOLD_ERROR * there.value) / there.value;
    const off =
      turns === "sum"
        ? (here.value - there.value) / BRANCHING_ERROR
        : Math.log(Math.max(1e-9, here.value) / there.value) / Math.max(LEAST_ERROR, own);
    const size = Math.abs(off);
    loss += size <= LINEAR_FROM ? size * size : LINEAR_FROM * (2 * size - LINEAR_FROM);
  }
  return loss;
}

/** The most that a knob is turned in one round. */
const MOST_FACTOR = Math.log(4);
/** A knob's pull is what its moment did when it was last turned by so much, within bounds. */
const LEAST_TURN = 0.05;
const PULLS: readonly [number, number] = [0.65, 1.6];

/** Knobs as they were tried, and what came of it. */
export interface Trial {
  readonly by: Turned;
  readonly moments: Moments;
}

/** In the middle of the best trials there is less of each one's luck. */
export function between(trials: readonly (Trial & { readonly loss: number })[]): Turned {
  const best = trials.toSorted((a, b) => a.loss - b.loss).slice(0, BEST_TRIALS);
  return Object.fromEntries(
    KNOBS.map(({ name }) => [name, best.reduce((sum, { by }) => sum + by[name], 0) / best.length]),
  ) as Turned;
}
const BEST_TRIALS = 3;

/** The knobs as they are to be tried next. */
export function turn(
  recorded: MeasuredMarket,
  knobs: readonly Knob[],
  { by, moments }: Trial,
  before: Trial | undefined,
  damping: number,
): Turned {
  const next = { ...by };
  for (const knob of knobs) {
    const [there, here] = [recorded.moments[knob.moment]!.value, moments[knob.moment]?.value];
    if (here === undefined) continue;
    const pull = before === undefined ? 1 : pullOf(knob, { by, moments }, before);
    const step = (damping * knob.gain * lacking(knob, there, here, recorded.mid)) / pull;
    const most = knob.turns === "factor" ? MOST_FACTOR : Infinity;
    const wanted = by[knob.name] + Math.max(-most, Math.min(most, step));
    next[knob.name] = Math.max(knob.least, Math.min(knob.most, wanted));
  }
  return next;
}

function lacking({ turns }: Knob, there: number, here: number, mid: number): number {
  if (turns === "factor") return Math.log(there / Math.max(1e-9, here));
  return turns === "ticks" ? ((there - here) * mid) / 1e4 : there - here;
}

/** By how much a moment followed its knob (the secant), where that can be told. */
function pullOf({ name, moment, turns, gain }: Knob, now: Trial, before: Trial): number {
  const [here, there] = [now.moments[moment]?.value, before.moments[moment]?.value];
  const turnedBy = now.by[name] - before.by[name];
  if (turns !== "factor" || here === undefined || there === undefined) return 1;
  if (Math.abs(turnedBy) < LEAST_TURN || here <= 0 || there <= 0) return 1;
  const pull = (Math.sign(gain) * Math.log(here / there)) / turnedBy;
  return Math.max(PULLS[0], Math.min(PULLS[1], pull));
}
