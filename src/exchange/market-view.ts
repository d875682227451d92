/**
 * Market view: what the exchange's core and its server need of one instrument's public side.
 *
 * `src/exchange/market` implements it over a `HostedMarket`. Public messages are made there, as the
 * text that goes out, once for all subscribers; the server only hands them on.
 */
import type { Result } from "../core/domain/errors.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { HalfTicks, Micros, Ticks } from "../core/domain/units.ts";
import type { Category, ExchangeFault } from "./exchange-types.ts";
import type { HostedMarket } from "./hosted-market.ts";

export interface FundingPayment {
  /** Decimal text: positive = longs pay. */
  readonly rate: string;
  readonly at: Micros;
  readonly markPrice: HalfTicks;
}

export interface MarketView {
  readonly instrument: Instrument;
  readonly hosted: HostedMarket;
  /** Ticks; 0 where that side is empty. */
  readonly bid: Ticks;
  readonly ask: Ticks;
  /** 0 before the first trade: then the mid stands for it. */
  readonly last: Ticks;
  readonly markPrice: HalfTicks;
  /** Decimal text. */
  readonly risk: { readonly maxLeverage: string; readonly maintenanceMarginRate: string };
  /** The highest price that a buy may name, and the lowest of a sell. */
  readonly priceLimit: { readonly buy: Ticks; readonly sell: Ticks };
  /** All that happens up to `now`, in the hosted market too. */
  advance(now: Micros): void;
  /** Settlements of funding since the last call. */
  takeFundings(): readonly FundingPayment[];
}

/** All instruments of the exchange. */
export interface MarketDirectory {
  readonly markets: readonly MarketView[];
  find(category: Category, symbol: string): MarketView | undefined;
  /** The `result` of a public question, such as `/v5/market/orderbook`; its query is hostile. */
  answer(path: string, query: URLSearchParams): Result<object, ExchangeFault>;
  /** Whether there is such a topic on that category's stream, such as `orderbook.50.BTCUSDT`. */
  hasTopic(category: Category, topic: string): boolean;
  /**
   * Somebody listens to a topic, or nobody any more: others are not made. What a new subscriber is
   * shown first (a book, a ticker) comes from `greeting`.
   */
  watch(category: Category, topic: string, isWatched: boolean): void;
  greeting(category: Category, topic: string): string | undefined;
  /** As when the service restarts: every book is told whole, with number 1. */
  restart(): void;
  /** Set by the server: a message, as the text that goes to every subscriber of the topic. */
  onMessage: (category: Category, topic: string, text: string) => void;
}
