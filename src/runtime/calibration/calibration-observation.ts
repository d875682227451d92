/**
 * Calibration observation: an impact observation with the time and the place that it belongs to.
 *
 * A fit is made on what came earlier and judged on what came later, and orders of one day share
 * their luck: so every observation knows when it began and which cluster it is of. What must stay
 * true: clusters follow from time and market alone, never from what an order cost.
 */
import type { Bps, Micros } from "../../core/domain/units.ts";
import type { ImpactObservation } from "../../impact/impact-observation.ts";

/** Where an observation comes from: it is said beside every result. */
export type ObservationKind = "own-run" | "imported-fills" | "pseudo-metaorder" | "metaorder";

export interface CalibrationObservation extends ImpactObservation {
  readonly kind: ObservationKind;
  /** When the order began. */
  readonly at: Micros;
  /** Which market, or which path of one, it was worked in. */
  readonly market: string;
  /** Always there, unlike in an impact observation at large. */
  readonly cluster: string;
  /** How far the mid had gone when the order ended; positive = against it. */
  readonly endMoveBps?: Bps;
  /** And some time after that: what is left of it. */
  readonly laterMoveBps?: Bps;
  /** Why no impact can be in it, whatever it cost. */
  readonly inert?: string;
}

/** Observations, and in words what was left out and how often. */
export interface Gathered {
  readonly observations: readonly CalibrationObservation[];
  readonly leftOut: ReadonlyMap<string, number>;
}

export const EMPTY: Gathered = { observations: [], leftOut: new Map() };

/** An observation whose cluster is not chosen yet. */
export type Unclustered = Omit<CalibrationObservation, "cluster">;

const MINUTE = 60e6;
/** From the longest to the shortest: the longest that leaves enough clusters is taken. */
const WIDTHS: readonly { readonly name: string; readonly micros: number }[] = [
  { name: "one day", micros: 1440 * MINUTE },
  { name: "one hour", micros: 60 * MINUTE },
  { name: "5 minutes", micros: 5 * MINUTE },
  { name: "one minute", micros: MINUTE },
];

/** Enough to fit on twenty and to judge on twenty more. */
const CLUSTERS_WANTED = 45;

export interface Clustered {
  readonly observations: readonly CalibrationObservation[];
  /** What a cluster spans, in words. */
  readonly width: string;
}

/** @param micros The width that a person chose; otherwise by the rule above. */
export function cluster(observations: readonly Unclustered[], micros?: number): Clustered {
  const widths = micros === undefined ? WIDTHS : [{ name: spanText(micros), micros }];
  for (const width of widths) {
    const clustered = observations.map((one) => ({
      ...one,
      cluster: `${one.market}|${Math.floor(one.at / width.micros)}`,
    }));
    const count = new Set(clustered.map((one) => one.cluster)).size;
    if (count < CLUSTERS_WANTED && width !== widths.at(-1)) continue;
    return { observations: clustered, width: width.name };
  }
  return { observations: [], width: "none" };
}

function spanText(span: number): string {
  const named = WIDTHS.find((width) => width.micros === span);
  return named?.name ?? `${span / 1e6} s`;
}

/** Adds one to a count of what was left out. */
export function leaveOut(counts: Map<string, number>, why: string, times = 1): void {
  counts.set(why, (counts.get(why) ?? 0) + times);
}
