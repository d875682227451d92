/**
 * Record log: what happened, oldest first, to be read page by page, newest first.
 *
 * A record keeps its number for good, so a page's cursor means the same while others are added.
 * Above a capacity each new record pushes out the oldest: a local exchange may run for days.
 */
import type { Page } from "../exchange-types.ts";

export class RecordLog<Item> {
  readonly #capacity: number;
  readonly #forget: (item: Item) => void;
  /** Those before `#head` are gone. */
  #items: (Item | undefined)[] = [];
  #head = 0;
  /** The number of the record at place 0. */
  #base = 0;

  /** @param forget is told of each record that is let go. */
  constructor(capacity: number, forget: (item: Item) => void = () => undefined) {
    this.#capacity = capacity;
    this.#forget = forget;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
    if (this.size <= this.#capacity) return;
    this.#forget(this.#items[this.#head]!);
    this.#items[this.#head++] = undefined;
    // To take one off the front of an array moves all the others: it is done for many at once.
    if (this.#head < this.#capacity) return;
    this.#items = this.#items.slice(this.#head);
    this.#base += this.#head;
    this.#head = 0;
  }

  /** @param cursor number of the first record to look at, from `next` of the page before. */
  page(matches: (item: Item) => boolean, limit: number, cursor?: number): Page<Item> {
    const list: Item[] = [];
    const newest = this.#base + this.#items.length - 1;
    const oldest = this.#base + this.#head;
    let at = cursor === undefined ? newest : Math.min(cursor, newest);
    for (; at >= oldest; at--) {
      const item = this.#items[at - this.#base]!;
      if (!matches(item)) continue;
      if (list.length === limit) return { list, next: at };
      list.push(item);
    }
    return { list, next: undefined };
  }
}
