/**
 * Server: the exchange's door, Bybit v5 over HTTP and WebSocket on one port. Behind it is the
 * front.
 *
 * Everything inside is driven from here: before each request, and by whoever calls `tick` in
 * between. It is meant for the machine that it runs on and has no TLS. What must stay true: when
 * `close` has resolved, no socket and no timer of it is left.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { ExchangeFront, type FrontOptions } from "./front.ts";
import type { ApiReply } from "./rest-api.ts";
import type { StreamWire } from "./stream-connection.ts";
import { textFrames } from "./text-frames.ts";

export type { ServerAccount } from "./signature.ts";
export type { RateLimitSetting } from "../protocol/rate-limits.ts";
export { PrivateStreams } from "./private-streams.ts";

export interface ServerOptions extends FrontOptions {
  /** [127.0.0.1] */
  readonly host?: string;
  /** [0: any free one] */
  readonly port?: number;
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
const BODY_LIMIT_BYTES = 256 << 10;
const SILENCE_CHECK_MS = 5_000;
const KEEP_ALIVE_MS = 60_000;

class Server implements ExchangeServer {
  readonly host: string;
  readonly #front: ExchangeFront;
  readonly #wantedPort: number;
  readonly #http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: FRAME_LIMIT_BYTES,
  });
  /** Every connection, whatever has become of it: HTTP, a stream, an upgrade that was refused. */
  readonly #sockets = new Set<Socket>();
  #silenceTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: ServerOptions) {
    this.host = options.host ?? "127.0.0.1";
    this.#wantedPort = options.port ?? 0;
    this.#front = new ExchangeFront(options);
    this.#http.on("connection", (socket) => this.#connected(socket));
    this.#http.on("request", (request, response) => this.#request(request, response));
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
    return this.#front.openStreams;
  }

  get answered(): number {
    return this.#front.answered;
  }

  listeners(topic: string): number {
    return this.#front.listeners(topic);
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(this.#wantedPort, this.host, () => {
        this.#http.off("error", reject);
        // Such as no file descriptor being left for one more client.
        this.#http.on("error", (error) => this.#front.log(`server: ${error.message}`));
        this.#silenceTimer = setInterval(() => this.#front.checkSilence(), SILENCE_CHECK_MS);
        this.#silenceTimer.unref();
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#silenceTimer);
    this.#front.forget();
    this.dropConnections();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  dropConnections(): void {
    this.#front.dropConnections();
  }

  pause(): void {
    this.#front.pause();
  }

  resume(): void {
    this.#front.resume();
  }

  loseAnswers(count: number): void {
    this.#front.loseAnswers(count);
  }

  restart(): void {
    this.#front.restart();
  }

  #request(message: IncomingMessage, response: ServerResponse): void {
    const pieces: Buffer[] = [];
    let length = 0;
    message.on("error", () => response.destroy());
    message.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length <= BODY_LIMIT_BYTES) pieces.push(piece);
    });
    message.on("end", () => {
      const { method = "", url = "", headers } = message;
      const isLong = length > BODY_LIMIT_BYTES;
      const body = isLong ? undefined : Buffer.concat(pieces).toString("utf8");
      this.#front.request({ method, url, headers, body }, (reply) => send(response, reply));
    });
  }

  /** After an upgrade nobody else hears that a client has reset its connection. */
  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    if (!this.#front.hasStream(path)) {
      // Its other half may stay open for as long as the client likes: it is not waited for.
      socket.on("finish", () => socket.destroy());
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      request.socket.setNoDelay(true);
      const connection = this.#front.open(path, query, new SocketWire(webSocket, socket));
      webSocket.on("message", (data, isBinary) =>
        connection.receive(isBinary ? undefined : textOf(data)),
      );
      webSocket.on("error", (error) => this.#front.log(`${path}: ${error.message}`));
      webSocket.on("close", () => connection.ended());
    });
  }
}

/** One buffer per message: fragments have been put together. */
const textOf = (data: RawData): string => (data as Buffer).toString("utf8");

function send(response: ServerResponse, { status, headers, body }: ApiReply): void {
  const bytes = Buffer.from(body, "utf8");
  response.writeHead(status, { ...headers, "Content-Length": bytes.length });
  response.end(bytes);
}

class SocketWire implements StreamWire {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;

  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  write(texts: readonly (string | Buffer)[]): number {
    this.#socket.write(textFrames(texts));
    return this.#socket.writableLength;
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  cut(): void {
    this.#webSocket.terminate();
  }
}

/** Listens until closed. @throws where the port cannot be had (the system's own error). */
export async function startServer(options: ServerOptions): Promise<ExchangeServer> {
  const server = new Server(options);
  await server.listen();
  return server;
}
