/** Obizhaeva–Wang: worked figures, and proof by search that no other schedule costs less. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  blockSchedule,
  evenTransientCost,
  type ObizhaevaWangModel,
  obizhaevaWangFaults,
  type TimedTrade,
  transientCost,
} from "./obizhaeva-wang.ts";

const modelOf = (resilience: number, quantity = 100_000): ObizhaevaWangModel => ({
  quantity,
  horizon: 1,
  resilience,
  transientImpact: 0.001,
  permanentImpact: 0.0005,
});

/** The continuous schedule as `count` trades, the blocks at both ends. */
function sampled(model: ObizhaevaWangModel, count: number): TimedTrade[] {
  const { firstBlock, lastBlock, continuous } = blockSchedule(model);
  const between = Array.from({ length: count }, (_, k) => ({
    time: (model.horizon * (k + 0.5)) / count,
    quantity: continuous / count,
  }));
  return [
    { time: 0, quantity: firstBlock },
    ...between,
    { time: model.horizon, quantity: lastBlock },
  ];
}

/**
 * The best N + 1 trades at even times, where the cost of one lot more is the same at each of them:
 * with a = e^(−ρT/N), equal ends of X/(2 + (N − 1)(1 − a)), and 1 − a of that at each time between.
 */
function bestAtEvenTimes(model: ObizhaevaWangModel, steps: number): TimedTrade[] {
  const heal = -Math.expm1((-model.resilience * model.horizon) / steps);
  const end = model.quantity / (2 + (steps - 1) * heal);
  return Array.from({ length: steps + 1 }, (_, k) => ({
    time: (model.horizon * k) / steps,
    quantity: k === 0 || k === steps ? end : end * heal,
  }));
}

describe("block, constant, block", () => {
  it.each([
    [2, 25_000, 50_000, 25_000],
    [20, 4_545, 90_909, 4_545],
    [0, 50_000, 0, 50_000],
  ])("resilience %d: %d, %d, %d", (resilience, first, continuous, last) => {
    const schedule = blockSchedule(modelOf(resilience));
    expect(Math.round(schedule.firstBlock)).toBe(first);
    expect(Math.round(schedule.continuous)).toBe(continuous);
    expect(Math.round(schedule.lastBlock)).toBe(last);
    expect(schedule.permanentCost).toBe(2_500_000);
  });

  it("costs κX²/(ρT + 2), as its own trades do", () => {
    for (const resilience of [0.5, 2, 20]) {
      const model = modelOf(resilience);
      const { transientCost: stated } = blockSchedule(model);
      expect(stated).toBeCloseTo(1e7 / (resilience + 2), 3);
      expect(transientCost(model, sampled(model, 20_000)) / stated).toBeCloseTo(1, 4);
    }
  });

  it("an even rate costs more, and without resilience everything costs the same", () => {
    for (const resilience of [1e-9, 1e-3, 0.5, 2, 20, 1_000]) {
      const model = modelOf(resilience);
      const even = Array.from({ length: 20_000 }, (_, k) => ({
        time: (k + 0.5) / 20_000,
        quantity: 5,
      }));
      const stated = evenTransientCost(model);
      expect(transientCost(model, even) / stated).toBeCloseTo(1, 3);
      expect(blockSchedule(model).transientCost).toBeLessThanOrEqual(stated);
    }
    const rigid = modelOf(0);
    expect(evenTransientCost(rigid)).toBe(5e6);
    expect(blockSchedule(rigid).transientCost).toBe(5e6);
    expect(transientCost(rigid, [{ time: 0, quantity: 100_000 }])).toBe(5e6);
  });

  it("no schedule at even times is cheaper, and finer ones come to its cost from above", () => {
    const model = modelOf(7);
    const { transientCost: limit } = blockSchedule(model);
    const costs = [4, 16, 64, 256].map((n) => transientCost(model, bestAtEvenTimes(model, n)));
    costs.forEach((cost, i) => {
      expect(cost).toBeGreaterThan(limit);
      if (i > 0) expect(cost).toBeLessThan(costs[i - 1]!);
    });
    expect(costs.at(-1)! / limit).toBeCloseTo(1, 3);
  });

  it("of all schedules of whole shares at five times, none is cheaper", () => {
    const model = modelOf(2, 24);
    const { transientCost: limit } = blockSchedule(model);
    const best = transientCost(model, bestAtEvenTimes(model, 4));
    let least = Infinity;
    let found: number[] = [];
    for (let a = 0; a <= 24; a++) {
      for (let b = 0; a + b <= 24; b++) {
        for (let c = 0; a + b + c <= 24; c++) {
          for (let d = 0; a + b + c + d <= 24; d++) {
            const sizes = [a, b, c, d, 24 - a - b - c - d];
            const trades = sizes.map((quantity, k) => ({ time: k / 4, quantity }));
            const cost = transientCost(model, trades);
            if (cost < least) [least, found] = [cost, sizes];
          }
        }
      }
    }
    expect(least).toBeGreaterThanOrEqual(best * (1 - 1e-12));
    expect(best).toBeGreaterThan(limit);
    expect(least / best).toBeLessThan(1.01);
    expect(found).toMatchInlineSnapshot(`
      [
        8,
        3,
        3,
        3,
        7,
      ]
    `);
  });

  it("moving any quantity from one trade to another makes it dearer", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(30),
        fc.nat(30),
        fc.double({ min: -0.2, max: 0.2, noNaN: true }),
        (resilience, steps, from, to, share) => {
          const model = modelOf(resilience);
          const best = bestAtEvenTimes(model, steps);
          const other = best.map((trade) => ({ ...trade }));
          const moved = share * model.quantity;
          const give = other[from % other.length]!;
          const take = other[to % other.length]!;
          other[from % other.length] = { ...give, quantity: give.quantity - moved };
          const after = give === take ? other[from % other.length]! : take;
          other[to % other.length] = { ...after, quantity: after.quantity + moved };
          const cost = transientCost(model, best);
          expect(transientCost(model, other)).toBeGreaterThanOrEqual(cost * (1 - 1e-12));
        },
      ),
    );
  });

  it("refuses what makes no sense, all of it at once", () => {
    expect(
      obizhaevaWangFaults({
        quantity: 0,
        horizon: -1,
        resilience: Number.NaN,
        transientImpact: Infinity,
        permanentImpact: -1,
      }),
    ).toMatchInlineSnapshot(`
      [
        "quantity must be over 0",
        "horizon must be over 0",
        "transientImpact must be over 0",
        "resilience must be 0 or more",
        "permanentImpact must be 0 or more",
      ]
    `);
    expect(() => blockSchedule({ ...modelOf(2), quantity: 0 })).toThrow("quantity must be over 0");
    const backwards = [
      { time: 1, quantity: 1 },
      { time: 0, quantity: 1 },
    ];
    expect(() => transientCost(modelOf(2), backwards)).toThrow("order of time");
  });
});
