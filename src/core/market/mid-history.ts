/**
 * Mid history: the mid at the end of each ten seconds of the last hour, for whoever asks what the
 * price has done.
 *
 * Fed once in ten seconds of market time, never per row, and always of one size. What must stay
 * true: a slot in which the book was not whole is missing, not guessed.
 */
export const SLOT_SECONDS = 10;
/** Of an hour, and the one that it began with. */
const SLOTS_OF_HOUR = 3600 / SLOT_SECONDS;
const SIZE = 512;
const MASK = SIZE - 1;
/** Between a move and the longer one that is held against it. */
const LONG_SLOTS = 6;
/** Ten minutes' moves: fewer say nothing of how they hang together. */
const LEAST_MOVES = 60;
/** Half an hour's minutes, as they overlap. */
const LEAST_PAIRS = 180;

/** The mids of a stretch, in the unit in which they were fed. */
export interface MidRange {
  readonly low: number;
  readonly high: number;
  readonly seconds: number;
}

export class MidHistory {
  readonly #mids = new Float64Array(SIZE);
  /** The slot that stands at a place; 0 = none. */
  readonly #slots = new Float64Array(SIZE);
  /** The newest slot that was fed. */
  last = 0;

  /** @param slot seconds since the Unix epoch over `SLOT_SECONDS`, whole. */
  add(slot: number, mid: number): void {
    this.#slots[slot & MASK] = slot;
    this.#mids[slot & MASK] = mid;
    this.last = slot;
  }

  /** The mid at the end of a slot; undefined: it is not known. */
  at(slot: number): number | undefined {
    return this.#slots[slot & MASK] === slot ? this.#mids[slot & MASK] : undefined;
  }

  /** Of the hour before the newest slot and of the mid now; undefined: nothing was seen. */
  range(now: number): MidRange | undefined {
    let [low, high, first] = [now, now, this.last];
    if (first === 0) return undefined;
    for (let slot = this.last - SLOTS_OF_HOUR; slot <= this.last; slot++) {
      const mid = this.at(slot);
      if (mid === undefined) continue;
      low = Math.min(low, mid);
      high = Math.max(high, mid);
      first = Math.min(first, slot);
    }
    return { low, high, seconds: (this.last - first) * SLOT_SECONDS };
  }

  /**
   * Variance of one-minute moves over six times that of ten-second ones (Lo and MacKinlay 1988),
   * about a mean of 0. Over 1: moves go on; under 1: they come back. Undefined: too few.
   */
  get varianceRatio(): number | undefined {
    const short = this.#squares(1);
    const long = this.#squares(LONG_SLOTS);
    if (short.count < LEAST_MOVES || long.count < LEAST_MOVES || short.sum === 0) return undefined;
    return long.sum / long.count / ((LONG_SLOTS * short.sum) / short.count);
  }

  #squares(slots: number): { readonly sum: number; readonly count: number } {
    let [sum, count] = [0, 0];
    for (let slot = this.last - SLOTS_OF_HOUR + slots; slot <= this.last; slot++) {
      const move = this.move(slot, slots);
      if (move === undefined) continue;
      sum += move * move;
      count += 1;
    }
    return { sum, count };
  }

  /** Logarithm of the mid at the end of `slot` over that so many slots before. */
  move(slot: number, slots: number): number | undefined {
    const [to, from] = [this.at(slot), this.at(slot - slots)];
    return to === undefined || from === undefined ? undefined : Math.log(to / from);
  }

  /** Of one-minute moves at the same time, about a mean of 0; undefined: too few in common. */
  correlation(other: MidHistory): number | undefined {
    let [own, others, both, count] = [0, 0, 0, 0];
    for (let slot = this.last - SLOTS_OF_HOUR + LONG_SLOTS; slot <= this.last; slot++) {
      const a = this.move(slot, LONG_SLOTS);
      const b = other.move(slot, LONG_SLOTS);
      if (a === undefined || b === undefined) continue;
      own += a * a;
      others += b * b;
      both += a * b;
      count += 1;
    }
    if (count < LEAST_PAIRS || own === 0 || others === 0) return undefined;
    return both / Math.sqrt(own * others);
  }
}
