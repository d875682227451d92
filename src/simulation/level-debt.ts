/**
 * Level debt: what we have taken from each level of one side of a recorded book.
 *
 * A recording does not know us: after we have taken a level it still shows it. The debt remembers,
 * so that visible = max(0, recorded − debt) and no lot is sold to us twice. When the recording
 * shrinks the level the debt shrinks with it, and a level that was emptied owes nothing when it
 * comes back.
 */

const NOWHERE = 0x7fffffff;

export class LevelDebt {
  /** No debt stands outside [low, high]: one comparison spares the look-up on almost every row. */
  low = NOWHERE;
  high = 0;
  readonly #lots = new Map<number, number>();

  get size(): number {
    return this.#lots.size;
  }

  /** What a level that records `recorded` still has for us. */
  visible(tick: number, recorded: number): number {
    if (tick < this.low || tick > this.high) return recorded;
    const owed = this.#lots.get(tick);
    if (owed === undefined) return recorded;
    return recorded > owed ? recorded - owed : 0;
  }

  /** We took `taken` from the visible part of the level. */
  add(tick: number, taken: number): void {
    this.#lots.set(tick, (this.#lots.get(tick) ?? 0) + taken);
    if (tick < this.low) this.low = tick;
    if (tick > this.high) this.high = tick;
  }

  /** The level now records `recorded`. @returns whether the last debt has gone. */
  settle(tick: number, recorded: number): boolean {
    if (tick < this.low || tick > this.high) return false;
    const owed = this.#lots.get(tick);
    if (owed === undefined || owed <= recorded) return false;
    if (recorded > 0) this.#lots.set(tick, recorded);
    else this.#forget(tick);
    return this.#lots.size === 0;
  }

  /** After a snapshot: every debt against what its level records now. */
  settleAll(recorded: (tick: number) => number): void {
    for (const tick of this.#lots.keys()) this.settle(tick, recorded(tick));
  }

  #forget(tick: number): void {
    this.#lots.delete(tick);
    if (this.#lots.size === 0) {
      this.low = NOWHERE;
      this.high = 0;
    }
  }
}
