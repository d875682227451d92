/**
 * Figure text: how a report writes numbers, money and times.
 *
 * What must stay true: rounding is for the eye alone and the JSON has all digits; what is not known
 * is written `not known`; times are UTC; a cost has its sign.
 */
import {
  type Decimal,
  decimal,
  divideHalfAway,
  formatDecimal,
  tenTo,
  trimDecimal,
} from "../core/domain/decimal.ts";
import type { ExecutionReport } from "../core/tca/report.ts";

export const UNKNOWN = "not known";

/** 1234567.5 → 1,234,567.5 */
export const grouped = (text: string): string => {
  const [whole = "", rest] = text.split(".");
  const parts = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return rest === undefined ? parts : `${parts}.${rest}`;
};

/** With its sign, as costs are. */
export function bpsText(value: number | null, digits = 2): string {
  if (value === null) return UNKNOWN;
  const text = value.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return value > 0 ? `+${grouped(text)}` : `−${grouped(text.slice(1))}`;
}

export const withBps = (value: number | null, digits = 2): string =>
  value === null ? UNKNOWN : `${bpsText(value, digits)} bps`;

export const shareText = (value: number | null): string =>
  value === null ? UNKNOWN : `${(value * 100).toFixed(value < 1 && value > 0.9995 ? 3 : 1)} %`;

export const numberText = (value: number | null, digits = 2): string =>
  value === null ? UNKNOWN : grouped(value.toFixed(digits));

export const countText = (value: number): string => grouped(String(value));

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

function rounded(value: Decimal, digits: number): Decimal {
  if (value.scale <= digits) return value;
  return { mantissa: divideHalfAway(value.mantissa, tenTo(value.scale - digits)), scale: digits };
}

/** Exact decimal text, cut to so many digits behind the point, with its sign. */
export function moneyText(amount: string | null, digits = 2): string {
  if (amount === null) return UNKNOWN;
  const shown = rounded(decimal(amount), digits);
  const text = formatDecimal(shown);
  if (shown.mantissa === 0n) return text;
  return shown.mantissa > 0n ? `+${grouped(text)}` : `−${grouped(text.slice(1))}`;
}

/** Digits behind the point that tell a thousandth of a basis point of the order, two at least. */
export function moneyDigits(report: ExecutionReport | null): number {
  const notional = Number(report?.decisionNotional ?? 0);
  if (!(notional > 0)) return 8;
  return Math.max(2, Math.min(10, 7 - Math.ceil(Math.log10(notional))));
}

/** Of an amount that is no cost: without a sign of its own. */
export const amountText = (amount: string | null, digits = 8): string =>
  amount === null ? UNKNOWN : grouped(formatDecimal(rounded(decimal(amount), digits)));

/** Nine digits in all; a price of the book has fewer anyway. */
export const priceText = (price: string | null): string =>
  price === null
    ? UNKNOWN
    : grouped(
        formatDecimal(
          trimDecimal(rounded(decimal(price), 9 - Math.min(8, price.split(".")[0]!.length))),
        ),
      );

/** The day and the second. */
export const timeText = (at: number): string =>
  `${new Date(at / 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;

export const clockText = (at: number): string => new Date(at / 1000).toISOString().slice(11, 23);

/** `5 min`, `1 h 20 min`, `12.4 s`. */
export function spanText(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor((whole % 86_400) / 3_600), "h"],
    [Math.floor((whole % 3_600) / 60), "min"],
    [whole % 60, "s"],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

export const pText = (p: number | null): string =>
  p === null ? UNKNOWN : p < 0.001 ? "< 0.001" : p.toFixed(3);

/** Where an order was worked, for a sentence. */
export const whereText = (venue: string): string =>
  venue === "simulated" ? "in a simulation" : `on ${venue}`;

/** `a, b and c`. */
export const listText = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
