import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uniformAt } from "../core/domain/random.ts";
import { canceledAhead, frontAfterTrade, frontWithinLevel, toFractionSteps } from "./queue.ts";
import { type OwnOrder, RestingOrders } from "./resting-orders.ts";
import { TickFilter } from "./tick-filter.ts";

describe("canceledAhead", () => {
  it.each([
    { front: 10, behind: 10, canceled: 6, ahead: 3 },
    { front: 20, behind: 10, canceled: 9, ahead: 8 }, //   2³ : 1
    { front: 10, behind: 20, canceled: 9, ahead: 1 }, //   1 : 2³
    { front: 0, behind: 10, canceled: 5, ahead: 0 },
    { front: 10, behind: 0, canceled: 4, ahead: 4 }, //    nobody behind: all of it was ahead
    { front: 10, behind: 20, canceled: 25, ahead: 5 }, //  at most 20 were behind
    { front: 3, behind: 2, canceled: 5, ahead: 3 },
    { front: 10, behind: 10, canceled: 0, ahead: 0 },
  ])("front $front, behind $behind, canceled $canceled: $ahead ahead", (row) => {
    expect(canceledAhead(row.front, row.behind, row.canceled)).toBeCloseTo(row.ahead, 9);
  });

  it("with power 1 shares in proportion, and holds at 2^53 lots", () => {
    expect(canceledAhead(30, 10, 4, 1)).toBeCloseTo(3, 9);
    expect(canceledAhead(2 ** 53, 2 ** 53, 10)).toBe(5);
    expect(canceledAhead(2 ** 53, 1, 10)).toBe(10);
    expect(canceledAhead(1, 2 ** 53, 10)).toBeLessThan(1e-9);
  });

  it("never says more than is possible, and grows with what is ahead", () => {
    const amount = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(
        amount,
        amount,
        amount,
        fc.integer({ min: 1, max: 4 }),
        (front, behind, n, power) => {
          const canceled = Math.min(n, front + behind);
          const ahead = canceledAhead(front, behind, canceled, power);
          expect(ahead).toBeGreaterThanOrEqual(Math.max(0, canceled - behind));
          expect(ahead).toBeLessThanOrEqual(Math.min(front, canceled));
          if (canceled > front + behind - 1) return;
          expect(canceledAhead(front + 1, behind, canceled, power)).toBeGreaterThanOrEqual(
            ahead - 1e-9,
          );
        },
      ),
    );
  });
});

describe("the simple rules", () => {
  it("trades come off the front, a level bounds it, fractions add up exactly", () => {
    expect([frontAfterTrade(10, 4), frontAfterTrade(4, 10)]).toEqual([6, 0]);
    expect([frontWithinLevel(10, 4), frontWithinLevel(4, 10)]).toEqual([4, 4]);
    let sum = 0;
    for (let i = 0; i < 65_536; i++) sum += toFractionSteps(0.1);
    expect(sum).toBe(Math.round(0.1 * 65_536));
  });
});

const anOrder = (price: number): OwnOrder => ({
  terms: {} as OwnOrder["terms"],
  price,
  quantity: 5,
  cumulative: 0,
  executions: 0,
  open: true,
});

describe("RestingOrders", () => {
  it("stand in price-time order on either side, and know their range", () => {
    const buys = new RestingOrders("buy", "risk-averse");
    const sells = new RestingOrders("sell", "risk-averse");
    const made: OwnOrder[] = [];
    for (let i = 0; i < 40; i++) {
      const order = anOrder(100 + ((i * 7) % 5));
      made.push(order);
      buys.insert(order, i, 0);
      sells.insert(order, i, 0);
    }
    const listed = (side: RestingOrders): OwnOrder[] =>
      Array.from({ length: side.count }, (_, at) => side.order(at));
    expect(listed(buys)).toEqual(made.toSorted((a, b) => b.price - a.price));
    expect(listed(sells)).toEqual(made.toSorted((a, b) => a.price - b.price));
    // Each kept its own front: the level that it found.
    expect(listed(buys).map((_, at) => buys.front(at))).toEqual(
      listed(buys).map((order) => made.indexOf(order)),
    );
    expect([buys.low, buys.high, buys.best, sells.best]).toEqual([100, 104, 104, 100]);
    while (buys.count > 0 && buys.best === 104) buys.removeAt(0);
    expect([buys.low, buys.high, buys.count]).toEqual([100, 103, 32]);
    while (buys.count > 0) buys.removeAt(buys.count - 1);
    expect(buys.high).toBeLessThan(buys.low);
  });

  it("keep their filter told: yes while an order stands at a tick, no once none does", () => {
    const filter = new TickFilter();
    const buys = new RestingOrders("buy", "risk-averse", filter);
    buys.insert(anOrder(100), 0, 0);
    buys.insert(anOrder(100), 0, 0);
    buys.insert(anOrder(99), 0, 0);
    expect([98, 99, 100].map((tick) => filter.mayHold(tick))).toEqual([false, true, true]);
    buys.removeAt(0);
    expect(filter.mayHold(100)).toBe(true);
    buys.removeAt(0);
    expect([99, 100].map((tick) => filter.mayHold(tick))).toEqual([true, false]);
  });

  it("only ever move forward, in whole lots, within their level", () => {
    const step = fc.record({ trade: fc.boolean(), size: fc.integer({ min: 0, max: 30 }) });
    fc.assert(
      fc.property(
        fc.constantFrom("risk-averse" as const, "probabilistic" as const),
        fc.array(step, { maxLength: 60 }),
        fc.nat(),
        (model, steps, seed) => {
          const buys = new RestingOrders("buy", model);
          buys.insert(anOrder(100), 20, uniformAt(seed, 1, 1));
          let front = buys.front(0);
          for (const { trade, size } of steps) {
            if (trade) {
              buys.serve(0, size, 0);
              buys.noteTraded(0, size);
            } else buys.levelMoved(100, size);
            expect(buys.front(0)).toBeLessThanOrEqual(front);
            front = buys.front(0);
            expect(Number.isInteger(front)).toBe(true);
            expect(front).toBeGreaterThanOrEqual(0);
            if (!trade) expect(front).toBeLessThanOrEqual(size);
          }
        },
      ),
    );
  });

  it("probabilistic is never behind risk-averse", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 40 }), (levels) => {
        const careful = new RestingOrders("buy", "risk-averse");
        const likely = new RestingOrders("buy", "probabilistic");
        careful.insert(anOrder(100), 25, 0);
        likely.insert(anOrder(100), 25, 0);
        for (const level of levels) {
          careful.levelMoved(100, level);
          likely.levelMoved(100, level);
          expect(likely.front(0)).toBeLessThanOrEqual(careful.front(0));
        }
      }),
    );
  });

  it("rounding to whole lots favours nobody: many small steps make the expected one", () => {
    // 40 ahead, 60 behind; 1 lot cancels, 200 times over in fresh queues: 1 / (1 + 1.5³) each.
    let advanced = 0;
    const trials = 4000;
    for (let k = 0; k < trials; k++) {
      const buys = new RestingOrders("buy", "probabilistic");
      buys.insert(anOrder(100), 40, uniformAt(5, 9, k));
      buys.levelMoved(100, 100);
      buys.levelMoved(100, 99);
      advanced += 40 - buys.front(0);
    }
    expect(advanced / trials).toBeCloseTo(1 / (1 + 1.5 ** 3), 1);
  });
});
