/**
 * LLM-enhanced: the estimate of another model, scaled by what a language model makes of the moment.
 *
 * Base × (1 − w + w·factor). The factor may come from any source; it says how much more or less
 * than usual an order will cost now (informed flow, news, thin books). It scales an estimate and
 * its interval and nothing else: no simulated price knows it.
 *
 * What must stay true: the factor lies within [0.5, 2] and the weight within [0, 1], whoever says
 * otherwise; a weight of 0 is the base; the doubt about the factor is part of the interval.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { almgren2005 } from "./almgren-2005-model.ts";
import type { ImpactModel, ModelParameter, ParameterValues, SlicePrice } from "./impact-model.ts";

/** How much more than usual an order is said to cost, and how sure whoever says it is. */
export interface ImpactFactor {
  readonly factor: number;
  /** 95 % lie between `low` and `high`; absent: from no adjustment at all to as far beyond. */
  readonly low?: number;
  readonly high?: number;
  /** Who said so: a model's name, a person, a rule. */
  readonly source: string;
}

export const FACTOR_RANGE = { least: 0.5, most: 2 } as const;
const WEIGHT_RANGE = { least: 0, most: 1 } as const;
/** Where nobody has said anything: anything the range allows is possible. */
const UNADVISED: ImpactFactor = { factor: 1, low: 0.5, high: 2, source: "nobody" };
const SIGMAS_95 = 1.959964;
const NAME = "llm-enhanced";

export interface FactorRefused {
  readonly code: "IMPACT_FACTOR";
  readonly text: string;
}

const isWithin = (value: number, { least, most }: typeof FACTOR_RANGE | typeof WEIGHT_RANGE) =>
  value >= least && value <= most;

const refuse = (text: string) => err({ code: "IMPACT_FACTOR", text } as const);

/** A model scaled by a factor. @param weight w: 0 leaves the base as it is. */
export function llmEnhanced(
  base: ImpactModel,
  advice: ImpactFactor,
  weight: number,
): Result<ImpactModel, FactorRefused> {
  const { factor, low = factor, high = factor } = advice;
  if (base.base !== undefined) return refuse(`${base.name} is adjusted already`);
  if (![factor, low, high].every((each) => isWithin(each, FACTOR_RANGE))) {
    return refuse(`a factor and its ends lie from 0.5 to 2, not at ${low} … ${factor} … ${high}`);
  }
  if (!(low <= factor && factor <= high)) {
    return refuse(`the factor ${factor} does not lie between ${low} and ${high}`);
  }
  if (!isWithin(weight, WEIGHT_RANGE)) return refuse(`a weight is from 0 to 1, not ${weight}`);
  return ok(scaled(base, advice, weight, `${NAME}:base=${base.name}`));
}

/** Under its own name, for whoever asks for it without a base or a factor. */
export const unadvised: ImpactModel = scaled(almgren2005, UNADVISED, 1, NAME);

function scaled(
  base: ImpactModel,
  advice: ImpactFactor,
  weight: number,
  name: string,
): ImpactModel {
  const { trajectory } = base;
  return {
    name,
    base: base.name,
    summary: `${base.name} × (1 − w + w·factor): ${base.summary}`,
    parameters: [...base.parameters, factorOf(advice), weightOf(weight)],
    exposure: base.exposure,
    prices: (values, slices, market) =>
      base.prices(values, slices, market).map((price) => times(price, scaleOf(values))),
    impact(values, slices, market) {
      const { permanentBps, temporaryBps } = base.impact(values, slices, market);
      const by = scaleOf(values);
      return { permanentBps: by * permanentBps, temporaryBps: by * temporaryBps };
    },
    schedules: (values, longestDays) => base.schedules(values, longestDays),
    ...(trajectory === undefined
      ? {}
      : {
          // The least s·E + λV is the base's own for λ/s.
          trajectory: (values, order, market, riskAversion) =>
            trajectory(values, order, market, riskAversion / scaleOf(values)),
        }),
    caveats: (order) => [
      ...base.caveats(order),
      advice === UNADVISED
        ? "nobody has given a factor: the figures are the base's, with the doubt of one"
        : `the factor is what ${advice.source} says: no more than an opinion until it is tested`,
    ],
  } satisfies ImpactModel;
}

function times({ permanentBps, temporaryBps, afterBps }: SlicePrice, by: number): SlicePrice {
  return {
    permanentBps: by * permanentBps,
    temporaryBps: by * temporaryBps,
    afterBps: by * afterBps,
  };
}

function scaleOf(values: ParameterValues): number {
  return 1 - values["weight"]! + values["weight"]! * values["factor"]!;
}

function factorOf(advice: ImpactFactor): ModelParameter {
  const { factor, low, high, source } = advice;
  const width = low !== undefined && high !== undefined ? (high - low) / 2 : Math.abs(factor - 1);
  return {
    name: "factor",
    value: factor,
    standardError: width / SIGMAS_95,
    origin: advice === UNADVISED ? "assumed" : "advised",
    range: FACTOR_RANGE,
    note: `how much more than usual it will cost, by ${source}`,
  };
}

function weightOf(weight: number): ModelParameter {
  return {
    name: "weight",
    value: weight,
    standardError: 0,
    origin: "given",
    range: WEIGHT_RANGE,
    note: "w: how far the factor counts; 0 is the base alone",
  };
}
