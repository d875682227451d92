/**
 * Market streams: the public topics of one market, each made while somebody watches it.
 *
 * Cadences are Bybit's. What must stay true: a greeting and the messages after it tell one story,
 * so a new subscriber needs nothing else.
 */
import type { Micros } from "../../core/domain/units.ts";
import type { Category } from "../exchange-types.ts";
import { type Bar, barEnd, type Interval, INTERVALS } from "./bars.ts";
import type { BookFeed } from "./book-feed.ts";
import { DEEPEST, type PublicMarket } from "./public-market.ts";
import { TickerFeed } from "./ticker.ts";

const MS = 1_000;
const BOOK_EVERY: Readonly<Record<Category, Readonly<Record<string, number>>>> = {
  linear: { 1: 10, 50: 20, 200: 100, 500: 100, 1000: 200 },
  inverse: { 1: 10, 50: 20, 200: 100, 500: 100, 1000: 200 },
  spot: { 1: 10, 50: 20, 200: 200, 500: 200, 1000: 200 },
};
/** The touch is told again after so long without a change. */
const TOUCH_AGAIN = 3_000;
const TICKER_EVERY: Readonly<Record<Category, number>> = { linear: 100, inverse: 100, spot: 50 };
const TRADES_EVERY = 0;
const CANDLE_EVERY = 1_000;
const LIQUIDATIONS_EVERY = 500;
const LIMITS_EVERY = 300;

export type Emit = (topic: string, text: string) => void;

/** One topic while it is watched. */
interface Stream {
  readonly everyMs: number;
  nextAt: number;
  push(emit: (text: string) => void): void;
  greeting?(): string | undefined;
  end?(): void;
}

export class MarketStreams {
  readonly #market: PublicMarket;
  readonly #emit: Emit;
  readonly #watched = new Map<string, Stream>();
  /** Kept when nobody watches: its numbers go on. */
  readonly #books = new Map<number, BookFeed>();

  constructor(market: PublicMarket, emit: Emit) {
    this.#market = market;
    this.#emit = emit;
  }

  has(topic: string): boolean {
    return this.#parse(topic) !== undefined;
  }

  watch(topic: string, isWatched: boolean): void {
    const stream = this.#watched.get(topic);
    if (!isWatched) {
      stream?.end?.();
      this.#watched.delete(topic);
      return;
    }
    const begun = stream ?? this.#parse(topic)?.();
    if (begun !== undefined) this.#watched.set(topic, begun);
  }

  greeting(topic: string): string | undefined {
    const stream = this.#watched.get(topic) ?? this.#parse(topic)?.();
    const text = stream?.greeting?.();
    if (!this.#watched.has(topic)) stream?.end?.();
    return text;
  }

  /** Every book begins anew, whether or not anybody watches it. */
  restart(): void {
    for (const [depth, feed] of this.#books) {
      feed.restartService(this.#market.stamp);
      const topic = `orderbook.${depth}.${this.#market.instrument.symbol}`;
      if (this.#watched.has(topic)) this.#emit(topic, feed.snapshot());
    }
  }

  /** Sends what is due at the market's time. */
  push(): void {
    const { now } = this.#market;
    for (const [topic, stream] of this.#watched) {
      if (now < stream.nextAt) continue;
      stream.nextAt = now + stream.everyMs * MS;
      stream.push((text) => this.#emit(topic, text));
    }
  }

  /** Number of the book that an answer shows: who watches is brought to it first. */
  settleBook(): number {
    const topic = `orderbook.${DEEPEST}.${this.#market.instrument.symbol}`;
    const feed = this.#book(DEEPEST, topic);
    const watched = this.#watched.get(topic);
    if (watched === undefined) feed.next(this.#market.stamp);
    else watched.push((text) => this.#emit(topic, text));
    return feed.update;
  }

  /** What makes the stream of a topic; undefined where there is no such topic. */
  #parse(topic: string): (() => Stream) | undefined {
    const parts = topic.split(".");
    const { symbol, kind } = this.#market.instrument;
    if (parts.at(-1) !== symbol) return undefined;
    const [name = "", argument = ""] = parts;
    if (parts.length === 3) {
      if (name === "orderbook") {
        const every = Object.hasOwn(BOOK_EVERY[kind], argument) && BOOK_EVERY[kind][argument];
        return every ? () => this.#bookStream(Number(argument), topic, every) : undefined;
      }
      const interval = INTERVALS.find((each) => each === argument);
      return name === "kline" && interval ? () => this.#candles(interval, topic) : undefined;
    }
    if (parts.length !== 2) return undefined;
    if (name === "publicTrade") return () => this.#trades();
    if (name === "tickers") return () => this.#ticker();
    if (name === "priceLimit") return () => this.#limits(topic);
    if (name === "allLiquidation" && kind !== "spot") return () => this.#liquidations(topic);
    return undefined;
  }

  #book(depth: number, topic: string): BookFeed {
    const known = this.#books.get(depth);
    if (known !== undefined) return known;
    const feed = this.#market.newBookFeed(depth, topic);
    this.#books.set(depth, feed);
    return feed;
  }

  #bookStream(depth: number, topic: string, everyMs: number): Stream {
    const market = this.#market;
    const feed = this.#book(depth, topic);
    feed.restart(market.stamp);
    let toldAt = market.now as number;
    return {
      everyMs,
      nextAt: market.now + everyMs * MS,
      push(emit) {
        const text = feed.next(market.stamp);
        if (text !== undefined) emit(text);
        else if (depth > 1 || market.now - toldAt < TOUCH_AGAIN * MS) return;
        else emit(feed.snapshot(market.nowMs));
        toldAt = market.now;
      },
      greeting: () => feed.snapshot(),
    };
  }

  #trades(): Stream {
    const { trades } = this.#market;
    const market = this.#market;
    trades.isWatched = true;
    return {
      everyMs: TRADES_EVERY,
      nextAt: 0,
      push(emit) {
        for (const text of trades.takeMessages(market.nowMs)) emit(text);
      },
      end() {
        trades.takeMessages(0);
        trades.isWatched = false;
      },
    };
  }

  #ticker(): Stream {
    const market = this.#market;
    const { kind, symbol } = market.instrument;
    const feed = new TickerFeed(kind, symbol);
    feed.restart(market.tickerFields(), market.nowMs, market.stamp.sequence);
    return {
      everyMs: TICKER_EVERY[kind],
      nextAt: market.now + TICKER_EVERY[kind] * MS,
      push(emit) {
        const text = feed.next(market.tickerFields(), market.nowMs, market.stamp.sequence);
        if (text !== undefined) emit(text);
      },
      greeting: () => feed.snapshot(),
    };
  }

  #candles(interval: Interval, topic: string): Stream {
    const market = this.#market;
    const told = (bar: Bar, isClosed: boolean): string =>
      candleText(market, topic, interval, bar, isClosed);
    let before = market.bars.current(interval);
    return {
      everyMs: CANDLE_EVERY,
      nextAt: market.now + CANDLE_EVERY * MS,
      push(emit) {
        const bar = market.bars.current(interval);
        if (bar === undefined) return;
        const closed = market.bars.latest(interval);
        if (before !== undefined && bar.start !== before.start && closed !== undefined) {
          emit(told(closed, true));
        }
        const isSame = before !== undefined && sameBar(before, bar);
        before = bar;
        if (!isSame) emit(told(bar, false));
      },
      greeting: () => (before === undefined ? undefined : told(before, false)),
    };
  }

  #limits(topic: string): Stream {
    const market = this.#market;
    const message = (): string => {
      const { buy, sell } = market.priceLimit;
      const { symbol } = market.instrument;
      const { text } = market;
      return (
        `{"topic":"${topic}","data":{"symbol":"${symbol}","buyLmt":"${text.price(buy)}",` +
        `"sellLmt":"${text.price(sell)}"},"ts":${market.nowMs}}`
      );
    };
    let told = market.priceLimit;
    return {
      everyMs: LIMITS_EVERY,
      nextAt: market.now + LIMITS_EVERY * MS,
      push(emit) {
        const limits = market.priceLimit;
        if (limits.buy === told.buy && limits.sell === told.sell) return;
        told = limits;
        emit(message());
      },
      greeting: message,
    };
  }

  #liquidations(topic: string): Stream {
    const market = this.#market;
    market.takeLiquidations();
    return {
      everyMs: LIQUIDATIONS_EVERY,
      nextAt: market.now + LIQUIDATIONS_EVERY * MS,
      push(emit) {
        const forced = market.takeLiquidations();
        if (forced.length === 0) return;
        const { symbol } = market.instrument;
        const entries = forced.map(
          ({ at, side, quantity, price }) =>
            `{"T":${msOf(at)},"s":"${symbol}","S":"${side === "buy" ? "Buy" : "Sell"}",` +
            `"v":"${market.text.quantity(quantity)}","p":"${market.text.price(price)}"}`,
        );
        emit(
          `{"topic":"${topic}","type":"snapshot","ts":${market.nowMs},` +
            `"data":[${entries.join(",")}]}`,
        );
      },
    };
  }
}

const msOf = (at: Micros): number => Math.floor(at / MS);

const sameBar = (a: Bar, b: Bar): boolean =>
  a.start === b.start &&
  a.close === b.close &&
  a.high === b.high &&
  a.low === b.low &&
  a.volume === b.volume;

function candleText(
  market: PublicMarket,
  topic: string,
  interval: Interval,
  bar: Bar,
  isClosed: boolean,
): string {
  const { open, close, high, low, volume, turnover } = market.barFields(bar);
  return (
    `{"topic":"${topic}","data":[{"start":${bar.start},"end":${barEnd(interval, bar.start)},` +
    `"interval":"${interval}","open":"${open}","close":"${close}","high":"${high}",` +
    `"low":"${low}","volume":"${volume}","turnover":"${turnover}","confirm":${isClosed},` +
    `"timestamp":${market.nowMs}}],"ts":${market.nowMs},"type":"snapshot"}`
  );
}
