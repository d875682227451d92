/**
 * Sorted levels: slots by a rank, the largest at hand at once.
 *
 * The market asks after every event whether the nearest liquidation has been crossed, and opens or
 * closes a position once a second at most. So looking is one array read, and a change may shift an
 * array. What must stay true: ranks never fall from front to back, and a removed pair was there.
 */
import { invariant } from "../../core/domain/errors.ts";

export class SortedLevels {
  readonly #ranks: Float64Array;
  readonly #slots: Int32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#ranks = new Float64Array(capacity);
    this.#slots = new Int32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** The largest rank, −∞ where nothing is there. */
  get last(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#ranks[this.#count - 1]!;
  }

  /** The slot of the largest rank. */
  get lastSlot(): number {
    return this.#slots[this.#count - 1]!;
  }

  insert(rank: number, slot: number): void {
    const i = this.#firstAbove(rank);
    this.#ranks.copyWithin(i + 1, i, this.#count);
    this.#slots.copyWithin(i + 1, i, this.#count);
    this.#ranks[i] = rank;
    this.#slots[i] = slot;
    this.#count += 1;
  }

  remove(rank: number, slot: number): void {
    let i = this.#firstAbove(rank) - 1;
    while (i >= 0 && this.#ranks[i] === rank && this.#slots[i] !== slot) i -= 1;
    const isThere = i >= 0 && this.#ranks[i] === rank && this.#slots[i] === slot;
    invariant(isThere, "a level that is not there cannot go");
    this.#ranks.copyWithin(i, i + 1, this.#count);
    this.#slots.copyWithin(i, i + 1, this.#count);
    this.#count -= 1;
  }

  /** The first place whose rank is above; the end where none is. */
  #firstAbove(rank: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranks[middle]! > rank) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
