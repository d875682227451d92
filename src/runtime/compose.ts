/**
 * Compose: the one place that knows concrete strategies, venues and models, and puts them together.
 */
import { Engine } from "../core/engine.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { FeeRates } from "../core/execution/instrument-state.ts";
import type { StrategyChoice, TacticChoice } from "../core/domain/parent-order.ts";
import type { ParameterFault, Strategy } from "../core/contracts/strategy.ts";
import type { MarketHeader } from "../core/market/columns.ts";
import type { Micros } from "../core/domain/units.ts";
import type { Observer } from "../core/market/observer.ts";
import { GeneratedVenue } from "../simulation/generated-venue.ts";
import { constantLatency, type LatencyModel, uniformLatency } from "../simulation/latency.ts";
import { NO_REACTION, type ReactionConfig } from "../simulation/reaction.ts";
import { ReactiveVenue } from "../simulation/reactive-venue.ts";
import { ReplayVenue, type VenueConfig } from "../simulation/replay-venue.ts";
import type { NativeOrder } from "../strategies/native/native-order.ts";
import { nativeOrders, nativeStrategies } from "../strategies/native/registry.ts";
import { findStrategy, strategies } from "../strategies/registry.ts";
import { tactics } from "../strategies/tactics/registry.ts";
import type { ArrivalConfig, ReactionSettings, SimulationConfig } from "./config.ts";
import type { ScaleFault } from "./day-scale.ts";
import { generatedConfig, type OpenMarket } from "./market-source.ts";
import type { Plugin } from "./plugin.ts";
import { scaleReaction } from "../simulation/reaction-scale.ts";
import type { SimulatedAccount } from "./simulated-lane.ts";
import { FixedMarket, ReactingMarket, type SimulatedMarket } from "./simulated-market.ts";

/**
 * @param known what an order may name as its strategy.
 * @param observer one that several engines share; absent = one of its own.
 * @param account what it holds and pays; absent = nothing, and what the simulation charges.
 */
export function composeEngine(
  config: ArrivalConfig,
  header: MarketHeader,
  seed: number,
  known: ReadonlyMap<string, Strategy> = strategies,
  observer?: Observer,
  account?: HeldAccount,
): Engine {
  return new Engine({
    execution: config.execution,
    limits: config.limits,
    strategies: known,
    tactics,
    seed,
    markets: [{ header, observer, ...(account ?? simulatedAccount(config.simulation)) }],
  });
}

export interface HeldAccount {
  /** Signed: positive = long. */
  readonly positionLots: number;
  readonly fees: FeeRates;
  /** See `VenueSession`. */
  readonly executedTo?: Micros | undefined;
}

const simulatedAccount = (simulation: SimulationConfig) => ({
  positionLots: 0,
  fees: feeRates(simulation),
});

/** What an account at a simulated venue is made of. */
export interface AccountSpec {
  readonly config: Pick<ArrivalConfig, "simulation">;
  readonly seed: number;
  /**
   * Whether a generated market runs a second time without our orders, so that fills tell exactly
   * what they did. A run that is watched has it, and its replay; one of many does not.
   */
  readonly isShadowed?: boolean;
}

/** A venue with an account for each: they share the market and know nothing of each other. */
export function composeVenue(
  header: MarketHeader,
  ...accounts: readonly AccountSpec[]
): ReplayVenue {
  return new ReplayVenue(accounts.map((account) => venueConfig(header, account)));
}

/** A fixed market whose accounts come and go. */
export interface TouredMarket {
  readonly market: FixedMarket;
  open(account: AccountSpec): SimulatedAccount;
  /** One on which something is still under way stays: nobody looks at it. */
  close(account: SimulatedAccount): void;
}

export function composeTour({
  header,
  blocks,
}: Pick<OpenMarket, "header" | "blocks">): TouredMarket {
  const venue = new ReplayVenue([]);
  return {
    market: new FixedMarket(header, blocks, venue),
    open: (account) => venue.open(venueConfig(header, account)),
    close(closing) {
      const account = venue.accounts.find((each) => each === closing);
      if (account?.isIdle === true) venue.close(account);
    },
  };
}

const venueConfig = (
  { instrument, epochNanos }: MarketHeader,
  { config: { simulation }, seed }: AccountSpec,
): VenueConfig => ({
  instrument,
  fees: simulation.fees,
  latency: latencyOf(simulation, seed),
  queue: simulation.queue,
  seed,
  epochNanos,
});

/**
 * The header as the engine is to have it: what fills will tell of the market's answer.
 * @param isShadowed as the account at the venue will be.
 */
export function headerOf(
  market: Pick<OpenMarket, "header" | "spec">,
  config: Pick<ArrivalConfig, "simulation">,
  isShadowed = false,
): MarketHeader {
  const kind = kindOf(market, config);
  if (kind === "recorded") return market.header;
  const isTold = kind === "reactive" || isShadowed;
  return { ...market.header, displacementModel: isTold ? "exact" : "unknown" };
}

/** Whether several accounts may share one pass over the market. */
export const isShared = (
  market: Pick<OpenMarket, "spec">,
  config: Pick<ArrivalConfig, "simulation">,
): boolean => kindOf(market, config) === "recorded";

/** What a market is to our orders: `auto` decided. */
export function kindOf(
  { spec }: Pick<OpenMarket, "spec">,
  { simulation }: Pick<ArrivalConfig, "simulation">,
): "recorded" | "reactive" | "generated" {
  const { market } = simulation;
  // What a live run saw stands, whatever a simulation would make of it.
  if (spec.kind === "live") return "recorded";
  if (market !== "auto") return market;
  return spec.kind === "generated" ? "generated" : "recorded";
}

export interface MarketKindFault {
  readonly code: "MARKET_KIND";
  readonly text: string;
}

/** The market with an account for each of `accounts`; one that answers has a single one. */
export function composeMarket(
  market: Pick<OpenMarket, "header" | "blocks" | "spec" | "scale">,
  ...accounts: readonly AccountSpec[]
): Result<SimulatedMarket, ScaleFault | MarketKindFault> {
  const { header, blocks } = market;
  const [account] = accounts;
  const kind = account === undefined ? "recorded" : kindOf(market, account.config);
  if (account === undefined || kind === "recorded") {
    return ok(new FixedMarket(header, blocks, composeVenue(header, ...accounts)));
  }
  if (kind === "generated") {
    const { spec } = market;
    if (spec.kind === "generated") {
      const own = { ...venueConfig(header, account), isShadowed: account.isShadowed === true };
      return ok(new ReactingMarket(header, new GeneratedVenue(own, generatedConfig(spec))));
    }
    const text = "a recording has no traders of its own: --market generated wants --data generated";
    return err({ code: "MARKET_KIND", text });
  }
  const reaction = reactionOf(market, account.config.simulation.reaction);
  if (!reaction.ok) return reaction;
  const venue = new ReactiveVenue(venueConfig(header, account), reaction.value, blocks);
  return ok(new ReactingMarket(header, venue));
}

/** Nothing has to be known of the market where nothing moves its price. */
export function reactionOf(
  market: Pick<OpenMarket, "scale">,
  settings: ReactionSettings,
): Result<ReactionConfig, ScaleFault> {
  if (settings.permanent === 0 && settings.transient === 0) {
    const halfLife = settings.halfLife * 1000;
    return ok({ ...NO_REACTION, halfLife, isSeen: true });
  }
  const scale = market.scale();
  return scale.ok ? scaleReaction(settings, scale.value) : scale;
}

function latencyOf(simulation: SimulationConfig, seed: number): LatencyModel {
  const entry = simulation.entryLatency * 1000;
  const response = simulation.responseLatency * 1000;
  const jitter = simulation.latencyJitter * 1000;
  if (jitter === 0) return constantLatency(entry, response);
  const spread = (from: number) => ({ from, to: from + jitter });
  return uniformLatency(spread(entry), spread(response), seed);
}

export const feeRates = ({ fees }: SimulationConfig): FeeRates => ({
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
