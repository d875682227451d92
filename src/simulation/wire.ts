/**
 * Wire: what is under way between us and the venue, in one direction.
 *
 * Latency decides how long the k-th thing travels; the wire keeps the order. What must stay true:
 * things arrive in the order in which they were sent, whatever their latencies.
 */

export class Wire<Item> {
  readonly #latency: (k: number) => number;
  #items: { readonly item: Item; readonly arrivesAt: number }[] = [];
  #head = 0;
  #sent = 0;
  #lastArrival = 0;

  /** @param latency nanoseconds that the k-th item travels (0, 1, 2 …). */
  constructor(latency: (k: number) => number) {
    this.#latency = latency;
  }

  /** Items ever sent. */
  get sent(): number {
    return this.#sent;
  }

  get isEmpty(): boolean {
    return this.#head === this.#items.length;
  }

  /** Nanoseconds: when the first arrives, `Infinity` when nothing is under way. */
  get nextAt(): number {
    return this.#items[this.#head]?.arrivesAt ?? Infinity;
  }

  /** @returns nanoseconds: when it arrives, never before what was sent earlier. */
  send(item: Item, sentAt: number): number {
    const arrivesAt = Math.max(this.#lastArrival, sentAt + this.#latency(this.#sent++));
    this.#lastArrival = arrivesAt;
    this.#items.push({ item, arrivesAt });
    return arrivesAt;
  }

  /** Removes what arrives at `nextAt`; `undefined` when nothing is under way. */
  take(): Item | undefined {
    const first = this.#items[this.#head];
    if (first === undefined) return undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return first.item;
  }
}
