/** POV on examples that a trader can check by hand. */
import { describe, expect, it } from "vitest";
import type { Plan } from "../core/contracts/strategy.ts";
import { lots, micros, SECOND } from "../core/domain/units.ts";
import { pov } from "./pov.ts";

const planOf = (change: Partial<Plan> = {}): Plan => ({
  parentId: "p-1",
  side: "sell",
  from: micros(1_700_000_000_000_000),
  until: micros(1_700_000_025_000_000),
  quantity: lots(1_000),
  volumeAtFrom: lots(50_000),
  minOrder: lots(1),
  maxParticipation: 0.5,
  urgency: 0.5,
  seed: 7,
  ...change,
});

const askAt = (plan: Plan, second: number, others: number, parameters = {}) =>
  pov.bind(parameters, plan).target({
    now: micros(plan.from + second * SECOND),
    done: lots(0),
    marketVolume: lots(50_000 + others),
  });

describe("pov", () => {
  it("a tenth of the whole is a ninth of what the others trade", () => {
    expect(askAt(planOf(), 5, 4_500).quantity).toBe(500);
    expect(askAt(planOf(), 5, 4_499).quantity).toBe(499);
    expect(askAt(planOf(), 5, 300, { rate: 0.25 }).quantity).toBe(100);
  });

  it("is done early in a busy market and unfinished in a quiet one", () => {
    expect(askAt(planOf(), 5, 9_000).quantity).toBe(1_000);
    expect(askAt(planOf(), 25, 900).quantity).toBe(100);
  });

  it("own share of all volume never exceeds the plan's limit, and it says so", () => {
    const target = askAt(planOf({ maxParticipation: 0.05 }), 5, 9_500, { rate: 0.2 });
    expect(target.quantity).toBe(500);
    expect(target.reason).toMatchInlineSnapshot(
      `"rate 0.05, capped from 0.2 by the participation limit, window 1 of 3"`,
    );
    expect(askAt(planOf({ maxParticipation: 0 }), 5, 1e9).quantity).toBe(0);
  });

  it("rises by least orders and ends without dust", () => {
    const plan = planOf({ minOrder: lots(300) });
    const due = [2_699, 2_700, 5_400, 8_100, 8_999, 9_000].map((n) => askAt(plan, 5, n).quantity);
    expect(due).toEqual([0, 300, 600, 600, 600, 1_000]);
  });

  it("a market volume that restarted from zero asks for nothing", () => {
    expect(askAt(planOf(), 5, -40_000).quantity).toBe(0);
  });

  it("windows are fixed from the start of the plan, the last one is cut at its end", () => {
    const windows = [0, 9.9, 10, 24, 25, 99].map((second) => {
      const { sliceFrom, sliceUntil } = askAt(planOf(), second, 0);
      return [(sliceFrom - planOf().from) / SECOND, (sliceUntil - planOf().from) / SECOND];
    });
    expect(windows).toEqual([
      [0, 10],
      [0, 10],
      [10, 20],
      [20, 25],
      [20, 25],
      [20, 25],
    ]);
  });

  it("refuses wrong parameters in words", () => {
    expect(pov.check({ rate: 1, intervalSeconds: 0, rates: 0.1 })).toMatchInlineSnapshot(`
      [
        {
          "path": "rate",
          "text": "must be a number over 0 and under 1, not 1",
        },
        {
          "path": "intervalSeconds",
          "text": "must be a number from 1 to 86400, not 0",
        },
        {
          "path": "rates",
          "text": "unknown parameter; known are rate, intervalSeconds",
        },
      ]
    `);
  });
});
