/**
 * Order view: everything about one order that does not change with each row of the market.
 *
 * Cost, its parts and its benchmarks are `analyse` of `core/tca`, as in every report.
 */
import { formatHalfPrice, formatPrice } from "../core/domain/instrument.ts";
import type { AdviceTerms } from "../core/contracts/advice.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Engine } from "../core/engine.ts";
import type { Bps, Micros } from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import type { InstrumentState } from "../core/execution/instrument-state.ts";
import { isLive, type ParentState } from "../core/execution/parent-state.ts";
import { analyse, type ExecutionReport } from "../core/tca/report.ts";
import { childViews, fillViews } from "./child-view.ts";
import { orderRow, remainingText, type RowSource } from "./order-row.ts";
import type { OrderWatch } from "./order-watch.ts";
import type {
  AdviceWorthView,
  AdvisorView,
  MeasuredWorth,
  OrderView,
  RestForecast,
} from "./shapes.ts";
import { shadowOf } from "./twap-shadow.ts";

/** Of `spanBps`, what the price spreads by over the order: what advice may cost at most. */
export type AdviceBound = (
  terms: AdviceTerms,
  spanBps: Bps,
) => { readonly oneSigma: Bps; readonly threeSigma: Bps };

/** Of an order at work; undefined: the market is not known well enough. */
export type ForecastRest = (
  parent: ParentState,
  market: InstrumentState,
  now: Micros,
) => RestForecast | undefined;

/** What of an order's advice the core does not know. */
export interface AdviceKnowledge {
  readonly bound?: AdviceBound | undefined;
  /** Of tokens and US dollars for one order; null: no limit. */
  readonly budget?: { readonly tokens: number | null; readonly usd: number | null } | undefined;
  /** By the source of an order's weights. */
  readonly measured?: ((influenceSource: string) => MeasuredWorth | undefined) | undefined;
  /** Follows the engine, and tells what each order's advice was worth. */
  readonly worth?: WorthFollower | undefined;
}

export interface WorthFollower {
  /** Behind each step. */
  step(event: EngineEvent, outputs: readonly EngineOutput[], engine: Engine): void;
  /** Undefined: nothing was followed, as far as is known. */
  of(parentId: string): NonNullable<AdviceWorthView["soFar"]> | undefined;
}

export interface OrderViewSource extends RowSource {
  /** Rows of each table, the newest. */
  readonly most: number;
  readonly advice?: AdviceKnowledge | undefined;
  readonly forecastRest?: ForecastRest | undefined;
}

export function orderView(watch: OrderWatch, source: OrderViewSource): OrderView {
  const { parent } = watch;
  const { market, now, most } = source;
  const report = reportOf(watch, source);
  const fills = watch.cost.isKnown ? parent.fills : [];
  const { lastMid } = market.observer;
  return {
    row: orderRow(watch, source),
    terms: termsOf(watch),
    remaining: remainingText(parent),
    secondsLeft: isLive(parent) ? Math.max(0, (parent.order.deadline - now) / 1e6) : 0,
    prices: {
      ...pricesOf(watch),
      vwap: report?.prices.vwap ?? null,
      marketVwap: report?.prices.marketVwapWithoutOwn ?? null,
      mid: lastMid === undefined ? null : formatHalfPrice(parent.instrument, lastMid),
    },
    participation: report?.metrics.participation ?? null,
    twap: shadowOf(parent, watch.touchFrom, watch.touchTo ?? source.touch),
    // Whole where all is wanted; else the child orders would be told twice over.
    report: report === null || most === Infinity ? report : { ...report, children: [] },
    impact: {
      forecastBps: watch.forecastBps ?? null,
      realisedBps: realisedOf(report),
      rest: isLive(parent) ? (source.forecastRest?.(parent, market, now) ?? null) : null,
    },
    trajectory: watch.trajectory.points,
    children: childViews(watch, newest(report?.children ?? [], most)),
    decisions: watch.decisions.newest(parent.instrument, most),
    fills: fillViews(parent, newest(fills, most)),
    counts: {
      children: parent.childCount,
      decisions: parent.decisionCount,
      fills: parent.history.done.fills,
    },
    advisor: advisorView(watch, market, source.advice),
  };
}

const newest = <Row>(rows: readonly Row[], most: number): readonly Row[] =>
  rows.length <= most ? rows : rows.slice(-most);

function reportOf(
  { parent, cost }: OrderWatch,
  { market, now }: RowSource,
): ExecutionReport | null {
  const horizon = parent.midAtEnd ?? market.observer.lastMid;
  if (horizon === undefined || !cost.isKnown) return null;
  const execution = executionOf(parent, market, now, horizon);
  return execution === undefined ? null : analyse(execution);
}

/** Where a market does not answer, or nobody can tell how, nothing was realised that is known. */
function realisedOf(report: ExecutionReport | null): Bps | null {
  if (report === null) return null;
  const { displacementModel, parts } = report.shortfall;
  const isTold = displacementModel === "exact" || displacementModel === "estimated";
  return isTold ? parts.impact.bps : null;
}

function termsOf({ parent }: OrderWatch): OrderView["terms"] {
  const { order, instrument } = parent;
  const { constraints, strategy } = order;
  const { limitPrice, wouldPrice, maxParticipation } = constraints;
  return {
    urgency: order.urgency,
    limitPrice: limitPrice === undefined ? null : formatPrice(instrument, limitPrice),
    iWouldPrice: wouldPrice === undefined ? null : formatPrice(instrument, wouldPrice),
    maxParticipation: maxParticipation ?? null,
    mayCrossSpread: constraints.mayCrossSpread,
    residual: constraints.residual,
    parameters: strategy.parameters,
    tactic: strategy.tactic?.name ?? null,
    reduceOnly: order.reduceOnly === true,
  };
}

function pricesOf({ parent }: OrderWatch): Pick<OrderView["prices"], "decision" | "arrival"> {
  const { order, instrument, arrivalPrice } = parent;
  const decision = order.decisionPrice ?? arrivalPrice;
  return {
    decision: decision === undefined ? null : formatHalfPrice(instrument, decision),
    arrival: arrivalPrice === undefined ? null : formatHalfPrice(instrument, arrivalPrice),
  };
}

function advisorView(
  watch: OrderWatch,
  market: InstrumentState,
  { bound, budget, measured, worth }: AdviceKnowledge = {},
): AdvisorView | null {
  const { order, advised } = watch.parent;
  if (order.advice === undefined) return null;
  const { spent, figures } = watch.advice;
  const { influenceSource, mostQuestions } = order.advice;
  return {
    influenceSource,
    budget: {
      questions: { spent: figures.asked, most: mostQuestions },
      tokens: { spent: spent.tokens, most: budget?.tokens ?? null },
      usd: { spent: spent.usd, most: budget?.usd ?? null },
    },
    worth: {
      soFar: worth?.of(order.id) ?? null,
      measured: measured?.(influenceSource) ?? null,
    },
    isFollowed: advised?.isFollowed ?? false,
    regime: advised?.regime ?? null,
    influence: order.advice.influence,
    envelope: envelopeOf(watch, order.advice, market, bound),
    ...figures,
  };
}

function envelopeOf(
  { parent }: OrderWatch,
  terms: AdviceTerms,
  market: InstrumentState,
  bound: AdviceBound | undefined,
): AdvisorView["envelope"] {
  const { advised, order } = parent;
  if (advised === undefined) return null;
  const { corridor, variation, crossing } = terms.envelope;
  const most = Math.max(...Object.values(terms.influence));
  const { envelope, total } = advised;
  const { value, coverage } = market.observer.volatilityHour;
  const hours = (order.deadline - order.startAt) / 3.6e9;
  const bounds =
    coverage === 0 || bound === undefined ? null : bound(terms, value * Math.sqrt(hours) * 1e4);
  return {
    corridor,
    variation: most * variation,
    variationUsed: envelope.moved / total,
    crossing: most * crossing,
    crossingUsed: envelope.crossed / total,
    boundBps: bounds === null ? null : [bounds.oneSigma, bounds.threeSigma],
  };
}
