/**
 * Trade tape: the public trades of one market, as they are streamed and as they are asked for.
 *
 * What must stay true: an id is never given twice, and depends on the symbol and the count of its
 * trades alone.
 */
import { bitsAt, streamOf } from "../../core/domain/random.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { Kind, KIND_MASK, OFF_BOOK, OFF_VOLUME } from "../../core/market/columns.ts";
import type { GridText } from "./grid-text.ts";

/** Trades that may be asked for. */
const MOST_KEPT = 1_000;
/** Of one message, as Bybit has it. */
const MOST_TOLD = 1_024;

type Direction = "PlusTick" | "ZeroPlusTick" | "MinusTick" | "ZeroMinusTick";

export interface PublicTrade {
  readonly id: string;
  readonly atMs: number;
  readonly buys: boolean;
  readonly price: number;
  readonly quantity: number;
  readonly direction: Direction;
  readonly isBlock: boolean;
  readonly isRpi: boolean;
  readonly sequence: number;
}

export class TradeTape {
  readonly #symbol: string;
  readonly #isSpot: boolean;
  readonly #text: GridText;
  readonly #stream: number;
  #kept: PublicTrade[] = [];
  #untold: PublicTrade[] = [];
  #count = 0;
  #direction: Direction = "ZeroPlusTick";
  /** Ticks; 0 before the first. */
  last = 0;
  /** Whether trades are kept to be told. */
  isWatched = false;

  constructor({ kind, symbol }: Instrument, text: GridText) {
    this.#symbol = symbol;
    this.#isSpot = kind === "spot";
    this.#text = text;
    this.#stream = streamOf(`trade/${kind}/${symbol}`);
  }

  get direction(): string {
    return this.#direction;
  }

  /** `flags` of the row: side, and whether it was off the book. */
  add(flags: number, price: number, quantity: number, atMs: number, sequence: number): void {
    this.#direction = directionOf(this.#direction, this.last, price);
    this.last = price;
    const isBlock = (flags & OFF_VOLUME) !== 0;
    const trade: PublicTrade = {
      id: this.#isSpot ? spotId(this.#count) : contractId(this.#stream, this.#count),
      atMs,
      buys: (flags & KIND_MASK) === Kind.TRADE_BUY,
      price,
      quantity,
      direction: this.#direction,
      isBlock,
      isRpi: !isBlock && (flags & OFF_BOOK) !== 0,
      sequence,
    };
    this.#count += 1;
    this.#kept.push(trade);
    if (this.#kept.length >= 2 * MOST_KEPT) this.#kept = this.#kept.slice(-MOST_KEPT);
    if (this.isWatched) this.#untold.push(trade);
  }

  /** Messages with what has traded since the last call. */
  takeMessages(sentMs: number): string[] {
    if (this.#untold.length === 0) return [];
    const messages: string[] = [];
    for (let from = 0; from < this.#untold.length; from += MOST_TOLD) {
      const trades = this.#untold.slice(from, from + MOST_TOLD).map((trade) => this.#entry(trade));
      messages.push(
        `{"topic":"publicTrade.${this.#symbol}","type":"snapshot","ts":${sentMs},` +
          `"data":[${trades.join(",")}]}`,
      );
    }
    this.#untold = [];
    return messages;
  }

  /** The latest, newest first. */
  recent(limit: number): object[] {
    return this.#kept
      .slice(-Math.min(limit, MOST_KEPT))
      .reverse()
      .map((trade) => ({
        execId: trade.id,
        symbol: this.#symbol,
        price: this.#text.price(trade.price),
        size: this.#text.quantity(trade.quantity),
        side: trade.buys ? "Buy" : "Sell",
        time: String(trade.atMs),
        isBlockTrade: trade.isBlock,
        isRPITrade: trade.isRpi,
        seq: String(trade.sequence),
      }));
  }

  #entry(trade: PublicTrade): string {
    const direction = this.#isSpot ? "" : `"L":"${trade.direction}",`;
    return (
      `{"T":${trade.atMs},"s":"${this.#symbol}","S":"${trade.buys ? "Buy" : "Sell"}",` +
      `"v":"${this.#text.quantity(trade.quantity)}","p":"${this.#text.price(trade.price)}",` +
      `${direction}"i":"${trade.id}","BT":${trade.isBlock},"RPI":${trade.isRpi},` +
      `"seq":${trade.sequence}}`
    );
  }
}

function directionOf(before: Direction, last: number, price: number): Direction {
  if (last === 0 || price === last) {
    return before.endsWith("PlusTick") ? "ZeroPlusTick" : "ZeroMinusTick";
  }
  return price > last ? "PlusTick" : "MinusTick";
}

const spotId = (count: number): string => `2290000000${String(count).padStart(9, "0")}`;

/** Like a UUID: the count is in it, the rest is drawn. */
function contractId(stream: number, count: number): string {
  const word = (k: number): string =>
    (bitsAt(count, stream, k) >>> 0).toString(16).padStart(8, "0");
  const [a, b, c] = [word(0), word(1), word(2)];
  const number = count.toString(16).padStart(12, "0");
  return `${a}-${b.slice(0, 4)}-5${b.slice(5, 8)}-8${c.slice(1, 4)}-${number}`;
}
