/**
 * Bars: the trades of a recording by equal spans of exchange time, and the touch at their ends.
 *
 * Spans are those of the clock (a bar of an hour begins on the hour, UTC). What must stay true:
 * prices and volumes are exact counts; a bar without a trade has no price; what is known of the
 * book while its stream is broken is nothing.
 */
import { Book } from "../core/market/book.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
  OFF_VOLUME,
} from "../core/market/columns.ts";

export interface Bar {
  /** Begin, nanoseconds since 1970. */
  readonly start: bigint;
  /** Ticks; null where nobody traded. */
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly close: number | null;
  /** Lots. */
  readonly volume: bigint;
  /** Lots whose aggressor bought. */
  readonly buyVolume: bigint;
  readonly trades: number;
  /** Ticks, an estimate; null where nobody traded. Inverse contracts are averaged harmonically. */
  readonly vwapTicks: number | null;
  /** Of the book at the end, in half ticks and ticks; null where it is not known or one-sided. */
  readonly midHalfTicks: number | null;
  readonly spreadTicks: number | null;
  /** How often the stream of the book broke. */
  readonly gaps: number;
}

/** A bar of more than this is a mistake in the span. */
export const MOST_BARS = 1_000_000;

/**
 * Makes bars from that of the first row to that of the last, the empty ones among them.
 *
 * Block trades (off volume) are in none, as they are in no volume that we count.
 */
export class BarMaker {
  readonly #bar: BarBuilder;
  readonly #everyNanos: bigint;
  readonly #every: number;
  /** Time zero of the columns lies this far in a bar. */
  readonly #offset: number;
  /** Begin of that bar. */
  readonly #first: bigint;
  #index: number | undefined;
  /** Of the bar in hand, in the columns' time. */
  #ends = 0;

  /** @param everyNanos length of a bar; whole microseconds */
  constructor({ epochNanos, instrument }: MarketHeader, everyNanos: bigint) {
    this.#bar = new BarBuilder(instrument.kind === "inverse");
    this.#everyNanos = everyNanos;
    this.#every = Number(everyNanos);
    this.#offset = Number(epochNanos % everyNanos);
    this.#first = epochNanos - (epochNanos % everyNanos);
  }

  /** Takes the next rows; tells the bars that they end. */
  *take(block: MarketBlock): Generator<Bar, void> {
    const { kind, exchangeTime, length } = block;
    for (let row = 0; row < length; row++) {
      if ((kind[row]! & ENGINE_ONLY) !== 0) continue;
      const time = exchangeTime[row]!;
      if (this.#index === undefined || time >= this.#ends) {
        const now = Math.floor((time + this.#offset) / this.#every);
        while (this.#index !== undefined && this.#index < now) yield this.#end(this.#index++);
        this.#index = now;
        this.#ends = (now + 1) * this.#every - this.#offset;
      }
      this.#bar.take(block, row);
    }
  }

  /** The last one, as far as it goes; nothing where there was no row. */
  *finish(): Generator<Bar, void> {
    if (this.#index !== undefined) yield this.#end(this.#index);
  }

  #end(index: number): Bar {
    return this.#bar.end(this.#first + BigInt(index) * this.#everyNanos);
  }
}

class BarBuilder {
  readonly #isInverse: boolean;
  readonly #book = new Book();
  /** Whether the book was whole after its last message, and how it stood then. */
  #isKnown = false;
  #midHalfTicks: number | null = null;
  #spreadTicks: number | null = null;
  #open: number | null = null;
  #high = 0;
  #low = 0;
  #close = 0;
  #volume = 0n;
  #buyVolume = 0n;
  #trades = 0;
  /** Lots, and lots × ticks (inverse: lots ÷ ticks): for the mean price. */
  #weight = 0;
  #weighted = 0;
  #gaps = 0;
  #hasChanged = true;

  constructor(isInverse: boolean) {
    this.#isInverse = isInverse;
  }

  take({ kind, price, quantity }: MarketBlock, row: number): void {
    const flags = kind[row]!;
    const what = flags & KIND_MASK;
    if (what <= Kind.ASK || what === Kind.CLEAR) {
      this.#book.set(flags, price[row]!, quantity[row]!);
      if (what === Kind.CLEAR) this.#isKnown = true;
      this.#hasChanged = true;
    } else if (what === Kind.GAP) {
      this.#gaps += 1;
      this.#isKnown = false;
      this.#hasChanged = true;
    } else if ((flags & OFF_VOLUME) === 0) {
      this.#trade(price[row]!, quantity[row]!, what === Kind.TRADE_BUY);
    }
    // In the middle of a message the book is nobody's.
    if ((flags & LAST) !== 0 && this.#hasChanged) this.#look();
  }

  /** The bar so far; the next one begins with the same book. */
  end(start: bigint): Bar {
    const hasTrades = this.#open !== null;
    const mean = this.#isInverse ? this.#weight / this.#weighted : this.#weighted / this.#weight;
    const bar: Bar = {
      start,
      open: this.#open,
      high: hasTrades ? this.#high : null,
      low: hasTrades ? this.#low : null,
      close: hasTrades ? this.#close : null,
      volume: this.#volume,
      buyVolume: this.#buyVolume,
      trades: this.#trades,
      vwapTicks: this.#weight > 0 ? mean : null,
      midHalfTicks: this.#midHalfTicks,
      spreadTicks: this.#spreadTicks,
      gaps: this.#gaps,
    };
    this.#open = null;
    this.#volume = this.#buyVolume = 0n;
    this.#trades = this.#gaps = this.#weight = this.#weighted = 0;
    return bar;
  }

  #trade(ticks: number, lots: number, isBuy: boolean): void {
    if (this.#open === null) this.#open = this.#high = this.#low = ticks;
    else if (ticks > this.#high) this.#high = ticks;
    else if (ticks < this.#low) this.#low = ticks;
    this.#close = ticks;
    this.#trades += 1;
    this.#volume += BigInt(lots);
    if (isBuy) this.#buyVolume += BigInt(lots);
    if (ticks <= 0) return;
    this.#weight += lots;
    this.#weighted += this.#isInverse ? lots / ticks : lots * ticks;
  }

  #look(): void {
    this.#hasChanged = false;
    const { bestBid, bestAsk } = this.#book;
    const isWhole = this.#isKnown && bestBid !== NO_TICK && bestAsk !== NO_TICK;
    this.#midHalfTicks = isWhole ? bestBid + bestAsk : null;
    this.#spreadTicks = isWhole ? bestAsk - bestBid : null;
  }
}
