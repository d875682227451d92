/**
 * Almgren–Chriss as an impact model: linear impact, measured in spreads, as the paper's example is.
 *
 * Almgren & Chriss, "Optimal Execution of Portfolio Transactions" (2001), set their parameters by a
 * rule: trading a hundredth of a day's volume each day costs one spread, and a tenth of a day's
 * volume moves the price by one spread for good. The rule needs a spread that says how deep the
 * market is; where the spread is one tick it says nothing.
 *
 * What must stay true: even steps cost what `evaluate` says, and the trajectory is
 * `optimalTrajectory`: this file only changes the units.
 */
import { type AlmgrenChrissModel, optimalTrajectory } from "./almgren-chriss.ts";
import {
  type ImpactMarket,
  impactModel,
  type ModelParameter,
  type ParameterValues,
  type PlannedOrder,
  type SlicePrice,
} from "./impact-model.ts";

const RULE = "a rule of the paper; no error is published, and half of it is our own guess";

const PARAMETERS: readonly ModelParameter[] = [
  {
    name: "temporary",
    value: 100,
    standardError: 50,
    origin: "assumed",
    note: `spreads paid for a speed of one day's volume a day: ${RULE}`,
  },
  {
    name: "permanent",
    value: 10,
    standardError: 5,
    origin: "assumed",
    note: `spreads that a day's volume moves the price: ${RULE}`,
  },
];

/** Prices in bps, quantities as they are, time in days. */
function modelOf(
  values: ParameterValues,
  { quantity, days, steps }: PlannedOrder,
  { dailyVolatility, dailyVolume, spreadBps }: ImpactMarket,
): AlmgrenChrissModel {
  return {
    quantity,
    horizon: days,
    steps,
    volatility: dailyVolatility * 1e4,
    fixedCost: 0,
    permanentImpact: (values["permanent"]! * spreadBps) / dailyVolume,
    temporaryImpact: (values["temporary"]! * spreadBps) / dailyVolume,
    drift: 0,
  };
}

export const almgrenChriss = impactModel({
  name: "almgren-chriss",
  summary:
    "linear impact of so many spreads for so much of a day's volume; wrong where the spread is " +
    "one tick, and for large speeds, where impact is less than linear",
  parameters: PARAMETERS,
  exposure: "after",
  prices(values, slices, { dailyVolume, spreadBps }): readonly SlicePrice[] {
    const spreads = spreadBps / dailyVolume;
    let done = 0;
    return slices.map(({ quantity, days }) => {
      // The paper's steps do not pay for what they themselves leave behind.
      const permanentBps = values["permanent"]! * spreads * done;
      const temporaryBps = values["temporary"]! * spreads * (quantity / days);
      done += quantity;
      return { permanentBps, temporaryBps, afterBps: values["permanent"]! * spreads * done };
    });
  },
  schedules(values, longestDays) {
    const most = (2 * values["temporary"]!) / values["permanent"]!;
    if (longestDays < most) return "admissible";
    return {
      refused:
        `a step of ${longestDays.toPrecision(3)} days is ${most.toPrecision(3)} days or more: so ` +
        "much stays that the paper's steps would earn in a round trip (η ≤ γτ/2)",
    };
  },
  trajectory(values, order, market, riskAversion) {
    // E and V of the paper are of the whole order; here they are per unit.
    return optimalTrajectory(modelOf(values, order, market), riskAversion / order.quantity)
      .holdings;
  },
  caveats({ spreadTicks, rateOfVolume }) {
    const texts: string[] = [];
    if (spreadTicks < 1.5) {
      texts.push(
        "the spread is one tick: it does not say how deep the market is, so the rule fails",
      );
    }
    if (rateOfVolume > 0.25) {
      texts.push("linear impact overstates what a large speed costs");
    }
    return texts;
  },
});
