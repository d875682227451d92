/**
 * Worth: what a quantity of one instrument comes to at a price, as an amount of its coin.
 *
 * Linear and spot: price × quantity in the quote coin, exact. Inverse: quantity / price in the base
 * coin, with the one rounding that the core names (`worthOfLot`). Built once per market: everything
 * but price and size is folded in.
 */
import { divideHalfAway, multiplyDecimal, tenTo } from "../../core/domain/decimal.ts";
import { invariant } from "../../core/domain/errors.ts";
import {
  cashScale,
  type Instrument,
  settleCoin,
  worthOfLot,
} from "../../core/domain/instrument.ts";
import type { HalfTicks, Lots } from "../../core/domain/units.ts";
import { AMOUNT_SCALE, amountText, toAmount } from "./amount.ts";

/** An average price is shown to a ten-thousandth of a tick's last digit, and to 8 at least. */
const MEAN_EXTRA_DIGITS = 4;
const MEAN_DIGITS_MIN = 8;

export class Worth {
  readonly instrument: Instrument;
  readonly isInverse: boolean;
  /** The coin of profit and loss, and of a contract's value. */
  readonly settle: string;
  /** Quote coin of one lot at one half tick; of inverse contracts unused. */
  readonly #perHalfTickLot: bigint;
  /** Units of quantity in one lot: base coin, of inverse contracts quote coin. */
  readonly #perLot: bigint;
  readonly #perHalfTick: bigint;
  readonly #cashToAmount: bigint;

  constructor(instrument: Instrument) {
    const { tickSize, lotSize, contractSize } = instrument;
    const scale = cashScale(instrument);
    invariant(scale <= AMOUNT_SCALE, `${instrument.symbol}: a grid finer than any coin's`);
    this.instrument = instrument;
    this.isInverse = instrument.kind === "inverse";
    this.settle = settleCoin(instrument);
    const lot = multiplyDecimal(lotSize, contractSize);
    const halfTick = { mantissa: tickSize.mantissa * 5n, scale: tickSize.scale + 1 };
    this.#perLot = toAmount(lot);
    this.#perHalfTick = toAmount(halfTick);
    this.#perHalfTickLot = toAmount(multiplyDecimal(halfTick, lot));
    this.#cashToAmount = tenTo(AMOUNT_SCALE - scale);
  }

  /** Never negative, in the settlement coin. @throws InvariantError without a price. */
  at(price: HalfTicks, quantity: Lots): bigint {
    if (quantity === 0) return 0n;
    if (!this.isInverse) return BigInt(price) * BigInt(quantity) * this.#perHalfTickLot;
    return -worthOfLot(this.instrument, price) * BigInt(quantity) * this.#cashToAmount;
  }

  /** The quantity itself, in base coin (inverse: in quote coin). */
  units(quantity: Lots): bigint {
    return BigInt(quantity) * this.#perLot;
  }

  /** The most whole lots in `amount` of base coin (inverse: of quote coin). */
  lotsIn(amount: bigint): number {
    const count = amount <= 0n ? 0n : amount / this.#perLot;
    return count > MOST_LOTS ? Number.MAX_SAFE_INTEGER : Number(count);
  }

  /** What a division left over is rounded to the venue's money: half away from zero. */
  toCash(amount: bigint): bigint {
    return divideHalfAway(amount, this.#cashToAmount) * this.#cashToAmount;
  }

  /** Quote coin for one unit of base coin. */
  price(price: HalfTicks): bigint {
    return BigInt(price) * this.#perHalfTick;
  }

  /** The most whole lots that `budget` of quote coin pays for at a price. Not of inverse. */
  lotsWithin(budget: bigint, price: HalfTicks): number {
    if (budget <= 0n) return 0;
    const count = budget / (BigInt(price) * this.#perHalfTickLot);
    return count > MOST_LOTS ? Number.MAX_SAFE_INTEGER : Number(count);
  }

  /** The mean price of `quantity` lots that were worth `value`; "0" of nothing. */
  meanPrice(value: bigint, quantity: Lots): string {
    if (quantity === 0 || value === 0n) return "0";
    const units = this.units(quantity);
    const [above, below] = this.isInverse ? [units, value] : [value, units];
    const { scale } = this.instrument.tickSize;
    const digits = Math.max(MEAN_DIGITS_MIN, scale + MEAN_EXTRA_DIGITS);
    return amountText(divideHalfAway(above * tenTo(AMOUNT_SCALE), below), digits);
  }
}

const MOST_LOTS = BigInt(Number.MAX_SAFE_INTEGER);
