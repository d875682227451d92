/**
 * Fees: what the local exchange charges for one execution.
 *
 * The exchange charges by itself, whatever the hosted market says of fees, so that the same account
 * pays the same in every kind of market. Positive = paid. Spot takes a fee out of what the trade
 * brings in, and gives a rebate in what it costs; contracts use the settlement coin.
 */
import { type Decimal, decimal } from "../../core/domain/decimal.ts";
import type { Side } from "../../core/domain/side.ts";
import type { Lots } from "../../core/domain/units.ts";
import type { Category } from "../exchange-types.ts";
import { timesDecimal } from "./amount.ts";
import type { Worth } from "./worth.ts";

/** Fractions of the worth as decimal text: "0.0002" is 2 bps; negative is a rebate. */
export interface FeeRate {
  readonly maker: string;
  readonly taker: string;
}

export type FeeTable = Readonly<Record<Category, FeeRate>>;

/** What Bybit charges who is nobody special (VIP 0, 2026). */
export const STANDARD_FEES: FeeTable = {
  spot: { maker: "0.001", taker: "0.001" },
  linear: { maker: "0.0002", taker: "0.00055" },
  inverse: { maker: "0.0002", taker: "0.00055" },
};

export interface Charge {
  readonly amount: bigint;
  readonly coin: string;
  readonly rate: string;
}

export class FeeSchedule {
  readonly rate: FeeRate;
  readonly taker: Decimal;
  readonly #maker: Decimal;
  readonly #worth: Worth;

  /** @throws InvariantError when a rate is not decimal text. */
  constructor(worth: Worth, rate: FeeRate) {
    this.#worth = worth;
    this.rate = rate;
    this.#maker = decimal(rate.maker);
    this.taker = decimal(rate.taker);
  }

  /** @param value what the execution was worth. */
  charge(side: Side, isMaker: boolean, value: bigint, quantity: Lots): Charge {
    const rate = isMaker ? this.#maker : this.taker;
    const text = isMaker ? this.rate.maker : this.rate.taker;
    const { instrument, settle } = this.#worth;
    const isInBase = instrument.kind === "spot" && (side === "buy") === rate.mantissa >= 0n;
    const charged = isInBase ? this.#worth.units(quantity) : value;
    return {
      amount: this.#worth.toCash(timesDecimal(charged, rate)),
      coin: isInBase ? instrument.base : settle,
      rate: text,
    };
  }
}
