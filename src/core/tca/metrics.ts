/**
 * Metrics: how well an execution was done, as estimates beside the exact shortfall.
 *
 * Slippages are costs (positive = paid); spread captured and markouts are gains and say so. What
 * could not be known is undefined and never 0, and a figure over some of the fills says over how
 * many.
 */
import { type Decimal, toNumber } from "../domain/decimal.ts";
import type { Instrument } from "../domain/instrument.ts";
import { floorToLotsWithin, quoteSpent, quoteUnits, vwapOf } from "../domain/money.ts";
import { sign } from "../domain/side.ts";
import {
  atTick,
  type Bps,
  type Cash,
  cash,
  type Fraction,
  type HalfTicks,
  type Micros,
} from "../domain/units.ts";
import type { ChildSummary, Execution, PartialExecution, PartialFill } from "./execution.ts";
import { MARKOUT_SPANS } from "./markout-clock.ts";
import { bpsOf, magnitude, rememberedWorth } from "./shortfall.ts";

/** A figure that some fills allow and others do not. */
export interface OverFills {
  /** Weighted by quantity; undefined where no fill allows it. */
  readonly value: number | undefined;
  /** Fills that it rests on, and fills that it could have rested on. */
  readonly fills: number;
  readonly of: number;
}

export interface MarkoutGain extends OverFills {
  readonly after: Micros;
}

export interface Metrics {
  /** Our average price. */
  readonly vwap: Decimal | undefined;
  /** The market's, our trades left out and put in; undefined where nobody traded. */
  readonly marketVwapTicks: {
    readonly withoutOwn: number | undefined;
    readonly withOwn: number | undefined;
  };
  /** side·(own VWAP − market VWAP), bps of the decision price. */
  readonly vwapSlippageBps: {
    readonly withoutOwn: Bps | undefined;
    readonly withOwn: Bps | undefined;
  };
  /** side·(own VWAP − arrival mid), bps of the arrival mid. */
  readonly arrivalSlippageBps: Bps | undefined;
  /** Own / (own + others), from start to end. */
  readonly participation: Fraction | undefined;
  /** Of the lots, or of the money, that was asked for. */
  readonly fillRate: Fraction | undefined;
  /** Filled in full, and the last fill was in time; undefined where nobody said what is full. */
  readonly completedInTime: boolean | undefined;
  /** A gain: side·(mid − p) / full spread, of passive orders. 0.5 = filled at the touch. */
  readonly spreadCaptured: OverFills;
  /** A gain: side·(mid(t + τ) − p), bps of the decision price. */
  readonly markouts: readonly MarkoutGain[];
  /** Share of the filled lots that rested in the book. */
  readonly makerShare: Fraction | undefined;
  readonly children: number | undefined;
  readonly fills: number;
  readonly rejects: number | undefined;
}

export function metrics(execution: PartialExecution): Metrics {
  const { instrument, fills, children } = execution;
  const worth = rememberedWorth(instrument);
  const side = sign(execution.side);
  const vwap = vwapOf(instrument, executions(fills));
  const ownTicks = vwap === undefined ? undefined : toTicks(instrument, vwap);
  const own = fills.reduce((sum, { fill }) => sum + fill.quantity, 0);
  const others = execution.market?.others;
  const market = marketVwapTicks(instrument, others, own, ownTicks);
  const decisionTicks = halved(execution.decisionPrice);
  const arrivalTicks = halved(execution.arrivalPrice);
  const against = (benchmark: number | undefined, base: number | undefined): Bps | undefined =>
    ownTicks === undefined || benchmark === undefined || base === undefined
      ? undefined
      : ((side * (ownTicks - benchmark)) / base) * 10_000;
  const maker = fills.reduce(
    (sum, { fill }) => sum + (fill.liquidity === "maker" ? fill.quantity : 0),
    0,
  );
  return {
    vwap,
    marketVwapTicks: market,
    vwapSlippageBps: {
      withoutOwn: against(market.withoutOwn, decisionTicks),
      withOwn: against(market.withOwn, decisionTicks),
    },
    arrivalSlippageBps: against(arrivalTicks, arrivalTicks),
    participation:
      others === undefined || own + others.lots === 0 ? undefined : own / (own + others.lots),
    ...progress(execution),
    spreadCaptured: spreadCaptured(execution),
    markouts: MARKOUT_SPANS.map((after) => markout(execution, after, worth)),
    makerShare:
      own === 0 || fills.some(({ fill }) => fill.liquidity === undefined) ? undefined : maker / own,
    children: children?.length,
    fills: fills.length,
    rejects: children?.filter((child) => child.closeReason === "rejected").length,
  };
}

const halved = (price: HalfTicks | undefined): number | undefined =>
  price === undefined ? undefined : price / 2;

export type ChildStatus =
  | "new" //              sent, or resting without a fill
  | "partially filled"
  | "filled"
  | "canceled"
  | "rejected"
  | "expired"
  | "unknown";

/** What became of one child. */
export interface ChildOutcome {
  readonly child: ChildSummary;
  /** A projection of (phase, cumulative), as FIX OrdStatus is one. */
  readonly status: ChildStatus;
  readonly filledLots: number;
  readonly vwap: Decimal | undefined;
  /** side·(p − arrival mid), bps of the arrival mid: its spread, impact and timing. */
  readonly costBps: Bps | undefined;
}

/** Every child, in the order in which it was sent. */
export function childOutcomes(execution: PartialExecution): readonly ChildOutcome[] {
  const { instrument, children = [] } = execution;
  const byOrder = Map.groupBy(execution.fills, (executed) => executed.clientOrderId);
  const { arrivalPrice } = execution;
  const worth = rememberedWorth(instrument);
  const arrived = arrivalPrice === undefined ? undefined : worth(arrivalPrice);
  const side = BigInt(sign(execution.side));
  return children.map((child) => {
    const own = executions(byOrder.get(child.id) ?? []);
    let [filledLots, cost] = [0, 0n];
    for (const { price, quantity } of own) {
      filledLots += quantity;
      if (arrived === undefined) continue;
      cost += side * BigInt(quantity) * (worth(atTick(price)) - arrived);
    }
    const notional = BigInt(filledLots) * magnitude(arrived ?? 0n);
    return {
      child,
      status: statusOf(child, filledLots),
      filledLots,
      vwap: vwapOf(instrument, own),
      costBps: bpsOf(cash(cost), cash(notional)),
    };
  });
}

function statusOf(child: ChildSummary, filledLots: number): ChildStatus {
  if (child.phase === "closed") return child.closeReason ?? "unknown";
  if (child.phase === "unknown") return "unknown";
  return filledLots > 0 ? "partially filled" : "new";
}

const executions = (fills: readonly PartialFill[]): readonly PartialFill["fill"][] =>
  fills.map(({ fill }) => fill);

const toTicks = (instrument: Instrument, price: Decimal): number =>
  toNumber(price) / toNumber(instrument.tickSize);

/** Inverse contracts are averaged harmonically, as `vwapOf` does. */
function marketVwapTicks(
  instrument: Instrument,
  others: Execution["market"]["others"] | undefined,
  own: number,
  ownTicks: number | undefined,
): Metrics["marketVwapTicks"] {
  if (others === undefined) return { withoutOwn: undefined, withOwn: undefined };
  const theirs = others.lots > 0 && others.vwapTicks > 0 ? others.vwapTicks : undefined;
  if (theirs === undefined) return { withoutOwn: undefined, withOwn: ownTicks };
  if (ownTicks === undefined) return { withoutOwn: theirs, withOwn: theirs };
  const volume = others.lots + own;
  const withOwn =
    instrument.kind === "inverse"
      ? volume / (others.lots / theirs + own / ownTicks)
      : (others.lots * theirs + own * ownTicks) / volume;
  return { withoutOwn: theirs, withOwn };
}

function progress(execution: PartialExecution): Pick<Metrics, "fillRate" | "completedInTime"> {
  const { instrument, quantity, fills } = execution;
  if (quantity === undefined) return { fillRate: undefined, completedInTime: undefined };
  const deadline = execution.deadline ?? execution.endAt;
  const inTime = fills.every(({ fill }) => fill.exchangeTime <= deadline);
  if (quantity.kind === "lots") {
    const intended = quantity.lots;
    const filled = fills.reduce((sum, { fill }) => sum + fill.quantity, 0);
    return {
      fillRate: intended === 0 ? undefined : filled / intended,
      completedInTime: inTime && filled >= intended,
    };
  }
  const budget = quoteUnits(instrument, quantity.quote);
  let spent = 0n;
  for (const { fill } of fills) spent += quoteSpent(instrument, fill.price, fill.quantity);
  const last = fills.at(-1)?.fill;
  const full =
    last !== undefined && floorToLotsWithin(instrument, budget - spent, atTick(last.price)) === 0n;
  return {
    fillRate: budget === 0n ? undefined : Number(spent) / Number(budget),
    completedInTime: inTime && full,
  };
}

function spreadCaptured({ side, fills }: PartialExecution): OverFills {
  const passive = fills.filter((executed) => executed.orderKind === "passive");
  let [known, weight, sum] = [0, 0, 0];
  for (const { fill, midBefore, spreadBefore } of passive) {
    if (midBefore === undefined || spreadBefore === undefined || spreadBefore <= 0) continue;
    known += 1;
    weight += fill.quantity;
    // Both in half ticks: the mid and the price are doubled, and so must the spread be.
    const gain = sign(side) * (midBefore - atTick(fill.price));
    sum += (fill.quantity * gain) / (2 * spreadBefore);
  }
  return { value: weight === 0 ? undefined : sum / weight, fills: known, of: passive.length };
}

function markout(
  execution: PartialExecution,
  after: Micros,
  worth: (price: HalfTicks) => Cash,
): MarkoutGain {
  const { fills, decisionPrice } = execution;
  const mids = new Map<string, Cash>();
  for (const seen of execution.markouts) {
    if (seen.after === after) mids.set(seen.executionId, worth(seen.mid));
  }
  const side = BigInt(sign(execution.side));
  let [known, quantity, gain] = [0, 0n, 0n];
  for (const { fill } of fills) {
    const later = mids.get(fill.executionId);
    if (later === undefined) continue;
    known += 1;
    quantity += BigInt(fill.quantity);
    const paid = worth(atTick(fill.price));
    gain += side * BigInt(fill.quantity) * (later - paid);
  }
  const decided = decisionPrice === undefined ? 0n : worth(decisionPrice);
  const notional = quantity * magnitude(decided);
  return { after, value: bpsOf(cash(gain), cash(notional)), fills: known, of: fills.length };
}
