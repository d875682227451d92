/**
 * Wide numbers: columns of 64 and 128 bit integers and of bits, from the doubles and bytes that
 * market rows are held in.
 *
 * They are put together of 32 bit words, because a BigInt for each value would take most of the
 * time of an export. What must stay true: every result is exact; where doubles cannot say it,
 * BigInt does.
 */
import type { DecimalColumn } from "./event-columns.ts";

const WORD = 0x1_0000_0000;
const LOW = 0xffff_ffffn;

/** `epoch` + each of `times`: whole nanoseconds, none negative. */
export function addedTimes(times: Float64Array, length: number, epoch: bigint): BigInt64Array {
  const out = new BigInt64Array(length);
  const words = new Uint32Array(out.buffer);
  const epochLow = Number(epoch & LOW);
  const epochHigh = Number(epoch >> 32n);
  for (let row = 0; row < length; row++) {
    const time = times[row]!;
    const high = Math.floor(time / WORD);
    const low = time - high * WORD + epochLow;
    words[2 * row] = low;
    words[2 * row + 1] = epochHigh + high + (low >= WORD ? 1 : 0);
  }
  return out;
}

/** Whole doubles, none negative. */
export function wholeNumbers(values: Float64Array, length: number): BigInt64Array {
  const out = new BigInt64Array(length);
  const words = new Uint32Array(out.buffer);
  for (let row = 0; row < length; row++) {
    const value = values[row]!;
    words[2 * row] = value;
    words[2 * row + 1] = value / WORD;
  }
  return out;
}

/** Each count × mantissa, as 128 bit integers of four words, two's complement. */
export function decimals(
  counts: ArrayLike<number>,
  length: number,
  { mantissa }: DecimalColumn,
): Uint32Array {
  const words = new Uint32Array(4 * length);
  const factor = mantissa <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(mantissa) : Infinity;
  const most = Number.MAX_SAFE_INTEGER / factor;
  for (let row = 0; row < length; row++) {
    const count = counts[row]!;
    if (count >= 0 && count <= most) {
      const value = count * factor;
      words[4 * row] = value;
      words[4 * row + 1] = value / WORD;
    } else putWide(words, 4 * row, BigInt(count) * mantissa);
  }
  return words;
}

export function putWide(words: Uint32Array, at: number, value: bigint): void {
  let rest = value;
  for (let word = 0; word < 4; word++) {
    words[at + word] = Number(rest & LOW);
    rest >>= 32n;
  }
}

/** A bit a row, low bits first: 1 where any of the `mask` is set. */
export function flagBits(kinds: Uint8Array, length: number, mask: number): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3);
  for (let row = 0; row < length; row++) {
    if ((kinds[row]! & mask) !== 0) bits[row >> 3]! |= 1 << (row & 7);
  }
  return bits;
}

/** Which values are there, as Arrow wants it. */
export interface Validity {
  readonly nullCount: number;
  readonly nullBitmap?: Uint8Array;
}

export function validityOf(length: number, isThere: (row: number) => boolean): Validity {
  const bits = new Uint8Array((length + 7) >> 3);
  let nullCount = 0;
  for (let row = 0; row < length; row++) {
    if (isThere(row)) bits[row >> 3]! |= 1 << (row & 7);
    else nullCount += 1;
  }
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap: bits };
}
