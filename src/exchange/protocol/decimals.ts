/**
 * Decimals: the few sums that answers need beside what the core has already worked out.
 */
import {
  type Decimal,
  decimal,
  divideHalfAway,
  formatDecimal,
  multiplyDecimal,
  tenTo,
  trimDecimal,
} from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import type { Lots, Ticks } from "../../core/domain/units.ts";

/** Digits after the point of a quotient, as Bybit shows them. */
const QUOTIENT_SCALE = 8;

export const trimmed = (value: Decimal): string => formatDecimal(trimDecimal(value));

/** a / b, rounded half away from zero to eight digits. b > 0. */
export const quotient = (a: Decimal, b: Decimal): string =>
  trimmed({
    mantissa: divideHalfAway(
      a.mantissa * tenTo(b.scale + QUOTIENT_SCALE),
      b.mantissa * tenTo(a.scale),
    ),
    scale: QUOTIENT_SCALE,
  });

/** Lots as an amount of what a contract stands for. */
const faceOf = (instrument: Instrument, lots: Lots): Decimal =>
  multiplyDecimal(
    { mantissa: BigInt(lots) * instrument.lotSize.mantissa, scale: instrument.lotSize.scale },
    instrument.contractSize,
  );

/** Mean price of a traded value; undefined where nothing has traded. */
export function meanPrice(instrument: Instrument, lots: Lots, value: string): string | undefined {
  if (lots === 0) return undefined;
  const worth = decimal(value);
  const face = faceOf(instrument, lots);
  if (worth.mantissa === 0n) return undefined;
  return instrument.kind === "inverse" ? quotient(face, worth) : quotient(worth, face);
}

/** Value of lots at a price: quote coin, of inverse contracts base coin. */
export function valueOf(instrument: Instrument, lots: Lots, price: Ticks): string {
  if (lots === 0 || price === 0) return "0";
  const face = faceOf(instrument, lots);
  const at = {
    mantissa: BigInt(price) * instrument.tickSize.mantissa,
    scale: instrument.tickSize.scale,
  };
  return instrument.kind === "inverse" ? quotient(face, at) : trimmed(multiplyDecimal(face, at));
}

export function sumOf(a: string, b: string): string {
  const left = decimal(a);
  const right = decimal(b);
  const scale = Math.max(left.scale, right.scale);
  const mantissa =
    left.mantissa * tenTo(scale - left.scale) + right.mantissa * tenTo(scale - right.scale);
  return trimmed({ mantissa, scale });
}

/** part / whole to four digits, "0" of nothing: rates of margin. */
export function rateOf(part: string, whole: string): string {
  const divisor = decimal(whole);
  if (divisor.mantissa <= 0n) return "0";
  const value = decimal(part);
  return trimmed({
    mantissa: divideHalfAway(
      value.mantissa * tenTo(divisor.scale + 4),
      divisor.mantissa * tenTo(value.scale),
    ),
    scale: 4,
  });
}
