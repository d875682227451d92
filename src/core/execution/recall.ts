/**
 * Recall: brings the state to where journaled outputs say that it went, and decides nothing.
 *
 * A restart folds its journal with it. What was journaled is the truth: an order that stands there
 * may have been sent, whatever this program would do today and whether or not the market that it
 * was decided on is still there. What must stay true: after each event the state is the one that
 * the engine had which wrote the journal, but for plans and what hangs on them, which a restart
 * makes anew (`resuming.ts`).
 */
import { applyAmendSent, type ChildOrder, type ClientOrderId } from "../domain/child-order.ts";
import { invariant } from "../domain/errors.ts";
import type { EngineEvent, EngineOutput } from "../domain/messages.ts";
import { type Context, enterPhase, marketOf } from "./context.ts";
import { addChild, backOffRefused, cancelSent, childOf, parentIdOf } from "./order-manager.ts";
import type { ParentState } from "./parent-state.ts";
import { applyAdjustment } from "./terms.ts";

/** What an event alone brings about, its own part of the state applied; no output tells of it. */
export function recallEvent(context: Context, event: EngineEvent): void {
  const isOfTerms = event.kind === "parent-amended" || event.kind === "strategy-switched";
  if (!isOfTerms && event.kind !== "position-told") return;
  for (const { live, isRecovering } of context.instruments.values()) {
    for (const parent of live) {
      // Before an order has arrived nothing is open, and new terms hold at once.
      if (parent.phase !== "initialized" || parent.adjustment === undefined) continue;
      if (isRecovering || parent.closing !== undefined) continue;
      applyAdjustment(context, parent, parent.adjustment);
      parent.adjustment = undefined;
    }
  }
}

/** Applies one output of `event`, whose own part of the state has been applied before. */
export function recallOutput(context: Context, event: EngineEvent, output: EngineOutput): void {
  switch (output.kind) {
    case "place-order": {
      const { order } = output;
      const parent = parentOf(context, parentIdOf(order.clientOrderId));
      if (childOf(parent, order.clientOrderId) !== undefined) return;
      const isAggressive = order.timeInForce.kind !== "good-till-canceled";
      if (isAggressive) context.gate.recall("aggressive", context.now);
      return addChild(context, parent, order, isAggressive);
    }
    case "amend-order": {
      const { clientOrderId, limitPrice, quantity } = output.amend;
      const [parent, child] = orderOf(context, clientOrderId);
      parent.lastRepegAt = context.now;
      context.gate.recall("amend", context.now);
      applyAmendSent(child, limitPrice, quantity);
      return;
    }
    case "cancel-order": {
      const [, child] = orderOf(context, output.clientOrderId);
      // It may have been canceled in the event's own part: then this says it again.
      cancelSent(context, child);
      return;
    }
    case "raise-alert":
      if (output.code === "SHORTFALL" && event.kind === "order-reported") {
        parentOf(context, parentIdOf(event.clientOrderId)).shortfallAlerted = true;
      }
      return;
    case "decision-made": {
      const { parentId, number, action, reasoning, slice } = output.decision;
      const parent = parentOf(context, parentId);
      parent.decisionCount = number;
      parent.history.decided(number, reasoning);
      const { deadline } = parent.order;
      if (action.kind === "aggressive" && slice.from === deadline && slice.until === deadline) {
        parent.residualSent = true;
      }
      return;
    }
    case "order-refused":
      return backOffRefused(parentOf(context, output.parentId), context.now);
    case "parent-moved":
      return recallMove(context, parentOf(context, output.parentId), output);
    case "parent-arrived": {
      const parent = parentOf(context, output.parentId);
      parent.arrivalPrice = output.arrivalPrice;
      parent.arrivedAt = context.now;
      parent.marketAtArrival = marketOf(context, parent).totals;
      return;
    }
    case "data-health-changed":
      context.instruments.get(output.instrument)!.health = output.to;
      return;
    // Looks at the market after a fill are the engine's clock's; the others changed nothing.
    case "markout-measured":
    // Advice ends with its process.
    case "ask-advisor":
    case "advice-taken":
    case "advice-dropped":
    case "parent-refused":
    case "report-ignored":
      return;
    default:
      output satisfies never;
  }
}

function recallMove(
  context: Context,
  parent: ParentState,
  { from, to, reason, heading }: Extract<EngineOutput, { kind: "parent-moved" }>,
): void {
  const { adjustment } = parent;
  if (adjustment !== undefined && from === "adjusting" && to === "active") {
    applyAdjustment(context, parent, adjustment);
    parent.adjustment = undefined;
  }
  if (heading !== undefined) parent.closing ??= { to: heading, reason };
  if (parent.phase !== to) enterPhase(context, parent, to, reason);
}

function parentOf(context: Context, parentId: string): ParentState {
  const parent = context.parents.get(parentId);
  if (parent === undefined) invariant(false, `the journal tells of no parent ${parentId}`);
  return parent;
}

function orderOf(context: Context, clientOrderId: string): readonly [ParentState, ChildOrder] {
  const parent = parentOf(context, parentIdOf(clientOrderId));
  const child = childOf(parent, clientOrderId as ClientOrderId);
  if (child === undefined) invariant(false, `the journal tells of no order ${clientOrderId}`);
  return [parent, child];
}
