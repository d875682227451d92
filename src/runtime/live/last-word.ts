/**
 * Last word: how a run stood when its journal ended, for whoever finds that it is not at work.
 */
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import { isTerminal, type ParentPhase } from "../../core/domain/parent-order.ts";
import { openJournal } from "../journal/reader.ts";

/** In words, with what to do. */
export function lastWordOf(path: string): string {
  const opened = openJournal(path);
  if (!opened.ok) return `its journal cannot be read: ${opened.error.text}`;
  const journal = opened.value;
  let phase: ParentPhase | undefined;
  let reason = "";
  let at = "";
  try {
    for (const { kind, body } of journal.records()) {
      if (kind === "event") {
        at = new Date((JSON.parse(body) as EngineEvent).time / 1000).toISOString();
        continue;
      }
      const output = JSON.parse(body) as EngineOutput;
      if (output.kind === "parent-refused" && phase === undefined) phase = "failed";
      if (output.kind !== "parent-moved") continue;
      phase = output.to;
      ({ reason } = output);
    }
  } finally {
    journal.close();
  }
  const stood = `${phase ?? "initialized"}${reason === "" ? "" : ` (${reason})`} at ${at}`;
  if (phase !== undefined && isTerminal(phase)) return `its order has ended: ${stood}`;
  const how = journal.sealed ? "was left" : "was cut off";
  return `it ${how} while the order was ${stood}; go on with it: arrival resume ${path}`;
}
