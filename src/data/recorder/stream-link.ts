/**
 * Stream link: one websocket, from the handshake to its end.
 *
 * It sends its subscriptions, keeps the connection alive, and hands on every text frame with the
 * time at which it came. What must stay true: it ends exactly once, with a reason, whatever the
 * other side does; and no frame, however made, throws.
 */
import { type RawData, WebSocket } from "ws";
import type { LocalClock } from "./clock.ts";

export interface LinkPace {
  readonly handshakeMs: number;
  /** Between two messages of ours: venues count them. 0: each goes at once. */
  readonly spacingMs: number;
  readonly heartbeatMs: number;
  /** Without any sign of life for so long, the connection is dead. */
  readonly silenceMs: number;
}

export interface LinkOptions {
  readonly url: string;
  /** Sent once the connection stands, in this order. */
  readonly greetings: readonly string[];
  /** Sent now and then, where the venue wants more than websocket pings. */
  readonly heartbeat: string | undefined;
  readonly pace: LinkPace;
  readonly clock: LocalClock;
}

export interface LinkEvents {
  readonly opened: () => void;
  /** `nanos`: when it came, since 1970 by our clock. */
  readonly frame: (text: string, nanos: bigint) => void;
  readonly ended: (reason: string) => void;
}

/** No true frame is longer: a snapshot of 1,000 levels a side has some sixty thousand bytes. */
const MOST_BYTES = 4 << 20;

/** What a websocket that ends without a word is said to have ended with. */
const BROKEN = 1006;

export class StreamLink {
  readonly #socket: WebSocket;
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #queue: string[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #sender: NodeJS.Timeout | undefined;
  #lastSign = 0;
  #isOver = false;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    const { url, pace, clock } = options;
    this.#socket = new WebSocket(url, {
      handshakeTimeout: pace.handshakeMs,
      maxPayload: MOST_BYTES,
      // What is inflated has no bound that could be trusted, and costs latency.
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#socket.on("open", () => this.#open());
    this.#socket.on("message", (data, isBinary) => {
      const nanos = clock.nanos();
      this.#sign();
      if (!this.#isOver) this.#events.frame(isBinary ? "" : textOf(data), nanos);
    });
    for (const sign of ["ping", "pong"] as const) this.#socket.on(sign, () => this.#sign());
    this.#socket.on("error", (error) => this.#end(error.message));
    this.#socket.on("close", (code, reason) => {
      const words = shown(reason.toString("utf8"));
      this.#end(
        code === BROKEN
          ? "it broke off"
          : `closed by the venue (${code}${words === "" ? "" : ` ${words}`})`,
      );
    });
  }

  /** Queued, and sent in order; nothing happens where the link is over. */
  send(text: string): void {
    this.#queue.push(text);
    if (this.#sender === undefined && this.#socket.readyState === WebSocket.OPEN) this.#drain();
  }

  /** Ends it without a word to the events. */
  close(): void {
    if (this.#isOver) return;
    this.#over();
    this.#socket.close(1000);
    // Whoever does not answer the close is cut off.
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }

  #open(): void {
    if (this.#isOver) return;
    const { greetings, heartbeat, pace } = this.#options;
    this.#sign();
    this.#queue.unshift(...greetings);
    this.#drain();
    this.#every(pace.heartbeatMs, () => {
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      this.#socket.ping();
      if (heartbeat !== undefined) this.send(heartbeat);
    });
    this.#every(Math.max(1, Math.floor(pace.silenceMs / 4)), () => {
      if (performance.now() - this.#lastSign < pace.silenceMs) return;
      this.#end(`silent for ${Math.round(pace.silenceMs / 1000)} s`);
    });
    this.#events.opened();
  }

  #drain(): void {
    const { spacingMs } = this.#options.pace;
    this.#sender = undefined;
    while (this.#queue.length > 0 && this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(this.#queue.shift()!, () => undefined);
      if (spacingMs === 0) continue;
      this.#sender = setTimeout(() => this.#drain(), spacingMs);
      return;
    }
  }

  #sign(): void {
    this.#lastSign = performance.now();
  }

  #every(ms: number, run: () => void): void {
    this.#timers.add(setInterval(run, ms));
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#over();
    this.#socket.terminate();
    this.#events.ended(reason);
  }

  #over(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#sender);
  }
}

/** At most 123 bytes by the protocol; nothing in it acts on a terminal. */
const shown = (text: string): string =>
  text === "" ? "" : JSON.stringify(text).replace(/[\u007f-\uffff]/g, "?");

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString("utf8");
}
