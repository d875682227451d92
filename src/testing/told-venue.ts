/**
 * Told venue: the record of a venue that is known by its reports alone.
 *
 * Any venue behind the simulated loop can be watched so. It is held to what a venue owes: an order
 * is answered once and in order, no execution comes twice, nothing fills beyond its quantity or its
 * price, and nothing fills that has ended.
 */
import type { ClientOrderId, Fill, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import { requireLaw } from "./law-broken.ts";
import {
  type Execution,
  mostOf,
  sentOrder,
  type VenueOrder,
  type VenueRecord,
} from "./venue-record.ts";

/** With the fill as it was told, and the order's own price then. */
export interface ToldExecution extends Execution {
  readonly fill: Fill;
  readonly limit: number;
}

/** The law that a venue breaks, as failures name it. */
const LAW = "venue";

export class ToldVenue implements VenueRecord {
  readonly orders = new Map<ClientOrderId, VenueOrder>();
  readonly executions: ToldExecution[] = [];
  readonly #seen = new Set<string>();

  announce(terms: OrderTerms): VenueOrder {
    requireLaw(LAW, !this.orders.has(terms.clientOrderId), `${terms.clientOrderId} sent twice`);
    const order = sentOrder(terms);
    this.orders.set(terms.clientOrderId, order);
    return order;
  }

  /** The engine is told at `now`. @throws LawBroken when no venue may say that. */
  tell(clientOrderId: ClientOrderId, report: OrderReport, now: number): void {
    const order = this.orders.get(clientOrderId);
    requireLaw(LAW, order !== undefined, `${report.kind} for ${clientOrderId}, which was not sent`);
    const at = `${clientOrderId}: ${report.kind} at ${now}`;
    switch (report.kind) {
      case "accepted":
        requireLaw(LAW, order.state === "sent", `${at} of an order that is ${order.state}`);
        order.state = "open";
        return;
      case "filled":
        return this.#fill(order, report.fill, now);
      case "amended":
      case "amend-rejected":
        return amendAnswered(order, report, at);
      case "rejected":
        requireLaw(LAW, order.state === "sent", `${at} of an order that is ${order.state}`);
        return close(order);
      case "canceled":
      case "expired":
        requireLaw(LAW, order.state !== "closed", `${at} after its end`);
        return close(order);
      default:
    }
  }

  #fill(order: VenueOrder, fill: Fill, now: number): void {
    const { clientOrderId, side } = order.terms;
    const { executionId, price, quantity } = fill;
    const at = `${clientOrderId}: ${quantity} filled at ${price}`;
    requireLaw(LAW, !this.#seen.has(executionId), `${at}, again (${executionId})`);
    requireLaw(LAW, order.state === "open", `${at} while it is ${order.state}`);
    // What is told comes in order: an amendment that has taken effect has been told before.
    const isWithin = quantity > 0 && order.filled + quantity <= order.quantity;
    requireLaw(LAW, isWithin, `${at} after ${order.filled} of ${order.quantity}`);
    const { limit } = order;
    const isInside = side === "buy" ? price <= limit : price >= limit;
    requireLaw(LAW, isInside, `${at}, beyond its limit ${limit}`);
    this.#seen.add(executionId);
    order.filled += quantity;
    if (order.filled === mostOf(order)) close(order);
    const orderId = clientOrderId;
    this.executions.push({ orderId, executionId, price, quantity, toldAt: now, fill, limit });
  }
}

function amendAnswered(
  order: VenueOrder,
  report: Extract<OrderReport, { kind: "amended" | "amend-rejected" }>,
  at: string,
): void {
  const asked = order.amendsSent.shift();
  if (report.kind === "amend-rejected") {
    // It had filled while the amendment was under way.
    if (order.filled >= order.quantity) close(order);
    return;
  }
  requireLaw(LAW, order.state === "open", `${at} while it is ${order.state}`);
  requireLaw(LAW, asked !== undefined, `${at}, unasked`);
  const { limitPrice, quantity } = report;
  const isAsked = asked.limitPrice === limitPrice && asked.quantity === quantity;
  requireLaw(LAW, isAsked, `${at}: ${quantity} at ${limitPrice} is not what was asked`);
  requireLaw(LAW, quantity >= order.filled, `${at}: ${order.filled} had filled of ${quantity}`);
  order.limit = limitPrice;
  order.quantity = quantity;
  if (order.filled === quantity) close(order);
}

function close(order: VenueOrder): void {
  order.state = "closed";
  order.amendsSent.length = 0;
}
