/**
 * The paper's example, through the model as an estimate uses it: a share at 50, a spread of an
 * eighth (25 bps), 5 million shares a day, a million to trade in five days.
 */
import { describe, expect, it } from "vitest";
import { type AlmgrenChrissModel, evaluate } from "./almgren-chriss.ts";
import { almgrenChriss } from "./almgren-chriss-model.ts";
import { priceRiskBps, slicesAlong, valuesOf } from "./impact-model.ts";

const PAPER: AlmgrenChrissModel = {
  quantity: 1e6,
  horizon: 5,
  steps: 5,
  volatility: 0.95,
  fixedCost: 0.0625,
  permanentImpact: 2.5e-7,
  temporaryImpact: 2.5e-6,
  drift: 0,
};
const MARKET = { dailyVolatility: 0.95 / 50, dailyVolume: 5e6, spreadBps: 25 };
const WORTH = 50 * 1e6;
const values = valuesOf(almgrenChriss.parameters);

describe("almgren-chriss, slice by slice", () => {
  it("the paper's rule of spreads gives the paper's E and V", () => {
    const order = { quantity: 1e6, days: 5, steps: 5 };
    // λ of the paper is per dollar; here it is per bps of the whole order.
    const lambda = (1e-6 * WORTH) / 1e4;
    const holdings = almgrenChriss.trajectory!(values, order, MARKET, lambda);
    const slices = slicesAlong(holdings, 5);
    const { permanentBps, temporaryBps } = almgrenChriss.impact(values, slices, MARKET);
    const halfSpreadBps = 12.5;
    const cost = ((permanentBps + temporaryBps + halfSpreadBps) / 1e4) * WORTH;
    const risk = (priceRiskBps(slices, MARKET.dailyVolatility, "after") / 1e4) * WORTH;
    const printed = evaluate(PAPER, holdings);
    expect(cost).toBeCloseTo(printed.expectedCost, 3);
    expect(risk ** 2 / printed.variance).toBeCloseTo(1, 9);
    expect(Math.round(cost)).toBe(911_227);
    expect(risk ** 2 / 3.64129e11).toBeCloseTo(1, 5);
  });

  it("TWAP costs 662,500 and all at once 2,562,500", () => {
    const cost = (quantities: readonly number[]): number => {
      const slices = quantities.map((quantity) => ({ quantity, days: 1 }));
      const { permanentBps, temporaryBps } = almgrenChriss.impact(values, slices, MARKET);
      return ((permanentBps + temporaryBps + 12.5) / 1e4) * WORTH;
    };
    expect(cost(Array(5).fill(200_000))).toBeCloseTo(662_500, 4);
    expect(cost([1e6, 0, 0, 0, 0])).toBeCloseTo(2_562_500, 4);
  });

  it("says that a spread of one tick tells nothing", () => {
    const order = { shareOfDay: 0.01, rateOfVolume: 0.1, days: 1 };
    expect(almgrenChriss.caveats({ ...order, spreadTicks: 1 })[0]).toContain("one tick");
    expect(almgrenChriss.caveats({ ...order, spreadTicks: 8 })).toEqual([]);
  });
});
