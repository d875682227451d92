/**
 * The laws of execution under every fault: what a user's order must never suffer, whatever the
 * market, the venue and the operators do.
 *
 * Each case is a whole session. A failure prints the seed and the smallest schedule that breaks the
 * law; `runSchedule` of that schedule shows it again. `ARRIVAL_LAWS_RUNS=20000 npm test -- test/laws`
 * runs that many sessions a strategy instead of the 600 of everyday.
 *
 * 1 never more than the parent, worst case counted · 2 what is rejected, canceled or expired returns
 * once; rejects back off, then halt · 3 working siblings count · 4 every child is on the venue's grid
 * · 5 no dump · 6 no burst after a stall · 7 participation, size, spacing, rate, price hold at each
 * send · 8 the deadline's policy runs and is told; every order ends, "complete" means filled. Of 5
 * and 6 the pace is checked for TWAP and POV alone: see `isPaced`.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runSchedule } from "./harness.ts";
import { schedules, type StrategyName } from "./schedule.ts";

const RUNS = Number(process.env["ARRIVAL_LAWS_RUNS"] ?? 600);
/** Long runs need longer: this is a guard against a hang, not a claim of speed. */
const PATIENCE_MS = 120_000 + RUNS * 200;

describe.each<StrategyName>(["twap", "pov", "vwap", "is", "ow"])(
  "every session of %s",
  (strategy) => {
    it(
      "obeys laws 1 to 8",
      () => {
        let sends = 0;
        const ends = new Set<string>();
        fc.assert(
          fc.property(schedules(strategy), (schedule) => {
            const { oracle } = runSchedule(schedule);
            sends += oracle.sends;
            for (const { phase } of oracle.books.values()) ends.add(phase);
          }),
          { numRuns: RUNS },
        );
        // An oracle that saw nothing sent has judged nothing.
        expect(sends).toBeGreaterThan(RUNS);
        expect([...ends]).toEqual(
          expect.arrayContaining(["complete", "complete-with-dust", "expired"]),
        );
      },
      PATIENCE_MS,
    );
  },
);
