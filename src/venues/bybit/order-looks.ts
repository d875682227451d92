/**
 * Order looks: when the venue is to be asked about one order, and about its executions.
 *
 * What must stay true: whoever has looked in vain waits longer before the next look, up to a bound,
 * and never for ever.
 */
import type { TrackerPatience, VenueMillis } from "./order-sighting.ts";

const NEVER = Number.POSITIVE_INFINITY;

export class OrderLooks {
  /** Infinity = not. */
  orderAt: VenueMillis = NEVER;
  executionsAt: VenueMillis = NEVER;
  readonly #patience: TrackerPatience;
  #failed = 0;
  #forExecutions = 0;

  constructor(patience: TrackerPatience) {
    this.#patience = patience;
  }

  get isOrderDue(): boolean {
    return this.orderAt !== NEVER;
  }

  by(at: VenueMillis): void {
    this.#failed = 0;
    this.orderAt = Math.min(this.orderAt, at);
  }

  /** `closesAt`: of what may still be on its way; a look behind that tells more than one before. */
  again(now: VenueMillis, closesAt: VenueMillis): void {
    this.#failed += 1;
    this.orderAt = now + this.#wait(this.#failed);
    if (closesAt < now || closesAt >= this.orderAt) return;
    this.#failed = 0;
    this.orderAt = closesAt + 1;
  }

  /** Executions are missing. */
  executionsBy(at: VenueMillis): void {
    if (this.executionsAt !== NEVER) return;
    this.#forExecutions = 0;
    this.executionsAt = at;
  }

  /** How often in vain, now. */
  executionsAgain(now: VenueMillis): number {
    this.#forExecutions += 1;
    this.executionsAt = now + this.#wait(this.#forExecutions);
    return this.#forExecutions;
  }

  #wait(looks: number): number {
    const { firstLookMs, mostLookMs } = this.#patience;
    return Math.min(mostLookMs, firstLookMs * 2 ** Math.min(looks, 20));
  }
}
