/**
 * Event text: market rows as lines of CSV.
 *
 * The columns are those of event-columns.ts; times are ISO 8601 with nine digits behind the second.
 * What must stay true: every digit is exact, since prices are texts made of counts.
 */
import { formatDecimal } from "../../core/domain/decimal.ts";
import { Kind, KIND_MASK, type MarketBlock, type MarketHeader } from "../../core/market/columns.ts";
import { csvCell } from "./csv-cell.ts";
import {
  type DecimalColumn,
  EVENT_COLUMNS,
  type EventGrid,
  FLAG_COLUMNS,
  KIND_NAMES,
} from "./event-columns.ts";

const SECOND_NANOS = 1_000_000_000;

/** Prices and quantities come again and again; this many are remembered. */
const MOST_REMEMBERED = 1 << 16;

export class EventText {
  readonly head = `${EVENT_COLUMNS.join(",")}\n`;
  readonly #symbol: string;
  readonly #exchange: ClockText;
  readonly #local: ClockText;
  readonly #price: DecimalText;
  readonly #quantity: DecimalText;

  constructor({ instrument, epochNanos }: MarketHeader, { price, quantity }: EventGrid) {
    this.#symbol = csvCell(instrument.symbol);
    this.#exchange = new ClockText(epochNanos);
    this.#local = new ClockText(epochNanos);
    this.#price = new DecimalText(price);
    this.#quantity = new DecimalText(quantity);
  }

  /** Rows [from, until), each with its line end. */
  lines(block: MarketBlock, from: number, until: number): string {
    let text = "";
    for (let row = from; row < until; row++) {
      const flags = block.kind[row]!;
      const kind = flags & KIND_MASK;
      const ticks = block.price[row]!;
      const lots = block.quantity[row]!;
      const isPriced = kind < Kind.CLEAR;
      const exchange = this.#exchange.text(block.exchangeTime[row]!);
      const local = this.#local.text(block.localTime[row]!);
      const price = isPriced ? this.#price.text(ticks) : "";
      const quantity = isPriced ? this.#quantity.text(lots) : "";
      text +=
        `${exchange},${local},${this.#symbol},${KIND_NAMES[kind]},` +
        `${price},${quantity},${ticks},${lots}${FLAG_TEXTS[flags >> 3]}\n`;
    }
    return text;
  }
}

/** By the bits over the kind. */
const FLAG_TEXTS = Array.from({ length: 32 }, (_, high) =>
  FLAG_COLUMNS.map(([, bit]) => `,${((high << 3) & bit) !== 0}`).join(""),
);

class DecimalText {
  readonly #column: DecimalColumn;
  readonly #known = new Map<number, string>();

  constructor(column: DecimalColumn) {
    this.#column = column;
  }

  text(count: number): string {
    const known = this.#known.get(count);
    if (known !== undefined) return known;
    const { mantissa, scale } = this.#column;
    const text = formatDecimal({ mantissa: BigInt(count) * mantissa, scale });
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(count, text);
    return text;
  }
}

class ClockText {
  readonly #epochSeconds: number;
  #second = -1;
  #text = "";

  /** @param epochNanos a whole second */
  constructor(epochNanos: bigint) {
    this.#epochSeconds = Number(epochNanos / BigInt(SECOND_NANOS));
  }

  text(nanos: number): string {
    const second = Math.floor(nanos / SECOND_NANOS);
    if (second !== this.#second) {
      this.#second = second;
      const date = new Date((this.#epochSeconds + second) * 1000);
      this.#text = date.toISOString().slice(0, -4);
    }
    return `${this.#text}${String(nanos - second * SECOND_NANOS).padStart(9, "0")}Z`;
  }
}
