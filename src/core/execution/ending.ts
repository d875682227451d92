/**
 * Ending: when a parent is done, and how it comes to its end.
 *
 * A parent ends only once the venue has confirmed the end of its last child, and the first reason
 * to end is the one that stands. "Complete" means filled.
 */
import { formatQuantity } from "../domain/instrument.ts";
import { invariant } from "../domain/errors.ts";
import { type Micros, micros, SECOND } from "../domain/units.ts";
import { type Context, moveParent, raiseAlert } from "./context.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { cancelAll } from "./order-manager.ts";
import { type Closing, type ParentState, unfilledLots } from "./parent-state.ts";
import { venueMinimumLots } from "./placement.ts";

/** While something is at the venue or a pause may end, look at least this often. */
export const HEARTBEAT: Micros = SECOND;
/** This many rejects in a row halt the parent. */
export const REJECTS_MAX = 6;

export function wakeBy(parent: ParentState, at: Micros): void {
  if (at < parent.wakeAt) parent.wakeAt = at;
}

/** Closes a parent that is filled, or whose rest is under what the venue takes. */
export function isDone(context: Context, parent: ParentState, market: InstrumentState): boolean {
  const { now, gate } = context;
  if (isFilled(parent)) {
    closeTo(context, parent, { to: "complete", reason: "filled in full" });
    return true;
  }
  const health = market.observer.health(now, gate.limits.staleAfter);
  const price = market.takePrice(parent.order.side);
  // What money buys, and what is too little, is not judged at the price of a broken book.
  if (price === undefined || (health !== "healthy" && now < parent.order.deadline)) return false;
  const left = unfilledLots(parent, price);
  if (left === 0 && parent.filled > 0) {
    closeTo(context, parent, { to: "complete", reason: "filled in full" });
    return true;
  }
  if (parent.live.length > 0 || left >= venueMinimumLots(parent.instrument, price)) return false;
  const text = `${formatQuantity(parent.instrument, left)} left, under the venue's minimum`;
  closeTo(context, parent, { to: "complete-with-dust", reason: text });
  return true;
}

/** Sends nothing more; ends once the venue has confirmed the end of every child. */
export function closeTo(context: Context, parent: ParentState, closing: Closing): void {
  parent.closing ??= closing;
  close(context, parent);
}

export function close(context: Context, parent: ParentState): void {
  const { closing } = parent;
  invariant(closing !== undefined, "a closing parent knows where to");
  cancelAll(context, parent);
  if (parent.live.length > 0) {
    moveParent(context, parent, "closing", closing.reason, closing.to);
    return wakeBy(parent, micros(context.now + HEARTBEAT));
  }
  if (parent.phase === "executing")
    moveParent(context, parent, "active", "the last child is closed");
  // The race that a fill won: what was to be canceled or expired turned out complete.
  const to = isFilled(parent) ? "complete" : closing.to;
  moveParent(context, parent, to, closing.reason);
}

function isFilled(parent: ParentState): boolean {
  const { quantity } = parent.order;
  return quantity.kind === "lots" && parent.filled >= quantity.lots;
}

/** Rejects in a row, of orders or of amendments, back off, then halt the parent with the reason. */
export function onReject(context: Context, parent: ParentState, code: string, text: string): void {
  parent.rejects += 1;
  const wait = SECOND * 2 ** Math.min(parent.rejects - 1, 5);
  parent.backoffUntil = micros(context.now + wait);
  if (parent.rejects < REJECTS_MAX) return;
  const reason = `${parent.rejects} rejects in a row, the last: ${code} ${text}`;
  raiseAlert(context, "critical", "PARENT_HALTED", `${parent.order.id} halted: ${reason}`);
  closeTo(context, parent, { to: "failed", reason });
}

/** An order that the venue took back untouched is not sent again in the same breath. */
export function onWithdrawal(context: Context, parent: ParentState): void {
  parent.backoffUntil = micros(Math.max(parent.backoffUntil, context.now + SECOND));
  parent.withdrawals += 1;
  const { withdrawalsMax = Number.POSITIVE_INFINITY } = parent.tactic;
  if (parent.withdrawals < withdrawalsMax) return;
  const reason = `${parent.withdrawals} resting orders in a row were taken back by the venue`;
  closeTo(context, parent, { to: "failed", reason });
}
