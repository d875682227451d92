/**
 * REST client: public answers of a venue, one question at a time.
 *
 * A question has a time-out, its answer a size. A venue that says "too much" (429, or 418 for
 * whoever did not listen) is left alone for as long as it asks; near the limit on weight the client
 * waits for the next minute by itself. What must stay true: no question is sent before the venue
 * allows it, whoever asks.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { SYSTEM_TRANSPORT } from "../network/system-transport.ts";
import { type HttpAnswer, type Transport, TransportError } from "../network/transport.ts";
import { type Backoff, pause, waitBefore } from "./backoff.ts";
import type { LocalClock } from "./clock.ts";

export interface RestOptions {
  /** Such as `https://api.bybit.com`. */
  readonly host: string;
  readonly clock: LocalClock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  /** Told before a wait. */
  readonly onWait: (text: string) => void;
  /** Absent: the system's network. */
  readonly transport?: Transport | undefined;
}

export interface Answer {
  /** Parsed JSON. */
  readonly value: unknown;
  /** By our clock, nanoseconds: when the question was sent, and when the answer was whole. */
  readonly asked: bigint;
  readonly answered: bigint;
}

export interface RestFault {
  /** What happened, in words that name the address. */
  readonly text: string;
  /** Whether asking again may help. */
  readonly mayPass: boolean;
  /** HTTP status; 0 where there was none. */
  readonly status: number;
}

/** The longest lists of instruments are some ten megabytes. */
const MOST_BYTES = 64 << 20;
/** A ban is waited out while recording; at the start nobody wants to wait that long. */
const LONGEST_WAIT_MS = 5 * 60_000;
/** Share of the weight per minute that is used; the rest is for whoever else asks from here. */
const WEIGHT_SHARE = 0.8;
const MINUTE_MS = 60_000;

export class RestClient {
  /** Weight per minute that the venue allows; 0 = it does not say. */
  weightLimit = 0;
  readonly #options: RestOptions;
  readonly #transport: Transport;
  #queue: Promise<unknown> = Promise.resolve();
  /** By the transport's clock: not before this may a question be sent. */
  #notBefore = 0;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#transport = options.transport ?? SYSTEM_TRANSPORT;
  }

  /** `tries`: how often at most; Infinity = until it is answered or the client is stopped. */
  get(path: string, tries = 5): Promise<Result<Answer, RestFault>> {
    const asked = this.#queue.then(() => this.#persist(path, tries));
    this.#queue = asked;
    return asked;
  }

  async #persist(path: string, tries: number): Promise<Result<Answer, RestFault>> {
    const { signal, backoff, random, onWait } = this.#options;
    const { timers } = this.#transport;
    for (let failed = 0; ; failed++) {
      const blocked = this.#notBefore - this.#transport.nowMs();
      if (blocked > LONGEST_WAIT_MS && tries !== Number.POSITIVE_INFINITY) {
        return err(this.#fault(path, 429, `asks to be left alone for ${minutes(blocked)}`, false));
      }
      if (blocked > 0) await pause(timers, blocked, signal);
      if (signal.aborted) return err(this.#fault(path, 0, "was not asked: stopped", false));
      const answer = await this.#ask(path);
      if (answer.ok || !answer.error.mayPass || failed + 1 >= tries) return answer;
      const wait = waitBefore(failed, backoff, random());
      onWait(`${answer.error.text}; asking again`);
      await pause(timers, wait, signal);
    }
  }

  async #ask(path: string): Promise<Result<Answer, RestFault>> {
    const { host, clock, signal, timeoutMs } = this.#options;
    const asked = clock.nanos();
    try {
      const answer = await this.#transport.request({
        method: "GET",
        url: `${host}${path}`,
        headers: {},
        timeoutMs,
        mostBytes: MOST_BYTES,
        signal,
      });
      const answered = clock.nanos();
      this.#heed(answer);
      const { status, text } = answer;
      if (status < 200 || status > 299) {
        const passes = status >= 500 || isTooMuch(status);
        return err(this.#fault(path, status, `answers ${status} ${text ?? ""}`, passes));
      }
      if (text === undefined) {
        return err(this.#fault(path, status, "answers without end", false));
      }
      return ok({ value: JSON.parse(text) as unknown, asked, answered });
    } catch (error) {
      return err(this.#fault(path, 0, reasonOf(error), true));
    }
  }

  /** Keeps to what the headers ask for. */
  #heed(answer: HttpAnswer): void {
    const now = this.#transport.nowMs();
    if (isTooMuch(answer.status)) {
      const seconds = Number(answer.header("retry-after") ?? "");
      // Without a word from the venue: until its minute is surely over.
      const waitMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : MINUTE_MS;
      this.#notBefore = Math.max(this.#notBefore, now + waitMs);
      this.#options.onWait(`the venue asks for ${(waitMs / 1000).toFixed(0)} s without questions`);
    }
    const used = Number(answer.header("x-mbx-used-weight-1m") ?? "");
    if (this.weightLimit === 0 || !(used > this.weightLimit * WEIGHT_SHARE)) return;
    const untilMinute = MINUTE_MS - Number((this.#options.clock.nanos() / 1_000_000n) % 60_000n);
    this.#notBefore = Math.max(this.#notBefore, now + untilMinute);
  }

  #fault(path: string, status: number, what: string, mayPass: boolean): RestFault {
    const address = `${this.#options.host}${path.split("?")[0]}`;
    return { text: `${address} ${what.trim().slice(0, 300)}`, mayPass, status };
  }
}

const isTooMuch = (status: number): boolean => status === 429 || status === 418;

const minutes = (ms: number): string => `${Math.ceil(ms / MINUTE_MS)} minutes`;

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return "answers what is no JSON";
  if (error instanceof TransportError) return error.message;
  return `cannot be asked (${String(error)})`;
}
