/**
 * Binance capture: lines of `<local receive time> <frame>`, the raw streams of one symbol and REST
 * depth snapshots among them, for USD-M and COIN-M futures and spot.
 *
 * A book is known from the snapshot on that joins the deltas (L = its lastUpdateId). Futures: those
 * with u < L are old, the first has U <= L <= u, each next one pu = the previous u. Spot: u <= L is
 * old, the first has U <= L + 1 <= u, each next one U = the previous u + 1. What must stay true: no
 * delta is applied that does not join; until a snapshot does, nothing reaches the sink.
 */
import type { ContractKind } from "../core/domain/instrument.ts";
import { Kind, OFF_BOOK, OFF_VOLUME } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  isId,
  isZero,
  LevelParser,
  levelRows,
  Levels,
  newCounts,
  parseObject,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { NOT_A_NUMBER, OFF_GRID } from "./grid-parser.ts";
import { knownInstrument } from "./known-instruments.ts";

/** A frame, or the `data` of a combined one; every field is hostile until checked. */
interface RawFrame {
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

/** A checked depth delta. */
interface Delta {
  readonly first: number;
  readonly last: number;
  /** `pu`: only futures have it. */
  readonly previous: number | undefined;
  readonly exchangeTime: number;
  readonly localTime: number;
  readonly bids: unknown;
  readonly asks: unknown;
}

interface Snapshot {
  readonly lastUpdateId: number;
  /** NaN on spot: its snapshots carry no time. */
  readonly exchangeTime: number;
  readonly bids: unknown;
  readonly asks: unknown;
}

/** Symbols that a message lists at most. */
const MOST_NAMED = 10;
/** Deltas that wait for a snapshot: minutes of the busiest stream. */
const MOST_WAITING = 50_000;

export class BinanceCapture implements CaptureDecoder {
  readonly tracks: Track[] = [];
  readonly #context: CaptureContext;
  readonly #bids = new Levels();
  readonly #asks = new Levels();
  #track: Track | undefined;
  #parser: LevelParser | undefined;
  #snapshot: Snapshot | undefined;
  #waiting: Delta[] = [];
  /** Whether the book is known: only then is `#applied` the last update id in it. */
  #known = false;
  #applied = 0;
  #everSynchronised = false;
  #lastTrade = 0;
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
    const frame: RawFrame | undefined = parseObject(text.slice(space + 1));
    if (frame === undefined) return badLine(this.#context, text, "is not JSON");
    if (frame.lastUpdateId !== undefined) return this.#onSnapshot(frame, localTime, text);
    const data = frame.data ?? frame;
    if (typeof data !== "object") return badLine(this.#context, text, "carries no data");
    return this.#onFrame(data, frame.stream, localTime, text);
  }

  finish(): DataFault | undefined {
    const track = this.#track;
    const { position } = this.#context;
    if (track === undefined) return this.#nothingFault();
    track.counts.unsynchronised.bookMessages += this.#waiting.length;
    if (this.#otherSymbols.size > 0) this.#noteOthers(track);
    if (this.#everSynchronised) return undefined;
    const { bookMessages, snapshots } = track.counts;
    const why =
      snapshots.unused > 0 || this.#snapshot !== undefined
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
    const digits = text.slice(0, space);
    if (!/^\d+$/.test(digits)) return Number.NaN;
    const nanos = digits.slice(10).padEnd(9, "0");
    return this.#context.time.nanos(Number(digits.slice(0, 10)), Number(nanos));
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
    const { options, position, openSink } = this.#context;
    const instrument = options.instrument ?? knownInstrument("binance", kind, symbol);
    if (instrument === undefined) {
      return faultAt("DATA_SYMBOL", position, unknownGrid("Binance", kind, symbol));
    }
    const counts = newCounts();
    const track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#track = track;
    this.tracks.push(track);
    this.#parser = new LevelParser(instrument, counts, position);
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
    if (this.#known) {
      this.#track!.counts.snapshots.unused += 1;
      return undefined;
    }
    if (this.#snapshot !== undefined && this.#track !== undefined) {
      this.#track.counts.snapshots.unused += 1;
    }
    const exchangeTime = this.#context.time.fromMillis(frame.T ?? frame.E);
    this.#snapshot = { lastUpdateId, exchangeTime, bids, asks };
    if (this.#track !== undefined) this.#synchronise(this.#track, localTime, text);
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
    };
    if (this.#known) {
      this.#follow(track, delta, text);
      return undefined;
    }
    this.#waiting.push(delta);
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      track.counts.unsynchronised.bookMessages += 1;
    }
    this.#synchronise(track, localTime, text);
    return undefined;
  }

  /** Applies what joins the book as it stands, or breaks off. */
  #follow(track: Track, delta: Delta, text: string): void {
    const { counts, sink } = track;
    if (delta.last <= this.#applied) {
      counts.duplicates.bookMessages += 1;
      return;
    }
    const futures = delta.previous !== undefined;
    const expected = futures ? this.#applied : this.#applied + 1;
    const found = delta.previous ?? delta.first;
    if (found !== expected) {
      counts.gaps.add(() => ({ ...this.#context.position, expected, found }));
      sink.begin("book", delta.exchangeTime, delta.localTime);
      sink.row(Kind.GAP, 0, 0);
      sink.end(delta.last);
      this.#known = false;
      this.#snapshot = undefined;
      this.#waiting = [delta];
      return;
    }
    if (!this.#parse(delta)) {
      // It is not applied, so the next delta will find that it does not join.
      badLine(this.#context, text, "has levels that are no numbers");
      return;
    }
    sink.begin("book", delta.exchangeTime, delta.localTime);
    levelRows(sink, Kind.BID, this.#bids);
    levelRows(sink, Kind.ASK, this.#asks);
    sink.end(delta.last);
    this.#applied = delta.last;
  }

  /** Joins the snapshot in hand with the deltas that wait, as soon as both are there. */
  #synchronise(track: Track, localTime: number, text: string): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return;
    const { counts, sink } = track;
    const id = snapshot.lastUpdateId;
    const spot = track.instrument.kind === "spot";
    const oldest = spot ? id + 1 : id;
    const joinsAt = this.#waiting.findIndex((delta) => delta.last >= oldest);
    if (joinsAt < 0) {
      counts.unsynchronised.bookMessages += this.#waiting.length;
      this.#waiting = [];
      return;
    }
    counts.unsynchronised.bookMessages += joinsAt;
    const joining = this.#waiting.slice(joinsAt);
    const first = joining[0]!;
    this.#waiting = joining;
    this.#snapshot = undefined;
    if (first.first > oldest || !this.#parse(snapshot)) {
      // Too old a snapshot (or none): the deltas wait for the next.
      if (first.first <= oldest) badLine(this.#context, text, "has levels that are no numbers");
      counts.snapshots.unused += 1;
      return;
    }
    counts.snapshots.used += 1;
    const stated = snapshot.exchangeTime;
    const exchangeTime = stated <= first.exchangeTime ? stated : first.exchangeTime;
    sink.begin("book", exchangeTime, localTime);
    sink.row(Kind.CLEAR, 0, 0);
    levelRows(sink, Kind.BID, this.#bids);
    levelRows(sink, Kind.ASK, this.#asks);
    sink.end(id);
    this.#everSynchronised = true;
    this.#waiting = [];
    // The first delta overlaps the snapshot; from there on each joins the one before.
    this.#known = true;
    this.#applied = spot ? first.first - 1 : first.previous!;
    for (const delta of joining) {
      if (this.#known) this.#follow(track, { ...delta, localTime }, text);
      else this.#waiting.push(delta);
    }
  }

  #parse(book: { readonly bids: unknown; readonly asks: unknown }): boolean {
    const parser = this.#parser!;
    return parser.levels(book.bids, this.#bids) && parser.levels(book.asks, this.#asks);
  }

  #onTrade(track: Track, data: RawFrame, localTime: number, text: string): undefined {
    const { counts, sink } = track;
    const { t: id, m: buyerIsMaker } = data;
    const parser = this.#parser!;
    const exchangeTime = this.#context.time.fromMillis(data.T ?? data.E);
    const bad = !isId(id) || typeof buyerIsMaker !== "boolean" || Number.isNaN(exchangeTime);
    if (bad) return badLine(this.#context, text, "is no trade");
    counts.trades += 1;
    if (this.#lastTrade !== 0 && id <= this.#lastTrade) {
      counts.duplicates.trades += 1;
      return undefined;
    }
    if (this.#lastTrade !== 0) counts.tradeIdsMissing += id - this.#lastTrade - 1;
    this.#lastTrade = id;
    if (isZero(data.p)) {
      counts.priceZeroTrades += 1;
      return undefined;
    }
    const price = parser.price(data.p);
    const quantity = parser.quantity(data.q);
    if (price === NOT_A_NUMBER || quantity === NOT_A_NUMBER) {
      return badLine(this.#context, text, "has a price or quantity that is no number");
    }
    if (price === OFF_GRID || quantity <= 0) return undefined;
    if (!this.#everSynchronised) {
      counts.unsynchronised.trades += 1;
      return undefined;
    }
    // Insurance fund and auto-deleveraging executions meet no order of the book.
    const ordinary = data.X === undefined || data.X === "MARKET";
    const flags = ordinary ? 0 : OFF_BOOK | OFF_VOLUME;
    sink.begin("trade", exchangeTime, localTime);
    sink.row((buyerIsMaker ? Kind.TRADE_SELL : Kind.TRADE_BUY) | flags, price, quantity);
    sink.end(id);
    return undefined;
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
