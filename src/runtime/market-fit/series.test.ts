/** How many of the figures that follow each other count. */
import { describe, expect, it } from "vitest";
import { streamOf, uniformAt } from "../../core/domain/random.ts";
import { meanOfSeries } from "./series.ts";

describe("the error of a mean", () => {
  it("knows that neighbours who resemble each other count for fewer", () => {
    const noise = (k: number): number => uniformAt(7, streamOf("noise"), k) - 0.5;
    const white = Array.from({ length: 4_000 }, (_, k) => noise(k));
    const sticky: number[] = [];
    for (const each of white) sticky.push(0.9 * (sticky.at(-1) ?? 0) + each);
    const [loose, tied] = [meanOfSeries(white)!, meanOfSeries(sticky)!];
    expect(loose.effective).toBeGreaterThan(2_500);
    // An autoregression of 0.9 is worth (1 − 0.9) / (1 + 0.9) of its length: 210.
    expect(tied.effective).toBeGreaterThan(120);
    expect(tied.effective).toBeLessThan(340);
  });
});
