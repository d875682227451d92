/**
 * Parent state: everything the engine knows of one parent order.
 *
 * Mutable and owned by the engine. What must stay true: filled plus the worst-case leaves of every
 * live child never exceeds what the parent asked for.
 */
import type { BoundStrategy, Plan } from "../contracts/strategy.ts";
import { type Tactic, TOUCH } from "../contracts/tactic.ts";
import { type ChildOrder, leaves } from "../domain/child-order.ts";
import type { Instrument } from "../domain/instrument.ts";
import { affordableLots, quoteSpent, quoteUnits } from "../domain/money.ts";
import {
  isTerminal,
  type ParentAmendment,
  type ParentEnd,
  type ParentOrder,
  type ParentPhase,
  type StrategyChoice,
} from "../domain/parent-order.ts";
import type { ExecutedFill } from "../tca/execution.ts";
import {
  addLots,
  atTick,
  excessLots,
  type HalfTicks,
  type Lots,
  type Micros,
  NEVER,
  NO_LOTS,
  subtractLots,
  type Ticks,
} from "../domain/units.ts";
import { History } from "./history.ts";
import type { Advised } from "./advised.ts";
import type { EffectiveLimits } from "./limits.ts";
import type { Due } from "./patience.ts";

/** Where a parent that sends nothing more is heading, once its last child is closed. */
export interface Closing {
  readonly to: ParentEnd;
  readonly reason: string;
}

const NO_TOTALS: MarketTotals = { volume: 0, turnover: 0, inverseTurnover: 0, own: 0 };

export class ParentState {
  order: ParentOrder;
  instrument: Instrument;
  limits: EffectiveLimits;
  phase: ParentPhase = "initialized";
  reason: string = "submitted";
  closing: Closing | undefined = undefined;

  /** Undefined until the first healthy book at or after the start. */
  arrivalPrice: HalfTicks | undefined = undefined;
  arrivedAt: Micros | undefined = undefined;
  endedAt: Micros | undefined = undefined;
  /** Observer totals at arrival: market VWAP and volume over the parent's life are differences. */
  marketAtArrival: MarketTotals = NO_TOTALS;
  marketAtEnd: MarketTotals | undefined = undefined;
  /** The horizon price: what was not filled is marked at it. */
  midAtEnd: HalfTicks | undefined = undefined;

  /** Undefined before arrival, and from a restart until the next look at a healthy market. */
  plan: Plan | undefined = undefined;
  strategy: BoundStrategy | undefined = undefined;
  tactic: Tactic = TOUCH;
  /** Filled before the plan in hand was anchored. */
  filledAtAnchor: Lots = NO_LOTS;
  /** The slice in hand, and the cumulative target when it began. */
  slice: { readonly from: Micros; readonly until: Micros; readonly target: Lots } | undefined =
    undefined;

  /** Rises of the target that are not filled yet, oldest first. */
  readonly dues: Due[] = [];

  filled: Lots = NO_LOTS;
  /** Money spent so far, in `money.ts` units of the quote coin. */
  spent: bigint = 0n;
  /** Σ (price − arrival price) × lots over the fills, half ticks × lots; not signed by the side. */
  paidOverArrival = 0;
  readonly history = new History();
  /** Children that are not closed, oldest first. */
  live: ChildOrder[] = [];
  childCount: number = 0;
  decisionCount: number = 0;
  /** Why the last recorded decision waited: an unchanged wait is not recorded again. */
  lastWait: string | undefined = undefined;

  operatorPause: string | undefined = undefined;
  /** What a person has to look at before it goes on: `parent-resumed` takes it away. */
  halt: string | undefined = undefined;
  /** New terms, waiting for the last child under the old ones to be closed. */
  adjustment: Adjustment | undefined = undefined;
  lastAggressiveAt: Micros = -NEVER as Micros;
  lastRepegAt: Micros = -NEVER as Micros;
  /** Rejects in a row; nothing is sent before `backoffUntil`. */
  rejects: number = 0;
  /** Resting orders in a row that the venue took back untouched: post-only ones that crossed. */
  withdrawals: number = 0;
  backoffUntil: Micros = -NEVER as Micros;
  residualSent: boolean = false;
  shortfallAlerted: boolean = false;
  /** When, and at which touch, the parent wants to be looked at again. */
  wakeAt: Micros = NEVER;
  wakeBidAbove: number = Number.POSITIVE_INFINITY;
  wakeAskBelow: number = Number.NEGATIVE_INFINITY;
  /** Undefined until the first look under a plan, and where nobody is asked. */
  advised: Advised | undefined = undefined;
  /** From a restart on: see `advising.ts`. */
  isUnadvised: boolean = false;

  constructor(order: ParentOrder, instrument: Instrument, limits: EffectiveLimits) {
    this.order = order;
    this.instrument = instrument;
    this.limits = limits;
  }

  get children(): History["children"] {
    return this.history.children;
  }
  get fills(): History["fills"] {
    return this.history.fills;
  }
  get markouts(): History["markouts"] {
    return this.history.markouts;
  }
  get reasonings(): History["reasonings"] {
    return this.history.reasonings;
  }
}

export interface Adjustment {
  readonly amendment?: ParentAmendment;
  readonly strategy?: StrategyChoice;
  readonly by: string;
}

export interface MarketTotals {
  readonly volume: number;
  readonly turnover: number;
  readonly inverseTurnover: number;
  readonly own: number;
}

export const isLive = (parent: ParentState): boolean => !isTerminal(parent.phase);

/** Filled since the plan in hand began. */
export const doneLots = (parent: ParentState): Lots =>
  subtractLots(parent.filled, parent.filledAtAnchor);

/** Worst-case open quantity of all live children. */
export function openLots(parent: ParentState): Lots {
  let open = NO_LOTS;
  for (const child of parent.live) open = addLots(open, leaves(child));
  return open;
}

/**
 * What may still be asked for, worst-case leaves of live children already taken off. For a notional
 * parent this is what the money left buys at `price`, live children counted at their own limits.
 */
export function unsentLots(parent: ParentState, price: Ticks): Lots {
  const { quantity } = parent.order;
  if (quantity.kind === "lots") {
    return excessLots(quantity.lots, addLots(parent.filled, openLots(parent)));
  }
  let committed = parent.spent;
  for (const child of parent.live) committed += openMoney(parent.instrument, child, price);
  const budget = quoteUnits(parent.instrument, quantity.quote);
  return affordableLots(parent.instrument, budget - committed, price);
}

/** Money of what may still fill of a child: under its terms, or under those that were asked for. */
function openMoney(instrument: Instrument, child: ChildOrder, price: Ticks): bigint {
  const limit = child.limitPrice ?? price;
  const { pendingAmend, quantity, cumulative } = child;
  if (pendingAmend === undefined || child.phase === "closed") {
    return quoteSpent(instrument, limit, leaves(child));
  }
  // Whatever part fills before the new terms hold: one of the two ends of it costs most.
  const [before, after] = [
    excessLots(quantity, cumulative),
    excessLots(pendingAmend.quantity, cumulative),
  ];
  const renewed = quoteSpent(instrument, pendingAmend.limitPrice, after);
  const more = quoteSpent(instrument, pendingAmend.limitPrice, excessLots(after, before));
  const kept = quoteSpent(instrument, limit, before) + more;
  return kept > renewed ? kept : renewed;
}

/** Whether the budget of a notional parent bears new terms of one of its children. */
export function bearsAmend(
  parent: ParentState,
  child: ChildOrder,
  limitPrice: Ticks,
  total: Lots,
): boolean {
  const { quantity } = parent.order;
  if (quantity.kind === "lots") return true;
  const asked: ChildOrder = { ...child, pendingAmend: { limitPrice, quantity: total } };
  let committed = parent.spent;
  for (const it of parent.live) {
    committed += openMoney(parent.instrument, it === child ? asked : it, limitPrice);
  }
  return committed <= quoteUnits(parent.instrument, quantity.quote);
}

/** What is not filled yet, live children not taken off. */
export function unfilledLots(parent: ParentState, price: Ticks): Lots {
  const { quantity } = parent.order;
  if (quantity.kind === "lots") return excessLots(quantity.lots, parent.filled);
  const budget = quoteUnits(parent.instrument, quantity.quote);
  return affordableLots(parent.instrument, budget - parent.spent, price);
}

/** Records money and lots of one fill. The child's own state is the tracker's. */
export function bookFill(parent: ParentState, executed: ExecutedFill): void {
  const { price, quantity } = executed.fill;
  parent.filled = addLots(parent.filled, quantity);
  parent.spent += quoteSpent(parent.instrument, price, quantity);
  if (parent.arrivalPrice !== undefined) {
    parent.paidOverArrival += (atTick(price) - parent.arrivalPrice) * quantity;
  }
  parent.history.booked(executed);
}
