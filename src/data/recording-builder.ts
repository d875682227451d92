/**
 * Recording builder: messages in, columns out.
 *
 * Corrects the local clock by one constant, puts the messages into the one order that serves engine
 * and venue, and moves the epoch to the whole second before the first. What must stay true: after
 * it, no row is received before it happened.
 */
import { ColumnsBuilder, LAST, type MarketBlock } from "../core/market/columns.ts";
import type { MarketSink, TimeBase } from "./capture.ts";
import { orderMessages } from "./ordering.ts";
import type { ColumnsReport, StreamCounts } from "./read-report.ts";

export interface BuiltColumns {
  readonly epochNanos: bigint;
  readonly blocks: readonly MarketBlock[];
  readonly report: ColumnsReport;
}

const BLOCK_ROWS = 1 << 16;
const NANOS_PER_SECOND = 1e9;
export const BASE_LATENCY_MS = 1;

export class RecordingBuilder implements MarketSink {
  readonly #rows = new ColumnsBuilder();
  /** First row of each message. */
  readonly #starts: number[] = [];
  readonly #exchangeTimes: number[] = [];
  readonly #localTimes: number[] = [];
  readonly #counts: StreamCounts;
  #exchangeTime = 0;
  #localTime = 0;
  #bookExchange = Number.NEGATIVE_INFINITY;
  #bookLocal = Number.NEGATIVE_INFINITY;
  #tradeExchange = Number.NEGATIVE_INFINITY;
  #lastLocal = Number.NEGATIVE_INFINITY;

  constructor(counts: StreamCounts) {
    this.#counts = counts;
  }

  /**
   * The book's own messages must never change places, whatever their stamps say: its times are held
   * at the highest so far. Trades may move.
   */
  begin(stream: "book" | "trade", exchangeTime: number, localTime: number): void {
    const falls = this.#counts.timeFalls;
    if (localTime < this.#lastLocal) falls.local += 1;
    this.#lastLocal = Math.max(this.#lastLocal, localTime);
    if (stream === "book") {
      if (exchangeTime < this.#bookExchange) falls.exchangeBook += 1;
      this.#bookExchange = Math.max(this.#bookExchange, exchangeTime);
      this.#bookLocal = Math.max(this.#bookLocal, localTime);
      this.#exchangeTime = this.#bookExchange;
      this.#localTime = this.#bookLocal;
    } else {
      if (exchangeTime < this.#tradeExchange) falls.exchangeTrades += 1;
      this.#tradeExchange = Math.max(this.#tradeExchange, exchangeTime);
      this.#exchangeTime = exchangeTime;
      this.#localTime = localTime;
    }
    this.#starts.push(this.#rows.length);
    this.#exchangeTimes.push(this.#exchangeTime);
    this.#localTimes.push(this.#localTime);
  }

  row(kind: number, price: number, quantity: number): void {
    this.#rows.push(this.#exchangeTime, this.#localTime, kind, price, quantity);
  }

  /** A message without rows leaves no trace. */
  end(): void {
    if (this.#starts.at(-1) !== this.#rows.length) {
      this.#rows.endMessage();
      return;
    }
    this.#starts.pop();
    this.#exchangeTimes.pop();
    this.#localTimes.pop();
  }

  quote(): void {
    // Quotes repeat what the book says: they are for the verifier.
  }

  get rows(): number {
    return this.#rows.length;
  }

  build(time: TimeBase, baseLatencyMs: number): BuiltColumns {
    const exchangeTimes = Float64Array.from(this.#exchangeTimes);
    const localTimes = Float64Array.from(this.#localTimes);
    let least = Number.POSITIVE_INFINITY;
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (let message = 0; message < exchangeTimes.length; message++) {
      least = Math.min(least, localTimes[message]! - exchangeTimes[message]!);
      first = Math.min(first, exchangeTimes[message]!);
      last = Math.max(last, exchangeTimes[message]!);
    }
    if (exchangeTimes.length === 0) least = first = last = 0;
    const shift = Math.max(0, Math.round(baseLatencyMs * 1e6) - least);
    // A latency that is already long enough is true, and stays.
    for (let message = 0; message < localTimes.length; message++) localTimes[message]! += shift;

    const offset = Math.floor(first / NANOS_PER_SECOND);
    const { rows, doubledRows } = this.#ordered(
      exchangeTimes,
      localTimes,
      offset * NANOS_PER_SECOND,
    );
    return {
      epochNanos: BigInt(time.seconds + offset) * 1_000_000_000n,
      blocks: blocksOf(rows.view()),
      report: {
        rows: rows.length,
        messages: exchangeTimes.length,
        doubledRows,
        clockShiftNanos: shift,
        leastLatencyNanos: least,
        firstTime: isoNanos(time.seconds, first),
        lastTime: isoNanos(time.seconds, last),
      },
    };
  }

  #ordered(
    exchangeTimes: Float64Array,
    localTimes: Float64Array,
    epoch: number,
  ): { readonly rows: ColumnsBuilder; readonly doubledRows: number } {
    const source = this.#rows.view();
    const starts = new Int32Array(this.#starts.length + 1);
    starts.set(this.#starts);
    starts[this.#starts.length] = source.length;
    const counts = Int32Array.from(
      exchangeTimes,
      (_, index) => starts[index + 1]! - starts[index]!,
    );
    const order = orderMessages(exchangeTimes, localTimes, counts);
    let length = 0;
    for (const message of order.messages) length += counts[message]!;
    const rows = new ColumnsBuilder(Math.max(1, length));
    for (let index = 0; index < order.messages.length; index++) {
      const message = order.messages[index]!;
      const flags = order.flags[index]!;
      const exchangeTime = exchangeTimes[message]! - epoch;
      const localTime = localTimes[message]! - epoch;
      const end = starts[message + 1]!;
      for (let row = starts[message]!; row < end; row++) {
        rows.push(
          exchangeTime,
          localTime,
          source.kind[row]! | flags,
          source.price[row]!,
          source.quantity[row]!,
        );
      }
    }
    return { rows, doubledRows: rows.length - source.length };
  }
}

/** Cuts rows into blocks that end with a message; they share the memory of the whole. */
function blocksOf(rows: MarketBlock): MarketBlock[] {
  const blocks: MarketBlock[] = [];
  let from = 0;
  while (from < rows.length) {
    let to = Math.min(from + BLOCK_ROWS, rows.length);
    while (to > from && !endsMessage(rows, to)) to -= 1;
    if (to === from) {
      to = Math.min(from + BLOCK_ROWS, rows.length);
      while (!endsMessage(rows, to)) to += 1;
    }
    blocks.push({
      exchangeTime: rows.exchangeTime.subarray(from, to),
      localTime: rows.localTime.subarray(from, to),
      kind: rows.kind.subarray(from, to),
      price: rows.price.subarray(from, to),
      quantity: rows.quantity.subarray(from, to),
      length: to - from,
    });
    from = to;
  }
  return blocks;
}

const endsMessage = (rows: MarketBlock, end: number): boolean => (rows.kind[end - 1]! & LAST) !== 0;

/** ISO 8601 in UTC with nine digits: a Date holds three. */
export function isoNanos(baseSeconds: number, nanos: number): string {
  const seconds = Math.floor(nanos / NANOS_PER_SECOND);
  const rest = nanos - seconds * NANOS_PER_SECOND;
  const date = new Date((baseSeconds + seconds) * 1000).toISOString();
  return `${date.slice(0, 19)}.${String(rest).padStart(9, "0")}Z`;
}
