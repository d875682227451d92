/**
 * Decision engine: looks at one parent and decides what happens next.
 *
 * Read `decideParent` top to bottom: it is the life of an order. Every pass ends by setting when
 * the parent wants to be looked at again. It may be called at any time; a call that finds
 * nothing new changes nothing and records nothing.
 */
import type { Target } from "../contracts/strategy.ts";
import type { Action, Decision } from "../domain/decision.ts";
import { invariant, unreachable } from "../domain/errors.ts";
import { formatQuantity } from "../domain/instrument.ts";
import {
  addLots,
  excessLots,
  type Lots,
  lots,
  type Micros,
  micros,
  minLots,
  NEVER,
  NO_LOTS,
  SECOND,
} from "../domain/units.ts";
import { ask } from "./advised.ts";
import { noteCrossed, type Worked, workedTarget } from "./advising.ts";
import { type Context, marketOf, moveParent, raiseAlert } from "./context.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { close, closeTo, HEARTBEAT, isDone, wakeBy } from "./ending.ts";
import { amendChild, cancelAll, cancelChild, placeChild } from "./order-manager.ts";
import { doneLots, openLots, type ParentState, unfilledLots, unsentLots } from "./parent-state.ts";
import {
  cross,
  crossingBlocked,
  type Intent,
  isWouldPrice,
  nextRepegAt,
  place,
  type PlacementView,
} from "./placement.ts";
import { anchor, hasMissedSlices, nextSliceAt, nextTarget } from "./planning.ts";
import { deviationBps } from "./risk-gate.ts";
import { applyAdjustment } from "./terms.ts";

/** How long after a restart a healthy market is waited for. */
const MARKET_RETURNS: Micros = micros(30 * SECOND);
/** The least time between two looks that nothing but the clock asks for. */
const SOON: Micros = micros(100_000);

export function decideParent(context: Context, parent: ParentState): void {
  const market = marketOf(context, parent);
  parent.wakeAt = NEVER;
  parent.wakeBidAbove = Number.POSITIVE_INFINITY;
  parent.wakeAskBelow = Number.NEGATIVE_INFINITY;
  decide(context, parent, market);
  settlePhase(context, parent);
  // A wake-up that is due already would be answered for ever at the same instant.
  if (parent.wakeAt <= context.now) parent.wakeAt = micros(context.now + SOON);
}

function decide(context: Context, parent: ParentState, market: InstrumentState): void {
  const { now } = context;
  if (parent.closing !== undefined) return close(context, parent);
  if (market.isRecovering) return lookAfter(context, parent, market);
  if (parent.phase === "initialized" && !arrive(context, parent, market)) return;
  // New terms first: they may move the deadline, or ask for more than what is done.
  if (parent.adjustment !== undefined && !adjust(context, parent, market)) return;
  if (isDone(context, parent, market)) return;
  if (now >= parent.order.deadline) return finishAtDeadline(context, parent, market);
  wakeBy(parent, parent.order.deadline);
  const pause = reasonToPause(context, parent, market);
  if (pause !== undefined) {
    cancelAll(context, parent);
    moveParent(context, parent, "paused", pause);
    return wakeBy(parent, micros(now + HEARTBEAT));
  }
  if (parent.phase === "paused") {
    moveParent(context, parent, "active", `resumed: no longer ${parent.reason}`);
    if (hasMissedSlices(context, parent, market)) anchor(context, parent, market);
  }
  work(context, parent, market);
}

/**
 * Nothing new before the venue has said what became of what was sent; but what may rest must not
 * rest where it would not be left to in ordinary work.
 */
function lookAfter(context: Context, parent: ParentState, market: InstrumentState): void {
  const { now } = context;
  const { order, adjustment, operatorPause, halt } = parent;
  const isStopped = adjustment !== undefined || operatorPause !== undefined || halt !== undefined;
  const isBlind =
    !market.hasJustTurned(now, MARKET_RETURNS) &&
    market.observer.health(now, context.gate.limits.staleAfter) !== "healthy";
  if (now >= order.deadline || isStopped || isBlind) cancelAll(context, parent);
  wakeBy(parent, micros(now + HEARTBEAT));
}

/** True once the order has arrived: the first healthy book at or after its start. */
function arrive(context: Context, parent: ParentState, market: InstrumentState): boolean {
  const { now } = context;
  if (parent.adjustment !== undefined) {
    // Nothing has been sent yet: new terms hold at once.
    applyAdjustment(context, parent, parent.adjustment);
    parent.adjustment = undefined;
  }
  const { order } = parent;
  if (now < order.startAt) {
    wakeBy(parent, order.startAt);
    return false;
  }
  const { observer } = market;
  const isHealthy = observer.health(now, context.gate.limits.staleAfter) === "healthy";
  if (now >= order.deadline) {
    closeTo(context, parent, {
      to: "expired",
      reason: "the deadline came before a healthy market",
    });
    return false;
  }
  if (!isHealthy || parent.operatorPause !== undefined || parent.halt !== undefined) {
    wakeBy(parent, micros(now + HEARTBEAT));
    return false;
  }
  parent.arrivalPrice = observer.mid;
  parent.arrivedAt = now;
  parent.marketAtArrival = market.totals;
  context.outputs.push({
    kind: "parent-arrived",
    parentId: order.id,
    arrivalPrice: observer.mid,
  });
  moveParent(context, parent, "active", "arrived");
  anchor(context, parent, market);
  return true;
}

/** The residual policy: at most one last order, inside every limit, and then the truth. */
function finishAtDeadline(context: Context, parent: ParentState, market: InstrumentState): void {
  const { constraints, deadline } = parent.order;
  const { now, gate } = context;
  if (parent.live.length > 0) {
    if (!parent.residualSent) cancelAll(context, parent);
    return wakeBy(parent, micros(now + HEARTBEAT));
  }
  const pause = reasonToPause(context, parent, market);
  const mayTake = constraints.residual !== "leave" && !parent.residualSent;
  const isBlind = market.observer.health(now, gate.limits.staleAfter) !== "healthy";
  // Who has slept through the deadline looks first.
  if (mayTake && isBlind && market.hasJustTurned(now, MARKET_RETURNS)) {
    return wakeBy(parent, micros(now + HEARTBEAT));
  }
  const price = market.takePrice(parent.order.side);
  if (price === undefined) return expire(context, parent, pause);
  let blocked = pause;
  if (mayTake && pause === undefined) {
    const due = micros(Math.max(deadline, market.recoveryTurnedAt ?? deadline));
    const patience = micros(due + gate.limits.aggressiveSpacing);
    const spacedAt = micros(Math.max(gate.nextAggressiveAt(parent, now), parent.backoffUntil));
    if (spacedAt > now && spacedAt <= patience) return wakeBy(parent, spacedAt);
    const rest = unsentLots(parent, price);
    const target = residualTarget(parent, rest);
    const late = { quantity: rest, nextAt: NEVER, reason: () => "the deadline" };
    const view = viewOf(context, parent, market, { target, behind: rest, late, rest });
    blocked = spacedAt > now ? "rate" : crossingBlocked(view);
    if (blocked === undefined) {
      parent.residualSent = true;
      carryOut(context, parent, view, cross(view));
      if (parent.live.length > 0) return wakeBy(parent, micros(now + HEARTBEAT));
    }
  }
  expire(context, parent, blocked, unfilledLots(parent, price));
}

/** @param left undefined where no price tells how much it is. */
function expire(
  context: Context,
  parent: ParentState,
  blocked: string | undefined,
  left?: Lots,
): void {
  const { residual } = parent.order.constraints;
  const unfilled = left === undefined ? "the rest" : formatQuantity(parent.instrument, left);
  const text = `deadline; residual policy ${residual}: ${unfilled} not executed`;
  const why = residual === "leave" || blocked === undefined ? "" : ` (${blocked})`;
  closeTo(context, parent, { to: "expired", reason: `${text}${why}` });
}

const residualTarget = (parent: ParentState, rest: Lots): Target => ({
  quantity: rest,
  sliceFrom: parent.order.deadline,
  sliceUntil: parent.order.deadline,
  reason: `deadline: residual policy ${parent.order.constraints.residual}`,
});

function reasonToPause(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
): string | undefined {
  const { gate, now } = context;
  if (parent.halt !== undefined) return `halted: ${parent.halt}`;
  if (parent.operatorPause !== undefined) return `paused by an operator: ${parent.operatorPause}`;
  const health = market.observer.health(now, gate.limits.staleAfter);
  if (health !== "healthy") return `market data ${health}`;
  const volatility = market.observer.volatilityAssured;
  if (volatility > gate.limits.volatilityStopPerHour) return "over the volatility stop";
  const deviation = deviationBps(parent, market.observer.mid);
  if (deviation > gate.limits.benchmarkDeviationBps) return "beyond the benchmark deviation";
  return undefined;
}

/** Cancels what is open and applies new terms once nothing is. True when the terms are in force. */
function adjust(context: Context, parent: ParentState, market: InstrumentState): boolean {
  const { adjustment } = parent;
  invariant(adjustment !== undefined, "nothing to adjust");
  moveParent(context, parent, "adjusting", `new terms by ${adjustment.by}`);
  cancelAll(context, parent);
  if (parent.live.length > 0) {
    wakeBy(parent, micros(context.now + HEARTBEAT));
    return false;
  }
  const from = nextSliceAt(context, parent, market);
  const hasNewTerms = adjustment.amendment !== undefined || adjustment.strategy !== undefined;
  applyAdjustment(context, parent, adjustment);
  parent.adjustment = undefined;
  moveParent(context, parent, "active", `new terms by ${adjustment.by} in force`);
  // What advice follows instead keeps to the plan that it deviates from.
  if (!hasNewTerms && parent.strategy !== undefined) return true;
  if (market.takePrice(parent.order.side) === undefined) parent.strategy = undefined;
  else if (context.now < parent.order.deadline) anchor(context, parent, market, from);
  return true;
}

/** The ordinary pass: ask the strategy, see the gap, let the tactic close it. */
function work(context: Context, parent: ParentState, market: InstrumentState): void {
  const { now } = context;
  if (parent.strategy === undefined) anchor(context, parent, market);
  const target = nextTarget(context, parent, market);
  const done = doneLots(parent);
  const price = market.takePrice(parent.order.side)!;
  const rest = unfilledLots(parent, price);
  const isWould = isWouldPrice(parent, market);
  const worked = isWould
    ? atWouldPrice(target, rest)
    : workedTarget(context, parent, market, target);
  const { late } = worked;
  const behind = isWould ? rest : minLots(excessLots(worked.target.quantity, done), rest);
  const view = viewOf(context, parent, market, { target: worked.target, behind, late, rest });
  const intent = place(view);
  if (intent.kind === "place" && intent.aggressive) noteCrossed(parent, intent.quantity, worked);
  carryOut(context, parent, view, intent);
  ask(context, parent, market, target);
  wakeBy(parent, target.sliceUntil);
  if (parent.live.length > 0) wakeBy(parent, micros(now + HEARTBEAT));
  if (parent.backoffUntil > now) wakeBy(parent, parent.backoffUntil);
  armMarketWake(context, parent, market);
}

const atWouldPrice = (target: Target, rest: Lots): Worked => ({
  target,
  late: { quantity: rest, nextAt: NEVER, reason: () => "the I-would price" },
  onAdvice: NO_LOTS,
});

function viewOf(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
  wanted: Pick<PlacementView, "target" | "behind" | "late" | "rest">,
): PlacementView {
  const { target, behind, late, rest } = wanted;
  return {
    target,
    behind,
    late,
    rest,
    now: context.now,
    parent,
    market,
    gate: context.gate,
    gap: excessLots(wanted.behind, openLots(parent)),
    overParticipation:
      parent.order.constraints.residual === "cross-over-participation" &&
      context.now >= parent.order.deadline,
  };
}

function carryOut(
  context: Context,
  parent: ParentState,
  view: PlacementView,
  intent: Intent,
): void {
  switch (intent.kind) {
    case "place": {
      const { quantity, limitPrice } = intent;
      const action: Action = intent.aggressive
        ? { kind: "aggressive", quantity }
        : { kind: "passive", quantity, limitPrice };
      record(context, view, action, intent.reasoning, intent.risk);
      return placeChild(context, parent, intent, view.overParticipation);
    }
    case "amend": {
      const { limitPrice, quantity } = intent;
      const action: Action = { kind: "passive", quantity, limitPrice };
      record(context, view, action, intent.reasoning, "a new price loses the place in the queue");
      return amendChild(context, parent, intent);
    }
    case "cancel": {
      const action: Action = { kind: "wait", until: context.now, reason: "withdraw to cross" };
      record(
        context,
        view,
        action,
        intent.reasoning,
        "the order may fill before the cancel arrives",
      );
      return cancelChild(context, parent, intent.child);
    }
    case "wait": {
      wakeBy(parent, intent.until);
      if (intent.isQuiet === true || parent.lastWait === intent.reason) return;
      const action: Action = { kind: "wait", until: intent.until, reason: intent.reason };
      record(
        context,
        view,
        action,
        `${view.target.reason}; ${intent.reason}`,
        "the market may move away",
      );
      parent.lastWait = intent.reason;
      return;
    }
    default:
      return unreachable(intent);
  }
}

function record(
  context: Context,
  view: PlacementView,
  action: Action,
  reasoning: string,
  risk: string,
): void {
  const { parent, market, target } = view;
  parent.decisionCount += 1;
  parent.lastWait = undefined;
  parent.history.decided(parent.decisionCount, reasoning);
  context.outputs.push({
    kind: "decision-made",
    decision: {
      parentId: parent.order.id,
      number: parent.decisionCount,
      time: context.now,
      action,
      slice: { from: target.sliceFrom, until: target.sliceUntil, target: target.quantity },
      reasoning,
      risk,
      ...voiceOf(parent),
      market: market.observer.snapshot(context.now, context.gate.limits.staleAfter),
    },
  });
}

const voiceOf = ({ advised }: ParentState): Pick<Decision, "confidence" | "source"> =>
  advised?.isFollowed === true
    ? { confidence: advised.inForce?.advice.confidence ?? 1, source: "llm" }
    : { confidence: 1, source: "baseline" };

/** Asks to be woken when the touch leaves a resting order, or comes to the I-would price. */
function armMarketWake(context: Context, parent: ParentState, market: InstrumentState): void {
  const { observer } = market;
  const isBuy = parent.order.side === "buy";
  const resting = parent.live.find((child) => child.phase === "working")?.limitPrice;
  const would = parent.order.constraints.wouldPrice;
  const { follow, peg, behindTicks, repegInterval } = parent.tactic;
  // An order that is pegged to the mid, or goes back with the touch, is looked at by the clock.
  if (resting !== undefined && (follow === "both" || (follow !== "never" && peg === "mid"))) {
    wakeBy(parent, micros(context.now + repegInterval));
  }
  if (resting !== undefined && follow !== "never" && peg === "touch") {
    const at = nextRepegAt(parent);
    const touch = resting + (isBuy ? behindTicks : -behindTicks);
    if (at > context.now) wakeBy(parent, at);
    // Where the touch has left already, the tactic has just chosen to stay.
    else if (isBuy && observer.bid <= touch) parent.wakeBidAbove = touch;
    else if (!isBuy && observer.ask >= touch) parent.wakeAskBelow = touch;
  }
  if (would === undefined) return;
  if (isBuy && observer.ask > would) parent.wakeAskBelow = would + 1;
  else if (!isBuy && observer.bid < would) parent.wakeBidAbove = would - 1;
}

/** `active` with nothing at the venue, `executing` with something. */
function settlePhase(context: Context, parent: ParentState): void {
  if (parent.phase === "active" && parent.live.length > 0) {
    moveParent(context, parent, "executing", "child order sent");
  } else if (parent.phase === "executing" && parent.live.length === 0) {
    moveParent(context, parent, "active", "nothing at the venue");
  }
}

/** Tells a person once that the running shortfall, the rest marked at the mid, is too large. */
export function watchShortfall(
  context: Context,
  parent: ParentState,
  market: InstrumentState,
): void {
  const { arrivalPrice, plan } = parent;
  const limit = context.gate.limits.shortfallAlertBps;
  if (arrivalPrice === undefined || plan === undefined || parent.shortfallAlerted) return;
  const price = market.takePrice(parent.order.side);
  const mid = market.observer.lastMid;
  if (price === undefined || mid === undefined || parent.filled === 0) return;
  const total = addLots(parent.filled, unfilledLots(parent, price));
  const direction = parent.order.side === "buy" ? 1 : -1;
  const rest = (mid - arrivalPrice) * lots(total - parent.filled);
  const bps = (direction * (parent.paidOverArrival + rest) * 1e4) / (arrivalPrice * total);
  if (bps <= limit) return;
  parent.shortfallAlerted = true;
  raiseAlert(
    context,
    "warning",
    "SHORTFALL",
    `${parent.order.id}: shortfall ${bps.toFixed(1)} bps so far, over ${limit}`,
  );
}
