/** What a large order does to the generated market: the square root of its size, and a decay. */
import { describe, expect, it } from "vitest";
import { micros } from "../../core/domain/units.ts";
import { impactExponent, pairedImpact } from "./impact-experiment.ts";

const NOON = micros(1_700_049_600_000_000);

const mean = (x: readonly number[]): number => x.reduce((sum, each) => sum + each, 0) / x.length;

describe("a large order of ours, in paired runs of the generated market", () => {
  /** Seconds at 600 lots a second: 1, 10 and 100 BTC; then after the end. */
  const seconds = [1.66, 5.3, 16.7, 53, 167, 190, 250];
  const order = { lots: 100_000, lotsPerSecond: 600, sliceSeconds: 0.5, startAfter: 2 };
  const paths = [1, 2, 3, 4].map((seed) =>
    pairedImpact({ seed: 7_919 * seed, startAt: NOON }, order, seconds),
  );
  const path = seconds.map((_, i) => mean(paths.map((each) => each[i]!)));
  const during = path.slice(0, 5);

  it("moves the price by about the square root of its size, over two decades", () => {
    const exponent = impactExponent(seconds.slice(0, 5), during);
    expect(exponent).toBeGreaterThan(0.35);
    expect(exponent).toBeLessThan(0.65);
    expect(during).toEqual([...during].sort((a, b) => a - b));
  });

  it("leaves a part of its impact behind, ever less of it", () => {
    const [peak, soon, later] = path.slice(4) as [number, number, number];
    expect(soon).toBeLessThan(peak);
    expect(later).toBeLessThan(soon);
    expect(later).toBeGreaterThan(0.1 * peak);
  });
});

describe("the exponent of an impact", () => {
  it("is the power that the impacts were made with", () => {
    const sizes = [1, 10, 100, 1_000];
    expect(
      impactExponent(
        sizes,
        sizes.map((size) => 3 * size ** 0.47),
      ),
    ).toBeCloseTo(0.47, 9);
  });
});
