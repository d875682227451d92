/**
 * Position: what one account holds of one contract, one-way or one side of hedge mode.
 *
 * It carries what was paid for it (`cost`), not a mean price: closing a part gives up its share of
 * the cost, rounded once, and keeps the rest, so that all that was realised adds up exactly to what
 * came in less what was paid. What must stay true: no size means no cost and no side.
 */
import { divideHalfAway } from "../../core/domain/decimal.ts";
import type { Side } from "../../core/domain/side.ts";
import { type HalfTicks, type Lots, lots, type Micros, NO_LOTS } from "../../core/domain/units.ts";
import type { PositionIndex } from "../exchange-types.ts";
import type { Worth } from "./worth.ts";

/** What an execution did to a position. */
export interface PositionChange {
  /** Lots of it that closed what there was. */
  readonly closed: Lots;
  /** Realised by those, fees apart; positive = earned. */
  readonly profit: bigint;
}

export class Position {
  readonly index: PositionIndex;
  side: Side | undefined;
  size: Lots = NO_LOTS;
  /** Σ worth of what is held, at the prices paid. */
  cost = 0n;
  /** Since the position was opened, after fees and funding … */
  realised = 0n;
  /** … and since ever. */
  cumulativeRealised = 0n;
  createdAt = 0 as Micros;
  updatedAt = 0 as Micros;
  sequence = 0;
  readonly #worth: Worth;

  constructor(index: PositionIndex, worth: Worth) {
    this.index = index;
    this.#worth = worth;
  }

  /** +1 long, −1 short, 0 none. */
  get sign(): 1 | 0 | -1 {
    return this.side === undefined ? 0 : this.side === "buy" ? 1 : -1;
  }

  /** An execution of `quantity` lots that were worth `value`. It may close, and then turn. */
  fill(side: Side, quantity: Lots, value: bigint, at: Micros): PositionChange {
    this.updatedAt = at;
    if (this.side === undefined || this.side === side) {
      this.#open(side, quantity, value, at);
      return { closed: NO_LOTS, profit: 0n };
    }
    const closed = lots(Math.min(quantity, this.size));
    const valueClosed = closed === quantity ? value : this.#share(value, closed, quantity);
    const profit = this.#close(closed, valueClosed);
    if (closed < quantity) this.#open(side, lots(quantity - closed), value - valueClosed, at);
    return { closed, profit };
  }

  /** Money that came (positive) or went by this position: profit, less fees and funding. */
  note(amount: bigint): void {
    this.realised += amount;
    this.cumulativeRealised += amount;
  }

  /** What closing it at a price would realise. */
  unrealised(mark: HalfTicks): bigint {
    if (this.side === undefined) return 0n;
    return this.#gain(this.#worth.at(mark, this.size), this.cost);
  }

  #open(side: Side, quantity: Lots, value: bigint, at: Micros): void {
    if (this.side === undefined) {
      this.createdAt = at;
      this.realised = 0n;
    }
    this.side = side;
    this.size = lots(this.size + quantity);
    this.cost += value;
  }

  #close(quantity: Lots, value: bigint): bigint {
    const cost = quantity === this.size ? this.cost : this.#share(this.cost, quantity, this.size);
    const profit = this.#gain(value, cost);
    this.size = lots(this.size - quantity);
    this.cost -= cost;
    if (this.size === 0) this.side = undefined;
    return profit;
  }

  /** An inverse contract is worth less coin the dearer the coin: gain and worth run against. */
  #gain(value: bigint, cost: bigint): bigint {
    const rise = this.#worth.isInverse ? cost - value : value - cost;
    return this.side === "sell" ? -rise : rise;
  }

  /** The part of `amount` that falls to `quantity` of `whole` lots, rounded once. */
  #share(amount: bigint, quantity: Lots, whole: Lots): bigint {
    return this.#worth.toCash(divideHalfAway(amount * BigInt(quantity), BigInt(whole)));
  }
}
