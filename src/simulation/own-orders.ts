/**
 * Own orders: the orders of one account at a simulated venue, from their arrival to their end.
 *
 * Whatever the market they trade in, they come through the same door, tell the same reports and
 * move the same position; where and how they trade is the venue's. What must stay true: an order
 * never fills beyond its quantity, nothing is told of an order that has ended, and reduce-only
 * never turns the position.
 */
import type {
  ClientOrderId,
  Fill,
  Liquidity,
  OrderReport,
  OrderTerms,
} from "../core/domain/child-order.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { sign } from "../core/domain/side.ts";
import { halfTicks, lots, micros, ticks } from "../core/domain/units.ts";
import { FeeCharger, type FeeSchedule } from "./fees.ts";
import {
  closable,
  type DoorMarket,
  duplicateFault,
  type Fault,
  filledFault,
  notFoundFault,
  reduceOnlyFault,
  termsFault,
} from "./order-door.ts";
import { NOWHERE, type OwnOrder } from "./resting-orders.ts";

export interface OwnOrdersConfig {
  readonly instrument: Instrument;
  readonly fees: FeeSchedule;
  /** Nanoseconds since the Unix epoch at time zero of the columns. */
  readonly epochNanos: bigint;
  /** Opening position, negative = short: what reduce-only orders may reduce. */
  readonly positionLots?: number;
  /**
   * Whether orders that have ended are forgotten, so that one who trades for weeks does not fill
   * the memory. Their ids could then be used again: whoever sets it sees to it that they are not.
   */
  readonly forgetsEnded?: boolean;
}

/** What a report of a fill tells of the market. */
export interface QuoteBefore {
  /** Nanoseconds of exchange time. */
  readonly now: number;
  /** Twice the mid before what acts now, a message or a command; 0 where unknown. */
  readonly midBefore: number;
  /** Ask − bid at that instant, where the mid is known. */
  readonly spreadBefore: number;
  /** Half ticks by which our trades have moved that mid; undefined where nothing tells. */
  readonly displacement: number | undefined;
  /** Of `displacement`, what stays; undefined where nothing tells. */
  readonly permanentDisplacement: number | undefined;
}

export type Tell = (clientOrderId: ClientOrderId, report: OrderReport) => void;

export class OwnOrders {
  readonly #market: DoorMarket & QuoteBefore;
  readonly #tell: Tell;
  readonly #instrument: Instrument;
  readonly #charger: FeeCharger;
  readonly #epochMicros: number;
  readonly #orders = new Map<ClientOrderId, OwnOrder>();
  readonly #forgetsEnded: boolean;
  #position: number;

  /** @param tell is called with each report, at `market.now`. */
  constructor(config: OwnOrdersConfig, market: DoorMarket & QuoteBefore, tell: Tell) {
    this.#market = market;
    this.#tell = tell;
    this.#instrument = config.instrument;
    this.#charger = new FeeCharger(config.instrument, config.fees);
    this.#epochMicros = Number(config.epochNanos / 1000n);
    this.#position = config.positionLots ?? 0;
    this.#forgetsEnded = config.forgetsEnded === true;
  }

  /** An order has come. @returns it, to be admitted; nothing when it was rejected. */
  open(terms: OrderTerms): OwnOrder | undefined {
    const { clientOrderId, limitPrice, quantity, side } = terms;
    const fault = this.#orders.has(clientOrderId)
      ? duplicateFault(clientOrderId)
      : (termsFault(terms, this.#instrument, this.#market) ??
        reduceOnlyFault(terms, quantity, this.#position));
    if (fault !== undefined) {
      this.#tell(clientOrderId, { kind: "rejected", ...fault });
      return undefined;
    }
    const price = limitPrice ?? (side === "buy" ? NOWHERE : 0);
    const order = { terms, price, quantity, cumulative: 0, executions: 0, open: true };
    this.#orders.set(clientOrderId, order);
    return order;
  }

  /**
   * An amendment has come. @returns the order that it may change, still as it was; nothing when it
   * was rejected.
   */
  amendable(amend: AmendTerms): OwnOrder | undefined {
    const { clientOrderId } = amend;
    const order = this.#orders.get(clientOrderId);
    const fault =
      order === undefined || !order.open
        ? notFoundFault(clientOrderId)
        : this.#amendFault(order, amend);
    if (fault === undefined) return order;
    this.#tell(clientOrderId, { kind: "amend-rejected", ...fault });
    return undefined;
  }

  /** A cancel has come. @returns the order, still open; nothing when it was rejected. */
  cancelable(id: ClientOrderId): OwnOrder | undefined {
    const order = this.#orders.get(id);
    if (order !== undefined && order.open) return order;
    this.#tell(id, { kind: "cancel-rejected", ...notFoundFault(id) });
    return undefined;
  }

  tell(order: OwnOrder, report: OrderReport): void {
    this.#tell(order.terms.clientOrderId, report);
  }

  /** An execution of at least one lot, at most what the order may fill. */
  fill(order: OwnOrder, price: number, quantity: number, liquidity: Liquidity): void {
    const { clientOrderId, side } = order.terms;
    const { now, midBefore, spreadBefore } = this.#market;
    order.cumulative += quantity;
    order.executions++;
    if (order.cumulative === order.quantity) this.#close(order);
    this.#position += sign(side) * quantity;
    const fee = this.#charger.charge(side, liquidity, ticks(price), lots(quantity));
    const quote = { midBefore: halfTicks(midBefore), spreadBefore: ticks(spreadBefore) };
    this.#tell(clientOrderId, {
      kind: "filled",
      fill: {
        executionId: `${clientOrderId}.${order.executions}`,
        price: ticks(price),
        quantity: lots(quantity),
        liquidity,
        fee: fee.amount,
        feeCoin: fee.coin,
        ...(midBefore === 0 ? {} : { ...quote, ...this.#moved() }),
        exchangeTime: micros(this.#epochMicros + Math.floor(now / 1000)),
      },
    });
  }

  /** What our trading has done to the mid, as far as the market tells. */
  #moved(): Pick<Fill, "displacement" | "permanentDisplacement"> {
    const { displacement } = this.#market;
    if (displacement === undefined) return {};
    const { permanentDisplacement: lasting } = this.#market;
    return {
      displacement: halfTicks(displacement),
      ...(lasting === undefined ? {} : { permanentDisplacement: halfTicks(lasting) }),
    };
  }

  /** The order ends unfilled, or with a part of it. */
  end(order: OwnOrder, text: string): void {
    this.#close(order);
    this.#tell(order.terms.clientOrderId, { kind: "canceled", text });
  }

  #close(order: OwnOrder): void {
    order.open = false;
    if (this.#forgetsEnded) this.#orders.delete(order.terms.clientOrderId);
  }

  /**
   * Lots of the order that may fill now: a reduce-only order never turns the position.
   * @param before lots of own orders on its side that will have been filled by then.
   */
  fillable({ quantity, cumulative, terms }: OwnOrder, before = 0): number {
    const open = quantity - cumulative;
    if (terms.reduceOnly !== true) return open;
    return Math.min(open, Math.max(0, closable(terms.side, this.#position) - before));
  }

  #amendFault(order: OwnOrder, { limitPrice, quantity }: AmendTerms): Fault | undefined {
    const terms = { ...order.terms, limitPrice, quantity };
    const fault = termsFault(terms, this.#instrument, this.#market);
    if (fault !== undefined) return fault;
    if (quantity <= order.cumulative) return filledFault(order.cumulative);
    return reduceOnlyFault(terms, quantity - order.cumulative, this.#position);
  }
}

export const NOTHING_TO_REDUCE = "reduce-only: nothing is left to reduce";

/**
 * Why an order that has taken all it could reach must not rest; nothing when it may.
 * @param reach the worst price it could take at: its own, short of where an own order stands.
 */
export function restRefusal({ price, terms }: OwnOrder, reach: number): string | undefined {
  if (reach !== price) return "the rest would trade with an own order";
  if (terms.limitPrice === undefined) return "market order: no more depth";
  if (terms.timeInForce.kind !== "good-till-canceled") {
    return "immediate-or-cancel: the rest was not there";
  }
  return undefined;
}
