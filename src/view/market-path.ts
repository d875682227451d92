/**
 * Market path: the market second by second, and running sums of its touch.
 *
 * Fed at the end of each second, before rows of a later one are seen. What must stay true: it is a
 * function of the rows and of nothing else, so that a run and its replay draw the same line; and a
 * second without a healthy book has no price and counts in no mean.
 */
import type { Instrument } from "../core/domain/instrument.ts";
import type { Micros } from "../core/domain/units.ts";
import type { Observer } from "../core/market/observer.ts";
import type { MarketPoint } from "./shapes.ts";

const KEPT_SECONDS = 3600;

/** Running sums over the seconds that ended with a healthy book. Prices in ticks. */
export interface TouchTotals {
  readonly seconds: number;
  readonly bid: number;
  readonly ask: number;
  /** Σ 1/bid and Σ 1/ask: an inverse contract is averaged by its worth. */
  readonly perBid: number;
  readonly perAsk: number;
}

const NOTHING: TouchTotals = { seconds: 0, bid: 0, ask: 0, perBid: 0, perAsk: 0 };

export class MarketPath {
  readonly #observer: Observer;
  /** Unix second: the one in hand, and the first that was. */
  #second: number | undefined;
  #first = 0;
  /** Of the observer, when the second in hand began. */
  #volume = 0;
  /** By second, modulo their length; 0: no price. */
  readonly #bids = new Int32Array(KEPT_SECONDS);
  readonly #asks = new Int32Array(KEPT_SECONDS);
  readonly #volumes = new Float64Array(KEPT_SECONDS);
  readonly #totals: TouchTotals[] = [];
  /** Up to the second in hand. */
  totals: TouchTotals = NOTHING;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Closes all seconds that ended by `time`. @returns whether any did. */
  advanceTo(time: Micros, staleAfter: Micros): boolean {
    const second = Math.floor(time / 1e6);
    if (this.#second === undefined) {
      this.#second = second;
      this.#first = second;
      this.#volume = this.#observer.volume;
      return false;
    }
    if (second <= this.#second) return false;
    for (let closing = this.#second; closing < second; closing++) {
      const isHealthy = this.#close(closing, staleAfter);
      // Nothing heals a book without a row: of a long silence the end is all that is kept.
      if (!isHealthy) closing = Math.max(closing, second - KEPT_SECONDS - 1);
    }
    this.#second = second;
    return true;
  }

  #close(second: number, staleAfter: Micros): boolean {
    const { bid, ask, volume } = this.#observer;
    const endAt = ((second + 1) * 1e6) as Micros;
    const isHealthy = this.#observer.health(endAt, staleAfter) === "healthy";
    const at = second % KEPT_SECONDS;
    this.#bids[at] = isHealthy ? bid : 0;
    this.#asks[at] = isHealthy ? ask : 0;
    this.#volumes[at] = volume - this.#volume;
    this.#volume = volume;
    if (isHealthy) this.totals = added(this.totals, bid, ask);
    this.#totals[at] = this.totals;
    return isHealthy;
  }

  /** Over the seconds that ended by `time`; undefined: that is not known, or not any more. */
  totalsAt(time: Micros): TouchTotals | undefined {
    if (this.#second === undefined) return undefined;
    const last = Math.floor(time / 1e6) - 1;
    if (last >= this.#second - 1) return this.totals;
    if (last < this.#first - 1 || last < this.#second - KEPT_SECONDS) return undefined;
    return last === this.#first - 1 ? NOTHING : this.#totals[last % KEPT_SECONDS];
  }

  /** Oldest first. */
  points(instrument: Instrument): MarketPoint[] {
    if (this.#second === undefined) return [];
    const points: MarketPoint[] = [];
    const price = scaled(instrument.tickSize);
    const quantity = scaled(instrument.lotSize);
    const from = Math.max(this.#first, this.#second - KEPT_SECONDS);
    for (let second = from; second < this.#second; second++) {
      const at = second % KEPT_SECONDS;
      const isKnown = this.#bids[at]! > 0 && this.#asks[at]! > 0;
      points.push({
        time: ((second + 1) * 1e6) as Micros,
        bid: isKnown ? price(this.#bids[at]!) : null,
        ask: isKnown ? price(this.#asks[at]!) : null,
        volume: quantity(this.#volumes[at]!),
      });
    }
    return points;
  }
}

const added = (totals: TouchTotals, bid: number, ask: number): TouchTotals => ({
  seconds: totals.seconds + 1,
  bid: totals.bid + bid,
  ask: totals.ask + ask,
  perBid: totals.perBid + 1 / bid,
  perAsk: totals.perAsk + 1 / ask,
});

/** Counts of a step as a number: one rounding, so that it reads as the venue writes it. */
export function scaled({ mantissa, scale }: Instrument["tickSize"]): (count: number) => number {
  const times = Number(mantissa);
  const over = 10 ** scale;
  return (count) => (count * times) / over;
}
