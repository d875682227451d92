/** What Bybit's ticker and liquidations say: true messages are read, and nothing else is believed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { lots } from "../../core/domain/units.ts";
import { BybitTold, MOST_LIQUIDATIONS } from "./bybit-told.ts";

const ROSE: Instrument = {
  venue: "bybit",
  symbol: "ROSEUSDT",
  kind: "linear",
  base: "ROSE",
  quote: "USDT",
  tickSize: decimal("0.00001"),
  lotSize: decimal("1"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1e9),
  maxMarketLots: lots(1e9),
  minNotional: decimal("5"),
};
const told = new BybitTold(ROSE);
const liquidation = (change: object = {}) => ({
  T: 1739502302929,
  s: "ROSEUSDT",
  S: "Sell",
  v: "20000",
  p: "0.04499",
  ...change,
});
const ticker = (data: object) => told.ticker({ data: { symbol: "ROSEUSDT", ...data } });

describe("a ticker", () => {
  it("tells funding and open interest, each only where it is said", () => {
    expect(
      ticker({
        tickDirection: "PlusTick",
        openInterest: "68744761",
        fundingRate: "-0.000212",
        nextFundingTime: "1673280000000",
        bid1Price: "0.04499",
      }),
    ).toEqual({
      fundingRate: -0.000212,
      nextFundingAt: 1_673_280_000_000_000,
      openInterest: 68_744_761,
    });
    expect(ticker({ fundingRate: "0.0001" })).toEqual({ fundingRate: 0.0001 });
    expect(ticker({ lastPrice: "0.04499" })).toBeUndefined();
  });

  it.each([
    ["no text", { fundingRate: 0.0001, openInterest: 5, nextFundingTime: 1673280000000 }],
    ["no numbers", { fundingRate: "NaN", openInterest: "much", nextFundingTime: "soon" }],
    ["empty", { fundingRate: "", openInterest: "", nextFundingTime: "" }],
    [
      "too much",
      { fundingRate: "1.5", openInterest: "9".repeat(40), nextFundingTime: "1".repeat(20) },
    ],
    ["later than a number can tell", { nextFundingTime: "9795000000014" }],
    ["negative", { openInterest: "-1", nextFundingTime: "-673280000000" }],
    ["another's", { symbol: "BTCUSDT", fundingRate: "0.0001" }],
    ["in other notations", { fundingRate: "1e-4", openInterest: "1e3" }],
    ["of objects", { fundingRate: { toString: () => "0" }, openInterest: ["1"] }],
  ])("says nothing where its fields are %s", (_, data) => {
    expect(ticker(data)).toBeUndefined();
  });

  it.each([undefined, null, 5, "{}", []])("says nothing where it is %j", (data) => {
    expect(told.ticker({ data })).toBeUndefined();
    expect(told.liquidations({ data })).toBeUndefined();
  });
});

describe("liquidations", () => {
  it("are positions that were closed by force", () => {
    expect(told.liquidations({ data: [liquidation(), liquidation({ S: "Buy" })] })).toEqual({
      liquidations: [
        { time: 1_739_502_302_929_000, side: "sell", price: 4499, quantity: 20_000 },
        { time: 1_739_502_302_929_000, side: "buy", price: 4499, quantity: 20_000 },
      ],
    });
  });

  it("are the newest of a message, however many it has", () => {
    const data = Array.from({ length: 5000 }, (_, k) => liquidation({ v: String(k + 1) }));
    const { liquidations = [] } = told.liquidations({ data })!;
    expect(liquidations).toHaveLength(MOST_LIQUIDATIONS);
    expect(liquidations.at(-1)!.quantity).toBe(5000);
  });

  it("leave out whatever cannot be read, and keep the rest", () => {
    const bad = [
      null,
      "x",
      liquidation({ S: "sell" }),
      liquidation({ s: "BTCUSDT" }),
      liquidation({ p: "0.044991" }),
      liquidation({ p: "-1" }),
      liquidation({ p: "0" }),
      liquidation({ v: "0" }),
      liquidation({ v: 20000 }),
      liquidation({ T: "1739502302929" }),
      liquidation({ T: Number.POSITIVE_INFINITY }),
      liquidation({ T: 5 }),
      liquidation({ T: 9_795_000_000_014 }),
    ];
    expect(told.liquidations({ data: bad })).toBeUndefined();
    expect(told.liquidations({ data: [...bad, liquidation()] })?.liquidations).toHaveLength(1);
  });
});

describe("whatever comes", () => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("ROSEUSDT", "Buy", "Sell", "0.0001", "-1", "0.04499", "1739502302929", "1e99"),
    fc.constantFrom(1739502302929, -0, Number.MAX_VALUE, Number.NaN),
  );
  const row = fc.record(
    { T: odd, s: odd, S: odd, v: odd, p: odd, fundingRate: odd, nextFundingTime: odd },
    { requiredKeys: [] },
  );
  const data = fc.oneof(
    odd,
    row.map((each) => ({ symbol: "ROSEUSDT", ...each })),
    fc.record({ symbol: odd, openInterest: odd, fundingRate: odd }, { requiredKeys: [] }),
    fc.array(fc.oneof(row, odd), { maxLength: 60 }),
  );
  const isTime = (time: number): boolean => Number.isSafeInteger(time) && time > 1e15;
  const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 0;

  it("is told as what it is, or not at all", () => {
    fc.assert(
      fc.property(data, (each) => {
        const { fundingRate, nextFundingAt, openInterest } = told.ticker({ data: each }) ?? {};
        if (fundingRate !== undefined) expect(Math.abs(fundingRate)).toBeLessThanOrEqual(1);
        if (nextFundingAt !== undefined) expect(isTime(nextFundingAt)).toBe(true);
        if (openInterest !== undefined) expect(isCount(openInterest)).toBe(true);
        const { liquidations = [] } = told.liquidations({ data: each }) ?? {};
        expect(liquidations.length).toBeLessThanOrEqual(MOST_LIQUIDATIONS);
        for (const { time, side, price, quantity } of liquidations) {
          expect(isTime(time) && isCount(price) && price > 0).toBe(true);
          expect(isCount(quantity) && quantity > 0).toBe(true);
          expect(side === "buy" || side === "sell").toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
