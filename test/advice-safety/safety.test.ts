/**
 * Whatever an advisor says, an order keeps its limits, its laws and what was promised of it: a fast
 * part. `npm run safety` runs the rest.
 *
 * A failure names its seed and advisor: `npm run safety -- --seed N --runs 1 --advisor NAME`.
 */
import { describe, expect, it } from "vitest";
import { coveringCases } from "../attacks/attack-cases.ts";
import { casesOf, judge, playAdvised } from "./judged.ts";
import { MODELS } from "./safety-case.ts";
import { figuresOf, summaryOf, Tally } from "./tally.ts";

const SEEDS = 20;
/** What advice had held back was crossed for at once when it was given back. */
const FOUND = [295];

describe("an advised order under attack", () => {
  const tally = new Tally();
  const covering = coveringCases();

  it("keeps its envelope, its limits and its laws, obeying, at random, and meaning harm", () => {
    for (let seed = 1; seed <= SEEDS; seed++) tally.add(judge(seed, MODELS, covering));
    expect(tally.broken).toEqual([]);
    const { taken, sends, refolded, unadvisedAlike, canceled } = summaryOf(tally);
    // What never happened has not been shown to be harmless.
    for (const count of [taken / 10, sends / 100, refolded, unadvisedAlike, canceled]) {
      expect(count).toBeGreaterThan(0);
    }
  });

  it("was harmed by whoever knows the future, and within what was promised", () => {
    const harmed = figuresOf(tally.rows.filter(({ model }) => model === "adversary"));
    expect(harmed.p95Bps).toBeGreaterThan(1);
    expect(harmed.mostUsed).toBeGreaterThan(0.3);
    expect(harmed.over).toBe(0);
  });

  it("keeps them under every attack of the covering set, obeyed", () => {
    const runs = covering.map((attack, k) => playAdvised(10_000 + k, "obeying", attack));
    const taken = runs.filter((run) => run.taken > 1);
    expect(taken.length).toBeGreaterThan(runs.length / 2);
  });

  it("keeps them where they were broken once", () => {
    const found = new Tally();
    for (const seed of FOUND) found.add(judge(seed, ["adversary"], casesOf(10_000)));
    expect(found.broken).toEqual([]);
  });

  it("can be shown every case there is", () => {
    expect(new Set(casesOf(10_000).map(({ id }) => id)).size).toBeGreaterThanOrEqual(300);
  });
});
