/** Against the closed forms of `obizhaeva-wang.ts`, in its units. */
import { describe, expect, it } from "vitest";
import { slicesAlong } from "./impact-model.ts";
import { obizhaevaWang } from "./obizhaeva-wang-model.ts";
import {
  blockSchedule,
  evenTransientCost,
  type ObizhaevaWangModel,
  transientCost,
} from "./obizhaeva-wang.ts";

const MARKET = { dailyVolatility: 0.01, dailyVolume: 1_000, spreadBps: 1 };
/** Bps per unit: 100 bps · 30 / 1,000. */
const KAPPA = 3;
const HOUR = 1 / 24;
const halfLife = (resilience: number): number => (Math.LN2 * 86_400) / resilience;
const closed = (resilience: number, quantity = 50): ObizhaevaWangModel => ({
  quantity,
  horizon: HOUR,
  resilience,
  transientImpact: KAPPA,
  permanentImpact: 0,
});
const valuesOf = (resilience: number) => ({
  transient: 30,
  halfLifeSeconds: halfLife(resilience),
  permanent: 0,
});

describe("obizhaeva-wang, any schedule", () => {
  it.each([0.01, 1, 48, 480, 1e5])("an even order costs the closed form, ρ = %f a day", (rho) => {
    const slices = Array.from({ length: 7 }, () => ({ quantity: 50 / 7, days: HOUR / 7 }));
    const { temporaryBps } = obizhaevaWang.impact(valuesOf(rho), slices, MARKET);
    expect((temporaryBps * 50) / evenTransientCost(closed(rho))).toBeCloseTo(1, 9);
  });

  it("blocks and pauses, bought and sold, cost what single trades do", () => {
    const [block, pause] = [1e-12, 0.02];
    const quantities = [20, -5, 35];
    const slices = quantities.flatMap((quantity) => [
      { quantity, days: block },
      { quantity: 0, days: pause },
    ]);
    const prices = obizhaevaWang.prices(valuesOf(48), slices, MARKET);
    const cost = slices.reduce((sum, { quantity }, k) => {
      return sum + quantity * prices[k]!.temporaryBps;
    }, 0);
    const trades = quantities.map((quantity, k) => ({ time: k * pause, quantity }));
    expect(cost / transientCost(closed(48), trades)).toBeCloseTo(1, 6);
    expect(prices.at(-1)!.afterBps).toBeLessThan(prices.at(-2)!.afterBps);
  });

  it("its trajectory tends to block, even rate, block as steps shorten, from above", () => {
    const model = closed(480);
    const { transientCost: least, firstBlock } = blockSchedule(model);
    const costs = [10, 20, 40, 80].map((steps) => {
      const order = { quantity: 50, days: HOUR, steps };
      const holdings = obizhaevaWang.trajectory!(valuesOf(480), order, MARKET, 0);
      const first = 50 - holdings[1]!;
      const last = holdings.at(-2)!;
      expect(first / last).toBeCloseTo(1, 6);
      expect(first).toBeGreaterThan(firstBlock);
      const { temporaryBps } = obizhaevaWang.impact(
        valuesOf(480),
        slicesAlong(holdings, HOUR),
        MARKET,
      );
      return temporaryBps * 50;
    });
    costs.slice(1).forEach((cost, k) => expect(cost).toBeLessThan(costs[k]!));
    expect(costs.at(-1)! / least).toBeGreaterThan(1);
    expect(costs.at(-1)! / least).toBeLessThan(1.02);
    expect(costs.at(-1)!).toBeLessThan(evenTransientCost(model));
  });

  it("many steps follow the optimum of fewer, and cost what that does", () => {
    const cost = (steps: number) => {
      const holdings = obizhaevaWang.trajectory!(
        valuesOf(480),
        { quantity: 50, days: HOUR, steps },
        MARKET,
        1e-3,
      );
      expect(holdings).toHaveLength(steps + 1);
      expect(holdings[0]).toBe(50);
      expect(holdings.at(-1)).toBe(0);
      return obizhaevaWang.impact(valuesOf(480), slicesAlong(holdings, HOUR), MARKET).temporaryBps;
    };
    expect(cost(240)).toBeCloseTo(cost(80), 9);
    expect(cost(200)).toBeCloseTo(cost(80), 1);
  });

  it("nothing that heals within the order makes every schedule the even one", () => {
    const order = { quantity: 50, days: 1e-9, steps: 40 };
    const holdings = obizhaevaWang.trajectory!(valuesOf(1e-6), order, MARKET, 0);
    holdings.forEach((held, k) => expect(held).toBeCloseTo((50 * (40 - k)) / 40, 3));
  });
});
