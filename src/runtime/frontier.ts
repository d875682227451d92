/**
 * Frontier: the least impact for each price risk, over all schedules of one order.
 *
 * Each point is the trajectory with the least cost + λ·variance under the very model that is asked,
 * from λ = 0 (the least impact) to one where nearly all is traded at once. What must stay true: no
 * schedule of the same order lies under it, beyond what its steps are too coarse for.
 */
import type { Bps } from "../core/domain/units.ts";
import {
  type ImpactMarket,
  type ImpactModel,
  type ModelParameter,
  priceRiskBps,
  slicesAlong,
  valuesOf,
} from "../impact/impact-model.ts";

export interface FrontierPoint {
  /** λ: per bps. */
  readonly riskAversion: number;
  readonly impactBps: Bps;
  /** √V. */
  readonly priceBps: Bps;
}

export interface FrontierOrder {
  readonly quantity: number;
  readonly days: number;
  readonly steps?: number;
  /** λ of each point; absent: a range that shows the whole bend. */
  readonly riskAversions?: readonly number[];
}

/** Even steps of each trajectory on it. */
export const FRONTIER_STEPS = 240;
/** From nearly even to nearly all at once, in units of κT. */
const STEEPNESS = Array.from({ length: 41 }, (_, i) => 0.1 * 2_000 ** (i / 40));

/** Empty where the model knows no speed, or may not be used for schedules. */
export function frontierOf(
  model: ImpactModel,
  parameters: readonly ModelParameter[],
  market: ImpactMarket,
  order: FrontierOrder,
): readonly FrontierPoint[] {
  const values = valuesOf(parameters);
  const { quantity, days, steps = FRONTIER_STEPS } = order;
  if (model.schedules(values, days / steps) !== "admissible") return [];
  const inOne = model.impact(values, [{ quantity, days }], market);
  // Nothing to trade off: a spread of nought makes every speed of a model in spreads free.
  if (!(inOne.permanentBps + inOne.temporaryBps > 0)) return [];
  const at = (riskAversion: number): FrontierPoint => {
    const holdings = model.trajectory!(values, { quantity, days, steps }, market, riskAversion);
    const slices = slicesAlong(holdings, days);
    const { permanentBps, temporaryBps } = model.impact(values, slices, market);
    const priceBps = priceRiskBps(slices, market.dailyVolatility, model.exposure);
    return { riskAversion, impactBps: permanentBps + temporaryBps, priceBps };
  };
  if (model.trajectory === undefined) return [];
  if (order.riskAversions !== undefined) return order.riskAversions.map(at);
  const even = at(0);
  if (!(even.priceBps > 0 && even.impactBps > 0)) return [even];
  const unit = even.impactBps / (3 * even.priceBps ** 2);
  return [even, ...STEEPNESS.map((kappaT) => at(unit * kappaT * kappaT))];
}

/** A schedule's impact over the frontier at its price risk; undefined where that does not reach. */
export function aboveFrontier(
  frontier: readonly FrontierPoint[],
  impactBps: Bps,
  priceBps: Bps,
): Bps | undefined {
  const [even] = frontier;
  if (even !== undefined && priceBps >= even.priceBps) return impactBps - even.impactBps;
  for (let k = 1; k < frontier.length; k++) {
    const [safer, riskier] = [frontier[k]!, frontier[k - 1]!];
    if (priceBps > riskier.priceBps || priceBps < safer.priceBps) continue;
    const width = riskier.priceBps - safer.priceBps;
    const share = width > 0 ? (priceBps - safer.priceBps) / width : 0;
    return impactBps - (safer.impactBps + share * (riskier.impactBps - safer.impactBps));
  }
  return undefined;
}
