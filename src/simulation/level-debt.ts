/**
 * Level debt: what we have taken from each level of one side of a recorded book.
 *
 * A recording does not know us: after we have taken a level it still shows it. The debt remembers,
 * so that visible = max(0, recorded − debt) and no lot is sold to us twice. When the recording
 * shrinks the level the debt shrinks with it, and a level that was emptied owes nothing when it
 * comes back.
 */
import { TickFilter } from "./tick-filter.ts";

export class LevelDebt {
  readonly #lots = new Map<number, number>();
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
    if (owed === undefined) return recorded;
    return recorded > owed ? recorded - owed : 0;
  }

  /** We took `taken` from the visible part of the level. */
  add(tick: number, taken: number): void {
    const owed = this.#lots.get(tick);
    if (owed === undefined) this.#filter.add(tick);
    this.#lots.set(tick, (owed ?? 0) + taken);
  }

  /** The level now records `recorded`. @returns whether the last debt has gone. */
  settle(tick: number, recorded: number): boolean {
    if (!this.#filter.mayHold(tick)) return false;
    const owed = this.#lots.get(tick);
    if (owed === undefined || owed <= recorded) return false;
    if (recorded > 0) {
      this.#lots.set(tick, recorded);
      return false;
    }
    this.#lots.delete(tick);
    this.#filter.remove(tick);
    return this.#lots.size === 0;
  }

  /** After a snapshot: every debt against what its level records now. */
  settleAll(recorded: (tick: number) => number): void {
    for (const tick of this.#lots.keys()) this.settle(tick, recorded(tick));
  }
}
