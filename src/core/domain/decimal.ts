/**
 * Decimal: exact decimal text, as venues write it, parsed in this one place.
 *
 * A decimal is `mantissa × 10^-scale`. No float is ever made of a venue's price, size or fee.
 */
import { err, invariant, ok, type Result } from "./errors.ts";

export interface Decimal {
  readonly mantissa: bigint;
  /** Digits after the point, 0..40. */
  readonly scale: number;
}

export interface DecimalFault {
  readonly code: "DECIMAL_SYNTAX";
  readonly text: string;
}

const SYNTAX = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?$/;

/** Parses `-12.50`. No exponent, no blanks, no separators: a venue that sends those has changed. */
export function parseDecimal(text: string): Result<Decimal, DecimalFault> {
  const match = SYNTAX.exec(text);
  if (match === null) return err({ code: "DECIMAL_SYNTAX", text: text.slice(0, 60) });
  const fraction = match[3] ?? "";
  const digits = BigInt(match[2]! + fraction);
  return ok({ mantissa: match[1] === "-" ? -digits : digits, scale: fraction.length });
}

/** A decimal that the program itself wrote. @throws InvariantError on bad syntax. */
export function decimal(text: string): Decimal {
  const parsed = parseDecimal(text);
  invariant(parsed.ok, `not a decimal: ${text}`);
  return parsed.value;
}

/** Plain digits, trailing zeros kept: the scale is the caller's choice. */
export function formatDecimal({ mantissa, scale }: Decimal): string {
  const digits = (mantissa < 0n ? -mantissa : mantissa).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(digits.length - scale)}`;
  return mantissa < 0n ? `-${text}` : text;
}

/** The same number without trailing zeros after the point. */
export function trimDecimal(value: Decimal): Decimal {
  let { mantissa, scale } = value;
  while (scale > 0 && mantissa % 10n === 0n) {
    mantissa /= 10n;
    scale -= 1;
  }
  return { mantissa, scale };
}

export const tenTo = (digits: number): bigint => 10n ** BigInt(digits);

/** The mantissa of `value` at `scale`. @throws InvariantError when digits would be lost. */
export function rescale(value: Decimal, scale: number): bigint {
  if (scale >= value.scale) return value.mantissa * tenTo(scale - value.scale);
  const divisor = tenTo(value.scale - scale);
  invariant(value.mantissa % divisor === 0n, `digits lost: ${formatDecimal(value)} at ${scale}`);
  return value.mantissa / divisor;
}

export const multiplyDecimal = (a: Decimal, b: Decimal): Decimal =>
  trimDecimal({ mantissa: a.mantissa * b.mantissa, scale: a.scale + b.scale });

export function compareDecimal(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const scale = Math.max(a.scale, b.scale);
  const difference = rescale(a, scale) - rescale(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** How many whole `step`s fit in `value`, and whether it is an exact multiple. */
export function countSteps(value: Decimal, step: Decimal): { count: bigint; exact: boolean } {
  invariant(step.mantissa > 0n, "a step is positive");
  const scale = Math.max(value.scale, step.scale);
  const numerator = rescale(value, scale);
  const denominator = rescale(step, scale);
  const count = numerator / denominator;
  const exact = count * denominator === numerator;
  return { count: !exact && numerator < 0n ? count - 1n : count, exact };
}

/** For display and estimates only: the nearest double. */
export const toNumber = (value: Decimal): number => Number(formatDecimal(value));

/** Integer division that rounds half away from zero. `denominator` > 0. */
export function divideHalfAway(numerator: bigint, denominator: bigint): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const quotient = (magnitude * 2n + denominator) / (denominator * 2n);
  return numerator < 0n ? -quotient : quotient;
}
