import { describe, expect, it } from "vitest";
import { valuesOf } from "./impact-model.ts";
import { squareRoot, squareRootImpactBps } from "./square-root.ts";

const MARKET = { dailyVolatility: 0.03, dailyVolume: 10_000, spreadBps: 0 };

describe("square-root law", () => {
  it("four times the size moves the price twice as far, and a hundredth of a day a tenth of σ", () => {
    expect(squareRootImpactBps(100, MARKET)).toBeCloseTo(30, 9);
    expect(squareRootImpactBps(400, MARKET)).toBeCloseTo(60, 9);
    expect(squareRootImpactBps(0, MARKET)).toBe(0);
    expect(() => squareRootImpactBps(Number.NaN, MARKET)).toThrow("no impact of NaN");
  });

  it("an order pays two thirds of it on average, by any schedule", () => {
    const values = valuesOf(squareRoot.parameters);
    const fast = squareRoot.impact(values, [{ quantity: 100, days: 0.001 }], MARKET);
    const slow = squareRoot.impact(
      values,
      [
        { quantity: 10, days: 0.4 },
        { quantity: 90, days: 0.6 },
      ],
      MARKET,
    );
    expect(fast.temporaryBps).toBeCloseTo(20, 9);
    expect(slow.temporaryBps).toBeCloseTo(fast.temporaryBps, 9);
    expect(slow.permanentBps).toBe(0);
  });
});
