/**
 * Paired difference: what one way of working orders cost more than another, and how sure that is.
 *
 * Pairs share a parent order, so the market cancels; pairs of one window share their luck, so
 * windows (clusters) are what is counted. Interval and p-value come from the cluster bootstrap-t
 * (Efron and Tibshirani 1993, ch. 12; Cameron, Gelbach and Miller 2008), with draws that are a pure
 * function of the seed. What must stay true: under `CLUSTERS_MIN` windows there is no interval.
 */
import { invariant } from "../domain/errors.ts";
import { streamOf, uniformAt } from "../domain/random.ts";
import type { Bps, Fraction } from "../domain/units.ts";

/** An interval from fewer independent windows than this would promise too much. */
export const CLUSTERS_MIN = 20;
const RESAMPLES = 4_000;
const COVERAGE = 0.95;
/** What differs by less than this share is the same number, rounded otherwise. */
const ROUNDING = 1e-12;
/** Two-sided 5 % and a power of 80 %: z(0.975) + z(0.8). */
const Z_SUM = 1.959964 + 0.841621;

export interface Pair {
  /** The independent window that the pair belongs to. */
  readonly cluster: number;
  /** Cost of the one less cost of the other; positive = the one was dearer. */
  readonly difference: Bps;
}

export interface PairedDifference {
  readonly pairs: number;
  readonly clusters: number;
  readonly mean: Bps;
  /** Of single pairs. Undefined of one pair. */
  readonly standardDeviation: Bps | undefined;
  /**
   * 95 %, or as asked for. Undefined under `CLUSTERS_MIN` clusters, or where nearly all agree
   * exactly.
   */
  readonly interval: { readonly low: Bps; readonly high: Bps } | undefined;
  /** Two-sided, of no difference; undefined where the interval is. */
  readonly pValue: Fraction | undefined;
  /** About how many such pairs show a difference of this size, at 5 % with a power of 80 %. */
  readonly pairsNeeded: number | undefined;
}

/**
 * @param coverage of the interval: higher where several must hold at once.
 * @throws InvariantError of no pairs.
 */
export function pairedDifference(
  pairs: readonly Pair[],
  seed: number,
  coverage: Fraction = COVERAGE,
): PairedDifference {
  invariant(pairs.length > 0, "a difference of nothing");
  const mean = average(pairs.map((pair) => pair.difference));
  const clusters = clusterMeans(pairs);
  const sure = clusters.length < CLUSTERS_MIN ? undefined : bootstrap(clusters, seed, coverage);
  return {
    pairs: pairs.length,
    clusters: clusters.length,
    mean,
    standardDeviation: deviation(pairs.map((pair) => pair.difference)),
    interval: sure?.interval,
    pValue: sure?.pValue,
    pairsNeeded: needed(mean, pairs.length, clusters),
  };
}

/**
 * Holm's correction for several comparisons (1979): the p-values that keep the chance of any false
 * alarm among them at what each one says.
 */
export function holm(pValues: readonly Fraction[]): readonly Fraction[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const corrected: Fraction[] = [];
  let floor = 0;
  order.forEach((index, rank) => {
    floor = Math.max(floor, Math.min(1, pValues[index]! * (pValues.length - rank)));
    corrected[index] = floor;
  });
  return corrected;
}

/** Clusters of equal size count alike; the mean over all pairs weighs them by their pairs. */
function clusterMeans(pairs: readonly Pair[]): readonly number[] {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { cluster, difference } of pairs) {
    const entry = sums.get(cluster) ?? { sum: 0, count: 0 };
    sums.set(cluster, { sum: entry.sum + difference, count: entry.count + 1 });
  }
  return [...sums.values()].map(({ sum, count }) => sum / count);
}

function bootstrap(
  clusters: readonly number[],
  seed: number,
  coverage: Fraction,
): { interval: { low: Bps; high: Bps }; pValue: Fraction } | undefined {
  const count = clusters.length;
  const center = average(clusters);
  const error = deviation(clusters)! / Math.sqrt(count);
  if (!(error > ROUNDING * Math.abs(center))) return undefined;
  const stream = streamOf("bootstrap");
  const ratios: number[] = [];
  const drawn = [...clusters];
  for (let k = 0; k < RESAMPLES; k++) {
    for (let i = 0; i < count; i++) {
      drawn[i] = clusters[Math.floor(uniformAt(seed, stream, k * count + i) * count)]!;
    }
    const drawnError = deviation(drawn)! / Math.sqrt(count);
    const off = average(drawn) - center;
    if (drawnError > ROUNDING * error) ratios.push(off / drawnError);
    // Only what never differs was drawn: infinitely far off by its own error, and it counts so.
    else ratios.push(Math.abs(off) <= ROUNDING * error ? 0 : off * Number.POSITIVE_INFINITY);
  }
  ratios.sort((a, b) => a - b);
  const observed = Math.abs(center / error);
  const beyond = ratios.filter((ratio) => Math.abs(ratio) >= observed).length;
  const low = center - quantile(ratios, 0.5 + coverage / 2) * error;
  const high = center - quantile(ratios, 0.5 - coverage / 2) * error;
  // A difference that rests on a handful of windows has no end that the rest could tell.
  if (!(Number.isFinite(low) && Number.isFinite(high))) return undefined;
  return {
    interval: { low, high },
    pValue: (beyond + 1) / (ratios.length + 1),
  };
}

/** Pairs of a window may share their luck or (both sides of a market) cancel it: windows count. */
function needed(mean: number, pairs: number, clusters: readonly number[]): number | undefined {
  const between = deviation(clusters);
  if (between === undefined || mean === 0) return undefined;
  return Math.ceil(((Z_SUM * between) / mean) ** 2 * (pairs / clusters.length));
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sample standard deviation; undefined of fewer than two. */
function deviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const mean = average(values);
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return Math.sqrt(squares / (values.length - 1));
}

/** Linear between order statistics. `sorted` is not empty. */
function quantile(sorted: readonly number[], share: Fraction): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}
