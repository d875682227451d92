/**
 * Server: the exchange's door, Bybit v5 over HTTP and WebSocket on one port.
 *
 * Everything inside is driven from here: before each request, and by whoever calls `tick` in
 * between. It is meant for the machine that it runs on and has no TLS. What must stay true: when
 * `close` has resolved, no socket and no timer of it is left.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Micros } from "../../core/domain/units.ts";
import type { ExchangeCore } from "../exchange-types.ts";
import type { MarketDirectory } from "../market-view.ts";
import { PROTECTION_SECONDS } from "../protocol/account-answers.ts";
import { RateLimits, type RateLimitSetting } from "../protocol/rate-limits.ts";
import type { StreamKind } from "../protocol/stream-replies.ts";
import { PrivateStream } from "./private-stream.ts";
import type { PrivateStreams } from "./private-streams.ts";
import { PublicStreams } from "./public-streams.ts";
import { RestApi } from "./rest-api.ts";
import { Keys, type ServerAccount } from "./signature.ts";
import { StreamConnection, type StreamHandler, type StreamServices } from "./stream-connection.ts";
import { TradeStream } from "./trade-stream.ts";

export type { ServerAccount } from "./signature.ts";
export type { RateLimitSetting } from "../protocol/rate-limits.ts";
export { PrivateStreams } from "./private-streams.ts";

export interface ServerOptions {
  readonly core: ExchangeCore;
  readonly directory: MarketDirectory;
  /** The core's listener: made first, handed to both. */
  readonly streams: PrivateStreams;
  /** In the order of the core's account numbers. */
  readonly accounts: readonly ServerAccount[];
  /** [127.0.0.1] */
  readonly host?: string;
  /** [0: any free one] */
  readonly port?: number;
  /** [bybit] */
  readonly rateLimits?: RateLimitSetting;
  /** The exchange's clock. */
  readonly now: () => Micros;
  /** Brings core and markets up to now. */
  readonly tick: () => void;
  /** What whoever runs the exchange should see. Never a secret. */
  readonly onLog?: (line: string) => void;
}

export interface ExchangeServer {
  readonly host: string;
  readonly port: number;
  /** Such as `http://127.0.0.1:8899`. */
  readonly url: string;
  /** Such as `ws://127.0.0.1:8899`; streams are under `/v5/…`. */
  readonly streamUrl: string;
  readonly openStreams: number;
  readonly answered: number;
  /** How many connections listen to a topic, of whichever stream: tests wait for theirs. */
  listeners(topic: string): number;
  close(): Promise<void>;

  // Faults, for tests of clients.
  /** Cuts every stream at once, as a failing network does. */
  dropConnections(): void;
  /** Nothing that clients say is taken in until `resume`, which takes it in late. */
  pause(): void;
  resume(): void;
  /** The next answers to private requests do not come; what was asked is done. */
  loseAnswers(count: number): void;
  /** As when Bybit restarts a service: streams are cut, the cache of closed orders is empty. */
  restart(): void;
}

/** One order, even of a batch of twenty, is a small part of it. */
const FRAME_LIMIT_BYTES = 128 << 10;
const PUBLIC_SILENCE_MS = 60_000;
const PRIVATE_SILENCE_MS = 600_000;
const SILENCE_CHECK_MS = 5_000;
const KEEP_ALIVE_MS = 60_000;

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

class Server implements ExchangeServer {
  readonly host: string;
  readonly #options: ServerOptions;
  readonly #http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: FRAME_LIMIT_BYTES,
  });
  /** Every connection, whatever has become of it: HTTP, a stream, an upgrade that was refused. */
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<StreamConnection>();
  readonly #handlers: Readonly<Record<StreamKind, StreamHandler>>;
  readonly #services: StreamServices;
  readonly #streams: readonly { listeners(topic: string): number }[];
  readonly #limits: readonly RateLimits[];
  #silenceTimer: ReturnType<typeof setInterval> | undefined;
  #held: (() => void)[] | undefined;
  #answersToLose = 0;
  #answered = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.host = options.host ?? "127.0.0.1";
    const { core, directory, streams, accounts } = options;
    const tick = (): void => streams.turn.tickOnce(options.tick);
    this.#limits = accounts.map(() => new RateLimits(options.rateLimits ?? "bybit"));
    const nowMs = (): number => Math.floor(options.now() / 1_000);
    const log = (line: string): void => options.onLog?.(line);
    const hold = (resume: () => void): boolean => this.#hold(resume);
    const shared = {
      core,
      directory,
      nowMs,
      tick,
      log,
      hold,
      keys: new Keys(accounts),
      limitsOf: (account: number): RateLimits => this.#limits[account]!,
      isAnswerLost: (): boolean => this.#isAnswerLost(),
      riskLimitOf: riskLimitsOf(directory),
    };
    streams.riskLimitOf = shared.riskLimitOf;
    this.#services = { turn: streams.turn, nowMs, tick, log, hold };
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
    const rest = new RestApi(shared);
    accounts.forEach((_, account) => core.setDisconnectProtection(account, PROTECTION_SECONDS));
    this.#http.on("connection", (socket) => this.#connected(socket));
    this.#http.on("request", (request, response) => rest.handle(request, response));
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on("clientError", (_, socket) => socket.destroy());
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${this.#authority}`;
  }

  get streamUrl(): string {
    return `ws://${this.#authority}`;
  }

  get #authority(): string {
    return `${this.host.includes(":") ? `[${this.host}]` : this.host}:${this.port}`;
  }

  get openStreams(): number {
    return this.#connections.size;
  }

  get answered(): number {
    return this.#answered;
  }

  listeners(topic: string): number {
    return this.#streams.reduce((sum, streams) => sum + streams.listeners(topic), 0);
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(this.#options.port ?? 0, this.host, () => {
        this.#http.off("error", reject);
        // Such as no file descriptor being left for one more client.
        this.#http.on("error", (error) => this.#services.log(`server: ${error.message}`));
        this.#silenceTimer = setInterval(() => this.#checkSilence(), SILENCE_CHECK_MS);
        this.#silenceTimer.unref();
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#silenceTimer);
    this.#held = undefined;
    this.dropConnections();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
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

  loseAnswers(count: number): void {
    this.#answersToLose = count;
  }

  restart(): void {
    this.#options.tick();
    this.#options.core.clearClosedOrders();
    this.dropConnections();
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

  #checkSilence(): void {
    const nowMs = this.#services.nowMs();
    for (const connection of this.#connections) connection.checkSilence(nowMs);
  }

  /** After an upgrade nobody else hears that a client has reset its connection. */
  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const kind = STREAMS.get(path);
    if (kind === undefined) {
      // Its other half may stay open for as long as the client likes: it is not waited for.
      socket.on("finish", () => socket.destroy());
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      request.socket.setNoDelay(true);
      const handler = this.#handlers[kind];
      const silence = silenceLimitOf(kind, new URLSearchParams(query));
      const connection: StreamConnection = new StreamConnection(
        kind,
        webSocket,
        socket,
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
    });
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

/** Listens until closed. @throws where the port cannot be had (the system's own error). */
export async function startServer(options: ServerOptions): Promise<ExchangeServer> {
  const server = new Server(options);
  await server.listen();
  return server;
}
