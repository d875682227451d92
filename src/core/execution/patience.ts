/**
 * Patience: how long what is due may wait for a passive fill before it is taken.
 *
 * A passive fill saves the spread and the difference of the fees; waiting for it risks that the
 * price leaves. The mid has no drift that we know of, so waiting costs nothing on average, and its
 * risk alone may end it. In the time t the price moves by σ√t; an order of N slices waits N times,
 * each time for itself, so against what is saved N times stands a risk that grows by √N alone. What
 * has been late for t is taken once, in bps of the mid and for urgency u,
 *
 *     u/(1 − u) · σ√(t/N) ≥ cost of taking − cost of posting
 *
 * What must stay true: an order still ends with its plan. So nothing is late for more than the
 * share 1 − u of the slack, the time left beyond what the participation limit needs for the rest,
 * nor for more than two slices. Each lot is late for itself: those that fell due first are taken
 * first, and a pause makes no burst.
 */
import type { Target } from "../contracts/strategy.ts";
import { sign } from "../domain/side.ts";
import {
  type Bps,
  excessLots,
  type Fraction,
  type Lots,
  type Micros,
  micros,
  minLots,
  NEVER,
  NO_LOTS,
} from "../domain/units.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { doneLots, type ParentState } from "./parent-state.ts";

/** A rise of the target that is not filled yet. */
export interface Due {
  readonly at: Micros;
  /** Cumulative, since the plan began. */
  readonly quantity: Lots;
  /** Length of the slice that it came with. */
  readonly slice: Micros;
}

/** Nothing waits longer than this many slices of its own. */
const SLICES_LATE_MAX = 2;
/** Less of an hour than this (a minute) tells no volatility. */
const COVERAGE_LEAST = 1 / 60;
const SECONDS_PER_HOUR = 3600;

/** Notes what `target` has due beyond `done`, and forgets what is done. */
export function noteDue(parent: ParentState, target: Target, done: Lots): void {
  const { dues } = parent;
  if (isPatientForEver(parent)) return;
  while (dues.length > 0 && dues[0]!.quantity <= done) dues.shift();
  const last = dues.at(-1);
  const { quantity, sliceFrom, sliceUntil } = target;
  if (quantity <= (last?.quantity ?? done)) return;
  if (last?.at === sliceFrom) dues.pop();
  dues.push({ at: sliceFrom, quantity, slice: micros(sliceUntil - sliceFrom) });
}

/** Forgets that anything beyond `quantity` was due. */
export function noteHeldBack({ dues }: ParentState, quantity: Lots, done: Lots): void {
  for (let last = dues.at(-1); last !== undefined && last.quantity > quantity; last = dues.at(-1)) {
    dues.pop();
    if ((dues.at(-1)?.quantity ?? done) < quantity) dues.push({ ...last, quantity });
  }
}

/** What a passive fill of `quantity` saves against taking it now; positive = posting is cheaper. */
export function savingBps(parent: ParentState, market: InstrumentState, quantity: Lots): Bps {
  const { observer, fees } = market;
  const { side } = parent.order;
  const taken = observer.book.takeCost(side, quantity);
  const mid = observer.mid / 2;
  const average = taken.quantity > 0 ? taken.notional / taken.quantity : mid;
  const away = sign(side) * (average - mid) + sign(side) * (mid - observer.touch(side));
  return (away / mid + fees.taker - fees.maker) * 1e4;
}

/** When what is late is taken, as far as can be told now. */
export interface Lateness {
  /** What is due and not done, and may be taken now. */
  readonly quantity: Lots;
  /** When the next of the rest's patience ends; `NEVER` when none does. */
  readonly nextAt: Micros;
  /** Why, in words: asked for only when something is sent. */
  reason(now: Micros): string;
}

const NOTHING_LATE: Lateness = { quantity: NO_LOTS, nextAt: NEVER, reason: () => "" };

const isPatientForEver = ({ tactic, order }: ParentState): boolean =>
  tactic.cross === "never" || (tactic.cross === "by-cost" && order.urgency === 0);

/**
 * Of what the parent is `behind` its target, the part whose patience has ended.
 *
 * @param urgency another than the order's own: what it would come to, and nothing is noted.
 */
export function lateness(
  parent: ParentState,
  market: InstrumentState,
  now: Micros,
  behind: Lots,
  urgency?: Fraction,
): Lateness {
  const { dues, tactic } = parent;
  const first = dues[0];
  if (first === undefined) return NOTHING_LATE;
  const hurry = urgency ?? parent.order.urgency;
  const wait = tactic.cross === "at-once" ? undefined : waitFor(parent, market, now, hurry);
  let due = 0;
  let nextAt = NEVER;
  for (; due < dues.length; due++) {
    const { at } = dues[due]!;
    nextAt = wait === undefined ? at : addSpan(at, patience(hurry, dues[due]!, wait));
    if (nextAt > now) break;
    nextAt = NEVER;
  }
  const last = dues[due - 1];
  // What is late together is late as one, since the first of it: the list stays short.
  if (last !== undefined && due > 1 && urgency === undefined)
    dues.splice(0, due, { ...last, at: first.at });
  const late = last === undefined ? NO_LOTS : excessLots(last.quantity, doneLots(parent));
  return { quantity: minLots(late, behind), nextAt, reason: (at) => reasonOf(wait, first, at) };
}

interface Wait {
  /** Time in which the risk of waiting grows to what waiting saves; undefined = unknown. */
  readonly span: Micros | undefined;
  readonly saving: Bps;
  /** The latest that the rest may begin, were it worked as fast as participation allows. */
  readonly latestStart: number;
}

function waitFor(
  parent: ParentState,
  market: InstrumentState,
  now: Micros,
  urgency: Fraction,
): Wait {
  const { value, coverage } = market.observer.volatilityHour;
  const due = excessLots(parent.dues[0]!.quantity, doneLots(parent));
  const saving = savingBps(parent, market, due);
  const latestStart = (parent.plan?.until ?? now) - timeNeeded(parent, market, now);
  if (coverage < COVERAGE_LEAST) return { span: undefined, saving, latestStart };
  // Urgency 1 never waits: in a market that does not move, the quotient below were 0/0.
  if (saving <= 0 || urgency >= 1) return { span: micros(0), saving, latestStart };
  const perRootSecond = (value * 1e4) / Math.sqrt(SECONDS_PER_HOUR);
  const seconds = slicesOf(parent) * ((saving * (1 - urgency)) / (urgency * perRootSecond)) ** 2;
  return { span: micros(Math.min(NEVER, Math.floor(seconds * 1e6))), saving, latestStart };
}

/** Time in which participation allows all that is left, at the volume of the last window. */
function timeNeeded(parent: ParentState, market: InstrumentState, now: Micros): number {
  const share = parent.limits.participation.value;
  const { plan } = parent;
  if (share >= 1 || plan === undefined) return 0;
  const { others, window } = market.participation(now);
  const rest = excessLots(plan.quantity, doneLots(parent));
  return rest === 0 ? 0 : (rest * window * (1 - share)) / (share * others);
}

/** How many waits of the length of the newest slice the order has. */
function slicesOf({ order, dues, arrivedAt }: ParentState): number {
  const span = order.deadline - (arrivedAt ?? order.startAt);
  return Math.max(1, span / Math.max(1, dues.at(-1)!.slice));
}

/** How long one rise of the target may be late. */
function patience(urgency: Fraction, due: Due, { span, latestStart }: Wait): number {
  const share = 1 - urgency;
  const slack = share * Math.max(0, latestStart - due.at);
  // Without a volatility: the share of its slice that urgency leaves.
  return Math.min(slack, span ?? share * due.slice, SLICES_LATE_MAX * due.slice);
}

const addSpan = (at: Micros, span: number): Micros =>
  span >= NEVER - at ? NEVER : micros(at + Math.floor(span));

function reasonOf(wait: Wait | undefined, first: Due, now: Micros): string {
  if (wait === undefined) return "due";
  const late = `${((now - first.at) / 1e6).toFixed(1)} s late`;
  return `${late}, a passive fill would save ${wait.saving.toFixed(2)} bps`;
}
