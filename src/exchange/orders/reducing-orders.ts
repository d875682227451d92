/**
 * Reducing orders: the open orders of one account that may only close a position.
 *
 * Together they never come to more than the position: so none can turn it, whatever fills first.
 * When it shrinks, the orders furthest from the market give way, newest first; a new one pushes out
 * what stands further away than itself. Bybit's rule, and the reason why a market order can always
 * close a position on which limit orders rest.
 */
import type { Side } from "../../core/domain/side.ts";
import {
  addLots,
  excessLots,
  type Lots,
  lots,
  minLots,
  type Ticks,
} from "../../core/domain/units.ts";
import type { Position } from "../ledger/position.ts";
import type { LiveOrder } from "./live-order.ts";

/** What must become of an order: a smaller quantity, or its end where nothing would be left. */
export interface Cut {
  readonly order: LiveOrder;
  readonly quantity: Lots;
}

export class ReducingOrders {
  /** Nearest to the market first; at one price, oldest first. */
  readonly #orders = new Map<Position, LiveOrder[]>();

  /** Lots that a new order at `price` may close: what nearer orders leave of the position. */
  room(position: Position, side: Side, price: Ticks): Lots {
    let left = position.size;
    for (const order of this.#of(position)) {
      if (isNearer(side, price, order.price)) break;
      left = excessLots(left, order.leaves);
    }
    return left;
  }

  add(position: Position, order: LiveOrder): void {
    const orders = this.#orders.get(position) ?? [];
    let at = orders.length;
    while (at > 0 && isNearer(order.side, order.price, orders[at - 1]!.price)) at--;
    orders.splice(at, 0, order);
    this.#orders.set(position, orders);
  }

  remove(position: Position, order: LiveOrder): void {
    const orders = this.#of(position);
    const at = orders.indexOf(order);
    if (at >= 0) orders.splice(at, 1);
  }

  has(position: Position): boolean {
    return this.#of(position).length > 0;
  }

  /** What the position as it is now does not cover. */
  cuts(position: Position): Cut[] {
    const cuts: Cut[] = [];
    let left = position.size;
    for (const order of this.#of(position)) {
      const { leaves } = order;
      const allowed = position.side === order.side ? lots(0) : minLots(left, leaves);
      left = excessLots(left, allowed);
      if (allowed < leaves) cuts.push({ order, quantity: addLots(order.cumulative, allowed) });
    }
    // The furthest first: at no instant may more rest than there is to close.
    return cuts.reverse();
  }

  #of(position: Position): LiveOrder[] {
    return this.#orders.get(position) ?? NONE;
  }
}

const NONE: LiveOrder[] = [];

/** Whether `a` stands nearer to the market than `b`. */
const isNearer = (side: Side, a: Ticks, b: Ticks): boolean => (side === "buy" ? a > b : a < b);
