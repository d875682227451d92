/**
 * Tick filter: at which ticks of one side something of ours stands, for one look per market row.
 *
 * It may say yes for a tick where nothing is (ticks that lie `TICK_SLOTS` apart share a slot),
 * never no for one where something is. So it is asked before every exact look-up, and decides
 * nothing alone.
 */

export const TICK_SLOTS = 4096;

export class TickFilter {
  /** How many things stand at each slot; a tick's slot is `tick & (TICK_SLOTS - 1)`. */
  readonly #counts: Int32Array;

  /** @param counts zeros, `TICK_SLOTS` of them: shared with whoever looks at every row. */
  constructor(counts: Int32Array = new Int32Array(TICK_SLOTS)) {
    this.#counts = counts;
  }

  add(tick: number): void {
    this.#counts[tick & (TICK_SLOTS - 1)]! += 1;
  }

  /** Takes back one `add` of the same tick. */
  remove(tick: number): void {
    this.#counts[tick & (TICK_SLOTS - 1)]! -= 1;
  }

  mayHold(tick: number): boolean {
    return this.#counts[tick & (TICK_SLOTS - 1)]! > 0;
  }
}
