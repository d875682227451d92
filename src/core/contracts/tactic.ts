/**
 * Tactic: how the gap between target and done is worked at the venue, as plain data.
 *
 * A strategy says how much; a tactic says at what price, how openly and how patiently. It is data
 * and not code: one mechanism carries out all of them (`execution/placement.ts`), under the same
 * gate, and none can lose or double quantity. Each is a setting of that mechanism.
 */
import { type Bps, type Lots, type Micros, SECOND } from "../domain/units.ts";
import type { ParameterFault, Plan } from "./strategy.ts";

export interface Tactic {
  /** For records: the name it was chosen by. */
  readonly name: string;
  /**
   * What a resting order is pegged to: our own side's best price, or the mid, rounded to the tick
   * that asks more of the market. The limit price and the other side's best bound both.
   */
  readonly peg: "touch" | "mid";
  /** Ticks behind the peg; negative = ahead of it, never as far as the other side's best price. */
  readonly behindTicks: number;
  /**
   * When a resting order goes after its peg: when the market has left it behind (`away`), whenever
   * it lies elsewhere (`both`), or not at all.
   */
  readonly follow: "away" | "both" | "never";
  /** Least time between two moves of a resting order. */
  readonly repegInterval: Micros;
  /** Nothing new is sent and nothing moved this far from the arrival price, in the costly way. */
  readonly reachBps: Bps;
  /** Most lots shown at a time; what is due beyond that is shown when these are filled. */
  readonly display: Lots;
  /**
   * When what is late is taken from the other side: never before the deadline, at once, or when the
   * risk of waiting outgrows what waiting saves (`execution/patience.ts`). The order's I-would
   * price and its residual policy are not the tactic's: they take under any.
   */
  readonly cross: "never" | "by-cost" | "at-once";
  /** As market orders: nothing rests, and what is taken may go to the end of the price collar. */
  readonly marketOrders?: true;
  /** This many resting orders in a row that the venue took back end the parent; absent = none. */
  readonly withdrawalsMax?: number;
}

/** Post at the touch, follow it, and take what waiting is no longer worth: the default. */
export const TOUCH: Tactic = Object.freeze<Tactic>({
  name: "touch",
  peg: "touch",
  behindTicks: 0,
  follow: "away",
  repegInterval: SECOND,
  reachBps: Number.POSITIVE_INFINITY,
  display: Number.MAX_SAFE_INTEGER as Lots,
  cross: "by-cost",
});

/** A tactic that can be chosen by name, for any strategy. */
export interface TacticKind {
  /** Lower-case, unique in the registry. */
  readonly name: string;
  /** One sentence: what it does and when it is the wrong choice. */
  readonly summary: string;
  /** Defaults for every parameter, plain JSON. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Every fault at once; empty when `parameters` may be bound. Unknown keys are faults. */
  check(parameters: Readonly<Record<string, unknown>>): readonly ParameterFault[];
  bind(parameters: Readonly<Record<string, unknown>>, plan: Plan): Tactic;
}
