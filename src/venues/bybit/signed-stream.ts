/**
 * Signed stream: a websocket that has shown the venue who we are, and is made anew when it is lost.
 *
 * The private and the trade stream differ in the words of their answers and are alike in all else.
 * What must stay true: `lost` comes once for each `ready`, before the next; and what is sent goes
 * over a connection that is ready now, or not at all.
 */
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";
import type { Transport } from "../../data/network/transport.ts";
import type { LocalClock } from "../../data/recorder/clock.ts";
import { type Backoff, waitBefore } from "../../data/recorder/backoff.ts";
import { type LinkPace, StreamLink } from "../../data/recorder/stream-link.ts";
import type { Credentials } from "./credentials.ts";
import { streamSignature } from "./signing.ts";
import { authFrame, PING } from "./wire.ts";
import { quoted } from "./wire-value.ts";

export interface StreamPace extends LinkPace {
  /** From the connection to the last answer to what it begins with. */
  readonly beginMs: number;
  readonly backoff: Backoff;
  /** A connection that stood for so long was a good one. */
  readonly stableMs: number;
  /** A refused key is not tried again sooner. */
  readonly refusedMs: number;
}

export const STREAM_PACE: StreamPace = {
  handshakeMs: 10_000,
  spacingMs: 0,
  heartbeatMs: 15_000,
  silenceMs: 40_000,
  beginMs: 10_000,
  backoff: { firstMs: 200, mostMs: 30_000 },
  stableMs: 60_000,
  refusedMs: 30_000,
};

/** What a frame says to what was sent at the beginning: yes, or no and why; else undefined. */
export type BeginAnswer =
  { readonly op: "auth" | "subscribe"; readonly isOk: boolean; readonly text: string } | undefined;

export interface SignedStreamOptions {
  readonly stream: "private" | "trade";
  readonly url: string;
  readonly credentials: Credentials;
  /** Milliseconds since 1970 by the venue's clock. */
  readonly venueNowMs: () => number;
  readonly clock: LocalClock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly pace: StreamPace;
  /** Sent once we are known; undefined: nothing is needed. */
  readonly subscription: string | undefined;
  readonly beginAnswer: (text: string) => BeginAnswer;
  /** Absent: the system's network. */
  readonly transport?: Transport | undefined;
}

export interface SignedStreamEvents {
  /** `isAgain`: it was lost before, so what came meanwhile was missed. */
  readonly ready: (isAgain: boolean) => void;
  readonly lost: (reason: string) => void;
  /** The venue will not have us. It is tried again, but a person should look. */
  readonly refused: (text: string) => void;
  readonly frame: (text: string) => void;
}

/** How long a signature of a connection is good. */
const EXPIRES_MS = 10_000;

export class SignedStream {
  readonly #options: SignedStreamOptions;
  readonly #events: SignedStreamEvents;
  readonly #transport: Transport;
  #link: StreamLink | undefined;
  #isReady = false;
  #wasReady = false;
  #isClosed = false;
  #tries = 0;
  #readyAt = Number.NaN;
  #takeBackRetry: (() => void) | undefined;
  #takeBackBegin: (() => void) | undefined;

  constructor(options: SignedStreamOptions, events: SignedStreamEvents) {
    this.#options = options;
    this.#events = events;
    this.#transport = options.transport ?? SYSTEM_TRANSPORT;
  }

  start(): void {
    this.#connect();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** False: there is no connection to send it over. */
  send(text: string): boolean {
    if (!this.#isReady || this.#link === undefined) return false;
    this.#link.send(text);
    return true;
  }

  /** What the connection carries cannot be trusted: it is made anew. */
  restart(reason: string): void {
    const link = this.#link;
    if (link === undefined) return;
    link.close();
    this.#ended(link, reason, 0);
  }

  close(): void {
    this.#isClosed = true;
    this.#isReady = false;
    this.#takeBackRetry?.();
    this.#takeBackBegin?.();
    this.#link?.close();
    this.#link = undefined;
  }

  #connect(): void {
    const { url, pace, clock } = this.#options;
    const transport = this.#transport;
    const link: StreamLink = new StreamLink(
      { url, greetings: [], heartbeat: PING, pace, clock, transport },
      {
        opened: () => this.#opened(link),
        frame: (text) => this.#frame(link, text),
        ended: (reason) => this.#ended(link, this.#options.credentials.redact(reason), 0),
      },
    );
    this.#link = link;
    const patience = (pace.handshakeMs + pace.beginMs) * 1e6;
    this.#takeBackBegin = transport.timers.after(patience, () => {
      link.close();
      this.#ended(link, "the venue does not answer", 0);
    });
  }

  #opened(link: StreamLink): void {
    if (this.#link !== link) return;
    const { credentials, venueNowMs, stream } = this.#options;
    const expires = venueNowMs() + EXPIRES_MS;
    const signature = streamSignature(credentials, expires);
    link.send(authFrame(stream, credentials.key, expires, signature, "auth"));
  }

  #frame(link: StreamLink, text: string): void {
    if (this.#link !== link) return;
    if (this.#isReady) return this.#events.frame(text);
    const { beginAnswer, subscription, stream, credentials } = this.#options;
    const answer = beginAnswer(text);
    if (answer === undefined) return;
    if (!answer.isOk) {
      link.close();
      const words = quoted(credentials.redact(answer.text), 200);
      this.#events.refused(`the ${stream} stream: ${answer.op} is refused: ${words}`);
      this.#ended(link, `${answer.op} is refused`, this.#options.pace.refusedMs);
      return;
    }
    if (answer.op === "auth" && subscription !== undefined) link.send(subscription);
    else this.#isNowReady();
  }

  #isNowReady(): void {
    this.#takeBackBegin?.();
    const isAgain = this.#wasReady;
    this.#isReady = true;
    this.#wasReady = true;
    this.#readyAt = this.#transport.nowMs();
    this.#events.ready(isAgain);
  }

  #ended(link: StreamLink, reason: string, leastWaitMs: number): void {
    if (this.#isClosed || this.#link !== link) return;
    this.#link = undefined;
    this.#takeBackBegin?.();
    const { pace, random } = this.#options;
    const wasReady = this.#isReady;
    this.#isReady = false;
    if (this.#transport.nowMs() - this.#readyAt >= pace.stableMs) this.#tries = 0;
    this.#readyAt = Number.NaN;
    const wait = Math.max(leastWaitMs, waitBefore(this.#tries, pace.backoff, random()));
    this.#tries += 1;
    this.#takeBackRetry = this.#transport.timers.after(wait * 1e6, () => this.#connect());
    if (wasReady) this.#events.lost(reason);
  }
}
