/**
 * Watched observer: an observer that says when a second of the market ends, before the next begins.
 *
 * Whoever follows a run samples the book once a second. What must stay true: it takes in the very
 * same rows, in the same order and with the same stops, as one that nobody watches.
 */
import type { Micros } from "../core/domain/units.ts";
import type { MarketColumns, MarketHeader } from "../core/market/columns.ts";
import { Observer } from "../core/market/observer.ts";

const NANOS = 1e9;

export class WatchedObserver extends Observer {
  readonly #epochSeconds: number;
  /** Told the time of the second that the next rows lie in; set by whoever follows the run. */
  onRows: ((at: Micros) => void) | undefined;
  /** Where the second in hand ends, nanoseconds since the stream's epoch. */
  #endsAt = -1;

  constructor(header: MarketHeader, participationWindow?: Micros) {
    super(header, participationWindow);
    this.#epochSeconds = Number(header.epochNanos / 1_000_000_000n);
  }

  override observe(columns: MarketColumns, from: number, to: number, until: number): number {
    if (this.onRows === undefined) return super.observe(columns, from, to, until);
    let row = from;
    for (;;) {
      const next = super.observe(columns, row, to, Math.min(until, this.#endsAt - 1));
      // Once it has been woken, whoever woke it looks first.
      if (this.wokeUp && next > row) return next;
      row = next;
      if (row >= to || columns.localTime[row]! > until) return row;
      this.#begin(columns.localTime[row]!);
    }
  }

  #begin(time: number): void {
    const second = Math.floor(time / NANOS);
    this.#endsAt = (second + 1) * NANOS;
    this.onRows?.(((this.#epochSeconds + second) * 1e6) as Micros);
  }
}
