/**
 * Fresh answers: advice that is used again while the situation is the same and time is short.
 *
 * What must stay true: nothing older than the freshness is given out, and no more is kept than the
 * cap, the longest unused being forgotten first.
 */
import type { Advice, AdviceQuestion } from "../core/contracts/advice.ts";
import { freshKey } from "./question-hash.ts";

export interface FreshAnswer {
  readonly advice: Advice;
  /** The exchange that it came by. */
  readonly exchangeId: string;
}

const MOST_KEPT = 256;

export class FreshAnswers {
  /** Microseconds; 0 = nothing is used again. */
  readonly #freshFor: number;
  readonly #kept = new Map<string, FreshAnswer & { readonly at: number }>();

  constructor(freshFor: number) {
    this.#freshFor = freshFor;
  }

  find(question: AdviceQuestion, now: number): FreshAnswer | undefined {
    if (this.#freshFor <= 0) return undefined;
    const key = freshKey(question);
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    if (now - found.at > this.#freshFor || now < found.at) return undefined;
    this.#kept.set(key, found);
    return found;
  }

  keep(question: AdviceQuestion, answer: FreshAnswer, now: number): void {
    if (this.#freshFor <= 0) return;
    const key = freshKey(question);
    this.#kept.delete(key);
    this.#kept.set(key, { ...answer, at: now });
    if (this.#kept.size <= MOST_KEPT) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest!);
  }
}
