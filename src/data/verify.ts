/**
 * Verify: whether a recording can be trusted, by evidence that is in it.
 *
 * The book is rebuilt message by message and held against what the venue says elsewhere: its own
 * ticker wherever both streams carry the same update id, the ids, the trades, the clocks.
 * What must stay true: every count says how many things were looked at, so that nothing passes
 * because nothing was compared.
 */
import { type Instrument, instrumentId } from "../core/domain/instrument.ts";
import { ok, type Result } from "../core/domain/errors.ts";
import { Kind, KIND_MASK, OFF_BOOK } from "../core/market/columns.ts";
import type { MarketSink, Quote, ReadOptions } from "./capture.ts";
import type { DataFault, Position } from "./fault.ts";
import type { RecordingSource } from "./line-source.ts";
import {
  type ColumnsReport,
  type Counted,
  type FileReport,
  type Place,
  type StreamCounts,
  type StreamReport,
  Tally,
} from "./read-report.ts";
import { baseLatencyOf } from "./formats.ts";
import { type Decoded, decode, type RecordingFormat } from "./recording.ts";
import { RecordingBuilder } from "./recording-builder.ts";
import { SortedBook } from "./sorted-book.ts";

/** Ticks and lots. */
export interface Touch {
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
}

export interface QuoteMismatch extends Place {
  readonly updateId: number;
  readonly book: Touch;
  readonly ticker: Touch;
}

export interface CrossedBook extends Place {
  readonly updateId: number;
  readonly bid: number;
  readonly ask: number;
}

export interface TradeOffTouch extends Place {
  readonly price: number;
  readonly bid: number;
  readonly ask: number;
}

/** Something compared with something else: how often, and how often in vain. */
export interface Compared<Example> extends Counted<Example> {
  readonly compared: number;
}

export interface BookVerification extends StreamReport, ColumnsReport {
  readonly instrument: string;
  /** Book against ticker, price and size of both sides, at the same update id. */
  readonly bookTicker: {
    readonly compared: number;
    readonly mismatched: number;
    readonly examples: readonly QuoteMismatch[];
  };
  /** Bid at or above ask after a message. `compared` = messages after which both sides stood. */
  readonly crossed: Compared<CrossedBook>;
  /** Messages after which a side was empty. */
  readonly oneSided: number;
  /**
   * Trades outside the touch that stood when they were received. No fault by itself: one order
   * trades through several levels, and the book comes in intervals.
   */
  readonly tradesOffTouch: Compared<TradeOffTouch>;
  /** The longest time without a book message or trade, nanoseconds, and the line that ended it. */
  readonly longestSilence: Place & { readonly nanos: number };
  readonly notes: readonly string[];
  /** What is wrong, in plain sentences; empty where the recording is clean. */
  readonly faults: readonly string[];
}

export interface VerifyReport extends FileReport {
  readonly format: RecordingFormat;
  readonly sources: readonly RecordingSource[];
  readonly books: readonly BookVerification[];
  /** Sums over all books. */
  readonly totals: {
    readonly bookMessages: number;
    readonly trades: number;
    readonly bookTickerCompared: number;
    readonly bookTickerMismatched: number;
    readonly crossed: number;
    readonly gaps: number;
  };
  /** What is wrong with the files themselves. */
  readonly faults: readonly string[];
  /** No fault anywhere. */
  readonly clean: boolean;
}

/** Reads everything and checks every book, or the one that the options name. */
export async function verifyRecording(
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Result<VerifyReport, DataFault>> {
  const checks: BookCheck[] = [];
  const decoded = await decode(paths, options, (instrument, counts, position) => {
    const check = new BookCheck(instrument, counts, position);
    checks.push(check);
    return check;
  });
  if (!decoded.ok) return decoded;
  // What is in an event file has had its clocks corrected already.
  const isStored = decoded.value.format === "event-file";
  const baseLatencyMs = baseLatencyOf(decoded.value.format, options);
  const books = checks.map((check) => check.report(decoded.value, baseLatencyMs));
  const { file, format, sources } = decoded.value;
  const faults = fileFaults(file.plain(), isStored ? "row" : "line");
  const sum = (of: (book: BookVerification) => number): number =>
    books.reduce((total, book) => total + of(book), 0);
  return ok({
    format,
    sources,
    ...file.plain(),
    books,
    totals: {
      bookMessages: sum((book) => book.bookMessages),
      trades: sum((book) => book.trades),
      bookTickerCompared: sum((book) => book.bookTicker.compared),
      bookTickerMismatched: sum((book) => book.bookTicker.mismatched),
      crossed: sum((book) => book.crossed.count),
      gaps: sum((book) => book.gaps.count),
    },
    faults,
    clean: faults.length === 0 && books.every((book) => book.faults.length === 0),
  });
}

/** Touches and quotes that wait for their counterpart: far more than two streams drift apart. */
const MOST_PENDING = 100_000;

/** Rebuilds one book and checks it, on the way into the columns. */
class BookCheck implements MarketSink {
  readonly #instrument: Instrument;
  readonly #counts: StreamCounts;
  readonly #position: Position;
  readonly #columns: RecordingBuilder;
  readonly #book = new SortedBook();
  readonly #touches = new Map<number, Touch>();
  readonly #quotes = new Map<number, Touch>();
  readonly #mismatches = new Tally<QuoteMismatch>();
  readonly #crossed = new Tally<CrossedBook>();
  readonly #offTouch = new Tally<TradeOffTouch>();
  #quotesCompared = 0;
  #twoSided = 0;
  #oneSided = 0;
  #tradesCompared = 0;
  #silence = { nanos: 0, file: "", line: 0 };
  #lastLocal = Number.NaN;
  #bookMessage = false;
  #known = false;

  constructor(instrument: Instrument, counts: StreamCounts, position: Position) {
    this.#instrument = instrument;
    this.#counts = counts;
    this.#position = position;
    this.#columns = new RecordingBuilder(counts);
  }

  begin(stream: "book" | "trade", exchangeTime: number, localTime: number): void {
    this.#columns.begin(stream, exchangeTime, localTime);
    this.#bookMessage = stream === "book";
    const nanos = localTime - this.#lastLocal;
    if (nanos > this.#silence.nanos) this.#silence = { nanos, ...this.#position };
    this.#lastLocal = localTime;
  }

  row(kind: number, price: number, quantity: number): void {
    this.#columns.row(kind, price, quantity);
    switch (kind & KIND_MASK) {
      case Kind.BID:
        this.#book.setBid(price, quantity);
        break;
      case Kind.ASK:
        this.#book.setAsk(price, quantity);
        break;
      case Kind.CLEAR:
        this.#book.clear();
        this.#known = true;
        break;
      case Kind.GAP:
        this.#book.clear();
        this.#known = false;
        break;
      default:
        if ((kind & OFF_BOOK) === 0) this.#trade(price);
    }
  }

  end(id: number): void {
    this.#columns.end();
    if (!this.#bookMessage || !this.#known) return;
    const touch = this.#touch();
    if (touch === undefined) {
      this.#oneSided += 1;
      return;
    }
    this.#twoSided += 1;
    const { bid, ask } = touch;
    if (bid >= ask) this.#crossed.add(() => ({ ...this.#position, updateId: id, bid, ask }));
    const quote = this.#quotes.get(id);
    if (quote !== undefined) this.#compare(id, touch, quote);
    remember(this.#touches, id, touch);
  }

  quote(quote: Quote): void {
    const touch = this.#touches.get(quote.updateId);
    if (touch !== undefined) this.#compare(quote.updateId, touch, quote);
    else remember(this.#quotes, quote.updateId, quote);
  }

  report(decoded: Decoded, baseLatencyMs: number): BookVerification {
    const columns = this.#columns.build(decoded.time, baseLatencyMs).report;
    const checked = {
      ...this.#counts.plain(),
      ...columns,
      instrument: instrumentId(this.#instrument),
      bookTicker: {
        compared: this.#quotesCompared,
        mismatched: this.#mismatches.count,
        examples: this.#mismatches.examples,
      },
      crossed: { compared: this.#twoSided, ...this.#crossed.plain() },
      oneSided: this.#oneSided,
      tradesOffTouch: { compared: this.#tradesCompared, ...this.#offTouch.plain() },
      longestSilence: this.#silence,
      notes: this.#counts.notes,
    };
    return { ...checked, faults: bookFaults(checked) };
  }

  #touch(): Touch | undefined {
    const { bid, ask, bidSize, askSize } = this.#book;
    return bid === undefined || ask === undefined ? undefined : { bid, bidSize, ask, askSize };
  }

  #compare(updateId: number, book: Touch, quote: Touch): void {
    this.#quotesCompared += 1;
    const { bid, bidSize, ask, askSize } = quote;
    const same =
      book.bid === bid && book.bidSize === bidSize && book.ask === ask && book.askSize === askSize;
    if (same) return;
    const ticker = { bid, bidSize, ask, askSize };
    this.#mismatches.add(() => ({ ...this.#position, updateId, book, ticker }));
  }

  #trade(price: number): void {
    const { bid, ask } = this.#book;
    if (!this.#known || bid === undefined || ask === undefined) return;
    this.#tradesCompared += 1;
    if (price >= bid && price <= ask) return;
    this.#offTouch.add(() => ({ ...this.#position, price, bid, ask }));
  }
}

function remember(map: Map<number, Touch>, id: number, touch: Touch): void {
  map.set(id, touch);
  if (map.size > MOST_PENDING) map.delete(map.keys().next().value!);
}

/** `1 gap`, `3 gaps`, where there is any. */
function fault(count: number, one: string, many: string, remark: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}: ${remark}`];
}

const where = ({ file, line }: Place): string => `${file}:${line}`;
const first = (counted: Pick<Counted<Place>, "examples">): string =>
  counted.examples[0] === undefined ? "" : `the first at ${where(counted.examples[0])}`;

function fileFaults(file: FileReport, unit: "line" | "row"): string[] {
  const { badLines, truncated } = file;
  const bad = badLines.examples[0];
  return [
    ...fault(
      badLines.count,
      "bad line",
      "bad lines",
      bad === undefined ? "" : `the first at ${where(bad)}, which ${bad.reason}`,
    ),
    ...truncated.map(
      (end) =>
        `${end.file} is broken after ${unit} ${end.line} (${end.reason}); ` +
        `${end.partialBytes} bytes ${unit === "row" ? "" : "of the next line "}were dropped`,
    ),
  ];
}

function bookFaults(book: Omit<BookVerification, "faults">): string[] {
  const { timeFalls, duplicates, bookTicker, crossed, gaps, stated, offTickPrices } = book;
  const falls = timeFalls.exchangeBook + timeFalls.exchangeTrades + timeFalls.local;
  const repeated = duplicates.bookMessages + duplicates.trades;
  return [
    ...fault(gaps.count, "gap", "gaps", first(gaps)),
    ...fault(crossed.count, "crossed book", "crossed books", first(crossed)),
    ...fault(
      bookTicker.mismatched,
      "mismatch with the ticker",
      "mismatches with the ticker",
      `of ${bookTicker.compared} comparisons, ${first(bookTicker)}`,
    ),
    ...fault(
      stated.mismatched.count,
      "mismatch with the stated books",
      "mismatches with the stated books",
      `of ${stated.compared} comparisons, ${first(stated.mismatched)}`,
    ),
    ...fault(falls, "time that falls", "times that fall", "exchange or local, within one stream"),
    ...fault(repeated, "message seen before", "messages seen before", "do the files overlap?"),
    ...fault(book.tradeIdsMissing, "trade id missing", "trade ids missing", "trades were lost"),
    ...fault(
      book.lateMessages,
      "message over a minute late",
      "messages over a minute late",
      "moved to a later time; are the files in order?",
    ),
    ...fault(
      offTickPrices.count,
      "price off the tick",
      "prices off the tick",
      `${first(offTickPrices)}; is it the right instrument?`,
    ),
  ];
}
