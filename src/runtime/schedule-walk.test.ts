/** The slices that a strategy asks for, as they would be traded. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVEN, planOf } from "../../test/strategy-slices.ts";
import type { Strategy } from "../core/contracts/strategy.ts";
import { lots, MINUTE, SECOND } from "../core/domain/units.ts";
import { strategies } from "../strategies/registry.ts";
import { stretchesOf, type WalkedSchedule, walkSchedule } from "./schedule-walk.ts";

const PACE = { volumePerMicro: 0.002, leastTime: () => 0 };
const walk = (
  name: string,
  plan: ReturnType<typeof planOf>,
  parameters = {},
  pace = PACE,
): WalkedSchedule => {
  const walked = walkSchedule(strategies.get(name)!, parameters, plan, pace);
  if (walked.kind === "none") throw new Error(walked.reason);
  return walked.schedule;
};

describe("schedule walk", () => {
  it("TWAP: 10,000 in 8 slices of 1,250, ten seconds each", () => {
    const { slices, duration } = walk("twap", planOf(), { ...EVEN, slices: 8 });
    expect(slices.map(({ quantity }) => quantity)).toEqual(Array(8).fill(1_250));
    expect(slices.map(({ at }) => at / SECOND)).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
    expect(duration).toBe(80 * SECOND);
  });

  it.each(["twap", "vwap", "pov", "is", "ow"])("%s: no pause, no overlap, nothing lost", (name) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 5_000 }),
        (quantity, urgency, minOrder) => {
          const plan = planOf({
            quantity: lots(quantity),
            urgency,
            minOrder: lots(Math.min(quantity, minOrder)),
          });
          const schedule = walk(name, plan);
          let at = 0;
          let total = 0;
          for (const stretch of stretchesOf(schedule)) {
            expect(stretch.at).toBe(at);
            expect(stretch.span).toBeGreaterThan(0);
            at += stretch.span;
            total += stretch.quantity;
          }
          expect(at).toBe(schedule.duration);
          expect(total).toBe(quantity);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("POV: the time is a result, 9 times its size of others at a rate of a tenth", () => {
    const schedule = walk("pov", planOf({ quantity: lots(12_000) }));
    expect(schedule.followsVolume).toBe(true);
    expect(schedule.duration / SECOND).toBeCloseTo((12_000 * 9) / 2_000, 1);
    const slow = { ...PACE, volumePerMicro: 1e-9 };
    const none = walkSchedule(strategies.get("pov")!, {}, planOf(), slow);
    expect(none).toMatchObject({ kind: "none", reason: expect.stringContaining("30 days") });
  });

  it("a strategy whose tactic decides the pace has no curve", () => {
    for (const [name, strategy] of strategies) {
      const walked = walkSchedule(strategy, {}, planOf(), PACE);
      const isPaced = ["iceberg", "peg", "chase"].includes(name);
      expect([name, walked.kind]).toEqual([name, isPaced ? "none" : "schedule"]);
    }
  });

  it("a strategy that names no end of its slices is walked all the same", () => {
    const rude: Strategy = {
      ...strategies.get("twap")!,
      bind: (_, plan) => ({
        target: ({ now }) => ({
          quantity: now < plan.until ? lots(7) : plan.quantity,
          sliceFrom: now,
          sliceUntil: plan.from,
          reason: "",
        }),
      }),
    };
    const walked = walkSchedule(rude, {}, planOf(), PACE);
    if (walked.kind === "none") throw new Error(walked.reason);
    const { slices } = walked.schedule;
    expect(slices[0]!.quantity).toBe(7);
    expect(slices.at(-1)!.quantity).toBe(9_993);
  });

  it("all at once is as fast as the limits let crossing orders follow", () => {
    const plan = planOf({ urgency: 1, until: (planOf().from + 10 * MINUTE) as never });
    const [first] = walk("is", plan, EVEN).slices;
    expect(first).toMatchObject({ quantity: 10_000, worked: 10 * SECOND });
    const [bounded] = walk("is", plan, EVEN, { ...PACE, leastTime: () => 45 * SECOND }).slices;
    expect(bounded).toMatchObject({ quantity: 10_000, worked: 45 * SECOND });
  });
});
