/**
 * Resting orders: our own orders on one side of a simulated venue, in price-time priority.
 *
 * Each carries its place in the queue of its level. They stand beside the recorded book, never in
 * it: the recording does not know them, and they fill only by the rules of the venue. The figures
 * that market rows touch are in typed arrays, one place per order, the first in line at 0.
 */
import type { OrderTerms } from "../core/domain/child-order.ts";
import type { Side } from "../core/domain/side.ts";
import {
  canceledAhead,
  FRACTION_STEPS,
  frontAfterTrade,
  frontWithinLevel,
  type QueueModelName,
  toFractionSteps,
} from "./queue.ts";
import { TickFilter } from "./tick-filter.ts";

/** One of our orders as the venue keeps it, resting or not. Mutable: owned by the venue. */
export interface OwnOrder {
  readonly terms: OrderTerms;
  price: number;
  quantity: number;
  cumulative: number;
  /** Executions so far: numbers their ids. */
  executions: number;
  open: boolean;
}

/** Beyond every price. */
export const NOWHERE = 0x7fffffff;

export class RestingOrders {
  count = 0;
  /** No order of ours stands outside [low, high]. */
  low = NOWHERE;
  high = 0;
  readonly #isBuy: boolean;
  readonly #isProbabilistic: boolean;
  #orders: OwnOrder[] = [];
  #prices = new Int32Array(16);
  /** Lots of others that must go before the order is reached. */
  #fronts = new Float64Array(16);
  /** The visible level as the order last knew it, less what has traded since. */
  #levels = new Float64Array(16);
  /** A fraction of a lot that is owed to the front: see `canceledAhead`. */
  #carries = new Float64Array(16);

  readonly #filter: TickFilter;

  /** @param filter is kept told of every tick with an order. */
  constructor(side: Side, model: QueueModelName, filter: TickFilter = new TickFilter()) {
    this.#filter = filter;
    this.#isBuy = side === "buy";
    this.#isProbabilistic = model === "probabilistic";
  }

  /** The price that a taker reaches first; only where `count` > 0. */
  get best(): number {
    return this.#prices[0]!;
  }

  order(at: number): OwnOrder {
    return this.#orders[at]!;
  }

  front(at: number): number {
    return this.#fronts[at]!;
  }

  indexOf(order: OwnOrder): number {
    return this.#orders.indexOf(order);
  }

  /** Whether a taker at `price` of the other side reaches our order at `at`. */
  reaches(price: number, at: number): boolean {
    const ours = this.#prices[at]!;
    return this.#isBuy ? price <= ours : price >= ours;
  }

  /**
   * Puts an order at the end of its price.
   * @param level visible lots of others at that price: all of them stand ahead.
   * @param luck where the rounding to whole lots begins, [0, 1).
   */
  insert(order: OwnOrder, level: number, luck: number): void {
    if (this.count === this.#prices.length) this.#grow();
    const at = this.#placeFor(order.price);
    for (const column of [this.#prices, this.#fronts, this.#levels, this.#carries]) {
      column.copyWithin(at + 1, at, this.count);
    }
    this.#orders.splice(at, 0, order);
    this.#prices[at] = order.price;
    this.#fronts[at] = level;
    this.#levels[at] = level;
    this.#carries[at] = Math.floor(luck * FRACTION_STEPS) / FRACTION_STEPS;
    this.count++;
    this.#filter.add(order.price);
    this.#bound();
  }

  removeAt(at: number): void {
    this.#filter.remove(this.#prices[at]!);
    for (const column of [this.#prices, this.#fronts, this.#levels, this.#carries]) {
      column.copyWithin(at, at + 1, this.count);
    }
    this.#orders.splice(at, 1);
    this.count--;
    this.#bound();
  }

  /** The level at `price` now shows `visible` lots of others. */
  levelMoved(price: number, visible: number): void {
    if (price < this.low || price > this.high) return;
    for (let at = 0; at < this.count; at++) {
      if (this.#prices[at] === price) this.#advance(at, visible);
    }
  }

  /** Every level may have moved: a snapshot has replaced the book. */
  allMoved(visible: (price: number) => number): void {
    for (let at = 0; at < this.count; at++) this.#advance(at, visible(this.#prices[at]!));
  }

  /**
   * A trade of `available` lots reached the price of order `at`, which wants `wanted`.
   * @returns lots for the order: what is left once the queue ahead has been served.
   */
  serve(at: number, available: number, wanted: number): number {
    const front = this.#fronts[at]!;
    const left = available > front ? available - front : 0;
    this.#fronts[at] = frontAfterTrade(front, available);
    return left < wanted ? left : wanted;
  }

  /** A trade of `traded` lots was printed at the price of order `at`. */
  noteTraded(at: number, traded: number): void {
    this.#levels[at] = frontAfterTrade(this.#levels[at]!, traded);
  }

  /** A trade went through the price of order `at`: nobody can be left ahead of it. */
  frontGone(at: number): void {
    this.#fronts[at] = 0;
  }

  #advance(at: number, visible: number): void {
    let front = this.#fronts[at]!;
    // What trades have explained is off `#levels` already: the rest of a decrease was canceled.
    const canceled = this.#levels[at]! - visible;
    if (this.#isProbabilistic && canceled > 0 && front > 0) {
      const behind = Math.max(0, this.#levels[at]! - front);
      const expected = toFractionSteps(canceledAhead(front, behind, canceled));
      const ahead = expected + this.#carries[at]!;
      const whole = Math.floor(ahead);
      this.#carries[at] = ahead - whole;
      front = frontAfterTrade(front, whole);
    }
    this.#fronts[at] = frontWithinLevel(front, visible);
    this.#levels[at] = visible;
  }

  /** Behind every order at this price or a better one. */
  #placeFor(price: number): number {
    let at = this.count;
    while (at > 0 && this.#isWorse(this.#prices[at - 1]!, price)) at--;
    return at;
  }

  #isWorse(a: number, b: number): boolean {
    return this.#isBuy ? a < b : a > b;
  }

  #bound(): void {
    const first = this.#prices[0]!;
    const last = this.#prices[this.count - 1]!;
    this.low = this.count === 0 ? NOWHERE : Math.min(first, last);
    this.high = this.count === 0 ? 0 : Math.max(first, last);
  }

  #grow(): void {
    const capacity = this.#prices.length * 2;
    const prices = new Int32Array(capacity);
    prices.set(this.#prices);
    this.#prices = prices;
    this.#fronts = grown(this.#fronts, capacity);
    this.#levels = grown(this.#levels, capacity);
    this.#carries = grown(this.#carries, capacity);
  }
}

function grown(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}
