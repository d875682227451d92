import { describe, expect, it } from "vitest";
import { bitsAt, streamOf, uniformAt } from "./random.ts";

const DRAWS = 100_000;

/** Pearson's statistic over equal cells; its mean is cells − 1, its deviation √(2(cells − 1)). */
function chiSquare(cellOf: (k: number) => number, cells: number): number {
  const counts = Array.from({ length: cells }, () => 0);
  for (let k = 0; k < DRAWS; k++) counts[cellOf(k)]! += 1;
  const expected = DRAWS / cells;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Five deviations over the mean: a sound generator fails this once in some million seeds. */
const acceptable = (cells: number): number => cells - 1 + 5 * Math.sqrt(2 * (cells - 1));

describe("counter-based random numbers", () => {
  const slice = streamOf("slice-size");

  it("gives the same draw for the same question, in any order", () => {
    const forward = Array.from({ length: 100 }, (_, k) => bitsAt(7, slice, k));
    const backward = Array.from({ length: 100 }, (_, k) => bitsAt(7, slice, 99 - k)).toReversed();
    expect(backward).toEqual(forward);
  });

  it("never changes: journals of old versions must replay", () => {
    expect([streamOf(""), streamOf("slice-size")]).toMatchInlineSnapshot(`
      [
        -2128831035,
        1718271725,
      ]
    `);
    expect([
      bitsAt(0, 0, 0),
      bitsAt(1, slice, 0),
      bitsAt(1, slice, 1),
      bitsAt(1, slice, 2 ** 32),
      bitsAt(-5, slice, 2 ** 52),
    ]).toMatchInlineSnapshot(`
      [
        1610451713,
        1439478503,
        2735065552,
        1662837991,
        2739643712,
      ]
    `);
  });

  it("stays in [0, 1) and is uniform over a thousand cells", () => {
    let [low, high, sum] = [1, 0, 0];
    for (let k = 0; k < DRAWS; k++) {
      const draw = uniformAt(42, slice, k);
      low = Math.min(low, draw);
      high = Math.max(high, draw);
      sum += draw;
    }
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(1);
    // Five deviations of the mean of so many uniform draws.
    expect(Math.abs(sum / DRAWS - 0.5)).toBeLessThan(5 / Math.sqrt(12 * DRAWS));
    const statistic = chiSquare((k) => Math.floor(uniformAt(42, slice, k) * 1000), 1000);
    expect(statistic).toBeLessThan(acceptable(1000));
  });

  it.each([
    ["neighbouring counters", (k: number) => bitsAt(1, slice, k + 1)],
    ["neighbouring seeds", (k: number) => bitsAt(2, slice, k)],
    ["streams", (k: number) => bitsAt(1, streamOf("slice-time"), k)],
    ["counters beyond 32 bits", (k: number) => bitsAt(1, slice, k + 2 ** 32)],
  ])("draws of %s do not know each other", (_, other) => {
    // Pairs of four bits each fall evenly into 256 cells only when the two are independent.
    const pair = (k: number): number => (bitsAt(1, slice, k) >>> 28) * 16 + (other(k) >>> 28);
    expect(chiSquare(pair, 256)).toBeLessThan(acceptable(256));
  });

  it("turns half of the bits when one bit of the seed or the counter turns", () => {
    for (const flipped of [0, 5, 17, 31]) {
      for (const ofSeed of [true, false]) {
        let turned = 0;
        for (let k = 0; k < 2_000; k++) {
          const seed = ofSeed ? 11 ^ (1 << flipped) : 11;
          const counter = ofSeed ? k : (k ^ (1 << flipped)) >>> 0;
          let difference = bitsAt(11, slice, k) ^ bitsAt(seed, slice, counter);
          for (; difference !== 0; difference &= difference - 1) turned += 1;
        }
        expect(turned / 2_000).toBeGreaterThan(15.5);
        expect(turned / 2_000).toBeLessThan(16.5);
      }
    }
  });
});
