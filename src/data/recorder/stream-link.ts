/**
 * Stream link: one websocket, from the handshake to its end.
 *
 * It sends its subscriptions, keeps the connection alive, and hands on every text frame with the
 * time at which it came. What must stay true: it ends exactly once, with a reason, whatever the
 * other side does; and no frame, however made, throws.
 */
import { every } from "../network/repeating.ts";
import { SYSTEM_TRANSPORT } from "../network/system-transport.ts";
import type { Socket, SocketEnd, Transport } from "../network/transport.ts";
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
  /** Absent: the system's network. */
  readonly transport?: Transport | undefined;
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
  readonly #transport: Transport;
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #queue: string[] = [];
  /** Each ends one that repeats. */
  readonly #repeating: (() => void)[] = [];
  #takeBackSender: (() => void) | undefined;
  #lastSign = 0;
  #isOver = false;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    const { url, pace, clock, transport = SYSTEM_TRANSPORT } = options;
    this.#transport = transport;
    this.#socket = transport.connect(
      { url, handshakeMs: pace.handshakeMs, mostBytes: MOST_BYTES },
      {
        opened: () => this.#open(),
        message: (text) => {
          const nanos = clock.nanos();
          if (this.#sign()) events.frame(text, nanos);
        },
        alive: () => void this.#sign(),
        ended: (end) => this.#end(reasonOf(end)),
      },
    );
  }

  /** Queued, and sent in order; nothing happens where the link is over. */
  send(text: string): void {
    this.#queue.push(text);
    if (this.#takeBackSender === undefined && this.#socket.isOpen) this.#drain();
  }

  /** Ends it without a word to the events. */
  close(): void {
    if (this.#isOver) return;
    this.#over();
    this.#socket.close();
  }

  #open(): void {
    if (this.#isOver) return;
    const { greetings, heartbeat, pace } = this.#options;
    this.#lastSign = this.#transport.nowMs();
    this.#queue.unshift(...greetings);
    this.#drain();
    this.#every(pace.heartbeatMs, () => {
      if (!this.#socket.isOpen) return;
      this.#socket.ping();
      if (heartbeat !== undefined) this.send(heartbeat);
    });
    this.#every(Math.floor(pace.silenceMs / 4), () => void this.#listen());
    this.#events.opened();
  }

  #drain(): void {
    const { spacingMs } = this.#options.pace;
    this.#takeBackSender = undefined;
    while (this.#queue.length > 0 && this.#socket.isOpen) {
      this.#socket.send(this.#queue.shift()!);
      if (spacingMs === 0) continue;
      this.#takeBackSender = this.#transport.timers.after(spacingMs * 1e6, () => this.#drain());
      return;
    }
  }

  /**
   * The other side lives; false: it is over. What comes after too long a silence is from before it:
   * the program was stopped, and what waited for it is old.
   */
  #sign(): boolean {
    if (this.#isOver || !this.#listen()) return false;
    this.#lastSign = this.#transport.nowMs();
    return true;
  }

  /** False: there was no sign of life for too long. */
  #listen(): boolean {
    const { silenceMs } = this.#options.pace;
    if (this.#transport.nowMs() - this.#lastSign < silenceMs) return true;
    this.#end(`silent for ${Math.round(silenceMs / 1000)} s`);
    return false;
  }

  #every(ms: number, run: () => void): void {
    this.#repeating.push(every(this.#transport.timers, ms, run));
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#over();
    this.#socket.drop();
    this.#events.ended(reason);
  }

  #over(): void {
    this.#isOver = true;
    for (const end of this.#repeating) end();
    this.#takeBackSender?.();
  }
}

function reasonOf(end: SocketEnd): string {
  if (end.kind === "failed") return end.text;
  if (end.code === BROKEN) return "it broke off";
  const words = shown(end.reason);
  return `closed by the venue (${end.code}${words === "" ? "" : ` ${words}`})`;
}

/** At most 123 bytes by the protocol; nothing in it acts on a terminal. */
const shown = (text: string): string =>
  text === "" ? "" : JSON.stringify(text).replace(/[\u007f-\uffff]/g, "?");
