/**
 * Question budget: what one parent order may spend on advice: calls, tokens, money.
 *
 * A call counts when it begins. Of one that was given up nobody tells what it cost, so it counts as
 * the dearest that was seen, until its late answer corrects that. What must stay true: a budget is
 * overrun by one question at most, and by none in calls.
 */
export interface Budget {
  /** Infinity: as many as asked for. */
  readonly calls: number;
  readonly tokens: number;
  /** US dollars; needs the prices of the model. */
  readonly usd: number;
}

export interface Spent {
  readonly calls: number;
  readonly tokens: number;
  readonly usd: number;
}

/** Of a call of which nothing is known yet: a long question and a long answer. */
const UNSEEN_TOKENS = 4_000;

interface Account {
  calls: number;
  tokens: number;
  usd: number;
}

export class QuestionBudget {
  readonly #most: Budget;
  readonly #accounts = new Map<string, Account>();
  #dearest = { tokens: 0, usd: 0 };

  constructor(most: Budget) {
    this.#most = most;
  }

  spent(parentId: string): Spent {
    return { ...this.#accountOf(parentId) };
  }

  /** What is used up, in words; undefined: it may be asked. */
  refusal(parentId: string): string | undefined {
    const { calls, tokens, usd } = this.#accountOf(parentId);
    const most = this.#most;
    if (calls >= most.calls) return `${calls} of ${most.calls} calls are used up`;
    if (tokens >= most.tokens) return `${tokens} of ${most.tokens} tokens are used up`;
    if (usd >= most.usd) return `$${usd.toFixed(4)} of $${most.usd} are used up`;
    return undefined;
  }

  /** @returns what books the cost once it is known; a later booking replaces an earlier one. */
  begin(parentId: string): (cost: Omit<Spent, "calls"> | undefined) => void {
    const account = this.#accountOf(parentId);
    account.calls++;
    let booked = { tokens: 0, usd: 0 };
    return (told) => {
      const cost = told ?? this.#unseen();
      account.tokens += cost.tokens - booked.tokens;
      account.usd += cost.usd - booked.usd;
      booked = cost;
      if (told === undefined) return;
      this.#dearest = {
        tokens: Math.max(this.#dearest.tokens, told.tokens),
        usd: Math.max(this.#dearest.usd, told.usd),
      };
    };
  }

  #unseen(): Omit<Spent, "calls"> {
    return this.#dearest.tokens > 0 ? this.#dearest : { tokens: UNSEEN_TOKENS, usd: 0 };
  }

  #accountOf(parentId: string): Account {
    let account = this.#accounts.get(parentId);
    if (account === undefined) {
      account = { calls: 0, tokens: 0, usd: 0 };
      this.#accounts.set(parentId, account);
    }
    return account;
  }
}
