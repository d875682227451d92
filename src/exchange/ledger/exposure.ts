/**
 * Exposure: what one account has at stake in one contract: positions, resting orders, leverage.
 *
 * Margin is Bybit's for cross margin, in its published form: initial = worth / leverage + the fee
 * to close; maintenance = worth × rate + the fee to close; both at the mark price, the fee to close
 * at the price where the margin would be gone. Approximate: one risk tier (no deduction).
 *
 * Orders count only for what they add: in one-way mode the larger of "all buys fill" and "all sells
 * fill" counts, so an order that reduces costs nothing. Their worth is a running sum, so nothing is
 * walked per order. What must stay true: the sums are those of the open orders.
 */
import {
  compareDecimal,
  type Decimal,
  decimal,
  formatDecimal,
  trimDecimal,
} from "../../core/domain/decimal.ts";
import type { Side } from "../../core/domain/side.ts";
import { atTick, type Lots, type Ticks } from "../../core/domain/units.ts";
import type { PositionIndex } from "../exchange-types.ts";
import { perDecimal, timesDecimal } from "./amount.ts";
import type { Listing } from "./listing.ts";
import { Position } from "./position.ts";

/** What Bybit gives a new account. */
const FIRST_LEVERAGE = "10";

/** In the settlement coin. */
export interface ExposureMargin {
  readonly position: bigint;
  readonly order: bigint;
  readonly maintenance: bigint;
  readonly unrealised: bigint;
}

/** Of an order, what margin is counted by. */
export interface Stake {
  readonly side: Side;
  readonly price: Ticks;
  readonly leaves: Lots;
  readonly positionIndex: PositionIndex;
}

export class Exposure {
  readonly listing: Listing;
  isHedge = false;
  leverage: string;
  #leverage: Decimal;
  /** By position index: the one-way position, the long side, the short side. */
  readonly positions: readonly [Position, Position, Position];
  /** Worth of the resting orders that may open something, by position index. */
  readonly #buying: [bigint, bigint, bigint] = [0n, 0n, 0n];
  readonly #selling: [bigint, bigint, bigint] = [0n, 0n, 0n];

  constructor(listing: Listing) {
    const { worth, maxLeverage } = listing;
    this.listing = listing;
    this.positions = [new Position(0, worth), new Position(1, worth), new Position(2, worth)];
    const isTooMuch = compareDecimal(decimal(FIRST_LEVERAGE), maxLeverage) > 0;
    this.leverage = isTooMuch ? formatDecimal(trimDecimal(maxLeverage)) : FIRST_LEVERAGE;
    this.#leverage = decimal(this.leverage);
  }

  setLeverage(text: string): void {
    this.leverage = text;
    this.#leverage = decimal(text);
  }

  /** The positions of the mode that is set. */
  get current(): readonly Position[] {
    return this.isHedge ? this.positions.slice(1) : this.positions.slice(0, 1);
  }

  get hasPosition(): boolean {
    const [one, long, short] = this.positions;
    return one.size + long.size + short.size > 0;
  }

  get isIdle(): boolean {
    if (this.hasPosition) return false;
    const [a, b, c] = this.#buying;
    const [d, e, f] = this.#selling;
    return a + b + c + d + e + f === 0n;
  }

  /** An order that may open something rests (+1), or does no more (−1), as it stands now. */
  count({ side, price, leaves, positionIndex }: Stake, by: 1 | -1): void {
    const worth = this.listing.worth.at(atTick(price), leaves);
    const sums = side === "buy" ? this.#buying : this.#selling;
    sums[positionIndex] += by === 1 ? worth : -worth;
  }

  /** Worth of the resting orders of a side that may open something. */
  resting(side: Side, index: PositionIndex): bigint {
    return (side === "buy" ? this.#buying : this.#selling)[index];
  }

  /** All initial margin, in the settlement coin. */
  get initial(): bigint {
    const { position, order } = this.#initial();
    return position + order;
  }

  /** What `leverage` would make of it. */
  initialAt(leverage: string): bigint {
    const kept = this.#leverage;
    this.#leverage = decimal(leverage);
    const wanted = this.initial;
    this.#leverage = kept;
    return wanted;
  }

  get maintenance(): bigint {
    let sum = 0n;
    for (const position of this.positions) {
      if (position.size > 0) sum += this.maintenanceOf(position);
    }
    return sum;
  }

  get unrealised(): bigint {
    let sum = 0n;
    const mark = this.listing.view.markPrice;
    if (mark === 0) return 0n;
    for (const position of this.positions) sum += position.unrealised(mark);
    return sum;
  }

  get margin(): ExposureMargin {
    const { maintenance, unrealised } = this;
    return { ...this.#initial(), maintenance, unrealised };
  }

  /** At the mark price; before there is one, what was paid. */
  valueOf(position: Position): bigint {
    const mark = this.listing.view.markPrice;
    return mark === 0 ? position.cost : this.listing.worth.at(mark, position.size);
  }

  initialOf(position: Position): bigint {
    const value = this.valueOf(position);
    return perDecimal(value, this.#leverage) + this.#closingFee(value, position.side === "sell");
  }

  maintenanceOf(position: Position): bigint {
    const value = this.valueOf(position);
    const fee = this.#closingFee(value, position.side === "sell");
    return timesDecimal(value, this.listing.maintenanceRate) + fee;
  }

  #initial(): { position: bigint; order: bigint } {
    let position = 0n;
    for (const each of this.positions) if (each.size > 0) position += this.initialOf(each);
    return { position, order: this.#ofOrders() };
  }

  /** By what the resting orders could enlarge what is held: the larger of the two directions. */
  #ofOrders(): bigint {
    const [buying, buyingLong] = this.#buying;
    const [selling, , sellingShort] = this.#selling;
    let margin = this.#costOf(buyingLong, false) + this.#costOf(sellingShort, true);
    if (buying === 0n && selling === 0n) return margin;
    const [one] = this.positions;
    const size = one.size === 0 ? 0n : this.valueOf(one);
    const held = one.side === "sell" ? -size : size;
    const up = magnitude(held + buying);
    const down = magnitude(held - selling);
    const most = up > down ? up : down;
    if (most > size) margin += this.#costOf(most - size, down > up);
    return margin;
  }

  /** Bybit's order cost: margin, the fee to open and the fee to close. */
  #costOf(value: bigint, isShort: boolean): bigint {
    if (value === 0n) return 0n;
    const opening = timesDecimal(value, this.listing.fees.taker);
    return perDecimal(value, this.#leverage) + opening + this.#closingFee(value, isShort);
  }

  /** To close at the price where the margin is gone: dearer for a short, or a long inverse. */
  #closingFee(value: bigint, isShort: boolean): bigint {
    const margin = perDecimal(value, this.#leverage);
    const isDearer = isShort !== this.listing.worth.isInverse;
    return timesDecimal(isDearer ? value + margin : value - margin, this.listing.fees.taker);
  }
}

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
