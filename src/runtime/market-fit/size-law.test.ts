/** A law of sizes keeps the mean, which is the volume. */
import { describe, expect, it } from "vitest";
import { Draws } from "../../simulation/generated/draws.ts";
import { meanOf } from "../../simulation/generated/profile.ts";
import { SizeTally } from "./flow-tape.ts";
import { sizeLaw } from "./size-law.ts";

describe("a size law", () => {
  it("has the mean of the sizes that it was made from, up to its most", () => {
    const tally = new SizeTally();
    const draws = new Draws(5, "planted-sizes");
    for (let k = 0; k < 50_000; k++) {
      tally.push(Math.floor(draws.at(k).paretoWithin(20, 5_000, 1.3)));
    }
    const law = sizeLaw(tally)!;
    expect(meanOf(law) / tally.meanUpTo(law.most)).toBeGreaterThan(0.98);
    expect(meanOf(law) / tally.meanUpTo(law.most)).toBeLessThan(1.02);
    expect(Math.abs(law.exponent - 1.3)).toBeLessThan(0.25);
  });

  it("is not told from a few sizes", () => {
    const tally = new SizeTally();
    for (let k = 0; k < 20; k++) tally.push(k + 1);
    expect(sizeLaw(tally)).toBeUndefined();
  });
});
