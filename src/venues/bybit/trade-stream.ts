/**
 * Trade stream: orders over one websocket, and what became of each request.
 *
 * What must stay true: each request that was sent ends in exactly one answer; where the venue gives
 * none (it is silent, or the connection is lost) the answer is that there was none, and the request
 * is not sent again. A connection on which nothing is answered any more is given up at once: the
 * next request must not go the same way.
 */
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";
import type { Transport } from "../../data/network/transport.ts";
import type { LocalClock } from "../../data/recorder/clock.ts";
import type { Credentials } from "./credentials.ts";
import { type BeginAnswer, SignedStream, type StreamPace } from "./signed-stream.ts";
import {
  type LimitState,
  parseTradeFrame,
  type TradeFrame,
  tradeFrame,
  type TradeOperation,
} from "./wire.ts";
import { quoted } from "./wire-value.ts";

export interface TradeStreamOptions {
  readonly url: string;
  readonly credentials: Credentials;
  readonly venueNowMs: () => number;
  readonly clock: LocalClock;
  readonly random: () => number;
  readonly pace: StreamPace;
  readonly recvWindowMs: number;
  /** An answer that has not come by then does not come. */
  readonly answerMs: number;
  /** Begins every request id: no other connection of this process has it. */
  readonly prefix: string;
  /** Absent: the system's network. */
  readonly transport?: Transport | undefined;
}

export interface TradeStreamEvents {
  readonly ready: (isAgain: boolean) => void;
  readonly lost: (reason: string) => void;
  readonly refused: (text: string) => void;
}

export interface TradeAnswer {
  /** Undefined: there was none. */
  readonly retCode: number | undefined;
  readonly text: string;
  readonly limits: LimitState | undefined;
}

interface Waiting {
  /** Answers that this connection had brought when it was sent. */
  readonly answersBefore: number;
  readonly answered: (answer: TradeAnswer) => void;
  readonly takeBackTimer: () => void;
}

export class TradeStream {
  readonly #options: TradeStreamOptions;
  readonly #stream: SignedStream;
  readonly #waiting = new Map<string, Waiting>();
  #requests = 0;
  #answers = 0;

  constructor(options: TradeStreamOptions, events: TradeStreamEvents) {
    this.#options = options;
    this.#stream = new SignedStream(
      { ...options, stream: "trade", subscription: undefined, beginAnswer },
      {
        ready: events.ready,
        refused: events.refused,
        lost: (reason) => {
          this.#forget(`the connection was lost: ${reason}`);
          events.lost(reason);
        },
        frame: (text) => this.#frame(text),
      },
    );
  }

  start(): void {
    this.#stream.start();
  }

  get isReady(): boolean {
    return this.#stream.isReady;
  }

  /**
   * The venue's time that stands in the request, or undefined: there is no connection, and nothing
   * was sent.
   */
  send(
    operation: TradeOperation,
    body: object,
    answered: (answer: TradeAnswer) => void,
  ): number | undefined {
    if (!this.#stream.isReady) return undefined;
    const { prefix, recvWindowMs, venueNowMs, answerMs } = this.#options;
    const { transport = SYSTEM_TRANSPORT } = this.#options;
    const requestId = `${prefix}-${(++this.#requests).toString(36)}`;
    const timestampMs = venueNowMs();
    const text = tradeFrame({ requestId, operation, body, timestampMs, recvWindowMs });
    if (!this.#stream.send(text)) return undefined;
    const takeBackTimer = transport.timers.after(answerMs * 1e6, () => this.#unanswered(requestId));
    this.#waiting.set(requestId, { answered, takeBackTimer, answersBefore: this.#answers });
    return timestampMs;
  }

  #unanswered(requestId: string): void {
    const { answered, answersBefore } = this.#waiting.get(requestId)!;
    this.#waiting.delete(requestId);
    const text = `no answer within ${this.#options.answerMs} ms`;
    // Others that were answered meanwhile say that the connection is good.
    if (this.#answers === answersBefore) this.#stream.restart(text);
    answered(silence(text));
  }

  close(): void {
    this.#stream.close();
    this.#forget("the session was closed");
  }

  #forget(text: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { answered, takeBackTimer } of waiting) {
      takeBackTimer();
      answered(silence(text));
    }
  }

  #frame(text: string): void {
    const parsed = parseTradeFrame(text);
    if (!parsed.ok || parsed.value.kind !== "answer") return;
    const { requestId, retCode, retMsg, limits } = parsed.value;
    const waiting = this.#waiting.get(requestId);
    if (waiting === undefined) return;
    this.#waiting.delete(requestId);
    waiting.takeBackTimer();
    this.#answers += 1;
    const words = quoted(this.#options.credentials.redact(retMsg), 200);
    waiting.answered({ retCode, text: words, limits });
  }
}

const silence = (text: string): TradeAnswer => ({ retCode: undefined, text, limits: undefined });

function beginAnswer(text: string): BeginAnswer {
  const parsed = parseTradeFrame(text);
  if (!parsed.ok || parsed.value.kind !== "answer") return undefined;
  const { op, retCode, retMsg }: Extract<TradeFrame, { kind: "answer" }> = parsed.value;
  if (op !== "auth") return undefined;
  return { op, isOk: retCode === 0, text: `${retCode} ${retMsg}` };
}
