/** Against the closed form of linear impact, and against every other schedule that is drawn. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AlmgrenChrissModel, optimalTrajectory } from "./almgren-chriss.ts";
import { type PowerLawProblem, powerLawTrajectory } from "./power-law-trajectory.ts";

const objective = ({ cost, exponent, risk }: PowerLawProblem, holdings: readonly number[]) =>
  holdings
    .slice(1)
    .reduce(
      (sum, held, k) =>
        sum + cost * Math.abs(holdings[k]! - held) ** (1 + exponent) + risk * held * held,
      0,
    );

describe("power-law trajectory", () => {
  it("with exponent 1 is the sinh of Almgren and Chriss", () => {
    const model: AlmgrenChrissModel = {
      quantity: 1e6,
      horizon: 5,
      steps: 20,
      volatility: 0.95,
      fixedCost: 0,
      permanentImpact: 0,
      temporaryImpact: 2.5e-6,
      drift: 0,
    };
    for (const lambda of [0, 1e-8, 1e-6, 1e-4]) {
      const closed = optimalTrajectory(model, lambda).holdings;
      const found = powerLawTrajectory({
        quantity: 1e6,
        steps: 20,
        cost: 2.5e-6 / 0.25,
        exponent: 1,
        risk: lambda * 0.95 ** 2 * 0.25,
      });
      found.forEach((held, k) => expect(Math.abs(held - closed[k]!)).toBeLessThan(1e-6 * 1e6));
    }
  });

  it("no other schedule costs less", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.3, max: 1.5, noNaN: true }),
        fc.double({ min: 1e-4, max: 100, noNaN: true }),
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 30 }),
        (exponent, risk, weights) => {
          const problem = { quantity: 7, steps: weights.length, cost: 1, exponent, risk };
          const holdings = powerLawTrajectory(problem);
          expect(holdings[0]).toBeCloseTo(7, 9);
          expect(holdings.at(-1)).toBe(0);
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          let left = 7;
          const other = [7, ...weights.map((weight) => (left -= (7 * weight) / total))];
          other[other.length - 1] = 0;
          const mixed = holdings.map((held, k) => 0.9 * held + 0.1 * other[k]!);
          expect(objective(problem, holdings)).toBeLessThanOrEqual(
            objective(problem, mixed) * (1 + 1e-9),
          );
        },
      ),
    );
  });

  it("stays finite when risk is everything", () => {
    for (const risk of [1e6, 1e60, 1e200]) {
      const holdings = powerLawTrajectory({
        quantity: 3,
        steps: 240,
        cost: 1,
        exponent: 0.6,
        risk,
      });
      expect(holdings.every((held) => held >= 0 && held <= 3 * (1 + 1e-12))).toBe(true);
      expect(holdings[1]).toBeLessThan(1);
    }
  });
});
