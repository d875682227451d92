/**
 * Generated market: a small market of its own, for first runs, tests and benchmarks without data.
 *
 * No price path is drawn. A level book receives a random flow of limit orders, cancellations, quote
 * withdrawals and market orders ("zero intelligence", after Smith, Farmer, Gillemot, Krishnamurthy
 * 2003), and book, trades, spread and volatility are what comes of it. The flow is modulated by the
 * hour of the day, by an activity regime, and by a buying or selling pressure that comes and goes.
 *
 * What it lacks: agents with intentions, and any answer to our orders (it is read as recordings
 * are).
 * Every draw is a pure function of (seed, purpose, event number), so a configuration names exactly
 * one market; and after every message the book has two sides that do not cross.
 */
import { decimal } from "../core/domain/decimal.ts";
import { invariant } from "../core/domain/errors.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { bitsAt, streamOf, uniformAt } from "../core/domain/random.ts";
import { lots, type Micros, SECOND, type Ticks, ticks } from "../core/domain/units.ts";
import {
  ColumnsBuilder,
  Kind,
  type MarketBlock,
  type MarketHeader,
} from "../core/market/columns.ts";

export interface GeneratedMarketConfig {
  readonly seed: number;
  readonly startAt: Micros;
  /** Events run from `startAt` to before `startAt + duration`. */
  readonly duration: Micros;
  /** Messages per second on average over a day, default 250. Volume and variance scale with it. */
  readonly eventsPerSecond?: number;
  /** Added to the pressure that comes and goes: a trend, down (−1) to up (1), default 0. */
  readonly pressure?: number;
  /** About where the mid begins, default 642,500 ticks (64,250.0). From 2,000 to 2e9. */
  readonly startPrice?: Ticks;
  /** Least delay from exchange to here, default 2 ms; a jitter of 0.5 ms on average is added. */
  readonly feedLatency?: Micros;
}

/** Resembles a BTC perpetual: tick 0.10, lot 0.001. */
export const GENERATED_INSTRUMENT: Instrument = {
  venue: "generated",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.1"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(100_000),
  minNotional: decimal("5"),
};

const START_PRICE = ticks(642_500);
const EVENTS_PER_SECOND = 250;
const FEED_LATENCY_NANOS = 2_000_000;
const LATENCY_JITTER_NANOS = 500_000;
const NANOS = 1_000_000_000;

const BLOCK_ROWS = 1 << 16;
/** Levels live within this many ticks of their own side's best price. */
const REACH = 500;
/** Longer than both reaches and the widest spread together, so that no two levels share a cell. */
const RING = 4_096;
/** No event takes a side below this many levels: the next ones refill it first. */
const LEAST_LEVELS = 12;
/** A message touches each level of the book at most once, two rows each. */
const LONGEST_MESSAGE = 4 * REACH + 2;
/** Events before the first row, so that the first book is a grown one. */
const WARM_UP = 20_000;

/** Shares of the events drawn, the rest are limit orders. What finds nothing is drawn again. */
const MARKET_ORDERS = 0.05;
const WITHDRAWALS = 0.045;
const CANCELLATIONS = 0.39;

/** How far a pressure of one tilts the side of each kind of event. */
const MARKET_TILT = 0.24;
const WITHDRAWAL_TILT = 0.24;
const LIMIT_TILT = 0.04;

/** Quantiles of a power law on [least, most]: a table, so that a draw is one look-up. */
function powerLaw(least: number, most: number, exponent: number): Int32Array {
  const cut = 1 - (least / (most + 1)) ** exponent;
  return Int32Array.from({ length: 8_192 }, (_, i) =>
    Math.floor(least * (1 - ((i + 0.5) / 8_192) * cut) ** (-1 / exponent)),
  );
}

const DISTANCES = powerLaw(1, REACH, 0.8);
const WITHDRAWN_TICKS = powerLaw(1, 100, 1);
const LIMIT_LOTS = powerLaw(250, 50_000, 0.9);
const MARKET_LOTS = powerLaw(50, 60_000, 0.85);

/** The generator's purposes, one stream of draws each. */
const streamsOf = (seed: number) => ({
  kind: keyOf(seed, "kind"),
  side: keyOf(seed, "side"),
  distance: keyOf(seed, "distance"),
  size: keyOf(seed, "size"),
  gap: keyOf(seed, "gap"),
  latency: keyOf(seed, "latency"),
});

const keyOf = (seed: number, purpose: string): number =>
  bitsAt(seed, streamOf(`generated-${purpose}`), 0) | 0;

/**
 * Uniform in [0, 1) for counter `k` of the stream `key`. As pure as `uniformAt` at half its cost:
 * seed and purpose are mixed into the key once. Two rounds of the MurmurHash3 finaliser.
 */
function drawAt(key: number, k: number): number {
  let x = k ^ key;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  x = (x ^ (x >>> 16)) + key;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 0x1_0000_0000;
}

const quantile = (table: Int32Array, uniform: number): number => table[(uniform * 8_192) | 0]!;

const ACTIVITY = streamOf("generated-activity");
const PRESSURE = streamOf("generated-pressure");

/** What the market's clock and its outside world do; steps once per simulated second. */
class Regime {
  readonly #seed: number;
  readonly #bias: number;
  #second = -1;
  #activity = 0;
  #pressure = 0;
  /** Multiple of the average event rate. */
  rate = 1;
  /** −1 (selling) … 1 (buying). */
  pressure = 0;

  constructor(seed: number, bias: number) {
    this.#seed = seed;
    this.#bias = bias;
  }

  /** Moves on to `second` of the run, `clock` seconds after a midnight UTC. */
  advance(second: number, clock: number): void {
    while (this.#second < second) {
      this.#second += 1;
      this.#activity = revert(this.#activity, 600, this.#shock(ACTIVITY));
      this.#pressure = revert(this.#pressure, 5, this.#shock(PRESSURE));
    }
    this.rate = sessionCurve(clock) * Math.exp(0.25 * this.#activity - 0.03125);
    this.pressure = Math.max(-1, Math.min(1, this.#pressure + this.#bias));
  }

  /** Near enough to a standard normal draw: the sum of twelve uniforms less six. */
  #shock(stream: number): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniformAt(this.#seed, stream, this.#second * 12 + i);
    return sum;
  }
}

/** One second of a mean-reverting process of unit variance and the given memory in seconds. */
function revert(level: number, memory: number, shock: number): number {
  const kept = Math.exp(-1 / memory);
  return level * kept + Math.sqrt(1 - kept * kept) * shock;
}

/** Multiple of the daily average: least in Asia's morning, most when Europe and the US overlap. */
function sessionCurve(clock: number): number {
  const angle = (2 * Math.PI * (clock / 3_600 - 15)) / 24;
  return 1 + 0.3 * Math.cos(angle) + 0.1 * Math.cos(2 * angle);
}

/** The book and the flow into it. Rows of the event in hand are pushed into `rows`. */
class Flow {
  readonly #streams: ReturnType<typeof streamsOf>;
  readonly #level = new Int32Array(RING);
  #event = 0;
  #bid: number;
  #ask: number;
  /** No level is populated below `#low` or above `#high`. */
  #low: number;
  #high: number;
  #bidLevels = 0;
  #askLevels = 0;
  rows = new ColumnsBuilder(BLOCK_ROWS);
  exchangeTime = 0;
  localTime = 0;

  constructor(seed: number, startPrice: number) {
    this.#streams = streamsOf(seed);
    this.#bid = startPrice - 1;
    this.#ask = startPrice;
    this.#low = this.#bid;
    this.#high = this.#ask;
    for (let d = 1; d <= 100; d++) {
      this.#add(true, startPrice - d, 500);
      this.#add(false, startPrice - 1 + d, 500);
    }
  }

  /** Nanoseconds to the next event at `perSecond` events per second. */
  gap(perSecond: number): number {
    return Math.ceil((-Math.log(1 - drawAt(this.#streams.gap, this.#event)) * NANOS) / perSecond);
  }

  /** A delay on the way here, on top of the least one. */
  jitter(): number {
    return Math.floor(
      -Math.log(1 - drawAt(this.#streams.latency, this.#event)) * LATENCY_JITTER_NANOS,
    );
  }

  /** So near to 0 that a side would lose its levels: from here nobody presses it down. */
  get isLow(): boolean {
    return this.#bid < 2 * REACH;
  }

  /** One event of the flow: one message of at least one row. */
  step(pressure: number): void {
    const first = this.rows.length;
    while (this.rows.length === first) {
      this.#event += 1;
      this.#act(pressure);
    }
    this.#prune();
    this.rows.endMessage();
  }

  /** The whole book as one message, best levels first. */
  snapshot(): void {
    this.#row(Kind.CLEAR, 0, 0);
    for (let price = this.#bid; price >= this.#low; price--) {
      if (this.#at(price) > 0) this.#row(Kind.BID, price, this.#at(price));
    }
    for (let price = this.#ask; price <= this.#high; price++) {
      if (this.#at(price) > 0) this.#row(Kind.ASK, price, this.#at(price));
    }
    this.rows.endMessage();
  }

  #act(pressure: number): void {
    const kind = drawAt(this.#streams.kind, this.#event);
    const side = drawAt(this.#streams.side, this.#event);
    if (this.#bidLevels < LEAST_LEVELS) return this.#place(true);
    if (this.#askLevels < LEAST_LEVELS) return this.#place(false);
    if (kind < MARKET_ORDERS) return this.#take(side < 0.5 + MARKET_TILT * pressure);
    if (kind < MARKET_ORDERS + WITHDRAWALS) {
      return this.#withdraw(side > 0.5 + WITHDRAWAL_TILT * pressure);
    }
    if (kind < MARKET_ORDERS + WITHDRAWALS + CANCELLATIONS) return this.#cancel(side < 0.5);
    return this.#place(side < 0.5 + LIMIT_TILT * pressure);
  }

  /** A limit order: its distance from the other side's best decays, and may better its own. */
  #place(buy: boolean): void {
    const distance = quantile(DISTANCES, drawAt(this.#streams.distance, this.#event));
    const price = buy ? this.#ask - distance : this.#bid + distance;
    if (price < 1) return;
    this.#add(buy, price, quantile(LIMIT_LOTS, drawAt(this.#streams.size, this.#event)));
    this.#row(buy ? Kind.BID : Kind.ASK, price, this.#at(price));
  }

  /** A share of a level is canceled, often all of it; nothing happens where there is none. */
  #cancel(bids: boolean): void {
    const step = bids ? 1 : -1;
    const best = bids ? this.#bid : this.#ask;
    const price =
      best - step * (quantile(DISTANCES, drawAt(this.#streams.distance, this.#event)) - 1);
    if (this.#at(price) === 0) return;
    const share = drawAt(this.#streams.size, this.#event) * 1.5;
    const left = Math.floor(this.#at(price) * (1 - Math.min(1, share)));
    this.#set(bids, price, left);
  }

  /** Makers withdraw all quotes of a side over a stretch of ticks from the best. */
  #withdraw(bids: boolean): void {
    const step = bids ? -1 : 1;
    let price = bids ? this.#bid : this.#ask;
    let left = quantile(WITHDRAWN_TICKS, drawAt(this.#streams.distance, this.#event));
    for (; left > 0 && this.#levels(bids) > LEAST_LEVELS; left--, price += step) {
      if (this.#at(price) > 0) this.#set(bids, price, 0);
    }
  }

  /** A market order walks the other side: one trade and one level row for each level it takes. */
  #take(buy: boolean): void {
    let left = quantile(MARKET_LOTS, drawAt(this.#streams.size, this.#event));
    while (left > 0 && this.#levels(!buy) > LEAST_LEVELS) {
      const price = buy ? this.#ask : this.#bid;
      const traded = Math.min(left, this.#at(price));
      this.#row(buy ? Kind.TRADE_BUY : Kind.TRADE_SELL, price, traded);
      this.#set(!buy, price, this.#at(price) - traded);
      left -= traded;
    }
  }

  #at(price: number): number {
    return this.#level[price & (RING - 1)]!;
  }

  #levels(bids: boolean): number {
    return bids ? this.#bidLevels : this.#askLevels;
  }

  #add(bids: boolean, price: number, quantity: number): void {
    if (this.#at(price) === 0) {
      if (bids) this.#bidLevels += 1;
      else this.#askLevels += 1;
    }
    this.#level[price & (RING - 1)]! += quantity;
    if (bids) {
      if (price > this.#bid) this.#bid = price;
      if (price < this.#low) this.#low = price;
    } else {
      if (price < this.#ask) this.#ask = price;
      if (price > this.#high) this.#high = price;
    }
  }

  /** A populated level now holds less, or nothing: then the best price may move away. */
  #set(bids: boolean, price: number, quantity: number): void {
    this.#level[price & (RING - 1)] = quantity;
    this.#row(bids ? Kind.BID : Kind.ASK, price, quantity);
    if (quantity > 0) return;
    if (bids) {
      this.#bidLevels -= 1;
      if (price === this.#bid) while (this.#at(this.#bid) === 0) this.#bid -= 1;
    } else {
      this.#askLevels -= 1;
      if (price === this.#ask) while (this.#at(this.#ask) === 0) this.#ask += 1;
    }
  }

  /** Quotes that the market has left behind are canceled. */
  #prune(): void {
    for (; this.#low < this.#bid - REACH; this.#low++) {
      if (this.#at(this.#low) > 0) this.#set(true, this.#low, 0);
    }
    for (; this.#high > this.#ask + REACH; this.#high--) {
      if (this.#at(this.#high) > 0) this.#set(false, this.#high, 0);
    }
  }

  #row(kind: number, price: number, quantity: number): void {
    this.rows.push(this.exchangeTime, this.localTime, kind, price, quantity);
  }
}

/** What the rows mean: times are nanoseconds since the whole second at or before `startAt`. */
export function generatedHeader(config: GeneratedMarketConfig): MarketHeader {
  const seconds = Math.floor(config.startAt / SECOND);
  return {
    instrument: GENERATED_INSTRUMENT,
    epochNanos: BigInt(seconds) * BigInt(NANOS),
    ownTradesPrinted: false,
  };
}

/** The market as blocks of whole messages, in bounded memory; the first message is the book. */
export function* generateMarket(config: GeneratedMarketConfig): Generator<MarketBlock> {
  const perSecond = config.eventsPerSecond ?? EVENTS_PER_SECOND;
  const startPrice = config.startPrice ?? START_PRICE;
  const pressure = config.pressure ?? 0;
  invariant(pressure >= -1 && pressure <= 1, `not a pressure: ${pressure}`);
  invariant(perSecond > 0 && perSecond <= 1e6, `not an event rate: ${perSecond}`);
  invariant(startPrice >= 2_000 && startPrice <= 2e9, `not a start price: ${startPrice} ticks`);
  const latency = config.feedLatency === undefined ? FEED_LATENCY_NANOS : config.feedLatency * 1e3;
  const epochSecond = Math.floor(config.startAt / SECOND);
  const start = (config.startAt - epochSecond * SECOND) * 1_000;
  const end = start + config.duration * 1_000;
  const regime = new Regime(config.seed, pressure);
  const flow = new Flow(config.seed, startPrice);
  for (let i = 0; i < WARM_UP; i++) {
    flow.step(0);
    flow.rows.length = 0;
  }
  flow.exchangeTime = start;
  flow.localTime = start + latency;
  flow.snapshot();
  for (let second = -1; ;) {
    const now = Math.floor(flow.exchangeTime / NANOS);
    if (now !== second) {
      second = now;
      regime.advance(second, (epochSecond + second) % 86_400);
    }
    const exchangeTime = flow.exchangeTime + flow.gap(perSecond * regime.rate);
    if (exchangeTime >= end) break;
    flow.exchangeTime = exchangeTime;
    flow.localTime = Math.max(flow.localTime, exchangeTime + latency + flow.jitter());
    flow.step(flow.isLow ? Math.max(0, regime.pressure) : regime.pressure);
    if (flow.rows.length > BLOCK_ROWS - LONGEST_MESSAGE) {
      yield flow.rows.view();
      flow.rows = new ColumnsBuilder(BLOCK_ROWS);
    }
  }
  if (flow.rows.length > 0) yield flow.rows.view();
}
