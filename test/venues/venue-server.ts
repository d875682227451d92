/**
 * Venue server: a venue as a recorder meets it, over true sockets on this machine, for tests.
 *
 * It speaks enough of a venue's public protocol to be subscribed to and asked, and does all that a
 * venue and a network do wrong when it is told to. It says nothing by itself: a market or a test
 * sends the frames.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export interface HttpAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is where it is text. */
  readonly body: unknown;
  readonly afterMs?: number;
  /** The connection is broken off instead. */
  readonly isBroken?: boolean;
}

export interface VenueProtocol {
  /** The answer to a question; undefined = 404. */
  readonly rest: (url: URL) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>;
  /** A request of a client: what is sent back, and whether it subscribes. */
  readonly request: (client: VenueClient, message: Record<string, unknown>) => void;
}

/** One connection. */
export class VenueClient {
  readonly topics = new Set<string>();
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(message: unknown): void {
    if (!this.isOpen) return;
    const isRaw = typeof message === "string" || Buffer.isBuffer(message);
    this.#socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** As a broken network does it. */
  drop(): void {
    this.#socket.terminate();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}

export class VenueServer {
  readonly clients = new Set<VenueClient>();
  /** Paths that were asked for, in order. */
  readonly questions: string[] = [];
  connections = 0;
  /** While set, no connection is accepted. */
  isDown = false;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #protocol: VenueProtocol;

  private constructor(protocol: VenueProtocol) {
    this.#protocol = protocol;
    this.#http = createServer((request, response) => void this.#answer(request, response));
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    this.#http.on("upgrade", (request, socket, head) => {
      if (this.isDown) {
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#connect(opened));
    });
  }

  static async start(protocol: VenueProtocol): Promise<VenueServer> {
    const server = new VenueServer(protocol);
    await new Promise<void>((resolve) => server.#http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get host(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get rest(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.drop();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #connect(socket: WebSocket): void {
    this.connections += 1;
    const client = new VenueClient(socket);
    this.clients.add(client);
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as Record<string, unknown>;
      this.#protocol.request(client, message);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => this.clients.delete(client));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://venue");
    this.questions.push(url.pathname);
    const answer = (await this.#protocol.rest(url)) ?? { status: 404, body: "no such path" };
    if (answer.isBroken === true) {
      response.destroy();
      return;
    }
    if (answer.afterMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, answer.afterMs));
    }
    const { body } = answer;
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }
}
