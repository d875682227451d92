/**
 * Arm: one way to work the parents of a comparison: a strategy, its tactic and its urgency.
 *
 * An arm that is the exchange's own algorithm runs outside our limits, because the real one does:
 * it knows no participation cap, no spacing, no collar. It runs at the exchange, so its orders take
 * a millisecond. What must stay true: every other arm runs under the limits of the configuration.
 */
import type { ParameterFault } from "../core/contracts/strategy.ts";
import type { ParentConstraints, StrategyChoice } from "../core/domain/parent-order.ts";
import { type Fraction, type Micros, micros } from "../core/domain/units.ts";
import type { NativeTerms } from "../strategies/native/native-order.ts";
import type { BacktestRequest } from "./backtest.ts";
import {
  checkStrategy,
  findNative,
  nativeNames,
  nativeStrategies,
  strategiesWith,
} from "./compose.ts";
import { DEFAULT_ADVICE } from "./advice/advice-config.ts";
import type { ArrivalConfig } from "./config.ts";
import type { Plugin } from "./plugin.ts";

export interface Arm {
  /** Unique in a comparison: what tables, rows and pictures call it. */
  readonly label: string;
  readonly strategy: StrategyChoice;
  /** Absent = that of the configuration. */
  readonly urgency?: Fraction;
}

/** How far a market order goes: the documented band around the last price. */
const MARKET_ORDER_BPS = 500;

/** From the algorithm to the matching engine of its own exchange, and back. */
const INSIDE_LATENCY: Micros = micros(1_000);

export const isNative = ({ strategy }: Arm): boolean => findNative(strategy.name) !== undefined;

/** Every fault of an arm; empty when it may run. */
export function checkArm(arm: Arm, plugins: readonly Plugin[] = []): readonly ParameterFault[] {
  const { strategy, urgency } = arm;
  const native = findNative(strategy.name);
  if (native === undefined) {
    const faults = checkStrategy(strategy, strategiesWith(plugins));
    if (faults[0]?.path !== "name") return faults;
    const text = `${faults[0].text}; of the exchange's own ${nativeNames().join(", ")}`;
    return [{ path: "name", text }];
  }
  const inside = "is the exchange's own algorithm and cannot be told that";
  return [
    ...native.strategy
      .check(strategy.parameters)
      .map(({ path, text }) => ({ path: `parameters.${path}`, text })),
    ...(strategy.tactic === undefined ? [] : [{ path: "tactic", text: inside }]),
    ...(urgency === undefined ? [] : [{ path: "urgency", text: inside }]),
  ];
}

/** Why the exchange would not take this arm's order; undefined for an arm that is not its own. */
export const refusalOf = ({ strategy }: Arm, terms: NativeTerms): string | undefined =>
  findNative(strategy.name)?.refuse(strategy.parameters, terms);

/** What differs between one arm's run and the next. */
export function requestFor(
  arm: Arm,
  config: ArrivalConfig,
  constraints: ParentConstraints,
): Pick<BacktestRequest, "config" | "constraints" | "strategies"> {
  const { strategy, urgency } = arm;
  if (isNative(arm)) {
    const { limitPrice } = constraints;
    return {
      config: unlimited(config, strategy),
      constraints: {
        mayCrossSpread: true,
        residual: "leave",
        ...(limitPrice === undefined ? {} : { limitPrice }),
      },
      strategies: nativeStrategies,
    };
  }
  const execution = urgency === undefined ? config.execution : { ...config.execution, urgency };
  // What advice is worth is another question: `arrival evaluate` asks it.
  return { config: { ...config, execution, strategy, advice: DEFAULT_ADVICE }, constraints };
}

/** No limit of ours, at the widest that a configuration can say; and no way to go. */
function unlimited(config: ArrivalConfig, strategy: StrategyChoice): ArrivalConfig {
  const native = findNative(strategy.name)!;
  return {
    strategy,
    execution: {
      ...config.execution,
      maxParticipation: 1,
      maxSpreadToCrossBps: MARKET_ORDER_BPS,
      minOrder: "0",
    },
    limits: {
      ...config.limits,
      participation: 1,
      participationWindow: native.window(strategy.parameters),
      orderNotional: 1e15,
      aggressiveSpacing: native.spacing(strategy.parameters),
      spreadToCrossBps: MARKET_ORDER_BPS,
      benchmarkDeviationBps: 10_000,
      shortfallAlertBps: 10_000,
      volatilityStopPerHour: 1,
      ordersPerMinute: 1_000_000,
      amendsPerMinute: 1_000_000,
      positionNotional: 1e15,
      orderImpactBps: 10_000,
    },
    simulation: {
      ...config.simulation,
      entryLatency: INSIDE_LATENCY,
      responseLatency: INSIDE_LATENCY,
      latencyJitter: micros(0),
    },
    live: config.live,
    alerts: config.alerts,
    // An exchange's algorithm takes no advice.
    advice: DEFAULT_ADVICE,
  };
}
