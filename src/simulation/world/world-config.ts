/**
 * World config: every number of the world around a generated market, as plain JSON.
 *
 * A caller names the seed, the symbol and the start; what is left out has a default that is written
 * here or beside the part it belongs to. What must stay true: a configuration names exactly one
 * world, and a setting that makes no sense is refused by its path before anything is simulated.
 */
import { DAY, type Micros } from "../../core/domain/units.ts";
import { DEFAULT_FUNDING, type FundingConfig, fundingFaults } from "./funding.ts";
import type { Asset } from "./headlines.ts";
import { DEFAULT_LEVERAGE, type LeverageConfig, leverageFaults } from "./leverage.ts";
import { DEFAULT_NEWS, type NewsConfig, newsFaults } from "./news.ts";
import { DEFAULT_REGIMES, type Regime, regimeFaults } from "./regimes.ts";
import { checkScenario, type Scenario } from "./scenario.ts";
import { DEFAULT_SESSION, type SessionConfig, sessionFaults } from "./session.ts";
import { equallyCorrelated, type FactorLoading, factorFaults } from "./wandering.ts";

export interface WorldConfig {
  readonly seed: number;
  /** Names the luck that this symbol does not share. */
  readonly symbol: string;
  readonly startAt: Micros;
  /** `equity` changes defaults: one session a day, no funding, no leverage, other news. */
  readonly market?: "perpetual" | "equity";
  readonly session?: Partial<SessionConfig>;
  readonly regimes?: readonly Regime[];
  /** Stay in the regime of this name for good. */
  readonly regime?: string;
  /** Standard deviation of a working day's log return of the value, news apart. Default 0.025. */
  readonly dailyVolatility?: number;
  /**
   * What the symbol shares with others: moves of the value, and how busy the market is. Default:
   * one factor, any two symbols correlated by 0.7.
   */
  readonly factors?: readonly FactorLoading[];
  /** Spread of the log of the activity around session and regime. Default 0.35. */
  readonly activitySpread?: number;
  /** How long the market remembers being busy. Default 1,200. */
  readonly activityMemorySeconds?: number;
  /**
   * Spells of activity on top: each a spread of the log and a memory, from seconds to minutes (the
   * few-scale form of the multifractal random walk: Bacry, Delour, Muzy 2001). Default none.
   */
  readonly bursts?: readonly { readonly spread: number; readonly memorySeconds: number }[];
  /** The user's knob: a lean from −1 (selling) to 1 (buying) all along. Default 0. */
  readonly pressure?: number;
  /** Spread of the lean that comes and goes by itself. Default 0.25. */
  readonly pressureSpread?: number;
  /** False: nobody pays funding. */
  readonly funding?: Partial<FundingConfig> | false;
  /** False: nobody is liquidated. */
  readonly leverage?: Partial<LeverageConfig> | false;
  /** False: no random news; what the scenario tells is still told. */
  readonly news?: Partial<NewsConfig> | false;
  readonly scenario?: Scenario;
  /** What headlines call the asset, and what an amount of it is worth. */
  readonly asset?: Partial<Asset>;
}

export type ResolvedWorldConfig = Required<
  Omit<WorldConfig, "session" | "regime" | "funding" | "leverage" | "news" | "scenario" | "asset">
> & {
  readonly session: SessionConfig;
  readonly regime: string | undefined;
  readonly funding: FundingConfig | false;
  readonly leverage: LeverageConfig | false;
  readonly news: NewsConfig;
  readonly scenario: Scenario;
  readonly asset: Asset;
};

const NAMES: Readonly<Record<string, string>> = {
  BTC: "Bitcoin",
  ETH: "Ethereum",
  SOL: "Solana",
  XRP: "XRP",
  DOGE: "Dogecoin",
  ADA: "Cardano",
  LTC: "Litecoin",
};

/** What headlines call a symbol's asset. Price and volume: a BTC perpetual's, large exchange. */
export function assetOf(symbol: string, given: Partial<Asset>): Asset {
  const ticker = symbol.replace(/[-/_:].*$|(?:USDT|USDC|USD)(?:PERP)?$/g, "") || symbol;
  const name = NAMES[ticker] ?? ticker;
  return { ticker, name, priceUsd: 64_250, dayVolumeUsd: 8e9, ...given };
}

/** Writes every default out. */
export function resolveWorldConfig(config: WorldConfig): ResolvedWorldConfig {
  const market = config.market ?? "perpetual";
  const isEquity = market === "equity";
  const off = { ...DEFAULT_NEWS, ownPerDay: 0, marketPerDay: 0 };
  return {
    seed: config.seed,
    symbol: config.symbol,
    startAt: config.startAt,
    market,
    session: { ...DEFAULT_SESSION, shape: isEquity ? "equity" : "crypto", ...config.session },
    regimes: config.regimes ?? DEFAULT_REGIMES,
    regime: config.regime,
    dailyVolatility: config.dailyVolatility ?? 0.025,
    factors: config.factors ?? equallyCorrelated(0.7),
    activitySpread: config.activitySpread ?? 0.35,
    activityMemorySeconds: config.activityMemorySeconds ?? 1_200,
    bursts: config.bursts ?? [],
    pressure: config.pressure ?? 0,
    pressureSpread: config.pressureSpread ?? 0.25,
    funding: partOf(config.funding, DEFAULT_FUNDING, isEquity),
    leverage: partOf(config.leverage, DEFAULT_LEVERAGE, isEquity),
    news: config.news === false ? off : { ...DEFAULT_NEWS, ...config.news },
    scenario: config.scenario ?? { events: [] },
    asset: assetOf(config.symbol, config.asset ?? {}),
  };
}

/** A part that can be off: left out, it is as the kind of market has it. */
function partOf<Part>(
  given: Partial<Part> | false | undefined,
  usual: Part,
  isOff: boolean,
): Part | false {
  if (given === false || (given === undefined && isOff)) return false;
  return { ...usual, ...given };
}

export interface WorldFault {
  /** Dotted, such as `session.weekend`. */
  readonly path: string;
  readonly text: string;
}

const within = (at: string, faults: readonly WorldFault[]): WorldFault[] =>
  faults.map(({ path, text }) => ({ path: path === "" ? at : `${at}.${path}`, text }));

/** [name, least, most]: plain figures of the configuration. */
const RANGES = [
  ["dailyVolatility", 0, 2],
  ["activitySpread", 0, 2],
  ["activityMemorySeconds", 1, 1e7],
  ["pressure", -1, 1],
  ["pressureSpread", 0, 1],
] as const;

/** All that is wrong with a configuration. */
export function worldFaults(config: WorldConfig): readonly WorldFault[] {
  const all = resolveWorldConfig(config);
  const faults: WorldFault[] = [];
  if (!Number.isSafeInteger(all.seed)) {
    faults.push({ path: "seed", text: `must be a whole number, got ${all.seed}` });
  }
  if (!(Number.isSafeInteger(all.startAt) && all.startAt >= 0 && all.startAt < 1e6 * DAY)) {
    faults.push({ path: "startAt", text: `must be µs since 1970, got ${all.startAt}` });
  }
  if (all.market !== "perpetual" && all.market !== "equity") {
    faults.push({ path: "market", text: `must be perpetual or equity, got ${config.market}` });
  }
  for (const [name, least, most] of RANGES) {
    if (!(all[name] >= least && all[name] <= most)) {
      faults.push({ path: name, text: `must be from ${least} to ${most}, got ${all[name]}` });
    }
  }
  for (const [i, { spread, memorySeconds }] of all.bursts.entries()) {
    if (!(spread >= 0 && spread <= 3)) {
      faults.push({ path: `bursts.${i}.spread`, text: `must be from 0 to 3, got ${spread}` });
    }
    if (!(memorySeconds >= 1 && memorySeconds <= 1e7)) {
      const text = `must be from 1 to 10000000, got ${memorySeconds}`;
      faults.push({ path: `bursts.${i}.memorySeconds`, text });
    }
  }
  const regimes = all.regimes.map(({ name }) => name);
  if (all.regime !== undefined && !regimes.includes(all.regime)) {
    const text = `must be one of ${regimes.join(", ")}, got ${all.regime}`;
    faults.push({ path: "regime", text });
  }
  for (const name of ["priceUsd", "dayVolumeUsd"] as const) {
    const value = all.asset[name];
    if (!(value > 0 && value < 1e18)) {
      faults.push({ path: `asset.${name}`, text: `must be above 0, got ${value}` });
    }
  }
  faults.push(...within("session", sessionFaults(all.session)));
  faults.push(...within("regimes", regimeFaults(all.regimes)));
  faults.push(...within("factors", factorFaults(all.factors)));
  faults.push(...within("news", newsFaults(all.news)));
  if (all.funding !== false) faults.push(...within("funding", fundingFaults(all.funding)));
  if (all.leverage !== false) faults.push(...within("leverage", leverageFaults(all.leverage)));
  const scenario = checkScenario(all.scenario, regimes);
  if (!scenario.ok) faults.push(...within("scenario", scenario.error));
  return faults;
}
