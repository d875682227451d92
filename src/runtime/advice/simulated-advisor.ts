/**
 * Simulated advisor: an advisor's answers in virtual time.
 *
 * A question is put to it at once, and virtual time stands still until it has answered; the answer
 * is an event at the question's time plus the latency that it tells. What must stay true: the event
 * hangs on what was answered alone, not on when that was in real time.
 */
import type { Advisor, Exchange } from "../../advisors/advisor.ts";
import type { AdviceQuestion } from "../../core/contracts/advice.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import { addMicros, type Micros, NEVER } from "../../core/domain/units.ts";
import { answerEvent } from "./answer-event.ts";
import type { LaneAdvisor } from "../simulated-lane.ts";

/** The run's own time, microseconds: what a guard measures freshness by. Set at each question. */
export interface RunClock {
  now: number;
}

export class SimulatedAdvisor implements LaneAdvisor {
  readonly #advisor: Advisor;
  readonly #abort = new AbortController();
  readonly #clock: RunClock;
  readonly #onExchange: (exchange: Exchange) => void;
  #thinking: Promise<void> | undefined;
  /** Soonest first. */
  #answers: EngineEvent[] = [];

  constructor(
    advisor: Advisor,
    onExchange: (exchange: Exchange) => void = () => undefined,
    clock: RunClock = { now: 0 },
  ) {
    this.#advisor = advisor;
    this.#clock = clock;
    this.#onExchange = onExchange;
  }

  ask(question: AdviceQuestion, at: Micros): void {
    this.#clock.now = at;
    const asked = this.#advisor.ask(question, this.#abort.signal);
    const before = this.#thinking;
    const thinking = asked.then(async (exchange) => {
      await before;
      if (this.#thinking === thinking) this.#thinking = undefined;
      this.#onExchange(exchange);
      this.#answers.push(
        answerEvent(question, exchange, this.#advisor.name, addMicros(at, exchange.latency)),
      );
      this.#answers.sort((a, b) => a.time - b.time);
    });
    this.#thinking = thinking;
  }

  get isThinking(): boolean {
    return this.#thinking !== undefined;
  }

  /** Resolves once everything that was asked is answered. */
  get thought(): Promise<void> {
    return this.#thinking ?? Promise.resolve();
  }

  get nextAt(): Micros {
    return this.#answers[0]?.time ?? NEVER;
  }

  take(): EngineEvent {
    return this.#answers.shift()!;
  }

  /** Whatever is still asked is given up. */
  close(): void {
    this.#abort.abort();
  }
}
