/**
 * Order runs: market orders of one side in a row, for markets that do not say who traded.
 *
 * Orders are dealt out to traders by lot, and what a trader sends of one side in a row is taken for
 * a metaorder (Maitrier, Loeper, Bouchaud 2025, who find what is known of true metaorders in this
 * way). One trader alone gives plain runs. How many there are is nowhere to be read, so several
 * numbers are tried. What must stay true: the lots are drawn by the order's number alone.
 */
import { streamOf, uniformAt } from "../../core/domain/random.ts";
import type { DealtRuns, OrderRun } from "./tape.ts";

/** Half ticks; 0 where there is no healthy book. */
export type Mid = number;

/** A longer run ends here. */
const RUN_ORDERS = 4_096;
/** More runs than this are thinned to one of two, again and again. */
const RUNS_KEPT = 50_000;
const NANOS = 1e9;
const STREAM = streamOf("traders by lot");

interface OpenRun {
  readonly sign: number;
  readonly start: number;
  end: number;
  readonly lots: number[];
  readonly mids: Mid[];
}

export class RunTape {
  readonly #traders: number;
  readonly #origin: number;
  /** Trader k has a share of the orders in proportion to 1/k; these are sums up to each. */
  readonly #shares: readonly number[];
  readonly #open: (OpenRun | undefined)[];
  #dealt = 0;
  #runs: OrderRun[] = [];
  #seen = 0;
  #thinnedBy = 1;

  constructor(traders: number, origin: number) {
    this.#traders = traders;
    this.#origin = origin;
    let sum = 0;
    this.#shares = Array.from({ length: traders }, (_, k) => (sum += 1 / (k + 1)));
    this.#open = Array.from({ length: traders });
  }

  dealt(): DealtRuns {
    return { traders: this.#traders, runs: this.#runs, thinnedBy: this.#thinnedBy };
  }

  order(time: number, sign: number, lots: number, before: Mid, after: Mid): void {
    const trader = this.#traderOf(this.#dealt++);
    const run = this.#open[trader];
    if (run !== undefined && run.sign === sign && run.lots.length < RUN_ORDERS) {
      run.end = time;
      run.lots.push(lots);
      run.mids.push(after);
      return;
    }
    this.#note(run);
    this.#open[trader] = { sign, start: time, end: time, lots: [lots], mids: [before, after] };
  }

  /** Nothing of what comes belongs to what was. */
  breakOff(): void {
    for (const run of this.#open) this.#note(run);
    this.#open.fill(undefined);
  }

  #traderOf(order: number): number {
    if (this.#traders === 1) return 0;
    const at = uniformAt(this.#traders, STREAM, order) * this.#shares.at(-1)!;
    return Math.max(
      0,
      this.#shares.findIndex((share) => at < share),
    );
  }

  /** A single order is no metaorder. */
  #note(run: OpenRun | undefined): void {
    if (run === undefined || run.lots.length < 2 || run.mids.includes(0)) return;
    this.#seen += 1;
    if (this.#seen % this.#thinnedBy !== 0) return;
    const total = run.lots.reduce((sum, lots) => sum + lots, 0);
    const at = (share: number): Mid => midAt(run.lots, run.mids, share * total);
    this.#runs.push({
      isBuy: run.sign > 0,
      startAt: (run.start - this.#origin) / NANOS,
      endAt: (run.end - this.#origin) / NANOS,
      orders: run.lots.length,
      lots: total,
      mids: [run.mids[0]!, at(0.25), at(0.5), at(0.75), run.mids.at(-1)!],
    });
    if (this.#runs.length <= RUNS_KEPT) return;
    this.#runs = this.#runs.filter((_, i) => i % 2 === 1);
    this.#thinnedBy *= 2;
  }
}

/** Where the mid stood when `wanted` lots had been done, linear between the orders. */
function midAt(lots: readonly number[], mids: readonly Mid[], wanted: number): Mid {
  let done = 0;
  for (let i = 0; i < lots.length; i++) {
    const next = done + lots[i]!;
    if (next >= wanted) return mids[i]! + ((mids[i + 1]! - mids[i]!) * (wanted - done)) / lots[i]!;
    done = next;
  }
  return mids.at(-1)!;
}
