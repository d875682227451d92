/**
 * Market of a schedule: its segments laid out as columns, as a recording or a feed would give them.
 *
 * Every draw is a pure function of the schedule's seed and the row's number.
 */
import { instrumentId } from "../core/domain/instrument.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import {
  ColumnsBuilder,
  Kind,
  type MarketBlock,
  type MarketHeader,
} from "../core/market/columns.ts";
import { GROUNDS, type Schedule, type Segment } from "./schedule.ts";

export const EPOCH_SECONDS = 1_700_000_000;
export const EPOCH_MICROS = EPOCH_SECONDS * 1e6;
const NANOS_PER_MS = 1e6;
const LEVELS = 6;
const CALM: Segment = {
  kind: "walk",
  spanMs: 150_000,
  stepMs: 1_000,
  spread: 2,
  drift: 0,
  volume: 10,
};
const DRAWS = streamOf("laws-market");

/** What an oracle has to see of a market, made up beforehand or made as it goes. */
export interface SeenMarket {
  readonly header: MarketHeader;
  /** All rows so far, from the first. */
  readonly block: MarketBlock;
  /** No price of the session lies under this tick. */
  readonly lowestTick: number;
}

export interface Market extends SeenMarket {
  readonly instrumentId: string;
}

export function marketOf(schedule: Schedule): Market {
  const { instrument, start } = GROUNDS[schedule.venue]!;
  const header: MarketHeader = {
    instrument,
    epochNanos: BigInt(EPOCH_SECONDS) * 1_000_000_000n,
    ownTradesPrinted: false,
  };
  const writer = new MarketWriter(schedule);
  for (const segment of schedule.segments) writer.write(segment);
  if (schedule.endsCalm) writer.write(CALM);
  const lowestTick = 0.7 * start;
  return { header, block: writer.block, lowestTick, instrumentId: instrumentId(instrument) };
}

class MarketWriter {
  readonly #rows = new ColumnsBuilder(1_024);
  readonly #unit: number;
  readonly #seed: number;
  #bids = new Map<number, number>();
  #asks = new Map<number, number>();
  #mid: number;
  #timeMs = 0;
  #draws = 0;
  #isSynced = false;

  constructor(schedule: Schedule) {
    const { start, unit } = GROUNDS[schedule.venue]!;
    this.#mid = start;
    this.#unit = unit;
    this.#seed = schedule.seed;
  }

  get block(): MarketBlock {
    return this.#rows.view();
  }

  write(segment: Segment): void {
    const end = this.#timeMs + segment.spanMs;
    if (segment.kind === "gap") {
      this.#push(Kind.GAP, 0, 0);
      this.#rows.endMessage();
      this.#isSynced = false;
    } else if (segment.kind !== "silence") {
      if (segment.kind === "jump") this.#mid += segment.drift * 60;
      for (; this.#timeMs < end; this.#timeMs += segment.stepMs) this.#message(segment);
    }
    this.#timeMs = Math.max(this.#timeMs, end);
  }

  #message(segment: Segment): void {
    if (!this.#isSynced) {
      this.#push(Kind.CLEAR, 0, 0);
      this.#bids = new Map();
      this.#asks = new Map();
      this.#isSynced = true;
    }
    const bid = this.#mid - Math.ceil(segment.spread / 2);
    const ask = bid + segment.spread;
    if (segment.volume > 0) {
      const quantity = Math.ceil(segment.volume * this.#unit * (0.5 + this.#draw()));
      const isBuy = this.#draw() < 0.5;
      this.#push(isBuy ? Kind.TRADE_BUY : Kind.TRADE_SELL, isBuy ? ask : bid, quantity);
    }
    const crossedBy = segment.kind === "crossed" ? segment.spread + 1 : 0;
    const oneSided = segment.kind === "one-sided" ? (segment.drift >= 0 ? "asks" : "bids") : "";
    const depth = segment.kind === "thin" ? 0 : 30 * this.#unit;
    this.#side(Kind.BID, this.#bids, oneSided === "bids" ? 0 : bid + crossedBy, -1, depth);
    this.#side(Kind.ASK, this.#asks, oneSided === "asks" ? 0 : ask, 1, depth);
    this.#rows.endMessage();
    const step = this.#draw();
    this.#mid += step < 0.25 ? -1 : step > 0.75 ? 1 : 0;
    if (this.#draw() < 0.3) this.#mid += segment.drift;
  }

  /** Brings one side to `LEVELS` levels from `best` away; 0 empties it. */
  #side(kind: number, side: Map<number, number>, best: number, away: number, depth: number): void {
    const wanted = new Map<number, number>();
    const levels = best > 0 ? LEVELS : 0;
    for (let level = 0; level < levels; level++) {
      wanted.set(best + away * level, 1 + Math.floor(depth * this.#draw()));
    }
    for (const price of side.keys()) {
      if (wanted.has(price)) continue;
      side.delete(price);
      this.#push(kind, price, 0);
    }
    for (const [price, quantity] of wanted) {
      if (side.get(price) === quantity) continue;
      side.set(price, quantity);
      this.#push(kind, price, quantity);
    }
  }

  #push(kind: number, price: number, quantity: number): void {
    const at = this.#timeMs * NANOS_PER_MS;
    this.#rows.push(at, at, kind, price, quantity);
  }

  #draw(): number {
    return uniformAt(this.#seed, DRAWS, this.#draws++);
  }
}
