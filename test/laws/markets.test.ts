/**
 * The laws of execution in the recorded, the reactive and the generated market: a part of the runs.
 *
 * `npm run test:laws` makes many more. A failure prints the seed, the path and the smallest case.
 * Watched besides laws 1 to 10: told fills, the engine's position and the venue's are one; nobody
 * gets more than the market showed or printed; no book is left crossed; local time never falls.
 */
import { describe, expect, it } from "vitest";
import { lineupOf } from "../../src/testing/lineup.ts";
import { MARKET_KINDS } from "./market-case.ts";
import { marketLaws } from "./market-laws.ts";
import { REGISTERED, TACTICS } from "./registered.ts";

const RUNS = 12;
const lineup = lineupOf(REGISTERED, TACTICS);
// Fixed: the full run draws others.
const common = { all: REGISTERED, tactics: TACTICS, lineup, runs: RUNS, seed: 1 };
const laws = REGISTERED.flatMap((mine) => marketLaws({ mine, ...common }));

describe("in a simulated market", () => {
  for (const law of laws) it(law.name, law.run);
});

describe("what happened", () => {
  it.each(MARKET_KINDS)("in the %s market is enough to show anything", (kind) => {
    const tallies = laws.filter((law) => law.group === `${kind} market`).map((law) => law.tally);
    for (const act of ["pauses", "amendments", "switches"] as const) {
      const happened = tallies.reduce((sum, tally) => sum + tally[act], 0);
      expect(happened, act).toBeGreaterThan((RUNS * REGISTERED.length) / 20);
    }
  });
});
