/** Draws: luck that others' orders cannot shift. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Draws } from "./draws.ts";

const N = 100_000;

/** Mean and variance of `draw` over the first events of a stream. */
function momentsOf(draw: (draws: Draws) => number): { mean: number; variance: number } {
  const draws = new Draws(1, "moments");
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < N; k++) {
    const value = draw(draws.at(k));
    sum += value;
    squares += value * value;
  }
  return { mean: sum / N, variance: squares / N - (sum / N) ** 2 };
}

describe("draws", () => {
  it("are a pure function of seed, agent, event and place, whatever was drawn before", () => {
    const numbers = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.integer(), fc.string(), numbers, numbers, (seed, agent, k, other) => {
        const fresh = new Draws(seed, agent).at(k);
        const wanted = [fresh.uniform(), fresh.uniform(), fresh.normal()];
        const used = new Draws(seed, agent).at(other);
        used.pareto(1, 1.5);
        used.at(k);
        expect([used.uniform(), used.uniform(), used.normal()]).toEqual(wanted);
      }),
    );
  });

  it("differ between agents, seeds, events and places", () => {
    const seen = new Set<number>();
    for (const agent of ["maker-1", "maker-2"]) {
      for (const seed of [1, 2]) {
        const draws = new Draws(seed, agent);
        for (const k of [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40]) {
          draws.at(k);
          for (let i = 0; i < 5; i++) seen.add(draws.uniform());
        }
      }
    }
    expect(seen.size).toBe(2 * 2 * 5 * 5);
  });

  it("are spread evenly, within an event and over events, and not correlated", () => {
    const cells = new Float64Array(64);
    const draws = new Draws(7, "even");
    let product = 0;
    let before = 0.5;
    for (let k = 0; k < N; k++) {
      const first = draws.at(k).uniform();
      const second = draws.uniform();
      cells[Math.floor(first * 8) * 8 + Math.floor(second * 8)]! += 1;
      product += (first - 0.5) * (before - 0.5);
      before = first;
    }
    let chiSquare = 0;
    for (const count of cells) chiSquare += (count - N / 64) ** 2 / (N / 64);
    // 63 degrees of freedom: 0.9999 quantile 112.
    expect(chiSquare).toBeLessThan(112);
    expect(Math.abs((12 * product) / N)).toBeLessThan(4 / Math.sqrt(N));
  });

  it("have the moments of their laws", () => {
    const uniform = momentsOf((draws) => draws.uniform());
    expect(uniform.mean).toBeCloseTo(0.5, 2);
    expect(uniform.variance).toBeCloseTo(1 / 12, 2);
    const exponential = momentsOf((draws) => draws.exponential());
    expect(exponential.mean).toBeCloseTo(1, 1);
    expect(exponential.variance).toBeCloseTo(1, 1);
    const normal = momentsOf((draws) => draws.normal());
    expect(normal.mean).toBeCloseTo(0, 1);
    expect(normal.variance).toBeCloseTo(1, 1);
    // Mean a/(a − 1) at the exponent 3.
    expect(momentsOf((draws) => draws.pareto(1, 3)).mean).toBeCloseTo(1.5, 1);
    expect(momentsOf((draws) => draws.below(11)).mean).toBeCloseTo(5, 1);
    expect(momentsOf((draws) => Number(draws.chance(0.3))).mean).toBeCloseTo(0.3, 2);
  });

  it("a Pareto draw within bounds stays within them and has its tail", () => {
    const draws = new Draws(3, "pareto");
    let beyond = 0;
    for (let k = 0; k < N; k++) {
      const size = draws.at(k).paretoWithin(10, 1_000, 1.5);
      expect(size >= 10 && size <= 1_000).toBe(true);
      if (size > 100) beyond += 1;
    }
    const [cut, tail] = [(10 / 1_000) ** 1.5, (10 / 100) ** 1.5];
    expect(beyond / N).toBeCloseTo((tail - cut) / (1 - cut), 2);
  });
});
