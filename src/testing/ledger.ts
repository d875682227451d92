/**
 * Ledger: what is true of one parent, by the venue's own books and exact arithmetic.
 *
 * The truth is ahead of the engine: fills that it has not been told of count, and so do orders and
 * amendments on their way. What the engine believes must never be worse than this.
 */
import type { ParentOrder } from "../core/domain/parent-order.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { openOf, type VenueOrder, type VenueRecord } from "./venue-record.ts";

const SCALE = 24;

/** Money of a trade in units of 10^-24 quote coin; an inverse contract is worth its face. */
export function moneyOf(instrument: Instrument, price: number, quantity: number): bigint {
  const { tickSize, lotSize, contractSize, kind } = instrument;
  const size = BigInt(quantity) * lotSize.mantissa * contractSize.mantissa;
  const scale = lotSize.scale + contractSize.scale;
  if (kind === "inverse") return size * 10n ** BigInt(SCALE - scale);
  return size * BigInt(price) * tickSize.mantissa * 10n ** BigInt(SCALE - scale - tickSize.scale);
}

export function moneyText(text: string): bigint {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(SCALE, "0"));
}

export const asNumber = (money: bigint): number => Number(money) / 10 ** SCALE;

export class Ledger {
  readonly #instrument: Instrument;
  readonly #venue: VenueRecord;
  readonly orders: VenueOrder[] = [];

  constructor(instrument: Instrument, venue: VenueRecord) {
    this.#instrument = instrument;
    this.#venue = venue;
  }

  get filled(): number {
    return this.orders.reduce((sum, order) => sum + order.filled, 0);
  }

  /** Fills that the engine has been told of: lots, and their money. */
  get told(): { readonly quantity: number; readonly money: bigint } {
    const own = new Set(this.orders.map((order) => order.terms.clientOrderId));
    let quantity = 0;
    let money = 0n;
    for (const execution of this.#venue.executions) {
      if (execution.toldAt === undefined || !own.has(execution.orderId)) continue;
      quantity += execution.quantity;
      money += moneyOf(this.#instrument, execution.price, execution.quantity);
    }
    return { quantity, money };
  }

  /** Worst case of everything that may still fill, lots. */
  get open(): number {
    return this.orders.reduce((sum, order) => sum + openOf(order), 0);
  }

  /** Money of all fills; a sell's improvement that the engine cannot know of yet is left out. */
  get spent(): bigint {
    const own = new Map(this.orders.map((order) => [order.terms.clientOrderId, order]));
    let spent = 0n;
    for (const { orderId, price, quantity, toldAt } of this.#venue.executions) {
      const order = own.get(orderId);
      if (order === undefined) continue;
      const isUnknownGain = toldAt === undefined && order.terms.side === "sell";
      spent += moneyOf(this.#instrument, isUnknownGain ? price - 1 : price, quantity);
    }
    return spent;
  }

  /** Money of everything that may still fill, each order under the dearest terms asked for. */
  get openMoney(): bigint {
    let money = 0n;
    for (const order of this.orders) {
      if (order.state === "closed") continue;
      const { limit, quantity, filled, amendsSent } = order;
      const of = (price: number, count: number): bigint =>
        moneyOf(this.#instrument, price, Math.max(0, count));
      let most = of(limit, quantity - filled);
      for (const asked of amendsSent) {
        // All of it under the new terms, or all that there is under the old, and the rest then.
        const renewed = of(asked.limitPrice, asked.quantity - filled);
        const kept = of(limit, quantity - filled) + of(asked.limitPrice, asked.quantity - quantity);
        for (const amount of [renewed, kept]) if (amount > most) most = amount;
      }
      money += most;
    }
    return money;
  }

  /** Filled and open as a share of what the parent asks for. */
  committedShare(order: ParentOrder): number {
    const { quantity } = order;
    if (quantity.kind === "lots") return (this.filled + this.open) / quantity.lots;
    return asNumber(this.spent + this.openMoney) / Number(quantity.quote);
  }
}
