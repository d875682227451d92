/**
 * Binance capture: lines of `<local receive time> <frame>`, the raw streams of one symbol and REST
 * depth snapshots among them, for USD-M and COIN-M futures and spot.
 *
 * How deltas and snapshots become a book is in binance-book.ts. A snapshot need not name its
 * symbol, so only one symbol is read. What must stay true: until the book is known, nothing reaches
 * the sink.
 */
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { Kind, OFF_BOOK, OFF_VOLUME } from "../core/market/columns.ts";
import { BinanceBook, type Delta, type Snapshot } from "./binance-book.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  isId,
  isZero,
  LevelParser,
  newCounts,
  parseObject,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { BinanceFrameScanner } from "./frame-scanner.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import { knownInstrument } from "./known-instruments.ts";
import { addCounts, type StreamCounts } from "./read-report.ts";

/** A frame, or the `data` of a combined one; every field is hostile until checked. */
export interface RawFrame {
  readonly stream?: unknown;
  readonly data?: unknown;
  readonly e?: unknown;
  readonly s?: unknown;
  readonly ps?: unknown;
  readonly pair?: unknown;
  readonly symbol?: unknown;
  readonly E?: unknown;
  readonly T?: unknown;
  readonly U?: unknown;
  readonly u?: unknown;
  readonly pu?: unknown;
  readonly b?: unknown;
  readonly a?: unknown;
  readonly B?: unknown;
  readonly A?: unknown;
  readonly t?: unknown;
  readonly p?: unknown;
  readonly q?: unknown;
  readonly m?: unknown;
  readonly M?: unknown;
  readonly X?: unknown;
  readonly lastUpdateId?: unknown;
  readonly bids?: unknown;
  readonly asks?: unknown;
}

/** Symbols that a message lists at most. */
const MOST_NAMED = 10;

/** Ticks and lots. */
interface Trade {
  readonly id: number;
  readonly price: number;
  readonly quantity: number;
  readonly buyerIsMaker: boolean;
  /** Met an order of the book. */
  readonly isOrdinary: boolean;
}

interface Saved {
  readonly instrument: Instrument | undefined;
  readonly counts: StreamCounts | undefined;
  readonly book: unknown;
  readonly early: Snapshot | undefined;
  readonly lastTrade: number;
  readonly otherSymbols: ReadonlySet<string>;
}

export class BinanceCapture implements CaptureDecoder {
  readonly tracks: Track[] = [];
  readonly #context: CaptureContext;
  #track: Track | undefined;
  #parser: LevelParser | undefined;
  #book: BinanceBook | undefined;
  /** A snapshot that came before any other message. */
  #early: Snapshot | undefined;
  #lastTrade = 0;
  #scanner: BinanceFrameScanner | undefined;
  readonly #otherSymbols = new Set<string>();

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  line(text: string): DataFault | undefined {
    const space = text.indexOf(" ");
    const localTime = this.#receiveTime(text, space);
    if (Number.isNaN(localTime)) {
      return badLine(this.#context, text, "does not begin with a receive time");
    }
    const scanner = this.#scanner;
    if (scanner?.scan(text, space + 1) === true && this.#scanned(scanner, localTime)) {
      return undefined;
    }
    const frame: RawFrame | undefined = parseObject(text.slice(space + 1));
    if (frame === undefined) return badLine(this.#context, text, "is not JSON");
    return this.frame(frame, localTime, text);
  }

  /** A frame, or the answer with a snapshot, as it came at `localTime`; `text` is for reports. */
  frame(frame: RawFrame, localTime: number, text: string): DataFault | undefined {
    if (frame.lastUpdateId !== undefined) return this.#onSnapshot(frame, localTime, text);
    const data = frame.data ?? frame;
    if (typeof data !== "object" || data === null)
      return badLine(this.#context, text, "carries no data");
    return this.#onFrame(data, frame.stream, localTime, text);
  }

  /** Whether the book is known. */
  get isSynchronised(): boolean {
    return this.#book?.isSynchronised ?? false;
  }

  /** Whether the book stays unknown until another snapshot comes. */
  get needsSnapshot(): boolean {
    if (this.#book === undefined) return this.#early === undefined;
    return !this.#book.isSynchronised && !this.#book.hasSnapshot;
  }

  /** The connection was lost: what was missed is not known. */
  reconnected(localTime: number): void {
    this.#early = undefined;
    this.#book?.reconnected(localTime);
  }

  save(): unknown {
    const track = this.#track;
    const saved: Saved = {
      instrument: track?.instrument,
      counts: track?.counts,
      book: this.#book?.save(),
      early: this.#early,
      lastTrade: this.#lastTrade,
      otherSymbols: this.#otherSymbols,
    };
    return saved;
  }

  restore(value: unknown): void {
    const saved = value as Saved;
    this.#early = saved.early;
    this.#lastTrade = saved.lastTrade;
    for (const symbol of saved.otherSymbols) this.#otherSymbols.add(symbol);
    if (saved.instrument === undefined) return;
    this.#begin(saved.instrument, addCounts(newCounts(), saved.counts!));
    this.#book!.restore(saved.book);
  }

  finish(): DataFault | undefined {
    const track = this.#track;
    const { position } = this.#context;
    if (track === undefined) return this.#nothingFault();
    const book = this.#book!;
    track.counts.unsynchronised.bookMessages += book.waiting;
    if (this.#otherSymbols.size > 0) this.#noteOthers(track);
    if (book.everSynchronised) return undefined;
    const { bookMessages, snapshots } = track.counts;
    const why =
      snapshots.unused > 0 || book.hasSnapshot
        ? "its order book snapshot does not join its depth messages"
        : "it has no order book snapshot";
    return {
      code: "DATA_EMPTY",
      text:
        `${position.file}: ${why}, so the book of ${track.instrument.symbol} is never known ` +
        `(${bookMessages} depth messages waited for one). ` +
        "Give the file that was recorded just before it as well, first and in order.",
      file: position.file,
    };
  }

  #noteOthers(track: Track): void {
    const others = [...this.#otherSymbols].join(", ");
    track.counts.notes.push(
      `The capture also holds ${others}; a snapshot that names no symbol is taken for ` +
        `${track.instrument.symbol}'s where its update ids fit.`,
    );
  }

  #nothingFault(): DataFault {
    const { file } = this.#context.position;
    const others = [...this.#otherSymbols].join(", ");
    return others === ""
      ? { code: "DATA_EMPTY", text: `${file}: the capture holds no market message at all`, file }
      : {
          code: "DATA_SYMBOL",
          text: `${file}: the capture holds nothing of ${this.#wanted}, but of ${others}`,
          file,
        };
  }

  get #wanted(): string | undefined {
    const { symbol, instrument } = this.#context.options;
    return symbol ?? instrument?.symbol;
  }

  #receiveTime(text: string, space: number): number {
    // Nanoseconds have 19 digits, microseconds 16, milliseconds 13.
    if (space !== 19 && space !== 16 && space !== 13) return Number.NaN;
    let seconds = 0;
    let nanos = 0;
    for (let index = 0; index < space; index++) {
      const digit = text.charCodeAt(index) - 48;
      if (!(digit >= 0 && digit <= 9)) return Number.NaN;
      if (index < 10) seconds = seconds * 10 + digit;
      else nanos = nanos * 10 + digit;
    }
    const unit = space === 19 ? 1 : space === 16 ? 1000 : 1_000_000;
    return this.#context.time.nanos(seconds, nanos * unit);
  }

  /** Takes a frame that the scanner has read; false where it does not simply go on. */
  #scanned(frame: BinanceFrameScanner, localTime: number): boolean {
    const track = this.#track!;
    const exchangeTime = this.#context.time.fromMillis(frame.millis);
    if (Number.isNaN(exchangeTime) && frame.kind !== "bookTicker") return false;
    if (frame.kind === "depth") {
      if (!this.#book!.follow(frame, exchangeTime, localTime)) return false;
      track.counts.bookMessages += 1;
    } else if (frame.kind === "trade") {
      if (this.#numbered(track, frame.id)) this.#put(track, frame, exchangeTime, localTime);
    } else {
      const { last: updateId, bid, bidSize, ask, askSize } = frame;
      track.counts.quotes += 1;
      track.sink.quote({ updateId, bid, bidSize, ask, askSize });
    }
    this.#context.file.stream(frame.kind);
    return true;
  }

  #onFrame(
    data: RawFrame,
    stream: unknown,
    localTime: number,
    text: string,
  ): DataFault | undefined {
    const name = streamName(data.e, stream);
    if (name !== "depth" && name !== "trade" && name !== "bookTicker") {
      this.#context.file.stream(name);
      return undefined;
    }
    if (typeof data.s !== "string") return badLine(this.#context, text, "names no symbol");
    const wanted = this.#wanted ?? this.#track?.instrument.symbol ?? data.s;
    if (data.s !== wanted) return this.#onOther(data.s, wanted);
    // The kind of market is told by the first message, so that must be a whole one.
    if (this.#track === undefined && !isWhole(name, data)) {
      return badLine(this.#context, text, `is no ${name} message`);
    }
    const track = this.#track ?? this.#open(data.s, kindOf(name, data));
    if ("code" in track) return track;
    this.#context.file.stream(name);
    if (name === "depth") return this.#onDepth(track, data, localTime, text);
    if (name === "trade") return this.#onTrade(track, data, localTime, text);
    return this.#onQuote(track, data, text);
  }

  #open(symbol: string, kind: ContractKind): Track | DataFault {
    const { options, position } = this.#context;
    const instrument = options.instrument ?? knownInstrument("binance", kind, symbol);
    if (instrument === undefined) {
      return faultAt("DATA_SYMBOL", position, unknownGrid("Binance", kind, symbol));
    }
    return this.#begin(instrument, newCounts());
  }

  #begin(instrument: Instrument, counts: StreamCounts): Track {
    const { position, openSink } = this.#context;
    const track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#track = track;
    this.tracks.push(track);
    this.#parser = new LevelParser(instrument, counts, position);
    this.#book = new BinanceBook(track, this.#parser, this.#context, this.#early);
    const symbol = this.#wanted ?? instrument.symbol;
    if (/^\w+$/.test(symbol)) this.#scanner = new BinanceFrameScanner(instrument, symbol);
    return track;
  }

  /** A REST snapshot need not name its symbol, so a capture of several could mix their books. */
  #onOther(symbol: string, wanted: string): DataFault | undefined {
    const { file, position } = this.#context;
    if (this.#wanted === undefined) {
      const text = `the capture holds ${wanted} and ${symbol}; say which symbol to read`;
      return faultAt("DATA_SYMBOL", position, text);
    }
    file.otherInstruments += 1;
    if (this.#otherSymbols.size < MOST_NAMED) this.#otherSymbols.add(symbol.slice(0, 60));
    return undefined;
  }

  #onSnapshot(frame: RawFrame, localTime: number, text: string): DataFault | undefined {
    this.#context.file.stream("snapshot");
    const { lastUpdateId, bids, asks } = frame;
    if (!isId(lastUpdateId) || !Array.isArray(bids) || !Array.isArray(asks)) {
      return badLine(this.#context, text, "is no order book snapshot");
    }
    const named = frame.symbol;
    const symbol = this.#wanted ?? this.#track?.instrument.symbol;
    if (named !== undefined && symbol !== undefined && named !== symbol) {
      this.#context.file.otherInstruments += 1;
      return undefined;
    }
    const exchangeTime = this.#context.time.fromMillis(frame.T ?? frame.E);
    const snapshot = { lastUpdateId, exchangeTime, bids, asks };
    if (this.#book === undefined) this.#early = snapshot;
    else this.#book.snapshot(snapshot, localTime, text);
    return undefined;
  }

  #onDepth(track: Track, data: RawFrame, localTime: number, text: string): undefined {
    track.counts.bookMessages += 1;
    // Futures state when the book changed; spot only when the message was made.
    const exchangeTime = this.#context.time.fromMillis(data.T ?? data.E);
    const { U: first, u: last, pu: previous } = data;
    const futures = track.instrument.kind !== "spot";
    if (!isId(first) || !isId(last) || Number.isNaN(exchangeTime) || futures !== isId(previous)) {
      return badLine(this.#context, text, "is no depth message");
    }
    const delta: Delta = {
      first,
      last,
      previous: isId(previous) ? previous : undefined,
      exchangeTime,
      localTime,
      bids: data.b,
      asks: data.a,
      size: text.length,
    };
    this.#book!.delta(delta, text);
    return undefined;
  }

  #onTrade(track: Track, data: RawFrame, localTime: number, text: string): undefined {
    const { counts } = track;
    const { t: id, m: buyerIsMaker } = data;
    const parser = this.#parser!;
    const exchangeTime = this.#context.time.fromMillis(data.T ?? data.E);
    const bad = !isId(id) || typeof buyerIsMaker !== "boolean" || Number.isNaN(exchangeTime);
    if (bad) return badLine(this.#context, text, "is no trade");
    if (!this.#numbered(track, id)) return undefined;
    if (isZero(data.p)) {
      counts.priceZeroTrades += 1;
      return undefined;
    }
    const price = parser.price(data.p);
    const quantity = parser.quantity(data.q);
    if (price === NOT_A_NUMBER || quantity === NOT_A_NUMBER) {
      return badLine(this.#context, text, "has a price or quantity that is no number");
    }
    // Insurance fund and auto-deleveraging executions meet no order of the book.
    const isOrdinary = data.X === undefined || data.X === "MARKET";
    const trade = { id, price, quantity, buyerIsMaker, isOrdinary };
    this.#put(track, trade, exchangeTime, localTime);
    return undefined;
  }

  /** Counts a trade; false where it was seen before. */
  #numbered({ counts }: Track, id: number): boolean {
    counts.trades += 1;
    if (this.#lastTrade !== 0 && id <= this.#lastTrade) {
      counts.duplicates.trades += 1;
      return false;
    }
    if (this.#lastTrade !== 0) counts.tradeIdsMissing += id - this.#lastTrade - 1;
    this.#lastTrade = id;
    return true;
  }

  #put({ counts, sink }: Track, trade: Trade, exchangeTime: number, localTime: number): void {
    const { id, price, quantity, buyerIsMaker, isOrdinary } = trade;
    if (price === OFF_GRID || quantity <= 0) return;
    if (!this.#book!.everSynchronised) {
      counts.unsynchronised.trades += 1;
      return;
    }
    const flags = isOrdinary ? 0 : OFF_BOOK | OFF_VOLUME;
    sink.begin("trade", exchangeTime, localTime);
    sink.row((buyerIsMaker ? Kind.TRADE_SELL : Kind.TRADE_BUY) | flags, price, quantity);
    sink.end(id);
  }

  #onQuote(track: Track, data: RawFrame, text: string): undefined {
    const parser = this.#parser!;
    track.counts.quotes += 1;
    // An empty side has no price: nothing to compare with.
    if (isZero(data.b) || isZero(data.a)) return undefined;
    const bid = parser.price(data.b);
    const bidSize = parser.quantity(data.B);
    const ask = parser.price(data.a);
    const askSize = parser.quantity(data.A);
    if (!isId(data.u) || bid < 0 || bidSize < 0 || ask < 0 || askSize < 0) {
      return badLine(this.#context, text, "is no book ticker");
    }
    track.sink.quote({ updateId: data.u, bid, bidSize, ask, askSize });
    return undefined;
  }
}

/** How a user gives a grid that is not known. */
export const unknownGrid = (venue: string, kind: ContractKind, symbol: string): string =>
  `the tick and lot of ${venue} ${kind} ${symbol} are neither in the recording nor built in; ` +
  "give the instrument in a file (--instrument; tick size, lot size, minimum notional)";

/** `depth`, `trade`, `bookTicker`; anything else by the name that the venue gives it. */
function streamName(event: unknown, stream: unknown): string {
  if (event === "depthUpdate") return "depth";
  if (typeof event === "string" && event !== "") return event.slice(0, 40);
  if (typeof stream !== "string") return "other";
  // Spot's book ticker has no event name: the stream tells.
  return stream.slice(stream.indexOf("@") + 1, stream.indexOf("@") + 41);
}

function isWhole(name: string, data: RawFrame): boolean {
  if (name === "depth") return isId(data.U) && isId(data.u) && isId(data.E);
  if (name === "trade") return isId(data.t) && isId(data.T) && typeof data.m === "boolean";
  return isId(data.u) && typeof data.b === "string" && typeof data.a === "string";
}

/** Each market writes its messages a little differently. */
function kindOf(name: string, data: RawFrame): ContractKind {
  if (data.ps !== undefined) return "inverse";
  const futures =
    name === "depth"
      ? data.pu !== undefined
      : name === "trade"
        ? data.M === undefined
        : data.T !== undefined;
  return futures ? "linear" : "spot";
}
