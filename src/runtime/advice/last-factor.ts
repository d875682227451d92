/**
 * Last factor: the impact factor that an advisor named last in a run, for an estimate of the next
 * order.
 *
 * What must stay true: it is what the journal says, whatever weight it had there; and whoever reads
 * the estimate is told whose opinion it is.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import type { ImpactFactor } from "../../impact/llm-enhanced.ts";
import type { JournalFault } from "../journal/journal.ts";
import { openJournal } from "../journal/reader.ts";

const RECEIVED = '"kind":"advice-received"' satisfies `"kind":"${EngineEvent["kind"]}"`;

export function lastFactor(
  path: string,
): Result<ImpactFactor, JournalFault | { readonly code: "ADVICE_FACTOR"; readonly text: string }> {
  const opened = openJournal(path);
  if (!opened.ok) return opened;
  try {
    let last: ImpactFactor | undefined;
    for (const { kind, body } of opened.value.records()) {
      if (kind !== "event" || !body.includes(RECEIVED)) continue;
      const event = JSON.parse(body) as EngineEvent;
      if (event.kind !== "advice-received" || event.answer.kind !== "advice") continue;
      const { value: factor, low, high } = event.answer.advice.impactFactor;
      last = { factor, low, high, source: `${event.advisor}, ${event.questionId}` };
    }
    if (last !== undefined) return ok(last);
    return err({ code: "ADVICE_FACTOR", text: `${path}: no advisor has named a factor there` });
  } finally {
    opened.value.close();
  }
}
