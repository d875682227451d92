/**
 * Order rules: the operator's own bounds on what this session may send, whatever the engine wants.
 *
 * They stand beside the risk gate's limits and know nothing of them; the strictest holds. What must
 * stay true: a cancel is never held back, and an order whose value cannot be told is not sent.
 */
import { type Decimal, compareDecimal, formatDecimal } from "../../core/domain/decimal.ts";
import { type Instrument, notional } from "../../core/domain/instrument.ts";
import { atTick, type Lots, type Ticks } from "../../core/domain/units.ts";

export interface OrderRules {
  /** Of one order, in US dollars. */
  readonly maxOrderValue: Decimal | undefined;
  /** Between two new orders. */
  readonly minIntervalMs: number;
}

export interface RuleBroken {
  readonly code: "VENUE_MAX_ORDER_VALUE" | "VENUE_MIN_INTERVAL";
  readonly text: string;
}

/** Coins that are worth a dollar. */
const DOLLARS = new Set(["USD", "USDT", "USDC", "USDE", "DAI"]);

/** Whether the value of orders can be told in dollars. */
export const isInDollars = ({ kind, quote }: Instrument): boolean =>
  kind === "inverse" || DOLLARS.has(quote);

export class OrderGate {
  readonly #rules: OrderRules;
  readonly #instrument: Instrument;
  #placedAt = Number.NEGATIVE_INFINITY;

  constructor(instrument: Instrument, rules: OrderRules) {
    this.#instrument = instrument;
    this.#rules = rules;
  }

  /** `price`: the limit, or for a market order the last known; undefined: none is known. */
  place(price: Ticks | undefined, quantity: Lots, nowMs: number): RuleBroken | undefined {
    const broken = this.amend(price, quantity);
    if (broken !== undefined) return broken;
    const since = nowMs - this.#placedAt;
    if (since < this.#rules.minIntervalMs) {
      const text =
        `the last order went ${Math.round(since)} ms ago, and there are to be ` +
        `${this.#rules.minIntervalMs} ms between two`;
      return { code: "VENUE_MIN_INTERVAL", text };
    }
    this.#placedAt = nowMs;
    return undefined;
  }

  amend(price: Ticks | undefined, quantity: Lots): RuleBroken | undefined {
    const { maxOrderValue } = this.#rules;
    if (maxOrderValue === undefined) return undefined;
    const most = formatDecimal(maxOrderValue);
    if (price === undefined) {
      const text = `no price is known yet, so its value cannot be held against ${most} USD`;
      return { code: "VENUE_MAX_ORDER_VALUE", text };
    }
    const value = notional(this.#instrument, atTick(price), quantity);
    if (compareDecimal(value, maxOrderValue) <= 0) return undefined;
    const text = `the order is worth ${formatDecimal(value)} USD, and ${most} USD is the most`;
    return { code: "VENUE_MAX_ORDER_VALUE", text };
  }
}
