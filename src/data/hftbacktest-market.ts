/**
 * hftbacktest market: messages and book of what a file of hftbacktest's says.
 *
 * hftbacktest knows no book that is unknown: it begins empty, and a snapshot clears each side as
 * far as it reaches. Here a book is known from the first snapshot on, and what is older is dropped;
 * where none comes for long, it is taken to begin empty. What must stay true: from then on it has
 * the levels that hftbacktest's own book would have.
 */
import { Kind, KIND_MASK } from "../core/market/columns.ts";
import type { CaptureContext, Track } from "./capture.ts";
import { OpenMessage, type SavedMessage } from "./open-message.ts";

/** Rows that wait for a first snapshot. */
const MOST_WAITING = 1 << 17;

/** A row before it is known whether it can be used. */
interface Waiting {
  /** The number of its message. */
  readonly message: number;
  readonly exchangeTime: number;
  readonly localTime: number;
  readonly kind: number;
  readonly price: number;
  readonly quantity: number;
}

/** As plain values. */
export interface SavedEventMarket {
  readonly message: SavedMessage;
  readonly number: number;
  readonly isKnown: boolean;
  readonly isBook: boolean;
  readonly goesOn: boolean;
  readonly waiting: readonly Waiting[];
  readonly untimed: readonly Waiting[];
  readonly bids: ReadonlySet<number>;
  readonly asks: ReadonlySet<number>;
}

const isBookKind = (kind: number): boolean => (kind & KIND_MASK) <= Kind.ASK;

export class EventMarket {
  readonly #track: Track;
  readonly #context: CaptureContext;
  readonly #message: OpenMessage;
  readonly #bids = new Set<number>();
  readonly #asks = new Set<number>();
  #isKnown: boolean;
  /** Messages that have begun. */
  #number = 0;
  /** Whether the row before is of the book. */
  #isBook = false;
  /** Whether it was said that the message goes on with the next row, whatever that is. */
  #goesOn = false;
  #waiting: Waiting[] = [];
  /** A snapshot without times, which takes those of the first row that has some. */
  #untimed: Waiting[] = [];

  /** `isStated`: the file says all that there is, so nothing is added to it. */
  constructor(track: Track, context: CaptureContext, isStated: boolean) {
    this.#track = track;
    this.#context = context;
    this.#message = new OpenMessage(context.position);
    this.#isKnown = isStated;
  }

  /** A row comes: the message in hand goes on, or ends and another begins. */
  begin(exchangeTime: number, localTime: number, isBook: boolean): void {
    const message = this.#message;
    const hasSameTimes = exchangeTime === message.exchangeTime && localTime === message.localTime;
    const isSameKind = isBook && this.#isBook;
    this.#isBook = isBook;
    const mayGoOn = !message.isFull && this.#waiting.length <= MOST_WAITING;
    if (message.isOpen && mayGoOn && hasSameTimes && (this.#goesOn || isSameKind)) {
      message.goOn();
      return;
    }
    this.end();
    message.begin(isBook ? "book" : "trade", exchangeTime, localTime);
    this.#number += 1;
    if (isBook) {
      this.#track.counts.bookMessages += 1;
      this.#context.file.stream("depth");
    }
    if (this.#untimed.length > 0) this.#startFromUntimed();
  }

  put(kind: number, price: number, quantity: number): void {
    if (this.#isKnown) {
      this.#remember(kind, price, quantity);
      this.#message.row(kind, price, quantity);
      return;
    }
    const { exchangeTime, localTime } = this.#message;
    const message = this.#number;
    this.#waiting.push({ message, exchangeTime, localTime, kind, price, quantity });
  }

  putUntimed(kind: number, price: number, quantity: number): void {
    if (this.#untimed.length > MOST_WAITING) return;
    this.#untimed.push({ message: 0, exchangeTime: 0, localTime: 0, kind, price, quantity });
  }

  /** After each row: whether it was said to be the last of its message, or not to be. */
  after(isSaid: boolean, isLast: boolean): void {
    this.#goesOn = isSaid && !isLast;
    if (isLast) this.end();
  }

  end(): void {
    this.#goesOn = false;
    const message = this.#message;
    if (!message.isOpen) return;
    if (this.#isKnown) message.end(this.#track.sink, this.#number);
    message.isOpen = false;
    if (!this.#isKnown && this.#waiting.length > MOST_WAITING) this.#beginEmpty();
  }

  /** A snapshot; where it is the first, what came before is given up. True where it is. */
  synchronise(): boolean {
    if (this.#isKnown) return false;
    const { counts } = this.#track;
    let before = 0;
    for (const { kind, message } of this.#waiting) {
      if (!isBookKind(kind)) counts.unsynchronised.trades += 1;
      else if (message !== before) counts.unsynchronised.bookMessages += 1;
      before = message;
    }
    this.#waiting = [];
    this.#isKnown = true;
    this.clear();
    return true;
  }

  /** The book is emptied. */
  clear(): void {
    this.#forget();
    this.#track.counts.snapshots.used += 1;
    this.put(Kind.CLEAR, 0, 0);
  }

  /** One side is emptied from its best as far as a price; without one, all of it. */
  remove(side: "bid" | "ask", until: number | undefined): void {
    const isBid = side === "bid";
    const gone = [...(isBid ? this.#bids : this.#asks)].filter(
      (level) => until === undefined || (isBid ? level >= until : level <= until),
    );
    gone.sort((a, b) => (isBid ? b - a : a - b));
    for (const level of gone) this.put(isBid ? Kind.BID : Kind.ASK, level, 0);
  }

  finish(): void {
    this.end();
    if (!this.#isKnown) this.#beginEmpty();
  }

  save(): SavedEventMarket {
    return {
      message: this.#message.save(),
      number: this.#number,
      isKnown: this.#isKnown,
      isBook: this.#isBook,
      goesOn: this.#goesOn,
      waiting: this.#waiting,
      untimed: this.#untimed,
      bids: this.#bids,
      asks: this.#asks,
    };
  }

  restore(saved: SavedEventMarket): void {
    this.#message.restore(saved.message);
    this.#number = saved.number;
    this.#isKnown = saved.isKnown;
    this.#isBook = saved.isBook;
    this.#goesOn = saved.goesOn;
    this.#waiting = [...saved.waiting];
    this.#untimed = [...saved.untimed];
    for (const level of saved.bids) this.#bids.add(level);
    for (const level of saved.asks) this.#asks.add(level);
  }

  /** No snapshot came: as in hftbacktest, the book begins empty and fills. */
  #beginEmpty(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isKnown = true;
    if (!waiting.some(({ kind }) => isBookKind(kind))) return;
    this.#track.counts.notes.push(
      "The file holds no snapshot: the book begins empty and fills with what changes.",
    );
    this.#replay(waiting);
  }

  #startFromUntimed(): void {
    const rows = this.#untimed;
    const { exchangeTime, localTime } = this.#message;
    this.#untimed = [];
    this.#waiting = [];
    this.#isKnown = true;
    this.#track.counts.notes.push("A snapshot has no times: it has those of the row after it.");
    this.#replay(rows, { exchangeTime, localTime });
  }

  /** Rows that waited; the first of the book has it cleared. `times`: of rows that have none. */
  #replay(
    rows: readonly Waiting[],
    times?: { readonly exchangeTime: number; readonly localTime: number },
  ): void {
    const { sink, counts } = this.#track;
    let mustClear = true;
    let last: Waiting | undefined;
    for (const row of rows) {
      const isBook = isBookKind(row.kind);
      if (last?.message !== row.message) {
        if (last !== undefined) sink.end(last.message);
        const { exchangeTime, localTime } = times ?? row;
        sink.begin(isBook ? "book" : "trade", exchangeTime, localTime);
      }
      if (isBook && mustClear) {
        this.#forget();
        sink.row(Kind.CLEAR, 0, 0);
        counts.snapshots.used += 1;
        mustClear = false;
      }
      this.#remember(row.kind, row.price, row.quantity);
      sink.row(row.kind, row.price, row.quantity);
      last = row;
    }
    if (last !== undefined) sink.end(last.message);
  }

  #remember(kind: number, price: number, quantity: number): void {
    if (!isBookKind(kind)) return;
    const levels = (kind & KIND_MASK) === Kind.BID ? this.#bids : this.#asks;
    if (quantity > 0) levels.add(price);
    else levels.delete(price);
  }

  #forget(): void {
    this.#bids.clear();
    this.#asks.clear();
  }
}
