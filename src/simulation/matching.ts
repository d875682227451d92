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
import type { AmendTerms } from "../core/domain/messages.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { crosses, type Side } from "../core/domain/side.ts";
import type { Ticks } from "../core/domain/units.ts";
import { NO_TICK } from "../core/market/book-side.ts";
import { doorRefusal } from "./order-door.ts";
import {
  NOTHING_TO_REDUCE,
  OwnOrders,
  type OwnOrdersConfig,
  restRefusal,
  type Tell,
} from "./own-orders.ts";
import type { QueueModelName } from "./queue.ts";
import { type OwnOrder, RestingOrders } from "./resting-orders.ts";
import type { RowWatch } from "./row-watch.ts";
import type { VenueMarket } from "./venue-market.ts";

export interface MatchingConfig extends OwnOrdersConfig {
  readonly queue: QueueModelName;
  /** Decides where each order's rounding to whole lots begins. */
  readonly seed: number;
}

const LUCK = streamOf("queue-rounding");

export class Matching {
  readonly buys: RestingOrders;
  readonly sells: RestingOrders;
  readonly #market: VenueMarket;
  readonly #own: OwnOrders;
  readonly #seed: number;
  #inserted = 0;

  /**
   * @param filters are kept told of every tick where an order rests.
   * @param tell is called with each report, at `market.now`.
   */
  constructor(config: MatchingConfig, market: VenueMarket, filters: RowWatch, tell: Tell) {
    this.#market = market;
    this.#own = new OwnOrders(config, market, tell);
    this.#seed = config.seed;
    this.buys = new RestingOrders("buy", config.queue, filters.bidFilter);
    this.sells = new RestingOrders("sell", config.queue, filters.askFilter);
  }

  place(terms: OrderTerms): void {
    const order = this.#own.open(terms);
    if (order !== undefined) this.#admit(order, { kind: "accepted" });
  }

  /** An amendment that only makes the order smaller keeps its place in the queue. */
  amend(amend: AmendTerms): void {
    const order = this.#own.amendable(amend);
    if (order === undefined) return;
    const { limitPrice, quantity } = amend;
    const keepsPlace = limitPrice === order.price && quantity <= order.quantity;
    order.quantity = quantity;
    if (keepsPlace) {
      this.#own.tell(order, { kind: "amended", limitPrice, quantity });
      return;
    }
    const resting = this.#restingOf(order);
    resting.removeAt(resting.indexOf(order));
    order.price = limitPrice;
    this.#admit(order, { kind: "amended", limitPrice, quantity });
  }

  cancel(id: ClientOrderId): void {
    const order = this.#own.cancelable(id);
    if (order === undefined) return;
    const resting = this.#restingOf(order);
    resting.removeAt(resting.indexOf(order));
    this.#own.end(order, "canceled on request");
  }

  /**
   * A recorded trade of `quantity` reached `price`, where or beyond which orders of ours rest.
   * @returns lots of it that they got.
   */
  traded(resting: RestingOrders, price: number, quantity: number): number {
    let left = quantity;
    for (let at = 0; at < resting.count && resting.reaches(price, at); at++) {
      const order = resting.order(at);
      const wanted = this.#market.beforeShift(order.terms.side, this.#own.fillable(order));
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
    const ours = quantity - left;
    if (ours === 0) return 0;
    this.#market.spare(resting === this.buys ? "buy" : "sell", price, ours);
    this.#retire();
    return ours;
  }

  /** The recorded other side may have come to our orders: they get what is visible, as makers. */
  fillFromLevels(side: Side): void {
    const resting = side === "buy" ? this.buys : this.sells;
    const levels = this.#market.offeredTo(side);
    for (let at = 0; at < resting.count && levels.best !== NO_TICK; at++) {
      if (!resting.reaches(levels.best, at)) break;
      const order = resting.order(at);
      const wanted = this.#market.beforeShift(side, this.#own.fillable(order));
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

  /** Tells `welcome` and sets the order to work, unless it is one that must not begin. */
  #admit(order: OwnOrder, welcome: OrderReport): void {
    const reach = this.#reach(order);
    const refusal = doorRefusal(order, reach, this.#market);
    if (refusal !== undefined) {
      this.#own.end(order, refusal);
      return;
    }
    this.#own.tell(order, welcome);
    this.#work(order, reach);
  }

  /** Takes what the order may take, then rests it or ends it. */
  #work(order: OwnOrder, reach: number): void {
    const { side } = order.terms;
    this.#take(order, reach);
    this.#retire();
    if (!order.open) return;
    const refusal = restRefusal(order, reach);
    if (refusal !== undefined) {
      this.#own.end(order, refusal);
      return;
    }
    const level = this.#market.visibleBeside(side, order.price);
    this.#restingOf(order).insert(order, level, uniformAt(this.#seed, LUCK, this.#inserted++));
  }

  /** Walks the visible levels up to `reach`: one execution each, all against one mid. */
  #take(order: OwnOrder, reach: number): void {
    const { side } = order.terms;
    const levels = this.#market.offeredTo(side);
    let tick = levels.best;
    while (tick !== NO_TICK) {
      const wanted = this.#own.fillable(order);
      if (wanted === 0 || !crosses(side, reach as Ticks, tick as Ticks)) return;
      const taken = this.#market.take(side, tick, this.#market.beforeShift(side, wanted));
      if (taken === 0) {
        tick = levels.next(tick);
        continue;
      }
      this.#fill(order, tick, taken, "taker");
      tick += this.#market.tookFill(side, taken);
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
    if (liquidity === "maker") this.#market.madeFill(order.terms.side, quantity);
    this.#own.fill(order, price, quantity, liquidity);
  }

  /** Takes out of the queues what is filled, and reduce-only with nothing left to reduce. */
  #retire(): void {
    for (const resting of [this.buys, this.sells]) {
      for (let at = resting.count - 1; at >= 0; at--) {
        const order = resting.order(at);
        const isIdle = order.open && this.#own.fillable(order) === 0;
        if (order.open && !isIdle) continue;
        resting.removeAt(at);
        if (isIdle) this.#own.end(order, NOTHING_TO_REDUCE);
      }
    }
  }

  #restingOf(order: OwnOrder): RestingOrders {
    return order.terms.side === "buy" ? this.buys : this.sells;
  }
}
