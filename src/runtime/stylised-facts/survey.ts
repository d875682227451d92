/**
 * Survey: one pass over a market's rows, by the exchange's clock, onto a tape.
 *
 * What must stay true: a sample at an instant has seen everything up to that instant and nothing
 * after it; while the book is crossed, one-sided, broken off or silent, nothing is sampled.
 */
import { Book } from "../../core/market/book.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
  OFF_BOOK,
  OFF_VOLUME,
} from "../../core/market/columns.ts";
import { OrderTape } from "./order-tape.ts";
import {
  binOf,
  Cell,
  CELL_SECONDS,
  DEPTH_TICKS,
  GRID_PER_SECOND,
  GRID_SECONDS,
  type MarketTape,
  SPREAD_TICKS,
} from "./tape.ts";

const NANOS = 1e9;
const GRID_NANOS = GRID_SECONDS * NANOS;
/** A book that nothing was heard of for so long is not known. */
const SILENCE_NANOS = 60 * NANOS;

class Samples {
  #values = new Int32Array(1 << 14);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  view(): Int32Array {
    return this.#values.subarray(0, this.length);
  }
}

export class MarketSurvey {
  readonly #header: MarketHeader;
  readonly #book = new Book();
  readonly #mids = new Samples();
  readonly #lastPrices = new Samples();
  readonly #cells: Cell[] = [];
  #orders: OrderTape | undefined;
  /** Nanoseconds since the header's epoch: the first sample, the next one, the newest row. */
  #origin = 0;
  #nextSample = 0;
  #now = -1;
  #rows = 0;
  #isGapped = false;
  #isMidMessage = false;
  /** Of the book as the last whole message left it; 0 where it cannot be trusted. */
  #mid = 0;
  #lastPrice = 0;

  constructor(header: MarketHeader) {
    this.#header = header;
  }

  take(block: MarketBlock): void {
    const { exchangeTime, kind, price, quantity, length } = block;
    this.#rows += length;
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      if ((flags & ENGINE_ONLY) !== 0) continue;
      if (!this.#isMidMessage) this.#begin(exchangeTime[row]!);
      this.#row(exchangeTime[row]!, flags, price[row]!, quantity[row]!);
      this.#isMidMessage = (flags & LAST) === 0;
      if (!this.#isMidMessage) this.#mid = this.#midNow();
    }
  }

  finish(): MarketTape {
    this.#orders?.finish(this.#mid);
    return {
      instrument: this.#header.instrument,
      startNanos: this.#header.epochNanos + BigInt(Math.round(this.#origin)),
      mids: this.#mids.view(),
      lastPrices: this.#lastPrices.view(),
      cells: this.#cells,
      runs: this.#orders?.runs ?? [],
      rows: this.#rows,
    };
  }

  #begin(time: number): void {
    if (this.#now < 0) {
      this.#origin = Math.ceil(time / GRID_NANOS) * GRID_NANOS;
      this.#nextSample = this.#origin;
      this.#orders = new OrderTape(this.#origin, (at) => this.#cellAt(at));
    } else if (time > this.#now) {
      this.#pass(time);
    }
    this.#now = time;
  }

  /** Time goes on from the newest row to `time`, and the book stays as it is. */
  #pass(time: number): void {
    const until = Math.min(time, this.#now + SILENCE_NANOS);
    if (this.#mid > 0) this.#noteSpread(until - this.#now);
    while (this.#nextSample < time) {
      const isKnown = this.#mid > 0 && this.#nextSample <= until;
      this.#mids.push(isKnown ? this.#mid : 0);
      this.#lastPrices.push(this.#isGapped ? 0 : this.#lastPrice);
      if (isKnown && (this.#mids.length - 1) % GRID_PER_SECOND === 0) this.#noteDepth();
      this.#nextSample = this.#origin + this.#mids.length * GRID_NANOS;
    }
    if (time - this.#now > SILENCE_NANOS) this.#orders!.breakOff();
    this.#orders!.advance(time, this.#mid);
  }

  #row(time: number, flags: number, price: number, quantity: number): void {
    const what = flags & KIND_MASK;
    if (what <= Kind.ASK) {
      if (!this.#isGapped) this.#book.set(what, price, quantity);
    } else if (what === Kind.CLEAR) {
      this.#book.clear();
      this.#isGapped = false;
    } else if (what === Kind.GAP) {
      this.#isGapped = true;
      this.#lastPrice = 0;
      this.#orders!.breakOff();
    } else if ((flags & OFF_VOLUME) === 0 && !this.#isGapped) {
      const cell = this.#cellAt(time);
      cell.volume += quantity;
      cell.prints += 1;
      if ((flags & OFF_BOOK) !== 0) return;
      this.#lastPrice = price;
      this.#orders!.print(time, what === Kind.TRADE_BUY ? 1 : -1, quantity, this.#mid);
    }
  }

  #midNow(): number {
    const { bestBid, bestAsk } = this.#book;
    if (this.#isGapped || bestBid <= 0 || bestAsk <= bestBid) return 0;
    return bestBid + bestAsk;
  }

  #cellAt(time: number): Cell {
    const index = Math.max(0, Math.floor((time - this.#origin) / (CELL_SECONDS * NANOS)));
    while (this.#cells.length <= index) this.#cells.push(new Cell());
    return this.#cells[index]!;
  }

  #noteSpread(nanos: number): void {
    const cell = this.#cellAt(this.#now);
    const seconds = nanos / NANOS;
    const spread = this.#book.bestAsk - this.#book.bestBid;
    cell.quotedSeconds += seconds;
    cell.spreadTickSeconds += spread * seconds;
    cell.spreadBpsSeconds += ((2e4 * spread) / this.#mid) * seconds;
    cell.spreadSeconds[Math.min(spread, SPREAD_TICKS)]! += seconds;
  }

  /** Lots at each distance from the mid, rounded up to whole ticks, both sides together. */
  #noteDepth(): void {
    const { bids, asks } = this.#book;
    const cell = this.#cellAt(this.#nextSample);
    cell.looks += 1;
    const nearestBid = Math.ceil(this.#mid / 2) - 1;
    const nearestAsk = Math.floor(this.#mid / 2) + 1;
    let levels = 0;
    for (let away = 0; away < DEPTH_TICKS; away++) {
      const bid = nearestBid - away > 0 ? bids.get(nearestBid - away) : 0;
      const ask = asks.get(nearestAsk + away);
      cell.depthLots[away + 1]! += bid + ask;
      levels += Number(bid > 0) + Number(ask > 0);
    }
    cell.levelsSeen += levels;
    for (const lots of [bids.get(bids.best), asks.get(asks.best)]) {
      cell.touchLots += lots;
      cell.touchSquares += lots * lots;
      cell.touchCounts[binOf(lots, cell.touchCounts.length)]! += 1;
    }
  }
}
