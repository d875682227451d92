/**
 * Row check: what core/market/columns.ts promises of rows, held against rows that are to be kept.
 *
 * A recording that breaks it would be replayed wrongly for years; so the writer does not take it.
 */
import { invariant } from "../../core/domain/errors.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  type MarketBlock,
  VENUE_ONLY,
} from "../../core/market/columns.ts";

const MAX_TICK = 0x7ffffffe;

export class RowCheck {
  #venueTime = 0;
  #engineTime = 0;
  #rows = 0;

  get venueTime(): number {
    return this.#venueTime;
  }

  /** @throws InvariantError that names the first row that is wrong, counted from 0. */
  take({ exchangeTime, localTime, kind, price, quantity, length }: MarketBlock): void {
    for (let row = 0; row < length; row++) {
      const exchange = exchangeTime[row]!;
      const local = localTime[row]!;
      const flags = kind[row]!;
      const what = flags & KIND_MASK;
      const isTimed =
        exchange >= 0 &&
        local >= exchange &&
        Number.isInteger(exchange) &&
        Number.isSafeInteger(local);
      if (!isTimed) this.#fail(row, `times ${exchange} and ${local}`);
      if ((flags & ENGINE_ONLY) === 0) {
        if (exchange < this.#venueTime) this.#fail(row, "the exchange time falls");
        this.#venueTime = exchange;
      }
      if ((flags & VENUE_ONLY) === 0) {
        if (local < this.#engineTime) this.#fail(row, "the local time falls");
        this.#engineTime = local;
      }
      if (what > Kind.GAP) this.#fail(row, `kind ${what}`);
      if (what <= Kind.ASK && (price[row]! - 1) >>> 0 >= MAX_TICK) {
        this.#fail(row, `a level at ${price[row]} ticks`);
      }
      const lots = quantity[row]!;
      if (!(lots >= 0 && Number.isSafeInteger(lots))) this.#fail(row, `${lots} lots`);
    }
    this.#rows += length;
  }

  #fail(row: number, text: string): void {
    invariant(false, `row ${this.#rows + row} of an event file: ${text}`);
  }
}
