/** Intervals from clusters: exact where they can be worked by hand, and honest about few clusters. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sandwich, student90 } from "./sandwich.ts";

const ones = (count: number): Float64Array => new Float64Array(count).fill(1);

describe("sandwich", () => {
  it("of a mean is the jackknife over clusters, worked by hand", () => {
    // Three clusters of two; the mean of 1 3 | 2 6 | 4 8 is 4, without each: 5, 4, 3.
    const residuals = Float64Array.of(-3, -1, -2, 2, 0, 4);
    const found = sandwich([ones(6)], residuals, ["a", "a", "b", "b", "c", "c"])!;
    expect(found.clusters).toBe(3);
    expect(found.effectiveClusters).toBeCloseTo(3, 12);
    expect(found.covariance.get(0, 0)).toBeCloseTo((2 / 3) * (1 + 0 + 1), 12);
  });

  it("counts a cluster that holds nearly everything for little more than one", () => {
    const names = [...Array.from({ length: 97 }, () => "big"), "x", "y", "z"];
    const found = sandwich(
      [ones(100)],
      ones(100).map((_, i) => (i % 2) - 0.5),
      names,
    )!;
    expect(found.clusters).toBe(4);
    expect(found.effectiveClusters).toBeLessThan(1.2);
  });

  it("is as wide when every order is there twice: a copy is no news", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 12 }),
        (values) => {
          const own = values.map((_, i) => `${i}`);
          const single = sandwich([ones(values.length)], Float64Array.from(values), own)!;
          const twice = [...values, ...values];
          const names = twice.map((_, i) => `${i % values.length}`);
          const doubled = sandwich([ones(twice.length)], Float64Array.from(twice), names)!;
          const [a, b] = [single.covariance.get(0, 0), doubled.covariance.get(0, 0)];
          expect(b).toBeCloseTo(a, 9);
        },
      ),
    );
  });

  it("has no answer where two columns are one, or one cluster alone holds a parameter", () => {
    const column = Float64Array.of(1, 2, 3, 4);
    const names = ["a", "b", "c", "d"];
    expect(sandwich([column, column.map((one) => 2 * one)], ones(4), names)).toBeUndefined();
    const own = Float64Array.of(0, 0, 0, 1);
    expect(sandwich([ones(4), own], ones(4), names)).toBeUndefined();
  });
});

describe("student90", () => {
  it("is what the tables say", () => {
    for (const [degrees, t] of [
      [5, 2.015],
      [10, 1.8125],
      [19, 1.7291],
      [30, 1.6973],
      [120, 1.6577],
    ] as const) {
      expect(Math.abs(student90(degrees) - t)).toBeLessThan(2e-3);
    }
    expect(student90(0)).toBe(Number.POSITIVE_INFINITY);
  });
});
