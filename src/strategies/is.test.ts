/** IS on the paper's own trajectory, and on what urgency and alpha make of it. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ask, EVEN, FROM, planOf, slicesBy } from "../../test/strategy-slices.ts";
import type { Plan } from "../core/contracts/strategy.ts";
import { lots, micros, SECOND } from "../core/domain/units.ts";
import { continuousHoldings, decayOf, optimalTrajectory } from "../impact/almgren-chriss.ts";
import { is, kappaTimeOf } from "./is.ts";
import { twap } from "./twap.ts";

const slicesOf = (plan: Plan, parameters: Record<string, unknown>) =>
  slicesBy(is, plan, parameters);
const sizesOf = (plan: Plan, parameters: Record<string, unknown>): number[] =>
  slicesOf(plan, parameters).map(([, size]) => size);

/** Table 1 of Almgren & Chriss (2001). */
const TABLE_1 = {
  quantity: 1e6,
  horizon: 5,
  steps: 5,
  volatility: (50 * 0.3) / Math.sqrt(250),
  fixedCost: 0.0625,
  permanentImpact: 2.5e-7,
  temporaryImpact: 2.5e-6,
  drift: 0,
};

describe("is", () => {
  it("in five slices holds what Almgren and Chriss hold in their example", () => {
    const plan = planOf({ quantity: lots(1_000_000) });
    const kappaT = decayOf(TABLE_1, 1e-6).kappa * TABLE_1.horizon;
    let held = 1_000_000;
    const holdings = sizesOf(plan, { slices: 5, kappaT }).map((size) => (held -= size));
    const { holdings: optimal } = optimalTrajectory(TABLE_1, 1e-6);
    expect(holdings).toEqual(optimal.slice(1).map((figure) => Math.ceil(figure)));
    expect(holdings).toEqual([542_381, 290_296, 148_217, 62_304, 0]);
  });

  it("follows the continuous trajectory of the impact model, to a lot, at any steepness", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1_000, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        (kappaT, slices) => {
          const plan = planOf({ quantity: lots(1_000_000), minOrder: lots(0) });
          const bound = is.bind({ ...EVEN, slices, kappaT }, plan);
          // η = σ = 1: then λ is κ squared.
          const model = { ...TABLE_1, temporaryImpact: 1, volatility: 1, horizon: 1 };
          for (let k = 0; k < slices; k++) {
            const at = micros(plan.from + Math.ceil((80 * SECOND * k) / slices));
            const left = continuousHoldings(model, kappaT ** 2, (k + 1) / slices);
            expect(Math.abs(1_000_000 - ask(bound, at).quantity - left)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it("without urgency it is TWAP; the more of it, the more is due first", () => {
    const parameters = { ...EVEN, slices: 8 };
    const patient = planOf({ urgency: 0 });
    expect(sizesOf(patient, parameters)).toEqual(Array(8).fill(1_250));
    expect(ask(is.bind(parameters, patient), FROM).quantity).toBe(
      ask(twap.bind(parameters, patient), FROM).quantity,
    );
    const first = [0, 0.25, 0.5, 0.75, 0.9, 1].map(
      (urgency) => sizesOf(planOf({ urgency }), parameters)[0],
    );
    expect(first).toMatchInlineSnapshot(`
      [
        1250,
        1396,
        2306,
        5276,
        8946,
        10000,
      ]
    `);
    expect(sizesOf(planOf({ urgency: 1 }), parameters)).toEqual([10_000]);
  });

  it("half an order's time is the time constant at urgency one half", () => {
    expect([0, 0.2, 0.5, 0.8].map(kappaTimeOf)).toEqual([0, 0.5, 2, expect.closeTo(8, 12)]);
    expect(kappaTimeOf(1)).toBe(1e9);
  });

  it("a steepness that is given takes no notice of the urgency", () => {
    const given = { slices: 8, kappaT: 3 };
    const at = (urgency: number) => sizesOf(planOf({ urgency }), given);
    expect(at(1)).toEqual(at(0));
    expect(at(0)).toEqual(sizesOf(planOf({ urgency: 0.6 }), { slices: 8 }));
  });

  it("at most half is left when half of the alpha is, however patient the order", () => {
    for (const halfLife of [1, 5, 10, 20, 40, 80]) {
      const alphaHalfLife = micros(halfLife * SECOND);
      const plan = planOf({ urgency: 0, alphaHalfLife, quantity: lots(1_000_000) });
      const bound = is.bind({ ...EVEN, slices: 80 }, plan);
      const before = micros(FROM + (halfLife - 1) * SECOND);
      expect(ask(bound, before).quantity).toBeGreaterThanOrEqual(499_999);
    }
    const unhurried = planOf({ urgency: 0.9, alphaHalfLife: micros(3_600 * SECOND) });
    expect(sizesOf(unhurried, {})).toEqual(sizesOf(planOf({ urgency: 0.9 }), {}));
  });

  it("a plan anchored on schedule goes on along the same trajectory", () => {
    const whole = planOf({ quantity: lots(1_000_000), urgency: 0.6 });
    const sizes = sizesOf(whole, { intervalSeconds: 10 });
    for (const cut of [1, 3, 6]) {
      const done = sizes.slice(0, cut).reduce((a, b) => a + b, 0);
      const rest = {
        ...whole,
        from: micros(FROM + cut * 10 * SECOND),
        quantity: lots(whole.quantity - done),
        arrivedAt: FROM,
      };
      sizesOf(rest, { intervalSeconds: 10 }).forEach((size, k) => {
        expect(Math.abs(size - sizes[cut + k]!)).toBeLessThanOrEqual(2);
      });
    }
  });

  it("a tail under the least order is brought forward in fewer, later slices", () => {
    const plan = planOf({ minOrder: lots(300), urgency: 0.75 });
    const rows = slicesOf(plan, { slices: 16 });
    expect(rows).toMatchInlineSnapshot(`
      [
        [
          0,
          3127,
        ],
        [
          5,
          2149,
        ],
        [
          10,
          1477,
        ],
        [
          15,
          1015,
        ],
        [
          20,
          698,
        ],
        [
          25,
          480,
        ],
        [
          30,
          330,
        ],
        [
          40,
          383,
        ],
        [
          75,
          341,
        ],
      ]
    `);
    expect(rows.every(([, size]) => size >= 300)).toBe(true);
  });

  it("says how steep it is, and why", () => {
    const reasonOf = (change: Partial<Plan>, parameters = {}) =>
      ask(is.bind({ ...EVEN, slices: 8, ...parameters }, planOf(change)), FROM).reason;
    expect(reasonOf({})).toBe("slice 1 of 8, kappaT 2.00");
    expect(reasonOf({}, { kappaT: 0.5 })).toBe("slice 1 of 8, kappaT 0.50");
    expect(reasonOf({ urgency: 1 })).toBe("slice 1 of 1, at once");
    expect(reasonOf({ alphaHalfLife: micros(20 * SECOND) })).toBe(
      "slice 1 of 8, kappaT 2.77 by the alpha's half-life",
    );
  });

  it("refuses wrong parameters in words", () => {
    expect(is.check({ kappaT: -1, urgency: 0.5 })).toMatchInlineSnapshot(`
      [
        {
          "path": "kappaT",
          "text": "must be a number from 0 to 1000, or null, not -1",
        },
        {
          "path": "urgency",
          "text": "unknown parameter; known are kappaT, intervalSeconds, slices, randomizeSize, randomizeTime",
        },
      ]
    `);
    expect(is.check({ kappaT: null })).toEqual([]);
  });
});
