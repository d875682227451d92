/**
 * Transport: the way out of the process: requests, websockets, waiting and spans of time.
 *
 * Whoever talks to a venue does it through one of these, so that the very same code runs on the
 * network and, in virtual time, on a network that a simulation makes as bad as it likes. What must
 * stay true: no handler is called from within a call to the transport, and each socket is told to
 * have ended once.
 */
import type { Timers } from "./timers.ts";

export interface Transport {
  readonly timers: Timers;
  /** Milliseconds, monotonic, from any start: for spans alone. */
  nowMs(): number;
  /** Begins a websocket. */
  connect(request: SocketRequest, events: SocketEvents): Socket;
  /** @throws TransportError (as a rejection) when no whole answer came. */
  request(request: HttpRequest): Promise<HttpAnswer>;
}

export interface SocketRequest {
  readonly url: string;
  readonly handshakeMs: number;
  /** Of one message: a longer one ends the connection. */
  readonly mostBytes: number;
}

export interface SocketEvents {
  readonly opened: () => void;
  /** Empty for a binary one. */
  readonly message: (text: string) => void;
  /** A ping or a pong: the other side lives. */
  readonly alive: () => void;
  /** Once, however it ended; never after `drop`. */
  readonly ended: (end: SocketEnd) => void;
}

export type SocketEnd =
  /** `reason` is the other side's text. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** It could not be opened, or broke off. */
  | { readonly kind: "failed"; readonly text: string };

export interface Socket {
  readonly isOpen: boolean;
  /** Nothing happens where it is not open. */
  send(text: string): void;
  ping(): void;
  /** Ends it in order; whoever does not answer is cut off. Nothing is told any more. */
  close(): void;
  /** Cuts it off. Nothing is told any more. */
  drop(): void;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Of the answer's body. */
  readonly mostBytes: number;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** Whatever the letters' case. */
  header(name: string): string | null;
  /** Undefined: it is longer than was asked for. */
  readonly text: string | undefined;
}

export class TransportError extends Error {
  override readonly name = "TransportError";
  /** `not-sent`: surely nothing has left. `late`: no answer in time. `broken`: it may have left. */
  readonly kind: "not-sent" | "late" | "broken" | "stopped";
  /** The system's code, such as ECONNREFUSED; "" where there is none. */
  readonly code: string;

  constructor(kind: TransportError["kind"], code: string, text: string) {
    super(text);
    this.kind = kind;
    this.code = code;
  }
}
