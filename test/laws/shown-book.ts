/**
 * Shown book: rows folded in maps, and what they showed within one microsecond.
 *
 * Sides are those of an order of ours: whoever buys meets the asks, and rests among the bids.
 */
import type { Side } from "../../src/core/domain/side.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
} from "../../src/core/market/columns.ts";
import { EPOCH_MICROS } from "../../src/testing/market.ts";

type Levels = ReadonlyMap<number, number>;

/** Ticks that are looked at one by one for the next best level, before all levels are. */
const NEAR = 64;

export class ShownBook {
  bid = 0;
  ask = 0;
  readonly #block: MarketBlock;
  readonly #ignored: number;
  #bids = new Map<number, number>();
  #asks = new Map<number, number>();
  /** All that ever came to a level: bids by minus their tick. */
  readonly #supply = new Map<number, number>();
  /** What a snapshot in hand replaces. */
  #replaced: { readonly bids: Levels; readonly asks: Levels } | undefined;
  #prints: { readonly side: Side; readonly price: number; readonly quantity: number }[] = [];
  #row = 0;

  /** @param ignored rows with this flag are not for the eye that looks. */
  constructor(block: MarketBlock, ignored = ENGINE_ONLY) {
    this.#block = block;
    this.#ignored = ignored;
  }

  /**
   * To the end of the microsecond `at`, which rises from call to call.
   * @param look is called before that microsecond, and after each message in it.
   */
  walk(at: number, look: () => void): void {
    const { exchangeTime, kind, length } = this.#block;
    const from = (at - EPOCH_MICROS) * 1_000;
    const isBefore = (until: number): boolean =>
      (kind[this.#row]! & this.#ignored) !== 0 || exchangeTime[this.#row]! < until;
    while (this.#row < length && isBefore(from)) this.take(this.#row++);
    this.#prints = [];
    look();
    while (this.#row < length && isBefore(from + 1_000)) {
      const isLast = (kind[this.#row]! & LAST) !== 0;
      this.take(this.#row++);
      if (isLast) look();
    }
  }

  /** Lots that a taker of `side` meets at `limit` or better. */
  within(side: Side, limit: number): number {
    let sum = 0;
    for (const [price, quantity] of side === "buy" ? this.#asks : this.#bids) {
      if (side === "buy" ? price <= limit : price >= limit) sum += quantity;
    }
    return sum;
  }

  /** Lots that a taker of `side` meets at `price`. */
  level(side: Side, price: number): number {
    return (side === "buy" ? this.#asks : this.#bids).get(price) ?? 0;
  }

  /** The best price of others beside a resting order of `side`; the worst there is if none. */
  beside(side: Side): number {
    if (side === "buy") return this.bid;
    return this.ask === 0 ? Number.POSITIVE_INFINITY : this.ask;
  }

  /** Lots printed in the microsecond that reached an order of `side` at `price`. */
  printed(side: Side, price: number): number {
    let sum = 0;
    for (const print of this.#prints) {
      const reaches = side === "buy" ? print.price <= price : print.price >= price;
      if (print.side === side && reaches) sum += print.quantity;
    }
    return sum;
  }

  /** All lots that ever came to the level that a taker of `side` meets at `price`. */
  supply(side: Side, price: number): number {
    return this.#supply.get(side === "buy" ? price : -price) ?? 0;
  }

  /** One row; rows are taken in order. */
  take(row: number): void {
    const { kind, price, quantity } = this.#block;
    const code = kind[row]!;
    if ((code & this.#ignored) !== 0) return;
    const what = code & KIND_MASK;
    if (what === Kind.BID || what === Kind.ASK) {
      this.#set(what === Kind.BID, price[row]!, quantity[row]!);
    } else if (what === Kind.CLEAR) this.#clear();
    else if (what !== Kind.GAP) {
      const side = what === Kind.TRADE_SELL ? "buy" : "sell";
      this.#prints.push({ side, price: price[row]!, quantity: quantity[row]! });
    }
    if ((code & LAST) !== 0) this.#replaced = undefined;
  }

  #clear(): void {
    this.#replaced = { bids: this.#bids, asks: this.#asks };
    this.#bids = new Map();
    this.#asks = new Map();
    this.bid = 0;
    this.ask = 0;
  }

  #set(isBid: boolean, price: number, quantity: number): void {
    const side = isBid ? this.#bids : this.#asks;
    const replaced = isBid ? this.#replaced?.bids : this.#replaced?.asks;
    const before = side.get(price) ?? replaced?.get(price) ?? 0;
    if (quantity === 0) side.delete(price);
    else side.set(price, quantity);
    const key = isBid ? -price : price;
    if (quantity > before) {
      this.#supply.set(key, (this.#supply.get(key) ?? 0) + quantity - before);
    }
    if (isBid && (price >= this.bid || this.bid === 0)) {
      this.bid = quantity > 0 ? price : bestFrom(side, price, -1);
    } else if (!isBid && (price <= this.ask || this.ask === 0)) {
      this.ask = quantity > 0 ? price : bestFrom(side, price, 1);
    }
  }
}

/** The best level behind `price`; 0 when the side is empty. */
function bestFrom(side: Levels, price: number, away: number): number {
  for (let tick = price; Math.abs(tick - price) < NEAR; tick += away) {
    if (side.has(tick)) return tick;
  }
  let best = 0;
  for (const tick of side.keys()) if (best === 0 || away * (tick - best) < 0) best = tick;
  return best;
}
