/**
 * hftbacktest event: one row of its data files, and the header of the array that they are in.
 *
 * A file is a zip (`.npz`) with the one-dimensional NumPy array `data.npy` of 64-byte records:
 *
 * | bytes    | field      | here                                                        |
 * |----------|------------|-------------------------------------------------------------|
 * | 0        | `ev` u64   | kind in the low byte; sides and clocks above                |
 * | 8, 16    | `exch_ts`, `local_ts` i64 | nanoseconds of Unix time                     |
 * | 24, 32   | `px`, `qty` f64 | in the instrument's units, the nearest doubles         |
 * | 40       | `order_id` u64 | of single orders; 0                                     |
 * | 48       | `ival` i64 | reserved by hftbacktest; what Arrival writes: `Remark`      |
 * | 56       | `fval` f64 | reserved by hftbacktest; 0                                  |
 *
 * What must stay true: a price that is written and read again is the same tick.
 */
import type { Decimal } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";

export const EVENT_BYTES = 64;
/** 32-bit and 64-bit words of a record. */
export const WORDS = EVENT_BYTES / 4;
export const DOUBLES = EVENT_BYTES / 8;

/** The low byte of `ev`. */
export const EventKind = {
  DEPTH: 1,
  TRADE: 2,
  DEPTH_CLEAR: 3,
  DEPTH_SNAPSHOT: 4,
  /** The best of a side; hftbacktest's own book passes over it. */
  DEPTH_BBO: 5,
  /** Single orders: ADD, CANCEL, MODIFY, FILL. */
  FIRST_ORDER: 10,
  LAST_ORDER: 13,
  /** Arrival's own: a trade that takes nothing from the book. hftbacktest passes over it. */
  OFF_BOOK_TRADE: 110,
} as const;

/** Bits of `ev` above its low byte. */
export const EventBit = {
  SELL: 0x1000_0000,
  BUY: 0x2000_0000,
  /** The engine sees the row, at `local_ts`. */
  LOCAL: 0x4000_0000,
  /** The venue sees the row, at `exch_ts`. Above the sign bit of a 32-bit word. */
  EXCHANGE: 0x8000_0000,
} as const;

/** Bits of `ival`, where a plain reading of the rows would not give what was written. */
export const Remark = {
  /** There is a remark: without it a message is told by equal times. */
  MADE: 1,
  /** The last row of its message. */
  LAST: 2,
  OFF_VOLUME: 4,
  /** A `DEPTH_CLEAR` that says that the stream broke. */
  GAP: 8,
  ALL: 15,
} as const;

const FIELDS = [
  ["ev", "<u8"],
  ["exch_ts", "<i8"],
  ["local_ts", "<i8"],
  ["px", "<f8"],
  ["qty", "<f8"],
  ["order_id", "<u8"],
  ["ival", "<i8"],
  ["fval", "<f8"],
] as const;

const DESCR = `[${FIELDS.map(([name, type]) => `('${name}', '${type}')`).join(", ")}]`;
/** A byte that no text has, and `NUMPY`. */
const MAGIC = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]);
/** Of the text; NumPy's own is far shorter for this array. */
const MOST_HEADER_BYTES = 1 << 16;

/** Version 1.0, padded so that the records begin at a multiple of 64, as hftbacktest asks. */
export function encodeArrayHeader(rows: number): Buffer {
  const text = `{'descr': ${DESCR}, 'fortran_order': False, 'shape': (${rows},), }`;
  const size = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(size, " ");
  MAGIC.copy(header);
  header.set([1, 0], 6);
  header.writeUInt16LE(size - 10, 8);
  header.write(text, 10, "latin1");
  header[size - 1] = 10;
  return header;
}

export const isArrayHead = (head: Buffer): boolean => head.subarray(0, 6).equals(MAGIC);

/** Bytes of the whole header, as soon as they can be known; a text where something is wrong. */
export function arrayHeaderBytes(head: Buffer): number | string | undefined {
  if (head.length < 12) return undefined;
  if (!isArrayHead(head)) return "is no NumPy array";
  const version = head[6]!;
  if (version < 1 || version > 3) return `is a NumPy array of unknown version ${version}`;
  const size = version === 1 ? 10 + head.readUInt16LE(8) : 12 + head.readUInt32LE(8);
  return size > MOST_HEADER_BYTES ? "has a NumPy header of absurd length" : size;
}

/** The number of rows, or what is wrong. */
export function parseArrayHeader(header: Buffer): number | string {
  const text = header.toString("latin1", header[6] === 1 ? 10 : 12).replaceAll(/\s/g, "");
  const found =
    /^\{'descr':(\[[^\]]*\]|'[^']*'),'fortran_order':(True|False),'shape':\(([\d,]*)\),?\}$/.exec(
      text,
    );
  if (found === null) return "has a NumPy header that cannot be read";
  const [, descr, fortran, shape] = found as unknown as [string, string, string, string];
  const rows = /^(\d{1,15}),?$/.exec(shape)?.[1];
  if (descr.replace(/,\]$/, "]") !== DESCR.replaceAll(" ", "")) {
    return descr.startsWith("'")
      ? "is an array of plain numbers, as hftbacktest before version 2 wrote them; " +
          "convert it with hftbacktest.data.utils.migration2"
      : "is an array of other records than hftbacktest's events";
  }
  if (fortran === "True" || rows === undefined) return "is no one-dimensional array in C order";
  return Number(rows);
}

const EXACT_SCALE = 22;

/** Counts of steps to the nearest double of their worth, and back. */
export class DoubleGrid {
  readonly #step: Decimal;
  readonly #mantissa: number;
  readonly #power: number;
  readonly #perUnit: number;

  constructor(step: Decimal) {
    this.#step = step;
    this.#mantissa = Number(step.mantissa);
    this.#power = 10 ** step.scale;
    this.#perUnit = this.#power / this.#mantissa;
  }

  /** The double nearest to `count` steps: what a decimal parser makes of the exact digits. */
  toDouble(count: number): number {
    const product = count * this.#mantissa;
    // A quotient of two exact doubles is the nearest one.
    if (Number.isSafeInteger(product) && this.#step.scale <= EXACT_SCALE) {
      return product / this.#power;
    }
    return Number(`${BigInt(count) * this.#step.mantissa}e-${this.#step.scale}`);
  }

  /** The count that the number stands for; `OFF_GRID` between two, `NOT_A_NUMBER` for no number. */
  toCount(value: number): number {
    if (!Number.isFinite(value)) return NOT_A_NUMBER;
    const exact = value * this.#perUnit;
    const count = Math.round(exact);
    if (!Number.isSafeInteger(count) || count < 0) return OFF_GRID;
    // Sums of floats are a little beside the grid: 0.30000000000000004.
    if (Math.abs(exact - count) < NEAR || this.toDouble(count) === value) return count;
    return OFF_GRID;
  }

  /** Whole steps in a number that is between two. */
  floor(value: number): number {
    const count = Math.floor(value * this.#perUnit);
    return count >= 0 && Number.isSafeInteger(count) ? count : OFF_GRID;
  }
}

/** In steps. */
const NEAR = 1e-6;
const MOST_TICKS = 0x7ffffffe;

/** Ticks of a price, within what the columns hold. */
export function ticksOf(grid: DoubleGrid, price: number): number {
  const count = grid.toCount(price);
  return count === NOT_A_NUMBER || (count >= 1 && count <= MOST_TICKS) ? count : OFF_GRID;
}

export const priceGrid = ({ tickSize }: Instrument): DoubleGrid => new DoubleGrid(tickSize);
export const quantityGrid = ({ lotSize }: Instrument): DoubleGrid => new DoubleGrid(lotSize);

const TWO_32 = 2 ** 32;

/** Nanoseconds of Unix time as two words, around an epoch, without a bigint per row. */
export class WordTimes {
  readonly #low: number;
  readonly #high: number;

  constructor(epochNanos: bigint) {
    this.#low = Number(epochNanos & 0xffffffffn);
    this.#high = Number(epochNanos >> 32n);
  }

  /** Since the epoch; exact within a hundred days of it. */
  since(low: number, high: number): number {
    return (high - this.#high) * TWO_32 + (low - this.#low);
  }

  put(words: Uint32Array, at: number, sinceEpoch: number): void {
    const high = Math.floor(sinceEpoch / TWO_32);
    const low = sinceEpoch - high * TWO_32 + this.#low;
    const carry = low >= TWO_32 ? 1 : 0;
    words[at] = low - carry * TWO_32;
    words[at + 1] = high + this.#high + carry;
  }
}
