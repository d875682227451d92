/**
 * Reducing orders: the open orders of one account that may only close a position, and what else of
 * its orders may close it before them.
 *
 * None may turn the position, whatever fills first. So each has no more than what the orders before
 * it leave: other reducing ones that stand nearer to the market, and plain ones of its side that
 * stand nearer or at its price. When that is less than it has, it is cut: the furthest from the
 * market first, newest first. A market order can therefore always close a position on which limit
 * orders rest. What was cut does not grow again.
 */
import type { Side } from "../../core/domain/side.ts";
import {
  addLots,
  excessLots,
  type Lots,
  minLots,
  NO_LOTS,
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
  /** On either side: those of the closing one take from the position as well. */
  readonly #plain = new Map<Position, Set<LiveOrder>>();

  /** Lots that a new order at `price` may close: what the orders before it leave. */
  room(position: Position, side: Side, price: Ticks): Lots {
    let left = position.size;
    for (const order of this.#of(position)) {
      if (isNearer(side, price, order.price)) break;
      left = excessLots(left, order.leaves);
    }
    for (const order of this.#plain.get(position) ?? []) {
      if (order.side !== side || isNearer(side, price, order.price)) continue;
      left = excessLots(left, order.leaves);
    }
    return left;
  }

  add(position: Position, order: LiveOrder): void {
    if (!order.isReducing) {
      const plain = this.#plain.get(position);
      if (plain === undefined) this.#plain.set(position, new Set([order]));
      else plain.add(order);
      return;
    }
    const orders = this.#orders.get(position) ?? [];
    let at = orders.length;
    while (at > 0 && isNearer(order.side, order.price, orders[at - 1]!.price)) at--;
    orders.splice(at, 0, order);
    this.#orders.set(position, orders);
  }

  remove(position: Position, order: LiveOrder): void {
    if (!order.isReducing) {
      this.#plain.get(position)?.delete(order);
      return;
    }
    const orders = this.#of(position);
    const at = orders.indexOf(order);
    if (at >= 0) orders.splice(at, 1);
  }

  has(position: Position): boolean {
    return this.#of(position).length > 0;
  }

  /** What the position as it is now, and the orders before each, do not cover. */
  cuts(position: Position): Cut[] {
    const cuts: Cut[] = [];
    const plain = this.#plainClosing(position);
    let left = position.size;
    let before = 0;
    for (const order of this.#of(position)) {
      const { leaves, side, price } = order;
      let allowed = NO_LOTS;
      if (side !== position.side) {
        while (before < plain.length && !isNearer(side, price, plain[before]!.price)) {
          left = excessLots(left, plain[before++]!.leaves);
        }
        allowed = minLots(left, leaves);
        left = excessLots(left, allowed);
      }
      if (allowed < leaves) cuts.push({ order, quantity: addLots(order.cumulative, allowed) });
    }
    // The furthest first: at no instant may more rest than there is to close.
    return cuts.reverse();
  }

  /** Nearest to the market first. */
  #plainClosing(position: Position): LiveOrder[] {
    const closing = [...(this.#plain.get(position) ?? [])].filter(
      ({ side }) => side !== position.side,
    );
    return closing.sort((a, b) => (a.side === "buy" ? b.price - a.price : a.price - b.price));
  }

  #of(position: Position): LiveOrder[] {
    return this.#orders.get(position) ?? NONE;
  }
}

const NONE: LiveOrder[] = [];

/** Whether `a` stands nearer to the market than `b`. */
const isNearer = (side: Side, a: Ticks, b: Ticks): boolean => (side === "buy" ? a > b : a < b);
