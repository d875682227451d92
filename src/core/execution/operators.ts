/**
 * Operators: what people, and the end of the market, do to parent orders while they work.
 *
 * What must stay true: a parent that is coming to its end, or has come to it, takes nothing more;
 * and a kill stops every parent whatever state the market is in.
 */
import type { EngineEvent } from "../domain/messages.ts";
import { unreachable } from "../domain/errors.ts";
import { type Context, raiseAlert } from "./context.ts";
import { closeTo } from "./ending.ts";
import { isLive, type ParentState } from "./parent-state.ts";
import { refuseAdjustment } from "./terms.ts";

type Adjusting = Extract<EngineEvent, { kind: "parent-amended" | "strategy-switched" }>;
type Operating =
  | Adjusting
  | Extract<EngineEvent, { kind: "parent-paused" | "parent-resumed" | "parent-canceled" }>;

export function operate(context: Context, event: Operating): ParentState[] {
  const parent = context.parents.get(event.parentId);
  if (parent === undefined || !isLive(parent) || parent.closing !== undefined) {
    const text = "no such parent is at work";
    const refusal = { code: "PARENT_TERMS", text } as const;
    context.outputs.push({ kind: "parent-refused", parentId: event.parentId, refusal });
    return [];
  }
  switch (event.kind) {
    case "parent-amended":
    case "strategy-switched":
      adjust(context, parent, event);
      break;
    case "parent-paused":
      parent.operatorPause = `${event.reason} (${event.by})`;
      break;
    case "parent-resumed":
      parent.operatorPause = undefined;
      parent.halt = undefined;
      break;
    case "parent-canceled":
      closeTo(context, parent, { to: "canceled", reason: `${event.reason} (${event.by})` });
      break;
    default:
      return unreachable(event);
  }
  return [parent];
}

function adjust(context: Context, parent: ParentState, event: Adjusting): void {
  const refusal = refuseAdjustment(context, parent, event);
  if (refusal !== undefined) {
    context.outputs.push({ kind: "parent-refused", parentId: parent.order.id, refusal });
    return;
  }
  parent.adjustment =
    event.kind === "parent-amended"
      ? {
          ...parent.adjustment,
          amendment: { ...parent.adjustment?.amendment, ...event.amendment },
          by: event.by,
        }
      : { ...parent.adjustment, strategy: event.strategy, by: event.by };
}

export function kill(context: Context, by: string, reason: string): ParentState[] {
  context.gate.killed = true;
  raiseAlert(context, "critical", "KILLED", `killed by ${by}: ${reason}`);
  const live = [...context.instruments.values()].flatMap((instrument) => instrument.live);
  for (const parent of live) {
    closeTo(context, parent, { to: "canceled", reason: `killed by ${by}: ${reason}` });
  }
  return live;
}

export function endMarket(context: Context, instrument: string): ParentState[] {
  const live = [...(context.instruments.get(instrument)?.live ?? [])];
  for (const parent of live) {
    closeTo(context, parent, { to: "expired", reason: "the market data ended" });
  }
  return live;
}
