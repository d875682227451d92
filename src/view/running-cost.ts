/**
 * Running cost: sums over an order's fills, from which its shortfall is told at any instant without
 * going through them again.
 *
 * What must stay true: it is the same exact sum as `shortfall` of `core/tca`, so that a row of the
 * list and the report say the same to the last digit.
 */
import { feeToCash } from "../core/domain/money.ts";
import { worthOfLot } from "../core/domain/instrument.ts";
import { sign } from "../core/domain/side.ts";
import { atTick, type Bps, cash, type HalfTicks } from "../core/domain/units.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import { bpsOf, intendedLots, magnitude } from "../core/tca/shortfall.ts";

export class RunningCost {
  readonly #parent: ParentState;
  readonly #mayLoad: boolean;
  #next = 0;
  #filled = 0;
  #paid = 0n;
  #fees = 0n;
  /** Σ ticks × lots and Σ lots / ticks. */
  #turnover = 0;
  #inverse = 0;

  /** @param mayLoad whether fills that stand in archives may be loaded for it. */
  constructor(parent: ParentState, mayLoad: boolean) {
    this.#parent = parent;
    this.#mayLoad = mayLoad;
  }

  /** Whether all that was done is here, or may be loaded. */
  get isKnown(): boolean {
    return this.#mayLoad || !this.#parent.history.isArchived;
  }

  /** Whole, with what is open at `horizon`; undefined: not known. */
  shortfallBps(horizon: HalfTicks | undefined): Bps | undefined {
    const { order, instrument, arrivalPrice } = this.#parent;
    if (arrivalPrice === undefined || horizon === undefined || !this.#catchUp()) return undefined;
    const decisionPrice = order.decisionPrice ?? arrivalPrice;
    const intended = BigInt(intendedLots(instrument, order.quantity, decisionPrice));
    const decided = worthOfLot(instrument, decisionPrice);
    const ended = worthOfLot(instrument, horizon);
    const paperGain = intended * (ended - decided);
    const trueGain = BigInt(this.#filled) * ended - this.#paid;
    const total = BigInt(sign(order.side)) * (paperGain - trueGain) + this.#fees;
    return bpsOf(cash(total), cash(intended * magnitude(decided)));
  }

  /** Average price in ticks; undefined: nothing is filled, or that is not known. */
  get vwapTicks(): number | undefined {
    if (!this.#catchUp() || this.#filled === 0) return undefined;
    return this.#parent.instrument.kind === "inverse"
      ? this.#filled / this.#inverse
      : this.#turnover / this.#filled;
  }

  #catchUp(): boolean {
    const parent = this.#parent;
    if (!this.isKnown) return false;
    const { fills } = parent;
    for (; this.#next < fills.length; this.#next++) {
      const { fill, feeRate } = fills[this.#next]!;
      this.#filled += fill.quantity;
      this.#paid += BigInt(fill.quantity) * worthOfLot(parent.instrument, atTick(fill.price));
      this.#fees += feeToCash(parent.instrument, fill, feeRate) ?? 0n;
      this.#turnover += fill.price * fill.quantity;
      this.#inverse += fill.quantity / fill.price;
    }
    return true;
  }
}
