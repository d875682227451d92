/**
 * Rate limits: how many requests of one kind an account may send within a second, as Bybit counts.
 *
 * The window rolls: what counts is the last second before each request. Batches count their orders,
 * and the part of a batch that fits is done. What must stay true: in no window of a second are more
 * let through than the limit says.
 */
import type { Category } from "../exchange-types.ts";

export const WINDOW_MS = 1_000;

/** `bybit`: its own table. A number: of each kind as many a second. `off`: none. */
export type RateLimitSetting = "bybit" | "off" | number;

export interface RateStatus {
  readonly limit: number;
  readonly remaining: number;
  /** When the window lets the next one through, in milliseconds; now, where it does already. */
  readonly resetAtMs: number;
}

/** Bybit's defaults for a unified account without a tier. By category where it differs. */
const TRADING: Readonly<Record<string, Readonly<Record<Category, number>>>> = {
  "order.create": { linear: 10, inverse: 10, spot: 20 },
  "order.amend": { linear: 10, inverse: 10, spot: 10 },
  "order.cancel": { linear: 10, inverse: 10, spot: 20 },
  "order.cancel-all": { linear: 10, inverse: 10, spot: 20 },
  "order.create-batch": { linear: 10, inverse: 10, spot: 20 },
  "order.amend-batch": { linear: 10, inverse: 10, spot: 20 },
  "order.cancel-batch": { linear: 10, inverse: 10, spot: 20 },
};
const OTHERS: Readonly<Record<string, number>> = {
  "order.disconnected-cancel-all": 5,
  "position.set-leverage": 10,
  "position.switch-mode": 10,
  "account.fee-rate": 5,
  "account.query-dcp-info": 5,
  "account.smp-group": 5,
  "asset.coin.query-info": 5,
  "asset.transfer.query-account-coins-balance": 5,
  "user.query-api": 10,
};
const QUESTIONS = 50;

/** The name of the kind: by path, the part after `/v5/` with points. */
export const kindOfPath = (path: string): string => path.slice(4).replaceAll("/", ".");

const limitOf = (setting: RateLimitSetting, kind: string, category: Category): number => {
  if (setting === "off") return Number.POSITIVE_INFINITY;
  if (setting !== "bybit") return setting;
  if (Object.hasOwn(TRADING, kind)) return TRADING[kind]![category];
  return Object.hasOwn(OTHERS, kind) ? OTHERS[kind]! : QUESTIONS;
};

/** The last `limit` times that something was let through, as a ring. */
class Window {
  readonly limit: number;
  readonly #times: Float64Array;
  #oldest = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.#times = new Float64Array(limit).fill(Number.NEGATIVE_INFINITY);
  }

  /** How many of `wanted` fit now; they are counted. */
  take(wanted: number, nowMs: number): number {
    let taken = 0;
    while (taken < wanted && this.#times[this.#oldest]! <= nowMs - WINDOW_MS) {
      this.#times[this.#oldest] = nowMs;
      this.#oldest = (this.#oldest + 1) % this.limit;
      taken += 1;
    }
    return taken;
  }

  /** Those that are a second old lie first, from the oldest on. */
  #free(nowMs: number): number {
    let low = 0;
    let high = this.limit;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.#times[(this.#oldest + middle) % this.limit]!;
      if (at <= nowMs - WINDOW_MS) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  status(nowMs: number): RateStatus {
    const remaining = this.#free(nowMs);
    const next = this.#times[this.#oldest]! + WINDOW_MS;
    return {
      limit: this.limit,
      remaining,
      resetAtMs: Math.max(nowMs, remaining > 0 ? nowMs : next),
    };
  }
}

/** Of one account. */
export class RateLimits {
  readonly #setting: RateLimitSetting;
  readonly #windows = new Map<string, Window>();

  constructor(setting: RateLimitSetting) {
    this.#setting = setting;
  }

  get isOff(): boolean {
    return this.#setting === "off";
  }

  #window(kind: string, category: Category): Window {
    // Linear and inverse share one window, spot has its own.
    const isApart = category === "spot" && Object.hasOwn(TRADING, kind);
    const key = isApart ? `${kind}:spot` : kind;
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const made = new Window(limitOf(this.#setting, kind, category));
    this.#windows.set(key, made);
    return made;
  }

  /** How many of `wanted` may go on: all where limits are off. */
  take(kind: string, category: Category, wanted: number, nowMs: number): number {
    if (this.isOff) return wanted;
    return this.#window(kind, category).take(wanted, nowMs);
  }

  /** Undefined where limits are off. */
  status(kind: string, category: Category, nowMs: number): RateStatus | undefined {
    if (this.isOff) return undefined;
    return this.#window(kind, category).status(nowMs);
  }
}
