/**
 * Plan: what a run is: the order, the operators and the faults, all drawn from the seed.
 *
 * What must stay true: a plan says everything about its run, so that a part of it can be left out
 * and the rest runs on as it was.
 */
import { formatDecimal, multiplyDecimal } from "../../src/core/domain/decimal.ts";
import type { Instrument } from "../../src/core/domain/instrument.ts";
import type { ResidualPolicy, StrategyChoice } from "../../src/core/domain/parent-order.ts";
import type { Side } from "../../src/core/domain/side.ts";
import { micros } from "../../src/core/domain/units.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { Chance } from "./chance.ts";
import { drawKnobs, type Knobs } from "./knobs.ts";
import type { SimulatedMarket } from "./market.ts";

export type Deed =
  | { readonly kind: "pause" | "resume" | "cancel" | "kill" }
  /** Of the whole, in hundredths of what it was at first. */
  | { readonly kind: "amend-quantity"; readonly share: number }
  | { readonly kind: "amend-deadline"; readonly seconds: number }
  | { readonly kind: "switch"; readonly strategy: StrategyChoice };

export interface OperatorAct {
  /** Seconds from the order's beginning. */
  readonly at: number;
  readonly deed: Deed;
}

export interface OrderPlan {
  readonly side: Side;
  /** In the unit of the market: what trades in a message there, on average. */
  readonly units: number;
  readonly seconds: number;
  readonly strategy: StrategyChoice;
  readonly urgency: number;
  readonly residual: ResidualPolicy;
  readonly mayCross: boolean;
}

export interface RunPlan {
  readonly seed: number;
  readonly knobs: Knobs;
  readonly order: OrderPlan;
  readonly operators: readonly OperatorAct[];
}

const STRATEGIES = ["twap", "vwap", "pov", "is", "ow"] as const;
const TACTICS = ["touch", "peg", "chase", "iceberg"] as const;

export function planOf(seed: number): RunPlan {
  const knobs = drawKnobs(seed);
  const luck = new Chance(seed, "order");
  const mayCross = !luck.happens(0.2);
  const order: OrderPlan = {
    side: luck.pick(["buy", "sell"] as const),
    units: luck.pick([1, 4, 12, 30]),
    seconds: luck.whole(20, 60),
    strategy: strategyOf(luck),
    urgency: luck.pick([0.2, 0.5, 0.9]),
    residual: mayCross
      ? luck.pick(["leave", "cross", "cross-over-participation"] as const)
      : "leave",
    mayCross,
  };
  return { seed, knobs, order, operators: operatorsOf(seed, knobs, order) };
}

function strategyOf(luck: Chance): StrategyChoice {
  const name = luck.pick(STRATEGIES);
  const isOwnTactic = luck.happens(0.4);
  const tactic = { name: luck.pick(TACTICS), parameters: {} };
  const parameters = { intervalSeconds: luck.pick([2, 5, 10]) };
  return { name, parameters, ...(isOwnTactic ? {} : { tactic }) };
}

function operatorsOf(seed: number, { faults }: Knobs, { seconds }: OrderPlan): OperatorAct[] {
  const rate = faults.operators;
  if (rate === undefined) return [];
  const luck = new Chance(seed, "operators");
  const acts: OperatorAct[] = [];
  const next = (): number => (-Math.log(1 - luck.next()) * 60) / rate;
  for (let at = next(); at < seconds; at += next()) {
    const when = Number(at.toFixed(3));
    const deed = deedOf(luck);
    acts.push({ at: when, deed });
    if (deed.kind !== "pause") continue;
    acts.push({ at: Number((at + luck.between(0.5, 15)).toFixed(3)), deed: { kind: "resume" } });
  }
  return acts.sort((a, b) => a.at - b.at);
}

function deedOf(luck: Chance): Deed {
  const kind = luck.pick([
    "pause",
    "pause",
    "amend-quantity",
    "amend-quantity",
    "amend-deadline",
    "switch",
    "switch",
    "cancel",
    "kill",
  ] as const);
  if (kind === "amend-quantity") return { kind, share: luck.whole(20, 180) };
  if (kind === "amend-deadline") return { kind, seconds: luck.whole(5, 90) };
  return kind === "switch" ? { kind, strategy: strategyOf(luck) } : { kind };
}

/** Decimal text of so many lots. */
export const quantityText = ({ lotSize }: Instrument, count: number): string =>
  formatDecimal(multiplyDecimal({ mantissa: BigInt(count), scale: 0 }, lotSize));

/** At least what the exchange takes. */
export function lotsOf({ units }: OrderPlan, { instrument, unit }: SimulatedMarket): number {
  return Math.max(instrument.minLots * 4, units * unit);
}

/** Limits that let a short order be worked and still bind now and then. */
export function configOf({ seed, order }: RunPlan): ArrivalConfig {
  const luck = new Chance(seed, "limits");
  return {
    ...DEFAULT_CONFIG,
    strategy: order.strategy,
    execution: {
      ...DEFAULT_CONFIG.execution,
      maxParticipation: luck.pick([0.15, 0.3, 0.6]),
      maxSpreadToCrossBps: 20,
      urgency: order.urgency,
      minOrder: "0.00000001",
    },
    limits: {
      ...DEFAULT_CONFIG.limits,
      participation: luck.pick([0.15, 0.3, 0.6]),
      aggressiveSpacing: micros(luck.pick([500_000, 2_000_000, 5_000_000])),
      ordersPerMinute: luck.pick([10, 30]),
      amendsPerMinute: luck.pick([20, 60]),
      staleAfter: micros(luck.pick([2_000_000, 5_000_000])),
    },
  };
}
