/**
 * Many orders: what may be concluded, and what may not. What is lost if this fails: a difference
 * that was luck and is sold as skill.
 */
import { describe, expect, it } from "vitest";
import { micros } from "../core/domain/units.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { moneyText, pText, spanText } from "./figure-text.ts";
import { periodOf, quantile } from "./period.ts";
import { binsOf } from "./pictures/comparison-pictures.ts";
import type { OrderSummary } from "./report-data.ts";

const HOUR = 3_600_000_000;

function order(strategy: string, number: number, shortfallBps: number | null): OrderSummary {
  return {
    journal: `${strategy}-${number}.journal`,
    parentId: "p1",
    symbol: "BTCUSDT",
    venue: "simulated",
    side: number % 2 === 0 ? "buy" : "sell",
    strategy,
    phase: "complete",
    quantity: "1 BTC",
    filled: "1 BTC",
    filledShare: 1,
    startAt: micros(number * HOUR),
    seconds: 60,
    shortfallBps,
    beforeFeesBps: shortfallBps,
    feesBps: 0,
    againstTwapBps: null,
    vwapSlippageBps: null,
    participation: null,
    makerShare: null,
    isAdvised: false,
    marketKind: "recorded",
    block: "simulated:linear:BTCUSDT",
    terms: `hour ${number}`,
  };
}

const noise = (at: number): number => 2 * uniformAt(7, streamOf("period test"), at) - 1;

/** Pairs whose market moves by 20 bps, and whose strategies differ by `difference` and noise. */
const pairs = (count: number, difference: number): OrderSummary[] =>
  Array.from({ length: count }, (_, k) => {
    const market = 20 * noise(3 * k);
    const dearer = market + difference + 0.5 * noise(3 * k + 1);
    return [order("is", k, dearer), order("twap", k, market + 0.5 * noise(3 * k + 2))];
  }).flat();

describe("a period", () => {
  it("finds a difference that the market hides, where there are enough pairs", () => {
    const [pair] = periodOf(pairs(30, 1)).pairs;
    expect(pair!.clusters).toBe(30);
    expect(pair!.meanBps).toBeGreaterThan(0.5);
    expect(pair!.low).toBeGreaterThan(0);
    expect(pair!.p).toBeLessThan(0.05);
    expect(pair!.text).toMatch(/^is cost [01]\.\d\d bps more than twap over 30 pairs: significant/);
  });

  it("does not find one that is not there, and says how many pairs would tell", () => {
    const [pair] = periodOf(pairs(30, 0)).pairs;
    expect(pair!.low).toBeLessThan(0);
    expect(pair!.high).toBeGreaterThan(0);
    expect(pair!.text).toContain("not significant");
    expect(pair!.text).toMatch(/about [\d,]+ pairs would show it/);
  });

  it("gives no interval of fewer than twenty stretches, nor of one that was told often", () => {
    const few = periodOf(pairs(19, 5));
    expect(few.all.low).toBeNull();
    expect(few.pairs[0]!.text).toContain("too few");
    // One order in thirty copies.
    const copies = Array.from({ length: 30 }, () => order("twap", 1, 4));
    const copied = periodOf(copies);
    expect([copied.all.independent, copied.all.low]).toEqual([1, null]);
  });

  it("keeps what was not measured out of the costs, and counts it", () => {
    const { all, summary } = periodOf([order("is", 1, 2), order("is", 2, 4), order("is", 3, null)]);
    expect([all.orders, all.measured, all.meanBps, all.costs]).toEqual([3, 2, 3, [2, 4]]);
    expect(summary[0]).toContain("the cost of 2 is known");
    expect(periodOf([order("is", 1, null), order("is", 2, null)]).summary).toContain(
      "Nothing was measured.",
    );
  });

  it("corrects for several comparisons made together", () => {
    const three = pairs(30, 0.4).flatMap((one) =>
      one.strategy === "twap" ? [one, { ...one, strategy: "vwap" }] : [one],
    );
    const apart = periodOf(three.filter(({ strategy }) => strategy !== "vwap")).pairs[0]!;
    const together = periodOf(three).pairs.find(({ other }) => other === "twap")!;
    expect(together.p).toBeGreaterThanOrEqual(apart.p!);
  });
});

describe("a histogram", () => {
  it("holds every order once, in bins of a round width", () => {
    const costs = Array.from({ length: 500 }, (_, k) => 30 * noise(k));
    const bins = binsOf(costs);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(500);
    expect(bins.length).toBeGreaterThanOrEqual(5);
    expect(bins.length).toBeLessThanOrEqual(61);
    for (const { from, to, count } of bins) {
      const within = costs.filter((cost) => cost >= from && cost < to).length;
      expect(Math.abs(within - count)).toBeLessThanOrEqual(from === bins.at(-1)!.from ? 1 : 0);
    }
    expect(binsOf([3, 3, 3])).toEqual([{ from: 2.5, to: 3.5, count: 3 }]);
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  });
});

describe("figures as text", () => {
  it("have their sign, and are not known rather than 0", () => {
    expect(moneyText("1234567.895")).toBe("+1,234,567.90");
    expect(moneyText("-0.00001234", 8)).toBe("−0.00001234");
    expect(moneyText("0.001")).toBe("0.00");
    expect(moneyText(null)).toBe("not known");
    expect([spanText(59.96), spanText(3_661), spanText(90_061)]).toEqual([
      "60 s",
      "1 h 1 min",
      "1 d 1 h",
    ]);
    expect(pText(0.0001)).toBe("< 0.001");
  });
});
