/** The two orders that the paper works out: a tenth of a day's volume in IBM and in DRI. */
import { describe, expect, it } from "vitest";
import { largeOrderImpact, type LargeOrder } from "./almgren-2005.ts";

const IBM: LargeOrder = {
  quantity: 656_100,
  days: 0.1,
  dailyVolume: 6_561_000,
  outstanding: 1_728_000_000,
  dailyVolatility: 0.0157,
};
const DRI: LargeOrder = {
  quantity: 192_900,
  days: 0.1,
  dailyVolume: 1_929_000,
  outstanding: 168_000_000,
  dailyVolatility: 0.0226,
};

describe("impact of a large order", () => {
  it.each([
    ["IBM", IBM, 19.86, [32, 25, 18]],
    ["DRI", DRI, 21.679, [43, 32, 23]],
  ] as const)("%s, over a tenth, a fifth and half of a day", (_, order, permanent, realized) => {
    [0.1, 0.2, 0.5].forEach((days, i) => {
      const impact = largeOrderImpact({ ...order, days });
      expect(impact.permanentBps).toBeCloseTo(permanent, 3);
      expect(Math.round(impact.realizedBps)).toBe(realized[i]);
      expect(impact.realizedBps).toBe(impact.permanentBps / 2 + impact.temporaryBps);
    });
  });

  it("twice the size: twice the permanent part, and 2^0.6 of the temporary one", () => {
    const one = largeOrderImpact(IBM);
    const two = largeOrderImpact({ ...IBM, quantity: 2 * IBM.quantity });
    expect(two.permanentBps / one.permanentBps).toBeCloseTo(2, 12);
    expect(two.temporaryBps / one.temporaryBps).toBeCloseTo(2 ** 0.6, 12);
  });

  it("refuses an order that makes no sense", () => {
    expect(() => largeOrderImpact({ ...IBM, days: 0 })).toThrow("days must be over 0, not 0");
    expect(() => largeOrderImpact({ ...IBM, quantity: Number.NaN })).toThrow("quantity");
  });
});
