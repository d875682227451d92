/**
 * Amount: money and coins inside the exchange, whatever the coin.
 *
 * One scale for all coins, finer than any grid, so that amounts of one coin from several markets
 * can be added. Sums are exact; what divides rounds once, half away from zero, and says so.
 */
import {
  type Decimal,
  decimal,
  divideHalfAway,
  formatDecimal,
  tenTo,
} from "../../core/domain/decimal.ts";

/** Digits after the point of every amount, which is a count of 10^-24 of its coin. */
export const AMOUNT_SCALE = 24;

/** Powers of ten that are needed all the time: to make one costs more than to divide by it. */
const POWERS = Array.from({ length: 2 * AMOUNT_SCALE }, (_, digits) => tenTo(digits));

const powerOf = (digits: number): bigint => POWERS[digits] ?? tenTo(digits);

const ONE = tenTo(AMOUNT_SCALE);

/** Digits beyond the scale are rounded half away from zero: no grid has any. */
export function toAmount({ mantissa, scale }: Decimal): bigint {
  if (scale <= AMOUNT_SCALE) return mantissa * powerOf(AMOUNT_SCALE - scale);
  return divideHalfAway(mantissa, powerOf(scale - AMOUNT_SCALE));
}

/** @throws InvariantError on bad syntax: what comes from outside is checked before. */
export const amountOf = (text: string): bigint => toAmount(decimal(text));

/** Exact, without trailing zeros; with `digits`, rounded half away from zero to so many. */
export function amountText(amount: bigint, digits = AMOUNT_SCALE): string {
  if (amount === 0n) return "0";
  const mantissa =
    digits === AMOUNT_SCALE ? amount : divideHalfAway(amount, powerOf(AMOUNT_SCALE - digits));
  return trimZeros(formatDecimal({ mantissa, scale: digits }));
}

function trimZeros(text: string): string {
  if (!text.includes(".")) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  if (text.charCodeAt(end - 1) === POINT) end--;
  const trimmed = text.slice(0, end);
  return trimmed === "-0" ? "0" : trimmed;
}

const ZERO = 48;
const POINT = 46;

/** The nearest double, for estimates. */
export const amountEstimate = (amount: bigint): number => Number(amountText(amount));

/** `amount` × a fraction, such as a rate. Rounded once. */
export function timesDecimal(amount: bigint, { mantissa, scale }: Decimal): bigint {
  return divideHalfAway(amount * mantissa, powerOf(scale));
}

/** `amount` / a positive number, such as a leverage. Rounded once. */
export function perDecimal(amount: bigint, { mantissa, scale }: Decimal): bigint {
  return divideHalfAway(amount * powerOf(scale), mantissa);
}

/** `amount` units at `price` a unit. Rounded once. */
export const timesPrice = (amount: bigint, price: bigint): bigint =>
  divideHalfAway(amount * price, ONE);
