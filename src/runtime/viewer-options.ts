/**
 * Viewer options: what a run viewer cannot know by itself, because a pure view imports the core
 * alone: which numbers of a reasoning were shown, what advice may cost, what an order's impact was
 * forecast to cost.
 */
import { grounded } from "../advisors/grounding.ts";
import { quantityEstimate } from "../core/domain/instrument.ts";
import { opposite } from "../core/domain/side.ts";
import type { Bps, Micros } from "../core/domain/units.ts";
import type { FeeRates, InstrumentState } from "../core/execution/instrument-state.ts";
import { type ParentState, unfilledLots } from "../core/execution/parent-state.ts";
import { type ImpactModel, valuesOf } from "../impact/impact-model.ts";
import { llmEnhanced } from "../impact/llm-enhanced.ts";
import { squareRoot } from "../impact/square-root.ts";
import type { RunViewerOptions } from "../view/run-viewer.ts";
import type { MeasuredWorth, RestForecast } from "../view/shapes.ts";
import { adviceBound } from "./advice/advice-config.ts";
import type { ArrivalConfig } from "./config.ts";
import { WorthWatch } from "./influence/advice-worth.ts";
import { tableOfSource } from "./influence/earned-influence.ts";
import { readTable, REGIME_NAMES } from "./influence/influence-table.ts";

/** Moves of ten seconds that a volatility must rest on, as for an estimate before the trade. */
const LEAST_MOVES = 6;
const MOVES_PER_HOUR = 360;
const HOURS_PER_DAY = 24;

export function viewerOptions(
  run: Pick<RunViewerOptions, "journal" | "venue">,
  config: ArrivalConfig,
  fees: FeeRates,
): RunViewerOptions {
  return {
    journal: run.journal,
    venue: run.venue,
    findNumbers: (reasoning, question) => grounded(reasoning, question).numbers,
    advice: {
      bound: (terms, spanBps) => adviceBound(terms, config, spanBps, fees),
      budget: config.advice.budget,
      measured: measuredWorth(),
      worth: new WorthWatch(),
    },
    forecast,
    forecastRest,
  };
}

/** Each table is read once: an order keeps what it began with. */
function measuredWorth(): (influenceSource: string) => MeasuredWorth | undefined {
  const known = new Map<string, MeasuredWorth | undefined>();
  return (source) => {
    if (!known.has(source)) known.set(source, readMeasured(source));
    return known.get(source);
  };
}

/** Undefined: the weights are of no table, or it is not there any more, or another one. */
export function readMeasured(influenceSource: string): MeasuredWorth | undefined {
  const source = tableOfSource(influenceSource);
  const table = source === undefined ? undefined : readTable(source.path);
  if (table?.ok !== true || table.value.hash !== source?.hash) return undefined;
  const { confidence, regimes, reliability } = table.value;
  return {
    confidence,
    reliability,
    regimes: REGIME_NAMES.map((regime) => {
      const { orders, saved } = regimes[regime];
      return { regime, orders, savedBps: saved };
    }),
  };
}

/** By the square-root law with its published parameters, of the market seen until then. */
export function forecast(parent: ParentState, market: InstrumentState): Bps | undefined {
  const from = parent.arrivedAt ?? parent.order.startAt;
  return impactOfRest(squareRoot, parent, market, parent.order.deadline - from);
}

/** The same of what is left of it, scaled by the impact factor of the advice in force. */
export function forecastRest(
  parent: ParentState,
  market: InstrumentState,
  now: Micros,
): RestForecast | undefined {
  const span = parent.order.deadline - now;
  const baseBps = impactOfRest(squareRoot, parent, market, span);
  if (baseBps === undefined) return undefined;
  const { inForce } = parent.advised ?? {};
  const isOver = inForce === undefined || now >= inForce.until;
  const none = { bps: baseBps, lowBps: baseBps, highBps: baseBps, factor: null, weight: 0 };
  if (isOver) return { baseBps, ...none };
  const { weight, advice } = inForce;
  const factor = advice.impactFactor;
  const scaled = (value: number): Bps | undefined => {
    const hybrid = llmEnhanced(squareRoot, { factor: value, source: "the advisor" }, weight);
    return hybrid.ok ? impactOfRest(hybrid.value, parent, market, span) : undefined;
  };
  const [bps, lowBps, highBps] = [factor.value, factor.low, factor.high].map(scaled);
  // A factor out of its range scales nothing: an answer is hostile until it is clamped.
  if (bps === undefined || lowBps === undefined || highBps === undefined) {
    return { baseBps, ...none };
  }
  return { baseBps, bps, lowBps, highBps, factor, weight };
}

/** Of what is not filled, worked evenly over a span. */
function impactOfRest(
  model: ImpactModel,
  parent: ParentState,
  { observer, instrument }: InstrumentState,
  span: number,
): Bps | undefined {
  const { volatilityHour, volumeDay } = observer;
  const moves = Math.round(volatilityHour.coverage * MOVES_PER_HOUR);
  const price = observer.touch(opposite(parent.order.side));
  const isKnown = volatilityHour.value > 0 && volumeDay.value > 0 && price > 0;
  if (moves < LEAST_MOVES || !isKnown) return undefined;
  const quantity = quantityEstimate(instrument, unfilledLots(parent, price));
  const days = span / 86_400e6;
  if (!(quantity > 0 && days > 0)) return undefined;
  const { permanentBps, temporaryBps } = model.impact(
    valuesOf(model.parameters),
    [{ quantity, days }],
    {
      dailyVolatility: volatilityHour.value * Math.sqrt(HOURS_PER_DAY),
      dailyVolume: quantityEstimate(instrument, 1 as typeof parent.filled) * volumeDay.value,
      spreadBps: (2e4 * (observer.ask - observer.bid)) / (observer.ask + observer.bid),
    },
  );
  return permanentBps + temporaryBps;
}
