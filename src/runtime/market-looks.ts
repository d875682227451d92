/**
 * Market looks: what a recorded market showed at chosen instants of exchange time, in one pass.
 *
 * For fills that were done elsewhere nobody noted the mid, so the recording is asked for it. What
 * must stay true: a look never sees what happened after its instant, and where the recording does
 * not know (outside its span, no healthy book, silence) the answer says why and holds no mid.
 */
import type { Side } from "../core/domain/side.ts";
import { type HalfTicks, type Micros, midOf, type Ticks, ticks } from "../core/domain/units.ts";
import { Book } from "../core/market/book.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
  OFF_BOOK,
  OFF_VOLUME,
} from "../core/market/columns.ts";

export interface Look {
  /** Nanoseconds since the Unix epoch. */
  readonly at: bigint;
  /** Whether what happened at `at` itself is seen. */
  readonly includes: boolean;
  /**
   * A fill of a resting order: it was in the middle of what happened at its instant, so the mid is
   * that before the first print that reached its price, if there is one up to `until`.
   */
  readonly maker?: { readonly side: Side; readonly price: Ticks; readonly until: bigint };
}

export type Blindness =
  /** The instant is before the first row or after the last. */
  | "outside"
  /** One-sided, crossed, or broken off. */
  | "no-book"
  /** Nothing had come for too long. */
  | "stale";

export interface Sight {
  readonly quote:
    | { readonly mid: HalfTicks; readonly spread: Ticks; readonly why?: never }
    | { readonly mid?: never; readonly why: Blindness };
  /** Of all trades before the instant that count as volume: differences are what matters. */
  readonly totals: {
    readonly lots: number;
    readonly turnover: number;
    readonly inverse: number;
    /** How often the recording had broken off. */
    readonly gaps: number;
  };
}

export interface Sights {
  /** One for each look, in the order in which they were asked for. */
  readonly seen: readonly Sight[];
  /** Exchange time of the first row and of the last, nanoseconds since the Unix epoch. */
  readonly from: bigint;
  readonly until: bigint;
  readonly hasTrades: boolean;
}

interface Pending extends Omit<Look, "at"> {
  /** Since the header's epoch: a double holds that exactly over a hundred days. */
  readonly at: number;
  readonly index: number;
  readonly ends: number;
}

export interface LookOptions {
  readonly staleAfter: Micros;
}

export function lookAtMarket(
  { header, blocks }: { readonly header: MarketHeader; readonly blocks: Iterable<MarketBlock> },
  looks: readonly Look[],
  options: LookOptions,
): Sights {
  const pass = new Pass(looks, header.epochNanos, options);
  for (const block of blocks) pass.take(block);
  return pass.finish();
}

class Pass {
  readonly #book = new Book();
  readonly #epoch: bigint;
  readonly #staleNanos: number;
  /** By time, those that do not see their own instant first. */
  readonly #pending: readonly Pending[];
  readonly #seen: Sight[] = [];
  /** Fills of resting orders whose print may still come. */
  #open: Pending[] = [];
  #next = 0;
  #first = -1;
  #now = -1;
  #isGapped = false;
  #isMidMessage = false;
  /** What the message in hand found. */
  #found: Sight["quote"] = { why: "no-book" };
  #lots = 0;
  #turnover = 0;
  #inverse = 0;
  #gaps = 0;
  #hasTrades = false;

  constructor(looks: readonly Look[], epoch: bigint, { staleAfter }: LookOptions) {
    this.#epoch = epoch;
    this.#staleNanos = staleAfter * 1000;
    const since = (at: bigint): number => Number(at - epoch);
    this.#pending = looks
      .map(({ at, includes, maker }, index) => {
        const ends = maker === undefined ? 0 : since(maker.until);
        return { at: since(at), includes, index, ends, ...(maker === undefined ? {} : { maker }) };
      })
      .toSorted((a, b) => a.at - b.at || Number(a.includes) - Number(b.includes));
  }

  take(block: MarketBlock): void {
    const { exchangeTime, kind, price, quantity, length } = block;
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      if ((flags & ENGINE_ONLY) !== 0) continue;
      const time = exchangeTime[row]!;
      if (!this.#isMidMessage) this.#begin(time);
      this.#row(flags, price[row]!, quantity[row]!);
      this.#isMidMessage = (flags & LAST) === 0;
    }
  }

  finish(): Sights {
    this.#answer(this.#now, true);
    for (; this.#next < this.#pending.length; this.#next++) {
      this.#see(this.#pending[this.#next]!, { why: "outside" });
    }
    const absolute = (time: number): bigint => this.#epoch + BigInt(Math.max(0, time));
    return {
      seen: this.#seen,
      from: absolute(this.#first),
      until: absolute(this.#now),
      hasTrades: this.#hasTrades,
    };
  }

  /** A message of `time` is about to act: answers all who look at what was before it. */
  #begin(time: number): void {
    if (this.#first < 0) this.#first = time;
    const next = this.#pending[this.#next];
    if (next !== undefined && next.at <= time) this.#answer(time, false);
    this.#now = time;
    if (this.#open.length === 0) return;
    this.#open = this.#open.filter(({ ends }) => ends > time);
    this.#found = this.#quote(time);
  }

  /** @param isEnd nothing follows, so looks that include `time` are answered as well. */
  #answer(time: number, isEnd: boolean): void {
    for (; this.#next < this.#pending.length; this.#next++) {
      const look = this.#pending[this.#next]!;
      if (look.at > time || (look.at === time && look.includes && !isEnd)) return;
      this.#see(look, look.at < this.#first ? { why: "outside" } : this.#quote(look.at));
      if (look.maker !== undefined) this.#open.push(look);
    }
  }

  #see({ index }: Pending, quote: Sight["quote"]): void {
    const totals = {
      lots: this.#lots,
      turnover: this.#turnover,
      inverse: this.#inverse,
      gaps: this.#gaps,
    };
    this.#seen[index] = { quote, totals };
  }

  #quote(at: number): Sight["quote"] {
    const { bestBid, bestAsk } = this.#book;
    if (this.#isGapped || bestBid <= 0 || bestAsk <= 0 || bestBid >= bestAsk) {
      return { why: "no-book" };
    }
    if (at - this.#now > this.#staleNanos) return { why: "stale" };
    return { mid: midOf(ticks(bestBid), ticks(bestAsk)), spread: ticks(bestAsk - bestBid) };
  }

  #row(flags: number, price: number, quantity: number): void {
    const what = flags & KIND_MASK;
    if (what <= Kind.ASK) {
      if (!this.#isGapped) this.#book.set(what, price, quantity);
    } else if (what === Kind.CLEAR) {
      this.#book.clear();
      this.#isGapped = false;
    } else if (what === Kind.GAP) {
      this.#isGapped = true;
      this.#gaps += 1;
    } else {
      this.#trade(flags, price, quantity);
    }
  }

  #trade(flags: number, price: number, quantity: number): void {
    this.#hasTrades = true;
    if ((flags & OFF_VOLUME) === 0) {
      this.#lots += quantity;
      this.#turnover += price * quantity;
      this.#inverse += quantity / price;
    }
    if (this.#open.length === 0 || (flags & OFF_BOOK) !== 0) return;
    const takerSells = (flags & KIND_MASK) === Kind.TRADE_SELL;
    this.#open = this.#open.filter((look) => {
      const { side, price: own } = look.maker!;
      const reaches = side === "buy" ? takerSells && price <= own : !takerSells && price >= own;
      if (reaches) this.#seen[look.index] = { ...this.#seen[look.index]!, quote: this.#found };
      return !reaches;
    });
  }
}
