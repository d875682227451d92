/**
 * Account look: what the account is like now, asked once for all who want to know it at a time.
 *
 * A venue takes long to tell of an account on which much rests. What must stay true: an answer is
 * good for a second from when it was asked, and never for longer than until an order is taken on,
 * because it does not tell of that; and nothing that is held at the instant of sending rests on it:
 * the engine's limits know its own position and its own orders.
 */
import type { Result } from "../../core/domain/errors.ts";
import type { AccountSummary, VenueFault } from "../../venues/venue.ts";

type Answer = Promise<Result<AccountSummary, VenueFault>>;

export interface AccountLookOptions {
  readonly ask: () => Answer;
  /** Nanoseconds. */
  readonly now: () => number;
}

const FRESH_NANOS = 1e9;

export class AccountLook {
  readonly #options: AccountLookOptions;
  /** Asked last, and still to be relied on. */
  #last: { readonly from: number; readonly answer: Answer } | undefined;
  #underWay: Answer | undefined;
  /** What is asked once that is answered, for all who came meanwhile. */
  #next: Answer | undefined;

  constructor(options: AccountLookOptions) {
    this.#options = options;
  }

  look(): Answer {
    if (this.#last !== undefined && this.#options.now() - this.#last.from <= FRESH_NANOS) {
      return this.#last.answer;
    }
    if (this.#underWay === undefined) return this.#ask();
    this.#next ??= this.#askBehind(this.#underWay);
    return this.#next;
  }

  /** What has been asked so far does not tell of what comes now. */
  spoil(): void {
    this.#last = undefined;
  }

  #ask(): Answer {
    const { ask, now } = this.#options;
    const look = { from: now(), answer: ask() };
    this.#last = look;
    this.#underWay = look.answer;
    const done = (isGood: boolean): void => {
      this.#underWay = undefined;
      // A refusal is the answer of those who waited for it, and of nobody else.
      if (!isGood && this.#last === look) this.#last = undefined;
    };
    look.answer.then(
      ({ ok }) => done(ok),
      () => done(false),
    );
    return look.answer;
  }

  async #askBehind(before: Answer): Answer {
    await before.catch(() => undefined);
    this.#next = undefined;
    return this.look();
  }
}
