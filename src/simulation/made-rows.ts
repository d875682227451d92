/**
 * Made rows: market data that a venue writes while it runs, handed over block by block.
 *
 * Two builders take turns, so that nothing is copied: while a reader is in one, the venue writes
 * the other. What must stay true: local times never fall, and what is handed over are whole
 * messages.
 */
import { ColumnsBuilder, type MarketBlock } from "../core/market/columns.ts";

export class MadeRows {
  #rows = new ColumnsBuilder();
  #other = new ColumnsBuilder();
  /** Local time of the newest row. */
  lastLocal = 0;

  /** Rows of the builder in hand; whoever wants to know how many a message has, asks twice. */
  get length(): number {
    return this.#rows.length;
  }

  /** A row; where its local time would be before the newest one's, it comes with that. */
  push(
    exchangeTime: number,
    localTime: number,
    kind: number,
    price: number,
    quantity: number,
  ): void {
    if (localTime > this.lastLocal) this.lastLocal = localTime;
    this.#rows.push(exchangeTime, this.lastLocal, kind, price, quantity);
  }

  endMessage(): void {
    this.#rows.endMessage();
  }

  /** Rows since the last call: good until the next but one. */
  take(): MarketBlock | undefined {
    if (this.#rows.length === 0) return undefined;
    const block = this.#rows.view();
    [this.#rows, this.#other] = [this.#other, this.#rows];
    this.#rows.length = 0;
    return block;
  }
}
