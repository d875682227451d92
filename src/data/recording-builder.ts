/**
 * Recording builder: messages in, columns in memory out.
 *
 * Has the messages put into order, corrects the local clock by one constant, and moves the epoch to
 * the whole second before the first. What must stay true: after it, no row is received before it
 * happened; and the rows are those that a streaming import of the same files writes.
 */
import { ColumnsBuilder, LAST, type MarketBlock, sliceOf } from "../core/market/columns.ts";
import type { MarketSink, TimeBase } from "./capture.ts";
import { FILE_HORIZON_NANOS, MessageOrderer } from "./message-orderer.ts";
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
  readonly #orderer: MessageOrderer;

  constructor(counts: StreamCounts) {
    this.#orderer = new MessageOrderer({
      counts,
      horizonNanos: FILE_HORIZON_NANOS,
      onBlock: ({ exchangeTime, localTime, kind, price, quantity, length }) => {
        for (let row = 0; row < length; row++) {
          this.#rows.push(
            exchangeTime[row]!,
            localTime[row]!,
            kind[row]!,
            price[row]!,
            quantity[row]!,
          );
        }
      },
    });
  }

  begin(stream: "book" | "trade", exchangeTime: number, localTime: number): void {
    this.#orderer.begin(stream, exchangeTime, localTime);
  }

  row(kind: number, price: number, quantity: number): void {
    this.#orderer.row(kind, price, quantity);
  }

  end(): void {
    this.#orderer.end();
  }

  quote(): void {
    // Quotes repeat what the book says: they are for the verifier.
  }

  /** Rows that came. */
  get rows(): number {
    return this.#orderer.rowsTaken;
  }

  build(time: TimeBase, baseLatencyMs: number): BuiltColumns {
    this.#orderer.flush();
    const { epochSeconds, report } = columnsOf(this.#orderer, time, baseLatencyMs);
    const rows = this.#rows.view();
    const epoch = epochSeconds * NANOS_PER_SECOND;
    const later = report.clockShiftNanos - epoch;
    for (let row = 0; row < rows.length; row++) {
      rows.exchangeTime[row]! -= epoch;
      rows.localTime[row]! += later;
    }
    return { epochNanos: epochOf(time, epochSeconds), blocks: blocksOf(rows), report };
  }
}

/** What is known of the columns once all messages have been handed out. */
export function columnsOf(
  orderer: MessageOrderer,
  time: TimeBase,
  baseLatencyMs: number,
): { readonly epochSeconds: number; readonly report: ColumnsReport } {
  const isEmpty = orderer.messages === 0;
  const least = isEmpty ? 0 : orderer.leastLatency;
  const first = isEmpty ? 0 : orderer.firstExchangeTime;
  const report = {
    rows: orderer.rows,
    messages: orderer.messages,
    doubledRows: orderer.rows - orderer.rowsTaken,
    // A latency that is already long enough is true, and stays.
    clockShiftNanos: Math.max(0, Math.round(baseLatencyMs * 1e6) - least),
    leastLatencyNanos: least,
    firstTime: isoNanos(time.seconds, first),
    lastTime: isoNanos(time.seconds, isEmpty ? 0 : orderer.lastExchangeTime),
  };
  return { epochSeconds: Math.floor(first / NANOS_PER_SECOND), report };
}

/** `seconds` since the time base. */
export const epochOf = (time: TimeBase, seconds: number): bigint =>
  BigInt(time.seconds + seconds) * 1_000_000_000n;

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
    blocks.push(sliceOf(rows, from, to));
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
