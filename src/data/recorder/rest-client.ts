/**
 * REST client: public answers of a venue, one question at a time.
 *
 * A question has a time-out, its answer a size. A venue that says "too much" (429, or 418 for
 * whoever did not listen) is left alone for as long as it asks; near the limit on weight the client
 * waits for the next minute by itself. What must stay true: no question is sent before the venue
 * allows it, whoever asks.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
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
  #queue: Promise<unknown> = Promise.resolve();
  /** By `performance.now()`: not before this may a question be sent. */
  #notBefore = 0;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** `tries`: how often at most; Infinity = until it is answered or the client is stopped. */
  get(path: string, tries = 5): Promise<Result<Answer, RestFault>> {
    const asked = this.#queue.then(() => this.#persist(path, tries));
    this.#queue = asked;
    return asked;
  }

  async #persist(path: string, tries: number): Promise<Result<Answer, RestFault>> {
    const { signal, backoff, random, onWait } = this.#options;
    for (let failed = 0; ; failed++) {
      const blocked = this.#notBefore - performance.now();
      if (blocked > LONGEST_WAIT_MS && tries !== Number.POSITIVE_INFINITY) {
        return err(this.#fault(path, 429, `asks to be left alone for ${minutes(blocked)}`, false));
      }
      if (blocked > 0) await pause(blocked, signal);
      if (signal.aborted) return err(this.#fault(path, 0, "was not asked: stopped", false));
      const answer = await this.#ask(path);
      if (answer.ok || !answer.error.mayPass || failed + 1 >= tries) return answer;
      const wait = waitBefore(failed, backoff, random());
      onWait(`${answer.error.text}; asking again`);
      await pause(wait, signal);
    }
  }

  async #ask(path: string): Promise<Result<Answer, RestFault>> {
    const { host, clock, signal, timeoutMs } = this.#options;
    const timer = AbortSignal.timeout(timeoutMs);
    const asked = clock.nanos();
    try {
      const response = await fetch(`${host}${path}`, {
        signal: AbortSignal.any([signal, timer]),
        redirect: "error",
      });
      this.#heed(response);
      if (!response.ok) {
        const words = (await textOf(response, 2000).catch(() => "")) ?? "";
        const passes = response.status >= 500 || isTooMuch(response.status);
        return err(
          this.#fault(path, response.status, `answers ${response.status} ${words}`, passes),
        );
      }
      const text = await textOf(response, MOST_BYTES);
      const answered = clock.nanos();
      if (text === undefined) {
        return err(this.#fault(path, response.status, "answers without end", false));
      }
      return ok({ value: JSON.parse(text) as unknown, asked, answered });
    } catch (error) {
      const why = timer.aborted ? `did not answer within ${timeoutMs} ms` : reasonOf(error);
      return err(this.#fault(path, 0, why, true));
    }
  }

  /** Keeps to what the headers ask for. */
  #heed({ status, headers }: Response): void {
    const now = performance.now();
    if (isTooMuch(status)) {
      const seconds = Number(headers.get("retry-after") ?? "");
      // Without a word from the venue: until its minute is surely over.
      const waitMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : MINUTE_MS;
      this.#notBefore = Math.max(this.#notBefore, now + waitMs);
      this.#options.onWait(`the venue asks for ${(waitMs / 1000).toFixed(0)} s without questions`);
    }
    const used = Number(headers.get("x-mbx-used-weight-1m") ?? "");
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

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return "answers what is no JSON";
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause ? String(cause.code) : cause.message;
  const known: Record<string, string> = {
    ENOTFOUND: "has no such host: check the address and the network",
    ECONNREFUSED: "refuses the connection",
    ECONNRESET: "broke the connection off",
    EAI_AGAIN: "cannot be looked up: check the network",
  };
  return known[code] ?? `cannot be asked (${code})`;
}
