/**
 * Market fold: what the market's rows say, computed the slow and obvious way, for oracles.
 *
 * It shares nothing with the engine's book, observer and windows but the columns themselves.
 */
import { Kind, KIND_MASK, LAST, OFF_VOLUME, VENUE_ONLY } from "../core/market/columns.ts";
import type { SeenMarket } from "./market.ts";

export class MarketFold {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  readonly #market: Pick<SeenMarket, "block">;
  readonly #epochSeconds: number;
  readonly #volumeBySecond = new Map<number, number>();
  /** Known until the next row. */
  #bid: number | undefined;
  #ask: number | undefined;
  position = 0;
  isSynced = false;
  volume = 0;
  /** Micros since the Unix epoch of the newest whole message. */
  lastAt = Number.NEGATIVE_INFINITY;
  /** … of the newest row that set a level: trades say nothing of the book. */
  #bookAt = Number.NEGATIVE_INFINITY;

  constructor(market: Pick<SeenMarket, "header" | "block">) {
    this.#market = market;
    this.#epochSeconds = Number(market.header.epochNanos / 1_000_000_000n);
  }

  advanceTo(position: number): void {
    if (position === this.position) return;
    this.#bid = undefined;
    this.#ask = undefined;
    const { kind, price, quantity, localTime } = this.#market.block;
    for (; this.position < position; this.position++) {
      const row = this.position;
      if ((kind[row]! & VENUE_ONLY) !== 0) continue;
      const side = (kind[row]! & KIND_MASK) === Kind.BID ? this.bids : this.asks;
      switch (kind[row]! & KIND_MASK) {
        case Kind.CLEAR:
          this.bids.clear();
          this.asks.clear();
          this.isSynced = true;
          break;
        case Kind.GAP:
          this.isSynced = false;
          break;
        case Kind.BID:
        case Kind.ASK:
          if (quantity[row] === 0) side.delete(price[row]!);
          else side.set(price[row]!, quantity[row]!);
          this.#bookAt = this.#at(row);
          break;
        default:
          if ((kind[row]! & OFF_VOLUME) === 0) this.#trade(localTime[row]!, quantity[row]!);
      }
      if ((kind[row]! & LAST) !== 0) this.lastAt = this.#at(row);
    }
  }

  get bid(): number {
    this.#bid ??= this.bids.size === 0 ? 0 : Math.max(...this.bids.keys());
    return this.#bid;
  }
  get ask(): number {
    this.#ask ??= this.asks.size === 0 ? 0 : Math.min(...this.asks.keys());
    return this.#ask;
  }

  isHealthy(now: number, staleAfter: number): boolean {
    const { bid, ask } = this;
    return this.isSynced && bid > 0 && ask > 0 && bid < ask && now - this.#bookAt <= staleAfter;
  }

  /** Lots of the other side that an order of `side` limited at `price` meets. */
  shownWithin(side: "buy" | "sell", price: number): number {
    let shown = 0;
    for (const [level, quantity] of side === "buy" ? this.asks : this.bids) {
      if (side === "buy" ? level <= price : level >= price) shown += quantity;
    }
    return shown;
  }

  /** Volume of the last `seconds` whole seconds, the current one included. */
  volumeOver(now: number, seconds: number): number {
    const second = Math.floor(now / 1e6);
    let sum = 0;
    for (let back = 0; back < seconds; back++) sum += this.#volumeBySecond.get(second - back) ?? 0;
    return sum;
  }

  #at(row: number): number {
    return this.#epochSeconds * 1e6 + Math.floor(this.#market.block.localTime[row]! / 1000);
  }

  #trade(localTime: number, quantity: number): void {
    const second = this.#epochSeconds + Math.floor(localTime / 1e9);
    this.#volumeBySecond.set(second, (this.#volumeBySecond.get(second) ?? 0) + quantity);
    this.volume += quantity;
  }
}
