/**
 * Advice tally: what came of the questions of one run, in a line or two at its end.
 */
import type { Advice } from "../core/contracts/advice.ts";
import type { EngineEvent, EngineOutput } from "../core/domain/messages.ts";

export class AdviceTally {
  asked = 0;
  answered = 0;
  taken = 0;
  #advisor = "";
  #last: Advice | undefined;

  take(event: EngineEvent, outputs: readonly EngineOutput[]): void {
    if (event.kind === "advice-received") {
      this.#advisor = event.advisor;
      if (event.answer.kind === "advice") {
        this.answered += 1;
        this.#last = event.answer.advice;
      }
    }
    for (const output of outputs) {
      if (output.kind === "ask-advisor") this.asked += 1;
      if (output.kind === "advice-taken" && output.weight > 0) this.taken += 1;
    }
  }

  /** Undefined: nobody was asked. */
  get json() {
    if (this.asked === 0) return undefined;
    const { asked, answered, taken } = this;
    return { advisor: this.#advisor, asked, answered, taken };
  }

  get text(): string {
    if (this.asked === 0) return "";
    const { asked, answered, taken } = this;
    const done = taken === 0 ? "none was followed (it was only watched)" : `${taken} were followed`;
    const counts = `${asked} questions, ${answered} answered with advice, ${done}`;
    const last = this.#last;
    const said = last === undefined ? "" : `\n  the last: ${lastText(last)}`;
    return `advisor: ${this.#advisor}: ${counts}${said}\n`;
  }
}

const lastText = ({ action, confidence, reasoning }: Advice): string =>
  `${action}, ${Math.round(100 * confidence)} % sure: ${reasoning}`;
