/**
 * Recorded market: everybody else, at this instant of exchange time.
 *
 * All accounts of a venue see the same one, because none of them moves it. What must stay true: it
 * follows from the rows alone.
 */
import { Book } from "../core/market/book.ts";
import { type BookSide, NO_TICK } from "../core/market/book-side.ts";

export class RecordedMarket {
  /** As recorded: without our orders and without our debts. */
  readonly book = new Book();
  /** Nanoseconds of exchange time: the latest row. */
  now = 0;
  /** No command may arrive before this. */
  settledTo = 0;
  /** The stream broke and no `CLEAR` has come yet. */
  isGapped = false;
  get hasBook(): boolean {
    return !this.isGapped && (this.book.bestBid !== NO_TICK || this.book.bestAsk !== NO_TICK);
  }

  /** Whether there is a mid. */
  get hasQuote(): boolean {
    const { bestBid, bestAsk } = this.book;
    return bestBid !== NO_TICK && bestAsk !== NO_TICK && !this.isGapped;
  }

  /** Every level stands `by` ticks higher from now on. */
  shift(by: number): void {
    for (const side of [this.book.bids, this.book.asks]) shiftSide(side, by);
  }
}

function shiftSide(side: BookSide, by: number): void {
  const levels: [tick: number, quantity: number][] = [];
  for (let tick = side.best; tick !== NO_TICK; tick = side.next(tick)) {
    levels.push([tick, side.get(tick)]);
  }
  side.clear();
  for (const [tick, quantity] of levels) if (isTick(tick + by)) side.set(tick + by, quantity);
}

/** Whether there can be a level: those that are moved past the end of all prices are lost. */
export const isTick = (tick: number): boolean => tick >= 1 && tick <= TICK_MOST;

/** As in the core's book. */
const TICK_MOST = 0x7ffffffe;
