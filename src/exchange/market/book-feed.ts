/**
 * Book feed: the order book of one depth as clients follow it: a snapshot, then deltas.
 *
 * A message says what differs from the one before it among the best levels: a level that has left
 * them is deleted, whatever became of it. Depth 1 has snapshots only. What must stay true: whoever
 * applies every message holds the best levels as they were at the last one, and `u` rises by one
 * from message to message.
 */
import type { Book } from "../../core/market/book.ts";
import { type BookSide, NO_TICK } from "../../core/market/book-side.ts";
import type { GridText } from "./grid-text.ts";

/** Not 1: that would tell clients of a restart. */
const FIRST_UPDATE = 1_000;
/** Bybit's word for it. */
const RESTARTED = 1;

/** Where and when the book was as it is shown. */
export interface BookStamp {
  readonly sentMs: number;
  readonly matchedMs: number;
  readonly sequence: number;
}

export class BookFeed {
  readonly depth: number;
  readonly #topic: string;
  readonly #symbol: string;
  readonly #book: Book;
  readonly #text: GridText;
  readonly #bids: Levels;
  readonly #asks: Levels;
  #update = FIRST_UPDATE;
  /** Number of the market's message up to which the book has been looked at. */
  #seen = 0;
  #stamp: BookStamp = { sentMs: 0, matchedMs: 0, sequence: 0 };

  constructor(depth: number, topic: string, symbol: string, book: Book, text: GridText) {
    this.depth = depth;
    this.#topic = topic;
    this.#symbol = symbol;
    this.#book = book;
    this.#text = text;
    this.#bids = new Levels(depth, -1);
    this.#asks = new Levels(depth, 1);
  }

  get update(): number {
    return this.#update;
  }

  /** Nobody had followed it: what comes next is a new beginning. */
  restart(stamp: BookStamp): void {
    this.#update += 1;
    this.#seen = stamp.sequence;
    this.#stamp = stamp;
    this.#bids.differences(this.#book.bids, this.#text);
    this.#asks.differences(this.#book.asks, this.#text);
  }

  /** As after a restart of the service: what is told next is a whole book with number 1. */
  restartService(stamp: BookStamp): void {
    this.restart(stamp);
    this.#update = RESTARTED;
  }

  /** What has changed since the last message; undefined where nothing has. */
  next(stamp: BookStamp): string | undefined {
    if (stamp.sequence === this.#seen) return undefined;
    this.#seen = stamp.sequence;
    const bids = this.#bids.differences(this.#book.bids, this.#text);
    const asks = this.#asks.differences(this.#book.asks, this.#text);
    if (bids === "" && asks === "") return undefined;
    this.#update += 1;
    this.#stamp = stamp;
    return this.depth === 1 ? this.snapshot() : this.#message("delta", bids, asks);
  }

  /** The book as it was at the last message, with that message's number. */
  snapshot(sentMs = this.#stamp.sentMs): string {
    const bids = this.#bids.whole(this.#text);
    const asks = this.#asks.whole(this.#text);
    return this.#message("snapshot", bids, asks, sentMs);
  }

  #message(type: string, bids: string, asks: string, sentMs = this.#stamp.sentMs): string {
    const { matchedMs, sequence } = this.#stamp;
    return (
      `{"topic":"${this.#topic}","type":"${type}","ts":${sentMs},` +
      `"data":{"s":"${this.#symbol}","b":[${bids}],"a":[${asks}],` +
      `"u":${this.#update},"seq":${sequence}},"cts":${matchedMs}}`
    );
  }
}

/** The best levels of a side, as they were last told of. */
class Levels {
  readonly #depth: number;
  /** 1: the best is the lowest. */
  readonly #direction: 1 | -1;
  #ticks: Int32Array;
  #lots: Float64Array;
  #nextTicks: Int32Array;
  #nextLots: Float64Array;
  #count = 0;

  constructor(depth: number, direction: 1 | -1) {
    this.#depth = depth;
    this.#direction = direction;
    this.#ticks = new Int32Array(depth);
    this.#lots = new Float64Array(depth);
    this.#nextTicks = new Int32Array(depth);
    this.#nextLots = new Float64Array(depth);
  }

  whole(text: GridText): string {
    let out = "";
    for (let at = 0; at < this.#count; at++) {
      out += entry(out, text.price(this.#ticks[at]!), text.quantity(this.#lots[at]!));
    }
    return out;
  }

  /** Takes the side as it stands; answers the entries of what differs, best first. */
  differences(side: BookSide, text: GridText): string {
    const [ticks, lots] = [this.#nextTicks, this.#nextLots];
    let count = 0;
    for (let tick = side.best; tick !== NO_TICK && count < this.#depth; tick = side.next(tick)) {
      ticks[count] = tick;
      lots[count] = side.get(tick);
      count += 1;
    }
    const out = this.#compare(ticks, lots, count, text);
    [this.#nextTicks, this.#nextLots] = [this.#ticks, this.#lots];
    [this.#ticks, this.#lots] = [ticks, lots];
    this.#count = count;
    return out;
  }

  #compare(ticks: Int32Array, lots: Float64Array, count: number, text: GridText): string {
    const [oldTicks, oldLots] = [this.#ticks, this.#lots];
    let out = "";
    let old = 0;
    let now = 0;
    while (old < this.#count || now < count) {
      // Below zero: the level told of stands before the one that is there.
      const order =
        old === this.#count
          ? 1
          : now === count
            ? -1
            : (oldTicks[old]! - ticks[now]!) * this.#direction;
      if (order < 0) out += entry(out, text.price(oldTicks[old++]!), "0");
      else {
        const isNew = order > 0;
        if (isNew || oldLots[old] !== lots[now]) {
          out += entry(out, text.price(ticks[now]!), text.quantity(lots[now]!));
        }
        if (!isNew) old += 1;
        now += 1;
      }
    }
    return out;
  }
}

const entry = (before: string, price: string, quantity: string): string =>
  `${before === "" ? "" : ","}["${price}","${quantity}"]`;

/** Levels of one side for an answer: the best `limit` of them. */
export function levelPairs(side: BookSide, limit: number, text: GridText): [string, string][] {
  const pairs: [string, string][] = [];
  for (let tick = side.best; tick !== NO_TICK && pairs.length < limit; tick = side.next(tick)) {
    pairs.push([text.price(tick), text.quantity(side.get(tick))]);
  }
  return pairs;
}
