/**
 * The fault simulator in small: some runs, the same run twice, and its command. The full run:
 * `npm run simulate -- --runs 100000`.
 */
import { describe, expect, it } from "vitest";
import { drawKnobs, FAULT_NAMES } from "./knobs.ts";
import { planOf } from "./plan.ts";
import { count, newTally } from "./tally.ts";
import { runWorld } from "./world.ts";

const RUNS = 50;

describe("the fault simulator", () => {
  it("brings every run to an end, nothing lost and nothing doubled, under every fault", async () => {
    const tally = newTally();
    for (let seed = 1; seed <= RUNS; seed++) count(tally, seed, await runWorld(planOf(seed)));
    expect(tally.broken).toEqual([]);
    // All that could go wrong did, or the runs would show nothing.
    expect(Object.keys(tally.faults).sort()).toEqual([...FAULT_NAMES].sort());
    expect(tally.orders).toBeGreaterThan(3 * RUNS);
    expect(tally.fills).toBeGreaterThan(3 * RUNS);
    expect(tally.crashes).toBeGreaterThan(5);
    expect(tally.restarts).toBeGreaterThan(tally.crashes);
    for (const end of ["complete", "expired", "canceled"]) {
      expect(tally.ends[end]).toBeGreaterThan(0);
    }
  });

  it("runs the same way each time, to the letter", async () => {
    for (const seed of TWICE) {
      const first = await runWorld(planOf(seed));
      const second = await runWorld(planOf(seed));
      expect(first.restarts).toBeGreaterThan(0);
      expect(first.records.length).toBeGreaterThan(10);
      expect(second).toEqual(first);
    }
  });

  it("has mended what full runs have found", async () => {
    for (const seed of ONCE_BROKEN) {
      expect([seed, (await runWorld(planOf(seed))).broken]).toEqual([seed, undefined]);
    }
  });

  it("draws every fault, and leaves every fault out", () => {
    const seen = new Set<string>();
    const missed = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const { faults } = drawKnobs(seed);
      for (const name of FAULT_NAMES) (name in faults ? seen : missed).add(name);
    }
    expect([...seen].sort()).toEqual([...FAULT_NAMES].sort());
    expect(missed.size).toBe(FAULT_NAMES.length);
  });
});

/** With a full disk and a stall; with operators and many orders. */
const TWICE = [12, 83];

/** A forced closing dated ahead; an amendment a process died of; a clock that had been ahead. */
const ONCE_BROKEN = [2_076_190, 3_087_806, 3_016_974];
