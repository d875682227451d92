/**
 * Stream session: a stream that is always there, out of connections that are not.
 *
 * A lost connection is made anew, later and later. Venues end every connection after a day, so
 * before that a successor is made beside it: its frames wait until it carries what its predecessor
 * carries, then it takes over, and nothing is missed. What must stay true: frames of one connection
 * come in order, those of a successor after all of its predecessor's; and whenever frames may be
 * missing between two connections, `lost` comes before the first frame of the second.
 */
import { every } from "../network/repeating.ts";
import { SYSTEM_TRANSPORT } from "../network/system-transport.ts";
import type { Transport } from "../network/transport.ts";
import { type Backoff, waitBefore } from "./backoff.ts";
import { type LinkOptions, type LinkPace, StreamLink } from "./stream-link.ts";

export interface SessionPace extends LinkPace {
  readonly backoff: Backoff;
  /** A connection that stood for so long was a good one: the next loss begins with a short wait. */
  readonly stableMs: number;
  /** After this a successor takes over. */
  readonly lifetimeMs: number;
  /** Without market data for so long, though not dead, a successor takes over as well. */
  readonly idleMs: number;
  /** Both carry everything for so long, so that no message falls between them. */
  readonly overlapMs: number;
  /** A successor that is not ready by then takes over all the same, or is given up. */
  readonly handoverMs: number;
}

/**
 * `subscribed`: the venue has said so of every stream, so nothing is missed from here on.
 * `complete`: and what a stream begins with has come.
 */
export type Readiness = "opening" | "subscribed" | "complete";

export interface SessionOptions extends Omit<LinkOptions, "pace"> {
  readonly pace: SessionPace;
  /** In [0, 1). */
  readonly random: () => number;
  /** A judge of one connection, told each of its frames. */
  readonly readiness: () => (text: string) => Readiness;
}

export interface SessionEvents {
  /** True where it was market data. */
  readonly frame: (text: string, nanos: bigint) => boolean;
  /** What was known is out of date from here on. */
  readonly lost: (reason: string) => void;
  readonly connected: (how: "anew" | "taken-over") => void;
  readonly retry: (waitMs: number) => void;
}

/** Frames of a successor that may wait: seconds of the busiest streams. */
const MOST_WAITING = 50_000;
const MOST_WAITING_SIZE = 64 << 20;

interface Successor {
  readonly link: StreamLink;
  readonly waiting: { readonly text: string; readonly nanos: bigint }[];
  size: number;
  readiness: Readiness;
  /** Complete, and taking over soon. */
  isDue: boolean;
  takeBackTimer: () => void;
}

export class StreamSession {
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  #link: StreamLink | undefined;
  #successor: Successor | undefined;
  readonly #transport: Transport;
  #takeBackRetry: (() => void) | undefined;
  #takeBackLife: (() => void) | undefined;
  #endIdle: (() => void) | undefined;
  #openedAt = Number.NaN;
  #lastData = 0;
  #tries = 0;
  #idleTries = 0;
  #isStopped = false;

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
    this.#transport = options.transport ?? SYSTEM_TRANSPORT;
  }

  start(): void {
    this.#lastData = this.#transport.nowMs();
    const { idleMs } = this.#options.pace;
    const { timers } = this.#transport;
    this.#endIdle = every(timers, Math.floor(idleMs / 4), () => this.#lookForData());
    this.#connect();
  }

  /** Sends over the connection in use, where there is one. */
  send(text: string): void {
    this.#link?.send(text);
  }

  /** Makes the connection anew: what it carries cannot be trusted. */
  restart(reason: string): void {
    const link = this.#link;
    if (link === undefined) return;
    link.close();
    this.#ended(link, reason);
  }

  stop(): void {
    this.#isStopped = true;
    this.#endIdle?.();
    this.#takeBackRetry?.();
    this.#takeBackLife?.();
    this.#giveUp();
    this.#link?.close();
    this.#link = undefined;
  }

  #connect(): void {
    const link: StreamLink = new StreamLink(this.#options, {
      opened: () => {
        this.#openedAt = this.#transport.nowMs();
        this.#schedule();
        this.#events.connected("anew");
      },
      frame: (text, nanos) => this.#frame(text, nanos),
      ended: (reason) => this.#ended(link, reason),
    });
    this.#link = link;
  }

  #frame(text: string, nanos: bigint): void {
    if (this.#isStopped || !this.#events.frame(text, nanos)) return;
    this.#lastData = this.#transport.nowMs();
    this.#idleTries = 0;
  }

  #ended(link: StreamLink, reason: string): void {
    if (this.#isStopped) return;
    if (this.#successor?.link === link) {
      this.#giveUp();
      return;
    }
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#takeBackLife?.();
    const { pace, random } = this.#options;
    if (this.#successor !== undefined && this.#successor.readiness !== "opening") {
      this.#takeOver(this.#successor);
      return;
    }
    this.#giveUp();
    const stood = this.#transport.nowMs() - this.#openedAt;
    if (stood >= pace.stableMs) this.#tries = 0;
    this.#openedAt = Number.NaN;
    this.#events.lost(reason);
    const wait = waitBefore(this.#tries, pace.backoff, random());
    this.#tries += 1;
    this.#events.retry(wait);
    this.#takeBackRetry = this.#after(wait, () => this.#connect());
  }

  /** Some time in the last tenth of its life, so that many sessions do not change at once. */
  #schedule(): void {
    const { pace, random } = this.#options;
    this.#takeBackLife?.();
    const life = Math.round(pace.lifetimeMs * (1 - 0.1 * random()));
    this.#takeBackLife = this.#after(life, () => this.#succeed());
  }

  #lookForData(): void {
    const { idleMs } = this.#options.pace;
    // A market may truly be quiet: twice the time before each next attempt.
    if (this.#transport.nowMs() - this.#lastData < idleMs * 2 ** Math.min(this.#idleTries, 6))
      return;
    if (this.#link === undefined || this.#successor !== undefined) return;
    this.#idleTries += 1;
    this.#succeed();
  }

  #succeed(): void {
    if (this.#successor !== undefined || this.#link === undefined) return;
    const judge = this.#options.readiness();
    const { handoverMs } = this.#options.pace;
    const link: StreamLink = new StreamLink(this.#options, {
      opened: () => undefined,
      frame: (text, nanos) => {
        if (this.#link === link) this.#frame(text, nanos);
        else this.#wait(link, text, nanos, judge);
      },
      ended: (reason) => this.#ended(link, reason),
    });
    const takeBackTimer = this.#after(handoverMs, () => this.#handoverIsDue());
    this.#successor = {
      link,
      waiting: [],
      size: 0,
      readiness: "opening",
      isDue: false,
      takeBackTimer,
    };
  }

  #wait(link: StreamLink, text: string, nanos: bigint, judge: (text: string) => Readiness): void {
    const successor = this.#successor;
    if (successor?.link !== link) return;
    successor.waiting.push({ text, nanos });
    successor.size += text.length;
    if (successor.waiting.length > MOST_WAITING || successor.size > MOST_WAITING_SIZE) {
      this.#giveUp();
      return;
    }
    if (!successor.isDue) successor.readiness = judge(text);
    if (successor.readiness !== "complete" || successor.isDue) return;
    successor.isDue = true;
    successor.takeBackTimer();
    const { overlapMs } = this.#options.pace;
    successor.takeBackTimer = this.#after(overlapMs, () => this.#handoverIsDue());
  }

  /** A quiet instrument may have nothing to begin with. */
  #handoverIsDue(): void {
    const successor = this.#successor;
    if (successor === undefined) return;
    if (successor.readiness !== "opening") this.#takeOver(successor);
    else this.#giveUp();
  }

  #takeOver(successor: Successor): void {
    successor.takeBackTimer();
    this.#successor = undefined;
    this.#link?.close();
    this.#link = successor.link;
    this.#openedAt = this.#transport.nowMs();
    this.#schedule();
    this.#events.connected("taken-over");
    for (const { text, nanos } of successor.waiting) this.#frame(text, nanos);
  }

  /** Another will be tried later. */
  #giveUp(): void {
    const successor = this.#successor;
    if (successor === undefined) return;
    this.#successor = undefined;
    successor.takeBackTimer();
    successor.link.close();
    if (!this.#isStopped) this.#schedule();
  }
  #after(ms: number, call: () => void): () => void {
    return this.#transport.timers.after(ms * 1e6, call);
  }
}
