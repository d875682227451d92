/** The paper's two orders, through the model as an estimate uses it: slice by slice. */
import { describe, expect, it } from "vitest";
import { almgren2005 } from "./almgren-2005-model.ts";
import { valuesOf } from "./impact-model.ts";

const IBM = { quantity: 656_100, volume: 6_561_000, outstanding: 1_728_000_000, sigma: 0.0157 };
const DRI = { quantity: 192_900, volume: 1_929_000, outstanding: 168_000_000, sigma: 0.0226 };

describe("almgren-2005, slice by slice", () => {
  it.each([
    ["IBM", IBM, 19.86, [32, 25, 18]],
    ["DRI", DRI, 21.679, [43, 32, 23]],
  ] as const)("%s over a tenth, a fifth and half of a day", (_, order, permanent, realized) => {
    const values = {
      ...valuesOf(almgren2005.parameters),
      inverseTurnover: order.outstanding / order.volume,
    };
    const market = { dailyVolatility: order.sigma, dailyVolume: order.volume, spreadBps: 0 };
    [0.1, 0.2, 0.5].forEach((days, i) => {
      const slices = Array.from({ length: 20 }, () => ({
        quantity: order.quantity / 20,
        days: days / 20,
      }));
      const { permanentBps, temporaryBps } = almgren2005.impact(values, slices, market);
      expect(2 * permanentBps).toBeCloseTo(permanent, 3);
      expect(Math.round(permanentBps + temporaryBps)).toBe(realized[i]);
    });
  });

  it("says when it is asked about an order that is nothing like those it was fitted on", () => {
    const odd = { shareOfDay: 0.00002, rateOfVolume: 0.02, days: 0.002, spreadTicks: 1 };
    expect(almgren2005.caveats(odd).join("\n")).toMatch(
      /0\.0020 % of a day's volume is far smaller/,
    );
    const alike = { shareOfDay: 0.1, rateOfVolume: 0.5, days: 0.2, spreadTicks: 5 };
    expect(almgren2005.caveats(alike)).toHaveLength(1);
  });
});
