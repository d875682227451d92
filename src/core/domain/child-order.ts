/**
 * Child order: what is sent to a venue, and its life cycle as one transition table.
 *
 * Six phases are enough. FIX statuses such as PartiallyFilled are projections of (phase,
 * cumulative), so they are derived for display and never stored. A fill is accepted in every phase,
 * closed ones included: a cancel can cross a fill in flight, and once money has moved the order
 * must say so.
 */
import { err, invariant, ok, type Result } from "./errors.ts";
import type { Side } from "./side.ts";
import {
  addLots,
  excessLots,
  type Lots,
  type Micros,
  maxLots,
  NO_LOTS,
  subtractLots,
  type Ticks,
  type HalfTicks,
} from "./units.ts";

export type ClientOrderId = string & { readonly __id: "client-order" };

/** Post-only exists only where it can have meaning: on an order that may rest. */
export type TimeInForce =
  | { readonly kind: "good-till-canceled"; readonly postOnly: boolean }
  | { readonly kind: "immediate-or-cancel" }
  | { readonly kind: "fill-or-kill" };

/** The terms of a child order: all that the venue is told. */
export interface OrderTerms {
  readonly clientOrderId: ClientOrderId;
  readonly side: Side;
  readonly quantity: Lots;
  /** Absent: a market order. */
  readonly limitPrice?: Ticks;
  readonly timeInForce: TimeInForce;
  readonly reduceOnly?: boolean;
}

export type CloseReason = "filled" | "canceled" | "rejected" | "expired";

export type Phase =
  | "pending-new" //    sent, not acknowledged
  | "working" //        resting at the venue
  | "pending-amend" //  amend sent, not acknowledged
  | "pending-cancel" // cancel sent, not acknowledged
  | "unknown" //        a request timed out: only the venue's answer leads out of here
  | "closed";

/** Mutable: owned by the engine's tracker, read-only to everyone else. */
export interface ChildOrder {
  readonly parentId: string;
  readonly terms: OrderTerms;
  /** Meant to trade at once; otherwise meant to rest. */
  readonly aggressive: boolean;
  /** The decision that caused it: `Decision.number` of the parent. */
  readonly decision: number;
  readonly sentAt: Micros;
  /** Current price and quantity: they follow confirmed amendments. */
  limitPrice: Ticks | undefined;
  quantity: Lots;
  /** Terms asked for by an amendment that the venue has not answered. */
  pendingAmend: { readonly limitPrice: Ticks; readonly quantity: Lots } | undefined;
  /** Filled so far (FIX CumQty). */
  cumulative: Lots;
  /** Once closed: filled in the end, by the venue's count. What is missing is still on its way. */
  finalCumulative?: Lots;
  phase: Phase;
  /** The venue has said that it had the order: from then on it may have ended, not never come. */
  wasAccepted?: true;
  /** Cancels sent, and before when another one is no use to an order of unknown fate. */
  cancels?: { readonly sent: number; readonly againAt: Micros };
  closeReason: CloseReason | undefined;
  /** The venue's or the gate's words for a reject or cancel. */
  closeText: string | undefined;
}

/**
 * Still open for execution, at worst (FIX LeavesQty): until the venue has confirmed an amendment
 * the larger of the two quantities counts, an order of unknown fate counts in full, and a closed
 * one counts for the fills that the venue has told of in sum and not one by one.
 */
export function leaves(order: ChildOrder): Lots {
  if (order.phase === "closed") {
    return excessLots(order.finalCumulative ?? NO_LOTS, order.cumulative);
  }
  const quantity =
    order.pendingAmend === undefined
      ? order.quantity
      : maxLots(order.quantity, order.pendingAmend.quantity);
  return quantity > order.cumulative ? subtractLots(quantity, order.cumulative) : NO_LOTS;
}

export type Liquidity = "maker" | "taker";

/** One execution, as the venue reported it. */
export interface Fill {
  /** Unique at the venue: duplicates are told by it. */
  readonly executionId: string;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly liquidity: Liquidity;
  /** Exact decimal text in `feeCoin`; negative = rebate received. */
  readonly fee: string;
  readonly feeCoin: string;
  /** Twice the mid immediately before the fill, where the venue knows it (a simulation does). */
  readonly midBefore?: HalfTicks;
  /** Ask − bid at that instant, likewise. */
  readonly spreadBefore?: Ticks;
  /**
   * How far our own earlier trading had moved the mid, signed as a price, and what of that stays;
   * absent where it did not, or nobody can tell.
   */
  readonly displacement?: HalfTicks;
  readonly permanentDisplacement?: HalfTicks;
  readonly exchangeTime: Micros;
}

/** What a venue, or the shell on its behalf, tells of one child order. */
export type OrderReport =
  | { readonly kind: "accepted" }
  | {
      readonly kind: "rejected";
      readonly code: string;
      readonly text: string;
      readonly cumulative?: Lots;
    }
  | { readonly kind: "filled"; readonly fill: Fill }
  /** `cumulative`: filled in the end, by the venue's count; its fills may arrive later. */
  | { readonly kind: "canceled"; readonly text: string; readonly cumulative?: Lots }
  | { readonly kind: "expired"; readonly text: string; readonly cumulative?: Lots }
  | { readonly kind: "amended"; readonly limitPrice: Ticks; readonly quantity: Lots }
  | { readonly kind: "amend-rejected"; readonly code: string; readonly text: string }
  | { readonly kind: "cancel-rejected"; readonly code: string; readonly text: string }
  | { readonly kind: "timed-out" };

/** Code of a `rejected` that is nobody's no. */
export const NEVER_ARRIVED = "VENUE_NEVER_ARRIVED";

export interface IllegalTransition {
  readonly code: "ORDER_ILLEGAL_TRANSITION";
  readonly phase: Phase;
  readonly report: OrderReport["kind"];
}

/** What is applied to a phase: reports, and our own sends. */
type Move = Exclude<OrderReport["kind"], "filled"> | "amend-sent" | "cancel-sent";

/** Every legal move. What is absent is illegal: read it as the picture of the life cycle. */
export const TRANSITIONS: { readonly [From in Phase]: { readonly [By in Move]?: Phase } } = {
  "pending-new": {
    accepted: "working",
    rejected: "closed",
    canceled: "closed", //         IOC remainder, FOK killed, a post-only that would cross
    expired: "closed",
    "cancel-sent": "pending-cancel",
    "timed-out": "unknown",
  },
  working: {
    accepted: "working", //        acknowledged twice: by the response and by the stream
    canceled: "closed",
    expired: "closed",
    rejected: "closed", //         some venues withdraw an order so (self-match, delisting)
    amended: "working", //         the amendment's echo on the second stream
    "amend-rejected": "working",
    "amend-sent": "pending-amend",
    "cancel-sent": "pending-cancel",
  },
  "pending-amend": {
    accepted: "pending-amend",
    amended: "working",
    "amend-rejected": "working",
    canceled: "closed",
    expired: "closed",
    rejected: "closed",
    "cancel-sent": "pending-cancel",
    "timed-out": "unknown",
  },
  "pending-cancel": {
    accepted: "pending-cancel", // the acknowledgement of the order crossed our cancel
    amended: "pending-cancel",
    "amend-rejected": "pending-cancel",
    canceled: "closed",
    rejected: "closed",
    expired: "closed",
    "cancel-rejected": "working",
    "timed-out": "unknown",
  },
  unknown: {
    accepted: "working",
    amended: "working",
    "amend-rejected": "unknown",
    canceled: "closed",
    rejected: "closed",
    expired: "closed",
    "cancel-sent": "pending-cancel",
  },
  closed: {
    accepted: "closed", //         the acknowledgement lost the race to the report that closed it
    "cancel-rejected": "closed", // too late to cancel: it had filled
    "amend-rejected": "closed",
    canceled: "closed",
    "timed-out": "closed",
  },
};

/**
 * Applies one report. A refused move leaves the order as it was.
 * @throws InvariantError when a fill would exceed the order's worst-case quantity.
 */
export function applyReport(
  order: ChildOrder,
  report: OrderReport,
): Result<ChildOrder, IllegalTransition> {
  if (report.kind === "filled") return ok(applyFill(order, report.fill.quantity));
  return move(order, report.kind, report);
}

export const applyCancelSent = (order: ChildOrder): Result<ChildOrder, IllegalTransition> =>
  move(order, "cancel-sent");

export function applyAmendSent(
  order: ChildOrder,
  limitPrice: Ticks,
  quantity: Lots,
): Result<ChildOrder, IllegalTransition> {
  const moved = move(order, "amend-sent");
  if (moved.ok) order.pendingAmend = { limitPrice, quantity };
  return moved;
}

function move(
  order: ChildOrder,
  by: Move,
  report?: OrderReport,
): Result<ChildOrder, IllegalTransition> {
  const next = TRANSITIONS[order.phase][by];
  if (next === undefined) {
    return err({
      code: "ORDER_ILLEGAL_TRANSITION",
      phase: order.phase,
      report: by as OrderReport["kind"],
    });
  }
  const wasOpen = order.phase !== "closed";
  if (report?.kind === "amended" && isEcho(order, report)) return ok(order);
  order.phase = next;
  if (report === undefined) return ok(order);
  const isThere = report.kind === "accepted" || report.kind === "amended";
  if (isThere && wasOpen) order.wasAccepted = true;
  if (report.kind === "amended" && order.pendingAmend !== undefined) {
    order.limitPrice = report.limitPrice;
    order.quantity = maxLots(report.quantity, order.cumulative);
    order.pendingAmend = undefined;
    if (order.cumulative === order.quantity) close(order, "filled", undefined);
  }
  if (report.kind === "amend-rejected") {
    order.pendingAmend = undefined;
    // It had filled while the amendment was under way: nothing is left to wait for.
    if (wasOpen && order.cumulative >= order.quantity) close(order, "filled", undefined);
  }
  if (next === "closed" && wasOpen) {
    const text = "text" in report ? report.text : undefined;
    close(order, report.kind as CloseReason, text);
    if ("cumulative" in report) order.finalCumulative = report.cumulative;
  }
  return ok(order);
}

/**
 * The echo of an earlier amendment, while another one is under way: it says nothing of that one. An
 * echo while none is under way brings no terms either: they may be older than the order's.
 */
const isEcho = (
  { pendingAmend }: ChildOrder,
  told: Extract<OrderReport, { kind: "amended" }>,
): boolean =>
  pendingAmend !== undefined &&
  (pendingAmend.limitPrice !== told.limitPrice || pendingAmend.quantity !== told.quantity);

function close(order: ChildOrder, reason: CloseReason, text: string | undefined): void {
  order.phase = "closed";
  order.closeReason = reason;
  order.closeText = text;
  order.pendingAmend = undefined;
}

function applyFill(order: ChildOrder, quantity: Lots): ChildOrder {
  const { pendingAmend, finalCumulative } = order;
  const worst = Math.max(order.quantity, pendingAmend?.quantity ?? 0, finalCumulative ?? 0);
  const cumulative = addLots(order.cumulative, quantity);
  invariant(
    cumulative <= worst,
    `overfill of ${order.terms.clientOrderId}: ${cumulative} > ${worst}`,
  );
  order.cumulative = cumulative;
  if (cumulative >= worst) {
    close(order, "filled", undefined);
  } else if (order.phase !== "closed") {
    order.wasAccepted = true;
    if (order.phase === "pending-new") order.phase = "working";
  }
  return order;
}
