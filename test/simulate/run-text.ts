/**
 * Run text: a run as a person reads it: its plan, how it ended, and its journal in short.
 */
import type { EngineEvent, EngineOutput } from "../../src/core/domain/messages.ts";
import type { JournalRecord } from "../../src/runtime/journal/journal.ts";
import { knobsText } from "./knobs.ts";
import type { OperatorAct, RunPlan } from "./plan.ts";
import type { RunOutcome } from "./world.ts";

export const countsText = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";

export function planLines({ order, operators, knobs }: RunPlan): string[] {
  return [
    `order: ${order.side}, ${order.units} units in ${order.seconds} s, ` +
      `${JSON.stringify(order.strategy)}, residual ${order.residual}`,
    `knobs: ${knobsText(knobs)}`,
    `operators: ${operators.map(actText).join("; ") || "none"}`,
  ];
}

/** A whole run, which may have held. */
export function runText(plan: RunPlan, outcome: RunOutcome, isTraced: boolean): string {
  const { end, orders, fills, crashes, restarts, exits, faults, virtualSeconds } = outcome;
  const lines = [
    `seed ${plan.seed}`,
    ...planLines(plan),
    `befell: ${countsText(faults)}`,
    `came to: ${orders} orders, ${fills} fills, ${crashes} crashes, ${restarts} processes ` +
      `started again, ${virtualSeconds.toFixed(1)} s, ${outcome.records.length} journal records`,
    ...[...exits].map(([why, times]) => `ended by itself ${times} times: ${why}`),
    `ended: ${end}`,
  ];
  if (isTraced) {
    lines.push("journal, seconds from its first event:");
    for (const line of journalLines(outcome.records)) lines.push(`  ${line}`);
  }
  return `${lines.join("\n")}\n`;
}

const actText = ({ at, deed }: OperatorAct): string => `${at} s ${JSON.stringify(deed)}`;

/** What the journal tells, without decisions, which are long. */
export function journalLines(records: readonly JournalRecord[]): string[] {
  const lines: string[] = [];
  let first: number | undefined;
  let now = 0;
  for (const { sequence, kind, body } of records) {
    if (kind === "event") {
      const event = JSON.parse(body) as EngineEvent;
      first ??= event.time;
      now = (event.time - first) / 1e6;
      lines.push(`${sequence} ${now.toFixed(3)} ${eventText(event)}`);
    } else {
      const text = outputText(JSON.parse(body) as EngineOutput);
      if (text !== undefined) lines.push(`${sequence} ${now.toFixed(3)}   ${text}`);
    }
  }
  return lines.filter((line) => !/ (timer-fired|touch-moved)$/.test(line));
}

function eventText(event: EngineEvent): string {
  const { kind, time: _, ...rest } = event;
  if (event.kind === "order-reported") {
    return `reported ${event.clientOrderId} ${JSON.stringify(event.report)}`;
  }
  const isBare = kind === "timer-fired" || kind === "touch-moved";
  return isBare ? kind : `${kind} ${JSON.stringify(rest).slice(0, 300)}`;
}

function outputText(output: EngineOutput): string | undefined {
  switch (output.kind) {
    case "place-order":
      return `-> place ${JSON.stringify(output.order)}`;
    case "amend-order":
      return `-> amend ${JSON.stringify(output.amend)}`;
    case "cancel-order":
      return `-> cancel ${output.clientOrderId}`;
    case "parent-moved":
      return `${output.from} -> ${output.to}: ${output.reason}`;
    case "raise-alert":
      return `alert ${output.code}: ${output.text}`;
    case "report-ignored":
    case "parent-refused":
      return JSON.stringify(output);
    default:
      return undefined;
  }
}
