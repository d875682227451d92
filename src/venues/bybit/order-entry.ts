/**
 * Order entry: requests about orders to the venue, by whichever way is open, in the order of their
 * urgency.
 *
 * Over the trade streams where one stands, else over HTTP; requests about one order keep to one
 * stream. What must stay true: a place or an amendment whose time has passed is not sent (a program
 * that was stopped and goes on must not trade on what it thought then), and is sent at most once; a
 * cancel is never too late; and each request ends in exactly one answer, never from within the call
 * that made it.
 */
import type { ClientOrderId } from "../../core/domain/child-order.ts";
import { unreachable } from "../../core/domain/errors.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { VenueWord } from "./maintenance.ts";
import type { RequestAnswer, RequestKind, VenueMillis } from "./order-sighting.ts";
import type { RatePump } from "./rate-pump.ts";
import type { RateGroup, RateRequest } from "./rate-scheduler.ts";
import type { BybitRest, RestOutcome } from "./rest-client.ts";
import type { TradeAnswer, TradeStream } from "./trade-stream.ts";
import { type Meaning, meaningOf, type TradeOperation } from "./wire.ts";

export interface EntryRequest {
  /** The tracker's; of a request that it does not know, 0. */
  readonly number: number;
  readonly kind: RequestKind;
  readonly clientOrderId: ClientOrderId;
  /** A body of `wire-requests.ts`. */
  readonly body: object;
  /** Not to be sent later than this; a cancel is, but not again and again. */
  readonly notAfter: VenueMillis;
  /** Not over a stream, however well it seems to stand. */
  readonly isHttp?: boolean;
  readonly answered: (answer: RequestAnswer) => void;
}

export interface OrderEntryOptions {
  readonly streams: readonly TradeStream[];
  readonly rest: BybitRest;
  readonly pump: RatePump;
  /** Looks whether the machine slept, then tells the venue's time. */
  readonly venueNowMs: () => VenueMillis;
  /** Told the latest time that can stand in the request. */
  readonly onSent: (number: number, at: VenueMillis) => void;
  /** Between two tries of a cancel that the venue was too busy for. */
  readonly busyMs?: number;
  /** Told of each answer of the trade streams. */
  readonly heard?: (word: VenueWord) => void;
  /** The venue has refused an order or an amendment: perhaps its rules are others than we think. */
  readonly onRefused?: () => void;
  readonly timers: Timers;
}

const WAYS = {
  place: { group: "create", operation: "order.create", path: "/v5/order/create" },
  amend: { group: "amend", operation: "order.amend", path: "/v5/order/amend" },
  cancel: { group: "cancel", operation: "order.cancel", path: "/v5/order/cancel" },
} as const satisfies Record<
  RequestKind,
  { readonly group: RateGroup; readonly operation: TradeOperation; readonly path: string }
>;

const BUSY_MS = 250;
/** A cancel that waited while the program stood still is tried for as long as if it were new. */
const LATE_CANCEL_MS = 10_000;
/** What a refusal for too many requests waits for: the venue's second. */
const LIMITED_MS = 1000;

export class OrderEntry {
  readonly #options: OrderEntryOptions;
  /** Waiting for their turn. */
  readonly #waiting = new Map<RateRequest, EntryRequest>();
  /** Each takes one timer back. */
  readonly #underWay = new Set<() => void>();
  #isClosed = false;

  constructor(options: OrderEntryOptions) {
    this.#options = options;
  }

  submit(request: EntryRequest): void {
    if (this.#isClosed) return;
    const { pump, venueNowMs } = this.#options;
    const rated: RateRequest = {
      group: WAYS[request.kind].group,
      weight: 1,
      isHttp: this.#stream(request) === undefined,
      notAfterMs: isCancel(request)
        ? Number.POSITIVE_INFINITY
        : pump.nowMs() + (request.notAfter - venueNowMs()),
      send: () => {
        this.#waiting.delete(rated);
        this.#send(request);
      },
      expire: () => {
        this.#waiting.delete(rated);
        this.#late(request);
      },
    };
    this.#waiting.set(rated, request);
    pump.submit(rated);
  }

  /** What would open or change an order and still waits for its turn is not sent any more. */
  withdraw(text: string): void {
    for (const [rated, request] of this.#waiting) {
      if (isCancel(request) || !this.#options.pump.withdraw(rated)) continue;
      this.#waiting.delete(rated);
      this.#later(request, { kind: "not-sent", code: "VENUE_NOT_SENT", text });
    }
  }

  /** A cancel of it has not gone yet. */
  hasCancelWaiting(clientOrderId: ClientOrderId): boolean {
    for (const request of this.#waiting.values()) {
      if (isCancel(request) && request.clientOrderId === clientOrderId) return true;
    }
    return false;
  }

  close(): void {
    this.#isClosed = true;
    for (const takeBack of this.#underWay) takeBack();
    for (const rated of this.#waiting.keys()) this.#options.pump.withdraw(rated);
    this.#waiting.clear();
  }

  /** Always the same of those that stand, so that requests about one order stay in order. */
  #stream({ clientOrderId, isHttp }: EntryRequest): TradeStream | undefined {
    if (isHttp === true) return undefined;
    const { streams } = this.#options;
    const first = streams.length === 0 ? 0 : hashOf(clientOrderId) % streams.length;
    for (let index = 0; index < streams.length; index++) {
      const stream = streams[(first + index) % streams.length]!;
      if (stream.isReady) return stream;
    }
    return undefined;
  }

  #send(asked: EntryRequest): void {
    const now = this.#options.venueNowMs();
    const isLate = now > asked.notAfter;
    if (isLate && !isCancel(asked)) return this.#late(asked);
    const request = isLate ? { ...asked, notAfter: now + LATE_CANCEL_MS } : asked;
    const { operation, group } = WAYS[request.kind];
    const stream = this.#stream(request);
    const sentAt = stream?.send(operation, request.body, (answer) => {
      const { pump, rest } = this.#options;
      if (answer.limits !== undefined) {
        const { resetMs } = answer.limits;
        const resetInMs = resetMs === undefined ? undefined : resetMs - rest.venueNowMs();
        pump.heed(group, answer.limits, resetInMs);
      }
      const { retCode, text } = answer;
      const isPlace = request.kind === "place";
      if (retCode !== undefined) this.#options.heard?.({ status: 200, retCode, text, isPlace });
      this.#judge(request, outcomeOf(answer));
    });
    if (sentAt === undefined) return void this.#post(request);
    this.#options.onSent(request.number, sentAt);
  }

  async #post(request: EntryRequest): Promise<void> {
    const { rest, onSent } = this.#options;
    const answer = rest.postNow({ path: WAYS[request.kind].path, body: request.body });
    // The time in it is no later than this.
    onSent(request.number, rest.venueNowMs());
    this.#judge(request, verdictOf(await answer));
  }

  #judge(request: EntryRequest, { meaning, code, text }: Verdict): void {
    if (this.#isClosed) return;
    switch (meaning) {
      case "done":
        return request.answered({ kind: "acknowledged" });
      case "unknown-outcome":
        return request.answered({ kind: "unanswered" });
      case "not-sent":
        return this.#again(request, { kind: "not-sent", code: "VENUE_NOT_SENT", text });
      case "rate-limited":
        this.#options.pump.block(WAYS[request.kind].group, LIMITED_MS);
        return this.#again(request, { kind: "refused", code, text, isTooLate: false });
      case "busy":
        return this.#again(request, { kind: "refused", code, text, isTooLate: false });
      case "too-late":
        return request.answered({ kind: "refused", code, text, isTooLate: true });
      case "clock":
        // Our clock has been set, or drifts: the next request is to be stamped rightly.
        void this.#options.rest.syncClock();
        return request.answered({ kind: "refused", code, text, isTooLate: false });
      case "refused":
      case "not-trading":
        if (!isCancel(request)) this.#options.onRefused?.();
        return request.answered({ kind: "refused", code, text, isTooLate: false });
      case "unchanged":
      case "funds":
      case "duplicate":
      case "credentials":
      case "restricted":
        return request.answered({ kind: "refused", code, text, isTooLate: false });
      default:
        unreachable(meaning);
    }
  }

  /** The venue has surely not done it. A cancel is tried again: twice is as good as once. */
  #again(request: EntryRequest, answer: RequestAnswer): void {
    const { venueNowMs, busyMs = BUSY_MS } = this.#options;
    if (!isCancel(request) || venueNowMs() + busyMs > request.notAfter) {
      return request.answered(answer);
    }
    this.#after(busyMs, () => this.submit(request));
  }

  #late(request: EntryRequest): void {
    const text = `its time had passed before the ${request.kind} could be sent`;
    this.#later(request, { kind: "not-sent", code: "VENUE_NOT_SENT", text });
  }

  #later(request: EntryRequest, answer: RequestAnswer): void {
    this.#after(0, () => request.answered(answer));
  }

  #after(ms: number, run: () => void): void {
    const takeBack = this.#options.timers.after(ms * 1e6, () => {
      this.#underWay.delete(takeBack);
      if (!this.#isClosed) run();
    });
    this.#underWay.add(takeBack);
  }
}

const isCancel = ({ kind }: EntryRequest): boolean => kind === "cancel";

interface Verdict {
  readonly meaning: Meaning | "not-sent";
  readonly code: string;
  readonly text: string;
}

function outcomeOf({ retCode, text }: TradeAnswer): Verdict {
  if (retCode === undefined) return { meaning: "unknown-outcome", code: "", text };
  return { meaning: meaningOf(retCode), code: codeOf(retCode), text: `${retCode} ${text}` };
}

function verdictOf(outcome: RestOutcome): Verdict {
  switch (outcome.kind) {
    case "answered":
      return { meaning: "done", code: "", text: "" };
    case "unknown":
      return { meaning: "unknown-outcome", code: "", text: outcome.text };
    case "not-sent":
      return { meaning: "not-sent", code: "", text: outcome.text };
    default:
      return { meaning: outcome.meaning, code: codeOf(outcome.retCode), text: outcome.text };
  }
}

/** Bybit's number, so that it can be looked up in its tables. */
const codeOf = (retCode: number): string => `BYBIT_${retCode}`;

/** FNV-1a, to spread ids that differ in their last letter. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
