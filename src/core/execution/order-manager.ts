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

/** `a-1`, `a-2` … in base 36: parent ids are at most 20 long, venues allow 36. */
const nextOrderId = (parent: ParentState): ClientOrderId =>
  `${parent.order.id}-${(parent.childCount + 1).toString(36)}` as ClientOrderId;

export function placeChild(
  context: Context,
  parent: ParentState,
  intent: Extract<Intent, { kind: "place" }>,
  overParticipation: boolean,
): void {
  const market = marketOf(context, parent);
  const { aggressive } = intent;
  const terms: OrderTerms = {
    clientOrderId: nextOrderId(parent),
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
  parent.children.set(terms.clientOrderId, child);
  parent.live.push(child);
  context.orders.set(terms.clientOrderId, parent);
  context.outputs.push({ kind: "place-order", instrument: market.id, order: verdict.order });
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

/** Cancels one child unless that is under way. Never refused: it reduces risk. */
export function cancelChild(context: Context, parent: ParentState, child: ChildOrder): void {
  if (!applyCancelSent(child).ok) return;
  context.outputs.push({
    kind: "cancel-order",
    instrument: marketOf(context, parent).id,
    clientOrderId: child.terms.clientOrderId,
  });
}

export function cancelAll(context: Context, parent: ParentState): void {
  for (const child of parent.live) cancelChild(context, parent, child);
}

function refuse(context: Context, parent: ParentState, refusal: RefusalReason): void {
  parent.backoffUntil = micros(Math.max(parent.backoffUntil, context.now + REFUSED_RETRY));
  context.outputs.push({
    kind: "order-refused",
    parentId: parent.order.id,
    decision: parent.decisionCount,
    refusal,
  });
}
