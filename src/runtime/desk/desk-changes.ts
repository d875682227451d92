/**
 * Desk changes: gathers what has changed, and tells of it a little later, once for many changes.
 *
 * What must stay true: nobody is told from within a call to the desk or from within a run's own
 * work; each change is told after it happened; and whoever listens cannot stop the telling.
 */
import type { Timers } from "../../data/network/timers.ts";
import type { DeskChange } from "./desk-terms.ts";

/** Rows of a market come by the hundred a second. */
const MARKET_NANOS = 100e6;
const SOON_NANOS = 1e6;

type Listener = (change: DeskChange) => void;

export class DeskChanges {
  readonly #timers: Timers;
  readonly #takeOrders: () => readonly string[];
  readonly #listeners = new Set<Listener>();
  readonly #markets = new Set<string>();
  #isOfOrders = false;
  #isOfRuns = false;
  #isOfTimeline = false;
  #isDue = false;
  #isMarketDue = false;
  #isClosed = false;

  /** @param takeOrders ids of the orders that changed since it was asked last. */
  constructor(timers: Timers, takeOrders: () => readonly string[]) {
    this.#timers = timers;
    this.#takeOrders = takeOrders;
  }

  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
  }

  orders(): void {
    this.#isOfOrders = true;
    this.#soon();
  }

  runs(): void {
    this.#isOfRuns = true;
    this.#soon();
  }

  timeline(): void {
    this.#isOfTimeline = true;
    this.#soon();
  }

  market(instrument: string): void {
    this.#markets.add(instrument);
    if (this.#isMarketDue || this.#isClosed) return;
    this.#isMarketDue = true;
    this.#timers.after(MARKET_NANOS, () => {
      this.#isMarketDue = false;
      const instruments = [...this.#markets];
      this.#markets.clear();
      for (const each of instruments) this.#tell({ kind: "market", instrument: each });
      // What is open is worth something else at another mid.
      this.orders();
    });
  }

  #soon(): void {
    if (this.#isDue || this.#isClosed) return;
    this.#isDue = true;
    this.#timers.after(SOON_NANOS, () => {
      this.#isDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const [isOfRuns, isOfOrders, isOfTimeline] = [
      this.#isOfRuns,
      this.#isOfOrders,
      this.#isOfTimeline,
    ];
    this.#isOfRuns = false;
    this.#isOfOrders = false;
    this.#isOfTimeline = false;
    if (isOfRuns) this.#tell({ kind: "runs" });
    if (isOfOrders) {
      const parentIds = this.#takeOrders();
      if (parentIds.length > 0) this.#tell({ kind: "orders", parentIds });
    }
    if (isOfTimeline) this.#tell({ kind: "timeline" });
  }

  #tell(change: DeskChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // Whoever throws hears no more: the others, and the orders, go on.
        this.#listeners.delete(listener);
        process.emitWarning(`a listener of the desk was let go: ${String(error)}`);
      }
    }
  }
}
