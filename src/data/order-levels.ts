/**
 * Order levels: single orders folded into the levels of a book.
 *
 * The venue sends an order that trades at once as created first, and matches it in messages to
 * come: shown as it came, it would stand across the book. It is held back until nothing on the
 * other side meets its price. Orders from before the recording are known as the levels of a
 * snapshot only. What must stay true: a level is the sum of the orders that are shown in it, and of
 * what a snapshot stated beyond them.
 */
import { SortedBook } from "./sorted-book.ts";

export type OrderSide = "buy" | "sell";

interface Order {
  readonly side: OrderSide;
  readonly price: number;
  amount: number;
  isShown: boolean;
}

/** What traded of an order, by its own message. */
export interface Executed {
  readonly id: number;
  readonly side: OrderSide;
  readonly amount: number;
}

/** Trades follow their orders closely: what has waited behind so many others waits in vain. */
const MOST_WAITING = 10;

export class OrderLevels {
  readonly sizes = { buy: new Map<number, number>(), sell: new Map<number, number>() };
  readonly #orders = new Map<number, Order>();
  readonly #heldBack = new Set<Order>();
  readonly #best = new SortedBook();
  readonly #onChange: (side: OrderSide, price: number, size: number, before: number) => void;
  /** Orders that crossed the book when they came. */
  crossing = 0;
  /** Messages of orders from before the recording that do not say how much they took away. */
  untold = 0;
  /** Those that wait for the trade that does. */
  #untold: { readonly side: OrderSide; readonly price: number }[] = [];

  constructor(onChange: (side: OrderSide, price: number, size: number, before: number) => void) {
    this.#onChange = onChange;
  }

  has(id: number): boolean {
    return this.#orders.has(id);
  }

  create(id: number, side: OrderSide, price: number, amount: number): void {
    const order = { side, price, amount, isShown: false };
    this.#orders.set(id, order);
    if (this.#crosses(order)) {
      this.crossing += 1;
      this.#heldBack.add(order);
    } else this.#show(order);
  }

  /** `amount`: what is left. Returns what traded, where that is known. */
  change(id: number, side: OrderSide, price: number, amount: number): Executed | undefined {
    const order = this.#orders.get(id);
    if (order === undefined) {
      this.#wait(side, price);
      // Its level holds it already.
      this.#orders.set(id, { side, price, amount, isShown: true });
      return undefined;
    }
    return this.#reduce(id, order, amount);
  }

  /** `left`: what was canceled; 0 where it was filled. Returns what traded, where that is known. */
  delete(id: number, side: OrderSide, price: number, left: number): Executed | undefined {
    const order = this.#orders.get(id);
    if (order === undefined) {
      if (left === 0) this.#wait(side, price);
      else this.#add(side, price, -left);
      this.#release();
      return undefined;
    }
    const executed = left < order.amount ? this.#reduce(id, order, left) : undefined;
    if (order.isShown) this.#add(order.side, order.price, -order.amount);
    this.#orders.delete(id);
    this.#heldBack.delete(order);
    this.#release();
    return executed;
  }

  /** A trade: what an order from before the recording lost, where one waits at this price. */
  trade(price: number, quantity: number): void {
    const order = this.#untold.find((waiting) => waiting.price === price);
    if (order === undefined) return;
    this.#untold = this.#untold.filter((waiting) => waiting !== order);
    this.#add(order.side, price, -quantity);
    this.#release();
  }

  #wait(side: OrderSide, price: number): void {
    this.untold += 1;
    this.#untold.push({ side, price });
    if (this.#untold.length > MOST_WAITING) this.#untold.shift();
  }

  /** Sets a level to what the venue states. */
  state(side: OrderSide, price: number, size: number): void {
    const before = this.sizes[side].get(price) ?? 0;
    if (size === before) return;
    if (size > 0) this.sizes[side].set(price, size);
    else this.sizes[side].delete(price);
    if (side === "buy") this.#best.setBid(price, size);
    else this.#best.setAsk(price, size);
    this.#onChange(side, price, size, before);
  }

  /** Shows what was held back and meets nothing any more. */
  release(): void {
    this.#release();
  }

  #reduce(id: number, order: Order, amount: number): Executed {
    const executed = order.amount - amount;
    if (order.isShown) this.#add(order.side, order.price, -executed);
    order.amount = amount;
    this.#release();
    return { id, side: order.side, amount: executed };
  }

  #show(order: Order): void {
    order.isShown = true;
    this.#add(order.side, order.price, order.amount);
  }

  #release(): void {
    for (const order of this.#heldBack) {
      if (this.#crosses(order)) continue;
      this.#heldBack.delete(order);
      this.#show(order);
    }
  }

  #crosses({ side, price }: Order): boolean {
    const { bid, ask } = this.#best;
    return side === "buy" ? ask !== undefined && price >= ask : bid !== undefined && price <= bid;
  }

  /** A level never falls under zero: where one would, a snapshot was wrong or its order unknown. */
  #add(side: OrderSide, price: number, amount: number): void {
    this.state(side, price, Math.max(0, (this.sizes[side].get(price) ?? 0) + amount));
  }

  get bid(): number | undefined {
    return this.#best.bid;
  }
  get ask(): number | undefined {
    return this.#best.ask;
  }
}
