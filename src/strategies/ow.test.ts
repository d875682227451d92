/** OW on the worked figures of block, constant, block. */
import { describe, expect, it } from "vitest";
import { ask, EVEN, FROM, planOf as planFrom, slicesBy } from "../../test/strategy-slices.ts";
import type { Plan } from "../core/contracts/strategy.ts";
import { lots, micros, SECOND } from "../core/domain/units.ts";
import { blockSchedule } from "../impact/obizhaeva-wang.ts";
import { ow } from "./ow.ts";

const planOf = (change: Partial<Plan> = {}): Plan =>
  planFrom({ quantity: lots(100_000), ...change });

const slicesOf = (plan: Plan, parameters: Record<string, unknown>) =>
  slicesBy(ow, plan, parameters);
const sizesOf = (plan: Plan, parameters: Record<string, unknown>): number[] =>
  slicesOf(plan, parameters).map(([, size]) => size);

/** The half-life with which ρT is this, in a plan of 80 seconds. */
const halfLifeFor = (rateTime: number): number => (Math.LN2 * 80) / rateTime;

describe("ow", () => {
  it.each([
    [2, 25_000, 50_000],
    [20, 4_545, 90_909],
    [0.5, 40_000, 20_000],
  ])("ρT = %d: blocks of %d and %d between them", (rateTime, block, between) => {
    const parameters = { slices: 8, resilienceHalfLifeSeconds: halfLifeFor(rateTime) };
    const sizes = sizesOf(planOf(), parameters);
    const even = between / 8;
    expect(sizes).toHaveLength(8);
    sizes.forEach((size, k) => {
      const expected = even + (k === 0 || k === 7 ? block : 0);
      // The worked figures are rounded to whole shares, and so are ours.
      expect(Math.abs(size - expected)).toBeLessThan(2);
    });
    const schedule = blockSchedule({
      quantity: 100_000,
      horizon: 80,
      resilience: rateTime / 80,
      transientImpact: 1,
      permanentImpact: 0,
    });
    expect(Math.abs(sizes[0]! - schedule.firstBlock - schedule.rate * 10)).toBeLessThanOrEqual(1);
  });

  it("100,000 at ρT = 2 in 8 slices", () => {
    const parameters = { slices: 8, resilienceHalfLifeSeconds: halfLifeFor(2) };
    expect(slicesOf(planOf(), parameters)).toEqual([
      [0, 31_250],
      [10, 6_250],
      [20, 6_250],
      [30, 6_250],
      [40, 6_250],
      [50, 6_250],
      [60, 6_250],
      [70, 31_250],
    ]);
  });

  it("a book that heals at once makes it TWAP, one that never does two equal blocks", () => {
    const quick = sizesOf(planOf(), { slices: 8, resilienceHalfLifeSeconds: 0.01 });
    quick.forEach((size) => expect(Math.abs(size - 12_500)).toBeLessThan(20));
    const never = slicesOf(planOf({ minOrder: lots(100) }), {
      slices: 8,
      resilienceHalfLifeSeconds: 604_800,
    });
    // Five lots are due between them: under the least order, so the last slice takes them along.
    expect(never).toEqual([
      [0, 49_998],
      [70, 50_002],
    ]);
  });

  it("a plan anchored on schedule goes on: the same rate, the same last block, no new first", () => {
    const parameters = { intervalSeconds: 10, resilienceHalfLifeSeconds: halfLifeFor(2) };
    const rest = planOf({
      from: micros(FROM + 30 * SECOND),
      quantity: lots(56_250),
      arrivedAt: FROM,
    });
    expect(sizesOf(rest, parameters)).toEqual([6_250, 6_250, 6_250, 6_250, 31_250]);
  });

  it("a first block that the caps held back is spread, not tried again", () => {
    const parameters = { intervalSeconds: 10, resilienceHalfLifeSeconds: halfLifeFor(2) };
    const from = micros(FROM + 10 * SECOND);
    const sizes = sizesOf(planOf({ from, arrivedAt: FROM }), parameters);
    expect(sizes).toMatchInlineSnapshot(`
      [
        9090,
        9091,
        9091,
        9091,
        9091,
        9091,
        45455,
      ]
    `);
    expect(Math.max(...sizes.slice(0, -1)) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it("says which slices hold a block", () => {
    const bound = ow.bind({ ...EVEN, slices: 8 }, planOf());
    const reasons = [0, 10, 70].map((second) => ask(bound, micros(FROM + second * SECOND)).reason);
    expect(reasons).toEqual([
      "slice 1 of 8 with the first block",
      "slice 2 of 8",
      "slice 8 of 8 with the last block",
    ]);
    const single = ow.bind({ ...EVEN, slices: 1 }, planOf());
    expect(ask(single, FROM)).toMatchObject({
      quantity: 100_000,
      reason: "slice 1 of 1 with both blocks",
    });
  });

  it("refuses wrong parameters in words", () => {
    expect(ow.check({ resilienceHalfLifeSeconds: 0, rho: 2 })).toMatchInlineSnapshot(`
      [
        {
          "path": "resilienceHalfLifeSeconds",
          "text": "must be a number from 0.01 to 604800, not 0",
        },
        {
          "path": "rho",
          "text": "unknown parameter; known are resilienceHalfLifeSeconds, intervalSeconds, slices, randomizeSize, randomizeTime",
        },
      ]
    `);
  });
});
