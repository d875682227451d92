/**
 * Grid parser: decimal text to a count of steps, without a float and without an object per number.
 *
 * The same answers as the instrument's `parsePrice` and `parseQuantity`, about twelve times faster.
 * What does not fit fifteen plain digits goes to them.
 */
import {
  type GridFault,
  type Instrument,
  parsePrice,
  parseQuantity,
} from "../core/domain/instrument.ts";
import { countSteps, type Decimal, parseDecimal, trimDecimal } from "../core/domain/decimal.ts";
import type { Result } from "../core/domain/errors.ts";

/** The text is a number, but not on the grid (or out of its range). */
export const OFF_GRID = -1;
/** The text is not a number. */
export const NOT_A_NUMBER = -2;

/** Returns the count of steps, `OFF_GRID` or `NOT_A_NUMBER`. */
export type GridParser = (text: string) => number;

/** Digits that a double surely holds. */
const SAFE_DIGITS = 15;
const ZERO = 48;
const POINT = 46;

export function priceParser(instrument: Instrument): GridParser {
  return gridParser(instrument.tickSize, 1, 0x7ffffffe, (text) => parsePrice(instrument, text));
}

export function quantityParser(instrument: Instrument): GridParser {
  const most = Number.MAX_SAFE_INTEGER;
  return gridParser(instrument.lotSize, 0, most, (text) => parseQuantity(instrument, text));
}

function gridParser(
  step: Decimal,
  least: number,
  most: number,
  exact: (text: string) => Result<number, GridFault>,
): GridParser {
  const { mantissa, scale } = trimDecimal(step);
  const divisor = Number(mantissa);
  const slow = (text: string): number => {
    const parsed = exact(text);
    if (parsed.ok) return parsed.value;
    return parsed.error.code === "DECIMAL_SYNTAX" ? NOT_A_NUMBER : OFF_GRID;
  };
  if (scale > SAFE_DIGITS || mantissa > 10n ** BigInt(SAFE_DIGITS)) return slow;

  return (text) => {
    const length = text.length;
    let value = 0;
    let digits = 0;
    let index = 0;
    for (; index < length; index++) {
      const digit = text.charCodeAt(index) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      digits += 1;
    }
    const wholeDigits = digits;
    let fraction = 0;
    if (index < length) {
      if (text.charCodeAt(index) !== POINT) return slow(text);
      for (index += 1; index < length; index++) {
        const digit = text.charCodeAt(index) - ZERO;
        if (digit < 0 || digit > 9) return slow(text);
        if (fraction < scale) {
          value = value * 10 + digit;
          digits += 1;
        } else if (digit !== 0) return slow(text);
        fraction += 1;
      }
      if (fraction === 0 || fraction > 40) return slow(text);
    }
    for (let padding = fraction; padding < scale; padding++) value *= 10;
    // Counted with the padding: the product must still be exact.
    if (wholeDigits === 0 || wholeDigits + scale > SAFE_DIGITS) return slow(text);
    const count = divisor === 1 ? value : value / divisor;
    if (divisor !== 1 && value % divisor !== 0) return OFF_GRID;
    return count < least || count > most ? OFF_GRID : count;
  };
}

/** Whole lots in a quantity that is between two: for facts of the venue, never for orders. */
export function floorQuantity(instrument: Instrument, text: string): number {
  const parsed = parseDecimal(text);
  if (!parsed.ok || parsed.value.mantissa < 0n) return OFF_GRID;
  const { count } = countSteps(parsed.value, instrument.lotSize);
  return count <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(count) : OFF_GRID;
}
