/**
 * Live order: one order as the exchange keeps it, from its acknowledgement on, for good.
 *
 * What the outside is told is a record, a picture of it at one instant, made when first asked for
 * and kept until the order changes. What must stay true: cumulative ≤ quantity, and a closed order
 * never changes.
 */
import type { Side } from "../../core/domain/side.ts";
import {
  addLots,
  type Lots,
  lots,
  type Micros,
  NO_LOTS,
  type Ticks,
} from "../../core/domain/units.ts";
import type {
  ExecutionRecord,
  OrderRecord,
  OrderStatus,
  PositionIndex,
  WireTimeInForce,
} from "../exchange-types.ts";
import { amountText } from "../ledger/amount.ts";
import type { Charge } from "../ledger/fees.ts";
import type { Exposure } from "../ledger/exposure.ts";
import type { Listing } from "../ledger/listing.ts";
import type { Position } from "../ledger/position.ts";

/** Where in a contract an order belongs. */
export interface Seat {
  readonly exposure: Exposure;
  readonly position: Position;
  /** It only closes that position: reduce-only, or the closing side of hedge mode. */
  readonly isReducing: boolean;
}

/** What is settled when an order is taken. */
export interface OrderSeed {
  /** Counts the orders of the exchange: the later the larger. */
  readonly number: number;
  readonly orderId: string;
  readonly orderLinkId: string;
  readonly listing: Listing;
  readonly side: Side;
  readonly isMarket: boolean;
  readonly timeInForce: WireTimeInForce;
  readonly price: Ticks;
  readonly quantity: Lots;
  /** Of a spot market order by value: what it may spend, or is to raise. */
  readonly value: bigint | undefined;
  /** Undefined on spot, which has no positions. */
  readonly seat: Seat | undefined;
  readonly marketUnit: "" | "baseCoin" | "quoteCoin";
  readonly smpType: string;
  readonly createType: "CreateByUser" | "CreateByLiq";
}

const NO_FEES: ReadonlyMap<string, string> = new Map();

export class LiveOrder {
  readonly seed: OrderSeed;
  readonly orderId: string;
  readonly listing: Listing;
  readonly side: Side;
  readonly isReducing: boolean;
  readonly positionIndex: PositionIndex;
  price: Ticks;
  quantity: Lots;
  cumulative: Lots = NO_LOTS;
  /** Given by the market beyond what there was to reduce, and not taken: the order ends by it. */
  declined: Lots = NO_LOTS;
  status: OrderStatus = "New";
  cancelType = "UNKNOWN";
  /** The market has let it in: what ends it before is the door's doing. */
  isAccepted = false;
  /** What an amendment was refused for by the market, until the desk has looked. */
  amendRefusal: string | undefined;
  readonly executions: ExecutionRecord[] = [];
  #cumulativeValue = 0n;
  #fees: Map<string, bigint> | undefined;
  #rejectReason = "EC_NoError";
  readonly #lastPriceOnCreated: Ticks;
  readonly #createdAt: Micros;
  #updatedAt: Micros;
  #record: OrderRecord | undefined;

  constructor(seed: OrderSeed, at: Micros) {
    this.seed = seed;
    this.orderId = seed.orderId;
    this.listing = seed.listing;
    this.side = seed.side;
    this.isReducing = seed.seat?.isReducing ?? false;
    this.positionIndex = seed.seat?.position.index ?? 0;
    this.price = seed.price;
    this.quantity = seed.quantity;
    this.#lastPriceOnCreated = seed.listing.view.last;
    this.#createdAt = at;
    this.#updatedAt = at;
  }

  get isOpen(): boolean {
    return this.status === "New" || this.status === "PartiallyFilled";
  }

  get leaves(): Lots {
    return lots(this.quantity - this.cumulative - this.declined);
  }

  get createdAt(): Micros {
    return this.#createdAt;
  }

  fill(quantity: Lots, value: bigint, fee: Charge, at: Micros): void {
    this.cumulative = addLots(this.cumulative, quantity);
    this.#cumulativeValue += value;
    this.#fees ??= new Map();
    this.#fees.set(fee.coin, (this.#fees.get(fee.coin) ?? 0n) + fee.amount);
    // What is counted by value is full when the desk says so: no quantity is asked for.
    const isFull = this.cumulative === this.quantity && this.seed.value === undefined;
    this.status = isFull ? "Filled" : "PartiallyFilled";
    this.#touch(at);
  }

  amend(price: Ticks, quantity: Lots, at: Micros): void {
    this.price = price;
    this.quantity = quantity;
    this.#touch(at);
  }

  /** Of an order by value: so many lots may fill from here on. */
  allow(quantity: Lots): void {
    this.quantity = addLots(this.cumulative, quantity);
  }

  /** Worth of all that was filled. */
  get filledValue(): bigint {
    return this.#cumulativeValue;
  }

  /** An order by value has done what it could with its value. */
  complete(at: Micros): void {
    this.status = "Filled";
    this.#touch(at);
  }

  /** Ends without being filled up. */
  end(status: OrderStatus, rejectReason: string, at: Micros): void {
    const isPart = status === "Cancelled" && this.cumulative > 0;
    this.status = isPart && this.listing.category === "spot" ? "PartiallyFilledCanceled" : status;
    this.#rejectReason = rejectReason;
    this.#touch(at);
  }

  get record(): OrderRecord {
    this.#record ??= this.#make();
    return this.#record;
  }

  #touch(at: Micros): void {
    this.#updatedAt = at;
    this.#record = undefined;
  }

  #make(): OrderRecord {
    const { seed, listing } = this;
    return {
      number: seed.number,
      orderId: seed.orderId,
      orderLinkId: seed.orderLinkId,
      category: listing.category,
      symbol: listing.symbol,
      instrument: listing.instrument,
      side: seed.side,
      isMarket: seed.isMarket,
      timeInForce: seed.timeInForce,
      price: this.price,
      quantity: this.quantity,
      value: seed.value === undefined ? undefined : amountText(seed.value),
      cumulative: this.cumulative,
      cumulativeValue: amountText(this.#cumulativeValue),
      fees: this.#fees === undefined ? NO_FEES : textOf(this.#fees),
      status: this.status,
      cancelType: this.cancelType,
      rejectReason: this.#rejectReason,
      reduceOnly: this.isReducing,
      positionIndex: this.positionIndex,
      marketUnit: seed.marketUnit,
      lastPriceOnCreated: this.#lastPriceOnCreated,
      smpType: seed.smpType,
      createType: seed.createType,
      createdAt: this.#createdAt,
      updatedAt: this.#updatedAt,
    };
  }
}

function textOf(fees: ReadonlyMap<string, bigint>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [coin, amount] of fees) texts.set(coin, amountText(amount));
  return texts;
}
