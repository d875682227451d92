/**
 * Units: the integers that money, size and time are counted in.
 *
 * Everything exact (orders, books, fills, positions, cash) is an integer count of the instrument's
 * own increments. Everything estimated (impact, volatility, cost in bps) is a float with its unit
 * in its name. The only bridges from float to exact are the rounding functions below, and each
 * names the direction it rounds, because in trading the direction is a decision.
 */
import { invariant } from "./errors.ts";

declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };
type BigUnit<Name extends string> = bigint & { readonly [unit]: Name };

/** Price in ticks: a count of the instrument's tick size. Fits an int32. */
export type Ticks = Unit<"ticks">;
/** Twice a price in ticks. A mid is half-integral, so `bid + ask` is the exact way to hold it. */
export type HalfTicks = Unit<"half-ticks">;
/** Quantity in lots: a count of the instrument's lot size. A safe integer, never negative. */
export type Lots = Unit<"lots">;
/** Microseconds since the Unix epoch, or a span of them: nanoseconds would not fit. */
export type Micros = Unit<"micros">;
/**
 * Money in the instrument's settlement coin, as a count of 10^-`cashScale`. A bigint: 2^53 of the
 * smallest increments is only $901 on some pairs. Signed: positive = paid, unless said otherwise.
 */
export type Cash = BigUnit<"cash">;

/** Ten-thousandths. An estimate or a limit, signed: positive = paid. */
export type Bps = number;
/** A share of one: 0.1 is a tenth. The word "percent" is not used in this code. */
export type Fraction = number;

export const ticks = (count: number): Ticks => exact(count) as Ticks;
export const halfTicks = (count: number): HalfTicks => exact(count) as HalfTicks;
export const micros = (count: number): Micros => exact(count) as Micros;
export const cash = (count: bigint): Cash => count as Cash;

/** @throws InvariantError when negative or not a safe integer. */
export function lots(count: number): Lots {
  if (!(count >= 0)) invariant(false, `lots are never negative: ${count}`);
  return exact(count) as Lots;
}

export const NO_LOTS = 0 as Lots;

export const addLots = (a: Lots, b: Lots): Lots => lots(a + b);
/** @throws InvariantError when `b` exceeds `a`. */
export const subtractLots = (a: Lots, b: Lots): Lots => lots(a - b);
export const minLots = (a: Lots, b: Lots): Lots => (a < b ? a : b);
export const maxLots = (a: Lots, b: Lots): Lots => (a > b ? a : b);
/** a − b, or zero where b is the larger. */
export const excessLots = (a: Lots, b: Lots): Lots => (a > b ? lots(a - b) : NO_LOTS);

/** Rounds an estimate down, so that an order never exceeds what was asked for. */
export const floorToLots = (estimate: number): Lots => lots(Math.max(0, Math.floor(estimate)));

export const addMicros = (at: Micros, span: number): Micros => micros(at + span);
export const SECOND = 1_000_000 as Micros;
export const MINUTE = 60_000_000 as Micros;
export const HOUR = 3_600_000_000 as Micros;
export const DAY = 86_400_000_000 as Micros;
/** Later than every event: "no timer is set". */
export const NEVER = Number.MAX_SAFE_INTEGER as Micros;

export const midOf = (bid: Ticks, ask: Ticks): HalfTicks => halfTicks(bid + ask);
export const atTick = (price: Ticks): HalfTicks => halfTicks(price * 2);

/** The text is made only when it is needed: this runs for every figure. */
function exact(count: number): number {
  if (!Number.isSafeInteger(count)) invariant(false, `not a safe integer: ${count}`);
  return count;
}
