/**
 * Viewer options: what a run viewer cannot know by itself, because a pure view imports the core
 * alone: which numbers of a reasoning were shown, what advice may cost, what an order's impact was
 * forecast to cost.
 */
import { grounded } from "../advisors/grounding.ts";
import { quantityEstimate } from "../core/domain/instrument.ts";
import { opposite } from "../core/domain/side.ts";
import type { Bps } from "../core/domain/units.ts";
import type { FeeRates, InstrumentState } from "../core/execution/instrument-state.ts";
import { type ParentState, unfilledLots } from "../core/execution/parent-state.ts";
import { valuesOf } from "../impact/impact-model.ts";
import { squareRoot } from "../impact/square-root.ts";
import type { RunViewerOptions } from "../view/run-viewer.ts";
import { adviceBound } from "./advice/advice-config.ts";
import type { ArrivalConfig } from "./config.ts";

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
    adviceBound: (terms, spanBps) => adviceBound(terms, config, spanBps, fees),
    forecast,
  };
}

/** By the square-root law with its published parameters, of the market seen until then. */
export function forecast(
  parent: ParentState,
  { observer, instrument }: InstrumentState,
): Bps | undefined {
  const { volatilityHour, volumeDay } = observer;
  const moves = Math.round(volatilityHour.coverage * MOVES_PER_HOUR);
  const price = observer.touch(opposite(parent.order.side));
  const isKnown = volatilityHour.value > 0 && volumeDay.value > 0 && price > 0;
  if (moves < LEAST_MOVES || !isKnown) return undefined;
  const quantity = quantityEstimate(instrument, unfilledLots(parent, price));
  const days = (parent.order.deadline - (parent.arrivedAt ?? parent.order.startAt)) / 86_400e6;
  if (!(quantity > 0 && days > 0)) return undefined;
  const { permanentBps, temporaryBps } = squareRoot.impact(
    valuesOf(squareRoot.parameters),
    [{ quantity, days }],
    {
      dailyVolatility: volatilityHour.value * Math.sqrt(HOURS_PER_DAY),
      dailyVolume: quantityEstimate(instrument, 1 as typeof parent.filled) * volumeDay.value,
      spreadBps: (2e4 * (observer.ask - observer.bid)) / (observer.ask + observer.bid),
    },
  );
  return permanentBps + temporaryBps;
}
