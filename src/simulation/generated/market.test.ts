/** The generated market: what everyone who runs without data stands on. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros, MINUTE, SECOND, ticks } from "../../core/domain/units.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock } from "../../core/market/columns.ts";
import { NO_ORDER } from "../order-book/matching-engine.ts";
import { Draws } from "./draws.ts";
import {
  GENERATED_INSTRUMENT,
  GeneratedMarket,
  type GeneratedMarketConfig,
  generatedHeader,
  generateMarket,
} from "./market.ts";
import { DEFAULT_PROFILE, type FlowKind } from "./profile.ts";
import { OWN } from "./tape.ts";

/** 2023-11-15 12:00:00.25 UTC: a busy hour, and not a whole second. */
const NOON = micros(1_700_049_600_250_000);
const FLOWS: readonly FlowKind[] = ["zero-intelligence", "hawkes", "queue-reactive"];

const configOf = (change: Partial<GeneratedMarketConfig> = {}): GeneratedMarketConfig => ({
  seed: 1,
  startAt: NOON,
  duration: MINUTE,
  ...change,
});

interface RowFacts {
  rows: number;
  messages: number;
  tradedLots: number;
  /** Faults in words; a sound market has none. */
  faults: string[];
  /** Seconds spent at each spread in ticks. */
  spreadSeconds: Map<number, number>;
  /** Twice the mid at each whole second. */
  mids: number[];
  levels: number[];
  lastTime: number;
}

/** What a reader of the rows can know, gathered by the plainest book there is. */
class RowChecker {
  readonly facts: RowFacts = {
    rows: 0,
    messages: 0,
    tradedLots: 0,
    faults: [],
    spreadSeconds: new Map(),
    mids: [],
    levels: [],
    lastTime: 0,
  };
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  /** Our account takes too: a level may lose lots without a trade, and a side may be thin. */
  readonly #isAlone: boolean;
  #bid = 0;
  #ask = Infinity;
  #exchangeTime = 0;
  #localTime = 0;
  #messageTime = -1;
  #owed: { kind: number; price: number; left: number } | undefined;

  constructor(isAlone = true) {
    this.#isAlone = isAlone;
  }

  read(block: MarketBlock): void {
    if (block.length === 0) this.#fault("an empty block");
    if ((block.kind[block.length - 1]! & LAST) === 0) this.#fault("a message is cut");
    for (let row = 0; row < block.length; row++) this.#row(block, row);
  }

  #fault(text: string): void {
    if (this.facts.faults.length < 20) this.facts.faults.push(`row ${this.facts.rows}: ${text}`);
  }

  #row(block: MarketBlock, row: number): void {
    const kind = block.kind[row]! & KIND_MASK;
    const [price, quantity] = [block.price[row]!, block.quantity[row]!];
    this.#clocks(block.exchangeTime[row]!, block.localTime[row]!);
    if ((this.facts.rows === 0) !== (kind === Kind.CLEAR)) {
      this.#fault("CLEAR is the first row only");
    }
    if (kind === Kind.TRADE_BUY || kind === Kind.TRADE_SELL) this.#trade(kind, price, quantity);
    else if (kind === Kind.BID || kind === Kind.ASK) this.#level(kind, price, quantity);
    this.facts.rows += 1;
    if ((block.kind[row]! & LAST) !== 0) this.#endMessage();
  }

  #clocks(exchangeTime: number, localTime: number): void {
    if (!Number.isSafeInteger(exchangeTime) || !Number.isSafeInteger(localTime)) {
      this.#fault("a time is not whole nanoseconds");
    }
    if (exchangeTime < this.#exchangeTime) this.#fault("exchange time falls");
    if (localTime < this.#localTime) this.#fault("local time falls");
    if (localTime <= exchangeTime) this.#fault("received before it was sent");
    if (this.#messageTime >= 0 && exchangeTime !== this.#messageTime) this.#fault("two times");
    this.#exchangeTime = exchangeTime;
    this.#localTime = localTime;
    this.#messageTime = exchangeTime;
  }

  #trade(kind: number, price: number, quantity: number): void {
    if (this.#owed !== undefined) this.#fault("a trade without its level");
    const buy = kind === Kind.TRADE_BUY;
    if (price !== (buy ? this.#ask : this.#bid)) this.#fault(`a trade off the touch: ${price}`);
    const before = (buy ? this.asks : this.bids).get(price) ?? 0;
    if (quantity <= 0 || quantity > before) this.#fault(`traded ${quantity} of ${before}`);
    this.#owed = { kind: buy ? Kind.ASK : Kind.BID, price, left: before - quantity };
    this.facts.tradedLots += quantity;
  }

  #level(kind: number, price: number, quantity: number): void {
    if (quantity < 0 || !Number.isSafeInteger(quantity)) this.#fault(`a level of ${quantity}`);
    if (this.#owed !== undefined) {
      const { kind: side, price: at, left } = this.#owed;
      if (kind !== side || price !== at || quantity !== left) this.#fault("lots lost in a trade");
      this.#owed = undefined;
    }
    const side = kind === Kind.BID ? this.bids : this.asks;
    if (side.get(price) === quantity) this.#fault("a row that says nothing new");
    if (quantity === 0 && !side.delete(price)) this.#fault("an absent level is deleted");
    if (quantity > 0) side.set(price, quantity);
    if (kind === Kind.BID && quantity > 0) this.#bid = Math.max(this.#bid, price);
    if (kind === Kind.ASK && quantity > 0) this.#ask = Math.min(this.#ask, price);
    if (quantity > 0) return;
    if (kind === Kind.BID && price === this.#bid) this.#bid = Math.max(0, ...this.bids.keys());
    if (kind === Kind.ASK && price === this.#ask) this.#ask = Math.min(...this.asks.keys());
  }

  #endMessage(): void {
    const { facts } = this;
    facts.messages += 1;
    if (this.#owed !== undefined) this.#fault("a trade without its level");
    if (this.#isAlone && (this.bids.size === 0 || this.asks.size === 0)) this.#fault("one-sided");
    if (this.#bid >= this.#ask) this.#fault(`crossed: ${this.#bid} >= ${this.#ask}`);
    const seconds = this.#exchangeTime / 1e9;
    const spread = this.#ask - this.#bid;
    const held = facts.spreadSeconds.get(spread) ?? 0;
    // Charged to the spread that follows: over many messages, an even swap.
    facts.spreadSeconds.set(spread, held + seconds - facts.lastTime);
    while (facts.mids.length <= seconds) {
      facts.mids.push(this.#bid + this.#ask);
      facts.levels.push(this.bids.size, this.asks.size);
    }
    facts.lastTime = seconds;
    this.#messageTime = -1;
  }
}

function factsOf(config: GeneratedMarketConfig): RowFacts {
  const checker = new RowChecker();
  for (const block of generateMarket(config)) checker.read(block);
  return checker.facts;
}

class Digest {
  readonly #hash = createHash("sha256");

  read({ length, ...columns }: MarketBlock): void {
    for (const column of Object.values(columns)) {
      this.#hash.update(new Uint8Array(column.subarray(0, length).slice().buffer));
    }
  }

  get text(): string {
    return this.#hash.digest("hex").slice(0, 16);
  }
}

/** Of all rows, column by column, however they were cut into blocks. */
function digestOf(config: GeneratedMarketConfig): string {
  const digest = new Digest();
  for (const block of generateMarket(config)) digest.read(block);
  return digest.text;
}

/** Share of the time at spreads of at most `most` ticks. */
function timeAtSpread(facts: RowFacts, most: number): number {
  let all = 0;
  let within = 0;
  for (const [spread, seconds] of facts.spreadSeconds) {
    all += seconds;
    if (spread <= most) within += seconds;
  }
  return within / all;
}

const begin = (change: Partial<GeneratedMarketConfig>) => () =>
  generateMarket(configOf(change)).next();

describe("the generated market's rows", () => {
  it("over ten minutes are a sound book of believable size, spread and volume", () => {
    const facts = factsOf(configOf({ duration: micros(10 * MINUTE) }));
    expect(facts.faults).toEqual([]);
    expect(facts.messages / 600).toBeGreaterThan(100);
    expect(facts.messages / 600).toBeLessThan(600);
    expect(facts.tradedLots / 600 / 1_000).toBeGreaterThan(2);
    expect(facts.tradedLots / 600 / 1_000).toBeLessThan(15);
    expect(timeAtSpread(facts, 1)).toBeGreaterThan(0.6);
    expect(timeAtSpread(facts, 1)).toBeLessThan(0.95);
    expect(timeAtSpread(facts, 10)).toBeGreaterThan(0.95);
    expect(Math.min(...facts.levels)).toBeGreaterThanOrEqual(100);
  });

  it("are sound for any seed, rate, price, delay, pressure and flow", () => {
    const configs = fc.record({
      seed: fc.integer(),
      startAt: fc.integer({ min: 0, max: 2e15 }).map(micros),
      duration: fc.integer({ min: 0, max: 10 * SECOND }).map(micros),
      eventsPerSecond: fc.integer({ min: 1, max: 1_000 }),
      startPrice: fc.integer({ min: 2_000, max: 2_000_000_000 }).map(ticks),
      feedLatency: fc.integer({ min: 1, max: 2_000_000 }).map(micros),
      pressure: fc.double({ min: -1, max: 1, noNaN: true }),
      profile: fc.constantFrom(...FLOWS).map((flow) => ({ ...DEFAULT_PROFILE, flow })),
    });
    fc.assert(
      fc.property(configs, (config) => {
        const facts = factsOf(config);
        expect(facts.faults).toEqual([]);
        const end = (Number(config.startAt) % SECOND) + config.duration;
        expect(Math.round(facts.lastTime * 1e6)).toBeLessThanOrEqual(end);
      }),
      { numRuns: 30 },
    );
  });

  it("live on where the market has been pressed down to hardly any price", () => {
    const checker = new RowChecker();
    const config = configOf({
      startPrice: ticks(2_000),
      eventsPerSecond: 2_000,
      pressure: -1,
      duration: micros(20 * SECOND),
    });
    for (const block of generateMarket(config)) checker.read(block);
    expect(checker.facts.faults).toEqual([]);
    expect(Math.min(...checker.facts.mids) / 2).toBeLessThan(1_500);
  });

  it("come in blocks of whole messages, none over its size", () => {
    const blocks = [...generateMarket(configOf({ duration: micros(10 * MINUTE) }))];
    const lengths = blocks.map((block) => block.length);
    expect(lengths.length).toBeGreaterThan(2);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(65_536);
  });

  it("count time from the whole second before the start", () => {
    expect(generatedHeader(configOf())).toEqual({
      instrument: GENERATED_INSTRUMENT,
      epochNanos: 1_700_049_600_000_000_000n,
      ownTradesPrinted: false,
    });
    const [first] = generateMarket(configOf({ duration: SECOND }));
    expect(first!.kind[0]).toBe(Kind.CLEAR);
    expect(first!.exchangeTime[0]).toBe(250_000_000);
    expect(first!.localTime[0]).toBe(252_000_000);
  });
});

describe("the generated market", () => {
  it("is the same market for the same configuration, and another for another", () => {
    const digest = digestOf(configOf());
    expect(digestOf(configOf())).toBe(digest);
    expect(digestOf(configOf({ pressure: 0 }))).toBe(digest);
    expect(digestOf(configOf({ seed: 2 }))).not.toBe(digest);
    for (const flow of ["zero-intelligence", "queue-reactive"] as const) {
      expect(digestOf(configOf({ profile: { ...DEFAULT_PROFILE, flow } }))).not.toBe(digest);
    }
  });

  it("is the same for the same profile written out as JSON", () => {
    const copied = JSON.parse(JSON.stringify(DEFAULT_PROFILE)) as typeof DEFAULT_PROFILE;
    expect(digestOf(configOf({ profile: copied }))).toBe(digestOf(configOf()));
  });

  it("goes the way it is pressed", () => {
    const [down, even, up] = [-0.5, 0, 0.5].map((pressure) => {
      const { mids } = factsOf(configOf({ duration: micros(3 * MINUTE), pressure }));
      return mids.at(-1)! / mids[0]! - 1;
    });
    expect(up! - even!).toBeGreaterThan(0.001);
    expect(down! - even!).toBeLessThan(-0.001);
  });

  it("a longer run begins with the shorter one", () => {
    const [short] = generateMarket(configOf({ duration: SECOND }));
    const [long] = generateMarket(configOf());
    expect(short!.length).toBeGreaterThan(100);
    expect(long!.price.subarray(0, short!.length)).toEqual(short!.price.subarray(0, short!.length));
    expect(long!.localTime[short!.length - 1]).toBe(short!.localTime[short!.length - 1]);
  });

  it("is told when nothing more will come, and refuses a market that could not live", () => {
    const market = new GeneratedMarket(configOf({ duration: SECOND }));
    while (market.nextAt < Infinity) market.step();
    expect(market.now).toBeLessThan(1_250_000_000);
    expect(begin({ eventsPerSecond: 0 })).toThrow("not an event rate");
    expect(begin({ pressure: 1.5 })).toThrow("not a pressure");
    expect(begin({ startPrice: ticks(100) })).toThrow("not a start price");
    expect(begin({ startPrice: ticks(2_100_000_000) })).toThrow("not a start price");
  });
});

/** Runs a market with orders of ours at random; what it returns is what must hold. */
function playWithOwn(seed: number): { checker: RowChecker; market: GeneratedMarket } {
  const market = new GeneratedMarket(configOf({ seed, duration: micros(8 * SECOND) }));
  const checker = new RowChecker(false);
  const draws = new Draws(seed, "own-orders");
  const resting = new Set<number>();
  market.onOwn({
    filled: (order, _buys, _price, _lots, left) => {
      if (left === 0) resting.delete(order);
    },
  });
  for (let k = 0; market.nextAt < Infinity; k++) {
    market.step();
    draws.at(k);
    if (draws.chance(0.2)) {
      market.intervene(market.now, () => {
        const { matching } = market;
        const buys = draws.chance(0.5);
        const best = buys ? matching.bestBid : matching.bestAsk;
        const [first] = resting;
        if (draws.chance(0.2)) matching.take(OWN, buys, buys ? best + 50 : best - 50, 500);
        else if (first !== undefined && draws.chance(0.5)) {
          resting.delete(first);
          matching.cancel(first);
        } else {
          const price = buys ? best - draws.below(5) : best + draws.below(5);
          const slot = matching.limit(OWN, buys, price, 1 + draws.below(900));
          if (slot !== NO_ORDER) resting.add(slot);
        }
      });
    }
    if (k % 100 === 0) readRows(market, checker);
  }
  readRows(market, checker);
  return { checker, market };
}

function readRows(market: GeneratedMarket, checker: RowChecker): void {
  const block = market.takeRows();
  if (block !== undefined) checker.read(block);
}

/** Lots of the others at each level, straight from the engine. */
function othersBook(market: GeneratedMarket, isBid: boolean): Map<number, number> {
  const { matching } = market;
  const book = new Map<number, number>();
  let price = isBid ? matching.bestBid : matching.bestAsk;
  for (; price > 0; price = matching.nextLevel(isBid, price)) {
    let lots = 0;
    for (let at = matching.firstAt(isBid, price); at !== NO_ORDER; at = matching.behind(at)) {
      if (matching.ownerOf(at) !== OWN) lots += matching.leavesOf(at);
    }
    if (lots > 0) book.set(price, lots);
  }
  return book;
}

describe("our orders in the generated market", () => {
  it("act at once and are not in the rows: the rows are the book of the others", () => {
    for (const seed of [1, 2, 3]) {
      const { checker, market } = playWithOwn(seed);
      expect(checker.facts.faults).toEqual([]);
      expect(checker.facts.messages).toBeGreaterThan(100);
      for (const isBid of [true, false]) {
        const shown = isBid ? checker.bids : checker.asks;
        expect([...shown].sort()).toEqual([...othersBook(market, isBid)].sort());
      }
    }
  });

  it("that rest where nobody comes change no row and no luck of the others", () => {
    const alone = new GeneratedMarket(configOf());
    const ours = new GeneratedMarket(configOf());
    ours.intervene(ours.now, () => ours.matching.limit(OWN, true, 600_000, 5_000));
    const digests = [alone, ours].map((market) => {
      const digest = new Digest();
      while (market.nextAt < Infinity) market.step();
      digest.read(market.takeRows()!);
      return digest.text;
    });
    expect(digests[1]).toBe(digests[0]);
  });

  it("leave the market as it would have been where they hardly trade", () => {
    const mids = [0, 1].map((lots) => {
      const market = new GeneratedMarket(configOf());
      while (market.nextAt < 2e9) market.step();
      if (lots > 0) market.intervene(2e9, () => market.matching.take(OWN, true, 2 ** 31 - 1, lots));
      while (market.nextAt < Infinity) market.step();
      return market.matching.bestBid + market.matching.bestAsk;
    });
    expect(Math.abs(mids[1]! - mids[0]!) / 2).toBeLessThan(100);
  });

  it("may not act before the past is over, or after the next event", () => {
    const market = new GeneratedMarket(configOf());
    market.step();
    expect(() => market.intervene(market.now - 1, () => {})).toThrow("not between two events");
    expect(() => market.intervene(market.nextAt + 1, () => {})).toThrow("not between two events");
  });
});
