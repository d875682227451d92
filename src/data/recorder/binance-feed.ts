/**
 * Binance feed: depth changes and trades of one market, over one connection.
 *
 * The stream has changes only: the book begins with a snapshot that is asked for by REST once
 * changes come in, and joined by the decoder. After a gap another is asked for, as often as it
 * takes until one joins.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { ContractKind, Instrument } from "../../core/domain/instrument.ts";
import { BinanceCapture, type RawFrame } from "../binance-capture.ts";
import { parseExchangeInfo } from "../binance-instruments.ts";
import { badLine, type CaptureContext, parseObject } from "../capture.ts";
import type { DataFault } from "../fault.ts";
import { SYSTEM_TRANSPORT } from "../network/system-transport.ts";
import { waitBefore } from "./backoff.ts";
import { DEFAULT_PACE, type Feed, type FeedOptions, FeedState } from "./feed.ts";
import { RestClient } from "./rest-client.ts";
import { type Readiness, StreamSession } from "./stream-session.ts";
import { nanosOfMillis, venueClock, venueFault } from "./venue-clock.ts";

interface Market {
  readonly host: string;
  readonly rest: string;
  readonly api: string;
  /** Levels a side of a snapshot; more weighs more. */
  readonly limit: number;
}

const MARKETS: Readonly<Record<ContractKind, Market>> = {
  spot: {
    host: "wss://stream.binance.com:9443",
    rest: "https://api.binance.com",
    api: "/api/v3",
    limit: 5000,
  },
  // Futures streams are shared out by what they carry since 2026-04: books and trades are "public".
  linear: {
    host: "wss://fstream.binance.com/public",
    rest: "https://fapi.binance.com",
    api: "/fapi/v1",
    limit: 1000,
  },
  inverse: {
    host: "wss://dstream.binance.com/public",
    rest: "https://dapi.binance.com",
    api: "/dapi/v1",
    limit: 1000,
  },
};

/** Streams of one request. */
const MOST_STREAMS = 50;

interface RawAnswer extends RawFrame {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

interface BookState {
  readonly capture: BinanceCapture;
  wasSynchronised: boolean;
  /** A snapshot is on its way, or will be asked for. */
  isAsking: boolean;
  tries: number;
  takeBackTimer: (() => void) | undefined;
}

export class BinanceFeed implements Feed {
  readonly #state: FeedState;
  readonly #options: FeedOptions;
  readonly #pace: NonNullable<FeedOptions["pace"]>;
  readonly #market: Market;
  readonly #abort = new AbortController();
  readonly #rest: RestClient;
  readonly #session: StreamSession;
  readonly #books = new Map<string, BookState>();

  constructor(options: FeedOptions) {
    const { clock, random, kind } = options;
    const pace = options.pace ?? DEFAULT_PACE;
    this.#options = options;
    this.#pace = pace;
    this.#market = MARKETS[kind];
    this.#state = new FeedState("binance", clock);
    this.#rest = new RestClient({
      host: options.rest ?? this.#market.rest,
      clock,
      random,
      signal: this.#abort.signal,
      timeoutMs: pace.restTimeoutMs,
      backoff: pace.restBackoff,
      onWait: (text) => options.onEvent({ kind: "notice", text }),
      transport: options.transport,
    });
    const greetings = this.#subscriptions();
    this.#session = new StreamSession(
      {
        url: `${options.host ?? this.#market.host}/stream`,
        greetings,
        heartbeat: undefined,
        pace,
        clock,
        random,
        transport: options.transport,
        readiness: () => judge(greetings.length),
      },
      {
        frame: (text, nanos) => this.#frame(text, nanos),
        lost: (reason) => this.#lost(reason),
        connected: (how) => {
          const text = how === "anew" ? "connected" : "a new connection has taken over";
          options.onEvent({ kind: "connected", text });
        },
        retry: (wait) =>
          options.onEvent({ kind: "retry", text: `connecting again in ${seconds(wait)}` }),
      },
    );
  }

  get counts(): FeedState["counts"] {
    return this.#state.counts;
  }

  get time(): FeedState["time"] {
    return this.#state.time;
  }

  get offset(): FeedState["offset"] {
    return this.#state.offset;
  }

  now(): number {
    return this.#state.now();
  }

  async prepare(): Promise<Result<readonly Instrument[], DataFault>> {
    const { api } = this.#market;
    const { symbols, kind } = this.#options;
    const offset = await venueClock(this.#rest, `${api}/time`, timeOf);
    if (!offset.ok) return offset;
    // Spot's whole list has tens of megabytes; futures take no such question.
    const query =
      kind === "spot" ? `?${new URLSearchParams({ symbols: JSON.stringify(symbols) })}` : "";
    const answer = await this.#rest.get(`${api}/exchangeInfo${query}`);
    if (!answer.ok) {
      const isUnknown = answer.error.status === 400 && kind === "spot";
      return err(
        isUnknown
          ? { code: "DATA_SYMBOL", text: `Binance has not all of ${symbols.join(", ")} on spot` }
          : venueFault(answer.error.text),
      );
    }
    const info = parseExchangeInfo(answer.value.value, kind, symbols);
    if (!info.ok) return err(venueFault(info.error.text));
    this.#rest.weightLimit = info.value.weightLimit;
    const instruments: Instrument[] = [];
    for (const symbol of symbols) {
      const found = info.value.instruments.find((each) => each.symbol === symbol);
      if (found === undefined) {
        const text = `Binance has no ${kind} ${symbol}: check the symbol and --contract`;
        return err({ code: "DATA_SYMBOL", text });
      }
      instruments.push(found);
    }
    this.#state.begin(offset.value, this.#options.epochNanos);
    for (const instrument of instruments) this.#open(instrument);
    return ok(instruments);
  }

  start(): void {
    this.#session.start();
  }

  stop(): void {
    this.#abort.abort();
    this.#session.stop();
    for (const { takeBackTimer } of this.#books.values()) takeBackTimer?.();
  }

  #open(instrument: Instrument): void {
    const { position, counts: file, time } = this.#state;
    const { openSink } = this.#options;
    const { symbol, kind } = instrument;
    const options = { symbol, kind, instrument };
    this.#books.set(symbol, {
      capture: new BinanceCapture({ options, position, file, time, openSink }),
      wasSynchronised: false,
      isAsking: false,
      tries: 0,
      takeBackTimer: undefined,
    });
  }

  #subscriptions(): string[] {
    const streams = this.#options.symbols.flatMap((symbol) => {
      const name = symbol.toLowerCase();
      return [`${name}@depth@100ms`, `${name}@trade`];
    });
    const requests: string[] = [];
    for (let from = 0; from < streams.length; from += MOST_STREAMS) {
      const params = streams.slice(from, from + MOST_STREAMS);
      requests.push(JSON.stringify({ method: "SUBSCRIBE", params, id: requests.length + 1 }));
    }
    return requests;
  }

  #lost(reason: string): void {
    this.#options.onEvent({ kind: "lost", text: `connection lost: ${reason}` });
    const now = this.#state.now();
    for (const book of this.#books.values()) {
      book.tries = 0;
      book.capture.reconnected(now);
      book.wasSynchronised = false;
    }
  }

  #frame(text: string, nanos: bigint): boolean {
    const state = this.#state;
    state.take();
    const { counts, position } = state;
    const frame: RawAnswer | undefined = parseObject(text);
    if (frame === undefined) {
      badLine({ position, file: counts } as CaptureContext, text, "is not JSON");
      return false;
    }
    const data = frame.data as RawFrame | null | undefined;
    const symbol = typeof data === "object" && data !== null ? data.s : undefined;
    if (symbol === undefined) {
      this.#answered(frame);
      return false;
    }
    const book = typeof symbol === "string" ? this.#books.get(symbol) : undefined;
    if (book === undefined || typeof symbol !== "string") {
      counts.otherInstruments += 1;
      return false;
    }
    book.capture.frame(frame, state.local(nanos), text);
    if (book.capture.isSynchronised !== book.wasSynchronised) this.#changed(symbol, book);
    // Only when changes come in: a snapshot from before the first of them would not join.
    const isDepth = data?.e === "depthUpdate";
    if (isDepth && !book.isAsking && book.capture.needsSnapshot) this.#ask(symbol, book);
    return true;
  }

  #answered({ id, error }: RawAnswer): void {
    this.#state.counts.stream("answers");
    if (id === undefined || error === undefined || error === null) return;
    const words = JSON.stringify(error).slice(0, 200);
    this.#options.onEvent({ kind: "notice", text: `Binance refused a request: ${words}` });
  }

  #changed(symbol: string, book: BookState): void {
    book.wasSynchronised = book.capture.isSynchronised;
    if (book.wasSynchronised) book.tries = 0;
    const event = book.wasSynchronised
      ? ({ kind: "synchronised", text: "the book is known" } as const)
      : ({ kind: "gap", text: "messages are missing" } as const);
    this.#options.onEvent({ ...event, symbol });
  }

  /** At once the first time, then later and later. */
  #ask(symbol: string, book: BookState): void {
    book.isAsking = true;
    const { resyncBackoff } = this.#pace;
    const wait =
      book.tries === 0 ? 0 : waitBefore(book.tries - 1, resyncBackoff, this.#options.random());
    book.tries += 1;
    const { timers } = this.#options.transport ?? SYSTEM_TRANSPORT;
    book.takeBackTimer = timers.after(wait * 1e6, () => void this.#fetch(symbol, book));
  }

  async #fetch(symbol: string, book: BookState): Promise<void> {
    const { api, limit } = this.#market;
    const query = new URLSearchParams({ symbol, limit: String(limit) });
    const answer = await this.#rest.get(`${api}/depth?${query}`, Number.POSITIVE_INFINITY);
    book.isAsking = false;
    if (this.#abort.signal.aborted) return;
    if (!answer.ok) {
      this.#options.onEvent({ kind: "notice", symbol, text: answer.error.text });
      return;
    }
    const { value, answered } = answer.value;
    const isSnapshot = typeof value === "object" && value !== null && "lastUpdateId" in value;
    if (!isSnapshot) {
      this.#options.onEvent({ kind: "notice", symbol, text: "the answer is no order book" });
      return;
    }
    this.#state.take();
    book.capture.frame(value, this.#state.local(answered), "a snapshot");
    if (book.capture.isSynchronised !== book.wasSynchronised) this.#changed(symbol, book);
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const timeOf = ({ serverTime }: { readonly serverTime?: unknown }): bigint | undefined =>
  nanosOfMillis(serverTime);

/** The venue answers each request by its id; from then on the streams carry all. */
function judge(requests: number): (text: string) => Readiness {
  const answered = new Set<unknown>();
  return (text) => {
    const message: RawAnswer | undefined = parseObject(text);
    if (message?.id !== undefined && message.result === null) answered.add(message.id);
    return answered.size < requests ? "opening" : "complete";
  };
}
