import { describe, expect, it } from "vitest";
import { signedCost, valuesOf } from "./impact-model.ts";
import { kyle } from "./kyle.ts";

const MARKET = { dailyVolatility: 0.02, dailyVolume: 1_000, spreadBps: 1 };

describe("kyle", () => {
  it("one sigma of noise flow moves the price by one sigma, and half of it is paid", () => {
    const slices = [{ quantity: 100, days: 0.1 }];
    const values = valuesOf(kyle.parameters);
    expect(values["noise"]).toBe(0.1);
    expect(kyle.impact(values, slices, MARKET)).toEqual({ permanentBps: 100, temporaryBps: 0 });
    expect(kyle.prices(values, slices, MARKET)[0]!.afterBps).toBe(200);
  });

  it("a round trip costs nothing, however it is made", () => {
    const slices = [
      { quantity: 30, days: 0.001 },
      { quantity: -70, days: 0.2 },
      { quantity: 40, days: 0.01 },
    ];
    const prices = kyle.prices({ noise: 0.1 }, slices, MARKET);
    expect(signedCost(slices, prices)).toBeCloseTo(0, 9);
  });
});
