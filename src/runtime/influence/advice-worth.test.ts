/** What advice was worth is the difference against the plan, exactly where fills are ideal. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdviceWorth } from "./advice-worth.ts";

const TOTAL = 1_000;
const ARRIVAL = 128_000;

/** Prices, and where plan and order aim at each; the order ends with its plan. */
const path = fc
  .array(
    fc.record({
      move: fc.integer({ min: -400, max: 400 }),
      plan: fc.integer({ min: 0, max: 60 }),
      ahead: fc.integer({ min: -50, max: 50 }),
      crossed: fc.integer({ min: 0, max: 5 }),
      regime: fc.constantFrom("calm", "usual", "stressed", undefined),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => [...steps, { move: 17, plan: 0, ahead: 0, crossed: 0, regime: undefined }]);

describe("the worth of advice", () => {
  it("is what the order paid more than its plan at the mid, and what was crossed for", () => {
    fc.assert(
      fc.property(path, fc.constantFrom("buy", "sell"), (steps, side) => {
        const worth = new AdviceWorth(side, TOTAL, ARRIVAL);
        worth.follow("usual");
        let mid = ARRIVAL;
        let [aheadBefore, crossed, paidMore] = [0, 0, 0];
        for (const step of steps) {
          mid += step.move;
          worth.price(mid);
          if (step.regime !== undefined) worth.follow(step.regime);
          // What is done now beyond what the plan does now is bought, or not sold, at this price.
          paidMore += (side === "buy" ? 1 : -1) * (step.ahead - aheadBefore) * mid;
          aheadBefore = step.ahead;
          crossed += step.crossed;
          worth.lead(step.ahead, crossed, 6);
        }
        worth.settle();
        const told = Object.values(worth.byRegime).reduce((sum, { cost }) => sum + cost, 0);
        const expected = (1e4 * paidMore) / (TOTAL * ARRIVAL) + (crossed / TOTAL) * 6;
        expect(told).toBeCloseTo(expected, 8);
      }),
    );
  });

  it("counts one bet for each advice that is followed, in the regime it was asked in", () => {
    const worth = new AdviceWorth("buy", TOTAL, ARRIVAL);
    worth.price(ARRIVAL);
    worth.follow("calm");
    worth.lead(50, 0, 0);
    worth.price(ARRIVAL + 128);
    worth.follow("stressed");
    worth.lead(-50, 10, 5);
    worth.price(ARRIVAL + 256);
    worth.settle();
    // 5 % ahead while it rose by 10 bps; then 5 % behind, and 1 % crossed for at 5 bps.
    expect(worth.byRegime).toEqual({
      calm: { cost: expect.closeTo(-0.5, 9), squares: expect.closeTo(0.25, 9), bets: 1 },
      stressed: { cost: expect.closeTo(0.55, 9), squares: expect.closeTo(0.3025, 9), bets: 1 },
    });
  });

  it("says nothing of an order that was never led", () => {
    const worth = new AdviceWorth("sell", TOTAL, ARRIVAL);
    worth.price(ARRIVAL);
    worth.lead(0, 0, 6);
    worth.price(ARRIVAL + 999);
    worth.settle();
    expect(worth.byRegime).toEqual({});
  });
});
