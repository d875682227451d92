/**
 * Stated snapshot: the best levels of a book as the venue states them, held against the rebuilt.
 *
 * Snapshots and orders come over separate channels, so a snapshot may show the book as it stood a
 * little before or after its place among the orders. It is followed through the changes on both
 * sides of its place. What must stay true: only prices that can be known are compared, and all of
 * them, those without a level included.
 */
import type { OrderSide } from "./order-levels.ts";

export type Sizes = Readonly<Record<OrderSide, ReadonlyMap<number, number>>>;
/** Per side the worst price up to which the book is known; undefined = nothing is. */
export type KnownTo = Readonly<Record<OrderSide, number | undefined>>;

const SIDES: readonly OrderSide[] = ["buy", "sell"];

/** Whether `price` is as good as `worst`, or better. */
export const isWithin = (side: OrderSide, price: number, worst: number): boolean =>
  side === "buy" ? price >= worst : price <= worst;

/** The worst price of one side of a snapshot. */
export function worstOf(side: OrderSide, levels: ReadonlyMap<number, number>): number {
  let worst = side === "buy" ? Number.POSITIVE_INFINITY : 0;
  for (const price of levels.keys()) {
    worst = side === "buy" ? Math.min(worst, price) : Math.max(worst, price);
  }
  return worst;
}

export class StatedSnapshot {
  /** When it came, nanoseconds. */
  readonly time: number;
  readonly #levels: Sizes;
  readonly #upTo: Record<OrderSide, number>;
  /** Prices that differ from the book as it stands now. */
  readonly #differing = { buy: new Set<number>(), sell: new Set<number>() };
  /** Prices that have changed since it came. */
  readonly #touched = { buy: new Set<number>(), sell: new Set<number>() };

  constructor(time: number, levels: Sizes, book: Sizes, knownTo: KnownTo) {
    this.time = time;
    this.#levels = levels;
    const upTo = (side: OrderSide): number => {
      const nothing = side === "buy" ? Number.POSITIVE_INFINITY : 0;
      const known = knownTo[side] ?? nothing;
      const worst = worstOf(side, levels[side]);
      return isWithin(side, known, worst) ? known : worst;
    };
    this.#upTo = { buy: upTo("buy"), sell: upTo("sell") };
    for (const side of SIDES) {
      for (const price of levels[side].keys()) this.#judge(side, price, book[side].get(price) ?? 0);
      for (const [price, size] of book[side]) this.#judge(side, price, size);
    }
  }

  get isEqual(): boolean {
    return this.#differing.buy.size === 0 && this.#differing.sell.size === 0;
  }

  /** The book changed after it came. */
  follow(side: OrderSide, price: number, size: number): void {
    this.#touched[side].add(price);
    this.#judge(side, price, size);
  }

  /** Whether it equals the book as it stood before one of these changes; the newest comes last. */
  wasEqual(
    changes: readonly {
      readonly message: number;
      readonly side: OrderSide;
      readonly price: number;
      readonly before: number;
    }[],
  ): boolean {
    const differing = {
      buy: new Set(this.#differing.buy),
      sell: new Set(this.#differing.sell),
    };
    for (let index = changes.length - 1; index >= 0; index--) {
      const { message, side, price, before } = changes[index]!;
      this.#judge(side, price, before, differing);
      // Inside a message the book is not whole.
      if (changes[index - 1]?.message === message) continue;
      if (differing.buy.size === 0 && differing.sell.size === 0) return true;
    }
    return false;
  }

  /** Levels that differ and have not changed since: what is to be mended. */
  untouched(): { readonly side: OrderSide; readonly price: number; readonly size: number }[] {
    return SIDES.flatMap((side) =>
      [...this.#differing[side]]
        .filter((price) => !this.#touched[side].has(price))
        .map((price) => ({ side, price, size: this.#levels[side].get(price) ?? 0 })),
    );
  }

  /** Prices that differ, best first, in ticks: `buy 23454, sell 23778`. */
  get text(): string {
    return SIDES.flatMap((side) =>
      [...this.#differing[side]]
        .sort((a, b) => (side === "buy" ? b - a : a - b))
        .map((price) => `${side} ${price}`),
    )
      .slice(0, 8)
      .join(", ");
  }

  #judge(side: OrderSide, price: number, size: number, differing = this.#differing): void {
    if (!isWithin(side, price, this.#upTo[side])) return;
    if ((this.#levels[side].get(price) ?? 0) === size) differing[side].delete(price);
    else differing[side].add(price);
  }
}
