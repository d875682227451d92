/**
 * Sorted book: a book side as slow and as plain as can be, for the property tests of the real one.
 *
 * It keeps a map and sorts it for every question. It must stay obvious: no idea of the fast book
 * (window, ring, bits) may find its way in here.
 */
export class SortedSide {
  readonly #levels = new Map<number, number>();
  readonly #isAsk: boolean;

  constructor(direction: 1 | -1) {
    this.#isAsk = direction === 1;
  }

  /** Occupied ticks, best first. */
  ticks(): number[] {
    const rising = [...this.#levels.keys()].sort((a, b) => a - b);
    return this.#isAsk ? rising : rising.toReversed();
  }

  get best(): number {
    return this.ticks()[0] ?? 0;
  }

  get levels(): number {
    return this.#levels.size;
  }

  set(tick: number, quantity: number): void {
    if (quantity === 0) this.#levels.delete(tick);
    else this.#levels.set(tick, quantity);
  }

  get(tick: number): number {
    return this.#levels.get(tick) ?? 0;
  }

  next(tick: number): number {
    return this.ticks().find((other) => (this.#isAsk ? other > tick : other < tick)) ?? 0;
  }

  depth(levels: number): number {
    return this.ticks()
      .slice(0, levels)
      .reduce((sum, tick) => sum + this.get(tick), 0);
  }

  /** Walks the levels as a taker of this side would. */
  takeCost(quantity: number): { quantity: number; notional: number; worst: number } {
    const taken = { quantity: 0, notional: 0, worst: 0 };
    for (const tick of this.ticks()) {
      if (taken.quantity === quantity) break;
      const take = Math.min(quantity - taken.quantity, this.get(tick));
      taken.quantity += take;
      taken.notional += take * tick;
      taken.worst = tick;
    }
    return taken;
  }

  clear(): void {
    this.#levels.clear();
  }
}
