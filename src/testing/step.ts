/**
 * Step: one event of a session and what came of it, as it is recorded and as it is told.
 */
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import { unreachable } from "../core/domain/errors.ts";
import { EPOCH_MICROS } from "./market.ts";

export interface Step {
  readonly event: EngineEvent;
  /** Market rows taken in before the event. */
  readonly position: number;
  readonly outputs: readonly EngineOutput[];
}

/** In a line: `12.345 s timer-fired → place p1-2 40 at 9999`. */
export function stepText({ event, outputs }: Step): string {
  const seconds = ((event.time - EPOCH_MICROS) / 1e6).toFixed(3);
  const said = outputs.map(outputText).filter((text) => text !== "");
  return `${seconds} s ${eventText(event)}${said.length === 0 ? "" : ` → ${said.join("; ")}`}`;
}

function eventText(event: EngineEvent): string {
  if (event.kind === "order-reported") {
    const { clientOrderId, report } = event;
    if (report.kind !== "filled") return `${clientOrderId} ${report.kind}`;
    return `${clientOrderId} filled ${report.fill.quantity} at ${report.fill.price}`;
  }
  if (event.kind === "strategy-switched") return `${event.parentId} to ${event.strategy.name}`;
  if (event.kind === "parent-amended") {
    return `${event.parentId} amended ${JSON.stringify(event.amendment)}`;
  }
  return "parentId" in event ? `${event.parentId} ${event.kind}` : event.kind;
}

function outputText(output: EngineOutput): string {
  switch (output.kind) {
    case "place-order": {
      const { clientOrderId, quantity, limitPrice, timeInForce } = output.order;
      const verb = timeInForce.kind === "immediate-or-cancel" ? "take" : "post";
      return `${verb} ${quantity} at ${limitPrice} (${clientOrderId})`;
    }
    case "amend-order": {
      const { clientOrderId, quantity, limitPrice } = output.amend;
      return `move ${clientOrderId} to ${quantity} at ${limitPrice}`;
    }
    case "cancel-order":
      return `cancel ${output.clientOrderId}`;
    case "raise-alert":
      return `alert ${output.code}`;
    case "parent-moved":
      return `${output.parentId} ${output.to}: ${output.reason}`;
    case "parent-refused":
    case "order-refused":
      return `refused: ${output.refusal.code}`;
    case "parent-arrived":
      return `${output.parentId} arrived`;
    case "ask-advisor":
      return `ask ${output.question.id} (${output.question.cause})`;
    case "advice-taken":
      return `advice ${output.questionId} taken`;
    case "advice-dropped":
      return `advice ${output.questionId} dropped: ${output.why}`;
    case "decision-made":
    case "data-health-changed":
    case "markout-measured":
    case "report-ignored":
      return "";
    default:
      return unreachable(output);
  }
}
