/**
 * Market choice: the symbol, the order flow and the story of a generated market, by their names.
 *
 * Symbols of one seed live in one world: they share its hours, its regimes, its factors and the
 * news that concern all. Traders are each symbol's own. In ticks and lots all symbols are the same
 * market, because the traders' numbers are; what a tick and a lot are worth is the symbol's.
 *
 * What must stay true: choosing what is the default anyway changes no row.
 */
import { decimal, toNumber } from "../core/domain/decimal.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import { bitsAt, streamOf } from "../core/domain/random.ts";
import { GENERATED_INSTRUMENT, type GeneratedMarketConfig } from "./generated/market-config.ts";
import { DEFAULT_PROFILE, type FlowKind } from "./generated/profile.ts";
import type { NewsConfig } from "./world/news.ts";
import type { Scenario } from "./world/scenario.ts";
import { equallyCorrelated } from "./world/wandering.ts";
import { assetOf } from "./world/world-config.ts";

/** Plain JSON; what is left out is as it is without. */
export interface MarketChoice {
  /** Capital letters and digits, such as `ETHUSDT`. Default `BTCUSDT`. */
  readonly symbol?: string;
  readonly flow?: FlowKind;
  /** Of the moves of any two symbols' values, 0 to 1. Default 0.7. */
  readonly correlation?: number;
  readonly scenario?: Scenario;
  /** How often there is news by chance, and whose words are used for all of it. */
  readonly news?: Partial<Pick<NewsConfig, "ownPerDay" | "marketPerDay" | "split">>;
}

export const FLOW_KINDS: readonly FlowKind[] = ["zero-intelligence", "hawkes", "queue-reactive"];

/** A short name that can stand in a file's name, a path or a query as it is. */
export const SYMBOL = /^[A-Z0-9]{2,20}$/;

/** Tick and lot by base coin: a price of 642,500 ticks is then about what the coin may cost. */
const GRIDS: Readonly<Record<string, readonly [tick: string, lot: string]>> = {
  BTC: ["0.1", "0.001"],
  ETH: ["0.005", "0.01"],
  BNB: ["0.001", "0.01"],
  SOL: ["0.0002", "0.1"],
  LTC: ["0.0002", "0.1"],
  XRP: ["0.000005", "10"],
  ADA: ["0.000001", "10"],
  DOGE: ["0.0000005", "100"],
};

/** A perpetual of this name; a coin that has no grid here has that of BTC. */
export function instrumentOf(symbol: string): Instrument {
  if (symbol === GENERATED_INSTRUMENT.symbol) return GENERATED_INSTRUMENT;
  const quote = ["USDT", "USDC", "USD"].find((end) => symbol.length > 4 && symbol.endsWith(end));
  const base = quote === undefined ? symbol : symbol.slice(0, -quote.length);
  const [tick, lot] = (Object.hasOwn(GRIDS, base) ? GRIDS[base] : undefined) ?? GRIDS["BTC"]!;
  return {
    ...GENERATED_INSTRUMENT,
    symbol,
    base,
    quote: quote ?? GENERATED_INSTRUMENT.quote,
    tickSize: decimal(tick),
    lotSize: decimal(lot),
  };
}

/** The market that was chosen: what `config` says itself goes before the choice. */
export function chosenMarket(
  config: GeneratedMarketConfig,
  { symbol, flow, correlation, scenario, news }: MarketChoice,
): GeneratedMarketConfig {
  const { seed, profile } = config;
  const world = {
    ...(correlation === undefined ? {} : { factors: equallyCorrelated(correlation) }),
    ...(scenario === undefined ? {} : { scenario }),
    ...(news === undefined ? {} : { news }),
  };
  const changed: GeneratedMarketConfig = {
    ...config,
    ...(flow === undefined ? {} : { profile: { ...(profile ?? DEFAULT_PROFILE), flow } }),
    world: { ...world, ...config.world },
  };
  if (symbol === undefined || symbol === GENERATED_INSTRUMENT.symbol) return changed;
  const instrument =
    config.instrument === undefined ? instrumentOf(symbol) : { ...config.instrument, symbol };
  return {
    ...changed,
    // Two symbols' traders must not have the same luck; the world that they live in is one.
    seed: bitsAt(seed, streamOf(`symbol/${symbol}`), 0),
    instrument,
    world: { seed, asset: assetIn(instrument), ...changed.world },
  };
}

/** What headlines call it, and what its amounts are worth. */
function assetIn({ symbol, tickSize, lotSize }: Instrument): ReturnType<typeof assetOf> {
  const usual = assetOf(symbol, {});
  const { tickSize: tick, lotSize: lot } = GENERATED_INSTRUMENT;
  const perTick = toNumber(tickSize) / toNumber(tick);
  const perLot = toNumber(lotSize) / toNumber(lot);
  return {
    ...usual,
    priceUsd: usual.priceUsd * perTick,
    dayVolumeUsd: usual.dayVolumeUsd * perTick * perLot,
  };
}
