/**
 * Planning: which plan a parent follows, and when a plan is void.
 *
 * What was missed is spread over the time left and never chased (law 6); and a plan that is still
 * good is kept, because each new one begins with a slice: whoever planned anew at each hiccup would
 * run ahead of the schedule.
 */
import type { Plan, Target } from "../contracts/strategy.ts";
import { type Tactic, TOUCH } from "../contracts/tactic.ts";
import { invariant } from "../domain/errors.ts";
import { excessLots, type Lots, lots, type Micros, NO_LOTS } from "../domain/units.ts";
import { noteAnchor } from "./advising.ts";
import type { Context } from "./context.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { doneLots, openLots, type ParentState, unfilledLots } from "./parent-state.ts";
import { noteDue, noteHeldBack } from "./patience.ts";

/** Further behind than this many slices, the plan is void: the rest is spread anew. */
const SLICES_BEHIND_MAX = 3;

/** Starts a new plan for all that is left, until the deadline: nothing missed is chased. */
export function anchor(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
  from: Micros = context.now,
): void {
  const { order } = parent;
  const strategy = context.strategies.get(order.strategy.name);
  invariant(strategy !== undefined, `unknown strategy ${order.strategy.name}`);
  const price = market.takePrice(order.side)!;
  const quantity = unfilledLots(parent, price);
  const plan: Plan = {
    parentId: order.id,
    side: order.side,
    from: from < order.deadline ? from : context.now,
    until: order.deadline,
    arrivedAt: parent.arrivedAt,
    alphaHalfLife: order.alphaHalfLife,
    quantity,
    volumeAtFrom: market.othersVolume,
    volumeBefore: lots(market.participation(context.now).others),
    minOrder: parent.limits.minOrder.value,
    maxParticipation: parent.limits.participation.value,
    urgency: order.urgency,
    seed: context.seed,
  };
  parent.plan = plan;
  parent.filledAtAnchor = parent.filled;
  parent.slice = undefined;
  parent.dues.length = 0;
  parent.strategy = strategy.bind(order.strategy.parameters, plan);
  parent.tactic = chosenTactic(context, parent, plan) ?? parent.strategy.tactic ?? TOUCH;
  noteAnchor(parent);
}

function chosenTactic(context: Context, parent: ParentState, plan: Plan): Tactic | undefined {
  const { tactic: choice } = parent.order.strategy;
  if (choice === undefined) return undefined;
  const kind = context.tactics.get(choice.name);
  invariant(kind !== undefined, `unknown tactic ${choice.name}`);
  return kind.bind(choice.parameters, plan);
}

/** What the strategy wants done by now, under a plan that is not void. */
export function nextTarget(context: Context, parent: ParentState, market: InstrumentState): Target {
  const target = validTarget(context, parent, market);
  const done = doneLots(parent);
  const held = heldBack(parent);
  if (held === 0) noteDue(parent, target, done);
  else {
    // What advice holds back is not late: it has its time once it is given back.
    const quantity = excessLots(target.quantity, held);
    noteHeldBack(parent, quantity, done);
    noteDue(parent, { ...target, quantity }, done);
  }
  return target;
}

/** What is behind on advice is not missed: it is given back by the plan that it was taken from. */
const heldBack = ({ advised }: ParentState): Lots =>
  advised === undefined ? NO_LOTS : lots(Math.max(0, -advised.envelope.aimed));

function validTarget(context: Context, parent: ParentState, market: InstrumentState): Target {
  const target = ask(context, parent, market);
  const { slice } = parent;
  // It may rise next as the slice ends: how often an order is looked at changes nothing.
  if (slice?.from === target.sliceFrom) return { ...target, quantity: slice.target };
  const increment = excessLots(target.quantity, slice?.target ?? NO_LOTS);
  const { sliceFrom, sliceUntil, quantity } = target;
  parent.slice = { from: sliceFrom, until: sliceUntil, target: quantity };
  // By the shorter of the two: a slice that had nothing to do may be much longer than the others.
  const length = Math.min(sliceUntil - sliceFrom, (slice?.until ?? 0) - (slice?.from ?? 0));
  const hasOverslept =
    slice !== undefined && context.now - slice.until > SLICES_BEHIND_MAX * length;
  if (!(hasOverslept ? isBehind(parent, target) : isVoid(parent, target, increment))) {
    return target;
  }
  anchor(context, parent, market);
  const anew = ask(context, parent, market);
  parent.slice = { from: anew.sliceFrom, until: anew.sliceUntil, target: anew.quantity };
  return { ...anew, reason: `${anew.reason} (too far behind: the rest was planned anew)` };
}

/**
 * After a pause: whether more than a slice of the plan has been missed in it. What was late before
 * is still late, and no reason for a new plan: quiet markets pause an order at every other slice.
 */
export function hasMissedSlices(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
): boolean {
  if (parent.strategy === undefined) return true;
  const target = ask(context, parent, market);
  const rise = target.quantity - (parent.slice?.target ?? NO_LOTS);
  return rise > evenSlice(parent, target) && isBehind(parent, target);
}

/** Where a plan under new terms begins: behind the slice in hand, where most of that is done. */
export function nextSliceAt(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
): Micros {
  if (parent.strategy === undefined || context.now >= parent.order.deadline) return context.now;
  const target = ask(context, parent, market);
  const { plan } = parent;
  // A plan of one slice has no next one: waiting for it were waiting for the deadline.
  const isWhole = target.sliceFrom === plan?.from && target.sliceUntil === plan.until;
  const behind = target.quantity - doneLots(parent);
  return !isWhole && behind * 2 < evenSlice(parent, target) ? target.sliceUntil : context.now;
}

function ask(context: Context, parent: ParentState, market: InstrumentState): Target {
  const { strategy } = parent;
  invariant(strategy !== undefined, "a working parent has a plan");
  return strategy.target({
    now: context.now,
    done: doneLots(parent),
    marketVolume: market.othersVolume,
  });
}

/** The slice in hand, were the plan spread evenly over its time. */
function evenSlice({ plan }: ParentState, target: Target): number {
  if (plan === undefined || plan.until <= plan.from) return Number.POSITIVE_INFINITY;
  return (plan.quantity * (target.sliceUntil - target.sliceFrom)) / (plan.until - plan.from);
}

const isBehind = (parent: ParentState, target: Target): boolean =>
  target.quantity - doneLots(parent) - heldBack(parent) > evenSlice(parent, target);

/** Law 6: whoever is many slices behind spreads the rest over the time left, and does not burst. */
function isVoid(parent: ParentState, target: Target, increment: Lots): boolean {
  const usual = Math.max(increment, evenSlice(parent, target));
  const behind = target.quantity - doneLots(parent) - openLots(parent) - heldBack(parent);
  return behind > SLICES_BEHIND_MAX * usual;
}
