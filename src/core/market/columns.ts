/**
 * Columns: market data in flight, one row per fact, as a structure of arrays.
 *
 * A reader, a generator or a live adapter writes rows; the book, the observer and the simulated
 * venue read them in batches. No object is made per row. Rows stand in the order in which they were
 * received, and both time columns never fall (over the rows that their own side looks at: see
 * `ENGINE_ONLY` and `VENUE_ONLY`).
 *
 * | column       | unit                                                    |
 * |--------------|---------------------------------------------------------|
 * | exchangeTime | nanoseconds since the header's epoch, at the exchange   |
 * | localTime    | nanoseconds since the header's epoch, here, >= exchange |
 * | kind         | a `Kind` in the low three bits, flags above             |
 * | price        | ticks (0 where the kind has none)                       |
 * | quantity     | lots: the level's new size, or the trade's size         |
 */
import type { Instrument } from "../domain/instrument.ts";
import type { DisplacementModel } from "../tca/execution.ts";

export const Kind = {
  /** A bid level now shows `quantity`; 0 deletes it. */
  BID: 0,
  /** An ask level now shows `quantity`; 0 deletes it. */
  ASK: 1,
  /** A trade whose aggressor bought. */
  TRADE_BUY: 2,
  /** A trade whose aggressor sold. */
  TRADE_SELL: 3,
  /** The book is emptied: the levels of a snapshot follow in the same message. */
  CLEAR: 4,
  /** The stream broke: nothing about the book is known until the next `CLEAR`. */
  GAP: 5,
} as const;

export const KIND_MASK = 7;
/** The last row of a message: the book may be looked at only after such a row. */
export const LAST = 8;
/** A row for the engine alone: the venue sees the same fact at another place of its own order. */
export const ENGINE_ONLY = 16;
/** A row for the venue alone. */
export const VENUE_ONLY = 32;
/** A trade that takes nothing from the visible queue (RPI, block, hidden). */
export const OFF_BOOK = 64;
/** A trade that is not interval volume either (block trades). */
export const OFF_VOLUME = 128;

export interface MarketColumns {
  readonly exchangeTime: Float64Array;
  readonly localTime: Float64Array;
  readonly kind: Uint8Array;
  readonly price: Int32Array;
  readonly quantity: Float64Array;
}

/** A run of rows that starts on a message boundary and ends with a `LAST` row. */
export interface MarketBlock extends MarketColumns {
  /** Rows in use; the arrays may be longer. */
  readonly length: number;
}

/**
 * The first `length` rows of columns. Blocks for an engine are made here and nowhere else: to what
 * reads millions of rows they are objects of one shape, and stay so.
 */
export function blockOf(columns: MarketColumns, length: number): MarketBlock {
  const { exchangeTime, localTime, kind, price, quantity } = columns;
  return { exchangeTime, localTime, kind, price, quantity, length };
}

/** Rows [from, until) of a block: the same memory. */
export function sliceOf(block: MarketColumns, from: number, until: number): MarketBlock {
  return blockOf(
    {
      exchangeTime: block.exchangeTime.subarray(from, until),
      localTime: block.localTime.subarray(from, until),
      kind: block.kind.subarray(from, until),
      price: block.price.subarray(from, until),
      quantity: block.quantity.subarray(from, until),
    },
    until - from,
  );
}

/** What must be known before the first row: one instrument per stream. */
export interface MarketHeader {
  readonly instrument: Instrument;
  /** Nanoseconds since the Unix epoch at time zero of both time columns; a whole second. */
  readonly epochNanos: bigint;
  /** Whether our own executions show up among the trades (a live feed: yes, a recording: no). */
  readonly ownTradesPrinted: boolean;
  /** What fills can tell of how the market answers our trades; absent: it does not. */
  readonly displacementModel?: DisplacementModel;
}

/** Rows that grow: doubles its arrays when full. For readers and generators, not the hot path. */
export class ColumnsBuilder {
  #capacity: number;
  #columns: MarketColumns;
  length = 0;

  constructor(capacity = 1 << 16) {
    this.#capacity = capacity;
    this.#columns = allocate(capacity);
  }

  push(
    exchangeTime: number,
    localTime: number,
    kind: number,
    price: number,
    quantity: number,
  ): void {
    if (this.length === this.#capacity) this.#grow();
    const row = this.length++;
    const columns = this.#columns;
    columns.exchangeTime[row] = exchangeTime;
    columns.localTime[row] = localTime;
    columns.kind[row] = kind;
    columns.price[row] = price;
    columns.quantity[row] = quantity;
  }

  /** Marks the newest row as the last of its message. */
  endMessage(): void {
    if (this.length > 0) this.#columns.kind[this.length - 1]! |= LAST;
  }

  /** The rows so far, without copying: valid until the next `push`. */
  view(): MarketBlock {
    return blockOf(this.#columns, this.length);
  }

  #grow(): void {
    const grown = allocate(this.#capacity * 2);
    const from = this.#columns;
    grown.exchangeTime.set(from.exchangeTime);
    grown.localTime.set(from.localTime);
    grown.kind.set(from.kind);
    grown.price.set(from.price);
    grown.quantity.set(from.quantity);
    this.#columns = grown;
    this.#capacity *= 2;
  }
}

function allocate(capacity: number): MarketColumns {
  return {
    exchangeTime: new Float64Array(capacity),
    localTime: new Float64Array(capacity),
    kind: new Uint8Array(capacity),
    price: new Int32Array(capacity),
    quantity: new Float64Array(capacity),
  };
}
