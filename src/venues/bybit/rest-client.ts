/**
 * REST client: signed questions and orders over HTTP, each with an outcome that can be acted on.
 *
 * A question may be asked again; an order is sent once, whatever happens. What must stay true: an
 * outcome is "refused" or "not-sent" only where the venue surely has not done it; all else that did
 * not succeed is "unknown". No text that leaves here holds the secret.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";
import { type HttpAnswer, type Transport, TransportError } from "../../data/network/transport.ts";
import { type Backoff, pause, waitBefore } from "../../data/recorder/backoff.ts";
import {
  type ClockOffset,
  type ClockSample,
  type LocalClock,
  offsetOf,
} from "../../data/recorder/clock.ts";
import type { VenueCode, VenueFault } from "../venue.ts";
import type { Credentials } from "./credentials.ts";
import { redactor } from "./credentials.ts";
import type { Hosts } from "./hosts.ts";
import type { VenueWord } from "./maintenance.ts";
import type { RatePump } from "./rate-pump.ts";
import { groupOf, type RateRequest } from "./rate-scheduler.ts";
import { restSignature } from "./signing.ts";
import { parseServerTime } from "./wire-account.ts";
import { type Meaning, meaningOf, meaningOfStatus } from "./wire-meaning.ts";
import { type Answer, readAnswer } from "./wire-requests.ts";
import { readLimits } from "./wire-stream.ts";
import { parseJson, quoted } from "./wire-value.ts";

export interface RestOptions {
  readonly hosts: Hosts;
  /** Undefined: only public questions can be asked. */
  readonly credentials: Credentials | undefined;
  readonly clock: LocalClock;
  readonly pump: RatePump;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  /** How old a request may be when it gets there. */
  readonly recvWindowMs?: number;
  readonly backoff?: Backoff;
  /** How often a question is asked at most. */
  readonly tries?: number;
  /** Told of each answer, before anybody acts on it. */
  readonly heard?: (word: VenueWord) => void;
  /** Absent: the system's network. */
  readonly transport?: Transport | undefined;
}

export type RestOutcome =
  | { readonly kind: "answered"; readonly answer: Answer }
  /** The venue said no. `retCode`: Bybit's; 0 where only HTTP's status says so. */
  | {
      readonly kind: "refused";
      readonly meaning: Exclude<Meaning, "done" | "unknown-outcome">;
      readonly retCode: number;
      readonly text: string;
    }
  /** It was sent, and nobody knows what became of it. `retCode`: 0 where there was no answer. */
  | { readonly kind: "unknown"; readonly retCode: number; readonly text: string }
  /** It has not left this machine. */
  | { readonly kind: "not-sent"; readonly text: string };

export interface Question {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
}

export interface PostRequest {
  readonly path: string;
  readonly body: object;
  /** Orders in it, for the rate limits. */
  readonly weight?: number;
  /** By the clock of `nowMs`: later than this it is not sent any more. */
  readonly notAfterMs?: number;
  /** Twice is as good as once: leverage, protection. Never an order. */
  readonly isIdempotent?: boolean;
}

interface Sending {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** The query, or the body: what is signed. */
  readonly payload: string;
  readonly weight: number;
  readonly notAfterMs: number;
}

const TIMEOUT_MS = 10_000;
const RECV_WINDOW_MS = 5000;
const BACKOFF: Backoff = { firstMs: 200, mostMs: 5000 };
const TRIES = 4;
/** All instruments of a category are some two megabytes. */
const MOST_BYTES = 16 << 20;
const CLOCK_SAMPLES = 5;

export class BybitRest {
  readonly recvWindowMs: number;
  readonly #options: RestOptions;
  readonly #transport: Transport;
  readonly #redact: (text: string) => string;
  /** Takes back what waits for its turn. */
  readonly #waiting = new Set<() => void>();
  #offset: ClockOffset = { nanos: 0, errorNanos: Number.POSITIVE_INFINITY };

  constructor(options: RestOptions) {
    this.#options = options;
    this.#transport = options.transport ?? SYSTEM_TRANSPORT;
    this.#redact = redactor(options.credentials);
    // One listener for all: a signal warns of many.
    options.signal.addEventListener("abort", () => this.#waiting.forEach((stop) => stop()));
    this.recvWindowMs = options.recvWindowMs ?? RECV_WINDOW_MS;
  }

  /** The venue's clock, as far as it is known. */
  venueNowMs(): number {
    return Math.round((Number(this.#options.clock.nanos()) + this.#offset.nanos) / 1e6);
  }

  /** Of our clock to the venue's; the error is infinite before `syncClock`. */
  get clockOffset(): ClockOffset {
    return this.#offset;
  }

  /** Asks the venue for the time, and signs by it from then on. */
  async syncClock(): Promise<Result<ClockOffset, VenueFault>> {
    const { clock } = this.#options;
    const samples: ClockSample[] = [];
    for (let sample = 0; sample < CLOCK_SAMPLES; sample++) {
      // The wait for its turn is no part of the way there.
      let asked = clock.nanos();
      const outcome = await this.#persist(
        { ...question("/v5/market/time", ""), onSend: () => (asked = clock.nanos()) },
        true,
      );
      const answered = clock.nanos();
      if (outcome.kind !== "answered") return err(faultOf(outcome));
      const time = parseServerTime(outcome.answer.result);
      if (!time.ok) return time;
      samples.push({ asked, answered, venue: BigInt(time.value) * 1000n });
    }
    this.#offset = offsetOf(samples)!;
    return ok(this.#offset);
  }

  /** A question: asked again, with pauses, where that may help. */
  get({ path, query = {} }: Question): Promise<RestOutcome> {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) params.append(name, value);
    }
    return this.#private(path) ?? this.#persist(question(path, params.toString()), true);
  }

  /** An order, or a setting. Sent once, unless it is idempotent. */
  post(request: PostRequest): Promise<RestOutcome> {
    const { path, body, weight = 1, notAfterMs = Number.POSITIVE_INFINITY } = request;
    const payload = JSON.stringify(body);
    const sending = { method: "POST" as const, path, payload, weight, notAfterMs };
    return this.#private(path) ?? this.#persist(sending, request.isIdempotent === true);
  }

  /** An order whose turn has come by its sender's own waiting. Sent once, and now. */
  postNow({ path, body }: Pick<PostRequest, "path" | "body">): Promise<RestOutcome> {
    if (this.#options.signal.aborted) {
      return Promise.resolve({ kind: "not-sent", text: `${path} was not sent: stopped` });
    }
    const payload = JSON.stringify(body);
    const notAfterMs = Number.POSITIVE_INFINITY;
    const sending = { method: "POST" as const, path, payload, weight: 1, notAfterMs };
    return this.#private(path) ?? this.#send(sending);
  }

  #private(path: string): Promise<RestOutcome> | undefined {
    if (this.#options.credentials !== undefined || isPublic(path)) return undefined;
    const text = `${path} needs an API key: none is given`;
    return Promise.resolve({ kind: "refused", meaning: "credentials", retCode: 0, text });
  }

  async #persist(
    sending: Sending & { readonly onSend?: () => void },
    isRepeatable: boolean,
  ): Promise<RestOutcome> {
    const { signal, backoff = BACKOFF, random, tries = TRIES } = this.#options;
    for (let failed = 0; ; failed++) {
      const outcome = await this.#schedule(sending);
      if (!isRepeatable || failed + 1 >= tries || signal.aborted) return outcome;
      const isClock = outcome.kind === "refused" && outcome.meaning === "clock";
      if (isClock && failed === 0) await this.syncClock();
      else if (isClock || !mayPass(outcome)) return outcome;
      await pause(this.#transport.timers, waitBefore(failed, backoff, random()), signal);
    }
  }

  /** Waits for its turn, then sends. */
  #schedule(sending: Sending & { readonly onSend?: () => void }): Promise<RestOutcome> {
    const { pump, signal } = this.#options;
    return new Promise((resolve) => {
      const notSent = (text: string): void => resolve({ kind: "not-sent", text });
      if (signal.aborted) {
        notSent(`${sending.path} was not sent: stopped`);
        return;
      }
      const stop = (): void => {
        this.#waiting.delete(stop);
        if (pump.withdraw(request)) notSent(`${sending.path} was not sent: stopped`);
      };
      const request: RateRequest = {
        group: groupOf(sending.path),
        weight: sending.weight,
        isHttp: true,
        notAfterMs: sending.notAfterMs,
        send: () => {
          this.#waiting.delete(stop);
          sending.onSend?.();
          void this.#send(sending).then(resolve);
        },
        expire: () => {
          this.#waiting.delete(stop);
          notSent(`${sending.path} was not sent: its time had passed while it waited for its turn`);
        },
      };
      this.#waiting.add(stop);
      pump.submit(request);
    });
  }

  async #send(sending: Sending): Promise<RestOutcome> {
    const { hosts, signal, timeoutMs = TIMEOUT_MS } = this.#options;
    const { method, path, payload } = sending;
    const isGet = method === "GET";
    try {
      const answer = await this.#transport.request({
        method,
        url: `${hosts.rest}${path}${isGet && payload !== "" ? `?${payload}` : ""}`,
        headers: this.#headers(sending),
        ...(isGet ? {} : { body: payload }),
        timeoutMs,
        mostBytes: MOST_BYTES,
        signal,
      });
      this.#heed(path, answer);
      return this.#judge(path, answer.status, answer.text);
    } catch (error) {
      return this.#failure(path, timeoutMs, error);
    }
  }

  #headers({ path, payload }: Sending): Record<string, string> {
    const { credentials } = this.#options;
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (credentials === undefined || isPublic(path)) return headers;
    const timestampMs = this.venueNowMs();
    headers["X-BAPI-API-KEY"] = credentials.key;
    headers["X-BAPI-TIMESTAMP"] = String(timestampMs);
    headers["X-BAPI-RECV-WINDOW"] = String(this.recvWindowMs);
    headers["X-BAPI-SIGN"] = restSignature(credentials, timestampMs, this.recvWindowMs, payload);
    return headers;
  }

  #heed(path: string, answer: HttpAnswer): void {
    const limits = readLimits((name) => answer.header(name));
    if (limits === undefined) return;
    const resetInMs = limits.resetMs === undefined ? undefined : limits.resetMs - this.venueNowMs();
    this.#options.pump.heed(groupOf(path), limits, resetInMs);
  }

  #judge(path: string, status: number, text: string | undefined): RestOutcome {
    const json = text === undefined ? undefined : parseJson(text, path);
    const answer = json?.ok === true ? readAnswer(json.value, path) : undefined;
    if (answer?.ok !== true) {
      const words = text === undefined ? "without end" : this.#quote(text);
      const said = `${path} answers HTTP ${status} ${words}`;
      this.#tell(path, status, undefined, said);
      return outcomeOf(
        status >= 200 && status < 300 ? "unknown-outcome" : meaningOfStatus(status),
        0,
        said,
      );
    }
    const { retCode, retMsg } = answer.value;
    if (retCode === 0 && status < 300) {
      this.#tell(path, status, retCode, "");
      return { kind: "answered", answer: answer.value };
    }
    const said = `${path} answers ${retCode} ${this.#quote(retMsg)}`;
    this.#tell(path, status, retCode, said);
    const meaning = status >= 500 || retCode === 0 ? "unknown-outcome" : meaningOf(retCode);
    if (meaning === "rate-limited") this.#options.pump.block(groupOf(path), LIMITED_MS);
    return outcomeOf(meaning, retCode, said);
  }

  #tell(path: string, status: number, retCode: number | undefined, text: string): void {
    const isPlace = path === "/v5/order/create";
    this.#options.heard?.({ status, retCode, text, isPlace });
  }

  /** Cut after the secret is out of it: half a secret is one too. */
  #quote(text: string): string {
    return quoted(this.#redact(text), 200);
  }

  #failure(path: string, timeoutMs: number, error: unknown): RestOutcome {
    const kind = error instanceof TransportError ? error.kind : "broken";
    if (kind === "stopped") return unknown(`${path} was broken off: stopped`);
    if (kind === "late") return unknown(`${path} was not answered in ${timeoutMs} ms`);
    const words = error instanceof Error ? error.message : String(error);
    const text = this.#redact(`${this.#options.hosts.rest}${path} ${words}`);
    return kind === "not-sent" ? { kind, text } : unknown(text);
  }
}

const unknown = (text: string): RestOutcome => ({ kind: "unknown", retCode: 0, text });

/** What a refusal for too many requests waits for: the venue's second. */
const LIMITED_MS = 1000;

const isPublic = (path: string): boolean => path.startsWith("/v5/market/");

const question = (path: string, payload: string): Sending => ({
  method: "GET",
  path,
  payload,
  weight: 1,
  notAfterMs: Number.POSITIVE_INFINITY,
});

function outcomeOf(meaning: Meaning, retCode: number, text: string): RestOutcome {
  if (meaning === "unknown-outcome" || meaning === "done")
    return { kind: "unknown", retCode, text };
  return { kind: "refused", meaning, retCode, text };
}

/** Whether a question may be answered when it is asked again. */
function mayPass(outcome: RestOutcome): boolean {
  if (outcome.kind === "refused") return outcome.meaning === "rate-limited";
  return outcome.kind !== "answered";
}

const CODES: Partial<Readonly<Record<Meaning, VenueCode>>> = {
  credentials: "VENUE_CREDENTIALS",
  restricted: "VENUE_CREDENTIALS",
  clock: "VENUE_CLOCK",
  "not-trading": "VENUE_SYMBOL",
  funds: "VENUE_ACCOUNT",
};

/** An outcome that is no answer, as the fault of whoever needed one. */
export function faultOf(outcome: Exclude<RestOutcome, { readonly kind: "answered" }>): VenueFault {
  const { text } = outcome;
  if (outcome.kind !== "refused") return { code: "VENUE_UNREACHABLE", text };
  return { code: CODES[outcome.meaning] ?? "VENUE_REFUSED", text };
}
