/**
 * The laws of execution under every fault: what a user's order must never suffer, whatever the
 * market, the venue and the operators do.
 *
 * Each case is a whole session. A failure prints the seed and the smallest schedule that breaks the
 * law; `runSchedule` of that schedule shows it again. `ARRIVAL_LAWS_RUNS=20000 npm test -- test/laws`
 * runs that many sessions a strategy instead of the few of everyday.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runSchedule } from "./harness.ts";
import { type Schedule, schedules } from "./schedule.ts";

const RUNS = Number(process.env["ARRIVAL_LAWS_RUNS"] ?? 400);
/** Long runs need longer: this is a guard against a hang, not a claim of speed. */
const PATIENCE_MS = 120_000 + RUNS * 200;

describe.each<Schedule["strategy"]>(["twap", "pov"])("every session of %s", (strategy) => {
  it(
    "obeys laws 1 to 8",
    () => {
      let sends = 0;
      fc.assert(
        fc.property(schedules(strategy), (schedule) => {
          sends += runSchedule(schedule).oracle.sends;
        }),
        { numRuns: RUNS },
      );
      // An oracle that saw nothing sent has judged nothing.
      expect(sends).toBeGreaterThan(RUNS);
    },
    PATIENCE_MS,
  );
});
