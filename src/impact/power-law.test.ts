import { describe, expect, it } from "vitest";
import { almgren2005 } from "./almgren-2005-model.ts";
import { valuesOf } from "./impact-model.ts";
import { powerLaw } from "./power-law.ts";

const MARKET = { dailyVolatility: 0.02, dailyVolume: 1_000, spreadBps: 1 };

describe("power law", () => {
  it("a day's volume a day costs η daily σ, a quarter of that speed half of it where β = 1/2", () => {
    const values = { temporary: 0.2, exponent: 0.5, permanent: 0 };
    const cost = (quantity: number) =>
      powerLaw.impact(values, [{ quantity, days: 0.1 }], MARKET).temporaryBps;
    expect(cost(100)).toBeCloseTo(40, 9);
    expect(cost(25)).toBeCloseTo(20, 9);
  });

  it("holds Almgren 2005 as a special case", () => {
    const paper = valuesOf(almgren2005.parameters);
    const values = {
      temporary: paper["temporary"]!,
      exponent: paper["speedExponent"]!,
      permanent: paper["permanent"]! * paper["inverseTurnover"]! ** 0.25,
    };
    const slices = [
      { quantity: 10, days: 0.1 },
      { quantity: 0, days: 0.2 },
      { quantity: 40, days: 0.3 },
    ];
    const [one, other] = [
      powerLaw.impact(values, slices, MARKET),
      almgren2005.impact(paper, slices, MARKET),
    ];
    expect(one.temporaryBps).toBeCloseTo(other.temporaryBps, 9);
    expect(one.permanentBps).toBeCloseTo(other.permanentBps, 9);
  });
});
