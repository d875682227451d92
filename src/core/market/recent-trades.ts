/**
 * Recent trades: the last few prints, for whoever wants to look at them. Written on the hot path,
 * so it is a ring of flat columns.
 */
import { Kind } from "./columns.ts";

const KEPT = 16;

export interface RecentTrade {
  /** Nanoseconds since the stream's epoch, local time. */
  readonly time: number;
  /** Ticks. */
  readonly price: number;
  /** Lots. */
  readonly quantity: number;
  /** Whether a buyer took; false where a seller did, or the venue does not say. */
  readonly isBuy: boolean;
}

export class RecentTrades {
  readonly #time = new Float64Array(KEPT);
  readonly #price = new Int32Array(KEPT);
  readonly #quantity = new Float64Array(KEPT);
  readonly #kind = new Uint8Array(KEPT);
  #count = 0;

  add(kind: number, time: number, price: number, quantity: number): void {
    const at = this.#count % KEPT;
    this.#time[at] = time;
    this.#price[at] = price;
    this.#quantity[at] = quantity;
    this.#kind[at] = kind;
    this.#count += 1;
  }

  /** Newest first, `most` at most, and no more than are kept. */
  last(most: number): RecentTrade[] {
    const found: RecentTrade[] = [];
    const least = Math.max(0, this.#count - Math.min(most, KEPT));
    for (let number = this.#count - 1; number >= least; number--) {
      const at = number % KEPT;
      found.push({
        time: this.#time[at]!,
        price: this.#price[at]!,
        quantity: this.#quantity[at]!,
        isBuy: this.#kind[at] === Kind.TRADE_BUY,
      });
    }
    return found;
  }
}
