/**
 * Book: the level-2 order book, fast enough that a recorded day is minutes of work.
 *
 * A side keeps the levels around its best price in a ring of quantities with a two-level bitset of
 * the occupied ones, so that setting a level is a store and finding the next one is two bit scans.
 * What lies too deep for the ring waits in a table of far levels. Both sides are one class: a
 * level's key is its tick for asks and minus its tick for bids, so the best level
 * is always the least key.
 *
 * What must stay true: the best level is inside the ring's window, nothing is below the window, and
 * everything in the far table is above it. All state is in typed arrays; no row allocates.
 */
import { invariant } from "../domain/errors.ts";
import type { Side } from "../domain/side.ts";
import { Kind, KIND_MASK, type MarketColumns } from "./columns.ts";

/** The best of an empty side, and what follows its last level. */
export const NO_TICK = 0;

const MAX_TICK = 0x7ffffffe;
/** The key of no level: above every real key. */
const NO_KEY = 0x7fffffff;

/** What taking from one side would do. */
export interface TakeCost {
  /** Lots that can be had, at most the lots asked for. */
  readonly quantity: number;
  /** Ticks × lots of that quantity, a double. */
  readonly notional: number;
  /** The worst tick reached, `NO_TICK` when nothing can be had. */
  readonly worst: number;
}

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

/**
 * Levels too deep for the ring: a hash table with open addressing, because rows find and set them
 * one by one, and their order is asked for only when the window moves or a walk leaves it. The keys
 * are sorted then, and stay sorted until a level comes or goes.
 *
 * Quantities are stored by the caller, at the place it is told: a double that is handed to a
 * function is a heap object wherever the compiler does not inline the call.
 */
class FarLevels {
  /** `NO_KEY` marks a free place. At most half are taken, so a probe soon meets one. */
  #keys = new Int32Array(512).fill(NO_KEY);
  #quantities = new Float64Array(512);
  /** 32 − log2 of the capacity. */
  #shift = 23;
  #count = 0;
  #sorted = new Int32Array(256);
  #isSorted = true;

  get count(): number {
    return this.#count;
  }

  /** By place; stale after the next call of `place`. */
  get quantities(): Float64Array {
    return this.#quantities;
  }

  /** The least key, `NO_KEY` when empty. */
  get nearest(): number {
    if (this.#count === 0) return NO_KEY;
    return this.#inOrder()[0]!;
  }

  get(key: number): number {
    const at = this.#find(key);
    return this.#keys[at] === key ? this.#quantities[at]! : 0;
  }

  /** The least key above `key`, `NO_KEY` when there is none. */
  above(key: number): number {
    if (this.#count === 0) return NO_KEY;
    const sorted = this.#inOrder();
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]! <= key) low = middle + 1;
      else high = middle;
    }
    return low < this.#count ? sorted[low]! : NO_KEY;
  }

  /** Where the quantity of `key` belongs; a key that is not here yet is put in. */
  place(key: number): number {
    let at = this.#find(key);
    if (this.#keys[at] === key) return at;
    if (this.#count * 2 >= this.#keys.length) {
      this.#grow();
      at = this.#find(key);
    }
    this.#keys[at] = key;
    this.#count++;
    this.#isSorted = false;
    return at;
  }

  delete(key: number): void {
    let free = this.#find(key);
    if (this.#keys[free] !== key) return;
    const last = this.#keys.length - 1;
    // What was pushed past the freed place by it moves back, or a probe would stop short of it.
    for (let at = (free + 1) & last; this.#keys[at] !== NO_KEY; at = (at + 1) & last) {
      const home = this.#home(this.#keys[at]!);
      if (((at - home) & last) < ((at - free) & last)) continue;
      this.#keys[free] = this.#keys[at]!;
      this.#quantities[free] = this.#quantities[at]!;
      free = at;
    }
    this.#keys[free] = NO_KEY;
    this.#count--;
    this.#isSorted = false;
  }

  /** Deletes every key under `end`. */
  deleteBelow(end: number): void {
    const sorted = this.#inOrder();
    const count = this.#count;
    let drop = 0;
    while (drop < count && sorted[drop]! < end) this.delete(sorted[drop++]!);
    // What is left is still in order: it only moves to the front.
    sorted.copyWithin(0, drop, count);
    this.#isSorted = true;
  }

  clear(): void {
    if (this.#count > 0) this.#keys.fill(NO_KEY);
    this.#count = 0;
    this.#isSorted = true;
  }

  /** Fibonacci hashing: neighbouring ticks spread over the table. */
  #home(key: number): number {
    return Math.imul(key, 0x9e3779b1) >>> this.#shift;
  }

  /** The place of `key`, or the free place where it would go. */
  #find(key: number): number {
    const last = this.#keys.length - 1;
    let at = this.#home(key);
    while (this.#keys[at] !== key && this.#keys[at] !== NO_KEY) at = (at + 1) & last;
    return at;
  }

  #grow(): void {
    const keys = this.#keys;
    const quantities = this.#quantities;
    this.#keys = new Int32Array(keys.length * 2).fill(NO_KEY);
    this.#quantities = new Float64Array(keys.length * 2);
    this.#sorted = new Int32Array(keys.length);
    this.#shift--;
    this.#isSorted = false;
    for (const [place, key] of keys.entries()) {
      if (key === NO_KEY) continue;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#quantities[at] = quantities[place]!;
    }
  }

  /** The keys, rising: the first `count` of what is returned. */
  #inOrder(): Int32Array {
    if (this.#isSorted) return this.#sorted;
    let count = 0;
    for (const key of this.#keys) if (key !== NO_KEY) this.#sorted[count++] = key;
    this.#sorted.subarray(0, count).sort();
    this.#isSorted = true;
    return this.#sorted;
  }
}

export class Book {
  readonly bids: BookSide;
  readonly asks: BookSide;
  /** Indexed by `Kind.BID` and `Kind.ASK`: a load where a branch would be mispredicted. */
  readonly #sides: readonly BookSide[];

  /** @param logWindow see `BookSide`: 14 is 2 × 130 kB. */
  constructor(logWindow = 14) {
    this.bids = new BookSide(-1, logWindow);
    this.asks = new BookSide(1, logWindow);
    this.#sides = [this.bids, this.asks];
  }

  /** Tick, `NO_TICK` when there are no bids. */
  get bestBid(): number {
    return this.bids.best;
  }

  /** Tick, `NO_TICK` when there are no asks. */
  get bestAsk(): number {
    return this.asks.best;
  }

  /**
   * Applies rows [from, to): levels and `CLEAR`; every other kind is passed over, `GAP` too (the
   * book keeps what was last known; whether to trust it is the observer's question).
   *
   * @param except flags of rows to pass over: `ENGINE_ONLY` for the venue's book, `VENUE_ONLY` for
   *   the engine's.
   */
  apply(columns: MarketColumns, from: number, to: number, except = 0): void {
    const { kind, price, quantity } = columns;
    const sides = this.#sides;
    const mask = KIND_MASK | except;
    // Locals: what is imported is looked up again for every row.
    const lastSide: number = Kind.ASK;
    const clear: number = Kind.CLEAR;
    for (let row = from; row < to; row++) {
      const what = kind[row]! & mask;
      if (what <= lastSide) sides[what]!.set(price[row]!, quantity[row]!);
      else if (what === clear) this.clear();
    }
  }

  /** Applies one row, as `apply` does. */
  set(kind: number, price: number, quantity: number): void {
    const what = kind & KIND_MASK;
    if (what <= Kind.ASK) this.#sides[what]!.set(price, quantity);
    else if (what === Kind.CLEAR) this.clear();
  }

  clear(): void {
    this.bids.clear();
    this.asks.clear();
  }

  /** What an order of `side` for `quantity` lots would take, and pay, right now. */
  takeCost(side: Side, quantity: number): TakeCost {
    const levels = side === "buy" ? this.asks : this.bids;
    let left = quantity;
    let notional = 0;
    let worst = NO_TICK;
    for (let tick = levels.best; left > 0 && tick !== NO_TICK; tick = levels.next(tick)) {
      const take = Math.min(left, levels.get(tick));
      notional += take * tick;
      left -= take;
      worst = tick;
    }
    return { quantity: quantity - left, notional, worst };
  }

  /** Lots resting on the best `levels` levels of the bids ("buy") or of the asks ("sell"). */
  depth(side: Side, levels: number): number {
    const resting = side === "buy" ? this.bids : this.asks;
    let sum = 0;
    let tick = resting.best;
    for (let seen = 0; seen < levels && tick !== NO_TICK; seen++) {
      sum += resting.get(tick);
      tick = resting.next(tick);
    }
    return sum;
  }
}

/** Index of the lowest set bit. */
const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);

function countBits(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
