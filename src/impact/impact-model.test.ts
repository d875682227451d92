/** What every impact model must hold, and what a schedule's risk is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holdingsOf, priceRiskBps, slicesAlong, valuesOf } from "./impact-model.ts";
import { impactModels } from "./registry.ts";

const MARKET = { dailyVolatility: 0.03, dailyVolume: 200_000, spreadBps: 2 };
const even = (quantity: number, days: number, count = 10) =>
  Array.from({ length: count }, () => ({ quantity: quantity / count, days: days / count }));

describe.each([...impactModels.values()])("$name", (model) => {
  const values = valuesOf(model.parameters);
  const cost = (slices: Parameters<typeof model.impact>[1]): number => {
    const { permanentBps, temporaryBps } = model.impact(values, slices, MARKET);
    expect(permanentBps).toBeGreaterThanOrEqual(0);
    expect(temporaryBps).toBeGreaterThanOrEqual(0);
    return permanentBps + temporaryBps;
  };
  const anything = fc.tuple(
    fc.double({ min: 1e-6, max: 1e5, noNaN: true }),
    fc.double({ min: 1e-6, max: 5, noNaN: true }),
    fc.integer({ min: 1, max: 40 }),
  );

  it("is finite, rises with size, and does not fall with speed", () => {
    fc.assert(
      fc.property(anything, ([quantity, days, count]) => {
        const one = cost(even(quantity, days, count));
        expect(Number.isFinite(one)).toBe(true);
        expect(cost(even(2 * quantity, days, count))).toBeGreaterThan(one);
        expect(cost(even(quantity, days / 2, count))).toBeGreaterThanOrEqual(one * (1 - 1e-12));
      }),
    );
  });

  it("tends to nothing with the size", () => {
    expect(cost(even(1e-9, 0.01))).toBeLessThan(1e-3);
    expect(cost([])).toBe(0);
    expect(cost([{ quantity: 0, days: 1 }])).toBe(0);
  });

  it("has a trajectory that no even or steeper one beats under its own cost + λ·variance", () => {
    if (model.trajectory === undefined) return;
    const order = { quantity: 5_000, days: 0.5, steps: 60 };
    const weigh = (holdings: readonly number[], lambda: number): number => {
      const slices = slicesAlong(holdings, order.days);
      return cost(slices) + lambda * priceRiskBps(slices, MARKET.dailyVolatility, "after") ** 2;
    };
    for (const lambda of [1e-4, 1e-3, 1e-2]) {
      const best = model.trajectory(values, order, MARKET, lambda);
      expect(best[0]).toBeCloseTo(order.quantity, 6);
      expect(best.at(-1)).toBe(0);
      for (const other of [lambda / 3, lambda * 3, 0]) {
        const holdings = model.trajectory(values, order, MARKET, other);
        expect(weigh(best, lambda)).toBeLessThanOrEqual(weigh(holdings, lambda) * (1 + 1e-9));
      }
    }
  });

  it("says of every parameter what it is and how sure it is", () => {
    for (const { note, standardError, value } of model.parameters) {
      expect(note.length).toBeGreaterThan(10);
      expect(standardError).toBeGreaterThan(0);
      expect(value).toBeGreaterThan(0);
    }
    const order = { shareOfDay: 0.5, rateOfVolume: 2, days: 0.001, spreadTicks: 1 };
    expect(model.caveats(order).length).toBeGreaterThan(0);
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
