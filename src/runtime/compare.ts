/**
 * Compare: the same parents through several strategies on the same market, paired.
 *
 * Every arm sees the same rows, seed and fees, and what it leaves unfilled is marked at one common
 * horizon price, so a difference between two arms is theirs and not the market's. Windows of one
 * start share their luck: they are one cluster, and clusters are what is counted.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Instrument, parseQuantity } from "../core/domain/instrument.ts";
import { affordableLots, quoteUnits } from "../core/domain/money.ts";
import { isTerminal, type ParentConstraints } from "../core/domain/parent-order.ts";
import type { Side } from "../core/domain/side.ts";
import {
  type HalfTicks,
  type Lots,
  type Micros,
  micros,
  MINUTE,
  NO_LOTS,
  SECOND,
  ticks,
} from "../core/domain/units.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import { type MarketBlock, LAST, type MarketHeader } from "../core/market/columns.ts";
import { Observer } from "../core/market/observer.ts";
import type { Execution } from "../core/tca/execution.ts";
import { bpsOf, shortfall } from "../core/tca/shortfall.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import { type Arm, refusalOf, requestFor } from "./arm.ts";
import { type Backtest, type BacktestFault, prepareBacktest } from "./backtest.ts";
import { type Comparison, type Outcome, QUEUES, summarise } from "./comparison.ts";
import type { ArrivalConfig } from "./config.ts";
import type { OpenMarket } from "./market-source.ts";
import type { Plugin } from "./plugin.ts";

/** One market per parent (generated), or one market with many windows (recorded). */
export type Windows =
  | { readonly kind: "generated"; open(window: number): OpenMarket }
  | { readonly kind: "recorded"; readonly market: OpenMarket };

export interface CompareRequest {
  readonly windows: Windows;
  /** Labels are unique; the first is the baseline that the others are compared with. */
  readonly arms: readonly Arm[];
  readonly sides: readonly Side[];
  readonly quantity: string;
  readonly isNotional: boolean;
  readonly over: Micros;
  /** How many windows; each is worked on every side by every strategy. */
  readonly parents: number;
  readonly constraints: ParentConstraints;
  readonly config: ArrivalConfig;
  /** Strategies from files that arms may name. */
  readonly plugins?: readonly Plugin[];
  readonly seed: number;
}

export type CompareFault =
  BacktestFault | { readonly code: "COMPARE_NATIVE"; readonly text: string };

const WARM_UP = MINUTE;
/** Market after the deadline, for the last answers of the venue. */
export const TAIL: Micros = micros(10 * SECOND);

/** Yields how many of how many parents are done. */
export function* compare(
  request: CompareRequest,
): Generator<{ done: number; total: number }, Result<Comparison, CompareFault>> {
  const { arms, sides, parents } = request;
  const outcomes: Outcome[] = [];
  const total = parents * sides.length * arms.length * QUEUES.length;
  for (let window = 0; window < parents; window++) {
    const placed = place(request, window);
    if (!placed.ok) return placed;
    if (window === 0) {
      const text = refusedArms(request, placed.value);
      if (text !== undefined) return err({ code: "COMPARE_NATIVE", text });
    }
    for (const side of sides) {
      for (const arm of arms) {
        for (const queue of QUEUES) {
          const outcome = workOne(request, placed.value, { window, side, arm, queue });
          if (!outcome.ok) return outcome;
          outcomes.push(outcome.value);
          yield { done: outcomes.length, total };
        }
      }
    }
  }
  return ok(summarise(arms, parents, outcomes, request.seed));
}

/** Arms that the exchange itself would not take, each with its reason; undefined where none is. */
export function refusedArms(
  request: Pick<CompareRequest, "arms" | "over" | "quantity" | "isNotional">,
  placed: Placed,
): string | undefined {
  const { instrument } = placed.market.header;
  const price = placed.horizon;
  const quantity = lotsOf(request, instrument, price);
  const refused = request.arms.flatMap((arm) => {
    const why = refusalOf(arm, { instrument, quantity, price, over: request.over });
    return why === undefined ? [] : [`${arm.label} ${why}`];
  });
  if (refused.length === 0) return undefined;
  return `${refused.join("; ")}; these orders are over ${seconds(request.over)}`;
}

function lotsOf(
  request: Pick<CompareRequest, "quantity" | "isNotional">,
  instrument: Instrument,
  price: HalfTicks,
): Lots {
  if (request.isNotional) {
    const budget = quoteUnits(instrument, request.quantity);
    return affordableLots(instrument, budget, ticks(Math.ceil(price / 2)));
  }
  const parsed = parseQuantity(instrument, request.quantity);
  return parsed.ok ? parsed.value : NO_LOTS;
}

export interface Placed {
  readonly market: OpenMarket;
  readonly start: Micros;
  readonly cluster: number;
  readonly horizon: HalfTicks;
}

/** Where window number `window` lies, and the market up to a little after its end. */
export function place(
  request: Pick<CompareRequest, "windows" | "over" | "parents">,
  window: number,
): Result<Placed, BacktestFault> {
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
  // Windows that overlap in part share luck across whatever clusters they are put in. So what does
  // not fit side by side is worked again from the same start, with another seed.
  const apart = Math.min(parents, 1 + Math.floor(room / over));
  const slot = window % apart;
  const offset = isRecorded && apart > 1 ? Math.floor((room * slot) / (apart - 1)) : 0;
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
    cluster: isRecorded ? slot : window,
    horizon,
  });
}

export interface Run {
  readonly window: number;
  readonly side: Side;
  readonly arm: Arm;
  readonly queue: QueueModelName;
}

/** One parent by one arm. It may be shorter than the window that it was placed in. */
export function workOne(
  request: Omit<CompareRequest, "windows" | "arms" | "sides" | "parents">,
  placed: Placed,
  one: Run,
): Result<Outcome, BacktestFault> {
  const { config, ...own } = requestFor(one.arm, request.config, request.constraints);
  const prepared = prepareBacktest(placed.market, {
    ...own,
    side: one.side,
    quantity: request.quantity,
    isNotional: request.isNotional,
    over: request.over,
    start: placed.start,
    acceptInfeasible: true,
    ...(request.plugins === undefined ? {} : { plugins: request.plugins }),
    config: { ...config, simulation: { ...config.simulation, queue: one.queue } },
    seed: (request.seed + one.window) >>> 0,
  });
  if (!prepared.ok) {
    const { code, text } = prepared.error as BacktestFault;
    return err({ code, text });
  }
  const { engine, parent } = prepared.value;
  const end = runToItsEnd(prepared.value);
  const state = engine.parents.get(parent.id);
  const market = engine.instruments[0]!;
  const execution =
    state === undefined ? undefined : executionOf(state, market, end.at, placed.horizon);
  if (state === undefined || execution === undefined) {
    const text = `window ${one.window}, ${one.arm.label}: the order was not worked: ${end.reason}`;
    return err({ code: "BACKTEST_QUANTITY", text });
  }
  return ok(outcomeOf(one, placed.cluster, state, execution));
}

/** Until the parent has ended: what the market does after that is nobody's cost. */
function runToItsEnd({ engine, parent, run }: Backtest): {
  readonly at: Micros;
  readonly reason: string;
} {
  const steps = run();
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      const { totals, reason, refusals } = step.value;
      const codes = refusals.map(({ code }) => code).join(", ");
      return { at: totals.endedAt, reason: codes === "" ? reason : `${reason} (${codes})` };
    }
    const state = engine.parents.get(parent.id);
    if (state !== undefined && isTerminal(state.phase)) {
      return { at: step.value, reason: state.reason };
    }
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
