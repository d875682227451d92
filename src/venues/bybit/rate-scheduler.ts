/**
 * Rate scheduler: which request goes next, so that the venue's limits are kept and a cancel is
 * never the one that has to wait.
 *
 * Bybit counts each kind of request by itself, per account and rolling second; over HTTP all that
 * comes from one address is counted too, and there a share is kept for cancels alone. It has no
 * timer and no clock of its own: `turn` is told the time. What must stay true: in any window no
 * more is sent than the limit, cancels go first, and each request ends in exactly one of sent,
 * expired and withdrawn.
 */
import type { LimitState } from "./wire-stream.ts";

export type RateGroup =
  | "cancel"
  | "cancel-batch"
  | "cancel-all"
  | "amend"
  | "amend-batch"
  | "create"
  | "create-batch"
  | "orders" //     questions about open orders
  | "history" //    about closed ones
  | "executions"
  | "positions"
  | "account" //    the slow ones: fees, protection
  | "setting" //    leverage, mode
  | "public";

/** First come cancels, then what changes or finds orders, last what can wait. */
const ORDER: readonly RateGroup[] = [
  "cancel",
  "cancel-batch",
  "cancel-all",
  "amend",
  "amend-batch",
  "orders",
  "history",
  "executions",
  "create",
  "create-batch",
  "positions",
  "setting",
  "account",
  "public",
];
const CANCELS: ReadonlySet<RateGroup> = new Set(["cancel", "cancel-batch", "cancel-all"]);

/** Requests per second that Bybit allows by default; answers tell where it is another number. */
export const DEFAULT_LIMITS: Readonly<Record<RateGroup, number>> = {
  cancel: 10,
  "cancel-batch": 10,
  "cancel-all": 10,
  amend: 10,
  "amend-batch": 10,
  create: 10,
  "create-batch": 10,
  orders: 50,
  history: 50,
  executions: 50,
  positions: 50,
  account: 5,
  setting: 10,
  public: 50,
};

export interface RateRequest {
  readonly group: RateGroup;
  /** Orders in it: a batch counts each. */
  readonly weight: number;
  /** Whether it goes over HTTP, where the address has a limit of its own. */
  readonly isHttp: boolean;
  /** Not to be sent after this: `expire` is called instead. Infinity where it may wait. */
  readonly notAfterMs: number;
  /** Called once, when its turn has come. */
  send(): void;
  /** Called once, instead of `send`. */
  expire(): void;
}

export interface RateOptions {
  readonly limits?: Partial<Readonly<Record<RateGroup, number>>>;
  /**
   * The venue's second, and what two requests may draw nearer to each other on the way there.
   */
  readonly windowMs?: number;
  readonly http?: { readonly requests: number; readonly windowMs: number };
}

const WINDOW_MS = 1100;
/** 600 in 5 s are allowed; the rest is for whoever else asks from this address. */
const HTTP = { requests: 500, windowMs: 5100 };
/** Share of it that only cancels may use. */
const CANCEL_SHARE = 0.1;
/** No answer of a venue can hold a group back for longer. */
const LONGEST_BLOCK_MS = 10_000;

/** What was sent in the last window. */
class Window {
  limit: number;
  readonly #spanMs: number;
  readonly #at: number[] = [];
  readonly #weights: number[] = [];
  #used = 0;

  constructor(limit: number, spanMs: number) {
    this.limit = limit;
    this.#spanMs = spanMs;
  }

  used(now: number): number {
    while (this.#at.length > 0 && this.#at[0]! + this.#spanMs <= now) {
      this.#at.shift();
      this.#used -= this.#weights.shift()!;
    }
    return this.#used;
  }

  note(now: number, weight: number): void {
    if (weight <= 0) return;
    this.#at.push(now);
    this.#weights.push(weight);
    this.#used += weight;
  }

  /** When there is room for `weight`, if nothing else is sent. */
  roomAt(now: number, weight: number, limit = this.limit): number {
    let used = this.used(now);
    let at = now;
    for (let index = 0; index < this.#at.length && used + weight > limit; index++) {
      used -= this.#weights[index]!;
      at = this.#at[index]! + this.#spanMs;
    }
    // A weight above the whole limit goes where nothing else has gone.
    return at;
  }
}

interface Lane {
  readonly window: Window;
  readonly queue: RateRequest[];
  blockedUntil: number;
}

export class RateScheduler {
  readonly #lanes = new Map<RateGroup, Lane>();
  readonly #http: Window;

  constructor({ limits = {}, windowMs = WINDOW_MS, http = HTTP }: RateOptions = {}) {
    for (const group of ORDER) {
      const limit = Math.max(1, limits[group] ?? DEFAULT_LIMITS[group]);
      const window = new Window(limit, windowMs);
      this.#lanes.set(group, { window, queue: [], blockedUntil: Number.NEGATIVE_INFINITY });
    }
    this.#http = new Window(http.requests, http.windowMs);
  }

  /** It waits in its group's queue until a `turn`. */
  submit(request: RateRequest): void {
    this.#lane(request.group).queue.push(request);
  }

  /** Takes it out again, neither sent nor expired; false where it has gone. */
  withdraw(request: RateRequest): boolean {
    const { queue } = this.#lane(request.group);
    const index = queue.indexOf(request);
    if (index >= 0) queue.splice(index, 1);
    return index >= 0;
  }

  /** Requests in a group that have not gone. */
  waiting(group: RateGroup): number {
    return this.#lane(group).queue.length;
  }

  /** Requests per second, as last told. */
  limitOf(group: RateGroup): number {
    return this.#lane(group).window.limit;
  }

  /**
   * Sends all that may go now. Returns when to call again: the next instant at which something
   * might go or expire, or undefined while nothing waits.
   */
  turn(now: number): number | undefined {
    for (const group of ORDER) {
      const lane = this.#lane(group);
      this.#expire(lane, now);
      while (lane.queue.length > 0 && this.#readyAt(group, lane, now) <= now) {
        const request = lane.queue.shift()!;
        lane.window.note(now, request.weight);
        if (request.isHttp) this.#http.note(now, 1);
        request.send();
      }
    }
    return this.#nextAt(now);
  }

  /** What an answer said of its group. `resetMs` of it must be by the clock that `turn` is told. */
  heed(group: RateGroup, { limit, remaining, resetMs }: LimitState, now: number): void {
    const lane = this.#lane(group);
    lane.window.limit = limit;
    // What is used beyond what went from here, another program has used: it counts as ours.
    lane.window.note(now, limit - Math.min(limit, remaining) - lane.window.used(now));
    if (remaining === 0) this.block(group, resetMs ?? now, now);
  }

  /** Nothing of the group goes before `untilMs`; a venue that says so is not asked earlier. */
  block(group: RateGroup, untilMs: number, now: number): void {
    const lane = this.#lane(group);
    lane.blockedUntil = Math.max(lane.blockedUntil, Math.min(untilMs, now + LONGEST_BLOCK_MS));
  }

  #lane(group: RateGroup): Lane {
    return this.#lanes.get(group)!;
  }

  #expire({ queue }: Lane, now: number): void {
    for (let index = 0; index < queue.length;) {
      const request = queue[index]!;
      if (request.notAfterMs < now) {
        queue.splice(index, 1);
        request.expire();
      } else index += 1;
    }
  }

  #readyAt(group: RateGroup, { window, queue, blockedUntil }: Lane, now: number): number {
    const { weight, isHttp } = queue[0]!;
    const ready = Math.max(blockedUntil, window.roomAt(now, weight));
    if (!isHttp) return ready;
    const most = this.#http.limit * (CANCELS.has(group) ? 1 : 1 - CANCEL_SHARE);
    return Math.max(ready, this.#http.roomAt(now, 1, most));
  }

  #nextAt(now: number): number | undefined {
    let next: number | undefined;
    for (const [group, lane] of this.#lanes) {
      if (lane.queue.length === 0) continue;
      let at = this.#readyAt(group, lane, now);
      // Past its time means later than it: the instant itself is still good.
      for (const { notAfterMs } of lane.queue) at = Math.min(at, notAfterMs + 1);
      next = Math.min(next ?? at, at);
    }
    return next === undefined ? undefined : Math.max(next, now);
  }
}

const GROUPS: Readonly<Record<string, RateGroup>> = {
  "/v5/order/create": "create",
  "/v5/order/create-batch": "create-batch",
  "/v5/order/amend": "amend",
  "/v5/order/amend-batch": "amend-batch",
  "/v5/order/cancel": "cancel",
  "/v5/order/cancel-batch": "cancel-batch",
  "/v5/order/cancel-all": "cancel-all",
  "/v5/order/realtime": "orders",
  "/v5/order/history": "history",
  "/v5/execution/list": "executions",
  "/v5/position/list": "positions",
  "/v5/position/set-leverage": "setting",
  "/v5/position/switch-mode": "setting",
};

/** The group of a path of the REST interface. */
export function groupOf(path: string): RateGroup {
  if (path.startsWith("/v5/market/")) return "public";
  return GROUPS[path] ?? "account";
}
