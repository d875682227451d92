/**
 * Book: the level-2 order book, fast enough that a recorded day is minutes of work.
 *
 * Two sides of one class; levels are set by rows of market columns, in batches. It knows nothing of
 * trades, gaps or trust: those are the observer's and the venue's.
 */
import type { Side } from "../domain/side.ts";
import { BookSide, NO_TICK } from "./book-side.ts";
import { Kind, KIND_MASK, type MarketColumns } from "./columns.ts";

/** What taking from one side would do. */
export interface TakeCost {
  /** Lots that can be had, at most the lots asked for. */
  readonly quantity: number;
  /** Ticks × lots of that quantity, a double. */
  readonly notional: number;
  /** The worst tick reached, `NO_TICK` when nothing can be had. */
  readonly worst: number;
}

export class Book {
  readonly bids: BookSide;
  readonly asks: BookSide;
  /** Indexed by `Kind.BID` and `Kind.ASK`: a load where a branch would be mispredicted. */
  readonly #sides: readonly BookSide[];

  /** @param logWindow see `BookSide`: 14 is 2 × 130 kB. */
  constructor(logWindow = 14) {
    this.bids = new BookSide(-1, logWindow);
    this.asks = new BookSide(1, logWindow);
    this.#sides = [this.bids, this.asks];
  }

  /** Tick, `NO_TICK` when there are no bids. */
  get bestBid(): number {
    return this.bids.best;
  }

  /** Tick, `NO_TICK` when there are no asks. */
  get bestAsk(): number {
    return this.asks.best;
  }

  /**
   * Applies rows [from, to): levels and `CLEAR`; every other kind is passed over, `GAP` too (the
   * book keeps what was last known; whether to trust it is the observer's question).
   *
   * @param except flags of rows to pass over: `ENGINE_ONLY` for the venue's book, `VENUE_ONLY` for
   *   the engine's.
   */
  apply(columns: MarketColumns, from: number, to: number, except = 0): void {
    const { kind } = columns;
    const sides = this.#sides;
    const mask = KIND_MASK | except;
    for (let row = from; row < to;) {
      const what = kind[row]! & mask;
      if (what <= Kind.ASK) {
        row = sides[what]!.setRun(columns, row, to, mask, what);
        continue;
      }
      if (what === Kind.CLEAR) this.clear();
      row += 1;
    }
  }

  /** Applies one row, as `apply` does. */
  set(kind: number, price: number, quantity: number): void {
    const what = kind & KIND_MASK;
    if (what <= Kind.ASK) this.#sides[what]!.set(price, quantity);
    else if (what === Kind.CLEAR) this.clear();
  }

  clear(): void {
    this.bids.clear();
    this.asks.clear();
  }

  /** What an order of `side` for `quantity` lots would take, and pay, right now. */
  takeCost(side: Side, quantity: number): TakeCost {
    const levels = side === "buy" ? this.asks : this.bids;
    let left = quantity;
    let notional = 0;
    let worst = NO_TICK;
    for (let tick = levels.best; left > 0 && tick !== NO_TICK; tick = levels.next(tick)) {
      const take = Math.min(left, levels.get(tick));
      notional += take * tick;
      left -= take;
      worst = tick;
    }
    return { quantity: quantity - left, notional, worst };
  }

  /** Lots resting on the best `levels` levels of the bids ("buy") or of the asks ("sell"). */
  depth(side: Side, levels: number): number {
    const resting = side === "buy" ? this.bids : this.asks;
    let sum = 0;
    let tick = resting.best;
    for (let seen = 0; seen < levels && tick !== NO_TICK; seen++) {
      sum += resting.get(tick);
      tick = resting.next(tick);
    }
    return sum;
  }
}

/** Index of the lowest set bit. */
