import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LEVERAGE, type ForcedOrder, LeveragedCrowd, leverageFaults } from "./leverage.ts";

const small = { ...DEFAULT_LEVERAGE, positions: 200 };
const crowd = (seed = 1, config = small): LeveragedCrowd =>
  new LeveragedCrowd(seed, "BTCUSDT", config, 0.025);

const sum = (orders: readonly ForcedOrder[]): number =>
  orders.reduce((total, { shareOfDay }) => total + shareOfDay, 0);

/** What was opened is closed, liquidated or open. */
function expectConserved(of: LeveragedCrowd): void {
  const { opened, closed, liquidated } = of.totals;
  expect(closed + liquidated + of.openInterest).toBeCloseTo(opened, 9);
}

describe("LeveragedCrowd", () => {
  it("begins with the open interest that is configured, on both sides, none of it due", () => {
    const sizes = Array.from({ length: 40 }, (_, seed) => crowd(seed).openInterest);
    const mean = sizes.reduce((total, size) => total + size, 0) / sizes.length;
    expect(Math.abs(mean / small.openInterest - 1)).toBeLessThan(0.1);
    for (let seed = 0; seed < 40; seed++) {
      const one = crowd(seed);
      expect(one.nextBelow).toBeLessThan(0);
      expect(one.nextAbove).toBeGreaterThan(0);
      expect(one.due(0)).toEqual([]);
      expect(one.longs / one.openInterest).toBeGreaterThan(0.2);
      expect(one.longs / one.openInterest).toBeLessThan(0.8);
    }
  });

  it("sells longs as the mid falls and buys shorts back as it rises, nearest first", () => {
    const falling = crowd().due(-0.1);
    expect(falling.length).toBeGreaterThan(5);
    expect(falling.every(({ buys }) => !buys)).toBe(true);
    const levels = falling.map(({ liquidationLog }) => liquidationLog);
    expect(levels).toEqual(levels.toSorted((a, b) => b - a));
    const rising = crowd().due(0.1);
    expect(rising.every(({ buys, liquidationLog }) => buys && liquidationLog <= 0.1)).toBe(true);
    const above = rising.map(({ liquidationLog }) => liquidationLog);
    expect(above).toEqual(above.toSorted((a, b) => a - b));
  });

  it("closes a position where its margin less maintenance is gone, before its margin is", () => {
    for (const order of [...crowd().due(-0.6), ...crowd().due(0.6)]) {
      const way = order.buys ? 1 : -1;
      expect(way * (order.bankruptcyLog - order.liquidationLog)).toBeGreaterThan(0);
      // Entry from either of the two prices must be the same.
      const room = 1 / order.leverage - small.maintenanceRate;
      const entry = order.liquidationLog - Math.log1p(way * room);
      expect(entry).toBeCloseTo(order.bankruptcyLog - Math.log1p(way / order.leverage), 12);
    }
  });

  it("liquidates every position at most once, and loses none, along any path of the mid", () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: -60, max: 60 }));
    fc.assert(
      fc.property(fc.nat(1_000), fc.array(step, { maxLength: 60 }), (seed, path) => {
        const one = crowd(seed, { ...small, positions: 40 });
        const seen = new Set<number>();
        let [second, mid, liquidated] = [0, 0, 0];
        for (const [wait, move] of path) {
          for (let s = 0; s < wait; s++) one.step((second += 1), mid);
          mid += move / 1_000;
          const orders = one.due(mid);
          for (const order of orders) {
            expect(seen.has(order.id)).toBe(false);
            seen.add(order.id);
            expect(order.buys ? order.liquidationLog <= mid : order.liquidationLog >= mid).toBe(
              true,
            );
          }
          liquidated += sum(orders);
          expect(one.totals.liquidated).toBeCloseTo(liquidated, 12);
          expect(one.due(mid)).toEqual([]);
          expectConserved(one);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("opens new positions over time and keeps about as much open as it began with", () => {
    const one = crowd(3);
    const first = one.openInterest;
    for (let s = 1; s < 5 * 86_400; s++) one.step(s, 0);
    expect(one.totals.opened).toBeGreaterThan(4 * first);
    expect(one.openInterest).toBeGreaterThan(0.6 * first);
    expect(one.openInterest).toBeLessThan(1.5 * first);
    expectConserved(one);
  });

  it("opens in the direction of the move", () => {
    const share = (mid: number): number => {
      const one = crowd(4);
      for (let s = 1; s < 86_400; s++) one.step(s, (mid * s) / 86_400);
      return one.longs / one.openInterest;
    };
    expect(share(0.06)).toBeGreaterThan(share(-0.06) + 0.05);
  });

  it("shows where the positions fall due, all of them, longs below and shorts above", () => {
    const one = crowd();
    const levels = one.levels(0.01);
    const longs = levels.reduce((total, level) => total + level.longs, 0);
    const shorts = levels.reduce((total, level) => total + level.shorts, 0);
    expect(longs).toBeCloseTo(one.longs, 12);
    expect(shorts).toBeCloseTo(one.shorts, 12);
    expect(levels.every(({ log, longs: size }) => log < 0.005 || size === 0)).toBe(true);
    expect(levels.map(({ log }) => log)).toEqual(
      levels.map(({ log }) => log).toSorted((a, b) => a - b),
    );
    const below = levels.filter(({ log }) => log < -0.05);
    const size = below.reduce((total, level) => total + level.longs, 0);
    one.due(-0.05 + 1e-9);
    expect(one.longs).toBeCloseTo(size, 12);
  });

  it("is the same by (seed, symbol) and another for another", () => {
    expect(crowd(5).due(-0.1)).toEqual(crowd(5).due(-0.1));
    expect(crowd(5).due(-0.1)).not.toEqual(crowd(6).due(-0.1));
    const other = new LeveragedCrowd(5, "ETHUSDT", small, 0.025);
    expect(crowd(5).due(-0.1)).not.toEqual(other.due(-0.1));
  });

  it("says what is wrong with its settings", () => {
    expect(leverageFaults(DEFAULT_LEVERAGE)).toEqual([]);
    const wrong = { ...small, positions: 0, herding: 2, mix: [[200, -1]] as const };
    expect(leverageFaults(wrong).map(({ path }) => path)).toEqual([
      "herding",
      "positions",
      "mix",
      "mix.0.0",
      "mix.0.1",
    ]);
  });
});
