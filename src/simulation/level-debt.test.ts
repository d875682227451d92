import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LevelDebt } from "./level-debt.ts";
import { TICK_SLOTS, TickFilter } from "./tick-filter.ts";

describe("LevelDebt", () => {
  it("hides what was taken, shrinks with the level, and is gone when the level is", () => {
    const debt = new LevelDebt();
    expect(debt.visible(100, 10)).toBe(10);
    debt.add(100, 6);
    expect(debt.visible(100, 10)).toBe(4);
    expect(debt.settle(100, 4)).toBe(false);
    expect([debt.visible(100, 4), debt.visible(100, 10)]).toEqual([0, 6]);
    debt.add(107, 1);
    expect(debt.size).toBe(2);
    expect(debt.settle(100, 0)).toBe(false);
    expect(debt.settle(107, 0)).toBe(true);
    expect(debt.visible(100, 10)).toBe(10);
    expect(debt.size).toBe(0);
  });

  it("keeps its filter told: yes while a level is in debt, no once none is", () => {
    const filter = new TickFilter();
    const debt = new LevelDebt(filter);
    debt.add(7, 3);
    debt.add(7, 3);
    debt.add(7 + TICK_SLOTS, 1);
    expect([filter.mayHold(7), filter.mayHold(8)]).toEqual([true, false]);
    debt.settle(7, 0);
    expect(filter.mayHold(7)).toBe(true);
    expect(debt.visible(7, 5)).toBe(5);
    debt.settle(7 + TICK_SLOTS, 0);
    expect(filter.mayHold(7)).toBe(false);
  });

  it("settles all levels against a snapshot", () => {
    const debt = new LevelDebt();
    for (const tick of [5, 6, 7]) debt.add(tick, 9);
    debt.settleAll((tick) => (tick === 6 ? 4 : tick === 7 ? 20 : 0));
    expect([5, 6, 7].map((tick) => debt.visible(tick, 20))).toEqual([20, 16, 11]);
  });

  it("agrees with the rule written out, and what is had never exceeds what was gained", () => {
    const step = fc.record({
      tick: fc.integer({ min: 1, max: 3 }),
      recorded: fc.integer({ min: 0, max: 12 }),
      take: fc.integer({ min: 0, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const debt = new LevelDebt();
        const owed = new Map<number, number>();
        const level = new Map<number, number>();
        const gained = new Map<number, number>();
        for (const { tick, recorded, take } of steps) {
          const rise = Math.max(0, recorded - (level.get(tick) ?? 0));
          gained.set(tick, (gained.get(tick) ?? 0) + rise);
          level.set(tick, recorded);
          debt.settle(tick, recorded);
          owed.set(tick, Math.min(owed.get(tick) ?? 0, recorded));
          const visible = Math.max(0, recorded - owed.get(tick)!);
          expect(debt.visible(tick, recorded)).toBe(visible);
          const taken = Math.min(take, visible);
          if (taken === 0) continue;
          debt.add(tick, taken);
          owed.set(tick, owed.get(tick)! + taken);
          gained.set(tick, gained.get(tick)! - taken);
          expect(gained.get(tick)!).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
