/**
 * Fees: what the venue charges for one execution, as exact decimal text and the coin it is paid in.
 *
 * A fee is signed like every cost: positive = paid, negative = a rebate received. It is computed
 * with whole numbers from the venue's rate text; a fee in the settlement coin always fits `Cash`.
 */
import type { Liquidity } from "../core/domain/child-order.ts";
import {
  type Decimal,
  decimal,
  divideHalfAway,
  formatDecimal,
  multiplyDecimal,
  tenTo,
} from "../core/domain/decimal.ts";
import {
  cashScale,
  type ContractKind,
  type Instrument,
  settleCoin,
} from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import type { Lots, Ticks } from "../core/domain/units.ts";

export interface FeeSchedule {
  /** A fraction of the worth as decimal text: "0.0002" is 2 bps; negative is a rebate. */
  readonly maker: string;
  readonly taker: string;
  /**
   * `settle`: the settlement coin, always.
   * `received`: spot alone: out of what the trade brings in, as Bybit takes it: a buyer pays in the
   * base coin, a seller in the quote coin, and a rebate comes in the coin that was given.
   */
  readonly coin: "settle" | "received";
}

export const NO_FEES: FeeSchedule = { maker: "0", taker: "0", coin: "settle" };

export interface Fee {
  /** Exact decimal text, no trailing zeros; positive = paid. */
  readonly amount: string;
  readonly coin: string;
}

/** Charges executions of one instrument. Built once: everything but price and size is folded in. */
export class FeeCharger {
  readonly #kind: ContractKind;
  readonly #settle: string;
  readonly #base: string;
  readonly #scale: number;
  readonly #maker: Rate;
  readonly #taker: Rate;
  readonly #isFromReceived: boolean;

  /** @throws InvariantError when a rate is not decimal text. */
  constructor(instrument: Instrument, schedule: FeeSchedule) {
    this.#kind = instrument.kind;
    this.#settle = settleCoin(instrument);
    this.#base = instrument.base;
    this.#scale = cashScale(instrument);
    this.#maker = rateOf(instrument, decimal(schedule.maker));
    this.#taker = rateOf(instrument, decimal(schedule.taker));
    this.#isFromReceived = schedule.coin === "received" && instrument.kind === "spot";
  }

  /** The fee of one execution: rate × worth, rounded half away at `cashScale` where it must be. */
  charge(side: Side, liquidity: Liquidity, price: Ticks, quantity: Lots): Fee {
    const rate = liquidity === "maker" ? this.#maker : this.#taker;
    const lotCount = BigInt(quantity);
    if (this.#isFromReceived && (side === "buy") === !rate.isRebate) {
      return { amount: text(lotCount * rate.perLot.mantissa, rate.perLot.scale), coin: this.#base };
    }
    const amount =
      this.#kind === "inverse"
        ? this.#inverse(rate, BigInt(price), lotCount)
        : this.#linear(rate, BigInt(price), lotCount);
    return { amount, coin: this.#settle };
  }

  #linear({ perTickLot: { mantissa, scale } }: Rate, price: bigint, lotCount: bigint): string {
    const exact = price * lotCount * mantissa;
    if (scale <= this.#scale) return text(exact, scale);
    return text(divideHalfAway(exact, tenTo(scale - this.#scale)), this.#scale);
  }

  /** rate × quantity / price, rounded once. */
  #inverse({ perLot, tick }: Rate, price: bigint, lotCount: bigint): string {
    const numerator = lotCount * perLot.mantissa * tenTo(this.#scale + tick.scale);
    const denominator = price * tick.mantissa * tenTo(perLot.scale);
    return text(divideHalfAway(numerator, denominator), this.#scale);
  }
}

/** A rate with the instrument's grid multiplied in. */
interface Rate {
  readonly isRebate: boolean;
  /** Fee on one lot where quantity is what is charged: rate × lot size × contract size. */
  readonly perLot: Decimal;
  /** Fee on one lot at a price of one tick. */
  readonly perTickLot: Decimal;
  readonly tick: Decimal;
}

function rateOf(instrument: Instrument, rate: Decimal): Rate {
  const lot = multiplyDecimal(instrument.lotSize, instrument.contractSize);
  const perLot = multiplyDecimal(lot, rate);
  const tick = instrument.tickSize;
  return { isRebate: rate.mantissa < 0n, perLot, perTickLot: multiplyDecimal(perLot, tick), tick };
}

/** Plain digits without trailing zeros after the point. */
function text(mantissa: bigint, scale: number): string {
  if (mantissa === 0n) return "0";
  const digits = formatDecimal({ mantissa, scale });
  return scale === 0 ? digits : digits.replace(/\.?0+$/, "");
}
