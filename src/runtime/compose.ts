/**
 * Compose: the one place that knows concrete strategies, venues and models, and puts them together.
 */
import { Engine } from "../core/engine.ts";
import type { FeeRates } from "../core/execution/instrument-state.ts";
import type { StrategyChoice, TacticChoice } from "../core/domain/parent-order.ts";
import type { ParameterFault, Strategy } from "../core/contracts/strategy.ts";
import type { MarketHeader } from "../core/market/columns.ts";
import type { Observer } from "../core/market/observer.ts";
import { constantLatency, type LatencyModel, uniformLatency } from "../simulation/latency.ts";
import { ReplayVenue } from "../simulation/replay-venue.ts";
import type { NativeOrder } from "../strategies/native/native-order.ts";
import { nativeOrders, nativeStrategies } from "../strategies/native/registry.ts";
import { findStrategy, strategies } from "../strategies/registry.ts";
import { tactics } from "../strategies/tactics/registry.ts";
import type { ArrivalConfig, SimulationConfig } from "./config.ts";
import type { Plugin } from "./plugin.ts";

/**
 * @param known what an order may name as its strategy.
 * @param observer one that several engines share; absent = one of its own.
 */
export function composeEngine(
  config: ArrivalConfig,
  header: MarketHeader,
  seed: number,
  known: ReadonlyMap<string, Strategy> = strategies,
  observer?: Observer,
): Engine {
  return new Engine({
    execution: config.execution,
    limits: config.limits,
    strategies: known,
    tactics,
    seed,
    markets: [{ header, positionLots: 0, fees: feeRates(config.simulation), observer }],
  });
}

/** What an account at a simulated venue is made of. */
export interface AccountSpec {
  readonly config: Pick<ArrivalConfig, "simulation">;
  readonly seed: number;
}

/** A venue with an account for each: they share the market and know nothing of each other. */
export function composeVenue(
  { instrument, epochNanos }: MarketHeader,
  ...accounts: readonly AccountSpec[]
): ReplayVenue {
  return new ReplayVenue(
    ...accounts.map(({ config: { simulation }, seed }) => ({
      instrument,
      fees: simulation.fees,
      latency: latencyOf(simulation, seed),
      queue: simulation.queue,
      seed,
      epochNanos,
    })),
  );
}

function latencyOf(simulation: SimulationConfig, seed: number): LatencyModel {
  const entry = simulation.entryLatency * 1000;
  const response = simulation.responseLatency * 1000;
  const jitter = simulation.latencyJitter * 1000;
  if (jitter === 0) return constantLatency(entry, response);
  const spread = (from: number) => ({ from, to: from + jitter });
  return uniformLatency(spread(entry), spread(response), seed);
}

const feeRates = ({ fees }: SimulationConfig): FeeRates => ({
  maker: Number(fees.maker),
  taker: Number(fees.taker),
});

export const strategyNames = (): readonly string[] => [...strategies.keys()];
/** What a user may trade with: the registered strategies, and those of plugins. */
export const strategiesWith = (plugins: readonly Plugin[] = []): ReadonlyMap<string, Strategy> =>
  new Map([...strategies, ...plugins.map(({ strategy }) => [strategy.name, strategy] as const)]);

/** Faults of a choice of strategy, for the configuration: paths are relative to `strategy`. */
export function checkStrategy(
  choice: StrategyChoice,
  known: ReadonlyMap<string, Strategy> = strategies,
): readonly ParameterFault[] {
  const found = findStrategy(choice.name, known);
  if (!found.ok) return [{ path: "name", text: found.error.text }];
  const faults = found.value
    .check(choice.parameters)
    .map(({ path, text }) => ({ path: `parameters.${path}`, text }));
  if (choice.tactic === undefined) return faults;
  if (found.value.isTactic !== true) return [...faults, ...checkTactic(choice.tactic)];
  const text = `${choice.name} is a tactic itself and takes no other: choose it for a schedule`;
  return [...faults, { path: "tactic", text }];
}

function checkTactic({ name, parameters }: TacticChoice): readonly ParameterFault[] {
  const kind = tactics.get(name);
  if (kind === undefined) {
    const known = tacticNames().join(", ");
    const text = `no tactic is named ${JSON.stringify(name)}; known are ${known}`;
    return [{ path: "tactic.name", text }];
  }
  return kind
    .check(parameters)
    .map(({ path, text }) => ({ path: `tactic.parameters.${path}`, text }));
}

export const tacticNames = (): readonly string[] => [...tactics.keys()];

/** The exchange's own algorithms, emulated: baselines of a comparison, and for nothing else. */
export const nativeNames = (): readonly string[] => [...nativeOrders.keys()];
export const findNative = (name: string): NativeOrder | undefined => nativeOrders.get(name);
export { nativeStrategies };
