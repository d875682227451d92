/** Ratios of sinh where the textbook form overflows, vanishes or is exact enough to compare with. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decayRatio, sinhRatio } from "./hyperbolic.ts";

const unit = fc.double({ min: 0, max: 1, noNaN: true });

describe("ratios of sinh", () => {
  it("are those of the textbook where that can be computed", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 300, noNaN: true }), unit, (scale, share) => {
        const plain = Math.sinh(scale * share) / Math.sinh(scale);
        const gap = Math.abs(sinhRatio(scale, share, 1) - plain);
        // Numbers under 1e-300 have lost digits in both.
        expect(gap).toBeLessThanOrEqual(1e-12 * plain + 1e-300);
      }),
    );
  });

  it("stay between 0 and 1 at any scale, and never fall as the share rises", () => {
    const scales = fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(5e-324));
    fc.assert(
      fc.property(scales, unit, unit, (scale, one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const [a, b] = [sinhRatio(scale, low, 1), sinhRatio(scale, high, 1)];
        expect(a).toBeGreaterThanOrEqual(0);
        expect(b).toBeLessThanOrEqual(1);
        expect(a).toBeLessThanOrEqual(b * (1 + 1e-12));
      }),
    );
    for (const scale of [0, 5e-324, 1e-308, 1e-9, 1, 800, 1e9]) {
      expect(sinhRatio(scale, 0, 3)).toBe(0);
      expect(sinhRatio(scale, 3, 3)).toBe(1);
    }
    expect(sinhRatio(0, 1, 4)).toBe(0.25);
  });

  it("decay ratios have their limit at zero, and 1 where both have decayed", () => {
    expect(decayRatio(0, 1, 4)).toBe(0.25);
    expect(decayRatio(5e-324, 1, 4)).toBe(0.25);
    expect(decayRatio(1e-9, 1, 4)).toBeCloseTo(0.25, 8);
    expect(decayRatio(1e6, 1, 4)).toBe(1);
  });
});
