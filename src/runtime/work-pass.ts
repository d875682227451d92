/**
 * Work pass: several parents by several arms in one pass over the market.
 *
 * Our orders move no recorded price, so what one arm does is nothing to another: they share the
 * books and the observer, and each has its own engine, its own account at the venue, its own luck.
 * What must stay true: an outcome is the one that the run would have had alone, to the last digit.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { EngineOutput } from "../core/domain/messages.ts";
import { isTerminal, type ParentConstraints } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import { type Micros, SECOND } from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import { Observer } from "../core/market/observer.ts";
import type { Execution } from "../core/tca/execution.ts";
import { bpsOf, shortfall } from "../core/tca/shortfall.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import { type Arm, requestFor } from "./arm.ts";
import {
  type BacktestFault,
  type BacktestRequest,
  type PreparedOrder,
  prepareOrder,
} from "./backtest.ts";
import { composeMarket, headerOf, isShared, kindOf } from "./compose.ts";
import type { Outcome } from "./comparison.ts";
import type { ArrivalConfig } from "./config.ts";
import type { Plugin } from "./plugin.ts";
import type { SimulatedLane } from "./simulated-lane.ts";
import { simulateToEnd } from "./simulated-loop.ts";
import type { Placed } from "./window.ts";

/** What all runs of a pass have in common. */
export interface PassRequest {
  readonly constraints: ParentConstraints;
  readonly config: ArrivalConfig;
  /** Strategies from files that arms may name. */
  readonly plugins?: readonly Plugin[];
  readonly seed: number;
}

/** One parent by one arm. It may be shorter than the window that it was placed in. */
export interface Run {
  readonly window: number;
  readonly side: Side;
  readonly arm: Arm;
  readonly queue: QueueModelName;
  /** Exact decimal text: units of quantity, or of quote coin where `isNotional`. */
  readonly quantity: string;
  readonly isNotional: boolean;
  readonly over: Micros;
}

/** More than this, and what the accounts look at for each row no longer stays in the cache. */
export const LANES_MOST = 8;

/** Runs as they are worked together, in their order. */
export function passesOf<One>(runs: readonly One[]): readonly (readonly One[])[] {
  const passes: One[][] = [];
  for (let from = 0; from < runs.length; from += LANES_MOST) {
    passes.push(runs.slice(from, from + LANES_MOST));
  }
  return passes;
}

/** The outcome of each run, in their order. */
export function workPass(
  request: PassRequest,
  placed: Placed,
  runs: readonly Run[],
): readonly Result<Outcome, BacktestFault>[] {
  if (kindOf(placed.market, request.config) === "generated") {
    return oncePerQueue(runs, (some) => workApart(request, placed, some));
  }
  return workApart(request, placed, runs);
}

/** A market with a real queue has no model of it: runs that differ in it alone are one run. */
function oncePerQueue(
  runs: readonly Run[],
  work: (runs: readonly Run[]) => readonly Result<Outcome, BacktestFault>[],
): readonly Result<Outcome, BacktestFault>[] {
  const keyOf = (run: Run): string => JSON.stringify({ ...run, queue: undefined });
  const firsts = new Map(runs.map((run) => [keyOf(run), run] as const));
  const worked = work([...firsts.values()]);
  const outcomes = new Map([...firsts.keys()].map((key, k) => [key, worked[k]!] as const));
  return runs.map((run) => {
    const outcome = outcomes.get(keyOf(run))!;
    return outcome.ok ? ok({ ...outcome.value, queue: run.queue }) : outcome;
  });
}

function workApart(
  request: PassRequest,
  placed: Placed,
  runs: readonly Run[],
): readonly Result<Outcome, BacktestFault>[] {
  const results = new Map<Run, Result<Outcome, BacktestFault>>();
  const requests = new Map(runs.map((run) => [run, requestOf(request, placed, run)] as const));
  for (const alike of sharing(request, placed, runs, requests)) {
    const { config } = requests.get(alike[0]!)!;
    const { participationWindow } = config.limits;
    const observer = new Observer(headerOf(placed.market, config), participationWindow);
    const works: Work[] = [];
    for (const run of alike) {
      const prepared = prepareOrder(placed.market, requests.get(run)!, observer);
      if (prepared.ok) works.push(new Work(run, requests.get(run)!, prepared.value, placed));
      else results.set(run, prepared);
    }
    for (const [run, result] of workTogether(works, placed)) results.set(run, result);
  }
  return runs.map((run) => results.get(run)!);
}

/**
 * Runs that may share a pass. One observer measures participation over one window, and the
 * exchange's own algorithms have others; and where the market answers, each run has its own.
 */
function sharing(
  { config }: PassRequest,
  { market }: Placed,
  runs: readonly Run[],
  requests: ReadonlyMap<Run, BacktestRequest>,
): Iterable<readonly Run[]> {
  if (!isShared(market, config)) return runs.map((run) => [run]);
  return Map.groupBy(runs, (run) => requests.get(run)!.config.limits.participationWindow).values();
}

function requestOf(request: PassRequest, { start }: Placed, run: Run): BacktestRequest {
  const { arm, side, quantity, isNotional, over, queue, window } = run;
  const { config, ...own } = requestFor(arm, request.config, request.constraints);
  return {
    ...own,
    side,
    quantity,
    isNotional,
    over,
    start,
    acceptInfeasible: true,
    ...(request.plugins === undefined ? {} : { plugins: request.plugins }),
    config: { ...config, simulation: { ...config.simulation, queue } },
    seed: (request.seed + window) >>> 0,
  };
}

function workTogether(
  works: readonly Work[],
  placed: Placed,
): readonly (readonly [Run, Result<Outcome, BacktestFault>])[] {
  if (works.length === 0) return [];
  const market = composeMarket(placed.market, ...works.map(({ request }) => request));
  if (!market.ok) return works.map(({ run }) => [run, market] as const);
  const { endedAt } = simulateToEnd({ market: market.value, lanes: works });
  return works.map((work) => [work.run, work.outcomeAt(endedAt)] as const);
}

/** One run at work: its lane ends with its order; what the market does then is nobody's cost. */
class Work implements SimulatedLane {
  readonly run: Run;
  readonly request: BacktestRequest;
  readonly engine: PreparedOrder["engine"];
  readonly scheduled: SimulatedLane["scheduled"];
  readonly #placed: Placed;
  readonly #parentId: string;
  readonly #refusals = new Set<string>();
  #outcome: Result<Outcome, BacktestFault> | undefined;

  constructor(run: Run, request: BacktestRequest, prepared: PreparedOrder, placed: Placed) {
    this.run = run;
    this.request = request;
    this.engine = prepared.engine;
    this.scheduled = [prepared.submitted];
    this.#parentId = prepared.parent.id;
    this.#placed = placed;
  }

  onStep = ({ time }: { readonly time: Micros }, outputs: readonly EngineOutput[]): boolean => {
    for (const output of outputs) {
      if (output.kind !== "order-refused" && output.kind !== "parent-refused") continue;
      this.#refusals.add(output.refusal.code);
    }
    const state = this.engine.parents.get(this.#parentId);
    if (state === undefined || !isTerminal(state.phase)) return false;
    this.#outcome = this.outcomeAt(time);
    return true;
  };

  outcomeAt(time: Micros): Result<Outcome, BacktestFault> {
    if (this.#outcome !== undefined) return this.#outcome;
    const { horizon, cluster } = this.#placed;
    const state = this.engine.parents.get(this.#parentId);
    const market = this.engine.instruments[0]!;
    const execution = state === undefined ? undefined : executionOf(state, market, time, horizon);
    if (state !== undefined && execution !== undefined) {
      return ok(outcomeOf(this.run, cluster, state, execution));
    }
    const codes = [...this.#refusals].join(", ");
    const reason = `${state?.reason ?? "refused"}${codes === "" ? "" : ` (${codes})`}`;
    const { window, arm } = this.run;
    const text = `window ${window}, ${arm.label}: the order was not worked: ${reason}`;
    return err({ code: "BACKTEST_QUANTITY", text });
  }
}

function outcomeOf(
  { window, side, arm, queue }: Run,
  cluster: number,
  state: ParentState,
  execution: Execution,
): Outcome {
  const cost = shortfall(execution);
  let [maker, last] = [0, execution.startAt];
  for (const { fill } of execution.fills) {
    if (fill.liquidity === "maker") maker += fill.quantity;
    if (fill.exchangeTime > last) last = fill.exchangeTime;
  }
  const costBps = bpsOf(cost.total, cost.decisionNotional) ?? 0;
  const isDone = state.phase === "complete" || state.phase === "complete-with-dust";
  return {
    window,
    cluster,
    side,
    arm: arm.label,
    strategy: arm.strategy.name,
    queue,
    costBps,
    beforeFeesBps: costBps - (bpsOf(cost.parts.fees, cost.decisionNotional) ?? 0),
    filled: cost.intended === 0 ? 0 : cost.filled / cost.intended,
    makerShare: cost.filled === 0 ? 0 : maker / cost.filled,
    completionSeconds: isDone ? (last - execution.startAt) / SECOND : null,
    phase: state.phase,
  };
}
