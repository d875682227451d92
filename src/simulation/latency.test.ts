import { describe, expect, it } from "vitest";
import { constantLatency, skewedLatency, uniformLatency } from "./latency.ts";

const draws = (draw: (k: number) => number, count = 20_000): number[] =>
  Array.from({ length: count }, (_, k) => draw(k));
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

describe("latency models", () => {
  it("constant: the same every time", () => {
    const model = constantLatency(5, 7);
    expect([model.entry(0), model.entry(9), model.response(3)]).toEqual([5, 5, 7]);
    expect([model.minEntry, model.minResponse]).toEqual([5, 7]);
  });

  it("uniform: whole nanoseconds over the whole range, both ends included", () => {
    const model = uniformLatency({ from: 10, to: 13 }, { from: 2, to: 2 }, 1);
    expect(new Set(draws(model.entry))).toEqual(new Set([10, 11, 12, 13]));
    expect(new Set(draws(model.response))).toEqual(new Set([2]));
    expect([model.minEntry, model.minResponse]).toEqual([10, 2]);
  });

  it("skewed: never under its floor or over its cap, half under its median, a long tail", () => {
    const shape = { floor: 1_000_000, median: 3_000_000, cap: 50_000_000 };
    const model = skewedLatency(shape, shape, 7);
    for (const values of [draws(model.entry), draws(model.response)]) {
      expect(values.every((v) => v >= shape.floor && v <= shape.cap && Number.isInteger(v))).toBe(
        true,
      );
      expect(median(values) / shape.median).toBeCloseTo(1, 1);
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      expect(mean).toBeGreaterThan(shape.median * 1.1);
    }
    expect(draws(model.entry, 5)).not.toEqual(draws(model.response, 5));
  });

  it("the same seed draws the same, another seed draws others", () => {
    const shape = { floor: 0, median: 1000, cap: 100_000 };
    const [a, b, c] = [1, 1, 2].map((seed) => draws(skewedLatency(shape, shape, seed).entry, 50));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it("refuses spans that make no sense", () => {
    expect(() => constantLatency(-1, 0)).toThrow("whole number of nanoseconds");
    expect(() => constantLatency(0.5, 0)).toThrow("whole number of nanoseconds");
    expect(() => uniformLatency({ from: 5, to: 4 }, { from: 0, to: 0 }, 1)).toThrow("upwards");
    const wrong = { floor: 5, median: 4, cap: 9 };
    expect(() => skewedLatency(wrong, wrong, 1)).toThrow("floor <= median <= cap");
  });
});
