/**
 * Advice log: what was asked about one order, what was answered, and what came of it.
 *
 * Gathered from the questions, answers and facts as they are journaled. Bounded: the newest entries
 * and latencies are kept, the counts are of all.
 */
import type { AdviceQuestion } from "../core/contracts/advice.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import type { Fraction, Micros } from "../core/domain/units.ts";
import type { AdviceEntry, AdvisorView } from "./shapes.ts";

const KEPT = 50;
const LATENCIES_KEPT = 1000;

/** Where numbers of a reasoning stand, and whether the question shows them. */
export type FindNumbers = (
  reasoning: string,
  question: AdviceQuestion,
) => readonly { readonly at: number; readonly text: string; readonly isFound: boolean }[];

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
interface Open {
  readonly question: AdviceQuestion;
  readonly entry: Mutable<AdviceEntry>;
}
type Received = Extract<EngineEvent, { kind: "advice-received" }>;
type Outcome = Extract<EngineOutput, { kind: "advice-taken" | "advice-dropped" }>;

export class AdviceLog {
  readonly #findNumbers: FindNumbers | undefined;
  #entries: Open[] = [];
  #latencies: number[] = [];
  #asked = 0;
  #answered = 0;
  #followed = 0;
  #fallbacks = 0;
  #advised = 0;
  #grounded = 0;
  #clamped = 0;
  #confidence = 0;
  /** As far as answers told; undefined: none has. */
  #tokens: number | undefined;
  #usd: number | undefined;
  /** The question that has no outcome yet. */
  #open: Open | undefined;

  constructor(findNumbers: FindNumbers | undefined) {
    this.#findNumbers = findNumbers;
  }

  asked(question: AdviceQuestion, at: Micros): void {
    if (this.#open !== undefined) this.#drop(this.#open, "no answer came in time");
    this.#asked += 1;
    const entry: Mutable<AdviceEntry> = {
      askedAt: at,
      cause: question.cause,
      answeredAt: null,
      latencyMs: null,
      advisor: null,
      answer: null,
      weight: null,
      until: null,
      clamps: [],
      dropped: null,
      grounded: [],
    };
    this.#open = { question, entry };
    this.#entries.push(this.#open);
    if (this.#entries.length > KEPT) this.#entries.shift();
  }

  answered({ questionId, time, answer, advisor, latency, usage }: Received): void {
    const asked = this.#find(questionId);
    if (asked === undefined || asked.entry.answer !== null) return;
    const { entry, question } = asked;
    this.#answered += 1;
    entry.answeredAt = time;
    entry.latencyMs = latency / 1000;
    entry.advisor = advisor;
    entry.answer = answer;
    this.#latencies.push(entry.latencyMs);
    if (this.#latencies.length > LATENCIES_KEPT) this.#latencies.shift();
    if (usage !== undefined) this.#tokens = (this.#tokens ?? 0) + usage.tokens;
    if (usage?.usd !== undefined) this.#usd = (this.#usd ?? 0) + usage.usd;
    if (answer.kind !== "advice") return;
    const { reasoning, confidence } = answer.advice;
    const numbers = this.#findNumbers?.(reasoning, question) ?? [];
    entry.grounded = marked(reasoning, numbers);
    this.#advised += 1;
    this.#confidence += confidence;
    if (numbers.every(({ isFound }) => isFound)) this.#grounded += 1;
  }

  cameOf(outcome: Outcome): void {
    const asked = this.#find(outcome.questionId);
    if (asked === undefined || asked.entry.weight !== null) return;
    if (outcome.kind === "advice-dropped") return this.#drop(asked, outcome.why);
    const { entry } = asked;
    entry.weight = outcome.weight;
    entry.until = outcome.until;
    entry.clamps = outcome.clamps;
    if (outcome.clamps.length > 0) this.#clamped += 1;
    if (outcome.weight > 0) this.#followed += 1;
    if (this.#open === asked) this.#open = undefined;
  }

  /** Of the tokens and dollars that answers told; null: none has told any. */
  get spent(): { readonly tokens: number | null; readonly usd: number | null } {
    return { tokens: this.#tokens ?? null, usd: this.#usd ?? null };
  }

  get figures(): Pick<
    AdvisorView,
    | "asked"
    | "answered"
    | "advised"
    | "followed"
    | "clamped"
    | "dropped"
    | "grounded"
    | "confidence"
    | "fallbackRate"
    | "latencyMs"
    | "entries"
  > {
    return {
      advised: this.#advised,
      clamped: this.#clamped,
      dropped: this.#fallbacks,
      grounded: this.#grounded,
      confidence: this.#advised === 0 ? null : this.#confidence / this.#advised,
      asked: this.#asked,
      answered: this.#answered,
      followed: this.#followed,
      fallbackRate: this.#fallbackRate,
      latencyMs:
        this.#latencies.length === 0
          ? null
          : { p50: quantile(this.#latencies, 0.5), p95: quantile(this.#latencies, 0.95) },
      entries: this.#entries.map(({ entry }) => ({ ...entry })),
    };
  }

  /** Of the questions that have come to something. */
  get #fallbackRate(): Fraction | null {
    const settled = this.#asked - (this.#open === undefined ? 0 : 1);
    return settled === 0 ? null : this.#fallbacks / settled;
  }

  #drop(asked: Open, why: string): void {
    if (asked.entry.dropped !== null) return;
    asked.entry.dropped = why;
    this.#fallbacks += 1;
    if (this.#open === asked) this.#open = undefined;
  }

  #find(questionId: string): Open | undefined {
    return this.#entries.findLast(({ question }) => question.id === questionId);
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}

/** The text in pieces: between the numbers, and each number with its mark. */
function marked(text: string, numbers: ReturnType<FindNumbers>): AdviceEntry["grounded"] {
  const pieces: { text: string; mark: "text" | "found" | "not" }[] = [];
  let from = 0;
  for (const number of numbers) {
    if (number.at > from) pieces.push({ text: text.slice(from, number.at), mark: "text" });
    pieces.push({ text: number.text, mark: number.isFound ? "found" : "not" });
    from = number.at + number.text.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), mark: "text" });
  return pieces;
}
