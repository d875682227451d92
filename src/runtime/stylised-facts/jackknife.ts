/**
 * Jackknife: how sure a figure is that was measured on data which depend on each other.
 *
 * The market is cut into spans of time that are longer than what they remember; the figure is
 * computed again without each of them (Quenouille 1956, Tukey 1958; over blocks: Künsch 1989), and
 * the pseudo-values go into the house's bootstrap-t. What must stay true: under `CLUSTERS_MIN`
 * spans there is no interval, because there is nothing to tell it from.
 */
import { pairedDifference } from "../../core/tca/paired-difference.ts";
import { CELL_SECONDS } from "./tape.ts";

export interface Estimate {
  readonly value: number;
  /** 95 %; absent where too few independent spans were seen. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** Spans of time that count as independent of each other: the effective number. */
  readonly clusters: number;
}

/** Nothing is dependent for longer than a fifth of its span. */
const SPAN_PER_MEMORY = 5;

/** Seconds of the spans that what remembers `memorySeconds` is cut into: whole cells. */
export const spanFor = (memorySeconds: number): number =>
  Math.max(1, Math.ceil((SPAN_PER_MEMORY * memorySeconds) / CELL_SECONDS)) * CELL_SECONDS;

/**
 * @param parts what was measured in each span; a figure is a function of any of them together.
 * @returns undefined where the figure cannot be computed at all.
 */
export function jackknife<Part>(
  parts: readonly Part[],
  figure: (parts: readonly Part[]) => number,
  seed: number,
): Estimate | undefined {
  const clusters = parts.length;
  const value = clusters === 0 ? Number.NaN : figure(parts);
  if (!Number.isFinite(value)) return undefined;
  const without = parts.map((_, i) => figure(parts.toSpliced(i, 1)));
  if (clusters < 2 || !without.every(Number.isFinite)) return { value, clusters };
  const sure = pairedDifference(
    without.map((left, cluster) => ({
      cluster,
      difference: clusters * value - (clusters - 1) * left,
    })),
    seed,
  ).interval;
  return sure === undefined ? { value, clusters } : { value, interval: sure, clusters };
}

export type Verdict = "yes" | "no" | "cannot be told";

/** Whether a figure lies inside a range, as far as its interval can tell. */
export function liesIn(
  estimate: Estimate | undefined,
  { above = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY },
): Verdict {
  if (estimate?.interval === undefined) return "cannot be told";
  const { low, high } = estimate.interval;
  if (low > above && high < below) return "yes";
  return high < above || low > below ? "no" : "cannot be told";
}

/** Yes where all are, no where one is not. */
export function all(...verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("no")) return "no";
  return verdicts.every((verdict) => verdict === "yes") ? "yes" : "cannot be told";
}
