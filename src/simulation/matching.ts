/**
 * Matching: our own orders at a simulated venue, from their arrival to their end.
 *
 * They stand beside the recorded market, never in it. A taker gets what the market has left for us;
 * a maker fills when a recorded trade reaches its place in the queue, or when the recorded other
 * side comes to its price. What must stay true: an order never fills beyond its quantity, at a
 * worse price than its own, or against another order of ours; reduce-only never turns the position.
 */
import type {
  ClientOrderId,
  Liquidity,
  OrderReport,
  OrderTerms,
} from "../core/domain/child-order.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { AmendTerms } from "../core/domain/messages.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { crosses, type Side, sign } from "../core/domain/side.ts";
import { halfTicks, lots, micros, type Ticks, ticks } from "../core/domain/units.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import { FeeCharger, type FeeSchedule } from "./fees.ts";
import {
  closable,
  doorRefusal,
  duplicateFault,
  type Fault,
  filledFault,
  notFoundFault,
  reduceOnlyFault,
  termsFault,
} from "./order-door.ts";
import type { QueueModelName } from "./queue.ts";
import { NOWHERE, type OwnOrder, RestingOrders } from "./resting-orders.ts";
import type { RowWatch } from "./row-watch.ts";
import type { VenueMarket } from "./venue-market.ts";

export interface MatchingConfig {
  readonly instrument: Instrument;
  readonly fees: FeeSchedule;
  readonly queue: QueueModelName;
  /** Decides where each order's rounding to whole lots begins. */
  readonly seed: number;
  /** Nanoseconds since the Unix epoch at time zero of the columns. */
  readonly epochNanos: bigint;
  /** Opening position, negative = short: what reduce-only orders may reduce. */
  readonly positionLots?: number;
}

type Tell = (clientOrderId: ClientOrderId, report: OrderReport) => void;

const LUCK = streamOf("queue-rounding");

export class Matching {
  readonly buys: RestingOrders;
  readonly sells: RestingOrders;
  readonly #market: VenueMarket;
  readonly #tell: Tell;
  readonly #instrument: Instrument;
  readonly #charger: FeeCharger;
  readonly #seed: number;
  readonly #epochMicros: number;
  readonly #orders = new Map<ClientOrderId, OwnOrder>();
  #position: number;
  #inserted = 0;

  /**
   * @param filters are kept told of every tick where an order rests.
   * @param tell is called with each report, at `market.now`.
   */
  constructor(config: MatchingConfig, market: VenueMarket, filters: RowWatch, tell: Tell) {
    this.#market = market;
    this.#tell = tell;
    this.#instrument = config.instrument;
    this.#charger = new FeeCharger(config.instrument, config.fees);
    this.#seed = config.seed;
    this.#epochMicros = Number(config.epochNanos / 1000n);
    this.#position = config.positionLots ?? 0;
    this.buys = new RestingOrders("buy", config.queue, filters.bidFilter);
    this.sells = new RestingOrders("sell", config.queue, filters.askFilter);
  }

  place(terms: OrderTerms): void {
    const { clientOrderId, limitPrice, quantity, side } = terms;
    const fault = this.#orders.has(clientOrderId)
      ? duplicateFault(clientOrderId)
      : (termsFault(terms, this.#instrument, this.#market) ??
        reduceOnlyFault(terms, quantity, this.#position));
    if (fault !== undefined) {
      this.#tell(clientOrderId, { kind: "rejected", ...fault });
      return;
    }
    const price = limitPrice ?? (side === "buy" ? NOWHERE : 0);
    const order = { terms, price, quantity, cumulative: 0, executions: 0, open: true };
    this.#orders.set(clientOrderId, order);
    this.#admit(order, { kind: "accepted" });
  }

  /** An amendment that only makes the order smaller keeps its place in the queue. */
  amend(amend: AmendTerms): void {
    const { clientOrderId, limitPrice, quantity } = amend;
    const order = this.#orders.get(clientOrderId);
    if (order === undefined || !order.open) {
      this.#tell(clientOrderId, { kind: "amend-rejected", ...notFoundFault(clientOrderId) });
      return;
    }
    const fault = this.#amendFault(order, amend);
    if (fault !== undefined) {
      this.#tell(clientOrderId, { kind: "amend-rejected", ...fault });
      return;
    }
    const keepsPlace = limitPrice === order.price && quantity <= order.quantity;
    order.quantity = quantity;
    if (keepsPlace) {
      this.#tell(clientOrderId, { kind: "amended", limitPrice, quantity });
      return;
    }
    const resting = this.#restingOf(order);
    resting.removeAt(resting.indexOf(order));
    order.price = limitPrice;
    this.#admit(order, { kind: "amended", limitPrice, quantity });
  }

  cancel(id: ClientOrderId): void {
    const order = this.#orders.get(id);
    if (order === undefined || !order.open) {
      this.#tell(id, { kind: "cancel-rejected", ...notFoundFault(id) });
      return;
    }
    const resting = this.#restingOf(order);
    resting.removeAt(resting.indexOf(order));
    this.#end(order, "canceled on request");
  }

  /**
   * A recorded trade of `quantity` reached `price`, where or beyond which orders of ours rest.
   * @returns whether any of them filled.
   */
  traded(resting: RestingOrders, price: number, quantity: number): boolean {
    let left = quantity;
    for (let at = 0; at < resting.count && resting.reaches(price, at); at++) {
      const order = resting.order(at);
      const wanted = this.#fillable(order);
      let filled: number;
      if (order.price === price) {
        filled = resting.serve(at, left, wanted);
        resting.noteTraded(at, quantity);
      } else {
        resting.frontGone(at);
        filled = left < wanted ? left : wanted;
      }
      if (filled === 0) continue;
      left -= filled;
      this.#fill(order, order.price, filled, "maker");
    }
    if (left === quantity) return false;
    this.#retire();
    return true;
  }

  /** The recorded other side may have come to our orders: they get what is visible, as makers. */
  fillFromLevels(side: Side): void {
    const resting = side === "buy" ? this.buys : this.sells;
    const levels = this.#market.offeredTo(side);
    for (let at = 0; at < resting.count && levels.best !== NO_TICK; at++) {
      if (!resting.reaches(levels.best, at)) break;
      const order = resting.order(at);
      const wanted = this.#fillable(order);
      let left = wanted;
      for (let tick = levels.best; left > 0 && tick !== NO_TICK; tick = levels.next(tick)) {
        if (!resting.reaches(tick, at)) break;
        left -= this.#market.take(side, tick, left);
      }
      if (left < wanted) this.#fill(order, order.price, wanted - left, "maker");
    }
    this.#retire();
  }

  /** The level has been set: what others hold there has moved, and with it our place. */
  levelMoved(side: Side, tick: number): void {
    const resting = side === "buy" ? this.buys : this.sells;
    // Most such levels are only in debt: looking up what they show would be for nothing.
    if (tick < resting.low || tick > resting.high) return;
    resting.levelMoved(tick, this.#market.visibleBeside(side, tick));
  }

  /** A snapshot has replaced the book. */
  allMoved(): void {
    this.buys.allMoved((tick) => this.#market.visibleBeside("buy", tick));
    this.sells.allMoved((tick) => this.#market.visibleBeside("sell", tick));
  }

  #amendFault(order: OwnOrder, { limitPrice, quantity }: AmendTerms): Fault | undefined {
    const terms = { ...order.terms, limitPrice, quantity };
    const fault = termsFault(terms, this.#instrument, this.#market);
    if (fault !== undefined) return fault;
    if (quantity <= order.cumulative) return filledFault(order.cumulative);
    return reduceOnlyFault(terms, quantity - order.cumulative, this.#position);
  }

  /** Tells `welcome` and sets the order to work, unless it is one that must not begin. */
  #admit(order: OwnOrder, welcome: OrderReport): void {
    const reach = this.#reach(order);
    const refusal = doorRefusal(order, reach, this.#market);
    if (refusal !== undefined) {
      this.#end(order, refusal);
      return;
    }
    this.#tell(order.terms.clientOrderId, welcome);
    this.#work(order, reach);
  }

  /** Takes what the order may take, then rests it or ends it. */
  #work(order: OwnOrder, reach: number): void {
    const { side, limitPrice, timeInForce } = order.terms;
    this.#take(order, reach);
    this.#retire();
    if (!order.open) return;
    if (reach !== order.price) {
      this.#end(order, "the rest would trade with an own order");
    } else if (limitPrice === undefined) {
      this.#end(order, "market order: no more depth");
    } else if (timeInForce.kind !== "good-till-canceled") {
      this.#end(order, "immediate-or-cancel: the rest was not there");
    } else {
      const level = this.#market.visibleBeside(side, order.price);
      this.#restingOf(order).insert(order, level, uniformAt(this.#seed, LUCK, this.#inserted++));
    }
  }

  /** Walks the visible levels up to `reach`: one execution each, all against one mid. */
  #take(order: OwnOrder, reach: number): void {
    const { side } = order.terms;
    const levels = this.#market.offeredTo(side);
    for (let tick = levels.best; tick !== NO_TICK; tick = levels.next(tick)) {
      const wanted = this.#fillable(order);
      if (wanted === 0 || !crosses(side, reach as Ticks, tick as Ticks)) return;
      const taken = this.#market.take(side, tick, wanted);
      if (taken > 0) this.#fill(order, tick, taken, "taker");
    }
  }

  /** The worst price the order may take at: its own, short of where an own order stands. */
  #reach(order: OwnOrder): number {
    const { price } = order;
    const { buys, sells } = this;
    if (order.terms.side === "buy") {
      return sells.count > 0 && price >= sells.best ? sells.best - 1 : price;
    }
    return buys.count > 0 && price <= buys.best ? buys.best + 1 : price;
  }

  #fill(order: OwnOrder, price: number, quantity: number, liquidity: Liquidity): void {
    const { clientOrderId, side } = order.terms;
    const { now, midBefore, spreadBefore } = this.#market;
    order.cumulative += quantity;
    order.executions++;
    if (order.cumulative === order.quantity) order.open = false;
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
        ...(midBefore === 0 ? {} : quote),
        exchangeTime: micros(this.#epochMicros + Math.floor(now / 1000)),
      },
    });
  }

  /** Takes out of the queues what is filled, and reduce-only with nothing left to reduce. */
  #retire(): void {
    for (const resting of [this.buys, this.sells]) {
      for (let at = resting.count - 1; at >= 0; at--) {
        const order = resting.order(at);
        const isIdle = order.open && this.#fillable(order) === 0;
        if (order.open && !isIdle) continue;
        resting.removeAt(at);
        if (isIdle) this.#end(order, "reduce-only: nothing is left to reduce");
      }
    }
  }

  #end(order: OwnOrder, text: string): void {
    order.open = false;
    this.#tell(order.terms.clientOrderId, { kind: "canceled", text });
  }

  /** Lots of the order that may fill now: a reduce-only order never turns the position. */
  #fillable({ quantity, cumulative, terms }: OwnOrder): number {
    const open = quantity - cumulative;
    return terms.reduceOnly === true ? Math.min(open, closable(terms.side, this.#position)) : open;
  }

  #restingOf(order: OwnOrder): RestingOrders {
    return order.terms.side === "buy" ? this.buys : this.sells;
  }
}
