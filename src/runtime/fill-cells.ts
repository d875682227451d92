/**
 * Fill cells: the values in an export of fills, as the many who write them do.
 *
 * Everything is read exactly or refused with words that say what to write: no float is made of a
 * price, and a time whose zone is not known is no time.
 */
import { type Decimal, formatDecimal, parseDecimal } from "../core/domain/decimal.ts";
import type { Liquidity } from "../core/domain/child-order.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Side } from "../core/domain/side.ts";

/** A point in time as exactly as it was written. */
export interface Instant {
  /** Since the Unix epoch. */
  readonly nanos: bigint;
  /** Nanoseconds that the last digit stands for: what was written may be that much later. */
  readonly resolution: number;
}

const YEAR_FIRST = 1990;
const YEAR_LAST = 2200;
const NANOS = 1_000_000_000n;

const CLOCK = /(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?/.source;
const ZONE = /(Z|UTC|GMT|[+-]\d\d:?\d\d)?/.source;
const DATE_TIME = new RegExp(`^(\\d{4})-?(\\d\\d)-?(\\d\\d)[T -]\\s*${CLOCK}\\s*${ZONE}$`, "i");
const EPOCH = /^(\d{9,19})(?:\.(\d{1,9}))?$/;

/** ISO 8601, FIX (`20240809-00:01:02.345`, always UTC) or seconds, ms, µs or ns since 1970. */
export function parseInstant(text: string, isUtc: boolean): Result<Instant, string> {
  const epoch = EPOCH.exec(text);
  if (epoch !== null) return sinceEpoch(epoch[1]!, epoch[2] ?? "");
  const parts = DATE_TIME.exec(text);
  if (parts === null) {
    return err(
      "is not a time: write ISO 8601 such as 2024-08-09T00:01:02.345Z, or s, ms … of 1970",
    );
  }
  const isFix = /^\d{8}-/.test(text);
  const zone = parts[8]?.toUpperCase();
  if (zone === undefined && !isUtc && !isFix) {
    return err("has no time zone: write Z or +hh:mm, or say --time-zone utc if it is UTC");
  }
  const [year, month, day, hour, minute] = [1, 2, 3, 4, 5].map((at) => Number(parts[at]));
  const second = Number(parts[6] ?? 0);
  const whole = Date.UTC(year!, month! - 1, day!, hour!, minute!, second);
  const back = new Date(whole);
  const isReal =
    back.getUTCMonth() === month! - 1 &&
    back.getUTCDate() === day! &&
    back.getUTCHours() === hour! &&
    back.getUTCMinutes() === minute! &&
    back.getUTCSeconds() === second;
  if (!isReal) return err("is not a time that exists");
  const offset = zone === undefined || !/^[+-]/.test(zone) ? 0 : minutesOf(zone);
  if (offset === undefined) return err("has a time zone that does not exist");
  const fraction = parts[7] ?? "";
  const seconds = BigInt(whole / 1000 - offset * 60);
  const resolution = parts[6] === undefined ? 60e9 : unitOf(fraction.length);
  return checked({ nanos: seconds * NANOS + BigInt(fraction.padEnd(9, "0")), resolution });
}

function minutesOf(zone: string): number | undefined {
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

/** By magnitude: nine to eleven digits are seconds, up to fourteen ms, up to seventeen µs. */
function sinceEpoch(whole: string, fraction: string): Result<Instant, string> {
  const digits = whole.length;
  const scale = digits <= 11 ? 9 : digits <= 14 ? 6 : digits <= 17 ? 3 : 0;
  if (fraction.length > scale) return err("has more digits than nanoseconds have");
  const nanos = BigInt(whole + fraction.padEnd(scale, "0"));
  return checked({ nanos, resolution: unitOf(9 - scale + fraction.length) });
}

/** A time of so many digits counts in seconds, ms, µs or ns. */
const unitOf = (digits: number): number =>
  digits === 0 ? 1e9 : digits <= 3 ? 1e6 : digits <= 6 ? 1e3 : 1;

function checked(instant: Instant): Result<Instant, string> {
  const year = new Date(Number(instant.nanos / 1_000_000n)).getUTCFullYear();
  if (year >= YEAR_FIRST && year < YEAR_LAST) return ok(instant);
  return err(`is not a time of ${YEAR_FIRST} or later`);
}

export interface Amount {
  readonly value: Decimal;
  /** `0.18SOL`: the coin that stands behind the number. */
  readonly coin: string | undefined;
}

const AMOUNT =
  /^([+-]?\d{1,40}(?:\.\d{1,40})?|[+-]?\.\d{1,40})(?:e([+-]?\d{1,2}))?\s*([a-z][a-z0-9]{1,11})?$/i;

/** Exact; `7.1e-05` is expanded, a thousands separator or a decimal comma is refused. */
export function parseAmount(text: string): Result<Amount, string> {
  const parts = AMOUNT.exec(text);
  if (parts === null) {
    const hint = text.includes(",") ? ": write a point, and no separators of thousands" : "";
    return err(`is not an exact decimal${hint}`);
  }
  const parsed = parseDecimal(parts[1]!.replace(/^([+-]?)\./, "$10."));
  if (!parsed.ok) return err("is not an exact decimal");
  const value = shifted(parsed.value, Number(parts[2] ?? 0));
  if (value === undefined) return err("has more digits than are kept");
  return ok({ value, coin: parts[3]?.toUpperCase() });
}

const MOST_DIGITS = 40;

function shifted({ mantissa, scale }: Decimal, exponent: number): Decimal | undefined {
  const moved = scale - exponent;
  if (moved > MOST_DIGITS || exponent > MOST_DIGITS) return undefined;
  return moved >= 0
    ? { mantissa, scale: moved }
    : { mantissa: mantissa * 10n ** BigInt(-moved), scale: 0 };
}

export const negated = ({ mantissa, scale }: Decimal): string =>
  formatDecimal({ mantissa: -mantissa, scale });

/** ccxt writes a fee as `{'cost': 0.07, 'currency': 'USDT'}`. */
export function parseFee(text: string): Result<Amount, string> {
  if (!text.startsWith("{")) return parseAmount(text);
  const cost = /["']cost["']\s*:\s*["']?([^"',}\s]+)/.exec(text)?.[1];
  const coin = /["']currency["']\s*:\s*["']([A-Za-z0-9]{2,12})["']/.exec(text)?.[1];
  if (cost === undefined) return err("names no cost");
  const amount = parseAmount(cost);
  return amount.ok ? ok({ value: amount.value.value, coin: coin?.toUpperCase() }) : amount;
}

const SIDES: Readonly<Record<string, Side>> = {
  buy: "buy",
  b: "buy",
  "1": "buy",
  bid: "buy",
  bought: "buy",
  long: "buy",
  true: "buy",
  sell: "sell",
  s: "sell",
  "2": "sell",
  ask: "sell",
  sold: "sell",
  short: "sell",
  false: "sell",
};

/** Words, FIX codes, and the truth of a column named `buyer`. */
export function parseSide(text: string): Result<Side, string> {
  const side = Object.hasOwn(SIDES, text.toLowerCase()) ? SIDES[text.toLowerCase()] : undefined;
  return side === undefined ? err("is not a side: write buy or sell") : ok(side);
}

const LIQUIDITIES: Readonly<Record<string, Liquidity>> = {
  maker: "maker",
  m: "maker",
  true: "maker",
  yes: "maker",
  "1": "maker",
  taker: "taker",
  t: "taker",
  false: "taker",
  no: "taker",
  "0": "taker",
  "2": "taker",
};

/** Undefined where the cell is empty: not known. */
export function parseLiquidity(text: string): Result<Liquidity | undefined, string> {
  if (text === "") return ok(undefined);
  const key = text.toLowerCase();
  if (Object.hasOwn(LIQUIDITIES, key)) return ok(LIQUIDITIES[key]);
  return err("is neither maker nor taker");
}

/** Bybit says Trade, OKX T or M (and so who took), FIX F; all else moves no order. */
export function parseType(text: string): { isTrade: boolean; liquidity?: Liquidity } {
  const type = text.toLowerCase();
  if (type === "t") return { isTrade: true, liquidity: "taker" };
  if (type === "m") return { isTrade: true, liquidity: "maker" };
  return { isTrade: ["", "trade", "f", "fill", "partial fill"].includes(type) };
}
