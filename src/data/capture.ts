/**
 * Capture: what every recording format has in common while it is being read.
 *
 * A decoder turns lines into market messages and hands them to a sink. It knows the venue's rules
 * (how a book is synchronised, what a gap is) and nothing of where the messages go: the columns and
 * the verifier are both sinks. All that is read is hostile until its shape has been checked.
 */
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import type { DataFault, Position } from "./fault.ts";
import {
  floorQuantity,
  type GridParser,
  NOT_A_NUMBER,
  OFF_GRID,
  priceParser,
  quantityParser,
} from "./grid-parser.ts";
import { type FileCounts, type OffGrid, StreamCounts, type Tally } from "./read-report.ts";

export interface ReadOptions {
  /** Needed where a recording holds several instruments. */
  readonly symbol?: string | undefined;
  /** Needed where a symbol is traded in several kinds, and by formats that do not tell it. */
  readonly kind?: ContractKind | undefined;
  /** The grid, where neither the recording nor the built-in table has it. */
  readonly instrument?: Instrument | undefined;
  /** The least feed latency that is left after clock correction, milliseconds. */
  readonly baseLatencyMs?: number | undefined;
  /** Told the bytes consumed of all files, and their sum. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The best of both sides, as the venue's own ticker states it; in grid units. */
export interface Quote {
  readonly updateId: number;
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
  /** When it was received, where it comes in a file of its own. */
  readonly localTime?: number | undefined;
}

/**
 * Takes one instrument's messages: `begin`, its rows, `end`. Times are nanoseconds since the
 * reading's `TimeBase`; the book's never fall. Nothing is asked of the trades' order.
 */
export interface MarketSink {
  begin(stream: "book" | "trade", exchangeTime: number, localTime: number): void;
  row(kind: number, price: number, quantity: number): void;
  /** `id` is the update id of a book message or the number of a trade, where there is one. */
  end(id: number): void;
  quote(quote: Quote): void;
}

export interface Track {
  readonly instrument: Instrument;
  readonly counts: StreamCounts;
  readonly sink: MarketSink;
}

/** `position` moves with the reading: where the message in hand stands. */
export type OpenSink = (
  instrument: Instrument,
  counts: StreamCounts,
  position: Position,
) => MarketSink;

export interface CaptureDecoder {
  readonly tracks: readonly Track[];
  /** A file begins, or a member of an archive; for formats whose names carry meaning. */
  part?(name: string): DataFault | undefined;
  /** Takes one line. A fault ends the reading; a bad line is counted and is none. */
  line(text: string): DataFault | undefined;
  /** After the last line: what makes the whole recording useless. */
  finish(): DataFault | undefined;
  /**
   * All that it remembers between two lines, as values that a structured clone keeps; with it a new
   * decoder of the same options goes on where this one stood. Where they are absent, a reading that
   * was broken off begins again from its first line.
   */
  save?(): unknown;
  /** Opens the tracks again by the way, with the counts that were saved. */
  restore?(saved: unknown): void;
}

/** All that a decoder shares with the reading that it serves. */
export interface CaptureContext {
  readonly options: ReadOptions;
  readonly position: Position;
  readonly file: FileCounts;
  readonly time: TimeBase;
  readonly openSink: OpenSink;
}

/** 1990 and 2200, Unix seconds: what lies outside is not a time of a market. */
const EARLIEST = 631_152_000;
const LATEST = 7_258_118_400;
/** Beyond this a double no longer counts nanoseconds. */
const SPAN_SECONDS = 100 * 86_400;

/** Nanoseconds since the second in which the reading began: small enough to be exact. */
export class TimeBase {
  /** Unix time; set by the first time that is read. */
  seconds = 0;

  /** NaN where the time is no time, or too far from the first. */
  nanos(seconds: number, nanos: number): number {
    if (!(seconds > EARLIEST && seconds < LATEST)) return Number.NaN;
    if (this.seconds === 0) this.seconds = seconds;
    const since = seconds - this.seconds;
    if (!(Math.abs(since) < SPAN_SECONDS)) return Number.NaN;
    return since * 1e9 + nanos;
  }

  fromMillis(millis: unknown): number {
    if (typeof millis !== "number" || !Number.isSafeInteger(millis) || millis <= 0) {
      return Number.NaN;
    }
    const seconds = Math.floor(millis / 1000);
    return this.nanos(seconds, (millis - seconds * 1000) * 1e6);
  }
}

/** How many levels one side of one message may have: more is no true message. */
export const MOST_LEVELS = 100_000;

/** Levels of one side, parsed before any is applied: a message counts whole or not at all. */
export class Levels {
  readonly prices: number[] = [];
  readonly quantities: number[] = [];
  length = 0;
}

/** Parses one instrument's prices and quantities. */
export class LevelParser {
  readonly #instrument: Instrument;
  readonly #price: GridParser;
  readonly #quantity: GridParser;
  readonly #counts: StreamCounts;
  readonly #position: Position;

  constructor(instrument: Instrument, counts: StreamCounts, position: Position) {
    this.#instrument = instrument;
    this.#price = priceParser(instrument);
    this.#quantity = quantityParser(instrument);
    this.#counts = counts;
    this.#position = position;
  }

  /** False where they are not `[["price", "quantity"], …]`. Prices off the grid are left out. */
  levels(source: unknown, into: Levels): boolean {
    into.length = 0;
    if (!Array.isArray(source) || source.length > MOST_LEVELS) return false;
    for (const level of source as unknown[]) {
      if (!Array.isArray(level)) return false;
      const price = this.price(level[0]);
      const quantity = this.quantity(level[1]);
      if (price === NOT_A_NUMBER || quantity === NOT_A_NUMBER) return false;
      if (price === OFF_GRID || quantity === OFF_GRID) continue;
      into.prices[into.length] = price;
      into.quantities[into.length] = quantity;
      into.length += 1;
    }
    return true;
  }

  price(text: unknown): number {
    if (typeof text !== "string") return NOT_A_NUMBER;
    const count = this.#price(text);
    if (count === OFF_GRID) this.#count(this.#counts.offTickPrices, text);
    return count;
  }

  /** Venues print fractions of a lot now and then: counted, and rounded down to whole lots. */
  quantity(text: unknown): number {
    if (typeof text !== "string") return NOT_A_NUMBER;
    const count = this.#quantity(text);
    if (count !== OFF_GRID) return count;
    this.#count(this.#counts.offLotQuantities, text);
    return floorQuantity(this.#instrument, text);
  }

  #count(tally: Tally<OffGrid>, text: string): void {
    tally.add(() => ({ ...this.#position, text: text.slice(0, 60) }));
  }
}

/** Hands levels to a sink as rows. */
export function levelRows(sink: MarketSink, kind: number, levels: Levels): void {
  for (let index = 0; index < levels.length; index++) {
    sink.row(kind, levels.prices[index]!, levels.quantities[index]!);
  }
}

/**
 * Decimal text of a number that a program printed from a binary float: `0.10099999999999999` is
 * 0.101, `7e-05` is 0.00007. Text with few digits is left as it is.
 */
export function plainDecimal(text: string): string {
  if (text.length < 16 && !/[eE]/.test(text)) return text;
  const digits = text.indexOf(".") < 0 ? 0 : text.length - text.indexOf(".") - 1;
  if (digits <= FLOAT_DIGITS && !/[eE]/.test(text)) return text;
  const value = Number(text);
  return Number.isFinite(value) && Math.abs(value) < 1e15 ? value.toFixed(FLOAT_DIGITS) : text;
}

/** Digits after the point that are kept of a float: no venue has more. */
const FLOAT_DIGITS = 12;

/** `12,345`: for notes. */
export const counted = (count: number): string => count.toLocaleString("en-US");

export const newCounts = (): StreamCounts => new StreamCounts();

export function badLine(context: CaptureContext, text: string, reason: string): undefined {
  const { file, line } = context.position;
  context.file.badLines.add(() => ({ file, line, reason, text: text.slice(0, 100) }));
}

/** JSON text as an object, or undefined. */
export function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isId = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** `0`, `0.00`: how venues write "no price". */
export const isZero = (text: unknown): boolean =>
  typeof text === "string" && /^0{1,40}(\.0{0,40})?$/.test(text);
