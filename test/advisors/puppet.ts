/**
 * Puppet: an advisor that does what a test says, badly where it is told to, in virtual time.
 *
 * It ignores that it is stopped, throws where it should answer, and hangs: what the guard is for.
 */
import type { AdviceQuestion } from "../../src/core/contracts/advice.ts";
import { ok } from "../../src/core/domain/errors.ts";
import { micros } from "../../src/core/domain/units.ts";
import { type Advisor, type Exchange, exchangeOf, noAdvice } from "../../src/advisors/advisor.ts";
import { parseAnswer } from "../../src/advisors/answer.ts";
import { PROMPT_VERSION } from "../../src/advisors/prompt.ts";
import { questionHash } from "../../src/advisors/question-hash.ts";
import type { AdvisorTime } from "../../src/advisors/time.ts";
import { VirtualTime } from "../../src/data/network/virtual-time.ts";
import { rightAnswer } from "../../src/testing/advisor-questions.ts";
import type { Behaviour } from "../../src/testing/advisor-suite.ts";

export class AdvisorClock implements AdvisorTime {
  readonly virtual = new VirtualTime();

  nowNanos(): number {
    return this.virtual.now;
  }

  after(nanos: number, call: () => void): () => void {
    return this.virtual.after(nanos, call);
  }

  /** Lets promises run between what falls due. */
  async wait(ms: number): Promise<void> {
    const until = this.virtual.now + ms * 1e6;
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.virtual.step(until));
    if (this.virtual.now < until) this.virtual.runTo(until);
  }
}

export class Puppet implements Advisor {
  readonly name = "puppet:1 prompt 1";
  behaviour: Behaviour = { kind: "writes", text: rightAnswer() };
  asked = 0;
  stopped = 0;
  readonly #clock: AdvisorClock;

  constructor(clock: AdvisorClock) {
    this.#clock = clock;
  }

  check(): ReturnType<Advisor["check"]> {
    return Promise.resolve(ok(undefined));
  }

  ask(question: AdviceQuestion, signal: AbortSignal): Promise<Exchange> {
    this.asked++;
    signal.addEventListener("abort", () => this.stopped++);
    const { behaviour } = this;
    const began = this.#clock.nowNanos();
    const tell = (answer: Exchange["answer"]): Exchange =>
      exchangeOf(answer, (this.#clock.nowNanos() - began) / 1000, {
        advisor: this.name,
        provider: "puppet",
        model: "1",
        promptVersion: PROMPT_VERSION,
        question,
        questionHash: questionHash(question),
        usage: { inputTokens: 900, outputTokens: 100, isEstimate: false },
        costUsd: 0.01,
      });
    switch (behaviour.kind) {
      case "writes":
        return Promise.resolve(tell(parseAnswer(behaviour.text, question)));
      case "cut":
        return Promise.resolve(tell(noAdvice("malformed", "cut off")));
      case "refuses":
        return Promise.resolve(tell(noAdvice("refused", "no")));
      case "limits":
        return Promise.resolve({
          ...tell(noAdvice("rate-limited", "429")),
          retryAfter: micros(behaviour.afterSeconds * 1e6),
        });
      case "dies":
        return Promise.resolve(tell(noAdvice("unreachable", "gone")));
      case "fails":
        throw new Error("broken before the first promise");
      case "hangs":
        return new Promise(() => undefined);
      case "slow":
        return new Promise((resolve) => {
          this.#clock.after(behaviour.ms * 1e6, () =>
            resolve(tell(parseAnswer(behaviour.text, question))),
          );
        });
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const signalStage = (): { signal: AbortSignal; abort: () => void } => {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
};
