/**
 * Estimate: what an order will cost before it is sent, how sure that is, and how to work it.
 *
 * Every figure comes from the true slices of a strategy, bound to this order, under an impact model
 * that is named. What is uncertain stands beside it in parts: the price while the order works, its
 * volatility, the parameters and measurements, and who will fill it. Costs are signed: positive =
 * paid.
 *
 * What must stay true: nothing after the order's start is looked at, and a mirrored order in the
 * same market has the same expected cost.
 */
import type { Strategy } from "../core/contracts/strategy.ts";
import { toNumber } from "../core/domain/decimal.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { instrumentId, parseQuantity } from "../core/domain/instrument.ts";
import { affordableLots, quoteUnits } from "../core/domain/money.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { type Bps, type Fraction, type Lots, type Micros, micros } from "../core/domain/units.ts";
import { lotsAtLeast, strictest } from "../core/execution/limits.ts";
import { type TradedSlice, valuesOf } from "../impact/impact-model.ts";
import { impactModels } from "../impact/registry.ts";
import type { BacktestRequest } from "./backtest.ts";
import { composeEngine, strategiesWith } from "./compose.ts";
import {
  type Check,
  feasibleDuration,
  type OrderAtHand,
  orderChecks,
  submission,
} from "./feasibility.ts";
import { FRONTIER_STEPS, frontierOf, type FrontierPoint } from "./frontier.ts";
import {
  type EstimateFault,
  type FactsSource,
  type MarketFacts,
  measureFacts,
  type StatedFacts,
} from "./market-facts.ts";
import { type PathPoint, pricePath } from "./price-path.ts";
import { recommend, type Recommendation } from "./recommendation.ts";
import {
  type EstimateTerms,
  MICROS_PER_DAY,
  type ModelImpact,
  type ScheduleEstimate,
  type Uncosted,
  Workbench,
} from "./schedule-estimate.ts";

/** What a person asks for; the order itself as a backtest takes it, its start apart. */
export interface EstimateRequest {
  readonly order: BacktestRequest;
  readonly terms: EstimateTerms;
  /** When the order would start: nothing later is looked at. Absent: when the data ends. */
  readonly at?: Micros;
  readonly stated: StatedFacts;
}

export interface Estimate {
  readonly market: string;
  readonly facts: MarketFacts;
  readonly order: ParentOrder;
  readonly quantity: Lots;
  /** In quote coin, at the mid. */
  readonly notional: number;
  readonly terms: EstimateTerms;
  readonly fees: { readonly makerBps: Bps; readonly takerBps: Bps };
  /** As the order asks for it. */
  readonly asked: ScheduleEstimate | Uncosted;
  /** Every strategy with a curve, at every urgency. */
  readonly choices: readonly ScheduleEstimate[];
  readonly uncosted: readonly Uncosted[];
  /** Why the model may not choose a schedule: then there is no frontier and no recommendation. */
  readonly refusal: string | undefined;
  /** Empty where the model knows no speed, or refuses. */
  readonly frontier: readonly FrontierPoint[];
  /** Impact of the order as asked (or evenly), by every model with its own parameters. */
  readonly byModel: readonly ModelImpact[];
  /** Where the model expects the price while the order as asked works, and after it. */
  readonly path: readonly PathPoint[];
  readonly checks: readonly Check[];
  /** At the allowed share of the expected volume. */
  readonly feasibleDuration: Micros;
  /** Undefined where no order would go out, or the limits bend every schedule. */
  readonly recommendation: Recommendation | undefined;
  /** In words, what this order asks of the model that it does not know. */
  readonly modelCaveats: readonly string[];
  /** In words, what the figures do not know; those of the model first. */
  readonly caveats: readonly string[];
  /** Others' expected volume, lots per microsecond. */
  readonly volumePerMicro: number;
}

export const URGENCIES: readonly Fraction[] = [0, 0.25, 0.5, 0.75, 0.9, 1];

export function estimate(
  market: FactsSource,
  request: EstimateRequest,
): Result<Estimate, EstimateFault> {
  const found = estimates(market, request, [request.terms]);
  return found.ok ? ok(found.value[0]!) : found;
}

/** The same order in the same market under several models, in their order. */
export function estimates(
  market: FactsSource,
  request: Omit<EstimateRequest, "terms">,
  all: readonly EstimateTerms[],
): Result<readonly Estimate[], EstimateFault> {
  const { config, seed } = request.order;
  const at = request.at ?? market.until;
  const known = request.order.strategies ?? strategiesWith(request.order.plugins);
  const engine = composeEngine(config, market.header, seed, known);
  const measured = measureFacts(engine, market, at, request.stated);
  if (!measured.ok) return measured;
  const facts = measured.value;
  const quantity = quantityOf(request.order, facts);
  if (!quantity.ok) return quantity;
  const hand = handOf(request.order, facts, quantity.value, at);
  const checks = [submission(engine, hand.order), ...orderChecks(hand, engine)];
  return ok(
    all.map((terms) => {
      const work = new Workbench(request.order, terms, hand, known);
      return estimateUnder({ ...request, terms }, market.label, hand, work, checks, known);
    }),
  );
}

function estimateUnder(
  request: EstimateRequest,
  market: string,
  hand: OrderAtHand,
  work: Workbench,
  checks: readonly Check[],
  known: ReadonlyMap<string, Strategy>,
): Estimate {
  const { terms } = request;
  const { config, constraints } = request.order;
  const asked = work.evaluate(config.strategy.name, config.execution.urgency);
  const evaluated = [...known.keys()].flatMap((name) =>
    URGENCIES.map((urgency) => work.evaluate(name, urgency)),
  );
  const choices = evaluated.filter(isCosted);
  const slices = isCosted(asked)
    ? work.slicesOf(asked.schedule)
    : [{ quantity: work.units, days: work.days }];
  const candidates = isCosted(asked) ? [...choices, asked] : choices;
  const refusal = refusalOf(terms, candidates, work);
  const impacts = byModel(terms, work, slices);
  const modelCaveats = modelCaveatsOf(terms, hand, work);
  const recommendation =
    refusal === undefined && isWorked(checks, constraints.mayCrossSpread)
      ? recommend(candidates, terms.riskAversion, constraints.mayCrossSpread)
      : undefined;
  return {
    market,
    facts: hand.facts,
    order: hand.order,
    quantity: hand.quantity,
    notional: work.notional,
    terms,
    fees: work.fees,
    asked,
    choices,
    uncosted: [
      ...new Map(evaluated.filter(isUncosted).map((none) => [none.strategy, none])).values(),
    ],
    refusal,
    frontier:
      refusal === undefined
        ? frontierOf(terms.model, terms.parameters, work.market, {
            quantity: work.units,
            days: work.days,
          })
        : [],
    byModel: impacts,
    path: pricePath(terms.model, valuesOf(terms.parameters), slices, work.market),
    checks,
    feasibleDuration: feasibleDuration(hand, hand.effective.participation.value),
    recommendation,
    modelCaveats,
    caveats: caveatsOf(request, hand, work, impacts[0]!.impactBps, modelCaveats),
    volumePerMicro: hand.volumePerMicro,
  };
}

/** Why the model may not choose among these schedules; undefined where it may. */
function refusalOf(
  { model, parameters }: EstimateTerms,
  candidates: readonly ScheduleEstimate[],
  work: Workbench,
): string | undefined {
  const longest = candidates.reduce(
    (most, { schedule }) =>
      work.slicesOf(schedule).reduce((length, { days }) => Math.max(length, days), most),
    work.days / FRONTIER_STEPS,
  );
  const stated = model.schedules(valuesOf(parameters), longest);
  return stated === "admissible" ? undefined : stated.refused;
}

/** The model that is asked, and every other that stands by itself, with its own parameters. */
function byModel(
  terms: EstimateTerms,
  work: Workbench,
  slices: readonly TradedSlice[],
): readonly ModelImpact[] {
  const others = [...impactModels.values()].filter(
    ({ name, base }) => base === undefined && name !== terms.model.name,
  );
  return [terms, ...others.map((model) => ({ model, parameters: model.parameters }))].map((one) =>
    work.impactUnder(one, slices),
  );
}

/** Whether any order would go out: taken on, and not stopped by the market as it is found. */
function isWorked(checks: readonly Check[], mayCross: boolean): boolean {
  const needed = new Set([
    "taken on",
    "volatility",
    ...(mayCross ? ["spread", "limit price"] : []),
  ]);
  return checks.every(({ name, met }) => met !== false || !needed.has(name));
}

export const isCosted = (it: ScheduleEstimate | Uncosted): it is ScheduleEstimate =>
  "schedule" in it;
const isUncosted = (it: ScheduleEstimate | Uncosted): it is Uncosted => !isCosted(it);

function quantityOf(
  { quantity, isNotional }: BacktestRequest,
  { instrument, ask }: MarketFacts,
): Result<Lots, EstimateFault> {
  const fault = (why: string) =>
    err({ code: "ESTIMATE_QUANTITY", text: `${quantity} ${why}` } as const);
  if (isNotional) {
    const count = affordableLots(instrument, quoteUnits(instrument, quantity), ask);
    return count > 0 ? ok(count) : fault(`${instrument.quote} pays for no lot`);
  }
  const parsed = parseQuantity(instrument, quantity);
  if (parsed.ok && parsed.value > 0) return ok(parsed.value);
  if (parsed.ok) return fault(`${instrument.base} is nothing to trade`);
  return parsed.error.code === "GRID_OFF_LOT"
    ? fault(`${instrument.base} is not a multiple of the lot size ${parsed.error.lotSize}`)
    : fault("is not a quantity of this instrument");
}

export function handOf(
  request: BacktestRequest,
  facts: MarketFacts,
  quantity: Lots,
  at: Micros,
): OrderAtHand {
  const { config, over } = request;
  const { instrument } = facts;
  const order: ParentOrder = {
    id: "p1",
    instrument: instrumentId(instrument),
    side: request.side,
    quantity: request.isNotional
      ? { kind: "notional", quote: request.quantity }
      : { kind: "lots", lots: quantity },
    startAt: at,
    deadline: micros(at + over),
    strategy: config.strategy,
    urgency: config.execution.urgency,
    maxSpreadToCross: config.execution.maxSpreadToCrossBps,
    minOrder: lotsAtLeast(instrument, config.execution.minOrder),
    constraints: request.constraints,
    ...(request.decisionPrice === undefined ? {} : { decisionPrice: request.decisionPrice }),
    ...(request.alphaHalfLife === undefined ? {} : { alphaHalfLife: request.alphaHalfLife }),
    ...(request.acceptInfeasible ? { acceptInfeasible: true } : {}),
  };
  return {
    order,
    quantity,
    span: over,
    facts,
    limits: config.limits,
    effective: strictest(order, config.execution, config.limits, instrument),
    volumePerMicro: facts.dailyVolume.value / toNumber(instrument.lotSize) / MICROS_PER_DAY,
  };
}

/** What this order asks of the model that it does not know. */
const modelCaveatsOf = (
  { model, parameters, caveats = [] }: EstimateTerms,
  { facts, quantity, span, volumePerMicro }: OrderAtHand,
  { units, days, market }: Workbench,
): readonly string[] => [
  ...caveats,
  ...model.caveats({
    shareOfDay: units / market.dailyVolume,
    rateOfVolume: quantity / (volumePerMicro * span),
    days,
    spreadTicks: facts.ask - facts.bid,
    isFitted: parameters.every(({ origin }) => origin !== "assumed" && origin !== "published"),
  }),
];

function caveatsOf(
  { order }: EstimateRequest,
  { facts }: OrderAtHand,
  { fees }: Workbench,
  impactBps: Bps,
  ofModel: readonly string[],
): readonly string[] {
  const texts = [...ofModel];
  if (Math.min(Math.abs(fees.makerBps), Math.abs(fees.takerBps)) > impactBps) {
    texts.push("fees are more than impact here: who fills matters more than the schedule");
  }
  texts.push(
    "a resting order is taken to earn no spread: what it earns, it loses on average when the " +
      "price runs over it",
    "urgency 0 never crosses, so nothing makes it finish: it is not recommended",
    "is trades along the sinh, the optimum of linear impact only: its distance from the frontier " +
      "is what that costs under this model",
  );
  if (facts.seen !== undefined && facts.seen.dayShare < 1) {
    texts.push("the volume and volatility seen are taken to go on while the order works");
  }
  const { tactic } = order.config.strategy;
  if (tactic !== undefined) texts.push(`the tactic ${tactic.name} is not in the figures`);
  const { limitPrice, wouldPrice } = order.constraints;
  if (limitPrice !== undefined || wouldPrice !== undefined) {
    texts.push("what a limit or would price keeps from trading, or adds, is not in the figures");
  }
  return texts;
}
