/**
 * Limits: how far execution may go (requirements A3 and F1), with a default and a scope for each.
 *
 * Three voices may speak of the same thing: the order's own terms, the execution config and the
 * safety limits. The strictest one holds, whoever says it. `strictest` is the only place where they
 * meet, so nothing downstream can pick the looser of two by mistake.
 */
import { countSteps, decimal } from "../domain/decimal.ts";
import { invariant } from "../domain/errors.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { ParentOrder } from "../domain/parent-order.ts";
import {
  type Bps,
  type Fraction,
  type Lots,
  lots,
  type Micros,
  micros,
  MINUTE,
  SECOND,
} from "../domain/units.ts";

/** Money in the quote coin, as a limit: an estimate is compared with it. */
export type QuoteAmount = number;

/** How orders are worked where the order itself says nothing (requirement A3). */
export interface ExecutionConfig {
  /** Share of the market's volume, own volume included: (0, 1]. */
  readonly maxParticipation: Fraction;
  /** No spread wider than this is crossed. */
  readonly maxSpreadToCrossBps: Bps;
  /** 0 = patient, 1 = take at once. */
  readonly urgency: Fraction;
  /** Whether an LLM may move the schedule inside its envelope. */
  readonly llmAdaptation: boolean;
  readonly llmQueryInterval: Micros;
  /** Exact decimal text, in units of quantity. Never under the venue's own minimum in effect. */
  readonly minOrder: string;
  readonly darkVenues: boolean;
}

export const DEFAULT_EXECUTION_CONFIG: ExecutionConfig = Object.freeze({
  maxParticipation: 0.1,
  maxSpreadToCrossBps: 10,
  urgency: 0.5,
  llmAdaptation: true,
  llmQueryInterval: MINUTE,
  minOrder: "0.01",
  darkVenues: true,
});

/** Safety limits (requirement F1): the risk gate enforces them, and nothing passes it by. */
export interface RiskLimits {
  /** Own volume over all volume of the same window, own included: (0, 1]. */
  readonly participation: Fraction;
  /** The window that participation is measured over. */
  readonly participationWindow: Micros;
  /** Size of one order. */
  readonly orderNotional: QuoteAmount;
  /** Least time between two new aggressive orders. Re-pegs and amends are not counted. */
  readonly aggressiveSpacing: Micros;
  /** A spread wider than this is not crossed. */
  readonly spreadToCrossBps: Bps;
  /** Distance of the price from the benchmark, in the costly direction, at which orders stop. */
  readonly benchmarkDeviationBps: Bps;
  /** Shortfall of a parent at which a person is told. It stops nothing. */
  readonly shortfallAlertBps: Bps;
  /** Standard deviation of the log return per hour at which orders stop. */
  readonly volatilityStopPerHour: Fraction;
  /** How long an answer of the LLM may take before the baseline carries on without it. */
  readonly llmTimeout: Micros;
  /** New aggressive orders in any minute. */
  readonly ordersPerMinute: number;
  /** Amends and re-pegs in any minute: a rate of their own. */
  readonly amendsPerMinute: number;
  /** Absolute position, with everything open for execution counted as filled. */
  readonly positionNotional: QuoteAmount;
  /** Expected cost of one order against the mid, estimated by walking the book. */
  readonly orderImpactBps: Bps;
  /** Market data older than this is not traded on. */
  readonly staleAfter: Micros;
}

export const DEFAULT_RISK_LIMITS: RiskLimits = Object.freeze({
  participation: 0.1,
  participationWindow: MINUTE,
  orderNotional: 100_000,
  aggressiveSpacing: micros(5 * SECOND),
  spreadToCrossBps: 20,
  benchmarkDeviationBps: 100,
  shortfallAlertBps: 50,
  volatilityStopPerHour: 0.05,
  llmTimeout: micros(10 * SECOND),
  ordersPerMinute: 20,
  amendsPerMinute: 60,
  positionNotional: 10_000_000,
  orderImpactBps: 25,
  staleAfter: micros(5 * SECOND),
});

/**
 * Over what a limit counts. `parent`: one parent by itself. `symbol`: everything that one account
 * does in one symbol, and the symbol's market. `account`: everything that the account does.
 */
export type LimitScope = "parent" | "symbol" | "account";

export const LIMIT_SCOPES: { readonly [Limit in keyof RiskLimits]: LimitScope } = Object.freeze({
  participation: "symbol", //      parents in one symbol share what they may take of its volume
  participationWindow: "symbol",
  orderNotional: "parent", //      each order by itself
  aggressiveSpacing: "parent",
  spreadToCrossBps: "symbol",
  benchmarkDeviationBps: "parent",
  shortfallAlertBps: "parent",
  volatilityStopPerHour: "symbol",
  llmTimeout: "parent", //         each question by itself
  ordersPerMinute: "account",
  amendsPerMinute: "account",
  positionNotional: "symbol",
  orderImpactBps: "parent", //     each order by itself
  staleAfter: "symbol",
});

/** Whose word it was. `venue`: the instrument's own minimum. */
export type LimitSource = "order" | "config" | "safety" | "venue";

export interface Effective<Value> {
  readonly value: Value;
  /** The strictest voice; on a tie the first of order, config, safety, venue. */
  readonly setBy: LimitSource;
}

/** The things that more than one voice speaks of, resolved. */
export interface EffectiveLimits {
  readonly participation: Effective<Fraction>;
  readonly spreadToCrossBps: Effective<Bps>;
  /** The strictest minimum is the largest one. */
  readonly minOrder: Effective<Lots>;
}

/** What of the order takes part. */
export type LimitedTerms = Pick<ParentOrder, "maxSpreadToCross" | "minOrder"> & {
  readonly constraints: Pick<ParentOrder["constraints"], "maxParticipation">;
};

/**
 * The strictest of what the order, the config and the safety limits say.
 * @throws InvariantError when one of them is not a number, or `minOrder` is not a decimal.
 */
export function strictest(
  order: LimitedTerms,
  config: ExecutionConfig,
  safety: RiskLimits,
  instrument: Pick<Instrument, "lotSize" | "minLots">,
): EffectiveLimits {
  return {
    participation: lowest([
      ["order", order.constraints.maxParticipation],
      ["config", config.maxParticipation],
      ["safety", safety.participation],
    ]),
    spreadToCrossBps: lowest([
      ["order", order.maxSpreadToCross],
      ["config", config.maxSpreadToCrossBps],
      ["safety", safety.spreadToCrossBps],
    ]),
    minOrder: highest([
      ["order", order.minOrder],
      ["config", lotsAtLeast(instrument, config.minOrder)],
      ["venue", instrument.minLots],
    ]),
  };
}

/** Decimal text to lots, rounded up: a minimum that fell between two lots would be undercut. */
export function lotsAtLeast(instrument: Pick<Instrument, "lotSize">, text: string): Lots {
  const { count, exact } = countSteps(decimal(text), instrument.lotSize);
  return lots(Number(exact ? count : count + 1n));
}

type Voice<Value extends number> = readonly [LimitSource, Value | undefined];

const lowest = <Value extends number>(voices: readonly Voice<Value>[]): Effective<Value> =>
  pick(voices, (candidate, best) => candidate < best);

const highest = <Value extends number>(voices: readonly Voice<Value>[]): Effective<Value> =>
  pick(voices, (candidate, best) => candidate > best);

function pick<Value extends number>(
  voices: readonly Voice<Value>[],
  stricter: (candidate: Value, best: Value) => boolean,
): Effective<Value> {
  let best: Effective<Value> | undefined;
  for (const [setBy, value] of voices) {
    if (value === undefined) continue;
    invariant(!Number.isNaN(value), `the ${setBy}'s limit is not a number`);
    if (best === undefined || stricter(value, best.value)) best = { value, setBy };
  }
  invariant(best !== undefined, "at least one voice speaks of every limit");
  return best;
}
