/**
 * Floor view: what a market with a matching engine is to one account in it.
 *
 * The book holds the account's own lots; a mid, a touch and what is there to take are the others'.
 * What must stay true: none of these changes because the account rests an order.
 */
import type { Side } from "../core/domain/side.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import { type MatchingEngine, NO_ORDER, type OrderSlot } from "./order-book/matching-engine.ts";
import type { DoorMarket } from "./order-door.ts";
import type { QuoteBefore } from "./own-orders.ts";
import type { OwnOrder } from "./resting-orders.ts";

/** Where an account trades: a market with a matching engine and a clock. */
export interface TradingFloor {
  /** Nanoseconds of exchange time: the latest message. */
  readonly now: number;
  readonly matching: MatchingEngine;
}

/** An open order of the account, and where it stands in the book: `NO_ORDER` if it does not. */
export interface StandingOrder {
  readonly order: OwnOrder;
  slot: OrderSlot;
}

export class FloorView implements DoorMarket, QuoteBefore {
  /** An empty book is a book: whoever comes first makes it. */
  readonly hasBook = true;
  midBefore = 0;
  spreadBefore = 0;
  displacement: number | undefined;
  /** Nobody knows before time has shown it. */
  readonly permanentDisplacement = undefined;
  readonly #floor: TradingFloor;
  readonly #owner: number;
  readonly #buys: readonly StandingOrder[];
  readonly #sells: readonly StandingOrder[];
  readonly #midWithout: (() => number) | undefined;

  /**
   * @param buys the account's open orders, as they come and go.
   * @param midWithout twice the mid at this instant of the market without them, if anyone knows.
   */
  constructor(
    floor: TradingFloor,
    owner: number,
    buys: readonly StandingOrder[],
    sells: readonly StandingOrder[],
    midWithout?: () => number,
  ) {
    this.#floor = floor;
    this.#owner = owner;
    this.#buys = buys;
    this.#sells = sells;
    this.#midWithout = midWithout;
  }

  get now(): number {
    return this.#floor.now;
  }

  /** A message or a command begins to act: what it finds is what its fills are measured against. */
  noteQuote(): void {
    const bid = this.#bestOf(true);
    const ask = this.#bestOf(false);
    const isKnown = bid !== NO_TICK && ask !== NO_TICK;
    this.midBefore = isKnown ? bid + ask : 0;
    this.spreadBefore = isKnown ? ask - bid : 0;
    this.displacement =
      isKnown && this.#midWithout !== undefined ? this.midBefore - this.#midWithout() : undefined;
  }

  offeredTo(side: Side): { readonly best: number } {
    return { best: this.touchFor(side) };
  }

  touchFor(side: Side): number {
    return this.#bestOf(side === "sell");
  }

  visibleWithin(side: Side, reach: number, wanted: number): number {
    return this.#floor.matching.available(this.#owner, side === "buy", reach, wanted);
  }

  /** The best price at which somebody else stands. */
  #bestOf(isBid: boolean): number {
    const { matching } = this.#floor;
    let price = isBid ? matching.bestBid : matching.bestAsk;
    while (price !== NO_TICK && matching.quantityAt(isBid, price) === this.#ownAt(isBid, price)) {
      price = matching.nextLevel(isBid, price);
    }
    return price;
  }

  #ownAt(isBid: boolean, price: number): number {
    const standing = isBid ? this.#buys : this.#sells;
    let lots = 0;
    for (const { order, slot } of standing) {
      if (order.price === price && slot !== NO_ORDER) lots += this.#floor.matching.leavesOf(slot);
    }
    return lots;
  }
}
