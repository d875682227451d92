/**
 * Rows: columns of one's own to copy market rows into.
 */
import type { MarketColumns } from "../../core/market/columns.ts";

/** Columns whose length in use changes. */
export interface OwnedBlock extends MarketColumns {
  length: number;
}

export const allocateColumns = (capacity: number): MarketColumns => ({
  exchangeTime: new Float64Array(capacity),
  localTime: new Float64Array(capacity),
  kind: new Uint8Array(capacity),
  price: new Int32Array(capacity),
  quantity: new Float64Array(capacity),
});

/** Rows [from, end) of `source` to `at` of `into`, which may be the same columns. */
export function copyRows(
  source: MarketColumns,
  from: number,
  end: number,
  into: MarketColumns,
  at: number,
): void {
  into.exchangeTime.set(source.exchangeTime.subarray(from, end), at);
  into.localTime.set(source.localTime.subarray(from, end), at);
  into.kind.set(source.kind.subarray(from, end), at);
  into.price.set(source.price.subarray(from, end), at);
  into.quantity.set(source.quantity.subarray(from, end), at);
}
