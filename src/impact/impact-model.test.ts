/** What every impact model must hold, and what a schedule's risk is. */
import { describe, expect, it } from "vitest";
import { impactChecks } from "./conformance.ts";
import { holdingsOf, priceRiskBps } from "./impact-model.ts";
import { impactModels } from "./registry.ts";

const even = (quantity: number, days: number, count = 10) =>
  Array.from({ length: count }, () => ({ quantity: quantity / count, days: days / count }));

describe.each([...impactModels.values()])("$name", (model) => {
  it.each(impactChecks)("$name", ({ check }) => {
    for (const seed of [1, 2, 3]) expect(check(model, seed)).toBeUndefined();
  });
});

describe("price risk", () => {
  it("of an even schedule is σ√(T/3), of one without time nothing", () => {
    expect(priceRiskBps(even(8, 0.25, 400), 0.02, "through")).toBeCloseTo(
      200 * Math.sqrt(0.25 / 3),
      6,
    );
    expect(priceRiskBps([{ quantity: 8, days: 0.25 }], 0.02, "after")).toBe(0);
    expect(priceRiskBps([], 0.02, "through")).toBe(0);
  });

  it("holds what is not yet traded, through pauses too", () => {
    const slices = [
      { quantity: 1, days: 1 },
      { quantity: 0, days: 1 },
      { quantity: 3, days: 1 },
    ];
    expect(holdingsOf(slices)).toEqual([4, 3, 3, 0]);
    expect(priceRiskBps(slices, 0.01, "after")).toBeCloseTo(100 * Math.sqrt(2 * 0.75 ** 2), 9);
  });
});
