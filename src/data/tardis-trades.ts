/**
 * Tardis trades and quotes: the tables `trades` and `quotes` of Tardis.dev (and `book_ticker`,
 * which has the layout of the latter).
 *
 * Quotes are held against the book where one is read beside them; where none is, they make one of a
 * single level. What must stay true: they never do both.
 */
import { Kind } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  isZero,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import { cutCells, type SavedRows, TARDIS_HEADS, TardisRows } from "./tardis-rows.ts";
import { RecentTrades, type SavedTickTest, TickTest } from "./tick-test.ts";

interface SavedTrades {
  readonly rows: SavedRows | undefined;
  readonly recent: ReadonlySet<string>;
  readonly tickTest: SavedTickTest;
}

export class TardisTrades implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #rows: TardisRows;
  readonly #cells = ["", "", "", ""];
  #recent = new RecentTrades();
  readonly #tickTest = new TickTest();

  constructor(context: CaptureContext) {
    this.#context = context;
    this.#rows = new TardisRows(context);
  }

  get tracks(): readonly Track[] {
    return this.#rows.track === undefined ? [] : [this.#rows.track];
  }

  line(text: string): DataFault | undefined {
    if (text === "") return undefined;
    if (text.startsWith(TARDIS_HEADS["tardis-trades"])) return this.#refuseLiquidations();
    const rows = this.#rows;
    const from = rows.begin(text);
    if (from === 0) return rows.fault;
    const cells = this.#cells;
    const isCut = cutCells(text, from, cells);
    const [id, side, price, amount] = cells as [string, string, string, string];
    if (!isCut || !(side === "buy" || side === "sell" || side === "unknown")) {
      return badLine(this.#context, text, "is no row of trades");
    }
    const isFree = isZero(price);
    const ticks = isFree ? OFF_GRID : rows.price(price);
    const lots = rows.quantity(amount);
    if (ticks === NOT_A_NUMBER || lots === NOT_A_NUMBER) {
      return badLine(this.#context, text, "has a price or amount that is no number");
    }
    const { counts, sink } = rows.track!;
    const { exchangeTime, localTime } = rows;
    counts.trades += 1;
    this.#context.file.stream("trades");
    if (id !== "" && !this.#recent.isNew(`${id} ${exchangeTime} ${price} ${amount}`)) {
      counts.duplicates.trades += 1;
      return undefined;
    }
    if (isFree) counts.priceZeroTrades += 1;
    if (ticks === OFF_GRID || lots <= 0) return undefined;
    sink.begin("trade", exchangeTime, localTime);
    sink.row(this.#tickTest.kindOf(side, ticks), ticks, lots);
    sink.end(Number.isSafeInteger(Number(id)) ? Number(id) : 0);
    return undefined;
  }

  finish(): DataFault | undefined {
    const fault = this.#rows.finish();
    this.#rows.track?.counts.notes.push(...this.#tickTest.notes);
    return fault;
  }

  save(): SavedTrades {
    const { keys } = this.#recent;
    return { rows: this.#rows.save(), recent: keys, tickTest: this.#tickTest.save() };
  }

  restore(value: unknown): void {
    const saved = value as SavedTrades;
    this.#rows.restore(saved.rows);
    this.#recent = new RecentTrades(saved.recent);
    this.#tickTest.restore(saved.tickTest);
  }

  /** They have the very same columns, and say nothing of what else was traded. */
  #refuseLiquidations(): DataFault | undefined {
    const { position } = this.#context;
    if (!/(^|[_-])liquidations([_.-]|$)/.test(position.file)) return undefined;
    const what = "by its name this is a table of liquidations; give the one of trades";
    return faultAt("DATA_FORMAT", position, what);
  }
}

/** One side of a quote: a price of 0 where there is none. */
interface Touch {
  price: number;
  quantity: number;
}

interface SavedQuotes {
  readonly rows: SavedRows | undefined;
  readonly bid: Touch;
  readonly ask: Touch;
  readonly isKnown: boolean;
}

export class TardisQuotes implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #rows: TardisRows;
  readonly #cells = ["", "", "", ""];
  readonly #makesBook: boolean;
  readonly #bid: Touch = { price: 0, quantity: 0 };
  readonly #ask: Touch = { price: 0, quantity: 0 };
  #isKnown = false;

  constructor(context: CaptureContext, makesBook: boolean) {
    this.#context = context;
    this.#rows = new TardisRows(context);
    this.#makesBook = makesBook;
  }

  get tracks(): readonly Track[] {
    return this.#rows.track === undefined ? [] : [this.#rows.track];
  }

  line(text: string): DataFault | undefined {
    if (text === "" || text.startsWith(TARDIS_HEADS["tardis-quotes"])) return undefined;
    const rows = this.#rows;
    const from = rows.begin(text);
    if (from === 0) return rows.fault;
    const cells = this.#cells;
    if (!cutCells(text, from, cells)) return badLine(this.#context, text, "is no row of quotes");
    const [askAmount, askPrice, bidPrice, bidAmount] = cells as [string, string, string, string];
    const bid = this.#side(bidPrice, bidAmount);
    const ask = this.#side(askPrice, askAmount);
    if (bid === undefined || ask === undefined) {
      return badLine(this.#context, text, "has a price or amount that is no number");
    }
    this.#context.file.stream("quotes");
    const { counts, sink } = rows.track!;
    counts.quotes += 1;
    if (bid.price === OFF_GRID || ask.price === OFF_GRID) return undefined;
    if (this.#makesBook) {
      this.#replace(bid, ask);
      return undefined;
    }
    if (bid.price === 0 || ask.price === 0) return undefined;
    sink.quote({
      updateId: rows.messageId,
      bid: bid.price,
      bidSize: bid.quantity,
      ask: ask.price,
      askSize: ask.quantity,
      localTime: rows.localTime,
    });
    return undefined;
  }

  finish(): DataFault | undefined {
    const fault = this.#rows.finish();
    if (this.#makesBook) {
      this.#rows.track?.counts.notes.push(
        "The book has one level a side, made of quotes; a lost connection cannot be seen in them.",
      );
    }
    return fault;
  }

  save(): SavedQuotes {
    return { rows: this.#rows.save(), bid: this.#bid, ask: this.#ask, isKnown: this.#isKnown };
  }

  restore(value: unknown): void {
    const saved = value as SavedQuotes;
    this.#rows.restore(saved.rows);
    Object.assign(this.#bid, saved.bid);
    Object.assign(this.#ask, saved.ask);
    this.#isKnown = saved.isKnown;
  }

  /** Undefined where it is no number; empty cells say that the side has no level. */
  #side(price: string, amount: string): Touch | undefined {
    if (price === "") return { price: 0, quantity: 0 };
    const ticks = this.#rows.price(price);
    const lots = this.#rows.quantity(amount);
    if (ticks === NOT_A_NUMBER || lots === NOT_A_NUMBER) return undefined;
    if (ticks === OFF_GRID || lots === OFF_GRID) return { price: OFF_GRID, quantity: 0 };
    return lots === 0 ? { price: 0, quantity: 0 } : { price: ticks, quantity: lots };
  }

  #replace(bid: Touch, ask: Touch): void {
    const { track, exchangeTime, localTime, messageId } = this.#rows;
    const { counts, sink } = track!;
    counts.bookMessages += 1;
    sink.begin("book", exchangeTime, localTime);
    if (!this.#isKnown) {
      sink.row(Kind.CLEAR, 0, 0);
      counts.snapshots.used += 1;
      this.#isKnown = true;
    }
    // What leaves goes first, so that the book is never crossed between two rows.
    for (const [kind, held, next] of [
      [Kind.BID, this.#bid, bid],
      [Kind.ASK, this.#ask, ask],
    ] as const) {
      if (held.price !== 0 && held.price !== next.price) sink.row(kind, held.price, 0);
    }
    this.#put(Kind.BID, this.#bid, bid);
    this.#put(Kind.ASK, this.#ask, ask);
    sink.end(messageId);
  }

  #put(kind: number, held: Touch, { price, quantity }: Touch): void {
    if (price !== 0 && (price !== held.price || quantity !== held.quantity)) {
      this.#rows.track!.sink.row(kind, price, quantity);
    }
    held.price = price;
    held.quantity = quantity;
  }
}
