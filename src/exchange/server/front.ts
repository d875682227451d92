/**
 * Front: the exchange as its clients see it, without the sockets that they come by.
 *
 * A request is answered, a stream is opened and written to; whoever owns the way there
 * (`server.ts`: HTTP and WebSocket; a simulation: nothing but time) hands in what came and carries
 * away what is said. What must stay true: it has no clock, no socket and no timer of its own.
 */
import type { Micros } from "../../core/domain/units.ts";
import type { ExchangeCore } from "../exchange-types.ts";
import type { MarketDirectory } from "../market-view.ts";
import { PROTECTION_SECONDS } from "../protocol/account-answers.ts";
import { RateLimits, type RateLimitSetting } from "../protocol/rate-limits.ts";
import type { StreamKind } from "../protocol/stream-replies.ts";
import { PrivateStream } from "./private-stream.ts";
import type { PrivateStreams } from "./private-streams.ts";
import { PublicStreams } from "./public-streams.ts";
import { type ApiReply, type ApiRequest, RestApi } from "./rest-api.ts";
import { Keys, type ServerAccount } from "./signature.ts";
import {
  StreamConnection,
  type StreamHandler,
  type StreamServices,
  type StreamWire,
} from "./stream-connection.ts";
import { TradeStream } from "./trade-stream.ts";

export interface FrontOptions {
  readonly core: ExchangeCore;
  readonly directory: MarketDirectory;
  /** The core's listener: made first, handed to both. */
  readonly streams: PrivateStreams;
  /** In the order of the core's account numbers. */
  readonly accounts: readonly ServerAccount[];
  /** [bybit] */
  readonly rateLimits?: RateLimitSetting;
  /** The exchange's clock. */
  readonly now: () => Micros;
  /** Brings core and markets up to now. */
  readonly tick: () => void;
  /** What whoever runs the exchange should see. Never a secret. */
  readonly onLog?: (line: string) => void;
}

const PUBLIC_SILENCE_MS = 60_000;
const PRIVATE_SILENCE_MS = 600_000;

const STREAMS: ReadonlyMap<string, StreamKind> = new Map([
  ["/v5/public/linear", "linear"],
  ["/v5/public/inverse", "inverse"],
  ["/v5/public/spot", "spot"],
  ["/v5/private", "private"],
  ["/v5/trade", "trade"],
]);

/** `max_active_time`, such as `45s` or `2m`, within Bybit's bounds. */
function silenceLimitOf(kind: StreamKind, query: URLSearchParams): number {
  if (kind !== "private" && kind !== "trade") return PUBLIC_SILENCE_MS;
  const wanted = /^(\d{1,3})([sm])$/.exec(query.get("max_active_time") ?? "");
  if (wanted === null) return PRIVATE_SILENCE_MS;
  const seconds = Number(wanted[1]) * (wanted[2] === "m" ? 60 : 1);
  return Math.min(600, Math.max(30, seconds)) * 1_000;
}

export class ExchangeFront {
  readonly log: (line: string) => void;
  readonly #options: FrontOptions;
  readonly #connections = new Set<StreamConnection>();
  readonly #handlers: Readonly<Record<StreamKind, StreamHandler>>;
  readonly #services: StreamServices;
  readonly #streams: readonly { listeners(topic: string): number }[];
  readonly #limits: readonly RateLimits[];
  readonly #rest: RestApi;
  #held: (() => void)[] | undefined;
  #answersToLose = 0;
  #answered = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
    const { core, directory, streams, accounts } = options;
    const tick = (): void => streams.turn.tickOnce(options.tick);
    this.#limits = accounts.map(() => new RateLimits(options.rateLimits ?? "bybit"));
    const nowMs = (): number => Math.floor(options.now() / 1_000);
    this.log = (line) => options.onLog?.(line);
    const hold = (resume: () => void): boolean => this.#hold(resume);
    const shared = {
      core,
      directory,
      nowMs,
      tick,
      log: this.log,
      hold,
      keys: new Keys(accounts),
      limitsOf: (account: number): RateLimits => this.#limits[account]!,
      isAnswerLost: (): boolean => this.#isAnswerLost(),
      riskLimitOf: riskLimitsOf(directory),
    };
    streams.riskLimitOf = shared.riskLimitOf;
    this.#services = { turn: streams.turn, nowMs, tick, log: this.log, hold };
    const publics = {
      linear: new PublicStreams("linear", directory, tick),
      inverse: new PublicStreams("inverse", directory, tick),
      spot: new PublicStreams("spot", directory, tick),
    };
    directory.onMessage = (category, topic, text) => publics[category].tell(topic, text);
    const listening = new PrivateStream(core, streams, shared.keys, nowMs, tick);
    this.#streams = [publics.linear, publics.inverse, publics.spot, listening];
    this.#handlers = {
      ...publics,
      private: listening,
      trade: new TradeStream(shared),
    };
    this.#rest = new RestApi(shared);
    accounts.forEach((_, account) => core.setDisconnectProtection(account, PROTECTION_SECONDS));
  }

  get openStreams(): number {
    return this.#connections.size;
  }

  get answered(): number {
    return this.#answered;
  }

  /** How many connections listen to a topic, of whichever stream. */
  listeners(topic: string): number {
    return this.#streams.reduce((sum, streams) => sum + streams.listeners(topic), 0);
  }

  /** `reply` is called once, or not at all where the answer is to be lost. */
  request(request: ApiRequest, reply: (reply: ApiReply) => void): void {
    if (this.#services.hold(() => this.request(request, reply))) return;
    const answer = this.#rest.answer(request);
    if (answer !== undefined) reply(answer);
  }

  /** Whether there is a stream under that path. */
  hasStream(path: string): boolean {
    return STREAMS.has(path);
  }

  /**
   * A client has come. What it says is handed to the connection (`receive`), and its end (`ended`).
   *
   * @param path of a stream that there is.
   */
  open(path: string, query: string, wire: StreamWire): StreamConnection {
    const kind = STREAMS.get(path)!;
    const handler = this.#handlers[kind];
    const silence = silenceLimitOf(kind, new URLSearchParams(query));
    const connection: StreamConnection = new StreamConnection(
      kind,
      wire,
      this.#services,
      {
        command: (from, command, fields) => handler.command(from, command, fields),
        closed: (from) => {
          this.#connections.delete(from);
          handler.closed(from);
        },
      },
      silence,
    );
    this.#connections.add(connection);
    return connection;
  }

  dropConnections(): void {
    for (const connection of this.#connections) connection.cut();
  }

  pause(): void {
    this.#held ??= [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const take of held) take();
  }

  /** What was held is not taken in any more. */
  forget(): void {
    this.#held = undefined;
  }

  loseAnswers(count: number): void {
    this.#answersToLose = count;
  }

  restart(): void {
    this.#options.tick();
    this.#options.core.clearClosedOrders();
    this.#options.directory.restart();
    this.dropConnections();
  }

  /** As when only the service of the books restarts: streams stand, books begin at number 1. */
  restartBooks(): void {
    this.#options.tick();
    this.#options.directory.restart();
  }

  /** Now and then: whoever has fallen silent is let go. */
  checkSilence(): void {
    const nowMs = this.#services.nowMs();
    for (const connection of this.#connections) connection.checkSilence(nowMs);
  }

  #hold(resume: () => void): boolean {
    if (this.#held === undefined) return false;
    this.#held.push(resume);
    return true;
  }

  #isAnswerLost(): boolean {
    this.#answered += 1;
    if (this.#answersToLose === 0) return false;
    this.#answersToLose -= 1;
    return true;
  }
}

/** From the public side's own table; asked once for each instrument. */
function riskLimitsOf(directory: MarketDirectory): (category: string, symbol: string) => string {
  const known = new Map<string, string>();
  return (category, symbol) => {
    const key = `${category}:${symbol}`;
    const value = known.get(key);
    if (value !== undefined) return value;
    const query = new URLSearchParams({ category, symbol });
    const answer = directory.answer("/v5/market/risk-limit", query);
    const list = answer.ok ? (answer.value as { list?: readonly Tier[] }).list : undefined;
    const found = String(list?.[0]?.riskLimitValue ?? "");
    known.set(key, found);
    return found;
  };
}

interface Tier {
  readonly riskLimitValue?: unknown;
}
