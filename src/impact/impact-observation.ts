/**
 * Impact observation: one order that was worked, what the market was like, and what it cost.
 *
 * It is what a model is fitted on and what a prediction is judged by, so it holds what was known
 * when the order began and what was realised when it ended, and nothing in between but the
 * schedule. What must stay true: the realised cost is signed and in bps of the order's worth at
 * the start, positive = paid, without spread and fees, as an impact model predicts it.
 */
import type { Side } from "../core/domain/side.ts";
import type { Bps, Fraction } from "../core/domain/units.ts";
import type { ImpactMarket, TradedSlice } from "./impact-model.ts";

export interface ImpactObservation {
  readonly side: Side;
  /** Units of quantity, > 0. */
  readonly quantity: number;
  /** From the first trade to the last, > 0. */
  readonly days: number;
  /** Standard deviation of a day's return, > 0. */
  readonly dailyVolatility: Fraction;
  /** An average day's volume in units of quantity, > 0. */
  readonly dailyVolume: number;
  /** Best ask less best bid, in bps of the mid, >= 0. */
  readonly spreadBps: Bps;
  /** Impact and what the price did by itself; positive = paid, whichever the side. */
  readonly realisedBps: Bps;
  /** How it was worked; absent: evenly over its days. Its quantities sum to `quantity`. */
  readonly schedule?: readonly TradedSlice[];
  /** What belongs together (a day, a path): observations of one cluster are not independent. */
  readonly cluster?: string;
}

export const marketOf = (observation: ImpactObservation): ImpactMarket => ({
  dailyVolatility: observation.dailyVolatility,
  dailyVolume: observation.dailyVolume,
  spreadBps: observation.spreadBps,
});

/** As it was worked, or evenly. */
export const slicesOf = ({ schedule, quantity, days }: ImpactObservation): readonly TradedSlice[] =>
  schedule ?? [{ quantity, days }];

/** How far the quantities of a schedule may miss the whole: they are floats that were added up. */
const SUM_TOLERANCE = 1e-9;

/** Everything that is wrong with an observation, in words; empty where it may be used. */
export function observationFaults(observation: ImpactObservation): readonly string[] {
  const faults: string[] = [];
  for (const name of ["quantity", "days", "dailyVolatility", "dailyVolume"] as const) {
    if (!isOver(observation[name])) faults.push(`${name} must be over 0`);
  }
  const { spreadBps, realisedBps, schedule, quantity } = observation;
  if (!(spreadBps >= 0 && spreadBps < Infinity)) faults.push("spreadBps must be 0 or more");
  if (!Number.isFinite(realisedBps)) faults.push("realisedBps must be a number");
  if (schedule === undefined) return faults;
  const isPosed = schedule.every((slice) => isOver(slice.days) && isAtLeastZero(slice.quantity));
  if (!isPosed) faults.push("a slice of the schedule has no time, or less than no quantity");
  const sum = schedule.reduce((total, slice) => total + slice.quantity, 0);
  if (!(Math.abs(sum - quantity) <= SUM_TOLERANCE * quantity)) {
    faults.push("the schedule does not sum to the quantity");
  }
  return faults;
}

const isOver = (value: number): boolean => value > 0 && value < Infinity;
const isAtLeastZero = (value: number): boolean => value >= 0 && value < Infinity;
