/**
 * The laws of execution under every fault, for every strategy: a fast part of them.
 *
 * `npm run test:laws` runs the rest. A failure prints the seed, the path and the smallest schedule
 * that breaks the law.
 *
 * 1 never more than the parent, worst case counted · 2 what is rejected, canceled or expired returns
 * once; rejects back off, then halt · 3 working siblings count · 4 every child is on the venue's grid
 * · 5 no dump · 6 no burst after a stall · 7 participation, size, spacing, rate, price hold at each
 * send · 8 the deadline's policy runs and is told; every order ends, "complete" means filled · 9
 * pausing, amending, switching and restarting keep 1 to 8 · 10 the same journal, the same commands.
 */
import { describe, expect, it } from "vitest";
import { conformanceSuite } from "../../src/testing/index.ts";
import { REGISTERED, TACTICS } from "./registered.ts";

const RUNS = 32;

describe.each(REGISTERED)("$strategy.name", (mine) => {
  const suite = conformanceSuite({ ...mine, others: REGISTERED, tactics: TACTICS, runs: RUNS });
  // What a strategy promises by itself is tried beside the strategies.
  for (const law of suite.filter(({ group }) => group !== "contract")) it(law.name, law.run);

  // A few sessions for each of the others: too few to be counted one by one.
  it("was switched to and from the others often enough to show anything", () => {
    const switches = suite.filter(({ group }) => group === "switches");
    const happened = switches.reduce((sum, { tally }) => sum + tally.switches, 0);
    expect(happened).toBeGreaterThanOrEqual(RUNS / 3);
  });
});

describe("what is tried", () => {
  it("is any parameters of every strategy and tactic that is registered", () => {
    const plain = [
      ...REGISTERED.map(({ strategy, parameters }) => ({ ...strategy, parameters })),
      ...TACTICS.map(({ kind, parameters }) => ({ ...kind, parameters })),
    ].filter(({ parameters }) => parameters === undefined);
    expect(plain.map(({ name }) => name)).toEqual([]);
    expect(REGISTERED.length).toBeGreaterThan(5);
  });
});
