/**
 * Sound exchange: whether what an advisor gave back is an exchange at all.
 *
 * Ours are; somebody else's may be anything. What must stay true: what passes can be journaled
 * (plain JSON, finite, sound advice), and what does not is told in words.
 */
import { z } from "zod";
import type { AdviceAnswer, AdviceQuestion } from "../core/contracts/advice.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { micros } from "../core/domain/units.ts";
import { type Exchange, noAdvice, type Transcript } from "./advisor.ts";
import { soundAdvice } from "./sound-advice.ts";
import { oneLine } from "./untrusted-text.ts";

const MOST_TEXT = 500;
/** Longer than any question is open; what is longer still is a broken clock. */
const LONGEST_MICROS = 86_400_000_000;
/** Of a transcript: what a model can write, twice and more. */
const MOST_TRANSCRIPT = 4_000_000;

const REASONS = [
  "timed-out",
  "unreachable",
  "rate-limited",
  "refused",
  "malformed",
  "circuit-open",
  "budget",
  "not-recorded",
  "broken",
] as const;

const ANSWER = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("advice"), advice: z.unknown(), source: z.enum(["llm", "cache"]) }),
  z.object({ kind: z.literal("none"), reason: z.enum(REASONS), text: z.string() }),
]);

const span = z.number().min(0).max(LONGEST_MICROS);

const count = z.number().min(0).max(1e12);
/** What is reckoned with; the rest of a transcript is for reading. */
const EXCHANGE = z.object({
  answer: ANSWER,
  latency: span,
  retryAfter: span.optional(),
  transcript: z.looseObject({
    version: z.literal(1),
    advisor: z.string(),
    usage: z
      .object({ inputTokens: count, outputTokens: count, isEstimate: z.boolean() })
      .optional(),
    costUsd: z.number().min(0).max(1e6).optional(),
  }),
});

/** @returns the words of what is wrong with it. */
export function soundExchange(value: unknown, question: AdviceQuestion): Exchange | string {
  const parsed = EXCHANGE.safeParse(value);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    return oneLine(`it gave back no exchange: ${first!.path.join(".")}: ${first!.message}`, 200);
  }
  const { latency, retryAfter } = parsed.data;
  const transcript = parsed.data.transcript as unknown as Transcript;
  const unfit = unfitness(transcript);
  if (unfit !== undefined) return unfit;
  const answer = soundAnswer(parsed.data.answer, question);
  return {
    answer,
    latency: micros(Math.round(latency)),
    transcript,
    ...(retryAfter === undefined ? {} : { retryAfter: micros(Math.round(retryAfter)) }),
  };
}

function unfitness(transcript: Transcript): string | undefined {
  try {
    const { length } = canonicalJson(transcript);
    return length > MOST_TRANSCRIPT ? `a transcript of ${length} letters` : undefined;
  } catch {
    return "its transcript is no plain JSON";
  }
}

function soundAnswer(answer: z.infer<typeof ANSWER>, question: AdviceQuestion): AdviceAnswer {
  if (answer.kind === "none") return noAdvice(answer.reason, oneLine(answer.text, MOST_TEXT));
  const advice = soundAdvice(answer.advice, question);
  if (advice.ok) return { kind: "advice", advice: advice.value, source: answer.source };
  return noAdvice("malformed", advice.error);
}
