/**
 * Open message: the rows of a message that comes in several lines, held until all are there.
 *
 * What must stay true: a sink gets a message whole, in one go, with the position of its last line;
 * between two lines nothing of it is under way.
 */
import type { MarketSink } from "./capture.ts";
import type { Position } from "./fault.ts";

/** As plain values. */
export interface SavedMessage {
  readonly isOpen: boolean;
  readonly stream: "book" | "trade";
  readonly exchangeTime: number;
  readonly localTime: number;
  readonly file: string;
  readonly line: number;
  readonly rows: readonly number[];
}

const FIELDS = 3;
/** No snapshot of a true book has as many; an event file takes no more than four times as many. */
const MOST_ROWS = 1 << 18;

export class OpenMessage {
  isOpen = false;
  stream: "book" | "trade" = "book";
  exchangeTime = Number.NaN;
  localTime = Number.NEGATIVE_INFINITY;
  readonly #position: Position;
  #file = "";
  #line = 0;
  /** Kind, price and quantity of each row. */
  #rows: number[] = [];
  #length = 0;

  constructor(position: Position) {
    this.#position = position;
  }

  /** Whether it is longer than any message: what comes is another of the same times. */
  get isFull(): boolean {
    return this.#length >= MOST_ROWS * FIELDS;
  }

  begin(stream: "book" | "trade", exchangeTime: number, localTime: number): void {
    this.isOpen = true;
    this.stream = stream;
    this.exchangeTime = exchangeTime;
    this.localTime = localTime;
    this.#length = 0;
    this.goOn();
  }

  /** The line in hand is of this message too. */
  goOn(): void {
    this.#file = this.#position.file;
    this.#line = this.#position.line;
  }

  row(kind: number, price: number, quantity: number): void {
    const rows = this.#rows;
    rows[this.#length] = kind;
    rows[this.#length + 1] = price;
    rows[this.#length + 2] = quantity;
    this.#length += FIELDS;
  }

  /** Hands it on. */
  end(sink: MarketSink, id: number): void {
    this.isOpen = false;
    const position = this.#position;
    const { file, line } = position;
    position.file = this.#file;
    position.line = this.#line;
    const rows = this.#rows;
    sink.begin(this.stream, this.exchangeTime, this.localTime);
    for (let at = 0; at < this.#length; at += FIELDS) {
      sink.row(rows[at]!, rows[at + 1]!, rows[at + 2]!);
    }
    sink.end(id);
    position.file = file;
    position.line = line;
    // A snapshot is a thousand times as long as what comes after it.
    if (rows.length > LONG) this.#rows = [];
  }

  save(): SavedMessage {
    const { isOpen, stream, exchangeTime, localTime } = this;
    const rows = this.#rows.slice(0, this.#length);
    return { isOpen, stream, exchangeTime, localTime, file: this.#file, line: this.#line, rows };
  }

  restore(saved: SavedMessage): void {
    this.isOpen = saved.isOpen;
    this.stream = saved.stream;
    this.exchangeTime = saved.exchangeTime;
    this.localTime = saved.localTime;
    this.#file = saved.file;
    this.#line = saved.line;
    this.#rows = [...saved.rows];
    this.#length = saved.rows.length;
  }
}

const LONG = 1 << 16;
