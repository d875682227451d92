/**
 * Told: what the venue says of a market besides its book and trades: tickers and liquidations.
 *
 * What must stay true: of whatever a message says, no more is taken than a rate of at most one, a
 * time, whole lots, and liquidations of the market's own symbol on its grid; each as its text says.
 */
import type { Liquidation, MarketTold } from "../../../src/core/domain/messages.ts";
import { GROUNDS } from "../../../src/testing/schedule.ts";
import { expectThat, type OpenTarget, type Target } from "../target.ts";

type Module = typeof import("../../../src/data/recorder/bybit-told.ts");

const { instrument } = GROUNDS[0]!; // A tick of 0.1 and a lot of 0.001.
const TICKS_A_UNIT = 10n;
const LOTS_A_UNIT = 1000n;
const { symbol } = instrument;

class ToldCheck {
  readonly #module: Module;

  constructor(module: Module) {
    this.#module = module;
  }

  run(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof message !== "object" || message === null) return;
    const told = new this.#module.BybitTold(instrument);
    const ticker = told.ticker(message);
    if (ticker !== undefined) this.#ticker(ticker, dataOf(message));
    const forced = told.liquidations(message);
    if (forced !== undefined) this.#liquidations(forced, dataOf(message));
  }

  #ticker(told: MarketTold, data: Readonly<Record<string, unknown>>): void {
    const { fundingRate, nextFundingAt, openInterest, ...others } = told;
    expectThat(Object.keys(others).length === 0, () => `a ticker tells ${JSON.stringify(others)}`);
    expectThat(data["symbol"] === symbol, () => `of the symbol ${String(data["symbol"])}`);
    if (fundingRate !== undefined) {
      const isSo = Math.abs(fundingRate) <= 1 && fundingRate === Number(data["fundingRate"]);
      expectThat(isSo, () => `${fundingRate} of ${String(data["fundingRate"])}`);
    }
    if (nextFundingAt !== undefined) expectTime(nextFundingAt, data["nextFundingTime"]);
    if (openInterest !== undefined) expectExact(openInterest, LOTS_A_UNIT, data["openInterest"]);
  }

  #liquidations(told: MarketTold, data: Readonly<Record<string, unknown>>): void {
    const { liquidations = [], ...others } = told;
    expectThat(Object.keys(others).length === 0, () => `they tell ${JSON.stringify(others)}`);
    const most = this.#module.MOST_LIQUIDATIONS;
    const isSome = liquidations.length > 0 && liquidations.length <= most;
    expectThat(isSome, () => `${liquidations.length} liquidations`);
    // In their order, each from a row of its own.
    const rows = Object.values(data) as readonly unknown[];
    let row = 0;
    for (const each of liquidations) {
      while (row < rows.length && !isOf(each, rows[row])) row += 1;
      expectThat(row < rows.length, () => `${JSON.stringify(each)} stands in no row`);
      row += 1;
    }
  }
}

const dataOf = (message: object): Readonly<Record<string, unknown>> =>
  (message as { data: Record<string, unknown> }).data;

function isOf({ time, side, price, quantity }: Liquidation, raw: unknown): boolean {
  if (typeof raw !== "object" || raw === null) return false;
  const { T, s, S, v, p } = raw as Readonly<Record<string, unknown>>;
  if (typeof T !== "number") return false;
  const isHere = s === symbol && S === (side === "buy" ? "Buy" : "Sell") && time === T * 1e3;
  return (
    isHere && quantity > 0 && isExact(quantity, LOTS_A_UNIT, v) && isExact(price, TICKS_A_UNIT, p)
  );
}

function expectTime(at: number, text: unknown): void {
  const isSo = Number.isSafeInteger(at) && at === Number(text) * 1000 && at >= 1e15;
  expectThat(isSo, () => `the time ${at} of ${String(text)}`);
}

function expectExact(count: number, perUnit: bigint, text: unknown): void {
  expectThat(isExact(count, perUnit, text), () => `${count} steps of ${String(text)}`);
}

/** By whole numbers alone, of a decimal with or without a sign and an exponent. */
function isExact(count: number, perUnit: bigint, text: unknown): boolean {
  const found = /^([+-]?\d*)\.?(\d*)(?:[eE]([+-]?\d{1,3}))?$/.exec(
    typeof text === "string" ? text : "none",
  );
  if (found === null || !Number.isSafeInteger(count) || count < 0) return false;
  const [, whole = "", part = "", power = "0"] = found;
  const exponent = Number(power) - part.length;
  const digits = BigInt(`${whole}${part}`) * perUnit;
  return exponent >= 0
    ? digits * 10n ** BigInt(exponent) === BigInt(count)
    : digits === BigInt(count) * 10n ** BigInt(-exponent);
}

const liquidation = (change: object = {}) => ({
  T: 1_795_000_000_123,
  s: symbol,
  S: "Sell",
  v: "0.020",
  p: "64250.1",
  ...change,
});
const SEEDS = [
  {
    topic: `tickers.${symbol}`,
    type: "snapshot",
    cs: 24_987_956_059,
    ts: 1_795_000_000_200,
    data: {
      symbol,
      tickDirection: "PlusTick",
      lastPrice: "64250.10",
      fundingRate: "-0.000212",
      nextFundingTime: "1795017600000",
      openInterest: "52345.678",
      openInterestValue: "3363219346.11",
    },
  },
  { topic: `tickers.${symbol}`, type: "delta", data: { symbol, fundingRate: "0.0001" } },
  { topic: `allLiquidation.${symbol}`, type: "snapshot", data: [liquidation()] },
  {
    topic: `allLiquidation.${symbol}`,
    data: Array.from({ length: 22 }, (_, k) =>
      liquidation({ S: k % 2 === 0 ? "Buy" : "Sell", v: `${k + 1}`, T: 1_795_000_000_000 + k }),
    ),
  },
];

async function open(): Promise<OpenTarget> {
  const check = new ToldCheck(await import("../../../src/data/recorder/bybit-told.ts"));
  return {
    seeds: SEEDS.map((message) => JSON.stringify(message)),
    missing: [],
    run: (input) => check.run(input),
  };
}

export const told: Target = {
  name: "told",
  about: "what Bybit's public stream tells besides the book: funding, open interest, liquidations",
  kind: "json",
  words: [
    ..."symbol fundingRate nextFundingTime openInterest data T s S v p Buy Sell".split(" "),
    ...`${symbol} 1 -1 1.0 0.1 0.0005 1e3 NaN Infinity 1795017600000 9007199254740993`.split(" "),
  ],
  share: 0.02,
  budgetMs: 250,
  open,
};
