/**
 * Recorded market: everybody else, at this instant of exchange time.
 *
 * All accounts of a venue see the same one, because none of them moves it. What must stay true: it
 * follows from the rows alone.
 */
import { Book } from "../core/market/book.ts";
import { NO_TICK } from "../core/market/book-side.ts";

export class RecordedMarket {
  /** As recorded: without our orders and without our debts. */
  readonly book = new Book();
  /** Nanoseconds of exchange time: the latest row. */
  now = 0;
  /** No command may arrive before this. */
  settledTo = 0;
  /** The stream broke and no `CLEAR` has come yet. */
  isGapped = false;
  /** Twice the recorded mid before what acts now, a message or a command; 0 where unknown … */
  midBefore = 0;
  /** … and ask − bid at that instant, where the mid is known. */
  spreadBefore = 0;

  get hasBook(): boolean {
    return !this.isGapped && (this.book.bestBid !== NO_TICK || this.book.bestAsk !== NO_TICK);
  }

  /** A message or a command begins to act: what it finds is what its fills are measured against. */
  noteQuote(): void {
    const { bestBid, bestAsk } = this.book;
    const isKnown = bestBid !== NO_TICK && bestAsk !== NO_TICK && !this.isGapped;
    this.midBefore = isKnown ? bestBid + bestAsk : 0;
    this.spreadBefore = isKnown ? bestAsk - bestBid : 0;
  }
}
