/**
 * Advice config: who is asked about an order, and how far the answers may lead it.
 *
 * What must stay true: what stands here is journaled, so it holds no key; and nobody has influence
 * unless somebody gave it (`influence` is 0: what is advised is only watched).
 */
import { z } from "zod";
import type { AdviceTerms, EnvelopeTerms, MarketRegime } from "../../core/contracts/advice.ts";
import type { Bps, Fraction } from "../../core/domain/units.ts";
import { micros } from "../../core/domain/units.ts";
import { type EnvelopeBound, envelopeBound } from "../../core/execution/envelope.ts";
import type { ArrivalConfig } from "../config.ts";
import {
  count,
  flag,
  isObject,
  numberWhere,
  setting,
  type Shape,
  unitInterval,
} from "../config-settings.ts";

export interface AdviceBudget {
  /** Of one parent order. */
  readonly questions: number;
  readonly tokens: number;
  /** US dollars; null: no limit. A limit needs `prices`. */
  readonly usd: number | null;
}

/** What a cloud model costs, US dollars per million tokens. */
export interface AdvicePrices {
  readonly input: number;
  readonly output: number;
}

export interface AdviceConfig {
  /** `PROVIDER:MODEL`, `recorded:FILE`, `scripted:FILE`, `none`: see `src/advisors/registry.ts`. */
  readonly advisor: string;
  readonly mayCancel: boolean;
  /** Names of strategies that may be changed to; each with its defaults. */
  readonly strategies: readonly string[];
  readonly envelope: EnvelopeTerms;
  /** How much of what is advised is done, by regime. */
  readonly influence: Readonly<Record<MarketRegime, Fraction>>;
  /** Where the weights come from, for the record. */
  readonly influenceSource: string;
  readonly budget: AdviceBudget;
  readonly prices: AdvicePrices | null;
}

export const NOBODY = "none";

export const DEFAULT_ADVICE: AdviceConfig = Object.freeze<AdviceConfig>({
  advisor: NOBODY,
  mayCancel: false,
  strategies: [],
  envelope: { corridor: 0.05, variation: 0.2, crossing: 0.05 },
  influence: { calm: 0, usual: 0, stressed: 0 },
  influenceSource: "none was given",
  budget: { questions: 500, tokens: 2_000_000, usd: null },
  prices: null,
});

const MOST_LETTERS = 500;
const line = (must: string, least: number) =>
  setting(must, (raw) =>
    typeof raw === "string" &&
    raw.length >= least &&
    raw.length <= MOST_LETTERS &&
    !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(raw)
      ? raw
      : undefined,
  );
const isAmount = (raw: unknown): raw is number => typeof raw === "number" && raw >= 0 && raw <= 1e6;
const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const names = () =>
  setting("a list of at most 16 strategies by name", (raw): readonly string[] | undefined => {
    if (!Array.isArray(raw) || raw.length > 16) return undefined;
    const whole = raw.filter((name): name is string => typeof name === "string" && NAME.test(name));
    return whole.length === raw.length ? whole : undefined;
  });

export const ADVICE_SCHEMA = z.strictObject({
  advisor: line('an advisor such as "anthropic:MODEL", or "none"', 1),
  mayCancel: flag(),
  strategies: names(),
  envelope: z.strictObject({
    corridor: unitInterval(),
    variation: numberWhere("a number in [0, 2]", (value) => value >= 0 && value <= 2),
    crossing: unitInterval(),
  } satisfies Shape<EnvelopeTerms>),
  influence: z.strictObject({
    calm: unitInterval(),
    usual: unitInterval(),
    stressed: unitInterval(),
  } satisfies Shape<AdviceConfig["influence"]>),
  influenceSource: line("a line of text", 0),
  budget: z.strictObject({
    questions: count(),
    tokens: numberWhere("a whole number above 0", (value) => Number.isInteger(value) && value > 0),
    usd: setting("null, or an amount of at least 0", (raw) =>
      raw === null || isAmount(raw) ? raw : undefined,
    ),
  } satisfies Shape<AdviceBudget>),
  prices: setting(
    "null, or a map of input and output, US dollars per million tokens",
    (raw): AdvicePrices | null | undefined => {
      if (raw === null) return null;
      if (!isObject(raw) || Object.keys(raw).length !== 2) return undefined;
      const { input, output } = raw;
      return isAmount(input) && isAmount(output) ? { input, output } : undefined;
    },
  ),
} satisfies Shape<AdviceConfig>);

/** Under what an order is advised; undefined: nobody is asked. */
export function adviceTerms({
  advice,
  execution,
  limits,
  strategy,
}: ArrivalConfig): AdviceTerms | undefined {
  if (advice.advisor === NOBODY || !execution.llmAdaptation) return undefined;
  const { mayCancel, strategies, envelope, influence, influenceSource, budget } = advice;
  const hourlyVolume = hourlyVolumeOf(strategy.parameters);
  return {
    interval: micros(execution.llmQueryInterval),
    staleAfter: micros(limits.llmTimeout),
    mayCancel,
    strategies,
    envelope,
    influence,
    influenceSource,
    mostQuestions: budget.questions,
    ...(hourlyVolume === undefined ? {} : { hourlyVolume }),
  };
}

const HOURS = 24;

/** Of a strategy that goes by a learned curve of a day: each hour over the mean. */
export function hourlyVolumeOf({
  curve,
}: Readonly<Record<string, unknown>>): readonly number[] | undefined {
  if (!isObject(curve) || curve["learned"] === undefined || curve["over"] !== "day")
    return undefined;
  const { weights } = curve;
  if (!Array.isArray(weights) || !weights.every((one) => Number.isFinite(one) && one >= 0)) {
    return undefined;
  }
  const total = weights.reduce<number>((sum, one) => sum + one, 0);
  if (!(total > 0)) return undefined;
  const cumulative = (at: number): number => {
    const whole = Math.min(weights.length, Math.floor(at));
    const before = weights.slice(0, whole).reduce<number>((sum, one) => sum + one, 0);
    return before + (at - whole) * (weights[whole] ?? 0);
  };
  const width = weights.length / HOURS;
  return Array.from({ length: HOURS }, (_, hour) => {
    const volume = cumulative((hour + 1) * width) - cumulative(hour * width);
    return Math.round((1e4 * HOURS * volume) / total) / 1e4;
  });
}

export const isWatchedOnly = ({ influence }: AdviceTerms): boolean =>
  Object.values(influence).every((weight) => weight === 0);

/**
 * What advice may cost at most against the classical plan.
 *
 * @param spanBps standard deviation of the price over the order's span.
 * @param fees shares of an execution's worth.
 */
export function adviceBound(
  terms: AdviceTerms,
  config: ArrivalConfig,
  spanBps: Bps,
  fees: { readonly maker: number; readonly taker: number },
): EnvelopeBound {
  const most = Math.max(...Object.values(terms.influence));
  const { corridor, variation, crossing } = terms.envelope;
  const spread = config.execution.maxSpreadToCrossBps;
  const crossingBps = spread + (fees.taker - fees.maker) * 1e4;
  const scaled = { corridor, variation: most * variation, crossing: most * crossing };
  return envelopeBound(scaled, spanBps, crossingBps);
}
