/**
 * Twin orders: the same order in the same market, advised at random and not advised at all, and
 * what its journal alone would say that the advice was worth.
 */
import type { EngineEvent, EngineOutput } from "../../src/core/domain/messages.ts";
import { isTerminal } from "../../src/core/domain/parent-order.ts";
import { micros, MINUTE } from "../../src/core/domain/units.ts";
import { executionOf } from "../../src/core/execution/execution-record.ts";
import { bpsOf, shortfall } from "../../src/core/tca/shortfall.ts";
import { type BacktestRequest, prepareOrder } from "../../src/runtime/backtest.ts";
import { composeMarket } from "../../src/runtime/compose.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { PromptAdvisor } from "../../src/runtime/evaluation/parent-run.ts";
import { answered, CANDIDATES } from "../../src/runtime/evaluation/rollout.ts";
import { WorthWatch } from "../../src/runtime/influence/advice-worth.ts";
import { openGenerated } from "../../src/runtime/market-source.ts";
import { simulate } from "../../src/runtime/simulated-loop.ts";

export interface Twin {
  /** What the advised order cost more. */
  readonly difference: number;
  /** What its own events say that it did. */
  readonly told: number;
  readonly squares: number;
}

export interface TwinTerms {
  /** Whether the market answers our trades. */
  readonly market: "recorded" | "generated";
  readonly strategy: string;
  readonly minutes: number;
}

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

export function twin(terms: TwinTerms, seed: number): Twin {
  const advised = work(terms, seed, true);
  const own = work(terms, seed, false);
  const worth = Object.values(advised.worth);
  const sum = (of: (one: (typeof worth)[number]) => number): number =>
    worth.reduce((total, one) => total + of(one), 0);
  return {
    difference: advised.costBps - own.costBps,
    told: sum(({ cost }) => cost),
    squares: sum(({ squares }) => squares),
  };
}

function configOf({ market, strategy }: TwinTerms, isAdvised: boolean): ArrivalConfig {
  const { advice, execution, simulation } = DEFAULT_CONFIG;
  const influence = { calm: 1, usual: 1, stressed: 1 };
  return {
    ...DEFAULT_CONFIG,
    strategy: { name: strategy, parameters: {} },
    simulation: { ...simulation, market },
    execution: { ...execution, llmQueryInterval: micros(20e6) },
    advice: isAdvised ? { ...advice, advisor: "at random", influence } : advice,
  };
}

function work(terms: TwinTerms, seed: number, isAdvised: boolean) {
  const { minutes } = terms;
  const duration = micros((minutes + 3) * MINUTE);
  const market = openGenerated({
    kind: "generated",
    seed,
    startAt: START,
    duration,
  });
  const request: BacktestRequest = {
    side: seed % 2 === 0 ? "buy" : "sell",
    quantity: "3",
    isNotional: false,
    over: micros(minutes * MINUTE),
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: true,
    config: configOf(terms, isAdvised),
    seed,
  };
  const prepared = prepareOrder(market, request, undefined, true);
  const composed = composeMarket(market, { ...request, isShadowed: true });
  if (!prepared.ok || !composed.ok) throw new Error("the order cannot be worked");
  const { engine, submitted, parent } = prepared.value;
  const watch = new WorthWatch();
  const advisor = new PromptAdvisor((_, number) => {
    const drawn = ((seed * 31 + number * 17) * 7919) % 997;
    return answered(CANDIDATES[Math.floor((drawn / 997) * CANDIDATES.length)]!);
  });
  let endedAt = submitted.time;
  const onStep = (event: EngineEvent, outputs: readonly EngineOutput[]): boolean => {
    watch.step(event, outputs, engine);
    endedAt = event.time;
    const state = engine.parents.get(parent.id);
    return state !== undefined && isTerminal(state.phase);
  };
  const lane = { engine, scheduled: [submitted], onStep, ...(isAdvised ? { advisor } : {}) };
  const steps = simulate({ market: composed.value, lanes: [lane] });
  for (let step = steps.next(); step.done !== true; step = steps.next());
  const [own] = engine.instruments;
  const state = engine.parents.get(parent.id)!;
  const cost = shortfall(executionOf(state, own!, endedAt, own!.observer.lastMid!)!);
  const worth = watch.ended[0]?.byRegime ?? {};
  return { costBps: bpsOf(cost.total, cost.decisionNotional)!, worth };
}

/** How well what is told goes with what was. */
export function agreement(twins: readonly Twin[]) {
  const mean = (of: (one: Twin) => number): number =>
    twins.reduce((sum, one) => sum + of(one), 0) / twins.length;
  const [m, n] = [mean(({ difference }) => difference), mean(({ told }) => told)];
  const both = mean(({ difference, told }) => (difference - m) * (told - n));
  const [a, b] = [
    mean(({ difference }) => (difference - m) ** 2),
    mean(({ told }) => (told - n) ** 2),
  ];
  return {
    correlation: both / Math.sqrt(a * b),
    slope: both / b,
    meanDifference: m,
    meanTold: n,
    spread: Math.sqrt(a),
    error: Math.sqrt(mean(({ difference, told }) => (difference - told) ** 2)),
    squares: mean(({ squares }) => squares),
  };
}
