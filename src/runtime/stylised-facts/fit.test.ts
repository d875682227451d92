import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Luck } from "../../../test/planted-market.ts";
import {
  addPair,
  correlation,
  decay,
  excessOver,
  fitShape,
  hill,
  noPairs,
  parameterOf,
  power,
  slope,
  tailEdge,
} from "./fit.ts";

const points = (of: (x: number) => number, count = 12) =>
  Array.from({ length: count }, (_, i) => ({ x: 1.7 ** i, y: of(1.7 ** i), weight: 1 }));

describe("fitShape", () => {
  it("finds the power and the scale that were put there", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1.9, max: 0.9, noNaN: true }),
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        (exponent, scale) => {
          const fit = fitShape(
            points((x) => scale * x ** exponent),
            power,
            [-2, 1],
          )!;
          expect(fit.parameter).toBeCloseTo(exponent, 4);
          expect(fit.scale / scale).toBeCloseTo(1, 3);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("finds the span of an exponential", () => {
    const fit = fitShape(
      points((x) => 0.3 * Math.exp(-x / 40)),
      decay,
      [0.5, 5_000],
    )!;
    expect(fit.parameter).toBeCloseTo(40, 2);
  });

  it("has no answer where there is nothing, or only the end of the range fits", () => {
    expect(
      fitShape(
        points(() => 0),
        power,
        [-2, 0],
      ),
    ).toBeUndefined();
    expect(
      fitShape(
        points((x) => x, 2),
        power,
        [-2, 0],
      ),
    ).toBeUndefined();
    const rising = fitShape(
      points((x) => x),
      power,
      [-2, 0],
    );
    expect(rising?.isAtEnd).toBe(true);
    expect(parameterOf(rising)).toBeNaN();
  });
});

describe("hill", () => {
  it("recovers a planted exponent of 3", () => {
    const luck = new Luck(1, "hill");
    const sorted = Float64Array.from({ length: 40_000 }, () => luck.pareto(3))
      .sort()
      .reverse();
    const tail = excessOver(sorted, tailEdge(sorted, 1_000));
    expect(tail.n).toBe(1_000);
    // Its standard error is 3/√1000.
    expect(Math.abs(hill([tail]) - 3)).toBeLessThan(0.3);
  });

  it("begins between two values of a grid, whatever their number", () => {
    expect(tailEdge([9, 5, 5, 5, 4], 2)).toBeCloseTo(Math.sqrt(20), 12);
    expect(excessOver([9, 5, 5, 5, 4], tailEdge([9, 5, 5, 5, 4], 2)).n).toBe(4);
  });
});

describe("pairs", () => {
  it("know a line when they see one", () => {
    const sums = noPairs();
    for (let x = 0; x < 10; x++) addPair(sums, x, 3 - 2 * x);
    expect(correlation(sums)).toBeCloseTo(-1, 12);
    expect(slope(sums)).toBeCloseTo(-2, 12);
  });
});
