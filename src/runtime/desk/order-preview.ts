/**
 * Order preview: what an order would mean if it began now, from the market as the run has seen it.
 *
 * What must stay true: nothing is sent and nothing of the run changes; what the market has not
 * shown yet is null; and the same limits are asked that the order would meet.
 */
import { setImmediate } from "node:timers/promises";
import { toNumber } from "../../core/domain/decimal.ts";
import { notionalEstimate, priceEstimate, quantityEstimate } from "../../core/domain/instrument.ts";
import type { ParentOrder } from "../../core/domain/parent-order.ts";
import { type Lots, lots, micros } from "../../core/domain/units.ts";
import { strictest } from "../../core/execution/limits.ts";
import { parentLots } from "../../core/execution/terms.ts";
import { valuesOf } from "../../impact/impact-model.ts";
import { impactModels } from "../../impact/registry.ts";
import { adviceBound } from "../advice/advice-config.ts";
import { strategiesWith } from "../compose.ts";
import { isCosted, URGENCIES } from "../estimate.ts";
import type { OrderAtHand } from "../feasibility.ts";
import { frontierOf } from "../frontier.ts";
import type { LiveRun } from "../live/live-run.ts";
import type { LiveRequest } from "../live/live-terms.ts";
import type { Preflight } from "../live/preflight.ts";
import type { Figure, MarketFacts } from "../market-facts.ts";
import { DEFAULT_MODEL } from "../model-choice.ts";
import {
  type EstimateTerms,
  MICROS_PER_DAY,
  type ScheduleEstimate,
  Workbench,
} from "../schedule-estimate.ts";
import type { OrderPreview, PreviewCheck } from "./desk-terms.ts";

/** Moves of ten seconds that a volatility must rest on, and minutes that a volume must. */
const LEAST_COVERED_HOUR = 1 / 60;
const BOOK_LEVELS = 5;
const HOURS_PER_DAY = 24;
/** λ: nothing is chosen here, the person chooses. */
const RISK_AVERSION = 0;
const MODEL = impactModels.get(DEFAULT_MODEL)!;

export async function previewOf(
  run: LiveRun,
  request: LiveRequest,
  looked: Preflight,
  ofDesk: readonly PreviewCheck[],
): Promise<OrderPreview> {
  const checks = [
    ...ofDesk,
    ...looked.checks.map(({ name, isRequired, met, text }) => ({ name, isRequired, met, text })),
  ];
  const { worst } = looked;
  const { instrument } = run.session.header;
  const { observer } = run.engine.instruments[0]!;
  const notional = notionalEstimate(instrument, observer.mid, worst.quantity);
  const isTaken = looked.checks.every(({ name, met }) => name !== "taken on" || met !== false);
  return {
    checks,
    canSubmit: checks.every(({ isRequired, met }) => !isRequired || met !== false),
    worstCase: { text: looked.worstText, cash: moneyText(worst.cost) },
    notional: moneyText(notional),
    adviceBoundBps: boundOf(run, request, looked),
    needsApproval: false,
    ...(isTaken ? await costsOf(run, request, looked, worst.quantity) : NO_COSTS),
  };
}

/** What an order is worth at the mid now, in quote coin; null: not known. */
export function worthOf({ engine }: LiveRun, order: ParentOrder): string | null {
  const market = engine.instruments[0]!;
  const { instrument, observer } = market;
  const quantity = lots(parentLots(order, market, observer.touch("sell")));
  return moneyText(notionalEstimate(instrument, observer.mid, quantity));
}

const NO_COSTS: Pick<OrderPreview, "costs" | "frontier"> = { costs: [], frontier: [] };

const moneyText = (value: number): string | null =>
  Number.isFinite(value) ? value.toFixed(2) : null;

async function costsOf(
  run: LiveRun,
  request: LiveRequest,
  { order }: Preflight,
  quantity: Lots,
): Promise<Pick<OrderPreview, "costs" | "frontier">> {
  const own = order.urgency;
  const strategy = order.strategy.name;
  const urgencies = [...new Set([...URGENCIES, own])].sort((a, b) => a - b);
  const unknown = { costBps: null, riskBps: null, seconds: (order.deadline - order.startAt) / 1e6 };
  const facts = factsOf(run);
  const terms = { model: MODEL, parameters: MODEL.parameters, riskAversion: RISK_AVERSION };
  const work = facts && workbench(run, request, order, quantity, facts, terms);
  const costs: OrderPreview["costs"][number][] = [];
  let frontier: OrderPreview["frontier"] = [];
  for (const urgency of urgencies) {
    const found = work?.evaluate(strategy, urgency);
    const figures = found !== undefined && isCosted(found) ? figuresOf(found) : unknown;
    const isOwn = urgency === own;
    costs.push({ strategy, urgency, isOwn, ...figures });
    // Orders that are at work have their turns in between.
    await setImmediate();
    if (isOwn && work !== undefined) frontier = frontierFor(work, found);
  }
  return { costs, frontier };
}

function workbench(
  run: LiveRun,
  request: LiveRequest,
  order: ParentOrder,
  quantity: Lots,
  facts: MarketFacts,
  terms: EstimateTerms,
): Workbench {
  const { config, engine, session } = run;
  const { limits } = engine;
  const hand: OrderAtHand = {
    order,
    quantity,
    heldLots: engine.instruments[0]!.positionLots,
    span: micros(order.deadline - order.startAt),
    facts,
    limits,
    effective: strictest(order, config.execution, limits, facts.instrument),
    volumePerMicro: perMicro(facts),
  };
  // What the account pays is known here, and needs no setting.
  const { maker, taker } = session.fees;
  const fees = { ...config.simulation.fees, maker: maker.toFixed(8), taker: taker.toFixed(8) };
  const simulation = { ...config.simulation, fees };
  const asked = { ...request, config: { ...request.config, simulation } };
  return new Workbench(asked, terms, hand, strategiesWith(request.plugins));
}

const figuresOf = ({ expectedBps, band, schedule }: ScheduleEstimate) => ({
  costBps: finite(expectedBps),
  riskBps: finite(band.priceBps),
  seconds: schedule.duration / 1e6,
});

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function frontierFor(
  work: Workbench,
  own: ReturnType<Workbench["evaluate"]> | undefined,
): OrderPreview["frontier"] {
  if (own === undefined || !isCosted(own)) return [];
  const longest = work.slicesOf(own.schedule).reduce((most, { days }) => Math.max(most, days), 0);
  if (MODEL.schedules(valuesOf(MODEL.parameters), longest) !== "admissible") return [];
  const { spreadBps, feesBps, delayBps } = own.parts;
  const beside = spreadBps + feesBps + delayBps;
  const points = frontierOf(MODEL, MODEL.parameters, work.market, {
    quantity: work.units,
    days: work.days,
  });
  return points
    .map(({ impactBps, priceBps }) => ({ costBps: impactBps + beside, riskBps: priceBps }))
    .filter(({ costBps, riskBps }) => Number.isFinite(costBps) && Number.isFinite(riskBps));
}

const perMicro = ({ dailyVolume, instrument }: MarketFacts): number =>
  dailyVolume.value / toNumber(instrument.lotSize) / MICROS_PER_DAY;

/** Undefined: too little has been seen to say what a day is like. */
function factsOf({ engine, session }: LiveRun): MarketFacts | undefined {
  const { observer } = engine.instruments[0]!;
  const { instrument } = session.header;
  const { bid, ask, mid, book, volatilityHour, volumeDay } = observer;
  const isSeen = volatilityHour.coverage >= LEAST_COVERED_HOUR;
  if (!isSeen || !(volatilityHour.value > 0 && volumeDay.value > 0)) return undefined;
  if (!(bid > 0 && ask > bid)) return undefined;
  const dailyVolume = quantityEstimate(instrument, 1 as Lots) * volumeDay.value;
  return {
    instrument,
    mid,
    bid,
    ask,
    price: priceEstimate(instrument, mid),
    spreadBps: figure((2e4 * (ask - bid)) / (bid + ask), "the book now"),
    dailyVolatility: figure(volatilityHour.value * Math.sqrt(HOURS_PER_DAY), "as seen so far"),
    dailyVolume: figure(dailyVolume, "scaled up from what was seen so far"),
    depth: {
      bid: book.depth("buy", BOOK_LEVELS) as Lots,
      ask: book.depth("sell", BOOK_LEVELS) as Lots,
      levels: BOOK_LEVELS,
    },
  };
}

const figure = (value: number, text: string): Figure => ({
  value,
  relativeError: 0,
  origin: "measured",
  text,
});

function boundOf(
  run: LiveRun,
  request: LiveRequest,
  { order }: Preflight,
): OrderPreview["adviceBoundBps"] {
  const { advice } = order;
  const { value, coverage } = run.engine.instruments[0]!.observer.volatilityHour;
  if (advice === undefined || coverage === 0) return null;
  const hours = (order.deadline - order.startAt) / 3600e6;
  const spanBps = value * Math.sqrt(hours) * 1e4;
  const { oneSigma, threeSigma } = adviceBound(advice, request.config, spanBps, run.session.fees);
  return [oneSigma, threeSigma];
}
