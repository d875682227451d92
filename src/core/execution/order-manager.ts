/**
 * Order manager: turns what the gate approved into commands, and remembers every order sent.
 *
 * A client order id is a pure function of state, so that a replay names orders identically and any
 * order can be found at the venue after a crash by asking for its id.
 */
import {
  applyAmendSent,
  applyCancelSent,
  type ChildOrder,
  type ClientOrderId,
  type OrderTerms,
} from "../domain/child-order.ts";
import { invariant } from "../domain/errors.ts";
import type { RefusalReason } from "../domain/refusal.ts";
import { type Micros, micros, NO_LOTS, SECOND } from "../domain/units.ts";
import type { Context } from "./context.ts";
import { marketOf } from "./context.ts";
import type { ParentState } from "./parent-state.ts";
import type { Intent } from "./placement.ts";

/** After a refusal the same question is not asked again before this. */
const REFUSED_RETRY: Micros = SECOND;

const MOST_CANCEL_WAIT: Micros = micros(10 * SECOND);

/** `a-1`, `a-2` … in base 36: parent ids are at most 20 long, venues allow 36. */
const orderId = (parent: ParentState, number: number): ClientOrderId =>
  `${parent.order.id}-${number.toString(36)}` as ClientOrderId;

export const parentIdOf = (clientOrderId: string): string =>
  clientOrderId.slice(0, clientOrderId.lastIndexOf("-"));

/** The order of that id, if it was ever sent. */
export function childOf(
  parent: ParentState | undefined,
  clientOrderId: ClientOrderId,
): ChildOrder | undefined {
  if (parent === undefined) return undefined;
  const number = Number.parseInt(clientOrderId.slice(parent.order.id.length + 1), 36);
  // So nobody looks for what was never sent among all that was ever done.
  const isSent = number <= parent.childCount && orderId(parent, number) === clientOrderId;
  return isSent ? parent.history.child(clientOrderId) : undefined;
}

/** Whether that id is one that `nextOrderId` has given. */
export function hasSent({ order, childCount }: ParentState, clientOrderId: string): boolean {
  const number = clientOrderId.startsWith(`${order.id}-`)
    ? Number.parseInt(clientOrderId.slice(order.id.length + 1), 36)
    : Number.NaN;
  return number >= 1 && number <= childCount;
}

export function placeChild(
  context: Context,
  parent: ParentState,
  intent: Extract<Intent, { kind: "place" }>,
  overParticipation: boolean,
): void {
  const market = marketOf(context, parent);
  const { aggressive } = intent;
  const terms: OrderTerms = {
    clientOrderId: orderId(parent, parent.childCount + 1),
    side: parent.order.side,
    quantity: intent.quantity,
    limitPrice: intent.limitPrice,
    timeInForce: aggressive
      ? { kind: "immediate-or-cancel" }
      : { kind: "good-till-canceled", postOnly: true },
    ...(parent.order.reduceOnly === true ? { reduceOnly: true } : {}),
  };
  const purpose = { aggressive, overParticipation };
  const verdict = context.gate.approvePlace(terms, purpose, parent, market, context.now);
  if (!verdict.approved) return refuse(context, parent, verdict.refusal);
  addChild(context, parent, terms, aggressive);
  context.outputs.push({ kind: "place-order", instrument: market.id, order: verdict.order });
}

/** From here on it counts as sent. */
export function addChild(
  context: Context,
  parent: ParentState,
  terms: OrderTerms,
  aggressive: boolean,
): void {
  parent.childCount += 1;
  if (aggressive) parent.lastAggressiveAt = context.now;
  const child: ChildOrder = {
    parentId: parent.order.id,
    terms,
    aggressive,
    decision: parent.decisionCount,
    sentAt: context.now,
    limitPrice: terms.limitPrice,
    quantity: terms.quantity,
    pendingAmend: undefined,
    cumulative: NO_LOTS,
    phase: "pending-new",
    closeReason: undefined,
    closeText: undefined,
  };
  parent.history.sent(child);
  parent.live.push(child);
}

export function amendChild(
  context: Context,
  parent: ParentState,
  intent: Extract<Intent, { kind: "amend" }>,
): void {
  const market = marketOf(context, parent);
  const { child, limitPrice, quantity } = intent;
  const amend = { clientOrderId: child.terms.clientOrderId, limitPrice, quantity };
  const verdict = context.gate.approveAmend(amend, parent, market, context.now);
  if (!verdict.approved) return refuse(context, parent, verdict.refusal);
  parent.lastRepegAt = context.now;
  const moved = applyAmendSent(child, limitPrice, quantity);
  invariant(moved.ok, `amend of ${amend.clientOrderId} in phase ${child.phase}`);
  context.outputs.push({ kind: "amend-order", instrument: market.id, amend: verdict.order });
}

/**
 * Cancels one child unless that is under way. Never refused: it reduces risk. What was not
 * answered, or was refused, is repeated ever more rarely: where engine and venue do not agree on
 * whether an order is still there, asking at once would ask for ever.
 */
export function cancelChild(context: Context, parent: ParentState, child: ChildOrder): void {
  const againAt = child.cancels?.againAt ?? context.now;
  if (context.now < againAt) {
    const isAsked = child.phase === "pending-cancel" || child.phase === "closed";
    if (!isAsked && againAt < parent.wakeAt) parent.wakeAt = againAt;
    return;
  }
  if (!cancelSent(context, child)) return;
  context.outputs.push({
    kind: "cancel-order",
    instrument: marketOf(context, parent).id,
    clientOrderId: child.terms.clientOrderId,
  });
}

/** From here on a cancel counts as sent. False: there is nothing to cancel. */
export function cancelSent(context: Context, child: ChildOrder): boolean {
  if (!applyCancelSent(child).ok) return false;
  const sent = (child.cancels?.sent ?? 0) + 1;
  const wait = Math.min(MOST_CANCEL_WAIT, SECOND * 2 ** (sent - 1));
  child.cancels = { sent, againAt: micros(context.now + wait) };
  return true;
}

export function cancelAll(context: Context, parent: ParentState): void {
  for (const child of parent.live) cancelChild(context, parent, child);
}

function refuse(context: Context, parent: ParentState, refusal: RefusalReason): void {
  backOffRefused(parent, context.now);
  context.outputs.push({
    kind: "order-refused",
    parentId: parent.order.id,
    decision: parent.decisionCount,
    refusal,
  });
}

export function backOffRefused(parent: ParentState, now: Micros): void {
  parent.backoffUntil = micros(Math.max(parent.backoffUntil, now + REFUSED_RETRY));
}
