import { describe, expect, it } from "vitest";
import { valuesOf } from "../impact/impact-model.ts";
import { impactModels } from "../impact/registry.ts";
import { pricePath } from "./price-path.ts";

const MARKET = { dailyVolatility: 0.02, dailyVolume: 1_000, spreadBps: 2 };
const SLICES = [
  { quantity: 4, days: 0.01 },
  { quantity: 0, days: 0.02 },
  { quantity: 2, days: 0.01 },
];

describe.each([...impactModels.values()])("$name", (model) => {
  const values = valuesOf(model.parameters);
  const path = pricePath(model, values, SLICES, MARKET);

  it("pays along the path what the model says that the order costs", () => {
    // Even pieces of each slice, so a plain mean of a slice's points weighs them rightly.
    const mean = (from: number, until: number) => {
      const own = path.filter(({ days }) => days > from + 1e-9 && days < until + 1e-9);
      return own.reduce((sum, { paidBps }) => sum + paidBps!, 0) / own.length;
    };
    const paid = (4 * mean(0, 0.01) + 2 * mean(0.03, 0.04)) / 6;
    const { permanentBps, temporaryBps } = model.impact(values, SLICES, MARKET);
    // Of steps that do not pay for what they leave behind, pieces pay a part of it. A kernel that
    // is a sum of exponentials is good to 2e-6.
    const exact = 1e-5 * (permanentBps + temporaryBps);
    const own = model.exposure === "after" ? path.at(-1)!.leftBps / 2 : exact;
    expect(Math.abs(paid - permanentBps - temporaryBps)).toBeLessThanOrEqual(own);
  });

  it("pays nothing in the pause and after the end, and shows what is left there", () => {
    const pauses = path.filter(({ days }) => days > 0.010001 && days < 0.030001);
    expect(pauses.length).toBeGreaterThan(10);
    expect(pauses.every(({ paidBps }) => paidBps === null)).toBe(true);
    const after = path.filter(({ days }) => days > 0.040001);
    expect(after.at(-1)!.days).toBeCloseTo(0.06, 9);
    after.slice(1).forEach(({ leftBps, paidBps }, k) => {
      expect(paidBps).toBeNull();
      expect(leftBps).toBeLessThanOrEqual(after[k]!.leftBps);
    });
  });
});

describe("a price path", () => {
  it("of nothing is none, and of very many slices is told slice by slice", () => {
    const kyle = impactModels.get("kyle")!;
    expect(pricePath(kyle, { noise: 1 }, [], MARKET)).toEqual([]);
    const many = Array.from({ length: 5_000 }, () => ({ quantity: 1, days: 1e-5 }));
    expect(pricePath(kyle, { noise: 1 }, many, MARKET)).toHaveLength(5_040);
  });
});
