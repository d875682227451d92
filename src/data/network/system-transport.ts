/**
 * System transport: the network of this machine, by `ws` and `fetch`, and its clock.
 *
 * What must stay true: nothing is inflated, redirected or read without a bound; and a request is
 * told as `not-sent` only where the error says that no connection came to be.
 */
import { type RawData, WebSocket } from "ws";
import { SYSTEM_TIMERS } from "./timers.ts";
import {
  type HttpAnswer,
  type HttpRequest,
  type Socket,
  type SocketEnd,
  type SocketEvents,
  type SocketRequest,
  type Transport,
  TransportError,
} from "./transport.ts";

export const SYSTEM_TRANSPORT: Transport = {
  timers: SYSTEM_TIMERS,
  nowMs: () => performance.now(),
  connect: (request, events) => new SystemSocket(request, events),
  request: ask,
};

/** Whoever does not answer our close is cut off after this. */
const CLOSING_MS = 1000;

class SystemSocket implements Socket {
  readonly #socket: WebSocket;
  readonly #events: SocketEvents;
  #isOver = false;

  constructor({ url, handshakeMs, mostBytes }: SocketRequest, events: SocketEvents) {
    this.#events = events;
    const socket = new WebSocket(url, {
      handshakeTimeout: handshakeMs,
      maxPayload: mostBytes,
      // What is inflated has no bound that could be trusted, and costs latency.
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#socket = socket;
    socket.on("open", () => {
      if (!this.#isOver) events.opened();
    });
    socket.on("message", (data, isBinary) => {
      if (!this.#isOver) events.message(isBinary ? "" : decoded(data));
    });
    for (const sign of ["ping", "pong"] as const) {
      socket.on(sign, () => {
        if (!this.#isOver) events.alive();
      });
    }
    socket.on("error", (error) => this.#end({ kind: "failed", text: error.message }));
    socket.on("close", (code, reason) =>
      this.#end({ kind: "closed", code, reason: reason.toString("utf8") }),
    );
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.send(text, () => undefined);
  }

  ping(): void {
    if (this.isOpen) this.#socket.ping();
  }

  close(): void {
    this.#isOver = true;
    this.#socket.close(1000);
    setTimeout(() => this.#socket.terminate(), CLOSING_MS).unref();
  }

  drop(): void {
    this.#isOver = true;
    this.#socket.terminate();
  }

  #end(end: SocketEnd): void {
    if (this.#isOver) return;
    this.drop();
    this.#events.ended(end);
  }
}

function decoded(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString("utf8");
}

async function ask(request: HttpRequest): Promise<HttpAnswer> {
  const { method, url, headers, body, timeoutMs, mostBytes, signal } = request;
  const timer = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: signal === undefined ? timer : AbortSignal.any([signal, timer]),
      // What was meant for one address is not carried on to wherever an answer points.
      redirect: "manual",
    });
    const text = await textOf(response, mostBytes);
    return { status: response.status, header: (name) => response.headers.get(name), text };
  } catch (error) {
    if (signal?.aborted === true) throw new TransportError("stopped", "", "was broken off");
    if (timer.aborted) {
      throw new TransportError("late", "", `did not answer within ${timeoutMs} ms`);
    }
    throw failureOf(error);
  }
}

/** Undefined where there is more than `most` bytes. */
async function textOf(response: Response, most: number): Promise<string | undefined> {
  if (response.body === null) return "";
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > most) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function failureOf(error: unknown): TransportError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const words = cause instanceof Error ? cause.message : String(cause);
  // A connection that stood may break off by the same errors, after all was sent.
  const isNew = UNCONNECTED.has(code) && (!BREAKS.has(code) || isOfConnecting(cause));
  return new TransportError(isNew ? "not-sent" : "broken", code, WORDS[code] ?? words);
}

/** Errors of a connection that never was: nothing has left. */
const UNCONNECTED = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const BREAKS = new Set(["EHOSTUNREACH", "ENETUNREACH"]);
const isOfConnecting = (cause: unknown): boolean =>
  cause instanceof Error && "syscall" in cause && cause.syscall === "connect";

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: "has no such host: check the address and the network",
  EAI_AGAIN: "cannot be looked up: check the network",
  ECONNREFUSED: "refuses the connection",
  ECONNRESET: "broke the connection off",
  EHOSTUNREACH: "cannot be reached: check the network",
  ENETUNREACH: "cannot be reached: check the network",
  UND_ERR_CONNECT_TIMEOUT: "does not take the connection: check the network",
};
