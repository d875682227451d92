/**
 * Public market: one instrument as everybody sees it: its book, trades, candles and prices.
 *
 * It listens to the rows of a hosted market and makes from them what is streamed and what is asked
 * for. Streams are made only while somebody watches, at Bybit's cadence by the exchange's clock.
 * What must stay true: what a message shows is the market as it was after a whole message of it.
 */
import type { Instrument } from "../../core/domain/instrument.ts";
import type { HalfTicks, Micros, Ticks } from "../../core/domain/units.ts";
import { Book } from "../../core/market/book.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock, OFF_VOLUME } from "../../core/market/columns.ts";
import type { HostedLiquidation, HostedMarket } from "../hosted-market.ts";
import type { FundingPayment, MarketView } from "../market-view.ts";
import { type Bar, Bars } from "./bars.ts";
import { BookFeed, type BookStamp, levelPairs } from "./book-feed.ts";
import { DayWindow } from "./day-window.ts";
import { estimateText, GridText } from "./grid-text.ts";
import { OpenInterest } from "./open-interest.ts";
import { ReferencePrices, rateText } from "./reference-prices.ts";
import { rulesOf } from "./symbol-rules.ts";
import type { TickerFields } from "./ticker.ts";
import { TradeTape } from "./trade-tape.ts";

const MICROS_PER_MS = 1_000;
/** Sequence numbers begin where a market that has lived for a while would be. */
const FIRST_SEQUENCE = 1_000_000_000;
/** Candles of mark and index look at them so often. */
const RECORD_EVERY_MS = 50;
const FUNDINGS_KEPT = 2_000;
/** For a stream that nobody may watch. */
const FORCED_KEPT = 1_000;
const FUNDING_HOURS = "8";
/** The deepest book that is streamed: what is asked for has its numbers. */
export const DEEPEST = 1_000;

export class PublicMarket implements MarketView {
  readonly instrument: Instrument;
  readonly hosted: HostedMarket;
  readonly risk: { readonly maxLeverage: string; readonly maintenanceMarginRate: string };
  readonly text: GridText;
  readonly trades: TradeTape;
  readonly bars = new Bars();
  readonly markBars = new Bars();
  readonly indexBars = new Bars();
  /** In hundred-millionths. */
  readonly premiumBars = new Bars();
  readonly prices: ReferencePrices;
  readonly interest: OpenInterest;
  /** Oldest first. */
  readonly fundings: FundingPayment[] = [];
  readonly #book = new Book();
  readonly #day: DayWindow;
  readonly #epochMs: number;
  /** Payments that the core has not taken. */
  #due: FundingPayment[] = [];
  #forced: HostedLiquidation[] = [];
  #sequence = FIRST_SEQUENCE;
  #matchedMs: number;
  #now: Micros;
  /** Of the last trade, in ticks; the mid before the first. */
  #isPriced = false;
  #recordAtMs = 0;

  constructor(hosted: HostedMarket, now: Micros) {
    const { instrument } = hosted;
    this.instrument = instrument;
    this.hosted = hosted;
    this.#now = now;
    this.#matchedMs = Math.floor(now / MICROS_PER_MS);
    this.#epochMs = Number(hosted.epochNanos / 1_000_000n);
    const rules = rulesOf(instrument);
    this.risk = {
      maxLeverage: rules.maxLeverage,
      maintenanceMarginRate: rules.maintenanceMarginRate,
    };
    this.text = new GridText(instrument);
    this.trades = new TradeTape(instrument, this.text);
    this.prices = new ReferencePrices(instrument.kind, rules.limits, hosted.world);
    this.interest = new OpenInterest(instrument, hosted.world);
    this.#day = new DayWindow(this.bars);
    hosted.onRows = (rows) => this.#see(rows);
  }

  get bid(): Ticks {
    return this.#book.bestBid as Ticks;
  }

  get ask(): Ticks {
    return this.#book.bestAsk as Ticks;
  }

  get last(): Ticks {
    return this.trades.last as Ticks;
  }

  get markPrice(): HalfTicks {
    return this.prices.mark;
  }

  get priceLimit(): { readonly buy: Ticks; readonly sell: Ticks } {
    return this.prices.limits;
  }

  get now(): Micros {
    return this.#now;
  }

  get nowMs(): number {
    return Math.floor(this.#now / MICROS_PER_MS);
  }

  /** Of the market's latest message. */
  get stamp(): BookStamp {
    return { sentMs: this.nowMs, matchedMs: this.#matchedMs, sequence: this.#sequence };
  }

  advance(now: Micros): void {
    this.#now = Math.max(this.#now, now) as Micros;
    this.hosted.advance(this.#now);
    this.prices.sample(this.#mid, this.#now);
    for (const payment of this.prices.takeFundings()) {
      this.#due.push(payment);
      this.fundings.push(payment);
      if (this.fundings.length > FUNDINGS_KEPT) this.fundings.shift();
    }
    const taken = this.hosted.world?.takeLiquidations() ?? [];
    if (taken.length > 0) this.#forced = [...this.#forced, ...taken].slice(-FORCED_KEPT);
    this.#recordPrices();
  }

  takeFundings(): readonly FundingPayment[] {
    const due = this.#due;
    if (due.length > 0) this.#due = [];
    return due;
  }

  takeLiquidations(): readonly HostedLiquidation[] {
    const forced = this.#forced;
    if (forced.length > 0) this.#forced = [];
    return forced;
  }

  newBookFeed(depth: number, topic: string): BookFeed {
    return new BookFeed(depth, topic, this.instrument.symbol, this.#book, this.text);
  }

  /** Best `limit` levels, each as price and quantity. */
  levels(limit: number): { readonly bids: [string, string][]; readonly asks: [string, string][] } {
    return {
      bids: levelPairs(this.#book.bids, limit, this.text),
      asks: levelPairs(this.#book.asks, limit, this.text),
    };
  }

  /** As the ticker's topic has it: without the symbol. */
  tickerFields(): TickerFields {
    return this.instrument.kind === "spot" ? this.#spotFields() : this.#contractFields();
  }

  /** The touch, for answers: each "" where that side is empty, as Bybit writes it. */
  touchFields(): TickerFields {
    const { bids, asks } = this.#book;
    const [bid, ask] = [bids.best, asks.best];
    return {
      bid1Price: bid === 0 ? "" : this.text.price(bid),
      bid1Size: bid === 0 ? "" : this.text.quantity(bids.get(bid)),
      ask1Price: ask === 0 ? "" : this.text.price(ask),
      ask1Size: ask === 0 ? "" : this.text.quantity(asks.get(ask)),
    };
  }

  /** A bar of trades, but for its times. */
  barFields(bar: Bar): Readonly<Record<string, string>> {
    const { text } = this;
    return {
      open: text.shortPrice(bar.open),
      close: text.shortPrice(bar.close),
      high: text.shortPrice(bar.high),
      low: text.shortPrice(bar.low),
      volume: text.shortQuantity(bar.volume),
      turnover: estimateText(bar.turnover, 8),
    };
  }

  /** Twice the mid; 0 where a side is empty. */
  get #mid(): number {
    const { bestBid, bestAsk } = this.#book;
    return bestBid === 0 || bestAsk === 0 ? 0 : bestBid + bestAsk;
  }

  #see(rows: MarketBlock): void {
    const { length, kind, exchangeTime, price, quantity } = rows;
    this.#book.apply(rows, 0, length);
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      const what = flags & KIND_MASK;
      const atMs = this.#epochMs + Math.floor(exchangeTime[row]! / 1e6);
      if (what === Kind.TRADE_BUY || what === Kind.TRADE_SELL) {
        this.#trade(flags, price[row]!, quantity[row]!, atMs);
      }
      if ((flags & LAST) !== 0) {
        this.#sequence += 1;
        this.#matchedMs = atMs;
      }
    }
  }

  #trade(flags: number, price: number, quantity: number, atMs: number): void {
    // Rows of one message share its number, which comes with its last row.
    this.trades.add(flags, price, quantity, atMs, this.#sequence + 1);
    this.#isPriced = true;
    if ((flags & OFF_VOLUME) !== 0) return;
    this.bars.record(price, atMs, quantity, this.text.worth(price, quantity));
  }

  #recordPrices(): void {
    const { mark } = this.prices;
    const { nowMs } = this;
    if (mark === 0 || nowMs < this.#recordAtMs) return;
    this.#recordAtMs = nowMs + RECORD_EVERY_MS;
    if (!this.#isPriced) {
      this.#isPriced = true;
      this.bars.record(Math.floor(mark / 2), nowMs);
    }
    this.bars.roll(nowMs);
    this.markBars.record(mark, nowMs);
    this.indexBars.record(this.prices.index, nowMs);
    this.premiumBars.record(Math.round(this.prices.premium * 1e8), nowMs);
    this.interest.sample(nowMs);
  }

  /** Before the first trade what the candles began with. */
  get #lastOrFirst(): number {
    return this.last === 0 ? (this.bars.current("1")?.close ?? 0) : this.last;
  }

  #contractFields(): TickerFields {
    const { text, prices } = this;
    const day = this.#day.figures();
    const at = (price: number): string => text.price(price);
    const last = this.#lastOrFirst;
    const dayAgo = day?.dayAgo ?? last;
    const single = this.interest.single;
    const worth = (size: number): string =>
      estimateText(text.worth(prices.mark / 2 || 1, size), this.#moneyDigits);
    return {
      tickDirection: this.trades.direction,
      price24hPcnt: dayAgo === 0 ? "0" : rateDigits(last / dayAgo - 1, 6),
      lastPrice: text.price(last),
      prevPrice24h: at(dayAgo),
      highPrice24h: at(day?.high ?? last),
      lowPrice24h: at(day?.low ?? last),
      prevPrice1h: at(day?.hourAgo ?? last),
      markPrice: text.halfPrice(prices.mark),
      indexPrice: text.halfPrice(prices.index),
      openInterest: text.quantity(2 * single),
      openInterestValue: worth(2 * single),
      turnover24h: estimateText(day?.turnover ?? 0, 4),
      volume24h: text.quantity(day?.volume ?? 0),
      fundingIntervalHour: FUNDING_HOURS,
      fundingCap: "0.005",
      singleOpenInterest: text.quantity(single),
      singleOpenInterestValue: worth(single),
      nextFundingTime: String(Math.floor(prices.nextFundingAt / MICROS_PER_MS)),
      fundingRate: rateText(prices.fundingRate),
      ...this.touchFields(),
      preOpenPrice: "",
      preQty: "",
      curPreListingPhase: "",
    };
  }

  #spotFields(): TickerFields {
    const { text, prices } = this;
    const day = this.#day.figures();
    const last = this.#lastOrFirst;
    const dayAgo = day?.dayAgo ?? last;
    return {
      lastPrice: text.price(last),
      highPrice24h: text.price(day?.high ?? last),
      lowPrice24h: text.price(day?.low ?? last),
      prevPrice24h: text.price(dayAgo),
      volume24h: text.quantity(day?.volume ?? 0),
      turnover24h: estimateText(day?.turnover ?? 0, 8),
      price24hPcnt: dayAgo === 0 ? "0" : rateDigits(last / dayAgo - 1, 4),
      usdIndexPrice: text.halfPrice(prices.index),
    };
  }

  get #moneyDigits(): number {
    return this.instrument.kind === "inverse" ? 8 : 2;
  }
}

const rateDigits = (value: number, digits: number): string => {
  const text = estimateText(value, digits);
  return text === "-0" ? "0" : text;
};
