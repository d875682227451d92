/**
 * Event columns: how the rows of a recording are called and counted in other tools' files.
 *
 * The same names, types and units in Parquet, in Arrow, in CSV and in SQL. What must stay true:
 * prices and quantities are exact decimals on the instrument's own grid, times whole nanoseconds;
 * no value has ever been a binary fraction.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Decimal } from "../../core/domain/decimal.ts";
import { type Instrument, instrumentId } from "../../core/domain/instrument.ts";
import { ENGINE_ONLY, LAST, OFF_BOOK, OFF_VOLUME, VENUE_ONLY } from "../../core/market/columns.ts";
import type { DataFault } from "../fault.ts";

/** By `Kind`. */
export const KIND_NAMES = ["bid", "ask", "trade_buy", "trade_sell", "clear", "gap"] as const;

/** Booleans, and the bit of the kind that each is. */
export const FLAG_COLUMNS = [
  ["last", LAST],
  ["engine_only", ENGINE_ONLY],
  ["venue_only", VENUE_ONLY],
  ["off_book", OFF_BOOK],
  ["off_volume", OFF_VOLUME],
] as const;

/** In this order everywhere. */
export const EVENT_COLUMNS = [
  "exchange_time",
  "local_time",
  "symbol",
  "kind",
  "price",
  "quantity",
  "ticks",
  "lots",
  ...FLAG_COLUMNS.map(([name]) => name),
] as const;

/** A count of steps as a decimal: count × mantissa, with `scale` digits behind the point. */
export interface DecimalColumn {
  readonly mantissa: bigint;
  readonly scale: number;
  /** Digits in all: 18 (64 bits) where every value fits, else 38 (128 bits). */
  readonly precision: 18 | 38;
}

export interface EventGrid {
  readonly price: DecimalColumn;
  readonly quantity: DecimalColumn;
}

/** Digits of the greatest count: ticks are int32, lots safe integers. */
const TICK_DIGITS = 10;
const LOT_DIGITS = 16;

/** A fault where a grid is finer than 38 digits can say. */
export function eventGrid(instrument: Instrument): Result<EventGrid, DataFault> {
  const price = columnOf(instrument.tickSize, TICK_DIGITS);
  const quantity = columnOf(instrument.lotSize, LOT_DIGITS);
  if (price !== undefined && quantity !== undefined) return ok({ price, quantity });
  const text =
    `${instrumentId(instrument)}: its ${price === undefined ? "tick" : "lot"} size needs more ` +
    "than 38 decimal digits, which no column of these formats has";
  return err({ code: "DATA_EXPORT", text });
}

function columnOf({ mantissa, scale }: Decimal, digits: number): DecimalColumn | undefined {
  const own = String(mantissa).length;
  // As wide as SQL makes the product of a count and a step.
  if (digits + Math.max(scale, own) > 38) return undefined;
  return { mantissa, scale, precision: Math.max(scale, digits + own) <= 18 ? 18 : 38 };
}
