/** The generated market: what everyone who runs without data stands on. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros, MINUTE, SECOND, ticks } from "../core/domain/units.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock } from "../core/market/columns.ts";
import {
  generatedHeader,
  generateMarket,
  type GeneratedMarketConfig,
  GENERATED_INSTRUMENT,
} from "./generated-market.ts";

/** 2023-11-15 12:00:00.25 UTC: a busy hour, and not a whole second. */
const NOON = micros(1_700_049_600_250_000);

const configOf = (change: Partial<GeneratedMarketConfig> = {}): GeneratedMarketConfig => ({
  seed: 1,
  startAt: NOON,
  duration: MINUTE,
  ...change,
});

/** What a reader of the rows can know, gathered by the plainest book there is. */
interface Facts {
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

class Checker {
  readonly facts: Facts = {
    rows: 0,
    messages: 0,
    tradedLots: 0,
    faults: [],
    spreadSeconds: new Map(),
    mids: [],
    levels: [],
    lastTime: 0,
  };
  readonly #bids = new Map<number, number>();
  readonly #asks = new Map<number, number>();
  #bid = 0;
  #ask = Infinity;
  #exchangeTime = 0;
  #localTime = 0;
  #messageTime = -1;
  #owed: { kind: number; price: number; left: number } | undefined;

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
    if ((this.facts.rows === 0) !== (kind === Kind.CLEAR))
      this.#fault("CLEAR is the first row only");
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
    const before = (buy ? this.#asks : this.#bids).get(price) ?? 0;
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
    const side = kind === Kind.BID ? this.#bids : this.#asks;
    if (quantity === 0 && !side.delete(price)) this.#fault("an absent level is deleted");
    if (quantity > 0) side.set(price, quantity);
    if (kind === Kind.BID && quantity > 0) this.#bid = Math.max(this.#bid, price);
    if (kind === Kind.ASK && quantity > 0) this.#ask = Math.min(this.#ask, price);
    if (quantity > 0) return;
    if (kind === Kind.BID && price === this.#bid) this.#bid = Math.max(0, ...this.#bids.keys());
    if (kind === Kind.ASK && price === this.#ask) this.#ask = Math.min(...this.#asks.keys());
  }

  #endMessage(): void {
    const { facts } = this;
    facts.messages += 1;
    if (this.#owed !== undefined) this.#fault("a trade without its level");
    if (this.#bids.size === 0 || this.#asks.size === 0) this.#fault("one-sided");
    if (this.#bid >= this.#ask) this.#fault(`crossed: ${this.#bid} >= ${this.#ask}`);
    const seconds = this.#exchangeTime / 1e9;
    const spread = this.#ask - this.#bid;
    const held = facts.spreadSeconds.get(spread) ?? 0;
    // Charged to the spread that follows: over many messages, an even swap.
    facts.spreadSeconds.set(spread, held + seconds - facts.lastTime);
    while (facts.mids.length <= seconds) {
      facts.mids.push(this.#bid + this.#ask);
      facts.levels.push(this.#bids.size, this.#asks.size);
    }
    facts.lastTime = seconds;
    this.#messageTime = -1;
  }
}

function factsOf(config: GeneratedMarketConfig): Facts {
  const checker = new Checker();
  for (const block of generateMarket(config)) checker.read(block);
  return checker.facts;
}

function digestOf(config: GeneratedMarketConfig): string {
  const hash = createHash("sha256");
  for (const { length, ...columns } of generateMarket(config)) {
    for (const column of Object.values(columns)) {
      hash.update(new Uint8Array(column.subarray(0, length).slice().buffer));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Share of the time at spreads of at most `most` ticks. */
function timeAtSpread(facts: Facts, most: number): number {
  let all = 0;
  let within = 0;
  for (const [spread, seconds] of facts.spreadSeconds) {
    all += seconds;
    if (spread <= most) within += seconds;
  }
  return within / all;
}

/** Standard deviation of log returns over `step` seconds, scaled to an hour. */
function hourlyVolatility(mids: readonly number[], step: number): number {
  let sum = 0;
  let count = 0;
  for (let i = step; i < mids.length; i += step, count++) {
    sum += Math.log(mids[i]! / mids[i - step]!) ** 2;
  }
  return Math.sqrt(((sum / count) * 3_600) / step);
}

const begin = (change: Partial<GeneratedMarketConfig>) => () =>
  generateMarket(configOf(change)).next();

describe("the generated market", () => {
  it("over an hour is a sound book of believable size, spread, volume and volatility", () => {
    const facts = factsOf(configOf({ duration: micros(60 * MINUTE) }));
    expect(facts.faults).toEqual([]);
    expect(facts.messages / 3_600).toBeGreaterThan(200);
    expect(facts.messages / 3_600).toBeLessThan(500);
    // 25 BTC in three minutes at a tenth of the volume needs 1.25 BTC of others a second.
    expect(facts.tradedLots / 3_600 / 1_000).toBeGreaterThan(4);
    expect(facts.tradedLots / 3_600 / 1_000).toBeLessThan(12);
    expect(timeAtSpread(facts, 1)).toBeGreaterThan(0.5);
    expect(timeAtSpread(facts, 3)).toBeGreaterThan(0.75);
    expect(timeAtSpread(facts, 30)).toBeGreaterThan(0.97);
    expect(Math.min(...facts.levels)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...facts.levels)).toBeLessThanOrEqual(501);
    for (const step of [1, 10, 60]) {
      const volatility = hourlyVolatility(facts.mids, step);
      expect(volatility).toBeGreaterThan(0.003);
      expect(volatility).toBeLessThan(0.01);
    }
  });

  it("is sound for any seed, rate, price and delay", () => {
    const configs = fc.record({
      seed: fc.integer(),
      startAt: fc.integer({ min: 0, max: 2e15 }).map(micros),
      duration: fc.integer({ min: 0, max: 20 * SECOND }).map(micros),
      eventsPerSecond: fc.integer({ min: 1, max: 2_000 }),
      startPrice: fc.integer({ min: 2_000, max: 2_000_000_000 }).map(ticks),
      feedLatency: fc.integer({ min: 1, max: 2_000_000 }).map(micros),
      pressure: fc.double({ min: -1, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(configs, (config) => {
        const facts = factsOf(config);
        expect(facts.faults).toEqual([]);
        const end = (Number(config.startAt) % SECOND) + config.duration;
        expect(facts.lastTime * 1e6).toBeLessThanOrEqual(end);
      }),
      { numRuns: 60 },
    );
  });

  it("is the same market for the same seed, and another for another", () => {
    const digest = digestOf(configOf());
    expect(digestOf(configOf())).toBe(digest);
    expect(digestOf(configOf({ seed: 2 }))).not.toBe(digest);
    expect(digest).toMatchInlineSnapshot(`"cf029d1afe5c84e5"`);
  });

  it("trends the way it is pressed, and no pressure is the market without the word", () => {
    expect(digestOf(configOf({ pressure: 0 }))).toBe(digestOf(configOf()));
    const duration = micros(3 * MINUTE);
    const [down, even, up] = [-0.5, 0, 0.5].map((pressure) => {
      const { mids } = factsOf(configOf({ duration, pressure }));
      return mids.at(-1)! / mids[0]! - 1;
    });
    expect(up! - even!).toBeGreaterThan(0.001);
    expect(down! - even!).toBeLessThan(-0.001);
  });

  it("lives on where it has been pressed down to hardly any price", () => {
    const facts = factsOf(
      configOf({
        startPrice: ticks(2_000),
        eventsPerSecond: 2_000,
        pressure: -1,
        duration: micros(2 * MINUTE),
      }),
    );
    expect(facts.faults).toEqual([]);
    expect(Math.min(...facts.mids) / 2).toBeLessThan(1_500);
  });

  it("a longer run begins with the shorter one", () => {
    const [short] = generateMarket(configOf({ duration: SECOND }));
    const [long] = generateMarket(configOf());
    expect(short!.length).toBeGreaterThan(100);
    expect(long!.price.subarray(0, short!.length)).toEqual(short!.price.subarray(0, short!.length));
    expect(long!.localTime[short!.length - 1]).toBe(short!.localTime[short!.length - 1]);
  });

  it("the market is busier in the afternoon than in the early morning (UTC)", () => {
    const morning = micros(NOON - 9 * 60 * MINUTE);
    const afternoon = micros(NOON + 3 * 60 * MINUTE);
    const [quiet, busy] = [morning, afternoon].map(
      (startAt) => factsOf(configOf({ startAt, duration: micros(2 * MINUTE) })).messages,
    );
    expect(busy! / quiet!).toBeGreaterThan(1.5);
    expect(busy! / quiet!).toBeLessThan(2.5);
  });

  it("its header counts time from the whole second before the start", () => {
    const header = generatedHeader(configOf());
    expect(header).toEqual({
      instrument: GENERATED_INSTRUMENT,
      epochNanos: 1_700_049_600_000_000_000n,
      ownTradesPrinted: false,
    });
    const [first] = generateMarket(configOf({ duration: SECOND }));
    expect(first!.kind[0]).toBe(Kind.CLEAR);
    expect(first!.exchangeTime[0]).toBe(250_000_000);
    expect(first!.localTime[0]).toBe(252_000_000);
  });

  it("a long run comes in several blocks, none over its size", () => {
    const lengths = [...generateMarket(configOf({ duration: micros(10 * MINUTE) }))].map(
      (block) => block.length,
    );
    expect(lengths.length).toBeGreaterThan(2);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(65_536);
  });

  it("refuses a market that could not live", () => {
    expect(begin({ eventsPerSecond: 0 })).toThrow("not an event rate");
    expect(begin({ pressure: 1.5 })).toThrow("not a pressure");
    expect(begin({ startPrice: ticks(100) })).toThrow("not a start price");
    expect(begin({ startPrice: ticks(2_100_000_000) })).toThrow("not a start price");
  });
});
