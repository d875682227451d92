/**
 * Block: market rows to bytes and back.
 *
 * Times stand once per run of rows that share them (a message, mostly), price as the difference to
 * the row before, kind as half a byte. What must stay true: every bit of every column survives, and
 * no row comes out that breaks what core/market/columns.ts promises, whatever the bytes.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketColumns,
  VENUE_ONLY,
} from "../../core/market/columns.ts";
import { type Bounds, ColumnDecoder, ColumnEncoder, type Cursor, cursorOf } from "./column.ts";
import { damaged } from "./damage.ts";
import { type Frame, mostBytes } from "./section.ts";

/** 0 stores blocks as they are; 1 to 22 are zstd's. */
export type Level = number;

export interface EncodedBlock {
  readonly payload: Uint8Array;
  readonly rawBytes: number;
  readonly compressed: boolean;
  readonly runs: number;
  readonly from: number;
  readonly until: number;
}

const SIDES = ENGINE_ONLY | VENUE_ONLY;
const MAX_TICK = 0x7ffffffe;
/** Bytes of a difference of prices: wider ones are exceptions. */
const PRICE_WIDTH = 3;

export class BlockEncoder {
  readonly #level: Level;
  readonly #columns: ColumnEncoder;
  readonly #lengths: Float64Array;
  readonly #exchange: Float64Array;
  readonly #latency: Float64Array;
  readonly #to: Cursor;

  constructor(capacity: number, level: Level) {
    this.#level = level;
    this.#columns = new ColumnEncoder(capacity);
    this.#lengths = new Float64Array(capacity);
    this.#exchange = new Float64Array(capacity);
    this.#latency = new Float64Array(capacity);
    this.#to = cursorOf(new Uint8Array(mostBytes(capacity)));
  }

  /** The payload is valid until the next call. */
  encode(rows: MarketBlock): EncodedBlock {
    const runs = this.#findRuns(rows);
    const to = this.#to;
    to.at = 0;
    writeKinds(to, rows);
    this.#columns.write(to, this.#lengths, runs, "offset");
    this.#columns.write(to, this.#exchange, runs, "delta");
    this.#columns.write(to, this.#latency, runs, "offset");
    this.#columns.write(to, rows.price, rows.length, "delta", { mostWidth: PRICE_WIDTH });
    this.#quantities(rows);
    const raw = to.bytes.subarray(0, to.at);
    const packed = this.#level === 0 ? raw : compress(raw, this.#level);
    const compressed = packed.length < raw.length;
    let from = Number.POSITIVE_INFINITY;
    let until = 0;
    for (let run = 0; run < runs; run++) {
      const time = this.#exchange[run]! + this.#latency[run]!;
      if (time < from) from = time;
      if (time > until) until = time;
    }
    const payload = compressed ? packed : raw;
    return { payload, rawBytes: raw.length, compressed, runs, from, until };
  }

  /** Sizes that come again and again compress better whole, others plane by plane: try both. */
  #quantities({ quantity, length }: MarketBlock): void {
    const to = this.#to;
    const start = to.at;
    this.#columns.write(to, quantity, length, "offset");
    if (this.#level === 0 || to.bytes[start + 1]! < 2) return;
    const planes = compress(to.bytes.subarray(start, to.at), 1).length;
    to.at = start;
    this.#columns.write(to, quantity, length, "offset", { layout: "values" });
    const values = compress(to.bytes.subarray(start, to.at), 1).length;
    if (values <= planes) return;
    to.at = start;
    this.#columns.write(to, quantity, length, "offset");
  }

  #findRuns({ exchangeTime, localTime, kind, length }: MarketBlock): number {
    let runs = 0;
    for (let row = 0; row < length;) {
      const start = row;
      const exchange = exchangeTime[row]!;
      const local = localTime[row]!;
      const sides = kind[row]! & SIDES;
      do row += 1;
      while (
        row < length &&
        exchangeTime[row] === exchange &&
        localTime[row] === local &&
        (kind[row]! & SIDES) === sides
      );
      this.#lengths[runs] = row - start;
      this.#exchange[runs] = exchange;
      this.#latency[runs] = local - exchange;
      runs += 1;
    }
    return runs;
  }
}

/** Few kinds occur in one block: up to sixteen of them take half a byte each. */
const MOST_KINDS = 16;

/** The number of kinds, the kinds, and two places among them in a byte; or 0 and whole bytes. */
function writeKinds(to: Cursor, { kind, length }: MarketBlock): void {
  const { bytes } = to;
  const places = new Int16Array(256).fill(-1);
  const kinds: number[] = [];
  for (let row = 0; row < length; row++) {
    if (places[kind[row]!]! >= 0) continue;
    places[kind[row]!] = kinds.length;
    kinds.push(kind[row]!);
  }
  if (kinds.length > MOST_KINDS) {
    bytes[to.at] = 0;
    bytes.set(kind.subarray(0, length), to.at + 1);
    to.at += 1 + length;
    return;
  }
  bytes[to.at++] = kinds.length;
  for (const each of kinds) bytes[to.at++] = each;
  for (let row = 0; row < length; row += 2) {
    const high = row + 1 < length ? places[kind[row + 1]!]! : 0;
    bytes[to.at++] = places[kind[row]!]! | (high << 4);
  }
}

function readKinds(from: Cursor, kind: Uint8Array, rows: number): void {
  const { bytes } = from;
  const count = bytes[from.at] ?? 255;
  const start = from.at + 1 + count;
  const end = start + (count === 0 ? rows : (rows + 1) >>> 1);
  if (count > MOST_KINDS || end > bytes.length) damaged("kinds of no known coding");
  from.at = end;
  if (count === 0) {
    kind.set(bytes.subarray(start, end));
    for (let row = 0; row < rows; row++) {
      if ((kind[row]! & KIND_MASK) > Kind.GAP) damaged("a kind that is none");
    }
    return;
  }
  const kinds = new Uint8Array(MOST_KINDS).fill(bytes[start - 1]!);
  kinds.set(bytes.subarray(start - count, start));
  for (const each of kinds) if ((each & KIND_MASK) > Kind.GAP) damaged("a kind that is none");
  const pairs = bytes.subarray(start, end);
  const whole = rows >>> 1;
  for (let pair = 0, row = 0; pair < whole; pair++, row += 2) {
    const both = pairs[pair]!;
    kind[row] = kinds[both & 15]!;
    kind[row + 1] = kinds[both >>> 4]!;
  }
  if ((rows & 1) === 1) kind[rows - 1] = kinds[pairs[whole]! & 15]!;
}

const compress = (bytes: Uint8Array, level: Level): Buffer =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });

/** First and last times as the venue sees them (exchange) and as the engine does (local). */
export interface Span {
  firstExchange: number;
  lastExchange: number;
  firstLocal: number;
  lastLocal: number;
}

/** By one run of rows; its times may not fall. */
function extend(span: Span, unseen: number, exchange: number, local: number): void {
  if ((unseen & ENGINE_ONLY) === 0) {
    if (exchange < span.lastExchange) damaged("rows whose exchange time falls");
    if (span.firstExchange > exchange) span.firstExchange = exchange;
    span.lastExchange = exchange;
  }
  if ((unseen & VENUE_ONLY) === 0) {
    if (local < span.lastLocal) damaged("rows whose local time falls");
    if (span.firstLocal > local) span.firstLocal = local;
    span.lastLocal = local;
  }
}

/** Decodes one block after the other; what it needs for a block's runs is used again. */
export class BlockDecoder {
  readonly #columns = new ColumnDecoder();
  #lengths = new Float64Array(0);
  #exchange = new Float64Array(0);
  #latency = new Float64Array(0);
  /** Of the block that was decoded last. */
  readonly span: Span = { firstExchange: 0, lastExchange: 0, firstLocal: 0, lastLocal: 0 };

  /**
   * @param into arrays of at least `frame.rows`.
   * @throws Damage where the payload cannot be what a writer made.
   */
  decode(frame: Frame, stored: Buffer, into: MarketColumns): void {
    const raw = frame.compressed ? inflate(stored, frame.rawBytes) : stored;
    const { rows, runs } = frame;
    if (this.#lengths.length < runs) {
      this.#lengths = new Float64Array(runs);
      this.#exchange = new Float64Array(runs);
      this.#latency = new Float64Array(runs);
    }
    const from = cursorOf(raw);
    readKinds(from, into.kind, rows);
    this.#columns.doubles(from, this.#lengths, runs);
    this.#columns.doubles(from, this.#exchange, runs);
    this.#columns.doubles(from, this.#latency, runs);
    this.#columns.ints(from, into.price, rows);
    const quantities = this.#columns.doubles(from, into.quantity, rows);
    if (from.at !== raw.length) damaged("bytes behind the last column");
    this.#spread(frame, into);
    checkPrices(into, rows);
    checkQuantities(quantities, into, rows);
  }

  /** From runs to rows. */
  #spread({ rows, runs, from, until }: Frame, into: MarketColumns): void {
    const { exchangeTime, localTime, kind } = into;
    const { span } = this;
    span.firstExchange = span.firstLocal = Number.POSITIVE_INFINITY;
    span.lastExchange = span.lastLocal = 0;
    let row = 0;
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (let run = 0; run < runs; run++) {
      const exchange = this.#exchange[run]!;
      const latency = this.#latency[run]!;
      const local = exchange + latency;
      const end = row + this.#lengths[run]!;
      if (!(end > row && end <= rows)) damaged("runs that do not fit their block");
      if (!(exchange >= 0 && latency >= 0 && local <= Number.MAX_SAFE_INTEGER)) {
        damaged("a row received before it happened");
      }
      if (local < least) least = local;
      if (local > most) most = local;
      // Who sees none of the run's rows does not see its time.
      let unseen = SIDES;
      for (; row < end; row++) {
        exchangeTime[row] = exchange;
        localTime[row] = local;
        unseen &= kind[row]!;
      }
      extend(span, unseen, exchange, local);
    }
    if (row !== rows || least !== from || most !== until)
      damaged("times other than its frame says");
  }
}

function inflate(stored: Buffer, rawBytes: number): Buffer {
  let raw: Buffer;
  try {
    raw = zstdDecompressSync(stored, {
      maxOutputLength: rawBytes,
      chunkSize: Math.max(64, rawBytes),
    });
  } catch (error) {
    return damaged(`zstd: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (raw.length !== rawBytes) damaged("a block shorter than its frame says");
  return raw;
}

/** Levels have a price that a book takes, and the last message is whole. */
function checkPrices({ kind, price }: MarketColumns, rows: number): void {
  if ((kind[rows - 1]! & LAST) === 0) damaged("a message without an end");
  for (let row = 0; row < rows; row++) {
    // Less one, zero and below are the greatest unsigned integers: one comparison for both ends.
    if ((price[row]! - 1) >>> 0 < MAX_TICK) continue;
    if ((kind[row]! & KIND_MASK) <= Kind.ASK) damaged("a level at no price");
  }
}

/** Mostly the bounds say it all. */
function checkQuantities(bounds: Bounds, { quantity }: MarketColumns, rows: number): void {
  if (bounds.least >= 0 && bounds.most <= Number.MAX_SAFE_INTEGER) return;
  for (let row = 0; row < rows; row++) {
    if (!(quantity[row]! >= 0 && quantity[row]! <= Number.MAX_SAFE_INTEGER)) {
      damaged("a quantity of no whole lots");
    }
  }
}
