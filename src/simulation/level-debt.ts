/**
 * Level debt: what each level of one side of a recorded book has less, or more, because of us.
 *
 * A recording does not know us: after we have taken a level it still shows it. The debt remembers,
 * so that visible = max(0, recorded − debt) and no lot is sold to us twice. When the recording
 * shrinks the level the debt shrinks with it, and a level that was emptied owes nothing when it
 * comes back. A negative debt is what others still have there because we were served instead.
 */
import { isTick } from "./recorded-market.ts";
import { TickFilter } from "./tick-filter.ts";

/** Steps of a lot that debts heal by: sums with whole lots are exact, so no lot is made up. */
const STEPS = 2 ** 16;

/** Less than this is nothing: half a lot. */
const LEAST = 0.5;

export class LevelDebt {
  /** Whole lots, until they heal. */
  #lots = new Map<number, number>();
  readonly #filter: TickFilter;

  /** @param filter is kept told of every tick with a debt. */
  constructor(filter: TickFilter = new TickFilter()) {
    this.#filter = filter;
  }

  get size(): number {
    return this.#lots.size;
  }

  /** What a level that records `recorded` still has for us. */
  visible(tick: number, recorded: number): number {
    if (!this.#filter.mayHold(tick)) return recorded;
    const owed = this.#lots.get(tick);
    if (owed === undefined || recorded === 0) return recorded;
    return recorded > owed ? recorded - Math.ceil(owed) : 0;
  }

  /** We took `taken` from the visible part of the level; negative: so many were left to it. */
  add(tick: number, taken: number): void {
    const owed = this.#lots.get(tick);
    if (owed === undefined) this.#filter.add(tick);
    this.#lots.set(tick, (owed ?? 0) + taken);
  }

  /** The level now records `recorded`. @returns whether the last debt has gone. */
  settle(tick: number, recorded: number): boolean {
    if (!this.#filter.mayHold(tick)) return false;
    const owed = this.#lots.get(tick);
    if (owed === undefined) return false;
    if (recorded > 0) {
      if (owed > recorded) this.#lots.set(tick, recorded);
      return false;
    }
    this.#forget(tick);
    return this.#lots.size === 0;
  }

  /** After a snapshot: every debt against what its level records now. */
  settleAll(recorded: (tick: number) => number): void {
    for (const tick of this.#lots.keys()) this.settle(tick, recorded(tick));
  }

  /** Only a share of every debt is left. `changed` is told of levels that show it. */
  heal(leaves: number, changed: (tick: number) => void): void {
    for (const [tick, owed] of this.#lots) {
      const left = Math.round(owed * leaves * STEPS) / STEPS;
      if (Math.abs(left) < LEAST) this.#forget(tick);
      else this.#lots.set(tick, left);
      const shows = Math.abs(left) < LEAST ? 0 : Math.ceil(left);
      if (shows !== Math.ceil(owed)) changed(tick);
    }
  }

  /** Every level stands `by` ticks higher. */
  shift(by: number): void {
    const lots = this.#lots;
    for (const tick of lots.keys()) this.#filter.remove(tick);
    this.#lots = new Map();
    for (const [tick, owed] of lots) if (isTick(tick + by)) this.add(tick + by, owed);
  }

  /** Of every level. */
  forgive(): void {
    for (const tick of this.#lots.keys()) this.#forget(tick);
  }

  #forget(tick: number): void {
    this.#lots.delete(tick);
    this.#filter.remove(tick);
  }
}
