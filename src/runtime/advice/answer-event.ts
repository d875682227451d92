/** Answer event: what the engine is told of an exchange with an advisor. */
import { type Exchange, type Transcript, transcriptId } from "../../advisors/advisor.ts";
import type { AdviceQuestion } from "../../core/contracts/advice.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";

/** @param advisor its name. @param time at which the answer is there. */
export const answerEvent = (
  { id, parentId }: AdviceQuestion,
  { answer, latency, transcript }: Exchange,
  advisor: string,
  time: Micros,
): EngineEvent => ({
  kind: "advice-received",
  time,
  parentId,
  questionId: id,
  answer,
  advisor,
  latency,
  exchange: transcriptId(transcript),
  ...usageOf(transcript),
});

function usageOf({ usage, costUsd }: Transcript) {
  if (usage === undefined) return {};
  const tokens = usage.inputTokens + usage.outputTokens;
  return { usage: { tokens, ...(costUsd === undefined ? {} : { usd: costUsd }) } };
}
