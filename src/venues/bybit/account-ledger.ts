/**
 * Account ledger: what has moved the account besides the orders that the session knows.
 *
 * Executions come by the stream and are listed again and again; each counts once. Ids are kept as
 * far back as lists still reach. What must stay true: nothing counts that is in the position which
 * the run goes out from; and in hedge mode only the position that the run trades.
 */
import type { ExecutionRow, PositionIndex } from "./wire.ts";
import type { VenueMillis } from "./order-sighting.ts";

/** An execution is listed no later than this behind its time. */
const LATEST_MS = 600_000;

export class AccountLedger {
  /** Signed: what others have traded. */
  foreignLots = 0;
  /** Their executions. */
  foreign = 0;
  readonly #positionIndex: PositionIndex;
  /** What happened up to then is known. */
  #knownTo: VenueMillis;
  #latest: VenueMillis;
  /** Each later one's time. */
  readonly #times = new Map<string, VenueMillis>();

  constructor(knownTo: VenueMillis, positionIndex: PositionIndex) {
    this.#knownTo = knownTo;
    this.#latest = knownTo;
    this.#positionIndex = positionIndex;
  }

  /** How many ids are kept. */
  get size(): number {
    return this.#times.size;
  }

  /**
   * Up to then all is counted; and nothing that is counted came later. Rows that are no trades,
   * such as a forced closing, are not counted, and say nothing of it, whatever time they bear.
   */
  get executedTo(): VenueMillis {
    return Math.max(this.#latest, this.#knownTo);
  }

  /** Once for each. */
  isNews(executionId: string, at: VenueMillis): boolean {
    if (at <= this.#knownTo || this.#times.has(executionId)) return false;
    this.#times.set(executionId, at);
    return true;
  }

  /** All up to `until` was listed. */
  listed(until: VenueMillis): void {
    this.#knownTo = Math.max(this.#knownTo, until - LATEST_MS);
    for (const [id, at] of this.#times) if (at <= this.#knownTo) this.#times.delete(id);
  }

  /** False: it moved the position of the other side, or the venue does not say which. */
  addForeign({ side, fill, isClosing, time }: Extract<ExecutionRow, { kind: "trade" }>): boolean {
    if (this.#positionIndex !== 0) {
      if (isClosing === undefined) return false;
      const moved = (side === "buy") === isClosing ? 2 : 1;
      if (moved !== this.#positionIndex) return false;
    }
    this.foreign += 1;
    this.#latest = Math.max(this.#latest, time / 1000);
    this.foreignLots += side === "buy" ? fill.quantity : -fill.quantity;
    return true;
  }
}
