/**
 * Reference prices: mark, index, premium and funding of one market, by stated simple rules.
 *
 * Bybit takes its index from other exchanges; here there are none. So:
 *
 * - mark = the mid, averaged with a memory of 5 seconds (it starts at the first mid);
 * - index = mark / (1 + premium), where the market's world tells its premium (a generated one
 *   does); otherwise the mid averaged with a memory of 5 minutes, and premium = mark / index − 1;
 * - funding: as the world tells it; otherwise Bybit's formula over the premium at each minute of
 *   the interval, minute n weighted by n: P + clamp(0.01 % − P, ±0.05 %), within ±0.5 %, settled at
 *   00, 08 and 16 h UTC;
 * - price limits: Bybit's of May 2026 with the shares X and Y of the symbol: a contract's buyer may
 *   name min(mark (1 + Y), max(index, mark (1 + X) + a)), where a is how far the mid stood above
 *   the mark on average (30 s), 0 at least, and the seller's limit is its mirror image; on spot the
 *   same about the index with the average of 2 minutes, of either sign, as Bybit has it there.
 *
 * Averages are exponential and by the exchange's clock. What must stay true: they depend on the
 * mids and times alone.
 */
import {
  type HalfTicks,
  halfTicks,
  type Micros,
  micros,
  type Ticks,
} from "../../core/domain/units.ts";
import type { Category } from "../exchange-types.ts";
import type { HostedWorld } from "../hosted-market.ts";
import type { FundingPayment } from "../market-view.ts";
import { estimateText } from "./grid-text.ts";

export interface LimitShares {
  readonly soft: number;
  readonly hard: number;
}

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const MARK_MEMORY = 5 * SECOND;
const INDEX_MEMORY = 300 * SECOND;
const CONTRACT_PREMIUM_MEMORY = 30 * SECOND;
const SPOT_PREMIUM_MEMORY = 120 * SECOND;
const FUNDING_HOURS = 8;
const FUNDING_INTERVAL = FUNDING_HOURS * 60 * MINUTE;
/** Of one interval: 0.03 % a day. */
const INTEREST = 0.0001;
const DAMPENER = 0.0005;
export const FUNDING_CAP = 0.005;
const RATE_DIGITS = 8;
/** The averages are brought up to date so often. */
const SAMPLE_EVERY = SECOND / 20;

const clamp = (value: number, bound: number): number => Math.max(-bound, Math.min(bound, value));

export const rateText = (rate: number): string => {
  const text = estimateText(rate, RATE_DIGITS);
  return text === "-0" ? "0" : text;
};

export class ReferencePrices {
  readonly #category: Category;
  readonly #shares: LimitShares;
  readonly #world: HostedWorld | undefined;
  /** Averages, in half ticks; 0 before the first mid. */
  #mark = 0;
  #slow = 0;
  /** Of mid over mark (contracts) or over index (spot), in half ticks. */
  #above = 0;
  #sampledAt = 0;
  #minute = 0;
  #weighted = 0;
  #weights = 0;
  #nextFundingAt = 0;
  readonly #payments: FundingPayment[] = [];

  constructor(category: Category, shares: LimitShares, world: HostedWorld | undefined) {
    this.#category = category;
    this.#shares = shares;
    this.#world = world;
  }

  /** Half ticks, whole; 0 before the first mid. */
  get mark(): HalfTicks {
    return halfTicks(Math.round(this.#mark));
  }

  get index(): HalfTicks {
    return halfTicks(Math.round(this.#index));
  }

  get premium(): number {
    if (this.#world !== undefined) return this.#world.premium;
    return this.#slow === 0 ? 0 : this.#mark / this.#slow - 1;
  }

  get fundingRate(): number {
    if (this.#world !== undefined) return this.#world.fundingRate;
    const premium = this.#weights === 0 ? this.premium : this.#weighted / this.#weights;
    return clamp(premium + clamp(INTEREST - premium, DAMPENER), FUNDING_CAP);
  }

  get nextFundingAt(): Micros {
    return this.#world?.nextFundingAt ?? micros(this.#nextFundingAt);
  }

  /** The mid as it stands at `now`, in half ticks; 0 = there is none. */
  sample(mid: number, now: Micros): void {
    if (mid === 0) return;
    if (this.#mark === 0) {
      this.#mark = mid;
      this.#slow = mid;
      this.#sampledAt = now;
      this.#nextFundingAt = (Math.floor(now / FUNDING_INTERVAL) + 1) * FUNDING_INTERVAL;
      this.#minute = Math.floor(now / MINUTE);
      return;
    }
    const passed = now - this.#sampledAt;
    if (passed < SAMPLE_EVERY) return;
    this.#sampledAt = now;
    this.#mark += (mid - this.#mark) * weight(passed, MARK_MEMORY);
    this.#slow += (mid - this.#slow) * weight(passed, INDEX_MEMORY);
    const isSpot = this.#category === "spot";
    const above = mid - (isSpot ? this.#index : this.#mark);
    const memory = isSpot ? SPOT_PREMIUM_MEMORY : CONTRACT_PREMIUM_MEMORY;
    this.#above += (above - this.#above) * weight(passed, memory);
    if (!isSpot) this.#fund(now);
  }

  /** The highest price that a buyer may name, the lowest of a seller; whole ticks inside. */
  get limits(): { readonly buy: Ticks; readonly sell: Ticks } {
    const { soft, hard } = this.#shares;
    const isSpot = this.#category === "spot";
    const index = this.#index / 2;
    const base = isSpot ? index : this.#mark / 2;
    const above = this.#above / 2;
    const up = isSpot ? above : Math.max(0, above);
    const down = isSpot ? above : Math.min(0, above);
    const buy = Math.min(base * (1 + hard), Math.max(index, base * (1 + soft) + up));
    const sell = Math.max(base * (1 - hard), Math.min(index, base * (1 - soft) + down));
    return {
      buy: Math.max(1, Math.floor(buy)) as Ticks,
      sell: Math.max(1, Math.ceil(sell)) as Ticks,
    };
  }

  takeFundings(): readonly FundingPayment[] {
    return this.#payments.splice(0);
  }

  get #index(): number {
    return this.#world === undefined ? this.#slow : this.#mark / (1 + this.#world.premium);
  }

  #fund(now: Micros): void {
    const markPrice = this.mark;
    if (this.#world !== undefined) {
      for (const { rate, at } of this.#world.takeFundings()) {
        this.#payments.push({ rate: rateText(rate), at, markPrice });
      }
      return;
    }
    const minute = Math.floor(now / MINUTE);
    if (minute > this.#minute) {
      this.#minute = minute;
      const begin = (this.#nextFundingAt - FUNDING_INTERVAL) / MINUTE;
      const n = Math.max(1, minute - begin);
      this.#weighted += n * this.premium;
      this.#weights += n;
    }
    if (now < this.#nextFundingAt) return;
    const at = micros(this.#nextFundingAt);
    this.#payments.push({ rate: rateText(this.fundingRate), at, markPrice });
    this.#weighted = 0;
    this.#weights = 0;
    this.#nextFundingAt = (Math.floor(now / FUNDING_INTERVAL) + 1) * FUNDING_INTERVAL;
  }
}

/** Share of the newest value after `passed`, of an average with this memory. */
const weight = (passed: number, memory: number): number => -Math.expm1(-passed / memory);
