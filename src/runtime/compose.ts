/**
 * Compose: the one place that knows concrete strategies, venues and models, and puts them together.
 */
import { Engine } from "../core/engine.ts";
import type { StrategyChoice } from "../core/domain/parent-order.ts";
import type { ParameterFault } from "../core/contracts/strategy.ts";
import type { MarketHeader } from "../core/market/columns.ts";
import { constantLatency, type LatencyModel, uniformLatency } from "../simulation/latency.ts";
import { ReplayVenue } from "../simulation/replay-venue.ts";
import { findStrategy, strategies } from "../strategies/registry.ts";
import type { ArrivalConfig, SimulationConfig } from "./config.ts";

export function composeEngine(config: ArrivalConfig, header: MarketHeader, seed: number): Engine {
  return new Engine({
    execution: config.execution,
    limits: config.limits,
    strategies,
    seed,
    markets: [{ header, positionLots: 0 }],
  });
}

export function composeVenue(
  config: ArrivalConfig,
  header: MarketHeader,
  seed: number,
): ReplayVenue {
  return new ReplayVenue({
    instrument: header.instrument,
    fees: config.simulation.fees,
    latency: latencyOf(config.simulation, seed),
    queue: config.simulation.queue,
    seed,
    epochNanos: header.epochNanos,
  });
}

function latencyOf(simulation: SimulationConfig, seed: number): LatencyModel {
  const entry = simulation.entryLatency * 1000;
  const response = simulation.responseLatency * 1000;
  const jitter = simulation.latencyJitter * 1000;
  if (jitter === 0) return constantLatency(entry, response);
  const spread = (from: number) => ({ from, to: from + jitter });
  return uniformLatency(spread(entry), spread(response), seed);
}

export const strategyNames = (): readonly string[] => [...strategies.keys()];

/** Faults of a choice of strategy, for the configuration: paths are relative to `strategy`. */
export function checkStrategy(choice: StrategyChoice): readonly ParameterFault[] {
  const found = findStrategy(choice.name);
  if (!found.ok) return [{ path: "name", text: found.error.text }];
  return found.value
    .check(choice.parameters)
    .map(({ path, text }) => ({ path: `parameters.${path}`, text }));
}
