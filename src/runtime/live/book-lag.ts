/**
 * Book lag: a feed that brings the book late is one that does not bring it.
 *
 * A stream that stands and lags (a slow line, a reader that cannot follow) looks healthy: rows come
 * all the time, and tell what was true long ago. So a late book is handed on as a lost one, behind
 * a row of `Kind.GAP`, and the rows that follow keep it up to date unseen. Once they are on time
 * again the book as it then is goes on as a snapshot. What must stay true: the engine sees no
 * healthy book that is late, and all it sees are rows: a replay of them sees the same.
 */
import type { BookSide } from "../../core/market/book-side.ts";
import { NO_TICK } from "../../core/market/book-side.ts";
import {
  ColumnsBuilder,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  sliceOf,
} from "../../core/market/columns.ts";
import type { Observer } from "../../core/market/observer.ts";
import type { VenueNotice } from "../../venues/venue.ts";

export interface BookLagOptions {
  /** Which the rows are handed to. */
  readonly observer: Observer;
  /** From the exchange to here; a book that is later is not trusted. */
  readonly mostNanos: () => number;
  readonly notice: (notice: VenueNotice) => void;
}

/** @param mayAct false where the engine must not look up: what follows takes the book away. */
type Hand = (part: MarketBlock, mayAct: boolean) => void;

/** On time again is what lags by less than this share of the most: no to and fro at the edge. */
const SHARE_ON_TIME = 0.5;
const ROOM = 1 << 10;

export class BookLag {
  readonly #options: BookLagOptions;
  readonly #made = new ColumnsBuilder(ROOM);
  #isLate = false;
  /** While it is late: whether the rows alone make the book, with nothing missing. */
  #isWhole = false;

  constructor(options: BookLagOptions) {
    this.#options = options;
  }

  /** Hands on whole messages in their order, and between them what takes or gives the book. */
  pass(block: MarketBlock, hand: Hand): void {
    if (!this.#isLate && !this.#hasLate(block)) return hand(block, true);
    for (let from = 0, row = 0; row < block.length; row++) {
      if ((block.kind[row]! & LAST) === 0) continue;
      this.#message(sliceOf(block, from, row + 1), hand);
      from = row + 1;
    }
  }

  #hasLate({ exchangeTime, localTime, kind, length }: MarketBlock): boolean {
    const mostNanos = this.#options.mostNanos();
    for (let row = 0; row < length; row++) {
      if (localTime[row]! - exchangeTime[row]! > mostNanos && isBook(kind[row]!)) return true;
    }
    return false;
  }

  #message(part: MarketBlock, hand: Hand): void {
    const kind = part.kind[0]!;
    const what = kind & KIND_MASK;
    if (what === Kind.GAP) this.#isWhole = false;
    if (!isBook(kind)) return hand(part, true);
    const mostNanos = this.#options.mostNanos();
    const lag = part.localTime[0]! - part.exchangeTime[0]!;
    if (!this.#isLate) {
      if (lag <= mostNanos) return hand(part, true);
      this.#lose(lag);
      hand(this.#gap(part), true);
    }
    if (what === Kind.CLEAR) this.#isWhole = true;
    const isOnTime = lag <= mostNanos * SHARE_ON_TIME;
    hand(part, isOnTime);
    if (isOnTime) this.#find(part, hand);
    else if (what === Kind.CLEAR) hand(this.#gap(part), true);
  }

  #lose(lag: number): void {
    this.#isLate = true;
    const { observer } = this.#options;
    const health = observer.health(observer.lastAt, observer.participationWindow);
    this.#isWhole = health !== "no-data" && health !== "gapped";
    const text =
      `the market comes ${(lag / 1e9).toFixed(1)} s late: nothing is traded on it until it is on ` +
      "time again";
    this.#options.notice({ severity: "warning", code: "VENUE_FEED_LATE", text });
  }

  #find(part: MarketBlock, hand: Hand): void {
    this.#isLate = false;
    const isSnapshot = (part.kind[0]! & KIND_MASK) === Kind.CLEAR;
    if (this.#isWhole && !isSnapshot) hand(this.#snapshot(part), true);
    const text = "the market comes on time again";
    this.#options.notice({ severity: "info", code: "VENUE_FEED_LATE", text });
  }

  #gap({ exchangeTime, localTime }: MarketBlock): MarketBlock {
    const made = this.#made;
    made.length = 0;
    made.push(exchangeTime[0]!, localTime[0]!, Kind.GAP, 0, 0);
    made.endMessage();
    return made.view();
  }

  #snapshot({ exchangeTime, localTime }: MarketBlock): MarketBlock {
    const [exchange, local] = [exchangeTime[0]!, localTime[0]!];
    const made = this.#made;
    const { bids, asks } = this.#options.observer.book;
    made.length = 0;
    made.push(exchange, local, Kind.CLEAR, 0, 0);
    const levels = (kind: number, side: BookSide): void => {
      for (let tick = side.best; tick !== NO_TICK; tick = side.next(tick)) {
        made.push(exchange, local, kind, tick, side.get(tick));
      }
    };
    levels(Kind.BID, bids);
    levels(Kind.ASK, asks);
    made.endMessage();
    return made.view();
  }
}

const isBook = (kind: number): boolean => {
  const what = kind & KIND_MASK;
  return what <= Kind.ASK || what === Kind.CLEAR;
};
