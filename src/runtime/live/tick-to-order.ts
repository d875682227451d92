/**
 * Tick to order: how long an order, an amendment or a cancel takes from the receipt of the row that
 * caused it until it is handed to the session, the making durable of its reason apart.
 *
 * Figures go into histograms of fixed size: nothing is allocated for one more.
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

export interface SpanFigures {
  readonly count: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface TickToOrderFigures {
  readonly total: SpanFigures;
  readonly compute: SpanFigures;
  readonly durable: SpanFigures;
}

export class TickToOrder {
  readonly #total = createHistogram();
  readonly #compute = createHistogram();
  readonly #durable = createHistogram();

  /** Nanoseconds. */
  record(total: number, durable: number): void {
    // A histogram counts from one.
    this.#total.record(Math.max(1, Math.round(total)));
    this.#durable.record(Math.max(1, Math.round(durable)));
    this.#compute.record(Math.max(1, Math.round(total - durable)));
  }

  /** Undefined before the first order. */
  get figures(): TickToOrderFigures | undefined {
    if (this.#total.count === 0) return undefined;
    return {
      total: figuresOf(this.#total),
      compute: figuresOf(this.#compute),
      durable: figuresOf(this.#durable),
    };
  }
}

const figuresOf = (spans: RecordableHistogram): SpanFigures => ({
  count: spans.count,
  p50: spans.percentile(50) / 1000,
  p99: spans.percentile(99) / 1000,
  max: spans.max / 1000,
});
