/**
 * Market: a small recording made of the seed: a few messages a second, trades on both sides, a
 * spread and a mid that move.
 *
 * It is what the exchange hosts, under the venue that replays recordings; our orders wait in its
 * queues and are filled in part. What must stay true: cheap to make, and a pure function of the seed.
 */
import { decimal } from "../../src/core/domain/decimal.ts";
import type { Instrument } from "../../src/core/domain/instrument.ts";
import { lots } from "../../src/core/domain/units.ts";
import { ColumnsBuilder, Kind, type MarketBlock } from "../../src/core/market/columns.ts";
import { Chance } from "./chance.ts";

const grid = (tick: string, lot: string, least: number, notional: string): Instrument => ({
  venue: "bybit",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal(tick),
  lotSize: decimal(lot),
  contractSize: decimal("1"),
  minLots: lots(least),
  maxLimitLots: lots(1_000_000),
  maxMarketLots: lots(100_000),
  minNotional: decimal(notional),
});

/** A fine grid, one whose smallest order bites, and a coarse one. */
const GRIDS = [
  { instrument: grid("0.1", "0.001", 1, "5"), mid: 640_000, unit: 20 },
  { instrument: grid("0.01", "0.01", 3, "20"), mid: 30_000, unit: 60 },
  { instrument: grid("0.5", "1", 1, "5"), mid: 2_000, unit: 5 },
] as const;

export interface SimulatedMarket {
  readonly instrument: Instrument;
  /** Minute by minute, as they are asked for. */
  readonly blocks: Generator<MarketBlock, void>;
  /** Lots that trade in a message, on average. */
  readonly unit: number;
  /** The touch behind each message so far, the blocks asked for included. */
  readonly touches: readonly Touch[];
  readonly trades: readonly Trade[];
}

export interface Trade {
  /** Nanoseconds of the market. */
  readonly at: number;
  readonly quantity: number;
}

export interface Touch {
  /** Nanoseconds of the market. */
  readonly at: number;
  readonly text: string;
}

export const touchText = (bid: number, bidLots: number, ask: number, askLots: number): string =>
  `${bid} × ${bidLots} / ${ask} × ${askLots}`;

const LEVELS = 4;
export const STEP_NANOS = 250e6;
const TRADES_SHARE = 0.7;
const BLOCK_NANOS = 30e9;
const LONGEST_NANOS = 3_600e9;

export function makeMarket(seed: number): SimulatedMarket {
  const luck = new Chance(seed, "market");
  const { instrument, mid, unit } = luck.pick(GRIDS);
  const depth = unit * luck.pick([1, 3, 10, 30]);
  const maker = new MarketMaker(luck, mid, unit, depth);
  return {
    instrument,
    blocks: blocksOf(maker),
    unit,
    touches: maker.touches,
    trades: maker.trades,
  };
}

function* blocksOf(maker: MarketMaker): Generator<MarketBlock, void> {
  for (let from = 0; from < LONGEST_NANOS; from += BLOCK_NANOS) {
    for (let at = from; at < from + BLOCK_NANOS; at += STEP_NANOS) maker.message(at);
    yield maker.block;
    maker.forget();
  }
}

class MarketMaker {
  readonly touches: Touch[] = [];
  readonly trades: Trade[] = [];
  readonly #rows = new ColumnsBuilder(2_048);
  readonly #luck: Chance;
  readonly #unit: number;
  readonly #depth: number;
  readonly #widest: number;
  readonly #restless: number;
  #bid: number;
  #spread = 1;
  #shown = [new Map<number, number>(), new Map<number, number>()] as const;
  #isBegun = false;

  constructor(luck: Chance, mid: number, unit: number, depth: number) {
    this.#luck = luck;
    this.#bid = mid;
    this.#unit = unit;
    this.#depth = depth;
    this.#widest = luck.pick([1, 2, 5]);
    this.#restless = luck.between(0.1, 0.7);
  }

  get block(): MarketBlock {
    return this.#rows.view();
  }

  forget(): void {
    this.#rows.length = 0;
  }

  message(at: number): void {
    const luck = this.#luck;
    if (!this.#isBegun) this.#push(at, Kind.CLEAR, 0, 0);
    this.#isBegun = true;
    if (luck.happens(TRADES_SHARE)) this.#trade(at);
    if (luck.happens(this.#restless)) this.#bid += luck.pick([-2, -1, -1, 1, 1, 2]);
    if (luck.happens(0.2)) this.#spread = luck.whole(1, this.#widest);
    this.#side(at, Kind.BID, this.#shown[0], this.#bid, -1);
    this.#side(at, Kind.ASK, this.#shown[1], this.#bid + this.#spread, 1);
    this.#rows.endMessage();
    const ask = this.#bid + this.#spread;
    const [bids, asks] = this.#shown;
    const text = touchText(this.#bid, bids.get(this.#bid)!, ask, asks.get(ask)!);
    this.touches.push({ at, text });
  }

  #trade(at: number): void {
    const luck = this.#luck;
    const isBuy = luck.happens(0.5);
    const quantity = Math.ceil(this.#unit * luck.pick([0.1, 0.5, 1, 2]) * luck.between(0.5, 1.5));
    this.trades.push({ at, quantity });
    const price = isBuy ? this.#bid + this.#spread : this.#bid;
    this.#push(at, isBuy ? Kind.TRADE_BUY : Kind.TRADE_SELL, price, quantity);
  }

  #side(at: number, kind: number, shown: Map<number, number>, best: number, away: 1 | -1): void {
    const last = best + away * (LEVELS - 1);
    for (const price of shown.keys()) {
      if ((price - best) * away >= 0 && (last - price) * away >= 0) continue;
      shown.delete(price);
      this.#push(at, kind, price, 0);
    }
    for (let level = 0; level < LEVELS; level++) {
      const price = best + away * level;
      if (shown.has(price) && !this.#luck.happens(0.15)) continue;
      const quantity = Math.ceil(this.#depth * this.#luck.between(0.3, 1.7));
      shown.set(price, quantity);
      this.#push(at, kind, price, quantity);
    }
  }

  #push(at: number, kind: number, price: number, quantity: number): void {
    this.#rows.push(at, at, kind, price, quantity);
  }
}
