/**
 * Message rows: a decoder's messages as market blocks, one message each, as they come.
 *
 * What must stay true: local time never falls, and nothing is received before it happened: a stamp
 * of the exchange's that lies ahead of our clock is taken for the time of receipt.
 */
import { ColumnsBuilder, type MarketBlock } from "../core/market/columns.ts";
import type { MarketSink } from "../data/capture.ts";

/** Rows of one message that find room without growing. */
const ROOM = 1 << 12;

export class MessageRows implements MarketSink {
  readonly #rows = new ColumnsBuilder(ROOM);
  readonly #take: (block: MarketBlock) => void;
  #exchangeTime = 0;
  #localTime = 0;

  /** @param take is lent the arrays until it returns. */
  constructor(take: (block: MarketBlock) => void) {
    this.#take = take;
  }

  begin(_stream: "book" | "trade", exchangeTime: number, localTime: number): void {
    this.#rows.length = 0;
    this.#localTime = Math.max(this.#localTime, localTime);
    this.#exchangeTime = Math.min(exchangeTime, this.#localTime);
  }

  row(kind: number, price: number, quantity: number): void {
    this.#rows.push(this.#exchangeTime, this.#localTime, kind, price, quantity);
  }

  end(): void {
    if (this.#rows.length === 0) return;
    this.#rows.endMessage();
    this.#take(this.#rows.view());
  }

  quote(): void {
    // Quotes repeat what the book says.
  }
}
