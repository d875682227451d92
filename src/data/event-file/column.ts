/**
 * Column codec: whole numbers as bytes, the width chosen by what most of them need.
 *
 * A value is `base + unit × u` or `previous + unit × u` (u zigzagged), u in `width` bytes. The
 * few that are wider stand aside as exceptions. Bytes of equal weight lie together (planes), or
 * value after value, whichever compresses better. What must stay true: what is read is what was
 * written, to the last digit; hostile bytes give a fault or some numbers, and nothing worse.
 */
import { damaged } from "./damage.ts";

/** `offset` counts from `base`, `delta` from the value before (the first from `base`). */
export type Coding = "offset" | "delta";
export type Layout = "planes" | "values";

export const COLUMN_HEAD = 24;
const EXCEPTION = 12;
const MOST_WIDTH = 7;
/** Steps beyond this are exceptions: twice of them would no longer be exact. */
const WIDEST_STEP = 2 ** 51;

/** Where in the payload a writer or reader stands. */
export interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

export const cursorOf = (bytes: Uint8Array): Cursor => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  at: 0,
});

/** Encodes columns of up to `capacity` values, with its own memory for the work. */
export class ColumnEncoder {
  readonly #steps: Float64Array;

  constructor(capacity: number) {
    this.#steps = new Float64Array(capacity);
  }

  /** @param values whole numbers within ±2^53; the first `length` are written. */
  write(
    to: Cursor,
    values: ArrayLike<number>,
    length: number,
    coding: Coding,
    { layout = "planes", mostWidth = MOST_WIDTH }: { layout?: Layout; mostWidth?: number } = {},
  ): void {
    const steps = this.#steps;
    const base = this.#step(values, length, coding);
    const unit = unitOf(steps, length);
    const counts = this.#scale(length, unit, coding);
    const width = bestWidth(counts, length, mostWidth);
    let exceptions = 0;
    for (let wider = width + 1; wider < counts.length; wider++) exceptions += counts[wider]!;
    const { view, at } = to;
    view.setUint8(at, coding === "offset" ? 0 : 1);
    view.setUint8(at + 1, width);
    view.setUint8(at + 2, layout === "planes" ? 0 : 1);
    view.setUint8(at + 3, 0);
    view.setUint32(at + 4, exceptions, true);
    view.setFloat64(at + 8, base, true);
    view.setFloat64(at + 16, unit, true);
    to.at = at + COLUMN_HEAD;
    this.#setAside(to, values, length, coding, width, exceptions);
    putBytes(to, steps, length, width, layout);
  }

  /** Fills in the distances from `base` or from the value before. Returns the base. */
  #step(values: ArrayLike<number>, length: number, coding: Coding): number {
    const steps = this.#steps;
    if (length === 0) return 0;
    if (coding === "delta") {
      let previous = values[0]!;
      for (let i = 0; i < length; i++) {
        const value = values[i]!;
        steps[i] = value - previous;
        previous = value;
      }
      return values[0]!;
    }
    let least = values[0]!;
    for (let i = 1; i < length; i++) if (values[i]! < least) least = values[i]!;
    for (let i = 0; i < length; i++) steps[i] = values[i]! - least;
    return least;
  }

  /** Divides by the unit, zigzags, and counts how many bytes each step needs; 8 = too wide. */
  #scale(length: number, unit: number, coding: Coding): number[] {
    const steps = this.#steps;
    const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < length; i++) {
      const step = unit === 1 ? steps[i]! : steps[i]! / unit;
      const tooWide = step >= WIDEST_STEP || step <= -WIDEST_STEP;
      const code = coding === "offset" ? step : step >= 0 ? step * 2 : -step * 2 - 1;
      steps[i] = tooWide ? Number.POSITIVE_INFINITY : code;
      counts[tooWide ? MOST_WIDTH + 1 : bytesFor(code)]! += 1;
    }
    return counts;
  }

  #setAside(
    to: Cursor,
    values: ArrayLike<number>,
    length: number,
    coding: Coding,
    width: number,
    exceptions: number,
  ): void {
    if (exceptions === 0) return;
    const steps = this.#steps;
    const limit = 256 ** width;
    let at = to.at;
    for (let i = 0; i < length; i++) {
      if (steps[i]! < limit) continue;
      steps[i] = 0;
      const previous = i === 0 ? values[0]! : values[i - 1]!;
      to.view.setUint32(at, i, true);
      to.view.setFloat64(at + 4, coding === "delta" ? values[i]! - previous : values[i]!, true);
      at += EXCEPTION;
    }
    to.at = at;
  }
}

/** The greatest number that divides all steps; 1 where they are all zero. */
function unitOf(steps: Float64Array, length: number): number {
  let unit = 0;
  for (let i = 0; i < length && unit !== 1; i++) {
    let step = Math.abs(steps[i]!);
    while (step !== 0) {
      const rest = unit % step;
      unit = step;
      step = rest;
    }
  }
  return unit === 0 ? 1 : unit;
}

function bytesFor(code: number): number {
  if (code < 256) return code === 0 ? 0 : 1;
  if (code < 65536) return 2;
  if (code < 16777216) return 3;
  let width = 4;
  while (code >= 256 ** width) width += 1;
  return width;
}

/** The width with the fewest bytes, exceptions included. */
function bestWidth(counts: readonly number[], length: number, mostWidth: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  let wider = length;
  for (let width = 0; width <= mostWidth; width++) {
    wider -= counts[width]!;
    const bytes = length * width + wider * EXCEPTION;
    if (bytes < least) {
      least = bytes;
      best = width;
    }
  }
  return best;
}

function putBytes(
  to: Cursor,
  codes: Float64Array,
  length: number,
  width: number,
  layout: Layout,
): void {
  const { bytes, at } = to;
  const step = layout === "planes" ? 1 : width;
  const plane = layout === "planes" ? length : 1;
  for (let i = 0; i < length; i++) {
    let code = codes[i]!;
    let place = at + i * step;
    for (let k = 0; k < width; k++) {
      const rest = Math.floor(code / 256);
      bytes[place] = code - rest * 256;
      code = rest;
      place += plane;
    }
  }
  to.at = at + length * width;
}

/** What a column's head says. */
interface Head {
  readonly isDelta: boolean;
  readonly width: number;
  /** From one value's lowest byte to the next value's, and from a value's byte to its next. */
  readonly step: number;
  readonly plane: number;
  readonly exceptions: number;
  readonly base: number;
  readonly unit: number;
}

/** What a column's values lie within, as far as its head and exceptions tell. */
export interface Bounds {
  least: number;
  most: number;
}

/** Reads columns one after the other, with its own memory for the work. */
export class ColumnDecoder {
  #codes = new Int32Array(0);

  /** Reads `length` numbers; all are whole, unless they leave ±2^53. @throws Damage */
  doubles(from: Cursor, into: Float64Array, length: number): Bounds {
    const head = readHead(from, length);
    const bounds = boundsOf(head);
    const aside = from.at;
    const start = aside + head.exceptions * EXCEPTION;
    from.at = start + length * head.width;
    const codes = head.width > 3 ? undefined : this.#unpack(from.bytes, start, length, head);
    let row = 0;
    let value = head.base;
    for (let k = 0; k <= head.exceptions; k++) {
      const isLast = k === head.exceptions;
      const index = isLast ? length : exceptionAt(from.view, aside, k, row, length);
      if (codes === undefined) value = wide(from.bytes, start, into, row, index, value, head);
      else value = addDoubles(codes, into, row, index, value, head);
      if (isLast) break;
      const exact = exactAt(from.view, aside, k);
      if (exact < bounds.least) bounds.least = exact;
      if (exact > bounds.most) bounds.most = exact;
      value = head.isDelta ? value + exact : exact;
      into[index] = value;
      row = index + 1;
    }
    return bounds;
  }

  /** Reads `length` differences of 32-bit integers, which are added modulo 2^32. @throws Damage */
  ints(from: Cursor, into: Int32Array, length: number): void {
    const head = readHead(from, length);
    if (!head.isDelta || head.width > 3) damaged("prices of no known coding");
    const aside = from.at;
    const start = aside + head.exceptions * EXCEPTION;
    from.at = start + length * head.width;
    const codes = this.#unpack(from.bytes, start, length, head);
    let row = 0;
    let value = head.base | 0;
    for (let k = 0; k < head.exceptions; k++) {
      const index = exceptionAt(from.view, aside, k, row, length);
      value = addInts(codes, into, row, index, value, head.unit);
      value = (value + exactAt(from.view, aside, k)) | 0;
      into[index] = value;
      row = index + 1;
    }
    addInts(codes, into, row, length, value, head.unit);
  }

  #unpack(bytes: Uint8Array, start: number, length: number, head: Head): Int32Array {
    if (this.#codes.length < length) this.#codes = new Int32Array(length);
    unpack(bytes, start, this.#codes, length, head);
    return this.#codes;
  }
}

/** Exceptions stand in order; what is behind the last one or outside is no writer's. */
function exceptionAt(view: DataView, aside: number, k: number, row: number, end: number): number {
  const index = view.getUint32(aside + k * EXCEPTION, true);
  if (index < row || index >= end) damaged("an exception outside of its column");
  return index;
}

function exactAt(view: DataView, aside: number, k: number): number {
  const exact = view.getFloat64(aside + k * EXCEPTION + 4, true);
  if (!Number.isSafeInteger(exact)) damaged("a number that is not whole");
  return exact;
}

/** Of differences nothing is known before they are added up. */
function boundsOf({ isDelta, width, base, unit }: Head): Bounds {
  if (isDelta) return { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
  return { least: base, most: base + (256 ** width - 1) * unit };
}

function readHead(from: Cursor, length: number): Head {
  const { view, at, bytes } = from;
  if (at + COLUMN_HEAD > bytes.length) damaged("a column that begins behind the end of its block");
  const coding = view.getUint8(at);
  const width = view.getUint8(at + 1);
  const layout = view.getUint8(at + 2);
  const exceptions = view.getUint32(at + 4, true);
  const end = at + COLUMN_HEAD + exceptions * EXCEPTION + length * width;
  if (coding > 1 || layout > 1 || width > MOST_WIDTH || exceptions > length) {
    damaged("a column of no known coding");
  }
  if (end > bytes.length) damaged("a column that ends behind the end of its block");
  const base = view.getFloat64(at + 8, true);
  const unit = view.getFloat64(at + 16, true);
  if (!Number.isSafeInteger(base) || !Number.isSafeInteger(unit) || unit < 1) {
    damaged("a number that is not whole");
  }
  from.at = at + COLUMN_HEAD;
  return {
    isDelta: coding === 1,
    width,
    step: layout === 0 ? 1 : width,
    plane: layout === 0 ? length : 1,
    exceptions,
    base,
    unit,
  };
}

/** Up to three bytes a value: one tight loop for each width. */
function unpack(
  bytes: Uint8Array,
  start: number,
  codes: Int32Array,
  length: number,
  { width, step, plane }: Head,
): void {
  const low = bytes.subarray(start);
  if (width === 0) codes.fill(0, 0, length);
  else if (width === 1) for (let i = 0; i < length; i++) codes[i] = low[i]!;
  else if (width === 2) {
    const high = bytes.subarray(start + plane);
    for (let i = 0, at = 0; i < length; i++, at += step) codes[i] = low[at]! | (high[at]! << 8);
  } else {
    const middle = bytes.subarray(start + plane);
    const high = bytes.subarray(start + 2 * plane);
    for (let i = 0, at = 0; i < length; i++, at += step) {
      codes[i] = low[at]! | (middle[at]! << 8) | (high[at]! << 16);
    }
  }
}

/** From codes to the values [from, end). Returns the last one, from which a delta goes on. */
function addDoubles(
  codes: Int32Array,
  into: Float64Array,
  from: number,
  end: number,
  before: number,
  { isDelta, base, unit }: Head,
): number {
  if (!isDelta) {
    if (unit === 1) for (let i = from; i < end; i++) into[i] = base + codes[i]!;
    else for (let i = from; i < end; i++) into[i] = base + codes[i]! * unit;
    return before;
  }
  let value = before;
  for (let i = from; i < end; i++) {
    const code = codes[i]!;
    value += ((code >>> 1) ^ -(code & 1)) * unit;
    into[i] = value;
  }
  return value;
}

function addInts(
  codes: Int32Array,
  into: Int32Array,
  from: number,
  end: number,
  before: number,
  unit: number,
): number {
  let value = before;
  for (let i = from; i < end; i++) {
    const code = codes[i]!;
    value = (value + Math.imul((code >>> 1) ^ -(code & 1), unit)) | 0;
    into[i] = value;
  }
  return value;
}

/** The same for codes of four bytes and more, which few columns have. */
function wide(
  bytes: Uint8Array,
  start: number,
  into: Float64Array,
  from: number,
  end: number,
  before: number,
  { isDelta, width, step, plane, base, unit }: Head,
): number {
  let value = before;
  const top = (width - 1) * plane;
  for (let i = from; i < end; i++) {
    const place = start + i * step;
    let code = 0;
    for (let at = place + top; at >= place; at -= plane) code = code * 256 + bytes[at]!;
    if (!isDelta) {
      into[i] = base + code * unit;
      continue;
    }
    const half = Math.floor(code / 2);
    value += (half * 2 === code ? half : -half - 1) * unit;
    into[i] = value;
  }
  return value;
}
