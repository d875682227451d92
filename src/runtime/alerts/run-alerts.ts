/**
 * Run alerts: what of a live run is told out of band.
 *
 * The engine's own alerts, the venue's notices, the market's loss and return, what operators did,
 * and how it began and ended. What must stay true: no more is told than the journal and the screen
 * say, too.
 */
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { LiveResult } from "../live/live-terms.ts";
import type { RunAlert } from "./alert.ts";

/** What an event and its outcome are to somebody who is not there. */
export function alertsOf(event: EngineEvent, outputs: readonly EngineOutput[]): RunAlert[] {
  const alerts: RunAlert[] = [];
  const isRefused = outputs.some(({ kind }) => kind === "parent-refused");
  const told = operatorText(event);
  if (told !== undefined && !isRefused)
    alerts.push({ severity: "info", code: "RUN_OPERATED", text: told });
  for (const output of outputs) {
    if (output.kind === "raise-alert") {
      const { severity, code, text } = output;
      alerts.push({ severity, code, text });
    } else if (output.kind === "data-health-changed") {
      const { from, to } = output;
      if (from === "no-data" && to === "healthy") continue;
      const severity = to === "healthy" ? "info" : "warning";
      alerts.push({ severity, code: "RUN_MARKET_DATA", text: `market data ${from} → ${to}` });
    } else if (output.kind === "parent-refused") {
      const text = `refused: ${output.refusal.code}`;
      alerts.push({ severity: "warning", code: output.refusal.code, text });
    }
  }
  return alerts;
}

function operatorText(event: EngineEvent): string | undefined {
  switch (event.kind) {
    case "parent-paused":
      return `paused by ${event.by}: ${event.reason}`;
    case "parent-resumed":
      return `resumed by ${event.by}`;
    case "parent-canceled":
      return `canceled by ${event.by}: ${event.reason}`;
    case "parent-amended":
      return `amended by ${event.by}: ${Object.keys(event.amendment).join(", ")}`;
    case "strategy-switched":
      return `switched to ${event.strategy.name} by ${event.by}`;
    default:
      return undefined;
  }
}

/** How a run ended: what nobody wanted is critical. */
export function endAlert({ end, phase, reason, report }: LiveResult): RunAlert {
  if (end.kind === "halted") {
    const why = end.error instanceof Error ? end.error.message : String(end.error);
    const rest = end.unwithdrawn ?? "everything was withdrawn";
    return { severity: "critical", code: "RUN_HALTED", text: `halted: ${why}; ${rest}` };
  }
  if (end.kind === "over" && end.unwithdrawn !== undefined) {
    const text = `LOOK AT THE VENUE, orders may still rest there: ${end.unwithdrawn}`;
    return { severity: "critical", code: "RUN_UNCONFIRMED", text };
  }
  const filled =
    report === null
      ? "nothing was traded"
      : `${report.quantity.filled} of ${report.quantity.intended} at ${report.prices.vwap ?? "-"}`;
  const how = end.kind === "left" ? "left with what rests" : `${phase}: ${reason}`;
  return { severity: "info", code: "RUN_FINISHED", text: `${how}; ${filled}` };
}
