/**
 * Exchange: the local exchange's own core and front in virtual time, with faults of an exchange.
 *
 * Orders, positions, money, signatures, limits and wire texts are the true ones. Around the front
 * lies a skin: it refuses, pretends to have failed, forgets and falls into maintenance. What must
 * stay true: the core is never bent: what it has in its books is what has happened.
 */
import { formatPrice, formatQuantity, type Instrument } from "../../src/core/domain/instrument.ts";
import { lots, type Micros, micros, ticks } from "../../src/core/domain/units.ts";
import type { VirtualTime } from "../../src/data/network/virtual-time.ts";
import { Exchange } from "../../src/exchange/exchange.ts";
import { withoutMinimum } from "../../src/exchange/hosted-market.ts";
import { Directory } from "../../src/exchange/market/directory.ts";
import { ExchangeFront } from "../../src/exchange/server/front.ts";
import { PrivateStreams } from "../../src/exchange/server/private-streams.ts";
import type { ApiReply, ApiRequest } from "../../src/exchange/server/rest-api.ts";
import type { StreamConnection, StreamWire } from "../../src/exchange/server/stream-connection.ts";
import { DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { FixedDrive } from "../../src/runtime/hosted-drives.ts";
import { hostMarket } from "../../src/runtime/hosted-market.ts";
import { NO_FEES } from "../../src/simulation/fees.ts";
import { constantLatency } from "../../src/simulation/latency.ts";
import { ReplayVenue, type VenueConfig } from "../../src/simulation/replay-venue.ts";
import { ExchangeSkin } from "./exchange-skin.ts";
import type { Faults } from "./faults.ts";
import { type SimulatedMarket, STEP_NANOS } from "./market.ts";
import { Truth } from "./truth.ts";

export const ACCESS = { uid: "101", apiKey: "simulated-key", secret: "simulated-secret" };
/** Someone else's order on the same account. */
export const FOREIGN = "somebody-else";

const OPENED = Date.UTC(2026, 0, 5, 14) * 1_000;
/** Funding is settled at each multiple of eight hours. */
const FUNDING = Date.UTC(2026, 0, 5, 16) * 1_000;
const SILENCE_CHECK_NANOS = 5e9;
/** Before an order can begin: the streams are opened, the account is looked at. */
const OPENING_SECONDS = 8;

type OwnFault = "restart" | "book-restart" | "maintenance" | "foreign-trade";

export class SimulatedExchange {
  readonly truth: Truth;
  readonly instrument: Instrument;
  readonly core: Exchange;
  readonly #time: VirtualTime;
  readonly #faults: Faults;
  readonly #front: ExchangeFront;
  readonly #skin: ExchangeSkin;
  readonly #directory: Directory;
  #foreignTrades = 0;
  /** Microseconds since 1970, by its clock, at which virtual time began. */
  readonly startAt: number;

  constructor(time: VirtualTime, faults: Faults, market: SimulatedMarket, seed: number) {
    const { instrument } = market;
    this.#time = time;
    this.#faults = faults;
    this.instrument = instrument;
    const early = faults.has("funding") ? faults.luck("funding").between(2, 30) : 0;
    this.startAt = early > 0 ? FUNDING - Math.ceil((OPENING_SECONDS + early) * 1e6) : OPENED;
    const startAt = micros(this.startAt);
    const hosted = hostMarket(driveOf(market), {
      instrument,
      accounts: 1,
      startAt,
      firstRowAt: 0,
      speed: 1,
    });
    const directory = new Directory([hosted], startAt);
    this.#directory = directory;
    const streams = new PrivateStreams((run) => void time.after(0, run));
    this.truth = new Truth(streams);
    this.truth.startAt = this.startAt;
    this.core = new Exchange({
      markets: directory.markets,
      accounts: [{ uid: ACCESS.uid, wallet: { USDT: "100000000" } }],
      listener: this.truth,
      seed,
    });
    this.core.advance(startAt);
    this.#front = new ExchangeFront({
      core: this.core,
      directory,
      streams,
      accounts: [ACCESS],
      now: () => this.now,
      tick: () => this.core.advance(this.now),
    });
    this.#skin = new ExchangeSkin({ faults, instrument, truth: this.truth, time });
    this.#repeat(STEP_NANOS, () => this.core.advance(this.now));
    this.#repeat(SILENCE_CHECK_NANOS, () => this.#front.checkSilence());
  }

  /** The exchange's clock. */
  get now(): Micros {
    return micros(this.startAt + Math.floor(this.#time.now / 1_000));
  }

  /** Tick and lot are not what they were. */
  get hasNewRules(): boolean {
    return this.#skin.hasNewRules;
  }

  /** Faults that come by themselves begin. */
  begin(): void {
    this.#haunt("restart", () => this.#front.restart());
    this.#haunt("book-restart", () => this.#front.restartBooks());
    this.#haunt("maintenance", () => {
      this.#skin.maintain(this.#faults.luck("maintenance").between(1, 20) * 1e9);
      this.#front.dropConnections();
    });
    if (this.#faults.has("foreign-order")) this.#placeForeign();
    this.#haunt("foreign-trade", () => this.#tradeForeign());
    if (!this.#faults.has("rules-changed")) return;
    const wait = this.#faults.luck("rules-changed").between(2, 30) * 1e9;
    this.#time.after(wait, () => {
      if (!this.#faults.isActive) return;
      this.#faults.count("rules-changed");
      this.#skin.changeRules();
    });
  }

  cut(): void {
    this.#front.dropConnections();
  }

  request(request: ApiRequest, reply: (reply: ApiReply) => void): void {
    const refusal = this.#skin.request(request, Math.floor(this.now / 1_000));
    if (refusal !== undefined) return reply(refusal);
    const isBroken = this.#skin.breaks(request);
    this.#front.request(request, (answer) => {
      reply(isBroken ? this.#skin.broken(this.now) : this.#skin.reply(request, answer));
    });
  }

  /** Undefined: nobody is let in. */
  open(path: string, query: string, wire: StreamWire): VirtualStream | undefined {
    if (this.#skin.isClosed || !this.#front.hasStream(path)) return undefined;
    const dressed = this.#skin.dress(path, wire);
    const connection = this.#front.open(path, query, dressed);
    return new VirtualStream(connection, dressed, this.#skin, path);
  }

  #repeat(nanos: number, run: () => void): void {
    const turn = (): void => {
      run();
      this.#time.after(nanos, turn);
    };
    this.#time.after(nanos, turn);
  }

  #haunt(name: OwnFault, strike: () => void): void {
    const wait = this.#faults.pause(name);
    if (wait === undefined) return;
    this.#time.after(wait, () => {
      if (!this.#faults.isActive) return;
      this.#faults.count(name);
      strike();
      this.#haunt(name, strike);
    });
  }

  /** It rests far from the market, and must rest there in the end. */
  #placeForeign(): void {
    const { instrument } = this;
    const { bid } = this.#directory.find("linear", instrument.symbol)!;
    this.#faults.count("foreign-order");
    this.core.place(0, {
      ...this.#foreign(instrument.minLots * 100),
      side: "buy",
      isMarket: false,
      price: formatPrice(instrument, ticks(Math.floor(bid / 2))),
      timeInForce: "GTC",
      orderLinkId: FOREIGN,
    });
  }

  #tradeForeign(): void {
    this.#foreignTrades += 1;
    const luck = this.#faults.luck("foreign-trade");
    this.core.place(0, {
      ...this.#foreign(this.instrument.minLots * luck.whole(1, 20)),
      side: luck.pick(["buy", "sell"] as const),
      isMarket: true,
      price: undefined,
      timeInForce: "IOC",
      orderLinkId: `${FOREIGN}-${this.#foreignTrades}`,
    });
  }

  #foreign(quantity: number) {
    const { instrument } = this;
    return {
      category: "linear",
      symbol: instrument.symbol,
      quantity: formatQuantity(instrument, lots(quantity)),
      positionIndex: 0,
      reduceOnly: false,
      marketUnit: undefined,
      smpType: undefined,
    } as const;
  }
}

/** One client's stream, as the network hands messages to it. */
export class VirtualStream {
  readonly #connection: StreamConnection;
  readonly #wire: StreamWire;
  readonly #skin: ExchangeSkin;
  readonly #isTrade: boolean;

  constructor(connection: StreamConnection, wire: StreamWire, skin: ExchangeSkin, path: string) {
    this.#connection = connection;
    this.#wire = wire;
    this.#skin = skin;
    this.#isTrade = path === "/v5/trade";
  }

  receive(text: string): void {
    const refusal = this.#isTrade ? this.#skin.frame(text) : undefined;
    if (refusal === undefined) this.#connection.receive(text);
    else this.#wire.write([refusal]);
  }

  ended(): void {
    this.#connection.ended();
  }
}

function driveOf({ instrument, blocks }: SimulatedMarket): FixedDrive {
  const config: VenueConfig = {
    fees: NO_FEES,
    latency: constantLatency(0, 0),
    instrument: withoutMinimum(instrument),
    queue: DEFAULT_CONFIG.simulation.queue,
    seed: 0,
    epochNanos: 0n,
    forgetsEnded: true,
  };
  const first = blocks.next();
  return new FixedDrive(new ReplayVenue([config]), blocks, first.done ? undefined : first.value);
}
