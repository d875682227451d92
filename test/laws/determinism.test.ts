/**
 * Law 10: the same events and rows give the same outputs, however the rows are cut into calls.
 *
 * Without it a replay proves nothing, and a backtest and a live session part ways.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uniformAt } from "../../src/core/domain/random.ts";
import type { EngineOutput } from "../../src/core/domain/messages.ts";
import { engineOf, runSchedule, type Session } from "./harness.ts";
import { type Schedule, schedules } from "./schedule.ts";

const RUNS = 150;

/** Feeds what was recorded to a new engine; `cut` says how many rows a call shows at most. */
function replay(
  schedule: Schedule,
  { market, steps }: Session,
  cut: (row: number) => number,
): readonly (readonly EngineOutput[])[] {
  const engine = engineOf(schedule, market);
  const { block } = market;
  let row = 0;
  return steps.map(({ event, position }) => {
    while (row < position) {
      const to = Math.min(position, row + Math.max(1, cut(row)));
      row = engine.observe(0, block, row, to, Number.POSITIVE_INFINITY);
    }
    return engine.step(event);
  });
}

describe.each<Schedule["strategy"]>(["twap", "pov", "is"])(
  "a recorded session of %s",
  (strategy) => {
    it.each<[string, (row: number) => number]>([
      ["as it came", () => Number.MAX_SAFE_INTEGER],
      ["row by row", () => 1],
      ["in random pieces", (row) => Math.floor(uniformAt(7, 7, row) * 40)],
    ])("gives the same outputs again, rows %s", (_, cut) => {
      let outputs = 0;
      fc.assert(
        fc.property(schedules(strategy), (schedule) => {
          const session = runSchedule(schedule);
          const again = replay(schedule, session, cut);
          expect(JSON.stringify(again)).toBe(
            JSON.stringify(session.steps.map((step) => step.outputs)),
          );
          outputs += again.flat().length;
        }),
        { numRuns: RUNS },
      );
      expect(outputs).toBeGreaterThan(RUNS);
    });
  },
);
