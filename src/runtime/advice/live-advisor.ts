/**
 * Live advisor: puts the engine's questions to an advisor in real time.
 *
 * A question is asked and forgotten; its answer is an event when it comes. What must stay true: the
 * run never waits for it, and what it throws is an answer too.
 */
import type { Advisor, Exchange } from "../../advisors/advisor.ts";
import type { AdviceQuestion } from "../../core/contracts/advice.ts";
import { answerEvent } from "./answer-event.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import { type Micros, micros } from "../../core/domain/units.ts";

export interface LiveAdvisorOptions {
  readonly advisor: Advisor;
  /** Takes the answer in, at the time that it is given. */
  readonly tell: (make: (time: Micros) => EngineEvent) => void;
}

export class LiveAdvisor {
  readonly #options: LiveAdvisorOptions;
  readonly #abort = new AbortController();

  constructor(options: LiveAdvisorOptions) {
    this.#options = options;
  }

  ask(question: AdviceQuestion): void {
    void this.#ask(question);
  }

  /** Whatever is still asked is given up, and nothing more is told. */
  close(): void {
    this.#abort.abort();
  }

  async #ask(question: AdviceQuestion): Promise<void> {
    const { advisor, tell } = this.#options;
    const { signal } = this.#abort;
    const exchange = await exchangeWith(advisor, question, signal);
    if (signal.aborted) return;
    if (typeof exchange !== "string") {
      return tell((time) => answerEvent(question, exchange, advisor.name, time));
    }
    const { id: questionId, parentId } = question;
    tell((time) => ({
      kind: "advice-received",
      time,
      parentId,
      questionId,
      answer: { kind: "none", reason: "broken", text: exchange },
      advisor: advisor.name,
      latency: micros(0),
    }));
  }
}

/** What it threw, where it throws: it must not, and somebody's own may. */
async function exchangeWith(
  advisor: Advisor,
  question: AdviceQuestion,
  signal: AbortSignal,
): Promise<Exchange | string> {
  try {
    return await advisor.ask(question, signal);
  } catch (error) {
    return String(error);
  }
}
