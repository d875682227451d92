/**
 * Far levels: the levels too deep for a book's ring, in a hash table with open addressing, because
 * rows find and set them one by one, and their order is asked for only when the window moves or a
 * walk leaves it. The keys are sorted then, and stay sorted until a level comes or goes.
 *
 * Quantities are stored by the caller, at the place it is told: a double that is handed to a
 * function is a heap object wherever the compiler does not inline the call.
 */

/** The key of no level: above every real key. */
const NO_KEY = 0x7fffffff;

export class FarLevels {
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
