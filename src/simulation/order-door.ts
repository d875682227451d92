/**
 * Order door: what the venue checks before it takes an order or an amendment.
 *
 * Pure functions of the terms and of what the venue knows when they arrive. A fault rejects a
 * request and leaves everything as it was; a refusal ends an order before it trades.
 * At most one is told: the first, in a fixed order.
 */
import type { ClientOrderId, OrderTerms } from "../core/domain/child-order.ts";
import { compareDecimal } from "../core/domain/decimal.ts";
import { type Instrument, notional } from "../core/domain/instrument.ts";
import { crosses, type Side } from "../core/domain/side.ts";
import { atTick, type Ticks, ticks } from "../core/domain/units.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import { NOWHERE, type OwnOrder } from "./resting-orders.ts";

/** Why the venue refused a request. Documented one by one in docs/errors.md. */
export type VenueRejectCode =
  | "VENUE_NO_BOOK"
  | "VENUE_DUPLICATE_ID"
  | "VENUE_MIN_QUANTITY"
  | "VENUE_MAX_QUANTITY"
  | "VENUE_PRICE"
  | "VENUE_MIN_NOTIONAL"
  | "VENUE_REDUCE_ONLY"
  | "VENUE_ORDER_NOT_FOUND"
  | "VENUE_AMEND_FILLED";

/** What the door must know of a market, whatever kind it is of. */
export interface DoorMarket {
  /** Whether orders are taken at all. */
  readonly hasBook: boolean;
  /** The levels that an order of `side` takes from, as they are shown; best: `NO_TICK` if none. */
  offeredTo(side: Side): { readonly best: number };
  /** The best level that has something for a taker of `side`; `NO_TICK` if none. */
  touchFor(side: Side): number;
  /** Lots that a taker of `side` could have at `reach` or better, counted up to `wanted`. */
  visibleWithin(side: Side, reach: number, wanted: number): number;
}

export interface Fault {
  readonly code: VenueRejectCode;
  readonly text: string;
}

/** The grid's limits, for new and amended terms alike. */
export function termsFault(
  terms: OrderTerms,
  instrument: Instrument,
  market: DoorMarket,
): Fault | undefined {
  const { side, limitPrice, quantity } = terms;
  const { minLots, maxLimitLots, maxMarketLots, minNotional } = instrument;
  if (!market.hasBook) return fault("VENUE_NO_BOOK", "the recording has no book at this time");
  if (limitPrice !== undefined && (limitPrice <= 0 || limitPrice >= NOWHERE)) {
    return fault("VENUE_PRICE", `not a price: ${limitPrice} ticks`);
  }
  if (quantity < minLots || quantity <= 0) {
    return fault("VENUE_MIN_QUANTITY", `${quantity} lots, the minimum is ${minLots}`);
  }
  const maximum = limitPrice === undefined ? maxMarketLots : maxLimitLots;
  if (quantity > maximum) {
    return fault("VENUE_MAX_QUANTITY", `${quantity} lots, the maximum is ${maximum}`);
  }
  const price = limitPrice ?? market.offeredTo(side).best;
  // What only closes a position is spared the minimum, and so is what finds nobody to trade with.
  if (terms.reduceOnly === true || price === NO_TICK) return undefined;
  if (compareDecimal(notional(instrument, atTick(ticks(price)), quantity), minNotional) < 0) {
    return fault("VENUE_MIN_NOTIONAL", `${quantity} lots at ${price} ticks are worth too little`);
  }
  return undefined;
}

/** A reduce-only order may not ask for more than the position. `open`: lots that it could fill. */
export function reduceOnlyFault(
  terms: OrderTerms,
  open: number,
  position: number,
): Fault | undefined {
  if (terms.reduceOnly !== true || open <= closable(terms.side, position)) return undefined;
  return fault("VENUE_REDUCE_ONLY", `${open} lots against a position of ${position}`);
}

/** Lots by which an order of `side` may reduce a position, which is negative when short. */
export const closable = (side: Side, position: number): number =>
  Math.max(0, side === "sell" ? position : -position);

export const filledFault = (cumulative: number): Fault =>
  fault("VENUE_AMEND_FILLED", `${cumulative} lots have filled already`);

export const duplicateFault = (id: ClientOrderId): Fault =>
  fault("VENUE_DUPLICATE_ID", `${id} has been used`);

export const notFoundFault = (id: ClientOrderId): Fault =>
  fault("VENUE_ORDER_NOT_FOUND", `${id} is not open: unknown, or too late`);

/**
 * Why an order ends before it does anything: a crossing post-only, a fill-or-kill too large.
 * @param reach the worst price it may take at: its own, short of where an own order stands.
 */
export function doorRefusal(
  order: OwnOrder,
  reach: number,
  market: DoorMarket,
): string | undefined {
  const { side, timeInForce } = order.terms;
  if (timeInForce.kind === "good-till-canceled" && timeInForce.postOnly) {
    const touch = market.touchFor(side);
    if (touch !== NO_TICK && crosses(side, order.price as Ticks, touch as Ticks)) {
      return `post-only, and ${order.price} ticks would take from ${touch}`;
    }
    if (reach !== order.price) return "post-only, and would trade with an own order";
  }
  if (timeInForce.kind === "fill-or-kill") {
    const wanted = order.quantity - order.cumulative;
    const available = market.visibleWithin(side, reach, wanted);
    if (available < wanted) return `fill-or-kill: ${available} of ${wanted} lots were there`;
  }
  return undefined;
}

const fault = (code: VenueRejectCode, text: string): Fault => ({ code, text });
