/**
 * Bybit feed: order books and trades of one category, over one connection.
 *
 * The book begins with a snapshot in the stream itself; after a gap the topic is subscribed anew,
 * which brings another. Block trades and retail price improvement are told apart by the decoder.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { parseInstrumentsInfo } from "../bybit-instruments.ts";
import { SYSTEM_TRANSPORT } from "../network/system-transport.ts";
import type { Timers } from "../network/timers.ts";
import { BybitStream, type RawMessage, topicOf } from "../bybit-stream.ts";
import { badLine, type CaptureContext, newCounts, parseObject } from "../capture.ts";
import type { DataFault } from "../fault.ts";
import { waitBefore } from "./backoff.ts";
import { BybitTold } from "./bybit-told.ts";
import { DEFAULT_PACE, type Feed, type FeedOptions, FeedState } from "./feed.ts";
import { RestClient } from "./rest-client.ts";
import { type Readiness, StreamSession } from "./stream-session.ts";
import { nanosOfMillis, venueClock, venueFault } from "./venue-clock.ts";

const HOST = "wss://stream.bybit.com";
const REST = "https://api.bybit.com";
export const BYBIT_DEPTHS = [50, 200, 1000] as const;
const DEFAULT_DEPTH = 200;
/** The venue takes ten topics a request on spot, and 21,000 characters in all elsewhere. */
const SPOT_TOPICS = 10;
const MOST_TOPICS = 100;
/** Begins the ids of requests for what is told besides the book and the trades. */
const BESIDE = "told";
const HEARTBEAT = JSON.stringify({ op: "ping" });
/** After so many subscriptions in vain the connection is made anew. */
const MOST_TRIES = 4;

interface RawAnswer extends RawMessage {
  readonly op?: unknown;
  readonly success?: unknown;
  readonly ret_msg?: unknown;
  readonly req_id?: unknown;
}

interface BookState {
  readonly stream: BybitStream;
  readonly told: BybitTold;
  readonly topic: string;
  wasSynchronised: boolean;
  tries: number;
  takeBackTimer: (() => void) | undefined;
}

export class BybitFeed implements Feed {
  readonly #state: FeedState;
  readonly #options: FeedOptions;
  readonly #pace: NonNullable<FeedOptions["pace"]>;
  readonly #timers: Timers;
  readonly #abort = new AbortController();
  readonly #rest: RestClient;
  readonly #session: StreamSession;
  readonly #books = new Map<string, BookState>();

  constructor(options: FeedOptions) {
    const { clock, random, kind, host = HOST, rest = REST, transport } = options;
    const pace = options.pace ?? DEFAULT_PACE;
    this.#options = options;
    this.#pace = pace;
    this.#timers = (transport ?? SYSTEM_TRANSPORT).timers;
    this.#state = new FeedState("bybit", clock);
    this.#rest = new RestClient({
      host: rest,
      clock,
      random,
      signal: this.#abort.signal,
      timeoutMs: pace.restTimeoutMs,
      backoff: pace.restBackoff,
      onWait: (text) => options.onEvent({ kind: "notice", text }),
      transport,
    });
    const greetings = this.#subscriptions();
    this.#session = new StreamSession(
      {
        url: `${host}/v5/public/${kind}`,
        greetings: [...greetings, ...this.#besides()],
        heartbeat: HEARTBEAT,
        pace,
        clock,
        random,
        transport,
        readiness: () => this.#judge(greetings.length),
      },
      {
        frame: (text, nanos) => this.#frame(text, nanos),
        lost: (reason) => this.#lost(reason),
        connected: (how) => this.#connected(how),
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
    const offset = await venueClock(this.#rest, "/v5/market/time", timeOf);
    if (!offset.ok) return offset;
    const instruments: Instrument[] = [];
    for (const symbol of this.#options.symbols) {
      const instrument = await this.#instrument(symbol);
      if (!instrument.ok) return instrument;
      instruments.push(instrument.value);
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

  /** Somebody has found the book wrong: it is lost from here on, and asked for anew. */
  distrust(symbol: string): void {
    const book = this.#books.get(symbol);
    if (book === undefined || !book.stream.isSynchronised) return;
    book.stream.reconnected(this.#state.now());
    this.#changed(symbol, book);
  }

  async #instrument(symbol: string): Promise<Result<Instrument, DataFault>> {
    const { kind } = this.#options;
    const query = new URLSearchParams({ category: kind, symbol });
    const answer = await this.#rest.get(`/v5/market/instruments-info?${query}`);
    if (!answer.ok) return err(venueFault(answer.error.text));
    const parsed = parseInstrumentsInfo(answer.value.value, kind);
    const found = parsed.ok ? parsed.value.find((each) => each.symbol === symbol) : undefined;
    if (found !== undefined) return ok(found);
    const why = parsed.ok ? "check the symbol and --contract" : parsed.error.text;
    return err({ code: "DATA_SYMBOL", text: `Bybit has no ${kind} ${symbol}: ${why}` });
  }

  #open(instrument: Instrument): void {
    const { position, counts: file, time } = this.#state;
    const { openSink, kind, symbols, depth = DEFAULT_DEPTH } = this.#options;
    const options = { kind, symbols };
    const context: CaptureContext = { options, position, file, time, openSink };
    const counts = newCounts();
    const track = { instrument, counts, sink: openSink(instrument, counts, position) };
    this.#books.set(instrument.symbol, {
      stream: new BybitStream(track, context),
      told: new BybitTold(instrument),
      topic: `orderbook.${depth}.${instrument.symbol}`,
      wasSynchronised: false,
      tries: 0,
      takeBackTimer: undefined,
    });
  }

  #subscriptions(): string[] {
    const { depth = DEFAULT_DEPTH } = this.#options;
    return this.#requests("s", [`orderbook.${depth}`, "publicTrade"]);
  }

  /** In requests of their own: one topic that is refused takes those beside it along. */
  #besides(): string[] {
    const { kind, onTold } = this.#options;
    if (onTold === undefined) return [];
    // Spot has neither funding nor positions, but its ticker's beat tells of the stream's health.
    return this.#requests(BESIDE, kind === "spot" ? ["tickers"] : ["tickers", "allLiquidation"]);
  }

  #requests(id: string, names: readonly string[]): string[] {
    const { symbols, kind } = this.#options;
    const topics = symbols.flatMap((symbol) => names.map((name) => `${name}.${symbol}`));
    const most = kind === "spot" ? SPOT_TOPICS : MOST_TOPICS;
    const requests: string[] = [];
    for (let from = 0; from < topics.length; from += most) {
      const args = topics.slice(from, from + most);
      requests.push(JSON.stringify({ op: "subscribe", req_id: `${id}${from}`, args }));
    }
    return requests;
  }

  /** @param requests without which there is no market: nobody waits for the others. */
  #judge(requests: number): (text: string) => Readiness {
    let answered = 0;
    const begun = new Set<unknown>();
    return (text) => {
      const message: RawAnswer | undefined = parseObject(text);
      const id = message?.req_id;
      const isBeside = typeof id === "string" && id.startsWith(BESIDE);
      if (message?.op === "subscribe" && message.success === true && !isBeside) answered += 1;
      const topic = message?.type === "snapshot" ? message.topic : undefined;
      if (typeof topic === "string" && topicOf(topic)?.depth !== undefined) begun.add(topic);
      if (answered < requests) return "opening";
      return begun.size < this.#books.size ? "subscribed" : "complete";
    };
  }

  #connected(how: "anew" | "taken-over"): void {
    const text = how === "anew" ? "connected" : "a new connection has taken over, without a break";
    this.#options.onEvent({ kind: "connected", text });
    for (const book of this.#books.values()) {
      if (how === "taken-over") book.stream.isTakenOver = true;
      else this.#expect(book);
    }
  }

  #lost(reason: string): void {
    this.#options.onEvent({ kind: "lost", text: `connection lost: ${reason}` });
    const now = this.#state.now();
    for (const book of this.#books.values()) {
      book.takeBackTimer?.();
      book.tries = 0;
      book.stream.isTakenOver = false;
      book.stream.reconnected(now);
      book.wasSynchronised = false;
    }
  }

  #frame(text: string, nanos: bigint): boolean {
    const state = this.#state;
    state.take();
    const { counts, position } = state;
    const report = { position, file: counts } as CaptureContext;
    const message: RawAnswer | undefined = parseObject(text);
    if (message === undefined) {
      badLine(report, text, "is not JSON");
      return false;
    }
    if (typeof message.topic !== "string") {
      this.#answered(message);
      return false;
    }
    const { onTold } = this.#options;
    if (onTold !== undefined && this.#told(message, message.topic, onTold)) return true;
    const topic = topicOf(message.topic);
    const book = topic === undefined ? undefined : this.#books.get(topic.symbol);
    counts.stream(book === undefined ? "other" : topic?.depth === undefined ? "trade" : "book");
    if (topic === undefined || book === undefined) {
      counts.otherInstruments += 1;
      return false;
    }
    const localTime = state.local(nanos);
    if (topic.depth === undefined) book.stream.trades(message, localTime, text);
    else book.stream.book(topic.depth, message, localTime, text);
    if (book.stream.isSynchronised !== book.wasSynchronised) this.#changed(topic.symbol, book);
    return true;
  }

  /** @returns whether it was of such a topic. */
  #told(message: RawMessage, topic: string, tell: NonNullable<FeedOptions["onTold"]>): boolean {
    const [name, symbol = ""] = topic.split(".", 2);
    if (name !== "tickers" && name !== "allLiquidation") return false;
    this.#state.counts.stream(name);
    const book = this.#books.get(symbol);
    if (book === undefined) return true;
    const { counts } = book.stream.track;
    const unusedMessages =
      this.#state.counts.badLines.count +
      counts.unsynchronised.bookMessages +
      counts.unsynchronised.trades;
    const told = name === "tickers" ? book.told.ticker(message) : book.told.liquidations(message);
    tell(symbol, { ...told, unusedMessages });
    return true;
  }

  #answered({ op, success, ret_msg: words }: RawAnswer): void {
    this.#state.counts.stream("answers");
    if (success !== false || op === "ping" || op === "pong") return;
    const said = typeof words === "string" ? words.slice(0, 200) : "no reason";
    this.#options.onEvent({ kind: "notice", text: `Bybit refused a request: ${said}` });
  }

  #changed(symbol: string, book: BookState): void {
    book.wasSynchronised = book.stream.isSynchronised;
    if (book.wasSynchronised) {
      book.takeBackTimer?.();
      book.tries = 0;
      this.#options.onEvent({ kind: "synchronised", symbol, text: "the book is known" });
      return;
    }
    this.#options.onEvent({ kind: "gap", symbol, text: "messages are missing" });
    this.#again(symbol, book);
  }

  /** Subscribes the book anew, and looks later whether it has come. */
  #again(symbol: string, book: BookState): void {
    const args = [book.topic];
    this.#session.send(JSON.stringify({ op: "unsubscribe", args }));
    this.#session.send(JSON.stringify({ op: "subscribe", args }));
    this.#expect(book, symbol);
  }

  #expect(book: BookState, symbol = book.stream.track.instrument.symbol): void {
    book.takeBackTimer?.();
    const { resyncBackoff, restTimeoutMs } = this.#pace;
    const first = book.tries === 0 ? restTimeoutMs : 0;
    const wait = first + waitBefore(book.tries, resyncBackoff, this.#options.random());
    book.takeBackTimer = this.#timers.after(wait * 1e6, () => {
      if (book.stream.isSynchronised) return;
      book.tries += 1;
      if (book.tries < MOST_TRIES) this.#again(symbol, book);
      else this.#session.restart(`the book of ${symbol} does not come`);
    });
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function timeOf(answer: object): bigint | undefined {
  const { result, time }: { readonly result?: unknown; readonly time?: unknown } = answer;
  const nanos =
    typeof result === "object" && result !== null && "timeNano" in result
      ? result.timeNano
      : undefined;
  if (typeof nanos === "string" && /^\d{19}$/.test(nanos)) return BigInt(nanos);
  return nanosOfMillis(time);
}
