/**
 * Book side: the levels of one side, around the best in a ring, the deep ones in a table.
 *
 * The ring holds quantities with a two-level bitset of the occupied ones, so that setting a level
 * is a store and finding the next one is two bit scans. A level's key is its tick for asks and
 * minus its tick for bids, so the best level is always the least key.
 *
 * What must stay true: the best level is inside the ring's window, nothing is below the window, and
 * everything in the far table is above it. All state is in typed arrays; no row allocates.
 */
import { invariant } from "../domain/errors.ts";
import type { MarketColumns } from "./columns.ts";
import { FarLevels } from "./far-levels.ts";

/** The best of an empty side, and what follows its last level. */
export const NO_TICK = 0;

const MAX_TICK = 0x7ffffffe;
/** As in far-levels.ts; not imported, because an imported name is looked up again at every use. */
const NO_KEY = 0x7fffffff;

export class BookSide {
  readonly #direction: number;
  /** Width of the window in ticks, a power of two. */
  readonly #width: number;
  /** A key's place in the ring is `key & mask`, wherever the window stands. */
  readonly #mask: number;
  readonly #quantities: Float64Array;
  /** One bit per place: set where the quantity is not zero. */
  readonly #occupied: Int32Array;
  /** One bit per word of `#occupied`: set where the word is not zero. */
  readonly #summary: Int32Array;
  /** Levels at or above `#low + #width`. */
  readonly #far = new FarLevels();
  /** The window is [low, low + width), always inside the legal keys. */
  #low: number;
  #best = NO_KEY;

  /**
   * @param direction 1 for asks, −1 for bids.
   * @param logWindow the window is 2^logWindow ticks, 8 bytes each; 5 to 24.
   */
  constructor(direction: 1 | -1, logWindow = 14) {
    invariant(logWindow >= 5 && logWindow <= 24, `window of 2^${logWindow} ticks`);
    this.#direction = direction;
    this.#width = 1 << logWindow;
    this.#mask = this.#width - 1;
    this.#quantities = new Float64Array(this.#width);
    this.#occupied = new Int32Array(this.#width >>> 5);
    this.#summary = new Int32Array(Math.max(1, this.#width >>> 10));
    this.#low = direction === 1 ? 1 : -MAX_TICK;
  }

  /** Tick of the best level, `NO_TICK` when empty. */
  get best(): number {
    return this.#best === NO_KEY ? NO_TICK : this.#best * this.#direction;
  }

  /** Count of occupied levels. Counted anew each time: not for the hot path. */
  get levels(): number {
    let count = this.#far.count;
    for (const bits of this.#occupied) if (bits !== 0) count += countBits(bits);
    return count;
  }

  /**
   * The level at `tick` now shows `quantity` lots; 0 deletes it.
   * @throws InvariantError when the tick is outside 1 … 2^31 − 2.
   */
  set(tick: number, quantity: number): void {
    const key = Math.imul(tick, this.#direction);
    if ((key - this.#low) >>> 0 > this.#mask >>> 0) {
      this.#checkKey(key);
      if (quantity === 0) {
        this.#far.delete(key);
        return;
      }
      if (!this.#admits(key)) {
        const at = this.#far.place(key);
        this.#far.quantities[at] = quantity;
        return;
      }
    }
    this.#store(key, quantity);
  }

  /**
   * Sets the levels of rows from `from` on, as long as `kind & mask` is `own`; returns the first
   * row that is not. What the ring needs is held in locals over the run: messages carry one side's
   * levels in a row.
   */
  setRun(columns: MarketColumns, from: number, to: number, mask: number, own: number): number {
    const { kind, price, quantity } = columns;
    const direction = this.#direction;
    const width = this.#mask;
    const quantities = this.#quantities;
    const occupied = this.#occupied;
    const summary = this.#summary;
    let row = from;
    for (; row < to && (kind[row]! & mask) === own; row++) {
      const key = Math.imul(price[row]!, direction);
      const lots = quantity[row]!;
      if ((key - this.#low) >>> 0 > width >>> 0) {
        this.set(price[row]!, lots);
        continue;
      }
      const place = key & width;
      const word = place >>> 5;
      quantities[place] = lots;
      if (lots !== 0) {
        occupied[word]! |= 1 << place;
        summary[word >>> 5]! |= 1 << word;
        if (key < this.#best) this.#best = key;
      } else {
        const bits = occupied[word]! & ~(1 << place);
        occupied[word] = bits;
        if (bits === 0) summary[word >>> 5]! &= ~(1 << word);
        if (key === this.#best) this.#replaceBest();
      }
    }
    return row;
  }

  /** Lots at `tick`, 0 where there is no level. */
  get(tick: number): number {
    const key = Math.imul(tick, this.#direction);
    if ((key - this.#low) >>> 0 <= this.#mask >>> 0) return this.#quantities[key & this.#mask]!;
    return this.#far.get(key);
  }

  /** The best occupied tick that is worse than `tick`, `NO_TICK` when there is none. */
  next(tick: number): number {
    const key = Math.imul(tick, this.#direction);
    if (key < this.#best) return this.best;
    let found = key + 1 < this.#low + this.#width ? this.#seek(key + 1) : NO_KEY;
    if (found === NO_KEY) found = this.#far.above(key);
    return found === NO_KEY ? NO_TICK : found * this.#direction;
  }

  clear(): void {
    if (this.#best === NO_KEY) return;
    this.#quantities.fill(0);
    this.#occupied.fill(0);
    this.#summary.fill(0);
    this.#far.clear();
    this.#best = NO_KEY;
  }

  /**
   * Stores a quantity whose key is inside the window. Whether the level was there before is not
   * asked, and bits are set again where they are set: that branch could not be predicted, and a
   * wrong guess costs more than the stores. So levels are counted only when somebody asks.
   */
  #store(key: number, quantity: number): void {
    const place = key & this.#mask;
    const word = place >>> 5;
    this.#quantities[place] = quantity;
    if (quantity !== 0) {
      this.#occupied[word]! |= 1 << place;
      this.#summary[word >>> 5]! |= 1 << word;
      if (key < this.#best) this.#best = key;
    } else {
      this.#vacate(place);
      if (key === this.#best) this.#replaceBest();
    }
  }

  #vacate(place: number): void {
    const word = place >>> 5;
    const bits = this.#occupied[word]! & ~(1 << place);
    this.#occupied[word] = bits;
    if (bits === 0) this.#summary[word >>> 5]! &= ~(1 << word);
  }

  /** The best level is gone: the next one takes its place, and the window follows it. */
  #replaceBest(): void {
    let best = this.#seek(this.#best);
    if (best === NO_KEY) best = this.#far.nearest;
    this.#best = best;
    if (best !== NO_KEY && best - this.#low > this.#width >>> 1) this.#raise(this.#lowFor(best));
  }

  /** The least occupied key at or above `key` in the window, which `key` is inside. */
  #seek(key: number): number {
    const place = key & this.#mask;
    let word = place >>> 5;
    let bits = this.#occupied[word]! & (-1 << place);
    if (bits === 0) {
      word = this.#wordAfter(word);
      if (word < 0) return NO_KEY;
      bits = this.#occupied[word]!;
    }
    const found = (word << 5) | lowestBit(bits);
    // The ring was searched full circle: a place past the window's end is a key below `key`.
    const above = (found - place) & this.#mask;
    return above < this.#low + this.#width - key ? key + above : NO_KEY;
  }

  /** The next word with an occupied place, going round the ring back to `word`; −1 if none. */
  #wordAfter(word: number): number {
    const summary = this.#summary;
    let at = word >>> 5;
    let words = summary[at]! & (-2 << word);
    for (let left = summary.length; words === 0; left--) {
      if (left === 0) return -1;
      at = at + 1 === summary.length ? 0 : at + 1;
      words = summary[at]!;
    }
    return (at << 5) | lowestBit(words);
  }

  #checkKey(key: number): void {
    const tick = key * this.#direction;
    // The text is made only when it is needed: this runs for every deep row.
    if (tick < 1 || tick > MAX_TICK) invariant(false, `not a price: ${tick} ticks`);
  }

  /** Whether a level outside the window may come in; the window is then where it holds `key`. */
  #admits(key: number): boolean {
    if (this.#best === NO_KEY) this.#low = this.#lowFor(key);
    else if (key < this.#low) this.#lower(this.#lowFor(key));
    else return false;
    return true;
  }

  /** Where the window should begin for this best key: a quarter for better prices to come. */
  #lowFor(best: number): number {
    const least = this.#direction === 1 ? 1 : -MAX_TICK;
    const most = (this.#direction === 1 ? MAX_TICK : -1) - this.#mask;
    return Math.min(Math.max(best - (this.#width >>> 2), least), most);
  }

  /** Moves the window to worse prices. Nothing drops out below: the best is at or above `low`. */
  #raise(low: number): void {
    this.#low = low;
    const far = this.#far;
    const end = low + this.#width;
    for (let key = far.nearest; key < end; key = far.above(key)) {
      this.#store(key, far.get(key));
    }
    far.deleteBelow(end);
  }

  /** Moves the window to better prices. What drops out above joins the far levels. */
  #lower(low: number): void {
    const from = Math.max(this.#low, low + this.#width);
    for (let key = this.#low + this.#mask; key >= from; key--) {
      const place = key & this.#mask;
      const quantity = this.#quantities[place]!;
      if (quantity === 0) continue;
      const at = this.#far.place(key);
      this.#far.quantities[at] = quantity;
      this.#quantities[place] = 0;
      this.#vacate(place);
    }
    this.#low = low;
  }
}

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);

function countBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
