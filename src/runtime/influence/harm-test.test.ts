/** The harm test's closed form; how often it cries wolf is tested in test/influence. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HARM_AT, harmEvidence, isHarmful, luckOf, NO_BETS, sumOf } from "./harm-test.ts";

const betSums = fc.record({
  cost: fc.double({ min: -1e3, max: 1e3, noNaN: true }),
  squares: fc.double({ min: 0, max: 1e6, noNaN: true }),
});

describe("evidence of harm", () => {
  it("is 1 before anything is known, and the stake that the closed form gives", () => {
    expect(harmEvidence(NO_BETS)).toBeCloseTo(1, 6);
    // Against the integral over λ of 2φ(λ)·exp(λS − λ²V/2), by Simpson's rule.
    for (const [cost, squares] of [
      [3, 2],
      [-2, 5],
      [0, 40],
      [12, 9],
    ] as const) {
      const integral = mixture(cost, squares);
      expect(harmEvidence({ cost, squares }) / integral).toBeCloseTo(1, 5);
    }
  });

  it("shows harm from 60 on: a twentieth, shared by three regimes", () => {
    expect(HARM_AT).toBe(60);
    expect(isHarmful({ cost: 8.5, squares: 5 })).toBe(false);
    expect(isHarmful({ cost: 8.8, squares: 5 })).toBe(true);
  });

  it("rises with what advice cost, falls with what it saved, and is always a number", () => {
    fc.assert(
      fc.property(betSums, fc.double({ min: 0.01, max: 50, noNaN: true }), (sums, more) => {
        const before = harmEvidence(sums);
        const after = harmEvidence(sumOf(sums, { cost: more, squares: 0 }));
        expect(Number.isFinite(before) && before >= 0).toBe(true);
        expect(after).toBeGreaterThanOrEqual(before);
      }),
    );
  });
});

describe("luck", () => {
  it("is as far as a fair bet on either side wins twenty times its stake", () => {
    for (const squares of [0, 0.5, 5, 400]) {
      const out = luckOf({ squares });
      // Over λ of both signs the mixture is the mean of the two half-normal ones.
      const stake = (mixture(out, squares) + mixture(-out, squares)) / 2;
      expect(stake / 20).toBeCloseTo(1, 3);
    }
  });
});

/** Of the half-normal λ, by Simpson's rule. */
function mixture(cost: number, squares: number): number {
  const spread = 1 / 5;
  const steps = 20_000;
  const to = 12;
  let sum = 0;
  for (let k = 0; k <= steps; k++) {
    const x = (to * k) / steps;
    const density = (2 / Math.sqrt(2 * Math.PI * spread)) * Math.exp((-x * x) / (2 * spread));
    const weight = k === 0 || k === steps ? 1 : k % 2 === 1 ? 4 : 2;
    sum += weight * density * Math.exp(x * cost - (x * x * squares) / 2);
  }
  return (sum * to) / steps / 3;
}
