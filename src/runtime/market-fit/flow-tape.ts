/**
 * Flow tape: the orders behind a market's rows: limit orders, cancellations and market orders,
 * second by second, with their sizes and where they stood.
 *
 * A level that grew had a limit order, one that shrank a cancellation or a trade; where a stream
 * puts several into one update they count as one, in a recording and in a generated market alike.
 * What must stay true: nothing is counted while the book is crossed, one-sided or broken off, nor
 * farther from the mid than `reach`, which is the same for two markets that are compared.
 */
import { Book } from "../../core/market/book.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  OFF_BOOK,
} from "../../core/market/columns.ts";

const NANOS = 1e9;
const BINS_PER_OCTAVE = 8;
const SIZE_BINS = 40 * BINS_PER_OCTAVE;

/** Sizes in bins of an eighth of an octave. */
export class SizeTally {
  readonly #counts = new Float64Array(SIZE_BINS);
  readonly #sums = new Float64Array(SIZE_BINS);
  count = 0;
  sum = 0;
  most = 0;

  push(lots: number): void {
    const bin = Math.floor(BINS_PER_OCTAVE * Math.log2(Math.max(1, lots)));
    this.#counts[Math.min(SIZE_BINS - 1, bin)]! += 1;
    this.#sums[Math.min(SIZE_BINS - 1, bin)]! += lots;
    this.count += 1;
    this.sum += lots;
    if (lots > this.most) this.most = lots;
  }

  get mean(): number {
    return this.sum / this.count;
  }

  /** Mean of the sizes up to a size's bin. */
  meanUpTo(most: number): number {
    const last = Math.floor(BINS_PER_OCTAVE * Math.log2(Math.max(1, most)));
    let [count, sum] = [0, 0];
    for (let bin = 0; bin <= Math.min(last, SIZE_BINS - 1); bin++) {
      count += this.#counts[bin]!;
      sum += this.#sums[bin]!;
    }
    return sum / count;
  }

  /** The start of the bin in which a share of the sizes is reached. */
  quantile(share: number): number {
    let left = share * this.count;
    for (let bin = 0; bin < SIZE_BINS; bin++) {
      left -= this.#counts[bin]!;
      if (left <= 0) return 2 ** (bin / BINS_PER_OCTAVE);
    }
    return this.most;
  }
}

/** One whole second with a sound book from its beginning to its end. */
export interface FlowSecond {
  orders: number;
  lots: number;
  limits: number;
  /** Levels that shrank. */
  declines: number;
  /** Prices at which somebody took. */
  takes: number;
  spreadTicks: number;
  /** Lots at the best price, and within the reach: means of both sides. */
  touchLots: number;
  reachLots: number;
}

export interface TakerOrder {
  /** Seconds since the first row. */
  readonly at: number;
  readonly isBuy: boolean;
  lots: number;
}

export interface FlowTape {
  readonly reach: number;
  readonly seconds: readonly FlowSecond[];
  readonly orders: readonly TakerOrder[];
  readonly orderSizes: SizeTally;
  /** Of limit orders nearer to the other side than half the reach, and of those beyond. */
  readonly nearSizes: SizeTally;
  readonly farSizes: SizeTally;
  /** Limit orders by distance from the other side's best price, in ticks, up to the reach. */
  readonly limitDistances: Float64Array;
  readonly length: number;
  /** Messages in which something was seen. */
  readonly messages: number;
  /** Distance from the mid that is seen on both sides nine times in ten. */
  readonly seenTicks: number;
}

const emptySecond = (): FlowSecond => ({
  orders: 0,
  lots: 0,
  limits: 0,
  declines: 0,
  takes: 0,
  spreadTicks: 0,
  touchLots: 0,
  reachLots: 0,
});

/** Never looks farther for the end of the book. */
const FARTHEST = 6_000;

export class FlowWatch {
  readonly #reach: number;
  readonly #book = new Book();
  readonly #seconds: FlowSecond[] = [];
  readonly #orders: TakerOrder[] = [];
  readonly #orderSizes = new SizeTally();
  readonly #nearSizes = new SizeTally();
  readonly #farSizes = new SizeTally();
  readonly #distances: Float64Array;
  readonly #seen: number[] = [];
  #second = emptySecond();
  #origin = -1;
  #now = 0;
  /** Of the second in hand: when it ends, and whether the book was sound all through. */
  #endsAt = 0;
  #isSound = false;
  #isGapped = false;
  #isSnapshot = false;
  #isMidMessage = false;
  #messages = 0;
  #takeAt = -1;
  #takePrice = 0;
  #bid = 0;
  #ask = 0;

  /** @param reach ticks from the mid within which the book is watched. */
  constructor(reach: number) {
    this.#reach = reach;
    this.#distances = new Float64Array(Math.ceil(2 * reach) + 2);
  }

  take(block: MarketBlock): void {
    const { exchangeTime, kind, price, quantity, length } = block;
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      if ((flags & ENGINE_ONLY) !== 0) continue;
      if (!this.#isMidMessage) this.#begin(exchangeTime[row]!);
      this.#row(flags, price[row]!, quantity[row]!);
      this.#isMidMessage = (flags & LAST) === 0;
      if (!this.#isMidMessage) this.#endMessage();
    }
  }

  finish(): FlowTape {
    for (const { lots } of this.#orders) this.#orderSizes.push(lots);
    const seen = this.#seen.toSorted((a, b) => a - b);
    return {
      reach: this.#reach,
      seconds: this.#seconds,
      orders: this.#orders,
      orderSizes: this.#orderSizes,
      nearSizes: this.#nearSizes,
      farSizes: this.#farSizes,
      limitDistances: this.#distances,
      length: this.#origin < 0 ? 0 : (this.#now - this.#origin) / NANOS,
      messages: this.#messages,
      seenTicks: seen[Math.floor(seen.length / 10)] ?? 0,
    };
  }

  #begin(time: number): void {
    if (this.#origin < 0) {
      this.#origin = time;
      this.#endsAt = time + NANOS;
    }
    while (time >= this.#endsAt) this.#endSecond(time);
    this.#now = Math.max(this.#now, time);
  }

  /** A second that was broken counts for nothing. */
  #endSecond(time: number): void {
    if (this.#isSound && this.#bid > 0) {
      this.#look();
      this.#seconds.push(this.#second);
    }
    this.#second = emptySecond();
    this.#isSound = this.#bid > 0;
    this.#endsAt += NANOS;
    // A silence of over a minute is not looked at second by second.
    if (time - this.#endsAt > 60 * NANOS) {
      this.#isSound = false;
      this.#endsAt += Math.floor((time - this.#endsAt) / NANOS) * NANOS;
    }
  }

  #look(): void {
    const { bids, asks } = this.#book;
    const second = this.#second;
    const mid = (this.#bid + this.#ask) / 2;
    second.spreadTicks = this.#ask - this.#bid;
    second.touchLots = (bids.get(this.#bid) + asks.get(this.#ask)) / 2;
    let lots = 0;
    for (let at = this.#bid; at > 0 && mid - at <= this.#reach; at = bids.next(at)) {
      lots += bids.get(at);
    }
    for (let at = this.#ask; at > 0 && at - mid <= this.#reach; at = asks.next(at)) {
      lots += asks.get(at);
    }
    second.reachLots = lots / 2;
    if (this.#seconds.length % 10 === 0)
      this.#seen.push(Math.min(this.#end(true), this.#end(false)));
  }

  /** How far from the mid the last level of a side stands. */
  #end(isBid: boolean): number {
    const side = isBid ? this.#book.bids : this.#book.asks;
    const mid = (this.#bid + this.#ask) / 2;
    let last = side.best;
    for (let at = last; at > 0 && Math.abs(at - mid) <= FARTHEST; at = side.next(at)) last = at;
    return Math.abs(last - mid);
  }

  #row(flags: number, price: number, quantity: number): void {
    const what = flags & KIND_MASK;
    if (what <= Kind.ASK) {
      if (!this.#isGapped) this.#level(what, price, quantity);
    } else if (what === Kind.CLEAR) {
      this.#book.clear();
      this.#isGapped = false;
      this.#isSnapshot = true;
    } else if (what === Kind.GAP) {
      this.#isGapped = true;
      this.#isSound = false;
    } else if (!this.#isGapped && (flags & OFF_BOOK) === 0) {
      this.#trade(what === Kind.TRADE_BUY, price, quantity);
    }
  }

  #level(kind: number, price: number, quantity: number): void {
    const isBid = kind === Kind.BID;
    const side = isBid ? this.#book.bids : this.#book.asks;
    const change = quantity - side.get(price);
    side.set(price, quantity);
    if (change === 0 || this.#isSnapshot || this.#bid === 0) return;
    if (Math.abs(price - (this.#bid + this.#ask) / 2) > this.#reach) return;
    if (change < 0) {
      this.#second.declines += 1;
      return;
    }
    this.#second.limits += 1;
    const distance = isBid ? this.#ask - price : price - this.#bid;
    (distance < this.#reach / 2 ? this.#nearSizes : this.#farSizes).push(change);
    if (distance >= 1 && distance < this.#distances.length) this.#distances[distance]! += 1;
  }

  /** Prints of one instant and side are one order that walked the book. */
  #trade(isBuy: boolean, price: number, lots: number): void {
    const at = (this.#now - this.#origin) / NANOS;
    const last = this.#orders.at(-1);
    const isSame = last !== undefined && last.at === at && last.isBuy === isBuy;
    if (isSame) last.lots += lots;
    else {
      this.#orders.push({ at, isBuy, lots });
      this.#second.orders += 1;
    }
    if (!isSame || this.#takePrice !== price || this.#takeAt !== at) this.#second.takes += 1;
    this.#takePrice = price;
    this.#takeAt = at;
    this.#second.lots += lots;
  }

  #endMessage(): void {
    const { bestBid, bestAsk } = this.#book;
    const isWhole = !this.#isGapped && bestBid > 0 && bestAsk > bestBid;
    this.#bid = isWhole ? bestBid : 0;
    this.#ask = isWhole ? bestAsk : 0;
    if (!isWhole) this.#isSound = false;
    this.#isSnapshot = false;
    this.#messages += 1;
  }
}
