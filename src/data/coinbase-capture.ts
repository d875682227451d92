/**
 * Coinbase: tables of the level2 channel, exported as CSV: a snapshot (`side,price,size`) and its
 * updates (`side,price,size,time`), or one table of the raw feed, trades among them.
 *
 * The channel numbers nothing, so a lost update cannot be seen by its number. What can be checked:
 * every deletion names a level that is there. Neither table holds receive times.
 */
import { formatPrice } from "../core/domain/instrument.ts";
import { ticks as ticksOf } from "../core/domain/units.ts";
import { Kind } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  counted,
  LevelParser,
  levelRows,
  Levels,
  newCounts,
  plainDecimal,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import { knownInstrument } from "./known-instruments.ts";

const SNAPSHOT_HEAD = "side,price,size";
const UPDATES_HEAD = "side,price,size,time";
const FEED_HEAD = "_id,asks,bids,changes,";

export const isCoinbaseHead = (line: string): boolean =>
  line === SNAPSHOT_HEAD || line === UPDATES_HEAD || line.startsWith(FEED_HEAD);

/** Where no file names the product. */
const USUAL_PRODUCT = "BTC-USD";
/** Ticks: prices are 32-bit integers in the columns. */
const MOST_TICKS = 0x7ffffffe;
/** Levels of a snapshot, both sides. */
const MOST_LEVELS = 1_000_000;

type Side = "buy" | "sell";
const isSide = (text: string | undefined): text is Side => text === "buy" || text === "sell";

/** The book of one product, from snapshots and changes to what the sink gets. */
class CoinbaseBook {
  readonly track: Track;
  readonly #parser: LevelParser;
  readonly #context: CaptureContext;
  /** Of a snapshot that has not been handed on yet: it carries no time of its own. */
  readonly #bids = new Levels();
  readonly #asks = new Levels();
  readonly #present = { buy: new Set<number>(), sell: new Set<number>() };
  known = false;
  deletions = 0;
  deletionsOfNothing = 0;
  floats = 0;
  beyond = 0;
  #received = Number.NEGATIVE_INFINITY;

  constructor(context: CaptureContext, product: string) {
    this.#context = context;
    const { options, openSink, position } = context;
    const instrument = options.instrument ?? knownInstrument("coinbase", "spot", product)!;
    const counts = newCounts();
    this.track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#parser = new LevelParser(instrument, counts, position);
    counts.notes.push("The recording holds no receive times: the exchange's stand in for them.");
  }

  /** Somebody offers bitcoin at a billion dollars: true, but more than the columns hold. */
  price(text: string): number {
    const { mantissa, scale } = this.track.instrument.tickSize;
    if (text.length >= 8 && Number(text) > (MOST_TICKS * Number(mantissa)) / 10 ** scale) {
      this.beyond += 1;
      return OFF_GRID;
    }
    return this.#parser.price(text);
  }

  /** No message is received before one that came earlier in the table. */
  received(exchangeTime: number): number {
    this.#received = Math.max(this.#received, exchangeTime);
    return this.#received;
  }

  quantity(text: string): number {
    const plain = plainDecimal(text);
    if (plain !== text) this.floats += 1;
    return this.#parser.quantity(plain);
  }

  /** False where it is no level. */
  snapshotLevel(side: Side, priceText: string, sizeText: string): boolean {
    const price = this.price(priceText);
    const quantity = this.quantity(sizeText);
    if (price === NOT_A_NUMBER || quantity === NOT_A_NUMBER) return false;
    const levels = side === "buy" ? this.#bids : this.#asks;
    if (price === OFF_GRID || quantity === OFF_GRID || levels.length > MOST_LEVELS) return true;
    levels.prices[levels.length] = price;
    levels.quantities[levels.length] = quantity;
    levels.length += 1;
    return true;
  }

  /** Hands a waiting snapshot on, at the time of the first message after it. */
  open(time: number): DataFault | undefined {
    const bids = this.#bids;
    const asks = this.#asks;
    if (bids.length === 0 && asks.length === 0) return undefined;
    if (bids.length === 0 || asks.length === 0) {
      const text =
        `the snapshot has no ${bids.length === 0 ? "bids" : "asks"}; ` +
        "give both snapshot files before the updates";
      return faultAt("DATA_FORMAT", this.#context.position, text);
    }
    const { sink, counts } = this.track;
    counts.snapshots.used += 1;
    sink.begin("book", time, this.received(time));
    sink.row(Kind.CLEAR, 0, 0);
    levelRows(sink, Kind.BID, bids);
    levelRows(sink, Kind.ASK, asks);
    sink.end(0);
    this.#present.buy = new Set(bids.prices.slice(0, bids.length));
    this.#present.sell = new Set(asks.prices.slice(0, asks.length));
    bids.length = 0;
    asks.length = 0;
    this.known = true;
    return undefined;
  }

  change(side: Side, price: number, quantity: number): void {
    const present = this.#present[side];
    if (quantity > 0) present.add(price);
    else {
      this.deletions += 1;
      if (!present.delete(price)) this.deletionsOfNothing += 1;
    }
    this.track.sink.row(side === "buy" ? Kind.BID : Kind.ASK, price, quantity);
  }

  finish(): DataFault | undefined {
    const { counts } = this.track;
    const { file } = this.#context.position;
    counts.notes.push(
      "Updates are not numbered, so lost ones cannot be seen; of " +
        `${counted(this.deletions)} deletions, ${counted(this.deletionsOfNothing)} named a level ` +
        "that was not there.",
    );
    if (this.floats > 0) {
      counts.notes.push(
        `${counted(this.floats)} sizes were printed from binary floats (like ` +
          "0.10099999999999999); each was read as the number that it stands for.",
      );
    }
    if (this.beyond > 0) {
      const { instrument } = this.track;
      const most = formatPrice(instrument, ticksOf(MOST_TICKS));
      counts.notes.push(
        `${counted(this.beyond)} levels above ${most} ${instrument.quote} were left out.`,
      );
    }
    if (counts.trades === 0) counts.notes.push("The recording holds no trades.");
    if (this.known) return undefined;
    const text = "there is no snapshot before the updates; give its two files first";
    return { code: "DATA_EMPTY", text: `${file}: ${text}`, file };
  }
}

/** `2018-04-24T03:52:17.202Z`, up to nanoseconds. */
class IsoTimes {
  readonly #context: CaptureContext;
  #second = "";
  #unix = Number.NaN;

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  nanos(text: string): number {
    const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
    if (found === null) return Number.NaN;
    if (found[1] !== this.#second) {
      this.#second = found[1]!;
      this.#unix = Date.parse(`${this.#second}Z`) / 1000;
    }
    return this.#context.time.nanos(this.#unix, Number((found[2] ?? "").padEnd(9, "0")));
  }
}

/** What was asked for, where a grid of it is known; or the fault that says otherwise. */
function productOf(context: CaptureContext, named?: string): string | DataFault {
  const { options, position } = context;
  const wanted = options.symbol ?? options.instrument?.symbol;
  const product = named ?? wanted ?? USUAL_PRODUCT;
  if (options.instrument !== undefined) return product;
  if (knownInstrument("coinbase", "spot", product) !== undefined) return product;
  const text =
    `the tick and lot of Coinbase ${product} are not built in; ` +
    "give the instrument in a file (--instrument)";
  return faultAt("DATA_SYMBOL", position, text);
}

/** Snapshot and updates in several files: both snapshot files first, then the updates in order. */
export class CoinbaseTables implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #times: IsoTimes;
  #book: CoinbaseBook | undefined;

  constructor(context: CaptureContext) {
    this.#context = context;
    this.#times = new IsoTimes(context);
  }

  get tracks(): readonly Track[] {
    return this.#book === undefined ? [] : [this.#book.track];
  }

  line(line: string): DataFault | undefined {
    const text = line.trimEnd();
    if (text === SNAPSHOT_HEAD || text === UPDATES_HEAD) return undefined;
    const [side, price, size, time, more] = text.split(",", 5);
    const bad = !isSide(side) || price === undefined || size === undefined || more !== undefined;
    if (bad) return badLine(this.#context, text, "is neither a level nor an update");
    const book = this.#book ?? this.#open();
    if (!(book instanceof CoinbaseBook)) return book;
    if (time !== undefined) return this.#update(book, { side, price, size, time }, text);
    this.#context.file.stream("snapshot");
    if (book.snapshotLevel(side, price, size)) return undefined;
    return badLine(this.#context, text, "has a price or size that is no number");
  }

  finish(): DataFault | undefined {
    return this.#book?.finish();
  }

  #open(): CoinbaseBook | DataFault {
    const product = productOf(this.#context);
    if (typeof product !== "string") return product;
    const book = new CoinbaseBook(this.#context, product);
    const { symbol, instrument } = this.#context.options;
    if (symbol === undefined && instrument === undefined) {
      book.track.counts.notes.push(`The files name no product: ${USUAL_PRODUCT} was assumed.`);
    }
    this.#book = book;
    return book;
  }

  #update(
    book: CoinbaseBook,
    {
      side,
      price,
      size,
      time,
    }: Readonly<Record<"price" | "size" | "time", string>> & { side: Side },
    text: string,
  ): DataFault | undefined {
    const { counts, sink } = book.track;
    this.#context.file.stream("l2update");
    const at = this.#times.nanos(time);
    const ticks = book.price(price);
    const lots = book.quantity(size);
    if (Number.isNaN(at) || ticks === NOT_A_NUMBER || lots === NOT_A_NUMBER) {
      return badLine(this.#context, text, "has a price, size or time that cannot be read");
    }
    counts.bookMessages += 1;
    const fault = book.open(at);
    if (fault !== undefined) return fault;
    if (!book.known) {
      counts.unsynchronised.bookMessages += 1;
      return undefined;
    }
    if (ticks === OFF_GRID || lots === OFF_GRID) return undefined;
    sink.begin("book", at, book.received(at));
    book.change(side, ticks, lots);
    sink.end(counts.bookMessages);
    return undefined;
  }
}

/** A level or a change as Python prints it: `['8042.91', '1.5']`, `['buy', '8041.33', '0']`. */
const LEVEL = /\['([0-9.eE-]{1,40})', '([0-9.eE-]{1,40})'\]/g;
const CHANGE = /\['(buy|sell)', '([0-9.eE-]{1,40})', '([0-9.eE-]{1,40})'\]/g;

/** The raw feed in one table: subscription, snapshot, l2update and match messages. */
export class CoinbaseFeed implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #times: IsoTimes;
  #columns = new Map<string, number>();
  #book: CoinbaseBook | undefined;
  #lastTrade = 0;

  constructor(context: CaptureContext) {
    this.#context = context;
    this.#times = new IsoTimes(context);
  }

  get tracks(): readonly Track[] {
    return this.#book === undefined ? [] : [this.#book.track];
  }

  line(line: string): DataFault | undefined {
    const text = line.trimEnd();
    if (text.startsWith(FEED_HEAD)) {
      this.#columns = new Map(text.split(",").map((name, index) => [name, index]));
      return undefined;
    }
    const cells = cellsOf(text);
    const cell = (name: string): string => cells[this.#columns.get(name) ?? -1] ?? "";
    const type = cell("type");
    if (type === "" || cells.length !== this.#columns.size) {
      return badLine(this.#context, text, "is no row of the feed's table");
    }
    this.#context.file.stream(type.slice(0, 40));
    if (type !== "snapshot" && type !== "l2update" && type !== "match") return undefined;
    const book = this.#bookOf(cell("product_id"), text);
    if (!(book instanceof CoinbaseBook)) return book;
    switch (type) {
      case "snapshot":
        return this.#snapshot(book, cell("bids"), cell("asks"));
      case "l2update":
        return this.#update(book, cell("changes"), cell("time"), text);
      default:
        return this.#match(book, cell, text);
    }
  }

  finish(): DataFault | undefined {
    return this.#book?.finish();
  }

  /** Undefined where the message is of another product. */
  #bookOf(product: string, text: string): CoinbaseBook | DataFault | undefined {
    const { options, file, position } = this.#context;
    if (product === "") return badLine(this.#context, text, "names no product");
    const wanted = options.symbol ?? options.instrument?.symbol;
    if (wanted !== undefined && product !== wanted) {
      file.otherInstruments += 1;
      return undefined;
    }
    const held = this.#book?.track.instrument.symbol;
    if (held !== undefined && wanted === undefined && held !== product) {
      const what = `the feed holds ${held} and ${product.slice(0, 40)}; say which symbol to read`;
      return faultAt("DATA_SYMBOL", position, what);
    }
    if (this.#book !== undefined) return this.#book;
    const known = productOf(this.#context, product);
    if (typeof known !== "string") return known;
    this.#book = new CoinbaseBook(this.#context, known);
    return this.#book;
  }

  #snapshot(book: CoinbaseBook, bids: string, asks: string): undefined {
    for (const [, price, size] of bids.matchAll(LEVEL)) book.snapshotLevel("buy", price!, size!);
    for (const [, price, size] of asks.matchAll(LEVEL)) book.snapshotLevel("sell", price!, size!);
  }

  #update(book: CoinbaseBook, changes: string, time: string, text: string): DataFault | undefined {
    const { counts, sink } = book.track;
    const at = this.#times.nanos(time);
    const parsed = [...changes.matchAll(CHANGE)].map(([, side, price, size]) => ({
      side: side as Side,
      ticks: book.price(price!),
      lots: book.quantity(size!),
    }));
    const unread = parsed.some((it) => it.ticks === NOT_A_NUMBER || it.lots === NOT_A_NUMBER);
    if (Number.isNaN(at) || parsed.length === 0 || unread) {
      return badLine(this.#context, text, "is no l2update");
    }
    counts.bookMessages += 1;
    const fault = book.open(at);
    if (fault !== undefined) return fault;
    if (!book.known) {
      counts.unsynchronised.bookMessages += 1;
      return undefined;
    }
    sink.begin("book", at, book.received(at));
    for (const { side, ticks, lots } of parsed) {
      if (ticks !== OFF_GRID && lots !== OFF_GRID) book.change(side, ticks, lots);
    }
    sink.end(counts.bookMessages);
    return undefined;
  }

  #match(book: CoinbaseBook, cell: (name: string) => string, text: string): DataFault | undefined {
    const { counts, sink } = book.track;
    const at = this.#times.nanos(cell("time"));
    const side = cell("side");
    // The table's maker printed whole numbers as floats: `41766821.0`.
    const id = Number(cell("trade_id"));
    const ticks = book.price(cell("price"));
    const lots = book.quantity(cell("size"));
    const unread = ticks === NOT_A_NUMBER || lots === NOT_A_NUMBER;
    if (Number.isNaN(at) || !isSide(side) || !Number.isSafeInteger(id) || unread) {
      return badLine(this.#context, text, "is no match");
    }
    counts.trades += 1;
    if (this.#lastTrade !== 0 && id <= this.#lastTrade) {
      counts.duplicates.trades += 1;
      return undefined;
    }
    if (this.#lastTrade !== 0) counts.tradeIdsMissing += id - this.#lastTrade - 1;
    this.#lastTrade = id;
    if (!book.known) {
      counts.unsynchronised.trades += 1;
      return undefined;
    }
    if (ticks === OFF_GRID || lots <= 0) return undefined;
    // The side is the maker's: a resting sell order that was matched means that somebody bought.
    sink.begin("trade", at, book.received(at));
    sink.row(side === "sell" ? Kind.TRADE_BUY : Kind.TRADE_SELL, ticks, lots);
    sink.end(id);
    return undefined;
  }
}

/** Cells of one CSV line; quoted ones may hold commas. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let from = 0;
  for (;;) {
    const quoted = line[from] === '"';
    const end = quoted ? line.indexOf('"', from + 1) : line.indexOf(",", from);
    if (end < 0) {
      cells.push(line.slice(quoted ? from + 1 : from));
      return cells;
    }
    cells.push(line.slice(quoted ? from + 1 : from, end));
    from = quoted ? end + 2 : end + 1;
    if (quoted && end + 1 >= line.length) return cells;
  }
}
