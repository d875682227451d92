/**
 * Venue record: what an oracle has to know of the orders at a venue, whatever venue it is.
 *
 * The adversarial venue keeps it as the truth. Of any other venue only its reports are known: then
 * the record runs behind the truth, and the worst case is larger than it is.
 */
import type { ClientOrderId, OrderTerms } from "../core/domain/child-order.ts";
import type { AmendTerms } from "../core/domain/messages.ts";

export interface VenueRecord {
  readonly orders: ReadonlyMap<ClientOrderId, VenueOrder>;
  readonly executions: readonly Execution[];
  /** An order on its way: from now on it may fill. */
  announce(terms: OrderTerms): VenueOrder;
}

export interface VenueOrder {
  readonly terms: OrderTerms;
  readonly isImmediate: boolean;
  quantity: number;
  limit: number;
  filled: number;
  /** `sent`: on its way to the venue. */
  state: "sent" | "open" | "closed";
  /** Amendments on their way: each may still take effect. */
  readonly amendsSent: AmendTerms[];
  /** Cancels that came after its end. */
  lateCancels: number;
}

export interface Execution {
  readonly orderId: ClientOrderId;
  readonly executionId: string;
  readonly price: number;
  readonly quantity: number;
  /** When the engine was told; undefined while it does not know. */
  toldAt: number | undefined;
}

export const sentOrder = (terms: OrderTerms): VenueOrder => ({
  terms,
  isImmediate: terms.timeInForce.kind === "immediate-or-cancel",
  quantity: terms.quantity,
  limit: terms.limitPrice!,
  filled: 0,
  state: "sent",
  amendsSent: [],
  lateCancels: 0,
});

/** Lots that may still fill, at worst. */
export function openOf(order: VenueOrder): number {
  if (order.state === "closed") return 0;
  return mostOf(order) - order.filled;
}

/** All that the order may fill in the end: amendments on their way may still take effect. */
export const mostOf = ({ quantity, amendsSent }: VenueOrder): number =>
  Math.max(quantity, ...amendsSent.map((amend) => amend.quantity));
