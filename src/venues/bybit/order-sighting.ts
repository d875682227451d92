/**
 * Order sighting: what can be heard of an order, and what follows from it.
 *
 * The words between the tracker, which knows no network, and whoever reads the venue's messages.
 * What must stay true: nothing in here is a guess: an answer that did not come is `unanswered`.
 */
import type {
  ChildOrder,
  ClientOrderId,
  Fill,
  OrderReport,
} from "../../core/domain/child-order.ts";
import type { AmendTerms } from "../../core/domain/messages.ts";
import type { Lots, Ticks } from "../../core/domain/units.ts";

/** All times of the tracker: milliseconds since 1970 by the venue's clock. */
export type VenueMillis = number;

/** What the venue says of an order: by its stream, or asked. */
export interface OrderSighting {
  readonly clientOrderId: ClientOrderId;
  readonly orderId: string;
  readonly standing: "open" | "filled" | "canceled" | "rejected";
  /** Undefined of a market order. */
  readonly limitPrice: Ticks | undefined;
  readonly quantity: Lots;
  readonly cumulative: Lots;
  readonly updatedAt: VenueMillis;
  /** Why it ended, as a code and in words. */
  readonly code: string;
  readonly text: string;
}

/** An execution that is a trade of this order. */
export interface ExecutionSighting {
  readonly clientOrderId: ClientOrderId;
  readonly fill: Fill;
}

export type RequestKind = "place" | "amend" | "cancel";

/** What became of a request. */
export type RequestAnswer =
  /** Received, not done. */
  | { readonly kind: "acknowledged" }
  /** The venue said no; `isTooLate`: because the order is not open, or not there. */
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly text: string;
      readonly isTooLate: boolean;
    }
  /** It never left: nobody but us has said no. */
  | { readonly kind: "not-sent"; readonly code: string; readonly text: string }
  /** It may have arrived. */
  | { readonly kind: "unanswered" };

/** How long to wait before asking, and how often to look before believing. */
export interface TrackerPatience {
  /** The venue takes a request until so long after its timestamp. */
  readonly receiveWindowMs: number;
  /** What is added to it, for clocks and for requests that the venue is still working on. */
  readonly slackMs: number;
  /** An acknowledged request shows on the order stream by then, or is asked about. */
  readonly confirmMs: number;
  /** Executions follow their order by then, or are asked about. */
  readonly executionsMs: number;
  readonly firstLookMs: number;
  readonly mostLookMs: number;
  /** Looks that must agree that a request came to nothing. */
  readonly looks: number;
  /** Looks in vain for an order that the venue had acknowledged, before its fate is unknown. */
  readonly acknowledgedLooks: number;
  /** Looks in vain for executions that the venue counts, before a person should look. */
  readonly executionLooks: number;
  /**
   * How much later than a run before has noted may an order have been sent: it may have waited for
   * its turn, and the clocks may have been apart.
   */
  readonly adoptedMarginMs: number;
  /**
   * An order that a run before was told of by the venue, and that is not to be found, is looked for
   * so long before it counts as lost.
   */
  readonly lostMs: number;
}

export const DEFAULT_PATIENCE: TrackerPatience = {
  receiveWindowMs: 5000,
  slackMs: 1000,
  confirmMs: 1000,
  executionsMs: 1000,
  firstLookMs: 200,
  mostLookMs: 10_000,
  looks: 2,
  acknowledgedLooks: 4,
  executionLooks: 6,
  adoptedMarginMs: 4000,
  lostMs: 30_000,
};

/** What is told, and what has to be done about the order beyond telling. */
export type OrderOutput =
  | { readonly kind: "report"; readonly clientOrderId: ClientOrderId; readonly report: OrderReport }
  | {
      readonly kind: "notice";
      readonly severity: "info" | "warning" | "critical";
      readonly code: string;
      readonly text: string;
    }
  /** It is open although it was told to have ended: withdraw it. */
  | { readonly kind: "stray"; readonly clientOrderId: ClientOrderId };

/** By what can only rise: an end, the executed quantity, the time. */
export function isOlder(sighting: OrderSighting, seen: OrderSighting): boolean {
  const isEnd = sighting.standing !== "open";
  const wasEnd = seen.standing !== "open";
  if (isEnd !== wasEnd) return wasEnd;
  if (sighting.cumulative !== seen.cumulative) return sighting.cumulative < seen.cumulative;
  return sighting.updatedAt < seen.updatedAt;
}

/**
 * Whether an order shows an amendment as done. The venue may have made it smaller since, as it does
 * with reduce-only orders: then its new price tells, or that it is larger than it was.
 */
export function isDone(
  asked: AmendTerms,
  before: Pick<ChildOrder, "limitPrice" | "quantity">,
  sighting: OrderSighting,
): boolean {
  if (sighting.limitPrice !== asked.limitPrice) return false;
  if (asked.limitPrice !== before.limitPrice) return sighting.quantity <= asked.quantity;
  if (sighting.quantity === asked.quantity) return true;
  return sighting.quantity > before.quantity && sighting.quantity < asked.quantity;
}
