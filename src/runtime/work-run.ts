/**
 * Work run: one parent by one arm at work in a lane of its own, and what came of it.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { EngineOutput } from "../core/domain/messages.ts";
import { isTerminal, type ParentConstraints } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import { type Micros, SECOND } from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import type { Execution } from "../core/tca/execution.ts";
import { bpsOf, shortfall } from "../core/tca/shortfall.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import { type Arm, requestFor } from "./arm.ts";
import type { BacktestFault, BacktestRequest, PreparedOrder } from "./backtest.ts";
import type { Outcome } from "./comparison.ts";
import type { ArrivalConfig } from "./config.ts";
import type { Plugin } from "./plugin.ts";
import type { SimulatedLane } from "./simulated-lane.ts";
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

export function requestOf(request: PassRequest, { start }: Placed, run: Run): BacktestRequest {
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

/** One run at work: its lane ends with its order; what the market does then is nobody's cost. */
export class Work implements SimulatedLane {
  readonly run: Run;
  readonly request: BacktestRequest;
  readonly engine: PreparedOrder["engine"];
  readonly scheduled: SimulatedLane["scheduled"];
  readonly #placed: Placed;
  readonly #parentId: string;
  readonly #refusals = new Set<string>();
  #outcome: Result<Outcome, BacktestFault> | undefined;
  /** When its order had ended. */
  endedAt: Micros | undefined;

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
    this.endedAt = time;
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
