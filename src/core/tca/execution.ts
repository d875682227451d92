/**
 * Execution: all that cost analysis needs to know of one parent order, in exact units.
 *
 * The engine fills it in for orders of its own; fills imported from elsewhere fit as well. It
 * states what happened and where each reference price came from; it concludes nothing.
 */
import type { CloseReason, Fill, Phase, TimeInForce } from "../domain/child-order.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { ParentQuantity } from "../domain/parent-order.ts";
import type { Side } from "../domain/side.ts";
import type { Cash, HalfTicks, Lots, Micros, Ticks } from "../domain/units.ts";

/** What an order was meant to be: to take at once, or to rest. */
export type OrderKind = "aggressive" | "passive";

export interface ExecutedFill {
  readonly fill: Fill;
  readonly clientOrderId: string;
  /** The mid immediately before the fill. */
  readonly midBefore: HalfTicks;
  /**
   * `recording`: read from a market recording at the fill's time. `estimated`: the last mid we had
   * seen, where the venue does not tell, or a fill's time that is too coarse for a recording.
   */
  readonly midSource: "venue" | "recording" | "estimated";
  /**
   * How far our own earlier trading had moved the mid, signed as a price: above zero where it rose.
   * 0 where the market does not react.
   */
  readonly displacement: HalfTicks;
  /** The share of `displacement` that does not decay. Absent: not known. */
  readonly permanentDisplacement?: HalfTicks;
  readonly orderKind: OrderKind;
  /** Ask − bid immediately before the fill. */
  readonly spreadBefore?: Ticks;
  /** Settlement coin per unit of fee coin, exact text: for fees in a third coin. */
  readonly feeRate?: string;
}

export interface ChildSummary {
  readonly id: string;
  readonly time: Micros;
  readonly kind: OrderKind;
  readonly timeInForce: TimeInForce;
  readonly quantity: Lots;
  /** Absent: a market order. */
  readonly limitPrice?: Ticks;
  readonly phase: Phase;
  readonly closeReason?: CloseReason;
  /** The venue's words for a reject or a cancel. */
  readonly closeText?: string;
  /** Why it was sent. */
  readonly reasoning: string;
}

export interface Markout {
  readonly executionId: string;
  /** Span after the fill. */
  readonly after: Micros;
  readonly mid: HalfTicks;
}

/**
 * `none`: a market that does not react, so that no impact can show. `unknown`: it did, and nothing
 * tells by how much, so that impact is inside timing.
 */
export type DisplacementModel = "none" | "exact" | "estimated" | "unknown";

export interface Execution {
  readonly instrument: Instrument;
  readonly side: Side;
  readonly quantity: ParentQuantity;
  readonly decisionPrice: HalfTicks;
  readonly arrivalPrice: HalfTicks;
  /** The mid that what was not filled is marked at. */
  readonly horizonPrice: HalfTicks;
  readonly startAt: Micros;
  /** When the order ended. */
  readonly endAt: Micros;
  /** When it had to be done. Absent: by `endAt`. */
  readonly deadline?: Micros;
  /** Each execution once. */
  readonly fills: readonly ExecutedFill[];
  readonly market: {
    /** Trades of others from start to end; ours are never among them. NaN: nobody traded. */
    readonly others: { readonly lots: number; readonly vwapTicks: number };
    /** Whether the market's own prints showed our trades too (they have been taken out). */
    readonly ownPrinted: boolean;
  };
  /** Payments, positive = paid. Absent: not recorded. */
  readonly funding?: readonly { readonly amount: Cash }[];
  readonly markouts: readonly Markout[];
  readonly children: readonly ChildSummary[];
  readonly displacementModel: DisplacementModel;
}

/** A fill of which less is known. What is absent is unknown. */
export interface PartialFill extends Pick<
  ExecutedFill,
  "clientOrderId" | "displacement" | "permanentDisplacement" | "spreadBefore" | "feeRate"
> {
  readonly fill: Omit<Fill, "liquidity" | "fee" | "feeCoin"> &
    Partial<Pick<Fill, "liquidity" | "fee" | "feeCoin">>;
  readonly midBefore?: HalfTicks;
  readonly midSource?: ExecutedFill["midSource"];
  readonly orderKind?: OrderKind;
}

/**
 * An execution that was not measured while it happened, such as one that is imported. An
 * `Execution` is one of these; here whatever is absent is unknown, and so is what needs it.
 */
export interface PartialExecution extends Pick<
  Execution,
  | "instrument"
  | "side"
  | "startAt"
  | "endAt"
  | "deadline"
  | "funding"
  | "markouts"
  | "displacementModel"
> {
  /** Absent: nobody said what was asked for; costs are those of what was filled. */
  readonly quantity?: ParentQuantity;
  readonly decisionPrice?: HalfTicks;
  readonly arrivalPrice?: HalfTicks;
  readonly horizonPrice?: HalfTicks;
  readonly fills: readonly PartialFill[];
  readonly market?: Execution["market"];
  readonly children?: readonly ChildSummary[];
}
