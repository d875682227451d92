/** Mark, index, funding and price limits by the rules that are stated for them. */
import { describe, expect, it } from "vitest";
import { type Micros, micros } from "../../core/domain/units.ts";
import { ReferencePrices } from "./reference-prices.ts";

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const SHARES = { soft: 0.01, hard: 0.02 };
const AT = Date.UTC(2026, 7, 9, 7, 0) * 1000;

function lived(category: "linear" | "spot", mid: (seconds: number) => number, seconds: number) {
  const prices = new ReferencePrices(category, SHARES, undefined);
  for (let second = 0; second <= seconds; second++) {
    prices.sample(mid(second), micros(AT + second * SECOND));
  }
  return prices;
}

describe("reference prices", () => {
  it("begin at the first mid and follow it, the mark sooner than the index", () => {
    const prices = lived("linear", (second) => (second === 0 ? 1_000_000 : 1_001_000), 10);
    expect(lived("linear", () => 1_000_000, 5).mark).toBe(1_000_000);
    // 1 − e^−2 of the way after two memories; the index has a sixtieth of the memory.
    expect(prices.mark).toBe(1_000_000 + Math.round(1_000 * -Math.expm1(-2)));
    expect(prices.index).toBe(1_000_000 + Math.round(1_000 * -Math.expm1(-10 / 300)));
  });

  it("settle funding at whole eight hours, near the interest where there is no premium", () => {
    const prices = lived("linear", () => 1_000_000, 3_599);
    expect(prices.takeFundings()).toEqual([]);
    expect(prices.nextFundingAt).toBe(AT + HOUR);
    prices.sample(1_000_000, micros(AT + HOUR));
    expect(prices.takeFundings()).toEqual([
      { rate: "0.0001", at: AT + HOUR, markPrice: 1_000_000 },
    ]);
    expect(prices.takeFundings()).toEqual([]);
    expect(prices.nextFundingAt).toBe(AT + 9 * HOUR);
  });

  it("pay a rising market's premium less what Bybit's formula lets pass, up to the cap", () => {
    const rate = (perSecond: number): number =>
      lived("linear", (second) => 1_000_000 * (1 + perSecond * second), 3_590).fundingRate;
    expect(rate(0)).toBe(0.0001);
    // The mark runs ahead of the index by the drift times the difference of their memories. Up to
    // 0.05 % from the interest that is let pass, beyond it is paid.
    expect(rate(1e-6)).toBeCloseTo(0.0001, 12);
    const settled = 4e-6 * 295 - 0.0005;
    expect(rate(4e-6)).toBeLessThan(settled);
    expect(rate(4e-6)).toBeGreaterThan(0.8 * settled);
    expect(rate(1e-4)).toBe(0.005);
    expect(rate(-1e-4)).toBe(-0.005);
  });

  it("limit prices to X beyond the mark, and less to Y where the book is pressed", () => {
    const calm = lived("linear", () => 2_000_000, 60);
    expect(calm.limits).toEqual({ buy: 1_010_000, sell: 990_000 });
    const spot = lived("spot", () => 2_000_000, 60);
    expect(spot.limits).toEqual({ buy: 1_010_000, sell: 990_000 });
    expect(spot.takeFundings()).toEqual([]);
    const risen = lived("linear", (second) => (second < 30 ? 2_000_000 : 2_030_000), 33);
    const { buy, sell } = risen.limits;
    expect(buy).toBeGreaterThan((risen.mark / 2) * 1.01);
    expect(buy).toBeLessThanOrEqual((risen.mark / 2) * 1.02);
    // The index lags behind: sellers may go down to it where it is lower than X allows.
    expect(sell).toBeLessThanOrEqual((risen.mark / 2) * 0.99 + 1);
  });

  it("take premium and funding from the market's world where it has one", () => {
    const at = micros(AT + 20 * SECOND);
    const payments = [{ rate: 0.00032, at }];
    const world = {
      fundingRate: 0.00031,
      premium: 0.001,
      nextFundingAt: at,
      openInterest: 5 as never,
      takeFundings: () => payments.splice(0),
      takeLiquidations: () => [],
    };
    const prices = new ReferencePrices("linear", SHARES, world);
    prices.sample(1_001_000, AT as Micros);
    expect(prices.index).toBe(1_000_000);
    expect(prices.fundingRate).toBe(0.00031);
    prices.sample(1_001_000, at);
    expect(prices.takeFundings()).toEqual([{ rate: "0.00032", at, markPrice: 1_001_000 }]);
  });
});
