/**
 * Compare: the same parents through several strategies on the same market, paired.
 *
 * Every arm sees the same rows, seed and fees, and what it leaves unfilled is marked at one common
 * horizon price, so a difference between two arms is theirs and not the market's. Windows that
 * overlap share their luck: they are one cluster, and clusters are what is counted.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { ParentConstraints, StrategyChoice } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import {
  type Bps,
  type HalfTicks,
  type Micros,
  micros,
  MINUTE,
  SECOND,
} from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import { type MarketBlock, LAST, type MarketHeader } from "../core/market/columns.ts";
import { Observer } from "../core/market/observer.ts";
import {
  holm,
  type Pair,
  type PairedDifference,
  pairedDifference,
} from "../core/tca/paired-difference.ts";
import { bpsOf, shortfall } from "../core/tca/shortfall.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import { type BacktestFault, prepareBacktest } from "./backtest.ts";
import type { ArrivalConfig } from "./config.ts";
import type { OpenMarket } from "./market-source.ts";

/** One market per parent (generated), or one market with many windows (recorded). */
export type Windows =
  | { readonly kind: "generated"; open(window: number): OpenMarket }
  | { readonly kind: "recorded"; readonly market: OpenMarket };

export interface CompareRequest {
  readonly windows: Windows;
  /** The first is the baseline that the others are compared with. */
  readonly strategies: readonly StrategyChoice[];
  readonly sides: readonly Side[];
  readonly quantity: string;
  readonly isNotional: boolean;
  readonly over: Micros;
  /** How many windows; each is worked on every side by every strategy. */
  readonly parents: number;
  readonly constraints: ParentConstraints;
  readonly config: ArrivalConfig;
  readonly seed: number;
}

/** One parent as one arm worked it. */
export interface Outcome {
  readonly window: number;
  readonly cluster: number;
  readonly side: Side;
  readonly strategy: string;
  readonly queue: QueueModelName;
  /** Full shortfall, fees included; positive = paid. */
  readonly costBps: Bps;
  readonly beforeFeesBps: Bps;
  /** 0..1. */
  readonly filled: number;
  readonly makerShare: number;
  readonly phase: string;
}

export interface ArmSummary {
  readonly strategy: string;
  readonly queue: QueueModelName;
  readonly parents: number;
  readonly meanBps: Bps;
  readonly beforeFeesBps: Bps;
  readonly standardDeviation: Bps;
  readonly filled: number;
  readonly makerShare: number;
  /** Against the baseline under the same queue; undefined for the baseline itself. */
  readonly difference: (PairedDifference & { readonly corrected: number | undefined }) | undefined;
}

export interface Comparison {
  readonly baseline: string;
  readonly windows: number;
  /** Windows that do not overlap: what intervals are counted by. */
  readonly effectiveWindows: number;
  readonly arms: readonly ArmSummary[];
  readonly outcomes: readonly Outcome[];
}

/** The passive fills of an arm are told under both: pessimistic and optimistic. */
export const QUEUES: readonly QueueModelName[] = ["risk-averse", "probabilistic"];

const WARM_UP = MINUTE;
/** Market after the deadline, for the last answers of the venue. */
export const TAIL: Micros = micros(10 * SECOND);

/** Yields how many of how many parents are done. */
export function* compare(
  request: CompareRequest,
): Generator<{ done: number; total: number }, Result<Comparison, BacktestFault>> {
  const outcomes: Outcome[] = [];
  const perWindow = request.sides.length * request.strategies.length * QUEUES.length;
  const total = request.parents * perWindow;
  for (let window = 0; window < request.parents; window++) {
    const placed = place(request, window);
    if (!placed.ok) return placed;
    for (const side of request.sides) {
      for (const strategy of request.strategies) {
        for (const queue of QUEUES) {
          const outcome = workOne(request, placed.value, { window, side, strategy, queue });
          if (!outcome.ok) return outcome;
          outcomes.push(outcome.value);
          yield { done: outcomes.length, total };
        }
      }
    }
  }
  return ok(summarise(request, outcomes));
}

interface Placed {
  readonly market: OpenMarket;
  readonly start: Micros;
  readonly cluster: number;
  readonly horizon: HalfTicks;
}

/** Where window number `window` lies, and the market up to a little after its end. */
function place(request: CompareRequest, window: number): Result<Placed, BacktestFault> {
  const { windows, over, parents } = request;
  const whole = windows.kind === "generated" ? windows.open(window) : windows.market;
  const room = whole.until - whole.from - WARM_UP - over;
  if (room < 0) {
    const text =
      `the market data covers ${seconds(whole.until - whole.from)}; a minute of warm-up and an ` +
      `order of ${seconds(over)} do not fit: shorten --over or give more data`;
    return err({ code: "BACKTEST_SPAN", text });
  }
  const isRecorded = windows.kind === "recorded";
  const offset = isRecorded && parents > 1 ? Math.floor((room * window) / (parents - 1)) : 0;
  const start = micros(WARM_UP + offset);
  const end = micros(whole.from + start + over + TAIL);
  const blocks = [...cut(whole.blocks, whole.header, end)];
  const horizon = midAt(blocks, whole.header, micros(whole.from + start + over));
  if (horizon === undefined) {
    return err({ code: "BACKTEST_SPAN", text: "no two-sided book before the end of a window" });
  }
  return ok({
    market: { ...whole, blocks, until: micros(Math.min(whole.until, end)) },
    start,
    cluster: isRecorded ? Math.floor(offset / over) : window,
    horizon,
  });
}

interface Arm {
  readonly window: number;
  readonly side: Side;
  readonly strategy: StrategyChoice;
  readonly queue: QueueModelName;
}

function workOne(
  request: CompareRequest,
  placed: Placed,
  arm: Arm,
): Result<Outcome, BacktestFault> {
  const { config } = request;
  const prepared = prepareBacktest(placed.market, {
    side: arm.side,
    quantity: request.quantity,
    isNotional: request.isNotional,
    over: request.over,
    start: placed.start,
    constraints: request.constraints,
    acceptInfeasible: true,
    config: {
      ...config,
      strategy: arm.strategy,
      simulation: { ...config.simulation, queue: arm.queue },
    },
    seed: (request.seed + arm.window) >>> 0,
  });
  if (!prepared.ok) {
    const { code, text } = prepared.error as BacktestFault;
    return err({ code, text });
  }
  const { engine, parent, run } = prepared.value;
  const steps = run();
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const state = engine.parents.get(parent.id);
  const market = engine.instruments[0]!;
  const execution =
    state === undefined
      ? undefined
      : executionOf(state, market, step.value.totals.endedAt, placed.horizon);
  if (state === undefined || execution === undefined) {
    const text = `window ${arm.window}: the order was not worked: ${step.value.reason}`;
    return err({ code: "BACKTEST_QUANTITY", text });
  }
  const cost = shortfall(execution);
  const maker = execution.fills.reduce(
    (sum, { fill }) => sum + (fill.liquidity === "maker" ? fill.quantity : 0),
    0,
  );
  const costBps = bpsOf(cost.total, cost.decisionNotional) ?? 0;
  return ok({
    window: arm.window,
    cluster: placed.cluster,
    side: arm.side,
    strategy: arm.strategy.name,
    queue: arm.queue,
    costBps,
    beforeFeesBps: costBps - (bpsOf(cost.parts.fees, cost.decisionNotional) ?? 0),
    filled: cost.intended === 0 ? 0 : cost.filled / cost.intended,
    makerShare: cost.filled === 0 ? 0 : maker / cost.filled,
    phase: state.phase,
  });
}

function summarise(request: CompareRequest, outcomes: readonly Outcome[]): Comparison {
  const baseline = request.strategies[0]!.name;
  const arms: ArmSummary[] = [];
  for (const queue of QUEUES) {
    for (const { name } of request.strategies) {
      const own = outcomes.filter((it) => it.queue === queue && it.strategy === name);
      const mean = (of: (outcome: Outcome) => number): number =>
        own.reduce((sum, it) => sum + of(it), 0) / own.length;
      const meanBps = mean((it) => it.costBps);
      const squares = own.reduce((sum, it) => sum + (it.costBps - meanBps) ** 2, 0);
      const difference =
        name === baseline
          ? undefined
          : pairedDifference(pairsOf(outcomes, queue, name, baseline), request.seed);
      arms.push({
        strategy: name,
        queue,
        parents: own.length,
        meanBps,
        beforeFeesBps: mean((it) => it.beforeFeesBps),
        standardDeviation: Math.sqrt(squares / Math.max(1, own.length - 1)),
        filled: mean((it) => it.filled),
        makerShare: mean((it) => it.makerShare),
        difference: difference === undefined ? undefined : { ...difference, corrected: undefined },
      });
    }
  }
  return {
    baseline,
    windows: request.parents,
    effectiveWindows: new Set(outcomes.map((it) => it.cluster)).size,
    arms: corrected(arms),
    outcomes,
  };
}

/** Holm over every comparison that is made, of both queues. */
function corrected(arms: readonly ArmSummary[]): readonly ArmSummary[] {
  const tested = arms.filter((arm) => arm.difference?.pValue !== undefined);
  const values = holm(tested.map((arm) => arm.difference!.pValue!));
  return arms.map((arm) => {
    const at = tested.indexOf(arm);
    if (at < 0 || arm.difference === undefined) return arm;
    return { ...arm, difference: { ...arm.difference, corrected: values[at] } };
  });
}

function pairsOf(
  outcomes: readonly Outcome[],
  queue: QueueModelName,
  name: string,
  baseline: string,
): readonly Pair[] {
  const key = (it: Outcome): string => `${it.window} ${it.side}`;
  const of = (strategy: string) =>
    outcomes.filter((it) => it.queue === queue && it.strategy === strategy);
  const base = new Map(of(baseline).map((it) => [key(it), it.costBps]));
  return of(name).map((it) => ({
    cluster: it.cluster,
    difference: it.costBps - base.get(key(it))!,
  }));
}

/** Whole messages with a local time of at most `until`. */
function* cut(
  blocks: Iterable<MarketBlock>,
  header: MarketHeader,
  until: Micros,
): Generator<MarketBlock> {
  const limit = nanosAt(header, until);
  for (const block of blocks) {
    let length = block.length;
    while (length > 0 && block.localTime[length - 1]! > limit) length -= 1;
    while (length > 0 && (block.kind[length - 1]! & LAST) === 0) length -= 1;
    if (length > 0) yield { ...block, length };
    if (length < block.length) return;
  }
}

function midAt(
  blocks: readonly MarketBlock[],
  header: MarketHeader,
  at: Micros,
): HalfTicks | undefined {
  const observer = new Observer(header);
  const until = nanosAt(header, at);
  for (const block of blocks) observer.observe(block, 0, block.length, until);
  return observer.lastMid;
}

const nanosAt = (header: MarketHeader, at: Micros): number =>
  (at - Number(header.epochNanos / 1000n)) * 1000;

const seconds = (span: number): string => `${(span / 1e6).toFixed(0)} s`;
