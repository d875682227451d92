/**
 * Explanation: what an advisor was asked about an order, what came of it, and why each child order
 * was sent: read from a journal, and from the exchanges kept beside it.
 *
 * What must stay true: it says what stands there and computes nothing anew; what was exchanged
 * counts only where its bytes have the hash that the journal names.
 */
import { transcriptId, type Transcript } from "../../advisors/advisor.ts";
import { grounded, type Grounding } from "../../advisors/grounding.ts";
import { readTranscripts } from "../../advisors/transcript-file.ts";
import type {
  AdviceAnswer,
  AdviceQuestion,
  AdviceTerms,
  Clamp,
} from "../../core/contracts/advice.ts";
import type { OrderTerms } from "../../core/domain/child-order.ts";
import type { Decision } from "../../core/domain/decision.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { Micros } from "../../core/domain/units.ts";
import type { JournalFault, JournalHeader, JournalRecord } from "../journal/journal.ts";
import { openJournal } from "../journal/reader.ts";

export interface AdviceStory {
  /** Number of the journal's record. */
  readonly record: number;
  readonly askedAt: Micros;
  readonly question: AdviceQuestion;
  /** Undefined: it never came. */
  answer?: {
    readonly record: number;
    readonly at: Micros;
    readonly answer: AdviceAnswer;
    readonly advisor: string;
    readonly latency: Micros;
    /** SHA-256 of what was exchanged. */
    readonly exchange?: string;
    /** Of an advice: whether its numbers stand in the question. */
    readonly grounding?: Grounding;
  };
  outcome?:
    | {
        readonly kind: "taken";
        readonly weight: number;
        readonly until: Micros;
        readonly clamps: readonly Clamp[];
      }
    | { readonly kind: "dropped"; readonly why: string };
  /** What was sent and received, where it is kept and has the hash that the journal names. */
  transcript?: Transcript;
}

export interface ChildStory {
  readonly record: number;
  readonly at: Micros;
  readonly order: OrderTerms;
  readonly decision: Decision;
  /** Id of the question whose answer was in force. */
  readonly onAdvice?: string;
}

/** How much of what was advised was to be done, as an order's terms had it. */
export type Influence = Pick<AdviceTerms, "influence" | "influenceSource"> & {
  readonly parentId: string;
};

export interface Explanation {
  readonly header: JournalHeader;
  /** Of each order that somebody was to be asked about. */
  readonly influences: readonly Influence[];
  readonly stories: readonly AdviceStory[];
  readonly children: readonly ChildStory[];
  /** Exchanges that the journal names and that are not there, or are others. */
  readonly missing: number;
}

/** @param exchanges a file of transcripts; undefined: none is kept. */
export async function explain(
  path: string,
  exchanges: string | undefined,
): Promise<Result<Explanation, JournalFault>> {
  const opened = openJournal(path);
  if (!opened.ok) return err(opened.error);
  const journal = opened.value;
  try {
    const told = new Reading();
    for (const record of journal.records()) told.take(record);
    const kept = exchanges === undefined ? new Map() : await transcriptsOf(exchanges);
    let missing = 0;
    for (const story of told.stories) {
      const { exchange } = story.answer ?? {};
      if (exchange === undefined) continue;
      const transcript = kept.get(exchange);
      if (transcript === undefined) missing += 1;
      else story.transcript = transcript;
    }
    const { stories, children, influences } = told;
    return ok({ header: journal.header, influences, stories, children, missing });
  } finally {
    journal.close();
  }
}

/** By their own hashes. */
async function transcriptsOf(path: string): Promise<Map<string, Transcript>> {
  const read = await readTranscripts(path);
  if (!read.ok) return new Map();
  return new Map(read.value.map((transcript) => [transcriptId(transcript), transcript]));
}

class Reading {
  readonly stories: AdviceStory[] = [];
  readonly children: ChildStory[] = [];
  readonly influences: Influence[] = [];
  readonly #byId = new Map<string, AdviceStory>();
  /** By parent: the decision told last, and whose advice is in force. */
  readonly #decisions = new Map<string, Decision>();
  readonly #inForce = new Map<string, { readonly id: string; readonly until: Micros }>();
  #time = 0 as Micros;

  take({ kind, sequence, body }: JournalRecord): void {
    if (kind === "event") this.#event(sequence, JSON.parse(body) as EngineEvent);
    else this.#output(sequence, JSON.parse(body) as EngineOutput);
  }

  #event(record: number, event: EngineEvent): void {
    this.#time = event.time;
    if (event.kind === "parent-submitted" && event.parent.advice !== undefined) {
      const { influence, influenceSource } = event.parent.advice;
      this.influences.push({ parentId: event.parent.id, influence, influenceSource });
    }
    if (event.kind !== "advice-received") return;
    const story = this.#byId.get(event.questionId);
    if (story === undefined || story.answer !== undefined) return;
    const { answer, advisor, latency, exchange } = event;
    story.answer = {
      record,
      at: event.time,
      answer,
      advisor,
      latency,
      ...(exchange === undefined ? {} : { exchange }),
      ...(answer.kind === "advice"
        ? { grounding: grounded(answer.advice.reasoning, story.question) }
        : {}),
    };
  }

  #output(record: number, output: EngineOutput): void {
    switch (output.kind) {
      case "ask-advisor": {
        const { question } = output;
        const story: AdviceStory = { record, askedAt: this.#time, question };
        this.stories.push(story);
        this.#byId.set(question.id, story);
        return;
      }
      case "advice-taken": {
        const { questionId, parentId, weight, until, clamps } = output;
        const story = this.#byId.get(questionId);
        if (story !== undefined) story.outcome = { kind: "taken", weight, until, clamps };
        if (weight > 0) this.#inForce.set(parentId, { id: questionId, until });
        return;
      }
      case "advice-dropped": {
        const story = this.#byId.get(output.questionId);
        if (story !== undefined) story.outcome ??= { kind: "dropped", why: output.why };
        return;
      }
      case "decision-made":
        this.#decisions.set(output.decision.parentId, output.decision);
        return;
      case "place-order":
        return this.#placed(record, output.order);
      default:
    }
  }

  #placed(record: number, order: OrderTerms): void {
    const parentId = order.clientOrderId.slice(0, order.clientOrderId.lastIndexOf("-"));
    const decision = this.#decisions.get(parentId);
    if (decision === undefined) return;
    const inForce = this.#inForce.get(parentId);
    const isAdvised = decision.source === "llm" && inForce !== undefined;
    this.children.push({
      record,
      at: this.#time,
      order,
      decision,
      ...(isAdvised ? { onAdvice: inForce.id } : {}),
    });
  }
}
