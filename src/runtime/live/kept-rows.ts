/**
 * Kept rows: market rows as the bytes that stand beside the journal until the event file has them.
 *
 * They are made in the path from the tick to the order, so the columns are copied as they lie in
 * memory: whoever reads them is the same machine after a crash. What must stay true: bytes that
 * are not what was packed are not taken for rows.
 */
import { crc32 } from "node:zlib";
import { blockOf, type MarketBlock, type MarketColumns } from "../../core/market/columns.ts";
import { allocateColumns } from "../../data/event-file/rows.ts";

/** CRC-32 of what follows, number of rows, number of the first one in its session. */
const PROLOGUE = 4 + 4 + 8;
const ROW = 8 + 8 + 8 + 4 + 1;

/** Rows [from, to), the first of which is number `first` of the session. */
export function packRows(
  { exchangeTime, localTime, quantity, price, kind }: MarketColumns,
  from: number,
  to: number,
  first: number,
): Uint8Array {
  const count = to - from;
  const packed = new Uint8Array(PROLOGUE + count * ROW);
  const view = new DataView(packed.buffer);
  view.setUint32(4, count, true);
  view.setFloat64(8, first, true);
  let at = PROLOGUE;
  for (const column of [exchangeTime, localTime, quantity, price, kind]) {
    const each = column.BYTES_PER_ELEMENT;
    packed.set(new Uint8Array(column.buffer, column.byteOffset + from * each, count * each), at);
    at += count * each;
  }
  view.setUint32(0, crc32(packed.subarray(4)), true);
  return packed;
}

/** Undefined where these are not rows that begin with number `first`. */
export function unpackRows(packed: Uint8Array, first: number): MarketBlock | undefined {
  if (packed.length < PROLOGUE) return undefined;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const length = view.getUint32(4, true);
  const isWhole =
    packed.length === PROLOGUE + length * ROW &&
    view.getFloat64(8, true) === first &&
    view.getUint32(0, true) === crc32(packed.subarray(4));
  if (!isWhole) return undefined;
  const columns = allocateColumns(length);
  let at = PROLOGUE;
  for (const name of ["exchangeTime", "localTime", "quantity", "price", "kind"] as const) {
    const into = new Uint8Array(columns[name].buffer);
    into.set(packed.subarray(at, at + into.length));
    at += into.length;
  }
  return blockOf(columns, length);
}
