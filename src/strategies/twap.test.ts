/** TWAP on examples that a trader can check by hand. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Plan } from "../core/contracts/strategy.ts";
import { lots, micros, SECOND } from "../core/domain/units.ts";
import { twap } from "./twap.ts";

const EVEN = { randomizeSize: 0, randomizeTime: 0 };

const planOf = (change: Partial<Plan> = {}): Plan => ({
  parentId: "p-1",
  side: "buy",
  from: micros(1_700_000_000_000_000),
  until: micros(1_700_000_080_000_000),
  quantity: lots(10_000),
  volumeAtFrom: lots(0),
  minOrder: lots(1),
  maxParticipation: 0.1,
  urgency: 0.5,
  seed: 7,
  ...change,
});

/** Each slice as [second it begins, cumulative target], walked by asking again at its end. */
function scheduleOf(plan: Plan, parameters: Record<string, unknown>): [number, number][] {
  const bound = twap.bind(parameters, plan);
  const rows: [number, number][] = [];
  for (let now = plan.from; now < plan.until;) {
    const target = bound.target({ now, done: lots(0), marketVolume: lots(0) });
    rows.push([(target.sliceFrom - plan.from) / SECOND, target.quantity]);
    now = target.sliceUntil;
  }
  return rows;
}

describe("twap", () => {
  it("10,000 in 8 slices is 1,250 every 10 seconds, the first at once", () => {
    const expected = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => [k * 10, (k + 1) * 1_250]);
    expect(scheduleOf(planOf(), { ...EVEN, slices: 8 })).toEqual(expected);
    expect(scheduleOf(planOf(), EVEN)).toEqual(expected);
  });

  it("what does not divide is spread: cumulative targets are floored, the last is exact", () => {
    expect(scheduleOf(planOf({ quantity: lots(10) }), { ...EVEN, slices: 4 })).toEqual([
      [0, 2],
      [20, 5],
      [40, 7],
      [60, 10],
    ]);
  });

  it("slices under the least order become fewer, not larger in sum", () => {
    const plan = planOf({ quantity: lots(10), minOrder: lots(4) });
    expect(scheduleOf(plan, { ...EVEN, slices: 8 })).toEqual([
      [0, 5],
      [40, 10],
    ]);
  });

  it("an order under the least order is one slice over the whole plan", () => {
    const plan = planOf({ quantity: lots(3), minOrder: lots(4) });
    expect(scheduleOf(plan, EVEN)).toEqual([[0, 3]]);
  });

  it("randomised slices keep the total, their order and their bounds", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 2, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, slices, jitter) => {
          const plan = planOf({ seed, quantity: lots(1_000_000) });
          const rows = scheduleOf(plan, { slices, randomizeSize: jitter, randomizeTime: jitter });
          expect(rows.at(-1)![1]).toBe(plan.quantity);
          const length = 80 / slices;
          const even = plan.quantity / slices;
          rows.forEach(([second, due], i) => {
            if (rows.length < slices) return;
            expect(Math.abs(second - i * length)).toBeLessThanOrEqual((jitter * length) / 2 + 1e-5);
            const size = due - (rows[i - 1]?.[1] ?? 0);
            // Weights lie in 1 ± jitter, so a share lies within (1 ± jitter) / (1 ∓ jitter).
            expect(size).toBeLessThanOrEqual(
              (even * (1 + jitter)) / Math.max(1e-6, 1 - jitter) + 1,
            );
          });
        },
      ),
    );
  });

  it("by default it is jittered, differently for each seed and each parent", () => {
    const schedules = [planOf(), planOf({ seed: 8 }), planOf({ parentId: "p-2" })].map((plan) =>
      JSON.stringify(scheduleOf(plan, {})),
    );
    expect(new Set(schedules).size).toBe(3);
    expect(schedules[0]).toBe(JSON.stringify(scheduleOf(planOf(), {})));
    expect(scheduleOf(planOf(), {})).toMatchInlineSnapshot(`
      [
        [
          0,
          1079,
        ],
        [
          10.857551,
          2180,
        ],
        [
          20.790234,
          3538,
        ],
        [
          29.361208,
          4764,
        ],
        [
          40.79095,
          6177,
        ],
        [
          49.217426,
          7340,
        ],
        [
          60.540025,
          8741,
        ],
        [
          69.007376,
          10000,
        ],
      ]
    `);
  });

  it("says which slice it is in and how much is due", () => {
    const { reason } = twap.bind({ ...EVEN, slices: 8 }, planOf()).target({
      now: micros(planOf().from + 25 * SECOND),
      done: lots(3_100),
      marketVolume: lots(0),
    });
    expect(reason).toMatchInlineSnapshot(`"slice 3 of 8"`);
  });

  it("refuses wrong parameters in words", () => {
    expect(twap.check({ slices: 2.5, randomizeSize: 20, randomizeTime: "a", interval: 5 }))
      .toMatchInlineSnapshot(`
      [
        {
          "path": "slices",
          "text": "must be a whole number from 1 to 86400, or null, not 2.5",
        },
        {
          "path": "randomizeSize",
          "text": "must be a number from 0 to 1, not 20",
        },
        {
          "path": "randomizeTime",
          "text": "must be a number from 0 to 1, not "a"",
        },
        {
          "path": "interval",
          "text": "unknown parameter; known are intervalSeconds, slices, randomizeSize, randomizeTime",
        },
      ]
    `);
  });
});
