/**
 * Local exchange: Bybit's v5 on this machine, over simulated markets, as one thing to start.
 *
 * It puts together what the exchange is made of: markets (recorded, reactive or generated), the
 * core that knows accounts and orders, and the server that speaks to clients. Time is a wall
 * clock's, or the clock of a test. What must stay true: before anything is asked of it, it has come
 * up to now, and when `close` has resolved nothing of it is left.
 */
import { randomBytes } from "node:crypto";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { bitsAt, streamOf } from "../core/domain/random.ts";
import { type Micros, micros, SECOND } from "../core/domain/units.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import type { Category } from "../exchange/exchange-types.ts";
import { Exchange } from "../exchange/exchange.ts";
import type { HostedMarket } from "../exchange/hosted-market.ts";
import { type FeeRate, STANDARD_FEES } from "../exchange/ledger/fees.ts";
import { Directory } from "../exchange/market/directory.ts";
import {
  type ExchangeServer,
  PrivateStreams,
  type RateLimitSetting,
  startServer,
} from "../exchange/server/server.ts";
import { NO_FEES } from "../simulation/fees.ts";
import { GeneratedVenue } from "../simulation/generated-venue.ts";
import { constantLatency } from "../simulation/latency.ts";
import { ReactiveVenue } from "../simulation/reactive-venue.ts";
import { ReplayVenue, type VenueConfig } from "../simulation/replay-venue.ts";
import { type MarketKindFault, reactionOf } from "./compose.ts";
import { DEFAULT_CONFIG, type ReactionSettings } from "./config.ts";
import type { ScaleFault } from "./day-scale.ts";
import {
  accountsOf,
  type ExchangeAccess,
  type ExchangeAccountOptions,
  type OpenAccount,
} from "./exchange-access.ts";
import { FixedDrive, firstRowAt, MadeDrive } from "./hosted-drives.ts";
import { type DrivenVenue, hostMarket, type HostPlan } from "./hosted-market.ts";
import {
  type HostedFault,
  type HostedSource,
  openHosted,
  parseHostedSymbol,
} from "./hosted-source.ts";
import { type GeneratedSpec, generatedConfig } from "./market-source.ts";

export type { ExchangeAccess, ExchangeAccountOptions, RateLimitSetting };

export interface ExchangeOptions {
  /** Such as `linear:BTCUSDT=generated:seed=7` or `spot:BTCUSDT=FILE`. */
  readonly symbols: readonly string[];
  /** How many, or what each is [1]. */
  readonly accounts?: number | readonly ExchangeAccountOptions[];
  /** What an account begins with that says nothing of it [a million USDT and USDC, 10 BTC]. */
  readonly wallet?: Readonly<Record<string, string>>;
  /** Maker and taker by category, as fractions in decimal text [Bybit's of VIP 0]. */
  readonly fees?: Partial<Record<Category, FeeRate>>;
  /** What a recording is to orders: it stands as it was, or it answers them [recorded]. */
  readonly market?: "recorded" | "reactive";
  /** Seconds of the markets in a second of the exchange, 1 to 1000 [1]. */
  readonly speed?: number;
  /** Names orders, executions and what keys are not given [drawn]. */
  readonly seed?: number;
  /** Seconds, by the exchange's clock, that the markets have lived through when it opens [60]. */
  readonly history?: number;
  /** When generated markets begin, by their own clock [when the exchange does]. */
  readonly marketStart?: Micros;
  /** [127.0.0.1] */
  readonly host?: string;
  /** [0: any free one] */
  readonly port?: number;
  /** Bybit's, none, or so many requests a second and kind [bybit]. */
  readonly rateLimits?: RateLimitSetting;
  /** For tests: what time it is. Then nothing happens but before a request and in `tick`. */
  readonly clock?: () => Micros;
  readonly onLog?: (line: string) => void;
}

export interface LocalExchange {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Such as `ws://127.0.0.1:40123`; streams are under `/v5/…`. */
  readonly streamUrl: string;
  readonly accounts: readonly ExchangeAccess[];
  /** Names of the markets, such as `linear:BTCUSDT`. */
  readonly symbols: readonly string[];
  readonly server: ExchangeServer;
  /** What time it is there. */
  now(): Micros;
  /** Brings everything up to now; happens by itself every few milliseconds. */
  tick(): void;
  close(): Promise<void>;
}

/** Why an exchange cannot be started. */
export class ExchangeStartError extends Error {
  override readonly name = "ExchangeStartError";
  readonly code: string;

  constructor({ code, text }: HostedFault) {
    super(text);
    this.code = code;
  }
}

/** Opens the exchange. @throws ExchangeStartError that says what to change. */
export async function startExchange(options: ExchangeOptions): Promise<LocalExchange> {
  const opened = await openExchange(options);
  if (opened.ok) return opened.value;
  throw new ExchangeStartError(opened.error);
}

const TICK_EVERY_MS = 5;
const HISTORY_SECONDS = 60;
const MOST_HISTORY_SECONDS = 86_400;
const MOST_SPEED = 1_000;

export async function openExchange(
  options: ExchangeOptions,
): Promise<Result<LocalExchange, HostedFault>> {
  const { speed = 1, history = HISTORY_SECONDS, seed = randomBytes(4).readUInt32LE() } = options;
  const wrong = optionFault(speed, history, seed, options.symbols);
  if (wrong !== undefined) return wrong;
  const accounts = accountsOf(options.accounts, options.wallet, options.seed);
  if (!accounts.ok) return accounts;
  const now = options.clock ?? wallClock();
  const opensAt = now();
  const startAt = micros(opensAt - history * SECOND);
  const hosts = await openMarkets(options, {
    kind: options.market ?? "recorded",
    accounts: accounts.value.length,
    startAt,
    speed,
  });
  if (!hosts.ok) return hosts;
  const directory = new Directory(hosts.value, startAt);
  const streams = new PrivateStreams();
  const core = new Exchange({
    markets: directory.markets,
    accounts: accounts.value.map(({ access, wallet }) => ({ uid: access.uid, wallet })),
    listener: streams,
    seed,
    fees: { ...STANDARD_FEES, ...options.fees },
  });
  for (let at = startAt; at < opensAt; at = micros(Math.min(opensAt, at + SECOND))) {
    core.advance(at);
  }
  const tick = (): void => core.advance(now());
  tick();
  const closeMarkets = (): void => hosts.value.forEach((host) => host.close());
  const served = await serve(options, { core, directory, streams, now, tick }, accounts.value);
  if (!served.ok) {
    closeMarkets();
    return served;
  }
  const server = served.value;
  const timer = options.clock === undefined ? setInterval(tick, TICK_EVERY_MS) : undefined;
  return ok({
    url: server.url,
    streamUrl: server.streamUrl,
    accounts: accounts.value.map(({ access }) => access),
    symbols: hosts.value.map(({ instrument }) => `${instrument.kind}:${instrument.symbol}`),
    server,
    now,
    tick,
    async close() {
      clearInterval(timer);
      await server.close();
      closeMarkets();
    },
  });
}

interface Parts {
  readonly core: Exchange;
  readonly directory: Directory;
  readonly streams: PrivateStreams;
  readonly now: () => Micros;
  readonly tick: () => void;
}

async function serve(
  { host, port, rateLimits, onLog }: ExchangeOptions,
  parts: Parts,
  accounts: readonly OpenAccount[],
): Promise<Result<ExchangeServer, HostedFault>> {
  try {
    return ok(
      await startServer({
        ...parts,
        accounts: accounts.map(({ access, permission }) => ({
          uid: access.uid,
          apiKey: access.apiKey,
          secret: access.secret,
          permission,
        })),
        ...(host === undefined ? {} : { host }),
        ...(port === undefined ? {} : { port }),
        ...(rateLimits === undefined ? {} : { rateLimits }),
        ...(onLog === undefined ? {} : { onLog }),
      }),
    );
  } catch (error) {
    const place = `${host ?? "127.0.0.1"}:${port ?? 0}`;
    return fault(`cannot listen on ${place}: ${error instanceof Error ? error.message : error}`);
  }
}

function optionFault(
  speed: number,
  history: number,
  seed: number,
  symbols: readonly string[],
): Result<never, HostedFault> | undefined {
  if (symbols.length === 0) return fault("no symbol is named: an exchange trades at least one");
  if (!(speed >= 1 && speed <= MOST_SPEED)) {
    return fault(`speed must be a number from 1 to ${MOST_SPEED}, not ${speed}`);
  }
  if (!(history >= 0 && history <= MOST_HISTORY_SECONDS)) {
    return fault(`history must be seconds from 0 to ${MOST_HISTORY_SECONDS}, not ${history}`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    return fault(`seed must be a whole number, 0 or more, not ${seed}`);
  }
  return undefined;
}

async function openMarkets(
  options: ExchangeOptions,
  host: HostOptions,
): Promise<Result<HostedMarket[], HostedFault>> {
  const names = new Set<string>();
  const hosts: HostedMarket[] = [];
  const refuse = (error: HostedFault): Result<never, HostedFault> => {
    for (const opened of hosts) opened.close();
    return err(error);
  };
  for (const text of options.symbols) {
    const symbol = parseHostedSymbol(text);
    if (!symbol.ok) return refuse(symbol.error);
    const name = `${symbol.value.category}:${symbol.value.symbol}`;
    if (names.has(name)) return refuse({ code: "EXCHANGE_MARKET", text: `${name} is named twice` });
    names.add(name);
    const source = await openHosted(symbol.value, options.marketStart ?? host.startAt);
    if (!source.ok) return refuse(source.error);
    const hosted = composeHosted(source.value, host);
    if (!hosted.ok) {
      const { text: why } = hosted.error;
      const advice = 'let it stand as it was (market: "recorded")';
      return refuse({
        code: "EXCHANGE_MARKET",
        text: `${name} cannot answer: ${why}; or ${advice}`,
      });
    }
    hosts.push(hosted.value);
  }
  return ok(hosts);
}

/** Further from the wall than this, in microseconds, the clock is set: clients sign by the wall. */
const SET_BEYOND = 50_000;

/** The wall clock to the microsecond; it never falls: where the wall is set back it waits. */
function wallClock(): () => Micros {
  let offset = Date.now() * 1_000 - performance.now() * 1_000;
  let latest = 0;
  return () => {
    const steady = performance.now() * 1_000;
    const wall = Date.now() * 1_000;
    if (Math.abs(steady + offset - wall) > SET_BEYOND) offset = wall - steady;
    latest = Math.max(latest, Math.floor(steady + offset));
    return micros(latest);
  };
}

const fault = (text: string): Result<never, HostedFault> => err({ code: "EXCHANGE_OPTIONS", text });

export interface HostOptions {
  /** What a recording is to orders: it stands as it was, or it answers them. */
  readonly kind: "recorded" | "reactive";
  readonly accounts: number;
  readonly startAt: Micros;
  readonly speed: number;
  readonly reaction?: ReactionSettings;
}

/** The market of a symbol as the exchange drives it. */
export function composeHosted(
  source: HostedSource,
  options: HostOptions,
): Result<HostedMarket, ScaleFault | MarketKindFault> {
  const { instrument, market } = source;
  const { accounts, startAt, speed } = options;
  const plan = (firstRow: number): HostPlan => ({
    instrument,
    accounts,
    startAt,
    speed,
    firstRowAt: firstRow,
  });
  const { spec } = market;
  if (spec.kind === "generated") {
    const own = { ...ACCOUNT, showsOwn: true, forgetsEnded: true };
    const venue = new GeneratedVenue(own, generatorOf(spec, source), accounts);
    return ok(hostMarket(new MadeDrive(venue), plan(venue.story.now)));
  }
  const venueConfig: VenueConfig = {
    ...ACCOUNT,
    instrument,
    queue: DEFAULT_CONFIG.simulation.queue,
    seed: 0,
    epochNanos: market.header.epochNanos,
    forgetsEnded: true,
  };
  const blocks = market.blocks[Symbol.iterator]();
  const first = blocks.next();
  const block = first.done === true ? undefined : first.value;
  const firstAt = block === undefined ? 0 : firstRowAt(block);
  if (options.kind === "reactive") {
    const reaction = reactionOf(market, options.reaction ?? DEFAULT_CONFIG.simulation.reaction);
    if (!reaction.ok) return reaction;
    const venue = new ReactiveVenue(venueConfig, reaction.value, resumed(block, blocks));
    return ok(hostMarket(new MadeDrive(venue), plan(firstAt)));
  }
  const venue = new ReplayVenue(Array.from({ length: accounts }, () => venueConfig));
  const drive: DrivenVenue = new FixedDrive(venue, blocks, block);
  return ok(hostMarket(drive, plan(firstAt)));
}

/** Orders act when they are sent; fees are the exchange's own business. */
const ACCOUNT = { fees: NO_FEES, latency: constantLatency(0, 0) };

/**
 * The world is the coin's, whatever is traded on it; the traders of spot and of inverse contracts
 * are others than those of the linear one, so their luck is another.
 */
function generatorOf(spec: GeneratedSpec, { instrument }: HostedSource) {
  const config = generatedConfig(spec);
  const { kind } = instrument;
  if (kind === "linear") return { ...config, instrument };
  const seed = bitsAt(config.seed, streamOf(`category/${kind}`), 0);
  const symbol = `${instrument.base}${kind === "inverse" ? "USDT" : instrument.quote}`;
  return { ...config, instrument, seed, world: { seed: config.seed, symbol, ...config.world } };
}

function* resumed(
  first: MarketBlock | undefined,
  rest: Iterator<MarketBlock>,
): Generator<MarketBlock> {
  if (first === undefined) return;
  yield first;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}
