/**
 * Market path: the mid, the trades and what was to be known of a recorded market, in one pass.
 *
 * Orders that others worked (or that a recording only hints at) left no notes, so what they did to
 * the price is read off the path. Prints of one instant and one side are one market order. What
 * must stay true: facts for an order that begins at an instant look at what was strictly before it.
 */
import { type Instrument, quantityEstimate } from "../../core/domain/instrument.ts";
import type { Bps, Fraction, Lots, Micros } from "../../core/domain/units.ts";
import { Book } from "../../core/market/book.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
  OFF_BOOK,
  OFF_VOLUME,
} from "../../core/market/columns.ts";

/** All that was executed at one instant on one side. Times in nanoseconds since the epoch. */
export interface MarketOrder {
  readonly time: number;
  readonly isBuy: boolean;
  lots: number;
  /** Σ price × lots, in ticks. */
  turnover: number;
  /** Mid in ticks before it; NaN where no healthy book was known. */
  readonly mid: number;
  /** Ask less bid before it, in ticks. */
  readonly spread: number;
}

/** What was to be known of a market when an order began. */
export interface PathFacts {
  readonly dailyVolatility: Fraction;
  /** Units of quantity. */
  readonly dailyVolume: number;
  readonly spreadBps: Bps;
}

const NANOS = 1e9;
const DAY = 86_400 * NANOS;
/** As in `market-facts.ts`: long enough for the bounce between bid and ask to wash out. */
const RETURN = 10 * NANOS;
const LEAST_RETURNS = 6;
/** No older than this: a day's volatility of the morning is not that of the evening. */
const LOOK_BACK = 3_600 * NANOS;

export class MarketPath {
  readonly instrument: Instrument;
  readonly orders: readonly MarketOrder[];
  readonly from: number;
  readonly until: number;
  readonly #epochMicros: number;
  readonly #times: Float64Array;
  readonly #mids: Float64Array;
  readonly #spreads: Float64Array;
  /** Lots traded before each market order. */
  readonly #volumes: Float64Array;

  constructor(
    { header, blocks }: { readonly header: MarketHeader; readonly blocks: Iterable<MarketBlock> },
    onBlock?: (rows: number) => void,
  ) {
    const pass = new Pass();
    let rows = 0;
    for (const block of blocks) {
      pass.take(block);
      rows += block.length;
      onBlock?.(rows);
    }
    this.instrument = header.instrument;
    this.#epochMicros = Number(header.epochNanos / 1000n);
    this.orders = pass.orders;
    this.from = Math.max(0, pass.first);
    this.until = Math.max(0, pass.now);
    [this.#times, this.#mids, this.#spreads] = pass.columns();
    this.#volumes = new Float64Array(this.orders.length + 1);
    this.orders.forEach(({ lots }, k) => (this.#volumes[k + 1] = this.#volumes[k]! + lots));
  }

  microsAt(time: number): Micros {
    return (this.#epochMicros + Math.floor(time / 1000)) as Micros;
  }

  timeAt(at: Micros): number {
    return (at - this.#epochMicros) * 1000;
  }

  /** Mid in ticks after all that happened strictly before `time`; NaN: not known. */
  midBefore(time: number): number {
    if (time > this.until) return Number.NaN;
    const at = below(this.#times, time) - 1;
    return at < 0 ? Number.NaN : this.#mids[at]!;
  }

  /** Mean mid between two times, in ticks, each weighed by how long it held. */
  meanMid(from: number, until: number): number {
    let sum = 0;
    let [mid, at] = [this.midBefore(from), from];
    if (until > this.until) return Number.NaN;
    for (let k = below(this.#times, from); k < this.#times.length; k++) {
      const time = Math.min(until, this.#times[k]!);
      if (time > at) sum += mid * (time - at);
      if (this.#times[k]! >= until) return sum / (until - from);
      [mid, at] = [this.#mids[k]!, time];
    }
    return (sum + mid * (until - at)) / (until - from);
  }

  /** Undefined where too little was seen before `time`. */
  factsBefore(time: number): PathFacts | undefined {
    const count = Math.floor((Math.min(LOOK_BACK, time - this.from) - 1) / RETURN);
    let [squares, returns, spreads, looks] = [0, 0, 0, 0];
    let next = Number.NaN;
    for (let k = 0; k <= count; k++) {
      const at = below(this.#times, time - k * RETURN) - 1;
      const mid = at < 0 ? Number.NaN : this.#mids[at]!;
      if (mid > 0) {
        spreads += (1e4 * this.#spreads[at]!) / mid;
        looks += 1;
      }
      if (mid > 0 && next > 0) {
        squares += Math.log(next / mid) ** 2;
        returns += 1;
      }
      next = mid;
    }
    if (returns < LEAST_RETURNS || !(squares > 0)) return undefined;
    const since = Math.max(this.from, time - LOOK_BACK);
    const volume = this.#volumeBefore(time) - this.#volumeBefore(since);
    if (!(volume > 0)) return undefined;
    const unit = quantityEstimate(this.instrument, 1 as Lots);
    return {
      dailyVolatility: Math.sqrt((squares / returns) * (DAY / RETURN)),
      dailyVolume: (unit * volume * DAY) / (time - since),
      spreadBps: spreads / looks,
    };
  }

  #volumeBefore(time: number): number {
    const { orders } = this;
    let [low, high] = [0, orders.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (orders[middle]!.time < time) low = middle + 1;
      else high = middle;
    }
    return this.#volumes[low]!;
  }
}

/** How many of a rising column are below a value. */
function below(column: Float64Array, value: number): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

class Pass {
  readonly orders: MarketOrder[] = [];
  first = -1;
  now = -1;
  readonly #book = new Book();
  readonly #times: number[] = [];
  readonly #mids: number[] = [];
  readonly #spreads: number[] = [];
  #isGapped = true;
  #isMidMessage = false;
  #buy: MarketOrder | undefined;
  #sell: MarketOrder | undefined;

  take({ exchangeTime, kind, price, quantity, length }: MarketBlock): void {
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      if ((flags & ENGINE_ONLY) !== 0) continue;
      const time = exchangeTime[row]!;
      if (!this.#isMidMessage && time > this.now) this.#tick(time);
      this.#row(flags, price[row]!, quantity[row]!);
      this.#isMidMessage = (flags & LAST) === 0;
    }
  }

  columns(): readonly [Float64Array, Float64Array, Float64Array] {
    this.#note();
    return [this.#times, this.#mids, this.#spreads].map((one) => Float64Array.from(one)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
  }

  /** Time goes on: what the book was at the end of the instant before is noted. */
  #tick(time: number): void {
    if (this.first < 0) this.first = time;
    else this.#note();
    this.now = time;
    this.#buy = this.#sell = undefined;
  }

  #note(): void {
    const [mid, spread] = this.#quote();
    if (Object.is(this.#mids.at(-1), mid) && Object.is(this.#spreads.at(-1), spread)) return;
    this.#times.push(this.now);
    this.#mids.push(mid);
    this.#spreads.push(spread);
  }

  #quote(): readonly [number, number] {
    const { bestBid, bestAsk } = this.#book;
    const isHealthy = !this.#isGapped && bestBid > 0 && bestAsk > bestBid;
    return isHealthy ? [(bestBid + bestAsk) / 2, bestAsk - bestBid] : [Number.NaN, Number.NaN];
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
    } else if ((flags & (OFF_BOOK | OFF_VOLUME)) === 0) {
      this.#trade(what === Kind.TRADE_BUY, price, quantity);
    }
  }

  #trade(isBuy: boolean, price: number, lots: number): void {
    let order = isBuy ? this.#buy : this.#sell;
    if (order === undefined) {
      // The book at the end of the last instant: this one's own rows may have moved it already.
      const mid = this.#mids.at(-1) ?? Number.NaN;
      const spread = this.#spreads.at(-1) ?? Number.NaN;
      order = { time: this.now, isBuy, lots: 0, turnover: 0, mid, spread };
      this.orders.push(order);
      if (isBuy) this.#buy = order;
      else this.#sell = order;
    }
    order.lots += lots;
    order.turnover += price * lots;
  }
}
