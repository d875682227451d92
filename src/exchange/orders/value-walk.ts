/**
 * Value walk: how a spot market order counted in quote coin is cut into orders counted in lots.
 *
 * A market takes lots, and how many a sum of money buys is known only once they are bought. So a
 * buy goes up in small reaches: as many lots as the money surely pays for at that reach, then again
 * with what is left, and further when nobody sells there. It never spends more than it may; what
 * stays over is under one lot, or under the market's minimum. A sell asks for what the best bid
 * would raise, part by part, until too little is missing or the account has no more to sell.
 */
import { compareDecimal } from "../../core/domain/decimal.ts";
import { notional } from "../../core/domain/instrument.ts";
import type { Side } from "../../core/domain/side.ts";
import { atTick, type Lots, lots, type Ticks, ticks } from "../../core/domain/units.ts";
import type { Listing } from "../ledger/listing.ts";

/** Beyond the best price, in ten-thousandths: small steps first, so that little stays over. */
const REACHES = [0, 1, 3, 10, 30, 100, 300, 1_000];

export class ValueWalk {
  readonly #listing: Listing;
  readonly #side: Side;
  readonly #limit: Ticks;
  #reach = 0;
  /** The best price at the start: what we take ourselves may not show at once. */
  readonly #best: number;

  /** @param limit the worst price that may be reached. */
  constructor(listing: Listing, side: Side, limit: Ticks) {
    const { bid, ask } = listing.view;
    this.#listing = listing;
    this.#side = side;
    this.#limit = limit;
    this.#best = side === "buy" ? ask : bid;
  }

  /**
   * The next order for what is `left`; undefined when that is too little for one.
   * @param most lots that the account can give.
   */
  next(left: bigint, most: number): { price: Ticks; quantity: Lots } | undefined {
    const { worth, instrument } = this.#listing;
    const price = this.#price();
    const basis = this.#side === "buy" ? price : this.#basis();
    const count = Math.min(worth.lotsWithin(left, atTick(basis)), instrument.maxMarketLots, most);
    if (count === 0 || count < instrument.minLots) return undefined;
    const value = notional(instrument, atTick(price), lots(count));
    if (compareDecimal(value, instrument.minNotional) < 0) return undefined;
    return { price, quantity: lots(count) };
  }

  /** Nobody was left within the reach. @returns whether there is a further one. */
  goFurther(): boolean {
    if (this.#side === "sell" || this.#price() === this.#limit) return false;
    this.#reach++;
    return true;
  }

  #price(): Ticks {
    if (this.#side === "sell" || this.#best === 0) return this.#limit;
    const reach = REACHES[this.#reach];
    if (reach === undefined) return this.#limit;
    const price = Math.floor(this.#best * (1 + reach / 10_000));
    return ticks(Math.min(price, this.#limit));
  }

  /** What a sell counts with: the best bid, and never less than it may accept. */
  #basis(): Ticks {
    const { bid } = this.#listing.view;
    return ticks(Math.max(bid, this.#limit));
  }
}
