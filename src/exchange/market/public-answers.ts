/**
 * Public answers: what is asked of the markets over REST, in Bybit's shapes.
 *
 * A query may hold anything. What must stay true: the answer is the market's state as it stands, or
 * a refusal with Bybit's number; a limit beyond Bybit's is refused, not cut in silence.
 */
import type { Micros } from "../../core/domain/units.ts";
import type { Category } from "../exchange-types.ts";
import {
  categoryOf,
  type Fields,
  integer,
  neededText,
  oneOf,
  refuse,
  text,
} from "../protocol/fields.ts";
import { type Bars, type Interval, INTERVALS } from "./bars.ts";
import type { MarketStreams } from "./market-streams.ts";
import { INTEREST_SPANS, type InterestSpan } from "./open-interest.ts";
import type { PublicMarket } from "./public-market.ts";
import { instrumentEntry, riskEntry } from "./symbol-rules.ts";

/** A market and its streams. */
export interface ListedMarket {
  readonly market: PublicMarket;
  readonly streams: MarketStreams;
}

/** All that an answer may look at. */
export interface Listing {
  readonly now: Micros;
  readonly listed: readonly ListedMarket[];
  find(category: Category, symbol: string): ListedMarket | undefined;
}

type Answerer = (query: Fields, listing: Listing) => object;

const MICROS_PER_MS = 1_000;
const LAST_MS = 9_007_199_254_740;
const FUNDINGS_MOST = 200;

/** By path. */
export const ANSWERS: Readonly<Record<string, Answerer>> = {
  "/v5/market/time": time,
  "/v5/market/instruments-info": instruments,
  "/v5/market/orderbook": orderBook,
  "/v5/market/recent-trade": recentTrades,
  "/v5/market/tickers": tickers,
  "/v5/market/kline": (query, listing) => candles(query, listing),
  "/v5/market/mark-price-kline": (query, listing) => prices(query, listing, "mark"),
  "/v5/market/index-price-kline": (query, listing) => prices(query, listing, "index"),
  "/v5/market/premium-index-price-kline": (query, listing) => prices(query, listing, "premium"),
  "/v5/market/funding/history": fundings,
  "/v5/market/open-interest": openInterest,
  "/v5/market/price-limit": priceLimit,
  "/v5/market/risk-limit": riskLimits,
};

function time(_query: Fields, { now }: Listing): object {
  const seconds = Math.floor(now / 1_000_000);
  return { timeSecond: String(seconds), timeNano: `${now}000` };
}

function instruments(query: Fields, { listed }: Listing): object {
  // Clients load options with all the rest; there are none.
  if (query["category"] === "option") return { category: "option", list: [], nextPageCursor: "" };
  const category = categoryOf(query);
  const symbol = text(query, "symbol");
  const base = text(query, "baseCoin");
  const settle = text(query, "settleCoin");
  const status = text(query, "status") ?? "Trading";
  const limit = integer(query, "limit", 1, 1_000) ?? 500;
  const from = cursorOf(query);
  const entries = listed
    .map(({ market: { instrument } }, id) => ({ instrument, id: id + 1 }))
    .filter(({ instrument }) => instrument.kind === category && status === "Trading")
    .filter(({ instrument }) => symbol === undefined || instrument.symbol === symbol)
    .filter(({ instrument }) => base === undefined || instrument.base === base)
    .filter(
      ({ instrument }) =>
        settle === undefined || [instrument.quote, instrument.base].includes(settle),
    );
  if (symbol !== undefined && entries.length === 0 && status === "Trading") return noSymbol(symbol);
  const list = entries.map(({ instrument, id }) => instrumentEntry(instrument, id));
  if (category === "spot") return { category, list };
  const next = from + limit < list.length ? `first=${from + limit}` : "";
  return {
    category,
    list: list.slice(from, from + limit),
    nextPageCursor: encodeURIComponent(next),
  };
}

/** Of our own making: where the page begins. */
function cursorOf(query: Fields): number {
  const cursor = text(query, "cursor");
  if (cursor === undefined) return 0;
  const match = /^(?:first=|first%3D)(\d{1,6})$/.exec(cursor);
  return match === null ? refuse("params error: cursor is invalid") : Number(match[1]);
}

function orderBook(query: Fields, listing: Listing): object {
  const category = categoryOf(query);
  const { market, streams } = wanted(query, listing);
  const isSpot = category === "spot";
  const limit = integer(query, "limit", 1, 1_000) ?? (isSpot ? 1 : 25);
  const u = streams.settleBook();
  const { bids, asks } = market.levels(limit);
  const { sentMs, matchedMs, sequence } = market.stamp;
  const s = market.instrument.symbol;
  return { s, b: bids, a: asks, ts: sentMs, u, seq: sequence, cts: matchedMs };
}

function recentTrades(query: Fields, listing: Listing): object {
  const category = categoryOf(query);
  const { market } = wanted(query, listing);
  const most = category === "spot" ? 60 : 1_000;
  const limit = integer(query, "limit", 1, most) ?? Math.min(most, 500);
  return { category, list: market.trades.recent(limit) };
}

function tickers(query: Fields, listing: Listing): object {
  const category = categoryOf(query);
  const symbol = text(query, "symbol");
  const asked =
    symbol === undefined
      ? listing.listed.filter(({ market }) => market.instrument.kind === category)
      : [wanted(query, listing)];
  return { category, list: asked.map(({ market }) => tickerEntry(market)) };
}

function tickerEntry(market: PublicMarket): object {
  const { symbol, kind } = market.instrument;
  const { tickDirection: _direction, ...fields } = market.tickerFields();
  if (kind === "spot") return { symbol, ...market.touchFields(), ...fields };
  const none = { predictedDeliveryPrice: "", basisRate: "", basisRateYear: "", basis: "" };
  return { symbol, ...fields, ...none, deliveryFeeRate: "", deliveryTime: "0" };
}

function candles(query: Fields, listing: Listing): object {
  const category = categoryOf(query);
  const { market } = wanted(query, listing);
  const list = barsOf(query, market.bars).map((bar) => {
    const { open, high, low, close, volume, turnover } = market.barFields(bar);
    return [String(bar.start), open, high, low, close, volume, turnover];
  });
  return { symbol: market.instrument.symbol, category, list };
}

function prices(query: Fields, listing: Listing, what: "mark" | "index" | "premium"): object {
  const category = categoryOf(query);
  if (category === "spot") return refuse("params error: Category is invalid");
  const { market } = wanted(query, listing);
  const bars = {
    mark: market.markBars,
    index: market.indexBars,
    premium: market.premiumBars,
  }[what];
  const write = (value: number): string =>
    what === "premium" ? (value / 1e8).toFixed(6) : market.text.shortHalfPrice(value);
  const list = barsOf(query, bars).map(({ start, open, high, low, close }) => [
    String(start),
    write(open),
    write(high),
    write(low),
    write(close),
  ]);
  return { symbol: market.instrument.symbol, category, list };
}

function barsOf(query: Fields, bars: Bars) {
  const interval = oneOf<Interval>(query, "interval", INTERVALS);
  if (interval === undefined) return refuse("params error: interval is required");
  const [from, until] = spanOf(query, "start", "end");
  return bars.list(interval, from, until, integer(query, "limit", 1, 1_000) ?? 200);
}

function fundings(query: Fields, listing: Listing): object {
  const category = categoryOf(query);
  if (category === "spot") return refuse("params error: Category is invalid");
  const { market } = wanted(query, listing);
  const [from, until] = spanOf(query, "startTime", "endTime");
  const limit = integer(query, "limit", 1, FUNDINGS_MOST) ?? FUNDINGS_MOST;
  const list = market.fundings
    .map(({ rate, at }) => ({ rate, atMs: Math.floor(at / MICROS_PER_MS) }))
    .filter(({ atMs }) => atMs >= from && atMs <= until)
    .reverse()
    .slice(0, limit)
    .map(({ rate, atMs }) => ({
      symbol: market.instrument.symbol,
      fundingRate: rate,
      fundingRateTimestamp: String(atMs),
    }));
  return { category, list };
}

function openInterest(query: Fields, listing: Listing): object {
  const category = categoryOf(query);
  if (category === "spot") return refuse("params error: Category is invalid");
  const { market } = wanted(query, listing);
  const spans = Object.keys(INTEREST_SPANS) as InterestSpan[];
  const span = oneOf<InterestSpan>(query, "intervalTime", spans);
  if (span === undefined) return refuse("params error: intervalTime is required");
  const [from, until] = spanOf(query, "startTime", "endTime");
  const limit = integer(query, "limit", 1, 200) ?? 50;
  const first = cursorOf(query);
  const all = market.interest.history(span, from, until);
  const list = all.slice(first, first + limit).map(({ atMs, lots }) => ({
    openInterest: market.text.quantity(2 * lots),
    singleOpenInterest: market.text.quantity(lots),
    timestamp: String(atMs),
  }));
  const next = first + limit < all.length ? encodeURIComponent(`first=${first + limit}`) : "";
  return { symbol: market.instrument.symbol, category, list, nextPageCursor: next };
}

function priceLimit(query: Fields, listing: Listing): object {
  // Bybit takes an absent category for linear here.
  const named = text(query, "category") === undefined ? { ...query, category: "linear" } : query;
  const { market } = wanted(named, listing);
  const { buy, sell } = market.priceLimit;
  return {
    symbol: market.instrument.symbol,
    buyLmt: market.text.price(buy),
    sellLmt: market.text.price(sell),
    ts: String(market.nowMs),
  };
}

function riskLimits(query: Fields, listing: Listing): object {
  const category = categoryOf(query);
  if (category === "spot") return refuse("params error: Category is invalid");
  const symbol = text(query, "symbol");
  const asked =
    symbol === undefined
      ? listing.listed.filter(({ market }) => market.instrument.kind === category)
      : [wanted(query, listing)];
  const list = asked.map(({ market }) => riskEntry(market.instrument));
  return { category, list, nextPageCursor: "" };
}

function wanted(query: Fields, listing: Listing): ListedMarket {
  const symbol = neededText(query, "symbol");
  return listing.find(categoryOf(query), symbol) ?? noSymbol(symbol);
}

const noSymbol = (symbol: string): never =>
  refuse(`params error: symbol invalid ${symbol.slice(0, 40)}`);

/** Both ends in ms, all time where they are not given. */
function spanOf(query: Fields, start: string, end: string): [number, number] {
  const from = integer(query, start, 0, LAST_MS) ?? 0;
  const until = integer(query, end, 0, LAST_MS) ?? LAST_MS;
  if (from > until) refuse(`params error: ${start} is after ${end}`);
  return [from, until];
}
