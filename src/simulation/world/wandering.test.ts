import { describe, expect, it } from "vitest";
import {
  CorrelatedNoise,
  equallyCorrelated,
  type FactorLoading,
  factorFaults,
  MeanReverting,
} from "./wandering.ts";

const START = 1_772_409_600;
const COUNT = 40_000;

const noise = (symbol: string, factors: readonly FactorLoading[], seed = 7): Float64Array => {
  const source = new CorrelatedNoise(seed, symbol, "value", factors);
  return Float64Array.from({ length: COUNT }, (_, s) => source.at(START + s));
};

function correlation(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe("CorrelatedNoise", () => {
  it.each([0, 0.3, 0.7, 0.95])("two symbols' noises correlate by %d, as configured", (target) => {
    const factors = equallyCorrelated(target);
    // The standard error of a correlation of 0 over 40,000 draws is 0.005.
    const realised = correlation(noise("BTCUSDT", factors), noise("ETHUSDT", factors));
    expect(Math.abs(realised - target)).toBeLessThan(0.02);
  });

  it("correlates by the sum of the products of the loadings, over several factors", () => {
    const a = [
      { name: "market", loading: 0.6 },
      { name: "layer-one", loading: 0.5 },
    ];
    const b = [
      { name: "market", loading: 0.7 },
      { name: "layer-one", loading: -0.4 },
    ];
    const realised = correlation(noise("AAA", a), noise("BBB", b));
    expect(Math.abs(realised - (0.42 - 0.2))).toBeLessThan(0.02);
  });

  it("is standard normal whatever the loadings", () => {
    for (const target of [0, 0.5, 1]) {
      const values = noise("BTCUSDT", equallyCorrelated(target));
      const mean = values.reduce((sum, x) => sum + x, 0) / COUNT;
      const variance = values.reduce((sum, x) => sum + x * x, 0) / COUNT;
      expect(Math.abs(mean)).toBeLessThan(0.02);
      expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    }
  });

  it("depends on seed, symbol and second alone", () => {
    const factors = equallyCorrelated(0.5);
    const one = new CorrelatedNoise(7, "BTCUSDT", "value", factors);
    const path = noise("BTCUSDT", factors);
    expect(one.at(START + 123)).toBe(path[123]);
    expect(one.at(START + 5)).toBe(path[5]);
    expect(correlation(path, noise("BTCUSDT", factors, 8))).toBeLessThan(0.02);
  });

  it("refuses loadings that would need an own part of negative variance", () => {
    expect(factorFaults(equallyCorrelated(1))).toEqual([]);
    const wrong = [
      { name: "a", loading: 0.8 },
      { name: "a", loading: -1.2 },
    ];
    expect(factorFaults(wrong).map(({ path }) => path)).toEqual(["1.loading", "1.name", ""]);
  });
});

describe("MeanReverting", () => {
  const levelOf = (seed: number, memory: number): MeanReverting =>
    new MeanReverting(new CorrelatedNoise(seed, "BTCUSDT", "test"), 0.5, memory, START);

  it("has the spread and the memory it is given, from its first second on", () => {
    let first = 0;
    for (let seed = 0; seed < 2_000; seed++) {
      first += levelOf(seed, 100).level ** 2 / 2_000;
    }
    expect(Math.abs(Math.sqrt(first) - 0.5)).toBeLessThan(0.03);
    const level = levelOf(1, 20);
    let [square, product] = [0, 0];
    const path: number[] = [];
    for (let s = 0; s < COUNT; s++) {
      level.step(START + s);
      path.push(level.level);
      square += level.level ** 2;
      if (s >= 20) product += level.level * path[s - 20]!;
    }
    expect(Math.abs(Math.sqrt(square / COUNT) - 0.5)).toBeLessThan(0.05);
    // After one memory, 1/e is left of the correlation.
    expect(Math.abs(product / square - Math.exp(-1))).toBeLessThan(0.08);
  });
});
