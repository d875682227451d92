/**
 * Exchange options: what a local exchange is started with, and whether it can be.
 *
 * Options come from people and from untyped programs. What must stay true: whatever is out of its
 * range is refused here, in words that say what to write instead.
 */
import { parseDecimal } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Micros } from "../core/domain/units.ts";
import type { Category } from "../exchange/exchange-types.ts";
import { type FeeRate, type FeeTable, STANDARD_FEES } from "../exchange/ledger/fees.ts";
import type { RateLimitSetting } from "../exchange/server/server.ts";
import type { ExchangeAccountOptions } from "./exchange-access.ts";
import type { HostedFault } from "./hosted-source.ts";

export interface ExchangeOptions {
  /** Such as `linear:BTCUSDT=generated:seed=7` or `spot:BTCUSDT=FILE`. */
  readonly symbols: readonly string[];
  /** How many, or what each is [1]. */
  readonly accounts?: number | readonly ExchangeAccountOptions[];
  /** What an account begins with that says nothing of it [a million USDT and USDC, 10 BTC]. */
  readonly wallet?: Readonly<Record<string, string>>;
  /** Maker and taker by category, as fractions in decimal text [Bybit's of VIP 0]. */
  readonly fees?: Partial<Record<Category, FeeRate>>;
  /** What a recording is to orders: it stands as it was, or it answers them [recorded]. */
  readonly market?: "recorded" | "reactive";
  /** Seconds of the markets in a second of the exchange, 1 to 1000 [1]. */
  readonly speed?: number;
  /** Names orders, executions and what keys are not given [drawn]. */
  readonly seed?: number;
  /** Seconds, by the exchange's clock, that the markets have lived through when it opens [60]. */
  readonly history?: number;
  /** When generated markets begin, by their own clock [when the exchange does]. */
  readonly marketStart?: Micros;
  /** [127.0.0.1] */
  readonly host?: string;
  /** [0: any free one] */
  readonly port?: number;
  /** Bybit's, none, or so many requests a second and kind [bybit]. */
  readonly rateLimits?: RateLimitSetting;
  /** For tests: what time it is. Then nothing happens but before a request and in `tick`. */
  readonly clock?: () => Micros;
  /** For tests, beside `clock`: milliseconds, to measure work by [none: all of it is done]. */
  readonly stopwatch?: () => number;
  /** Told now and then how much of the history has passed, 0 to 1. */
  readonly onHistory?: (share: number) => void;
  readonly onLog?: (line: string) => void;
}

const HISTORY_SECONDS = 60;
const MOST_HISTORY_SECONDS = 86_400;
const MOST_SPEED = 1_000;
const MOST_RATE = 100_000;

/** What is not given has its default; what the network needs is left to the network. */
export interface CheckedOptions {
  readonly market: "recorded" | "reactive";
  readonly speed: number;
  readonly history: number;
  readonly fees: FeeTable;
}

export function checkedOptions(options: ExchangeOptions): Result<CheckedOptions, HostedFault> {
  const { speed = 1, history = HISTORY_SECONDS, market = "recorded" } = options;
  const { seed, marketStart, rateLimits = "bybit" } = options;
  if (options.symbols.length === 0) {
    return fault("no symbol is named: an exchange trades at least one");
  }
  if (market !== "recorded" && market !== "reactive") {
    return fault(`market must be recorded or reactive, not ${said(market)}`);
  }
  if (!isIn(speed, 1, MOST_SPEED)) {
    return fault(`speed must be a number from 1 to ${MOST_SPEED}, not ${said(speed)}`);
  }
  if (!isIn(history, 0, MOST_HISTORY_SECONDS)) {
    return fault(`history must be seconds from 0 to ${MOST_HISTORY_SECONDS}, not ${said(history)}`);
  }
  if (seed !== undefined && !isWhole(seed, 0, Number.MAX_SAFE_INTEGER)) {
    return fault(`seed must be a whole number, 0 or more, not ${said(seed)}`);
  }
  if (marketStart !== undefined && !isWhole(marketStart, 0, Number.MAX_SAFE_INTEGER)) {
    return fault(
      `marketStart must be whole microseconds since 1970, as in Date.UTC(2026, 0, 1) * 1000, ` +
        `not ${said(marketStart)}`,
    );
  }
  if (rateLimits !== "bybit" && rateLimits !== "off" && !isWhole(rateLimits, 1, MOST_RATE)) {
    return fault(
      `rateLimits must be "bybit", "off" or a whole number from 1 to ${MOST_RATE}, ` +
        `not ${said(rateLimits)}`,
    );
  }
  const fees = feeTable(options.fees ?? {});
  return fees.ok ? ok({ market, speed, history, fees: fees.value }) : fees;
}

function feeTable(given: NonNullable<ExchangeOptions["fees"]>): Result<FeeTable, HostedFault> {
  for (const [category, rates] of Object.entries(given)) {
    if (!Object.hasOwn(STANDARD_FEES, category)) {
      return fault(`fees are of linear, inverse and spot, not of ${said(category)}`);
    }
    for (const side of ["maker", "taker"] as const) {
      const rate: unknown = rates?.[side];
      if (isFraction(rate)) continue;
      return fault(
        `fees of ${category}: ${side} must be a fraction in decimal text, above -1 and below 1, ` +
          `as in "0.0002", not ${said(rate)}`,
      );
    }
  }
  return ok({ ...STANDARD_FEES, ...given });
}

function isFraction(rate: unknown): boolean {
  return typeof rate === "string" && parseDecimal(rate).ok && Math.abs(Number(rate)) < 1;
}

const isIn = (value: unknown, from: number, until: number): boolean =>
  typeof value === "number" && value >= from && value <= until;
const isWhole = (value: unknown, from: number, until: number): boolean =>
  Number.isSafeInteger(value) && isIn(value, from, until);

/** Of whatever type it is. */
const said = (value: unknown): string =>
  typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));

const fault = (text: string): Result<never, HostedFault> => err({ code: "EXCHANGE_OPTIONS", text });
