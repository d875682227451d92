/** VWAP on examples that a trader can check by hand. */
import { describe, expect, it } from "vitest";
import { ask, EVEN, planOf as planFrom, slicesBy } from "../../test/strategy-slices.ts";
import type { Plan } from "../core/contracts/strategy.ts";
import { lots, micros, SECOND, DAY, HOUR } from "../core/domain/units.ts";
import { NAMED_CURVES } from "./volume-curve.ts";
import { vwap } from "./vwap.ts";

/** Midnight UTC: curves of the day begin there. */
const FROM = micros(19_675 * DAY);
const planOf = (change: Partial<Plan> = {}): Plan =>
  planFrom({ from: FROM, until: micros(FROM + 80 * SECOND), ...change });

const slicesOf = (plan: Plan, parameters: Record<string, unknown>) =>
  slicesBy(vwap, plan, parameters);
const sizesOf = (plan: Plan, parameters: Record<string, unknown>): number[] =>
  slicesOf(plan, parameters).map(([, size]) => size);

/** Half hours of a session of six and a half hours, in hundredths of its volume. */
const PROFILE = [15, 8, 7, 6, 6, 5, 5, 5, 6, 7, 8, 9, 13];
const SESSION = planOf({ until: micros(FROM + 6.5 * HOUR) });

describe("vwap", () => {
  it("10,000 by a profile of 15, 8, 7 … hundredths is 1,500, 800, 700 …", () => {
    const rows = slicesOf(SESSION, { curve: PROFILE, slices: 13 });
    expect(rows).toEqual(PROFILE.map((weight, k) => [k * 1_800, weight * 100]));
    expect(slicesOf(SESSION, { curve: PROFILE, intervalSeconds: 1_800 })).toEqual(rows);
  });

  it("a bucket is even inside: half of it is half of its volume", () => {
    const sizes = sizesOf(SESSION, { curve: PROFILE, slices: 26 });
    expect(sizes).toEqual(PROFILE.flatMap((weight) => [weight * 50, weight * 50]));
  });

  it("a flat curve is TWAP", () => {
    expect(sizesOf(planOf(), { curve: [3], slices: 8 })).toEqual(Array(8).fill(1_250));
    expect(sizesOf(planOf(), { curve: [1, 1, 1], slices: 8 })).toEqual(Array(8).fill(1_250));
  });

  it("nothing is due where the curve expects nobody, and the end is still exact", () => {
    expect(slicesOf(planOf(), { curve: [1, 0, 0, 3], slices: 8 })).toEqual([
      [0, 1_250],
      [10, 1_250],
      [60, 3_750],
      [70, 3_750],
    ]);
    expect(sizesOf(planOf(), { curve: [1, 0], slices: 8 })).toEqual([2_500, 2_500, 2_500, 2_500]);
  });

  it("the U has its open and close three times as high as its middle", () => {
    const sizes = sizesOf(planOf({ quantity: lots(1_000_000) }), { slices: 20 });
    expect(sizes.slice(0, 10)).toMatchInlineSnapshot(`
      [
        86363,
        74881,
        64673,
        55741,
        48086,
        41707,
        36603,
        32775,
        30223,
        28948,
      ]
    `);
    sizes.forEach((size, k) => expect(Math.abs(size - sizes[19 - k]!)).toBeLessThanOrEqual(1));
    expect(sizes[0]! / sizes[9]!).toBeGreaterThan(2.9);
  });

  it("the curve of a day is read by the clock of the day, again each day", () => {
    const hours = Array.from({ length: 24 }, (_, hour) => (hour === 1 || hour === 23 ? 3 : 1));
    const parameters = { curve: hours, over: "day", intervalSeconds: 3_600 };
    const from = micros(FROM + 22 * HOUR);
    const plan = planOf({ from, until: micros(from + 4 * HOUR), quantity: lots(800) });
    expect(sizesOf(plan, parameters)).toEqual([100, 300, 100, 300]);
  });

  it("the crypto day is busiest where Europe and America overlap", () => {
    const { weights } = NAMED_CURVES.get("crypto-sessions")!;
    expect(weights).toEqual([
      2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1,
    ]);
    const plan = planOf({ until: micros(FROM + DAY), quantity: lots(49_000) });
    const sizes = sizesOf(plan, { curve: "crypto-sessions", slices: 24 });
    expect(sizes).toEqual(weights.map((weight) => weight * 1_000));
  });

  it("a plan anchored in mid-order goes on where the curve stands", () => {
    const from = micros(FROM + 3 * 1_800 * SECOND);
    const rest = planOf({ ...SESSION, from, quantity: lots(7_000), arrivedAt: FROM });
    const parameters = { curve: PROFILE, intervalSeconds: 1_800 };
    expect(sizesOf(rest, parameters)).toEqual(PROFILE.slice(3).map((weight) => weight * 100));
  });

  it("says which curve it follows, and when that expects no volume", () => {
    const reasonOf = (parameters: Record<string, unknown>, plan = planOf()) =>
      ask(vwap.bind({ ...EVEN, slices: 8, ...parameters }, plan), plan.from).reason;
    expect(reasonOf({})).toBe("slice 1 of 8 by the u-shape curve");
    expect(reasonOf({ curve: [1, 2] })).toBe("slice 1 of 8 by the given plan curve");
    const idle = { curve: [0, 1], over: "day" };
    expect(reasonOf(idle)).toBe("slice 1 of 8, even: the given day curve expects no volume");
    expect(sizesOf(planOf(), { ...idle, slices: 8 })).toEqual(Array(8).fill(1_250));
  });

  it("refuses wrong parameters in words", () => {
    expect(vwap.check({ curve: "smile", over: "week", slice: 5 })).toMatchInlineSnapshot(`
      [
        {
          "path": "curve",
          "text": "must be u-shape or crypto-sessions, or 1 to 1440 weights of 0 or more, their sum over 0, not "smile"",
        },
        {
          "path": "over",
          "text": "must be plan or day, or null, not "week"",
        },
        {
          "path": "slice",
          "text": "unknown parameter; known are curve, over, intervalSeconds, slices, randomizeSize, randomizeTime",
        },
      ]
    `);
    for (const curve of [[], [0, 0], [1, -1], [1, Number.NaN], [Infinity], ["1"], null, 3]) {
      expect(vwap.check({ curve }).map(({ path }) => path)).toEqual(["curve"]);
    }
    expect(vwap.check({ curve: Array(1_441).fill(1) })).toHaveLength(1);
    expect(vwap.check({ curve: Array(1_440).fill(1), over: "day" })).toEqual([]);
  });

  it("refuses a span that its named curve does not have, rather than ignore it", () => {
    expect(vwap.check({ curve: "crypto-sessions", over: "plan" })).toMatchInlineSnapshot(`
      [
        {
          "path": "over",
          "text": "must be day, or null, for crypto-sessions, not plan",
        },
      ]
    `);
    expect(vwap.check({ over: "day" })).toHaveLength(1);
    expect(vwap.check({ curve: "crypto-sessions", over: "day" })).toEqual([]);
  });

  it("takes a curve as a map that says what it spans, as it is learned", () => {
    const learned = { over: "plan", weights: PROFILE, learned: { instrument: "x:spot:ACME" } };
    expect(vwap.check({ curve: learned })).toEqual([]);
    expect(sizesOf(SESSION, { curve: learned, slices: 13 })).toEqual(
      sizesOf(SESSION, { curve: PROFILE, slices: 13 }),
    );
    const hours = Array.from({ length: 24 }, (_, hour) => (hour === 1 ? 3 : 1));
    const plan = planOf({ until: micros(FROM + 3 * HOUR), quantity: lots(500) });
    const day = { curve: { over: "day", weights: hours }, intervalSeconds: 3_600 };
    expect(vwap.check(day)).toEqual([]);
    expect(sizesOf(plan, day)).toEqual([100, 300, 100]);
    const reasonOf = (curve: unknown) => ask(vwap.bind({ ...EVEN, curve }, plan), FROM).reason;
    expect(reasonOf(day.curve)).toContain("by the given day curve");
    expect(reasonOf({ ...day.curve, learned: {} })).toContain("by the learned day curve");
  });

  it("refuses a map that says too little, too much or something else than the order", () => {
    expect(vwap.check({ curve: { weights: [1, -1], overs: "day" }, slices: 0 }))
      .toMatchInlineSnapshot(`
      [
        {
          "path": "curve.overs",
          "text": "unknown key; known are over, weights, learned",
        },
        {
          "path": "curve.over",
          "text": "must be plan or day",
        },
        {
          "path": "curve.weights",
          "text": "must be 1 to 1440 weights of 0 or more, their sum over 0",
        },
        {
          "path": "slices",
          "text": "must be a whole number from 1 to 86400, or null, not 0",
        },
      ]
    `);
    const paths = (curve: unknown, over?: unknown): string[] =>
      vwap.check({ curve, over }).map(({ path }) => path);
    expect(paths({})).toEqual(["curve.over", "curve.weights"]);
    expect(paths({ over: "day", weights: "u-shape" })).toEqual(["curve.weights"]);
    expect(paths({ over: "week", weights: [1] })).toEqual(["curve.over"]);
    expect(paths({ over: null, weights: Array(1_441).fill(1) })).toHaveLength(2);
    expect(paths({ over: "day", weights: [1] }, "plan")).toEqual(["over"]);
    expect(paths({ over: "day", weights: [1] }, "day")).toEqual([]);
  });

  it("tells its curve of the day, by name, and none of a plan", () => {
    const by = (parameters: Record<string, unknown>) => vwap.dayCurve!(parameters);
    const learned = by({ curve: { over: "day", weights: [1, 3], learned: {} } })!;
    expect(learned.name).toBe("learned day");
    expect([0, 0.25, 0.5, 1].map((moment) => learned.shareBy(moment))).toEqual([0, 0.125, 0.25, 1]);
    expect(by({ curve: "crypto-sessions" })!.name).toBe("crypto-sessions");
    expect(by({ curve: [1, 2], over: "day" })!.name).toBe("given day");
    for (const none of [{}, { curve: "u-shape" }, { curve: [1, 2] }]) {
      expect(by(none)).toBeUndefined();
    }
  });
});
