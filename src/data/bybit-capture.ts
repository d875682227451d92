/**
 * Bybit capture: raw frames of several connections (`{"t": "recv", …}`), and archive files of one
 * order book (`{"topic": "orderbook.…", …}`).
 *
 * The same symbol is traded in several categories and the messages do not say which: the address of
 * the connection does. Instruments come from the capture's own `instruments-info` answers.
 */
import type { ContractKind, Instrument } from "../core/domain/instrument.ts";
import { unknownGrid } from "./binance-capture.ts";
import { parseInstrumentsInfo } from "./bybit-instruments.ts";
import { BybitStream, type RawMessage, type SavedStream, topicOf } from "./bybit-stream.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  newCounts,
  parseObject,
  type Track,
} from "./capture.ts";
import { type DataFault, faultAt } from "./fault.ts";
import { BybitBookScanner } from "./frame-scanner.ts";
import { knownInstrument } from "./known-instruments.ts";
import { addCounts, type StreamCounts } from "./read-report.ts";

/** A line of a frame file; every field is hostile until checked. */
interface RawFrame {
  readonly t?: unknown;
  readonly conn?: unknown;
  readonly ts?: unknown;
  readonly addr?: unknown;
  readonly url?: unknown;
  readonly data?: unknown;
  readonly exchange?: unknown;
}

interface SavedMarket {
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly streams: ReadonlyMap<string, SavedStream>;
}

interface LastBook {
  readonly stream: BybitStream | undefined;
  readonly topic: string;
  readonly depth: string;
}

const NO_BOOK: LastBook = { stream: undefined, topic: "", depth: "" };

/** A topic without its symbol. */
const nameOf = (topic: string): string =>
  topic.includes(".") ? topic.slice(0, topic.lastIndexOf(".")).slice(0, 40) : topic;

/** Sends messages to the stream of their instrument, and opens it with the first. */
class BybitMarket {
  readonly tracks: Track[] = [];
  readonly instruments = new Map<string, Instrument>();
  readonly #context: CaptureContext;
  readonly #streams = new Map<string, BybitStream>();
  /** Where the last book message went, and the scanner for its like. */
  #lastBook: LastBook | undefined;
  #scanned = "";
  #scanner: BybitBookScanner | undefined;

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  message(
    source: { readonly kind: ContractKind; readonly connection: string },
    message: RawMessage,
    localTime: number,
    text: string,
  ): DataFault | undefined {
    const { file } = this.#context;
    const topic = typeof message.topic === "string" ? message.topic : "other";
    const { symbol, depth } = topicOf(topic) ?? {};
    file.stream(nameOf(topic));
    if (symbol === undefined) return undefined;
    if (!this.#wanted(source.kind, symbol)) {
      file.otherInstruments += 1;
      return undefined;
    }
    const stream = this.#streams.get(`${source.kind}:${symbol}`) ?? this.#open(source.kind, symbol);
    if (!(stream instanceof BybitStream)) return stream;
    if (depth === undefined) return stream.trades(message, localTime, text);
    stream.connection = source.connection;
    this.#lastBook = { stream, topic, depth };
    return stream.book(depth, message, localTime, text);
  }

  /** Takes a line that is of the same book as the last one, if a scanner can be trusted with it. */
  scanned(text: string): boolean {
    const { stream, topic, depth } = this.#lastBook ?? NO_BOOK;
    if (stream === undefined) return false;
    if (this.#scanned !== topic) {
      this.#scanned = topic;
      const { track, bids, asks } = stream;
      const isPlain = /^[\w.-]+$/.test(topic);
      this.#scanner = isPlain
        ? new BybitBookScanner(track.instrument, topic, bids, asks)
        : undefined;
    }
    if (this.#scanner?.scan(text) !== true || !stream.scanned(depth, this.#scanner)) return false;
    this.#context.file.stream(nameOf(topic));
    return true;
  }

  reconnected(connection: string, localTime: number): void {
    for (const stream of this.#streams.values()) {
      if (stream.connection === connection) stream.reconnected(localTime);
    }
  }

  #open(kind: ContractKind, symbol: string): BybitStream | DataFault {
    const { options, position } = this.#context;
    const given = options.instrument;
    const instrument =
      given?.symbol === symbol && given.kind === kind
        ? given
        : (this.instruments.get(`${kind}:${symbol}`) ?? knownInstrument("bybit", kind, symbol));
    if (instrument === undefined) {
      return faultAt("DATA_SYMBOL", position, unknownGrid("Bybit", kind, symbol));
    }
    return this.#begin(`${kind}:${symbol}`, instrument, newCounts());
  }

  #begin(name: string, instrument: Instrument, counts: StreamCounts): BybitStream {
    const { position, openSink } = this.#context;
    const track = { instrument, counts, sink: openSink(instrument, counts, position) };
    const stream = new BybitStream(track, this.#context);
    this.tracks.push(track);
    this.#streams.set(name, stream);
    return stream;
  }

  save(): SavedMarket {
    const streams = new Map([...this.#streams].map(([name, stream]) => [name, stream.save()]));
    return { instruments: this.instruments, streams };
  }

  restore({ instruments, streams }: SavedMarket): void {
    for (const [name, instrument] of instruments) this.instruments.set(name, instrument);
    for (const [name, saved] of streams) {
      this.#begin(name, saved.instrument, addCounts(newCounts(), saved.counts)).restore(saved);
    }
  }

  #wanted(kind: ContractKind, symbol: string): boolean {
    const { symbol: asked, kind: askedKind, instrument } = this.#context.options;
    const wantedSymbol = asked ?? instrument?.symbol;
    const wantedKind = askedKind ?? (asked === undefined ? instrument?.kind : undefined);
    return (
      (wantedSymbol === undefined || wantedSymbol === symbol) &&
      (wantedKind === undefined || wantedKind === kind)
    );
  }

  /** What makes the recording useless, once all of it has been read. */
  finish(): DataFault | undefined {
    const { options, position } = this.#context;
    if (this.tracks.some((track) => track.counts.snapshots.used > 0)) return undefined;
    const wanted = [options.symbol ?? options.instrument?.symbol, options.kind]
      .filter((part) => part !== undefined)
      .join(" ");
    const what = wanted === "" ? "" : ` of ${wanted}`;
    const code = wanted !== "" && this.tracks.length === 0 ? "DATA_SYMBOL" : "DATA_EMPTY";
    return {
      code,
      text:
        `${position.file}: there is no order book snapshot${what}, so no book is ever known; ` +
        (code === "DATA_SYMBOL" ? "check the symbol and kind" : "record from the subscription on"),
      file: position.file,
    };
  }
}

/** Frames as a recorder of several connections writes them. */
export class BybitFrames implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #market: BybitMarket;
  readonly #kinds = new Map<string, ContractKind>();

  constructor(context: CaptureContext) {
    this.#context = context;
    this.#market = new BybitMarket(context);
  }

  get tracks(): readonly Track[] {
    return this.#market.tracks;
  }

  line(text: string): DataFault | undefined {
    const frame: RawFrame | undefined = parseObject(text);
    if (frame === undefined) return badLine(this.#context, text, "is not JSON");
    switch (frame.t) {
      case "header":
        return this.#onHeader(frame);
      case "http":
        return this.#onAnswer(frame, text);
      case "connect":
        return this.#onConnect(frame, text);
      case "recv":
        return this.#onReceive(frame, text);
      default:
        this.#context.file.stream(typeof frame.t === "string" ? frame.t.slice(0, 40) : "other");
        return undefined;
    }
  }

  save(): unknown {
    return { market: this.#market.save(), kinds: this.#kinds };
  }

  restore(value: unknown): void {
    const saved = value as {
      readonly market: SavedMarket;
      readonly kinds: ReadonlyMap<string, ContractKind>;
    };
    this.#market.restore(saved.market);
    for (const [connection, kind] of saved.kinds) this.#kinds.set(connection, kind);
  }

  finish(): DataFault | undefined {
    return this.#market.finish();
  }

  #onHeader(frame: RawFrame): DataFault | undefined {
    this.#context.file.stream("header");
    if (frame.exchange === undefined || frame.exchange === "BYBIT") return undefined;
    const exchange =
      typeof frame.exchange === "string" ? frame.exchange.slice(0, 40) : "an unknown exchange";
    const text = `these are frames of ${exchange}; Arrival reads frames of BYBIT`;
    return faultAt("DATA_FORMAT", this.#context.position, text);
  }

  #onAnswer(frame: RawFrame, text: string): undefined {
    this.#context.file.stream("http");
    if (typeof frame.url !== "string" || !URL.canParse(frame.url)) {
      return badLine(this.#context, text, "names no address");
    }
    const url = new URL(frame.url);
    if (!url.pathname.endsWith("/instruments-info")) return undefined;
    const parsed = parseInstrumentsInfo(frame.data, url.searchParams.get("category") ?? "");
    if (!parsed.ok) return badLine(this.#context, text, parsed.error.text);
    for (const instrument of parsed.value) {
      this.#market.instruments.set(`${instrument.kind}:${instrument.symbol}`, instrument);
    }
    return undefined;
  }

  #onConnect(frame: RawFrame, text: string): undefined {
    this.#context.file.stream("connect");
    const kind = kindOfAddress(frame.addr);
    if (typeof frame.conn !== "string" || typeof frame.addr !== "string") {
      return badLine(this.#context, text, "names no connection");
    }
    if (kind === undefined) return undefined;
    this.#kinds.set(frame.conn, kind);
    const localTime = this.#receiveTime(frame.ts);
    if (!Number.isNaN(localTime)) this.#market.reconnected(frame.conn, localTime);
    return undefined;
  }

  #onReceive(frame: RawFrame, text: string): DataFault | undefined {
    const localTime = this.#receiveTime(frame.ts);
    const { conn, data } = frame;
    if (Number.isNaN(localTime) || typeof conn !== "string") {
      return badLine(this.#context, text, "has no receive time or connection");
    }
    const message: RawMessage | undefined =
      typeof data === "string" ? parseObject(data) : undefined;
    if (message === undefined) return badLine(this.#context, text, "carries no message");
    const kind = this.#kinds.get(conn) ?? this.#context.options.kind;
    if (kind === undefined) return badLine(this.#context, text, "comes over an unknown connection");
    return this.#market.message({ kind, connection: conn }, message, localTime, text);
  }

  /** Seconds as a float: microseconds are all that it holds. */
  #receiveTime(seconds: unknown): number {
    if (typeof seconds !== "number") return Number.NaN;
    const whole = Math.floor(seconds);
    return this.#context.time.nanos(whole, Math.round((seconds - whole) * 1e6) * 1000);
  }
}

/** A day of one order book, as the venue offers it for download. It holds no receive times. */
export class BybitArchive implements CaptureDecoder {
  readonly #context: CaptureContext;
  readonly #market: BybitMarket;
  readonly #kind: ContractKind;
  readonly #hasTrades: boolean;
  #noted = false;

  /** `hasTrades`: whether their own archive is read beside this one. */
  constructor(context: CaptureContext, hasTrades = false) {
    this.#context = context;
    this.#hasTrades = hasTrades;
    this.#market = new BybitMarket(context);
    this.#kind = context.options.kind ?? context.options.instrument?.kind ?? "linear";
  }

  get tracks(): readonly Track[] {
    return this.#market.tracks;
  }

  line(text: string): DataFault | undefined {
    if (text === "" || this.#market.scanned(text)) return undefined;
    const message: RawMessage | undefined = parseObject(text);
    if (message === undefined) return badLine(this.#context, text, "is not JSON");
    const source = { kind: this.#kind, connection: "" };
    const fault = this.#market.message(source, message, Number.NaN, text);
    if (!this.#noted) this.#note();
    return fault;
  }

  save(): unknown {
    return { market: this.#market.save(), noted: this.#noted };
  }

  restore(value: unknown): void {
    const saved = value as { readonly market: SavedMarket; readonly noted: boolean };
    this.#market.restore(saved.market);
    this.#noted = saved.noted;
  }

  finish(): DataFault | undefined {
    return this.#market.finish();
  }

  #note(): void {
    const notes = this.tracks[0]?.counts.notes;
    if (notes === undefined) return;
    this.#noted = true;
    notes.push("The archive holds no receive times: the venue's sending times stand in for them.");
    if (!this.#hasTrades) notes.push("The archive holds no trades.");
    const { kind, instrument } = this.#context.options;
    if (kind === undefined && instrument === undefined) {
      notes.push("The archive does not say which kind of contract it is: linear was assumed.");
    }
  }
}

function kindOfAddress(address: unknown): ContractKind | undefined {
  if (typeof address !== "string") return undefined;
  const kind = /\/v5\/public\/(linear|inverse|spot)(?:[/?]|$)/.exec(address)?.[1];
  return kind as ContractKind | undefined;
}
