/**
 * Tick test: who began a trade of which the recording does not say it.
 *
 * A trade above the one before was a buyer's, one below a seller's, one at the same price is taken
 * for the same side (Lee and Ready 1991, without quotes). What must stay true: such a trade is
 * volume, but takes nothing from the visible book, since its side is only a guess.
 */
import { Kind, OFF_BOOK } from "../core/market/columns.ts";

export interface SavedTickTest {
  readonly guessed: number;
  readonly price: number;
  readonly kind: number;
}

export class TickTest {
  /** Trades whose side was guessed. */
  guessed = 0;
  #price = 0;
  #kind: number = Kind.TRADE_BUY;

  /** The row's kind, from the side where it is known. */
  kindOf(side: "buy" | "sell" | "unknown", price: number): number {
    if (side === "buy") this.#kind = Kind.TRADE_BUY;
    else if (side === "sell") this.#kind = Kind.TRADE_SELL;
    else if (price !== this.#price) {
      this.#kind = price > this.#price ? Kind.TRADE_BUY : Kind.TRADE_SELL;
    }
    this.#price = price;
    if (side !== "unknown") return this.#kind;
    this.guessed += 1;
    return this.#kind | OFF_BOOK;
  }

  save(): SavedTickTest {
    return { guessed: this.guessed, price: this.#price, kind: this.#kind };
  }

  restore({ guessed, price, kind }: SavedTickTest): void {
    this.guessed = guessed;
    this.#price = price;
    this.#kind = kind;
  }

  /** What a report has to say of it. */
  get notes(): readonly string[] {
    if (this.guessed === 0) return [];
    const what = `${this.guessed.toLocaleString("en-US")} trades state no side`;
    return [`${what}: it was guessed by the tick test, and they take nothing from the book.`];
  }
}

/** Of the last few thousand trades, which were seen before: repeated ones come close together. */
export class RecentTrades {
  readonly #keys: Set<string>;

  constructor(saved: ReadonlySet<string> = new Set()) {
    this.#keys = new Set(saved);
  }

  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  isNew(key: string): boolean {
    const keys = this.#keys;
    if (keys.has(key)) return false;
    keys.add(key);
    if (keys.size > REMEMBERED) keys.delete(keys.values().next().value!);
    return true;
  }
}

const REMEMBERED = 10_000;
