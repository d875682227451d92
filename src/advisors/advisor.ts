/**
 * Advisor: whoever answers questions about a working order, and what is kept of the exchange.
 *
 * A language model in the cloud or in this process, a recording, a script, nobody: each is one of
 * these, and the loops know no other word. What must stay true: `ask` never throws and never
 * rejects (what went wrong is an answer too), and no secret stands in a transcript.
 *
 * How the loops use it. Live, a question is asked and forgotten; the answer is an event when it
 * comes. In a backtest virtual time stands still while `ask` is out, and the answer is delivered at
 * the question's time plus `latency`. So whatever plays an advisor must tell the latency that it
 * plays, not the one that playing took.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import type { AdviceAnswer, AdviceQuestion } from "../core/contracts/advice.ts";
import type { Result } from "../core/domain/errors.ts";
import { type Micros, micros } from "../core/domain/units.ts";

export interface Advisor {
  /** For the journal: provider, model, prompt version: `anthropic:MODEL prompt 1`. */
  readonly name: string;
  /**
   * Whether it could be asked: key, model, server, file. Before anything starts, without asking
   * anything that costs.
   */
  check(signal: AbortSignal): Promise<Result<void, AdvisorFault>>;
  /** Never throws, never rejects. Ends soon after the signal where it can. */
  ask(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange>;
  /** Frees what it holds; what is still asked is given up. Twice is once. */
  close(): Promise<void>;
}

/** Why there is no advisor. Before a run starts: while it runs, it is an answer. */
export interface AdvisorFault {
  readonly code: string;
  /** What happened, where, and what to do. */
  readonly text: string;
}

export interface Exchange {
  readonly answer: AdviceAnswer;
  /** From the question to the answer; of a recording and a script, the one that they tell. */
  readonly latency: Micros;
  readonly transcript: Transcript;
  /** With `rate-limited`: how long the other side wants to be left alone. */
  readonly retryAfter?: Micros;
}

/** All that was sent and received, as plain JSON. Its id is the SHA-256 of its canonical text. */
export interface Transcript {
  readonly version: 1;
  /** Its name, as in the journal. */
  readonly advisor: string;
  readonly provider: string;
  readonly model: string;
  readonly promptVersion: string;
  readonly question: AdviceQuestion;
  /** What the question asks, whoever asks it: see `question-hash.ts`. */
  readonly questionHash: string;
  /** Absent: nothing was sent, or whoever gave the answer does not know what. */
  readonly sent?: {
    readonly system: string;
    readonly user: string;
    /** Such as the most tokens that may be answered. */
    readonly settings: Readonly<Record<string, string | number | boolean>>;
  };
  /** Absent: nothing came. */
  readonly received?: {
    /** What the model wrote; of models that only score, a note of what was chosen. */
    readonly text: string;
    /** Why it ended, in the provider's word. */
    readonly finish?: string;
    /** The model that answered, where the provider tells. */
    readonly modelId?: string;
    readonly responseId?: string;
    /** HTTP status of an answer that was none. */
    readonly status?: number;
  };
  /** Of models that score labels: by item of the question set, the probability of each label. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly usage?: {
    readonly inputTokens: number;
    readonly outputTokens: number;
    /** Not told by the provider: reckoned from the length of the texts. */
    readonly isEstimate: boolean;
  };
  /** US dollars, where the prices were given. */
  readonly costUsd?: number;
  readonly latencyMicros: number;
  readonly answer: AdviceAnswer;
  /** It came when nobody waited for it any more: the run was told that there is no answer. */
  readonly isLate?: true;
  /** Whatever else somebody who reads it should know. */
  readonly note?: string;
}

/** Names an exchange: hex of the SHA-256 of its canonical JSON. */
export const transcriptId = (transcript: Transcript): string =>
  createHash("sha256").update(canonicalJson(transcript)).digest("hex");

/** An exchange whose transcript says the same as it does. */
export function exchangeOf(
  answer: AdviceAnswer,
  latency: number,
  parts: Omit<Transcript, "version" | "answer" | "latencyMicros">,
): Exchange {
  const whole = micros(Math.max(0, Math.round(latency)));
  const transcript: Transcript = { version: 1, ...parts, answer, latencyMicros: whole };
  return { answer, latency: whole, transcript };
}

/** The answer of somebody who has none. */
export const noAdvice = (
  reason: Extract<AdviceAnswer, { kind: "none" }>["reason"],
  text: string,
): AdviceAnswer => ({ kind: "none", reason, text });
