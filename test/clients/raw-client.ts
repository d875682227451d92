/**
 * Raw client: the least that speaks Bybit v5, for tests of what comes over the wire.
 *
 * It signs as Bybit's guide says and shows answers as they came; it neither retries nor interprets.
 */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";

export interface Credentials {
  readonly apiKey: string;
  readonly secret: string;
}

export const sign = (secret: string, text: string): string =>
  createHmac("sha256", secret).update(text).digest("hex");

/** JSON as it came: tests look into it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export interface SignedOverrides {
  readonly timestamp?: number;
  readonly recvWindow?: string;
  readonly signature?: string;
  readonly apiKey?: string;
}

export class RawRest {
  readonly #url: string;
  readonly #credentials: Credentials;

  constructor(url: string, credentials: Credentials) {
    this.#url = url;
    this.#credentials = credentials;
  }

  async plain(path: string, init: RequestInit = {}): Promise<RawAnswer> {
    const response = await fetch(this.#url + path, init);
    const body = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: body === "" ? undefined : JSON.parse(body),
    };
  }

  get(path: string, query: Record<string, string> = {}, overrides: SignedOverrides = {}) {
    const text = new URLSearchParams(query).toString();
    const headers = this.#headers(text, overrides);
    return this.plain(text === "" ? path : `${path}?${text}`, { headers });
  }

  post(path: string, fields: unknown, overrides: SignedOverrides = {}) {
    const body = typeof fields === "string" ? fields : JSON.stringify(fields);
    const headers = { ...this.#headers(body, overrides), "Content-Type": "application/json" };
    return this.plain(path, { method: "POST", body, headers });
  }

  #headers(payload: string, overrides: SignedOverrides): Record<string, string> {
    const timestamp = String(overrides.timestamp ?? Date.now());
    const apiKey = overrides.apiKey ?? this.#credentials.apiKey;
    const recvWindow = overrides.recvWindow ?? "5000";
    const text = timestamp + apiKey + recvWindow + payload;
    return {
      "X-BAPI-API-KEY": apiKey,
      "X-BAPI-TIMESTAMP": timestamp,
      "X-BAPI-RECV-WINDOW": recvWindow,
      "X-BAPI-SIGN": overrides.signature ?? sign(this.#credentials.secret, text),
    };
  }
}

/** One stream. Messages are kept until a test asks for them. */
export class RawStream {
  readonly socket: WebSocket;
  readonly received: Json[] = [];
  #wake: (() => void) | undefined;
  #looked = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      this.received.push(JSON.parse(String(data)));
      this.#wake?.();
    });
    socket.on("close", () => this.#wake?.());
    socket.on("error", () => this.#wake?.());
  }

  static async open(url: string): Promise<RawStream> {
    const stream = new RawStream(new WebSocket(url));
    await once(stream.socket, "open");
    return stream;
  }

  say(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The next message, of those that no test has looked at, that is wanted. Others are passed by. */
  async next(isWanted: (message: Json) => boolean = () => true): Promise<Json> {
    for (;;) {
      while (this.#looked < this.received.length) {
        const message = this.received[this.#looked]!;
        this.#looked += 1;
        if (isWanted(message)) return message;
      }
      if (this.socket.readyState !== WebSocket.OPEN) {
        throw new Error(`the stream closed; last: ${JSON.stringify(this.received.at(-1))}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async ask(message: Json): Promise<Json> {
    this.say(message);
    return this.next(({ topic }) => topic === undefined);
  }

  authenticate({ apiKey, secret }: Credentials, nowMs = Date.now(), id = {}): Promise<Json> {
    const expires = nowMs + 10_000;
    return this.ask({
      ...id,
      op: "auth",
      args: [apiKey, expires, sign(secret, `GET/realtime${expires}`)],
    });
  }

  /** Ends with the code that the server gave. */
  async closed(): Promise<number> {
    if (this.socket.readyState === WebSocket.CLOSED) return 1006;
    const [code] = await once(this.socket, "close");
    return code as number;
  }

  close(): void {
    this.socket.terminate();
  }
}
