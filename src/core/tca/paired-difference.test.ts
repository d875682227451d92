import { describe, expect, it } from "vitest";
import { streamOf, uniformAt } from "../domain/random.ts";
import { CLUSTERS_MIN, holm, type Pair, pairedDifference } from "./paired-difference.ts";

/** Roughly normal, mean 0, deviation 1: the sum of twelve uniforms. */
function noise(seed: number, purpose: string, k: number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += uniformAt(seed, streamOf(purpose), k * 12 + i);
  return sum;
}

/** Two pairs a window that share half of their luck. */
function sample(seed: number, windows: number, effect: number): Pair[] {
  return Array.from({ length: windows * 2 }, (_, i) => {
    const cluster = Math.floor(i / 2);
    const luck = noise(seed, "window", cluster) + noise(seed, "pair", i);
    return { cluster, difference: effect + 5 * luck };
  });
}

describe("pairedDifference", () => {
  it("gives no interval and no p-value under 20 windows, whatever the number of pairs", () => {
    const few = pairedDifference(sample(1, CLUSTERS_MIN - 1, 50), 1);
    expect(few).toMatchObject({ pairs: 38, clusters: 19, interval: undefined, pValue: undefined });
    expect(pairedDifference(sample(1, CLUSTERS_MIN, 50), 1).interval).toBeDefined();
  });

  it("gives none where a handful of windows makes the whole difference", () => {
    const of = (odd: number) =>
      pairedDifference(
        Array.from({ length: 20 }, (_, cluster) => ({
          cluster,
          difference: cluster < odd ? 10 : 0,
        })),
        1,
      );
    expect(of(1)).toMatchObject({ mean: 0.5, interval: undefined, pValue: undefined });
    expect(of(2)).toMatchObject({ mean: 1, interval: undefined, pValue: undefined });
    const same = Array.from({ length: 30 }, (_, cluster) => ({ cluster, difference: 0.1 }));
    expect(pairedDifference(same, 1).interval).toBeUndefined();
    // Ten of twenty tell both ends.
    expect(of(10).interval!.low).toBeGreaterThan(0);
    expect(of(10).interval!.high).toBeGreaterThan(of(10).mean);
  });

  it("covers the true difference about 95 times in 100, though pairs share their luck", () => {
    const runs = 400;
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const { interval } = pairedDifference(sample(100 + run, 30, 2), run);
      if (interval!.low <= 2 && 2 <= interval!.high) covered += 1;
    }
    expect(covered / runs).toBeGreaterThan(0.92);
    expect(covered / runs).toBeLessThan(0.98);
  });

  it("sees a large difference and mirrors when the two are swapped", () => {
    const pairs = sample(3, 60, 8);
    const there = pairedDifference(pairs, 9);
    const back = pairedDifference(
      pairs.map(({ cluster, difference }) => ({ cluster, difference: -difference })),
      9,
    );
    expect(there.pValue).toBeLessThan(0.01);
    expect(back.mean).toBeCloseTo(-there.mean, 12);
    expect(back.interval!.low).toBeCloseTo(-there.interval!.high, 9);
    expect(back.pValue).toBe(there.pValue);
  });

  it("asks for about (2.8 σ / δ)² pairs where pairs are independent", () => {
    const pairs = Array.from({ length: 2_000 }, (_, cluster) => ({
      cluster,
      difference: 1 + 10 * noise(5, "alone", cluster),
    }));
    const { pairsNeeded, mean, standardDeviation } = pairedDifference(pairs, 1);
    const expected = ((2.801585 * standardDeviation!) / mean) ** 2;
    expect(pairsNeeded! / expected).toBeCloseTo(1, 1);
  });

  it("has no p-value where every window agrees exactly", () => {
    const same = Array.from({ length: 40 }, (_, cluster) => ({ cluster, difference: 0 }));
    expect(pairedDifference(same, 1)).toMatchObject({ mean: 0, pValue: undefined });
  });
});

describe("holm", () => {
  it("corrects the textbook example", () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  });

  it("leaves a single comparison alone and never passes one", () => {
    expect(holm([0.2])).toEqual([0.2]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });
});
