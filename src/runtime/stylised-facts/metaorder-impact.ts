/**
 * Metaorder impact: the exponent of impact in size, the path on the way and what is left after.
 *
 * Two estimates of the exponent: over the means of logarithmic bins of size, and over all
 * metaorders one by one, weighted by the variance that the market's own wandering gives them. What
 * must stay true: intervals count spans of time (or whole markets), never metaorders, because those
 * of one hour share its luck.
 */
import { type Curve, type Finding, measure } from "./finding.ts";
import { fitShape, parameterOf, power } from "./fit.ts";
import { type Estimate, jackknife, liesIn, spanFor, type Verdict } from "./jackknife.ts";
import { CLUSTERS_MIN } from "../../core/tca/paired-difference.ts";
import {
  AFTER_DURATIONS,
  type Metaorder,
  type MetaorderSample,
  PATH_SHARES,
} from "./metaorders.ts";

const BINS_PER_DECADE = 4;
/** A bin of fewer says nothing. */
const LEAST_IN_BIN = 10;
const LEAST_ORDERS = 50;
const EXPONENTS: readonly [number, number] = [-0.5, 1.5];
const HOUR_SECONDS = 3_600;
const MOST_SPANS = 60;
/** The law is asked for over so many decades of size. */
const DECADES = 2;

/** Metaorders of one cluster: by market, by hour, or by the shortest span that may stand alone. */
export function clustersOf(orders: readonly Metaorder[]): {
  readonly clusters: readonly (readonly Metaorder[])[];
  readonly by: string;
} {
  const group = (key: (order: Metaorder) => string): readonly (readonly Metaorder[])[] => [
    ...Map.groupBy(orders, key).values(),
  ];
  const markets = group((order) => String(order.tape));
  if (markets.length >= CLUSTERS_MIN) return { clusters: markets, by: "markets" };
  const bySpan = (seconds: number) =>
    group((order) => `${order.tape}/${Math.floor(order.startAt / seconds)}`);
  const hours = bySpan(HOUR_SECONDS);
  if (hours.length >= CLUSTERS_MIN) return { clusters: hours, by: "hours" };
  const durations = orders.map(({ duration }) => duration).sort((a, b) => a - b);
  const usual = durations[Math.floor(0.9 * durations.length)] ?? 0;
  const lasts = markets.map((of) => of.reduce((at, { startAt }) => Math.max(at, startAt), 0));
  const recorded = lasts.reduce((sum, last) => sum + last, 0);
  const seconds = Math.max(spanFor(Math.max(24, usual)), recorded / MOST_SPANS);
  return { clusters: bySpan(seconds), by: `spans of ${Math.round(seconds)} s` };
}

interface Bin {
  readonly size: number;
  readonly impact: number;
  readonly n: number;
  /** Of the mean. */
  readonly variance: number;
}

interface BinSums {
  n: number;
  logs: number;
  impact: number;
  squares: number;
}

/** By bin of size; impacts in daily volatilities. */
type Binned = ReadonlyMap<number, BinSums>;

function binSums(orders: readonly Metaorder[], dailyVolatilityBps: number): Binned {
  const sums = new Map<number, BinSums>();
  for (const { size, peakBps } of orders) {
    const impact = peakBps / dailyVolatilityBps;
    const one = { n: 1, logs: Math.log(size), impact, squares: impact * impact };
    addTo(sums, Math.floor(Math.log10(size) * BINS_PER_DECADE), one);
  }
  return sums;
}

function addTo(sums: Map<number, BinSums>, bin: number, more: BinSums): void {
  const sum = sums.get(bin);
  if (sum === undefined) {
    sums.set(bin, { ...more });
    return;
  }
  for (const key of ["n", "logs", "impact", "squares"] as const) sum[key] += more[key];
}

/** Means by size over several clusters. */
function binsOf(parts: readonly Binned[]): readonly Bin[] {
  const all = new Map<number, BinSums>();
  for (const part of parts) for (const [bin, sums] of part) addTo(all, bin, sums);
  return [...all]
    .filter(([, { n }]) => n >= LEAST_IN_BIN)
    .sort(([one], [other]) => one - other)
    .map(([, { n, logs, impact, squares }]) => {
      const variance = Math.max(0, squares - (impact * impact) / n) / (n - 1) / n;
      return { size: Math.exp(logs / n), impact: impact / n, n, variance };
    });
}

function binExponent(parts: readonly Binned[]): number {
  const points = binsOf(parts).map(({ size, impact, variance }) => ({
    x: size,
    y: impact,
    weight: variance > 0 ? 1 / variance : 0,
  }));
  return parameterOf(fitShape(points, power, EXPONENTS));
}

/** Sums over metaorders of about one size, so that a fit need not go through them one by one. */
interface SizeSums {
  readonly size: number;
  weight: number;
  impact: number;
}
const FINE_BINS_PER_DECADE = 50;

/** What moves the price while a metaorder is worked grows with the time that this takes. */
function fineSums(orders: readonly Metaorder[], volatility: number, floor: number) {
  const sums = new Map<number, SizeSums>();
  for (const { size, duration, peakBps } of orders) {
    const bin = Math.floor(Math.log10(size) * FINE_BINS_PER_DECADE);
    let sum = sums.get(bin);
    if (sum === undefined) {
      sum = { size: 10 ** ((bin + 0.5) / FINE_BINS_PER_DECADE), weight: 0, impact: 0 };
      sums.set(bin, sum);
    }
    const weight = 1 / (duration + floor);
    sum.weight += weight;
    sum.impact += (weight * peakBps) / volatility;
  }
  return sums;
}

type FineSums = ReturnType<typeof fineSums>;

function joined(parts: readonly FineSums[]): readonly SizeSums[] {
  const all = new Map<number, SizeSums>();
  for (const part of parts) {
    for (const [bin, { size, weight, impact }] of part) {
      const sum = all.get(bin);
      if (sum === undefined) {
        all.set(bin, { size, weight, impact });
      } else {
        sum.weight += weight;
        sum.impact += impact;
      }
    }
  }
  return [...all.values()];
}

const singleExponent = (parts: readonly FineSums[]): number => {
  const points = joined(parts).map(({ size, weight, impact }) => ({
    x: size,
    y: impact / weight,
    weight,
  }));
  return parameterOf(fitShape(points, power, EXPONENTS));
};

/** Y of the law with a power of one half: least squares over the same sums. */
const rootFactor = (parts: readonly FineSums[]): number => {
  const sums = joined(parts);
  const cross = sums.reduce((sum, { size, impact }) => sum + impact * Math.sqrt(size), 0);
  return cross / sums.reduce((sum, { size, weight }) => sum + weight * size, 0);
};

/** True metaorders, or runs for several numbers of traders. */
export type Samples = readonly [MetaorderSample, ...MetaorderSample[]];

const nameOf = ({ kind, traders = 1 }: MetaorderSample): string =>
  kind === "metaorders" ? kind : traders === 1 ? "runs" : `runs of ${traders}`;

const proxyOf = ([{ kind }]: Samples) =>
  kind === "runs" ? ({ proxy: "runs of market orders, not metaorders" } as const) : {};

interface Law {
  readonly single: Estimate | undefined;
  readonly binned: Estimate | undefined;
  readonly factor: Estimate | undefined;
  readonly bins: readonly Bin[];
  readonly decades: number;
  readonly by: string;
  readonly clusters: number;
}

function lawOf({ orders, dailyVolatilityBps }: MetaorderSample, seed: number): Law {
  const { clusters, by } = clustersOf(orders);
  const enough = orders.length >= LEAST_ORDERS ? clusters : [];
  const usual = orders.reduce((sum, { duration }) => sum + duration, 0) / orders.length;
  const floor = usual / 10 || 1;
  const sums = enough.map((members) => fineSums(members, dailyVolatilityBps, floor));
  const binned = clusters.map((members) => binSums(members, dailyVolatilityBps));
  const bins = binsOf(binned);
  return {
    single: jackknife(sums, singleExponent, seed),
    binned: jackknife(enough.length === 0 ? [] : binned, binExponent, seed),
    factor: jackknife(sums, rootFactor, seed),
    bins,
    decades: bins.length < 2 ? 0 : Math.log10(bins.at(-1)!.size / bins[0]!.size),
    by,
    clusters: clusters.length,
  };
}

export function squareRoot(samples: Samples, seed: number): Finding {
  const laws = samples.map((sample) => ({ name: nameOf(sample), ...lawOf(sample, seed) }));
  const verdicts = laws.map((law) => rootVerdict(law.single, law.binned, law.decades));
  const effective = Math.min(...laws.map(({ clusters }) => clusters));
  const first = laws[0]!;
  return {
    fact: "square-root",
    holds: verdicts.every((each) => each === verdicts[0]) ? verdicts[0]! : "cannot be told",
    effective,
    ...proxyOf(samples),
    why:
      `${samples[0].orders.length} ${first.name}, ${first.decades.toFixed(1)} decades of size, ` +
      `${first.clusters} ${first.by}`,
    measures: laws.flatMap(({ name, single, binned, factor, decades, clusters }) => [
      measure(`${name}: exponent, one by one`, single),
      measure(`${name}: exponent, by bins`, binned),
      measure(`${name}: Y, at one half`, factor),
      measure(`${name}: decades of size`, { value: decades, clusters }),
    ]),
    curves: [
      ...laws.map(({ name, bins }) => binCurve(name, bins)),
      ...fitCurve(first.binned, first.bins),
    ],
  };
}

/** Both estimates must agree with one half closely enough to rule out a third and two thirds. */
function rootVerdict(
  single: Estimate | undefined,
  binned: Estimate | undefined,
  decades: number,
): Verdict {
  const inside = [single, binned].map((estimate) =>
    liesIn(estimate, { above: 1 / 4, below: 3 / 4 }),
  );
  const near = [single, binned].map((estimate) => liesIn(estimate, { above: 0.4, below: 0.6 }));
  if (near.every((verdict) => verdict === "no")) return "no";
  const values = [single, binned].map((estimate) => estimate?.value ?? Number.NaN);
  const isHalf = values.every((value) => value >= 0.4 && value <= 0.6);
  const isSure = inside.every((verdict) => verdict === "yes");
  return isHalf && isSure && decades >= DECADES ? "yes" : "cannot be told";
}

const SIGMAS = 1.96;

const binCurve = (name: string, bins: readonly Bin[]): Curve => ({
  name,
  x: bins.map(({ size }) => size),
  y: bins.map(({ impact }) => impact),
  low: bins.map(({ impact, variance }) => impact - SIGMAS * Math.sqrt(variance)),
  high: bins.map(({ impact, variance }) => impact + SIGMAS * Math.sqrt(variance)),
});

/** The power of the bins, through their middle. */
function fitCurve(exponent: Estimate | undefined, bins: readonly Bin[]): readonly Curve[] {
  const middle = bins[Math.floor(bins.length / 2)];
  if (exponent === undefined || middle === undefined || !(middle.impact > 0)) return [];
  const x = [bins[0]!.size, bins.at(-1)!.size];
  const y = x.map((size) => middle.impact * (size / middle.size) ** exponent.value);
  return [{ name: "fit", x, y }];
}

/** Σ of the way at one moment over Σ of the peak, over metaorders of which both are known. */
function shareOfPeak(
  sample: MetaorderSample,
  at: (order: Metaorder) => number,
  seed: number,
): Estimate | undefined {
  const known = sample.orders.filter((order) => !Number.isNaN(at(order)));
  if (known.length < LEAST_ORDERS) return undefined;
  const parts = clustersOf(known).clusters.map((orders) => ({
    way: orders.reduce((sum, order) => sum + at(order), 0),
    peak: orders.reduce((sum, order) => sum + order.peakBps, 0),
  }));
  return jackknife(
    parts,
    (some) =>
      some.reduce((sum, { way }) => sum + way, 0) / some.reduce((sum, { peak }) => sum + peak, 0),
    seed,
  );
}

/** Of runs, those of one trader: plain runs. */
export function impactPath(samples: Samples, seed: number): Finding {
  const [sample] = samples;
  const shares = PATH_SHARES.map((_, k) =>
    k === PATH_SHARES.length - 1 ? undefined : shareOfPeak(sample, (order) => order.path[k]!, seed),
  );
  const half = shares[PATH_SHARES.indexOf(0.5)];
  return {
    fact: "impact-path",
    holds: liesIn(half, { above: 0.5 }),
    effective: half?.clusters ?? 0,
    ...proxyOf(samples),
    why: `${nameOf(sample)}, by ${sample.kind === "runs" ? "quantity" : "time"}`,
    measures: shares
      .slice(0, -1)
      .map((share, k) => measure(`at ${PATH_SHARES[k]! * 100} % of the way`, share)),
    curves: [
      {
        name: "share of the peak",
        x: [0, ...PATH_SHARES],
        y: [0, ...shares.slice(0, -1).map((share) => share?.value ?? Number.NaN), 1],
      },
    ],
  };
}

export function impactDecay(samples: Samples, seed: number): Finding {
  const [sample] = samples;
  const shares = AFTER_DURATIONS.map((_, k) =>
    shareOfPeak(sample, (order) => order.after[k]!, seed),
  );
  const twice = shares[AFTER_DURATIONS.indexOf(2)];
  return {
    fact: "impact-decay",
    holds: liesIn(twice, { above: 0, below: 1 }),
    effective: twice?.clusters ?? 0,
    ...proxyOf(samples),
    why: `${nameOf(sample)}; durations are counted from the start`,
    measures: shares.map((share, k) => measure(`left at ${AFTER_DURATIONS[k]!} durations`, share)),
    curves: [
      {
        name: "share of the peak",
        x: [1, ...AFTER_DURATIONS],
        y: [1, ...shares.map((share) => share?.value ?? Number.NaN)],
        low: [null, ...shares.map((share) => share?.interval?.low ?? null)],
        high: [null, ...shares.map((share) => share?.interval?.high ?? null)],
      },
    ],
  };
}
