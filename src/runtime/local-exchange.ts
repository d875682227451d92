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
import { Exchange } from "../exchange/exchange.ts";
import { type HostedMarket, withoutMinimum } from "../exchange/hosted-market.ts";
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
import { checkedOptions, type ExchangeOptions } from "./exchange-options.ts";
import { FixedDrive, firstRowAt, MadeDrive } from "./hosted-drives.ts";
import { type DrivenVenue, hostMarket, type HostPlan } from "./hosted-market.ts";
import { HostedPace, type MarketPace } from "./hosted-pace.ts";
import {
  type HostedFault,
  type HostedSource,
  openHosted,
  parseHostedSymbol,
} from "./hosted-source.ts";
import { type GeneratedSpec, generatedConfig } from "./market-source.ts";

export type { ExchangeAccess, ExchangeAccountOptions, ExchangeOptions, RateLimitSetting };

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
  /**
   * Seconds, by its clock, that the markets have not lived through since it opened: where `speed`
   * is more than the machine can keep, or where it slept, they fall behind, and nothing else does.
   */
  readonly behind: number;
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
/** While the markets live through their history, others have a turn so often. */
const BREATH_EVERY_MS = 50;

export async function openExchange(
  options: ExchangeOptions,
): Promise<Result<LocalExchange, HostedFault>> {
  const checked = checkedOptions(options);
  if (!checked.ok) return checked;
  const { market, speed, history, fees } = checked.value;
  const accounts = accountsOf(options.accounts, options.wallet, options.seed);
  if (!accounts.ok) return accounts;
  const now = options.clock ?? wallClock();
  const opensAt = now();
  const startAt = micros(Math.round(opensAt - history * SECOND));
  const pace = paceOf(options, speed);
  const hosts = await openMarkets(options, {
    kind: market,
    accounts: accounts.value.length,
    startAt,
    speed,
    pace,
  });
  if (!hosts.ok) return hosts;
  const directory = new Directory(hosts.value, startAt);
  const streams = new PrivateStreams();
  const core = new Exchange({
    markets: directory.markets,
    accounts: accounts.value.map(({ access, wallet }) => ({ uid: access.uid, wallet })),
    listener: streams,
    seed: options.seed ?? randomBytes(4).readUInt32LE(),
    fees,
  });
  await liveThrough(startAt, opensAt, core, options);
  core.advance(opensAt);
  pace.open(opensAt, options.clock === undefined ? now() : opensAt);
  const tick = (): void => pace.advance(now(), (at) => core.advance(at));
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
    get behind() {
      return pace.behind / SECOND;
    },
    async close() {
      clearInterval(timer);
      await server.close();
      closeMarkets();
    },
  });
}

/** By a test's clock nothing is given up, unless the test measures too. */
function paceOf({ clock, stopwatch, onLog }: ExchangeOptions, speed: number): HostedPace {
  const wall = clock === undefined ? (): number => performance.now() : undefined;
  return new HostedPace({
    speed,
    stopwatch: stopwatch ?? wall,
    onBehind: () =>
      onLog?.(
        `the markets fall behind: this machine cannot keep speed ${speed} with them all ` +
          "(or it slept); orders and streams go on, the markets pass more slowly",
      ),
  });
}

/** What the markets go through before anybody looks. */
async function liveThrough(
  from: Micros,
  until: Micros,
  core: Exchange,
  { onHistory, stopwatch = () => performance.now() }: ExchangeOptions,
): Promise<void> {
  let breath = stopwatch();
  for (let at = from; at < until; at = micros(Math.min(until, at + SECOND))) {
    core.advance(at);
    if (stopwatch() - breath < BREATH_EVERY_MS) continue;
    onHistory?.((at - from) / (until - from));
    await new Promise((resolve) => setImmediate(resolve));
    breath = stopwatch();
  }
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
  readonly pace?: MarketPace;
  readonly reaction?: ReactionSettings;
}

/** The market of a symbol as the exchange drives it. */
export function composeHosted(
  source: HostedSource,
  options: HostOptions,
): Result<HostedMarket, ScaleFault | MarketKindFault> {
  const { instrument, market } = source;
  const { accounts, startAt, speed, pace } = options;
  const plan = (firstRow: number): HostPlan => ({
    instrument,
    accounts,
    startAt,
    speed,
    firstRowAt: firstRow,
    pace,
  });
  const { spec } = market;
  if (spec.kind === "generated") {
    const own = { ...ACCOUNT, showsOwn: true, forgetsEnded: true };
    const venue = new GeneratedVenue(own, generatorOf(spec, source), accounts);
    return ok(hostMarket(new MadeDrive(venue), plan(venue.story.now)));
  }
  const venueConfig: VenueConfig = {
    ...ACCOUNT,
    instrument: withoutMinimum(instrument),
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
function generatorOf(spec: GeneratedSpec, source: HostedSource) {
  const config = generatedConfig(spec);
  const instrument = withoutMinimum(source.instrument);
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
