/**
 * Sorted book: an order book as two sorted lists, for checking recordings.
 *
 * Deliberately another structure than the engine's ring: what verifies must not share its faults.
 */

/** One side, worst level first. A bid's key is its price, an ask's the negative. */
class SortedSide {
  readonly #keys: number[] = [];
  readonly #quantities: number[] = [];

  clear(): void {
    this.#keys.length = 0;
    this.#quantities.length = 0;
  }

  set(key: number, quantity: number): void {
    const keys = this.#keys;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    const found = keys[low] === key;
    if (found && quantity > 0) this.#quantities[low] = quantity;
    else if (found) {
      keys.splice(low, 1);
      this.#quantities.splice(low, 1);
    } else if (quantity > 0) {
      keys.splice(low, 0, key);
      this.#quantities.splice(low, 0, quantity);
    }
  }

  get bestKey(): number | undefined {
    return this.#keys.at(-1);
  }

  get bestQuantity(): number {
    return this.#quantities.at(-1) ?? 0;
  }
}

/** Prices in ticks, quantities in lots. */
export class SortedBook {
  readonly #bids = new SortedSide();
  readonly #asks = new SortedSide();

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
  }

  setBid(price: number, quantity: number): void {
    this.#bids.set(price, quantity);
  }

  setAsk(price: number, quantity: number): void {
    this.#asks.set(-price, quantity);
  }

  /** Undefined where the side is empty. */
  get bid(): number | undefined {
    return this.#bids.bestKey;
  }

  get ask(): number | undefined {
    const key = this.#asks.bestKey;
    return key === undefined ? undefined : -key;
  }

  get bidSize(): number {
    return this.#bids.bestQuantity;
  }

  get askSize(): number {
    return this.#asks.bestQuantity;
  }
}
