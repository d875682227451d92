/**
 * Estimate band: how far the true cost may lie from the expected one, in parts that add in squares.
 *
 * Price: what the market does by itself while the order works, at the volatility that was found.
 * Volatility: how much wider that becomes because the volatility itself is not known. Parameters:
 * the model's standard errors and those of the measured figures, each moved by one sigma on its
 * own, as if they were independent (nobody published how they go together). Placement: who fills.
 */
import type { Bps } from "../core/domain/units.ts";
import {
  type ImpactMarket,
  type ImpactModel,
  type ImpactParts,
  type ModelParameter,
  priceRiskBps,
  type TradedSlice,
  valuesOf,
} from "../impact/impact-model.ts";
import type { Figure } from "./market-facts.ts";

export interface BandSource {
  readonly name: string;
  /** One sigma of it moves the expected cost by so much. */
  readonly bps: Bps;
}

/** One sigma each. */
export interface Band {
  readonly impact: ImpactParts;
  readonly priceBps: Bps;
  readonly volatilityBps: Bps;
  readonly parametersBps: Bps;
  readonly placementBps: Bps;
  readonly totalBps: Bps;
  /** What `parametersBps` is made of, the largest first. */
  readonly sources: readonly BandSource[];
}

export interface BandInput {
  readonly model: ImpactModel;
  readonly parameters: readonly ModelParameter[];
  readonly slices: readonly TradedSlice[];
  readonly figures: {
    readonly dailyVolatility: Figure;
    readonly dailyVolume: Figure;
    readonly spreadBps: Figure;
  };
  readonly placementBps: Bps;
}

/** 95 % of a normal distribution lie within so many sigma. */
export const SIGMAS_95 = 1.959964;
/** A parameter moved down keeps at least this share of itself: a negative one means nothing. */
const LEAST_SHARE = 0.05;

export function bandOf(input: BandInput): Band {
  const { model, parameters, slices, figures, placementBps } = input;
  const values = valuesOf(parameters);
  const market: ImpactMarket = {
    dailyVolatility: figures.dailyVolatility.value,
    dailyVolume: figures.dailyVolume.value,
    spreadBps: figures.spreadBps.value,
  };
  const impact = model.impact(values, slices, market);
  const sources: BandSource[] = [];
  for (const { name, value, standardError, range } of parameters) {
    if (standardError === 0) continue;
    const at = (moved: number): Bps =>
      total(model.impact({ ...values, [name]: moved }, slices, market));
    const low = Math.max(range?.least ?? value * LEAST_SHARE, value - standardError);
    const high = Math.min(range?.most ?? Infinity, value + standardError);
    sources.push({ name, bps: Math.abs(at(high) - at(low)) / 2 });
  }
  for (const name of ["dailyVolatility", "dailyVolume"] as const) {
    const { relativeError, value } = figures[name];
    if (relativeError === 0) continue;
    const at = (by: number): Bps =>
      total(model.impact(values, slices, { ...market, [name]: value * Math.exp(by) }));
    sources.push({ name, bps: Math.abs(at(relativeError) - at(-relativeError)) / 2 });
  }
  sources.sort((a, b) => b.bps - a.bps);
  const parametersBps = Math.hypot(...sources.map(({ bps }) => bps));
  const priceBps = priceRiskBps(slices, market.dailyVolatility, model.exposure);
  // With ln σ normal, the mean of σ² exceeds the square of its median by e^(2s²).
  const doubt = figures.dailyVolatility.relativeError;
  const volatilityBps = priceBps * Math.sqrt(Math.expm1(2 * doubt * doubt));
  return {
    impact,
    priceBps,
    volatilityBps,
    parametersBps,
    placementBps,
    totalBps: Math.hypot(priceBps, volatilityBps, parametersBps, placementBps),
    sources,
  };
}

const total = ({ permanentBps, temporaryBps }: ImpactParts): Bps => permanentBps + temporaryBps;
