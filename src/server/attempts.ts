/**
 * Attempts: how often an address has shown a token that nobody has.
 *
 * What must stay true: a few wrong ones cost a minute in which no token of that address is looked
 * at, not even a right one; and a crowd of addresses takes a bounded room.
 */
const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

export class Attempts {
  readonly #failures = new Map<string, { count: number; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns seconds to wait; 0: it may try. */
  waitOf(address: string): number {
    const known = this.#failures.get(address);
    if (known === undefined) return 0;
    const left = known.until - this.#now();
    if (left <= 0) this.#failures.delete(address);
    return left > 0 && known.count >= MOST_FAILURES ? Math.ceil(left / 1_000) : 0;
  }

  failed(address: string): void {
    const known = this.#failures.get(address);
    if (known !== undefined && known.until > this.#now()) {
      known.count += 1;
      return;
    }
    this.#failures.delete(address);
    this.#failures.set(address, { count: 1, until: this.#now() + WINDOW_MS });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MOST_ADDRESSES && oldest !== undefined) {
      this.#failures.delete(oldest);
    }
  }
}
