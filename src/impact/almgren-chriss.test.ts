/** Almgren–Chriss: the paper's figures, its limits, and proof by exhaustion that it is optimal. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AlmgrenChrissModel,
  almgrenChrissFaults,
  continuousHoldings,
  continuousKappa,
  decayOf,
  efficientFrontier,
  evaluate,
  evenTrajectory,
  immediateTrajectory,
  leastValueAtRisk,
  netTemporaryImpact,
  optimalTrajectory,
  riskAversionFor,
} from "./almgren-chriss.ts";

/** Table 1 of the paper; σ is 30 % a year at a price of 50 and 250 days. */
const TABLE_1: AlmgrenChrissModel = {
  quantity: 1e6,
  horizon: 5,
  steps: 5,
  volatility: (50 * 0.3) / Math.sqrt(250),
  fixedCost: 0.0625,
  permanentImpact: 2.5e-7,
  temporaryImpact: 2.5e-6,
  drift: 0,
};
const LAMBDA = 1e-6;

const rounded = (figures: readonly number[], places = 1): number[] =>
  figures.map((figure) => Number(figure.toFixed(places)));

const objectiveOf = (model: AlmgrenChrissModel, lambda: number, holdings: readonly number[]) => {
  const { expectedCost, variance } = evaluate(model, holdings);
  return expectedCost + lambda * variance;
};

describe("the worked example", () => {
  it("holdings, cost, variance and decay", () => {
    expect(TABLE_1.volatility).toBeCloseTo(0.948683, 6);
    const best = optimalTrajectory(TABLE_1, LAMBDA);
    expect(rounded(best.holdings)).toEqual([1e6, 542_380.7, 290_295.1, 148_216.1, 62_303.2, 0]);
    expect(best.expectedCost).toBeCloseTo(910_477.8, 1);
    expect(best.variance / 1e11).toBeCloseTo(3.63868, 5);
    const { kappa, kappaTilde, halfLife } = decayOf(TABLE_1, LAMBDA);
    expect(rounded([kappa, kappaTilde, halfLife], 4)).toEqual([0.6063, 0.6156, 1.6495]);
  });

  it("with the rounded σ of the paper", () => {
    const model = { ...TABLE_1, volatility: 0.95 };
    const best = optimalTrajectory(model, LAMBDA);
    expect(Math.round(best.expectedCost)).toBe(911_227);
    expect(best.variance / 1e11).toBeCloseTo(3.64129, 5);
    expect(decayOf(model, LAMBDA).kappa).toBeCloseTo(0.607076, 6);
    expect(evenTrajectory(model).expectedCost).toBeCloseTo(662_500, 6);
    expect(evenTrajectory(model).variance / 1e12).toBeCloseTo(1.083, 12);
    expect(immediateTrajectory(model)).toMatchObject({ expectedCost: 2_562_500, variance: 0 });
  });

  it("with a drift of 0.02 a day", () => {
    const best = optimalTrajectory({ ...TABLE_1, drift: 0.02 }, LAMBDA);
    expect(rounded(best.holdings)).toEqual([1e6, 546_773.1, 296_533.9, 154_454.9, 66_695.6, 0]);
    expect(best.expectedCost).toBeCloseTo(879_591.3, 1);
  });

  it("the least value at risk of 95 %", () => {
    const { trajectory, riskAversion, valueAtRisk } = leastValueAtRisk(TABLE_1, 1.644853626951);
    expect(trajectory.expectedCost).toBeCloseTo(1_077_705.9, 0);
    expect(trajectory.variance / 1e11).toBeCloseTo(2.355603, 5);
    for (const nudge of [0.99, 1.01]) {
      const other = optimalTrajectory(TABLE_1, riskAversion * nudge);
      const atRisk = other.expectedCost + 1.644853626951 * Math.sqrt(other.variance);
      expect(atRisk).toBeGreaterThan(valueAtRisk);
    }
  });

  it("the aversion to risk behind a decay, and back", () => {
    for (const lambda of [0, 1e-12, 1e-6, 1e-3]) {
      const { kappa } = decayOf(TABLE_1, lambda);
      expect(riskAversionFor(TABLE_1, kappa)).toBeCloseTo(lambda, 15);
      if (lambda > 0) expect(riskAversionFor(TABLE_1, kappa) / lambda).toBeCloseTo(1, 12);
    }
    expect(() => riskAversionFor({ ...TABLE_1, volatility: 0 }, 1)).toThrow("no λ");
    expect(() => riskAversionFor(TABLE_1, -1)).toThrow("no λ");
  });

  it("dearer and safer all along the frontier", () => {
    const points = efficientFrontier(
      TABLE_1,
      Array.from({ length: 16 }, (_, i) => (i + 1) * 0.25e-6),
    );
    points.slice(1).forEach((point, i) => {
      expect(point.expectedCost).toBeGreaterThan(points[i]!.expectedCost);
      expect(point.variance).toBeLessThan(points[i]!.variance);
    });
  });
});

/** Every way to hold whole shares from X down to 0 that never buys back, by enumeration. */
function* everyTrajectory(quantity: number, steps: number): Generator<readonly number[]> {
  const holdings = Array.from({ length: steps + 1 }, () => 0);
  holdings[0] = quantity;
  function* below(j: number): Generator<readonly number[]> {
    if (j === steps) yield holdings;
    else {
      for (let held = 0; held <= holdings[j - 1]!; held++) {
        holdings[j] = held;
        yield* below(j + 1);
      }
    }
  }
  yield* below(1);
}

function bestByEnumeration(model: AlmgrenChrissModel, lambda: number) {
  let least = Infinity;
  let best: readonly number[] = [];
  let tried = 0;
  for (const holdings of everyTrajectory(model.quantity, model.steps)) {
    tried += 1;
    const objective = objectiveOf(model, lambda, holdings);
    if (objective < least) {
      least = objective;
      best = [...holdings];
    }
  }
  return { least, best, tried };
}

/** Steps of one day; c = (κ̃τ)² chosen through λ. Whole c give whole holdings: see the test. */
const smallModel = (quantity: number, steps: number): AlmgrenChrissModel => ({
  quantity,
  horizon: steps,
  steps,
  volatility: 0.5,
  fixedCost: 0.1,
  permanentImpact: 0.02,
  temporaryImpact: 0.3,
  drift: 0,
});

describe("against every trajectory there is", () => {
  // x_{j−1} + x_{j+1} = (2 + c)·x_j backwards from 0, 1: the optimum is whole, so that the best
  // of all whole trajectories is the best of all.
  it.each([
    [1, [3, 1, 0]],
    [1, [8, 3, 1, 0]],
    [1, [21, 8, 3, 1, 0]],
    [1, [42, 16, 6, 2, 0]],
    [2, [15, 4, 1, 0]],
    [2, [56, 15, 4, 1, 0]],
    [3, [24, 5, 1, 0]],
    [0, [12, 9, 6, 3, 0]],
    [0, [10, 8, 6, 4, 2, 0]],
  ])("(κ̃τ)² = %i: %j", (c, expected) => {
    const model = smallModel(expected[0]!, expected.length - 1);
    const lambda = (c * netTemporaryImpact(model)) / model.volatility ** 2;
    const found = bestByEnumeration(model, lambda);
    expect(found.tried).toBeGreaterThan(3);
    expect(found.best).toEqual(expected);
    const { holdings } = optimalTrajectory(model, lambda);
    const objective = objectiveOf(model, lambda, holdings);
    expect(Math.abs(objective / found.least - 1)).toBeLessThan(1e-12);
    holdings.forEach((held, j) => expect(held).toBeCloseTo(expected[j]!, 10));
  });

  it("no whole trajectory is better, whatever the model", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (quantity, steps, lambda) => {
          const model = smallModel(quantity, steps);
          const { holdings } = optimalTrajectory(model, lambda);
          const objective = objectiveOf(model, lambda, holdings);
          const { least } = bestByEnumeration(model, lambda);
          expect(objective).toBeLessThanOrEqual(least * (1 + 1e-12));
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** The minimum of E + λV found without any sinh: its gradient is a tridiagonal linear system. */
function leastByElimination(model: AlmgrenChrissModel, lambda: number): number[] {
  const { steps, quantity, horizon, drift, volatility } = model;
  const tau = horizon / steps;
  const speed = netTemporaryImpact(model) / (tau * tau);
  const middle = 2 * speed + lambda * volatility ** 2;
  const upper: number[] = [];
  const right: number[] = [];
  for (let j = 1; j < steps; j++) {
    const known = drift / 2 + (j === 1 ? speed * quantity : 0);
    const pivot = middle - (j === 1 ? 0 : speed * upper.at(-1)!);
    right.push((known + (j === 1 ? 0 : speed * right.at(-1)!)) / pivot);
    upper.push(speed / pivot);
  }
  const holdings = Array.from({ length: steps + 1 }, () => 0);
  holdings[0] = quantity;
  for (let j = steps - 1; j >= 1; j--) {
    holdings[j] = right[j - 1]! + upper[j - 1]! * holdings[j + 1]!;
  }
  return holdings;
}

const models = fc.record({
  quantity: fc.double({ min: 1, max: 1e6, noNaN: true }),
  horizon: fc.double({ min: 0.01, max: 100, noNaN: true }),
  steps: fc.integer({ min: 1, max: 60 }),
  volatility: fc.double({ min: 0.01, max: 10, noNaN: true }),
  fixedCost: fc.double({ min: 0, max: 1, noNaN: true }),
  permanentImpact: fc.constant(0),
  temporaryImpact: fc.double({ min: 1e-7, max: 1e-3, noNaN: true }),
  drift: fc.constant(0),
});
/** λ over many decades, by way of κ̃T. */
const aversions = fc.double({ min: -12, max: 6, noNaN: true });
const aversionOf = (model: AlmgrenChrissModel, exponent: number): number =>
  (netTemporaryImpact(model) * (10 ** exponent / model.horizon) ** 2) / model.volatility ** 2;

describe("against a direct minimisation", () => {
  it("the closed form has the same objective, to 1e-12", () => {
    fc.assert(
      fc.property(models, aversions, (model, exponent) => {
        const lambda = aversionOf(model, exponent);
        const closed = objectiveOf(model, lambda, optimalTrajectory(model, lambda).holdings);
        const direct = objectiveOf(model, lambda, leastByElimination(model, lambda));
        expect(Math.abs(closed - direct)).toBeLessThanOrEqual(1e-12 * Math.abs(direct));
      }),
      { numRuns: 500 },
    );
  });

  it("with drift too, where the terms do not cancel", () => {
    fc.assert(
      fc.property(
        models,
        aversions,
        fc.double({ min: -3, max: 3, noNaN: true }),
        (base, exponent, tilt) => {
          const speed = base.quantity / base.horizon;
          const drift = (tilt * base.temporaryImpact * speed) / base.horizon;
          const model = { ...base, drift };
          const lambda = aversionOf(model, exponent);
          const closed = optimalTrajectory(model, lambda);
          const direct = leastByElimination(model, lambda);
          const difference =
            objectiveOf(model, lambda, closed.holdings) - objectiveOf(model, lambda, direct);
          const gains = closed.steps.reduce((sum, step) => sum + Math.abs(step.driftGain), 0);
          const size = closed.expectedCost + 2 * gains + lambda * closed.variance;
          expect(Math.abs(difference)).toBeLessThanOrEqual(1e-12 * size);
          closed.holdings.forEach((held, j) => {
            expect(Math.abs(held - direct[j]!)).toBeLessThanOrEqual(1e-9 * model.quantity);
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it("the paper's own sums for E and V", () => {
    for (const lambda of [0.25e-6, 1e-6, 4e-6]) {
      const { quantity: X, horizon: T, volatility, fixedCost, permanentImpact } = TABLE_1;
      const { kappa } = decayOf(TABLE_1, lambda);
      const sinhSquared = Math.sinh(kappa * T) ** 2;
      const cost =
        0.5 * permanentImpact * X * X +
        fixedCost * X +
        netTemporaryImpact(TABLE_1) *
          X *
          X *
          Math.tanh(kappa / 2) *
          ((Math.sinh(2 * kappa * T) + 2 * T * Math.sinh(kappa)) / (2 * sinhSquared));
      const variance =
        (0.5 *
          volatility ** 2 *
          X *
          X *
          (Math.sinh(kappa * T) * Math.cosh(kappa * (T - 1)) - T * Math.sinh(kappa))) /
        (sinhSquared * Math.sinh(kappa));
      const best = optimalTrajectory(TABLE_1, lambda);
      expect(best.expectedCost / cost).toBeCloseTo(1, 12);
      expect(best.variance / variance).toBeCloseTo(1, 12);
    }
  });
});

describe("the limits", () => {
  it("no aversion to risk is TWAP, and nearly none nearly so", () => {
    const even = evenTrajectory(TABLE_1).holdings;
    expect(optimalTrajectory(TABLE_1, 0).holdings).toEqual(even);
    expect(decayOf(TABLE_1, 0)).toEqual({ kappa: 0, kappaTilde: 0, halfLife: Infinity });
    for (const lambda of [5e-324, 1e-300, 1e-100, 1e-20]) {
      optimalTrajectory(TABLE_1, lambda).holdings.forEach((held, j) => {
        expect(Math.abs(held - even[j]!)).toBeLessThan(1e-6);
      });
    }
  });

  it("without risk a drift bends the even trajectory by αt(T − t)/4η̃", () => {
    for (const lambda of [0, 1e-300, 1e-22]) {
      const { holdings } = optimalTrajectory({ ...TABLE_1, drift: 0.02 }, lambda);
      holdings.forEach((held, t) => {
        const bend = (0.02 * t * (5 - t)) / (4 * netTemporaryImpact(TABLE_1));
        expect(Math.abs(held - (1e6 * (5 - t)) / 5 - bend)).toBeLessThan(1e-6);
      });
    }
  });

  it("boundless aversion is all at once, and nothing overflows on the way", () => {
    const atOnce = immediateTrajectory(TABLE_1).holdings;
    expect(optimalTrajectory(TABLE_1, Infinity).holdings).toEqual(atOnce);
    for (const exponent of [3, 6, 9, 30, 300]) {
      for (const drift of [0, 0.02]) {
        const best = optimalTrajectory({ ...TABLE_1, drift }, 10 ** exponent);
        expect(best.holdings.every(Number.isFinite)).toBe(true);
        best.holdings.forEach((held, j) => {
          expect(Math.abs(held - atOnce[j]!)).toBeLessThan(0.01);
        });
      }
    }
    expect(() => optimalTrajectory(TABLE_1, -1)).toThrow("not an aversion");
    expect(() => optimalTrajectory(TABLE_1, Number.NaN)).toThrow("not an aversion");
  });

  it("where speed costs next to nothing, the least value at risk is all at once", () => {
    const model = { ...TABLE_1, permanentImpact: 0, temporaryImpact: 1e-9 };
    const found = leastValueAtRisk(model, 1.645);
    expect(found.riskAversion).toBe(Infinity);
    expect(found.trajectory.variance).toBe(0);
    expect(leastValueAtRisk(TABLE_1, 0).trajectory).toEqual(optimalTrajectory(TABLE_1, 0));
  });

  it("more steps come to the continuous trajectory", () => {
    const errors = [50, 100, 200].map((steps) => {
      const model = { ...TABLE_1, steps };
      const { holdings } = optimalTrajectory(model, LAMBDA);
      const gaps = holdings.map((held, j) =>
        Math.abs(held - continuousHoldings(model, LAMBDA, Math.min(5, (5 * j) / steps))),
      );
      return Math.max(...gaps);
    });
    expect(errors[1]! / errors[0]!).toBeLessThan(0.6);
    expect(errors[2]! / errors[1]!).toBeLessThan(0.6);
    expect(errors[2]!).toBeLessThan(2_000);
  });

  it("the continuous trajectory starts at X, ends at 0, and is time-consistent", () => {
    expect(continuousHoldings(TABLE_1, LAMBDA, 0)).toBe(1e6);
    expect(continuousHoldings(TABLE_1, LAMBDA, 5)).toBe(0);
    expect(continuousHoldings(TABLE_1, 0, 2)).toBe(600_000);
    expect(continuousHoldings(TABLE_1, 1e30, 1)).toBe(0);
    expect(continuousKappa(TABLE_1, LAMBDA)).toBeCloseTo(0.6, 12);
    const held = continuousHoldings(TABLE_1, LAMBDA, 2);
    const rest = { ...TABLE_1, quantity: held, horizon: 3, steps: 3 };
    expect(continuousHoldings(rest, LAMBDA, 1)).toBeCloseTo(
      continuousHoldings(TABLE_1, LAMBDA, 3),
      6,
    );
    expect(() => continuousHoldings(TABLE_1, LAMBDA, 6)).toThrow("outside");
  });
});

describe("a model that makes no sense", () => {
  it("is told every fault at once", () => {
    expect(almgrenChrissFaults(TABLE_1)).toEqual([]);
    expect(
      almgrenChrissFaults({
        quantity: 0,
        horizon: Number.NaN,
        steps: 1.5,
        volatility: -1,
        fixedCost: Infinity,
        permanentImpact: -1,
        temporaryImpact: 0,
        drift: Infinity,
      }),
    ).toMatchInlineSnapshot(`
      [
        "quantity must be over 0",
        "horizon must be over 0",
        "temporaryImpact must be over 0",
        "volatility must be 0 or more",
        "fixedCost must be 0 or more",
        "permanentImpact must be 0 or more",
        "drift must be a number",
        "steps must be a whole number of 1 or more",
      ]
    `);
    const tight = { ...TABLE_1, permanentImpact: 1e-5 };
    expect(almgrenChrissFaults(tight)).toMatchInlineSnapshot(`
      [
        "temporaryImpact must exceed half of permanentImpact × the length of a step",
      ]
    `);
    expect(() => optimalTrajectory(tight, LAMBDA)).toThrow("half of permanentImpact");
  });
});
