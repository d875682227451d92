/**
 * Market config: what names a generated market, and the numbers that follow from it.
 *
 * What must stay true: a configuration names exactly one market.
 */
import { decimal } from "../../core/domain/decimal.ts";
import { invariant } from "../../core/domain/errors.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { lots, type Micros, SECOND, type Ticks, ticks } from "../../core/domain/units.ts";
import type { MarketHeader } from "../../core/market/columns.ts";
import type { WorldConfig } from "../world/world-config.ts";
import { checkProfile, DEFAULT_PROFILE, type MarketProfile } from "./profile.ts";

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
  readonly instrument?: Instrument;
  readonly profile?: MarketProfile;
  /** Changes to the world around it: scenario, news, regimes, factors. */
  readonly world?: Partial<WorldConfig>;
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
const NANOS = 1_000_000_000;

/** Times are nanoseconds since the whole second at or before `startAt`. */
export interface ResolvedMarketConfig {
  readonly seed: number;
  readonly profile: MarketProfile;
  readonly header: MarketHeader;
  readonly start: number;
  readonly end: number;
  readonly latency: number;
  readonly startPrice: number;
  /** How many times faster than its profile's the market is. */
  readonly pace: number;
  /** Ticks per second that the value drifts, as the user's pressure asks. */
  readonly trend: number;
  readonly world: WorldConfig;
}

/** What the rows mean: times are nanoseconds since the whole second at or before `startAt`. */
export function generatedHeader(config: GeneratedMarketConfig): MarketHeader {
  const seconds = Math.floor(config.startAt / SECOND);
  return {
    instrument: config.instrument ?? GENERATED_INSTRUMENT,
    epochNanos: BigInt(seconds) * BigInt(NANOS),
    ownTradesPrinted: false,
  };
}

/** @throws InvariantError for a market that could not live. */
export function resolveMarketConfig(config: GeneratedMarketConfig): ResolvedMarketConfig {
  const { seed, startAt, duration, feedLatency } = config;
  const perSecond = config.eventsPerSecond ?? EVENTS_PER_SECOND;
  const startPrice = config.startPrice ?? START_PRICE;
  const pressure = config.pressure ?? 0;
  const profile = config.profile ?? DEFAULT_PROFILE;
  invariant(pressure >= -1 && pressure <= 1, `not a pressure: ${pressure}`);
  invariant(perSecond > 0 && perSecond <= 1e6, `not an event rate: ${perSecond}`);
  invariant(startPrice >= 2_000 && startPrice <= 2e9, `not a start price: ${startPrice} ticks`);
  checkProfile(profile);
  const header = generatedHeader(config);
  const start = (startAt % SECOND) * 1_000;
  const pace = perSecond / profile.messagesPerSecond;
  return {
    seed,
    profile,
    header,
    start,
    end: start + duration * 1_000,
    latency: feedLatency === undefined ? FEED_LATENCY_NANOS : feedLatency * 1_000,
    startPrice,
    pace,
    trend: pressure * profile.trendTicks * pace,
    world: {
      seed,
      symbol: header.instrument.symbol,
      startAt,
      pressure,
      dailyVolatility: profile.dailyVolatility * Math.sqrt(pace),
      bursts: profile.bursts,
      leverage: { openInterest: profile.liquidations.openInterest },
      ...config.world,
    },
  };
}
