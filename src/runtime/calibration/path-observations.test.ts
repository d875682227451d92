/**
 * What is read off a market's path, worked by hand on a made-up one: a fit is only as good as the
 * costs, the sizes and the moments that it is given.
 */
import { describe, expect, it } from "vitest";
import { ColumnsBuilder, Kind, type MarketHeader } from "../../core/market/columns.ts";
import { KNOWN_INSTRUMENTS } from "../../data/known-instruments.ts";
import { MarketPath } from "./market-path.ts";
import { metaorderObservations, pseudoMetaorders } from "./path-observations.ts";

const instrument = KNOWN_INSTRUMENTS.find(
  ({ symbol, kind }) => symbol === "BTCUSDT" && kind === "linear",
)!;
const HEADER: MarketHeader = { instrument, epochNanos: 0n, ownTradesPrinted: false };
const SECOND = 1e9;
const STATED = { dailyVolatility: 0.02, dailyVolume: 100_000, spreadBps: 1 };

/** Best bid and ask (in ticks) from a time on, or trades; a market written down by hand. */
class Market {
  readonly rows = new ColumnsBuilder(64);
  #bid = 0;
  #ask = 0;

  quote(time: number, bid: number, ask: number): this {
    const { rows } = this;
    if (this.#bid === 0) rows.push(time, time, Kind.CLEAR, 0, 0);
    if (this.#bid > 0) rows.push(time, time, Kind.BID, this.#bid, 0);
    if (this.#ask > 0) rows.push(time, time, Kind.ASK, this.#ask, 0);
    rows.push(time, time, Kind.BID, bid, 10);
    rows.push(time, time, Kind.ASK, ask, 10);
    rows.endMessage();
    [this.#bid, this.#ask] = [bid, ask];
    return this;
  }

  trade(time: number, isBuy: boolean, price: number, lots: number): this {
    this.rows.push(time, time, isBuy ? Kind.TRADE_BUY : Kind.TRADE_SELL, price, lots);
    this.rows.endMessage();
    return this;
  }

  path(): MarketPath {
    return new MarketPath({ header: HEADER, blocks: [this.rows.view()] });
  }
}

const bought = (): Market =>
  new Market()
    .quote(0, 9_999, 10_001)
    // Two prints of one instant are one order: 30 lots, 20 at the ask and 10 two ticks beyond it.
    .trade(SECOND, true, 10_001, 20)
    .trade(SECOND, true, 10_003, 10)
    .quote(SECOND, 10_001, 10_005)
    .trade(2 * SECOND, true, 10_005, 30)
    .quote(2 * SECOND, 10_004, 10_006)
    .trade(3 * SECOND, false, 10_004, 5)
    .quote(4 * SECOND, 10_001, 10_003)
    .quote(9 * SECOND, 10_001, 10_005);

describe("a pseudo-metaorder", () => {
  it("costs what it paid over the mid before it, beyond half the spread", () => {
    const { observations, leftOut } = pseudoMetaorders(bought().path(), "m", STATED);
    expect(observations).toHaveLength(1);
    const [one] = observations;
    expect(one).toMatchObject({ kind: "pseudo-metaorder", side: "buy", market: "m", at: 1e6 });
    expect(one!.quantity).toBeCloseTo(60 * 0.001, 12);
    expect(one!.days * 86_400).toBeCloseTo(1, 9);
    // At 1 s: 30 lots, mean 10,001.67, of which 1 is the half spread: 0.67 ticks. At 2 s: 30 lots,
    // 5 over 10,000, of which 2 is the half spread: 3 ticks. So 1.8333 ticks of 10,000.
    expect(one!.realisedBps).toBeCloseTo((20 / 30 + 3) / 2, 9);
    // By the end the mid stands at 10,005; a second later, before the sale, still.
    expect(one!.endMoveBps).toBeCloseTo(5, 9);
    expect(one!.laterMoveBps).toBeCloseTo(5, 9);
    expect(one!.schedule!.reduce((sum, { quantity }) => sum + quantity, 0)).toBeCloseTo(0.06, 12);
    expect([...leftOut]).toEqual([["a single market order, which has no duration", 1]]);
  });

  it("of sales is the mirror image", () => {
    const mirrored = new Market()
      .quote(0, 9_999, 10_001)
      .trade(SECOND, false, 9_999, 20)
      .trade(SECOND, false, 9_997, 10)
      .quote(SECOND, 9_995, 9_999)
      .trade(2 * SECOND, false, 9_995, 30)
      .quote(2 * SECOND, 9_994, 9_996)
      .quote(9 * SECOND, 9_995, 9_999);
    const [one] = pseudoMetaorders(mirrored.path(), "m", STATED).observations;
    expect(one).toMatchObject({ side: "sell" });
    expect(one!.realisedBps).toBeCloseTo((20 / 30 + 3) / 2, 9);
  });

  it("ends with a pause, and needs to know the market before it", () => {
    const paused = new Market()
      .quote(0, 9_999, 10_001)
      .trade(SECOND, true, 10_001, 1)
      .trade(2 * SECOND, true, 10_001, 1)
      .trade(9 * SECOND, true, 10_001, 1)
      .quote(20 * SECOND, 9_998, 10_001);
    expect(pseudoMetaorders(paused.path(), "m", STATED).observations).toHaveLength(1);
    const unknown = pseudoMetaorders(paused.path(), "m");
    expect(unknown.observations).toHaveLength(0);
    expect([...unknown.leftOut.keys()].join()).toContain("too little was seen");
  });
});

describe("facts before an order", () => {
  /** The mid steps a tick up or down every ten seconds, and ten lots trade each second. */
  const market = (): Market => {
    const made = new Market();
    for (let second = 0; second < 200; second++) {
      const up = Math.floor(second / 10) % 2;
      if (second % 10 === 0) made.quote(second * SECOND, 9_999 + up, 10_001 + up);
      made.trade((second + 0.5) * SECOND, true, 10_001 + up, 10);
    }
    return made.quote(200 * SECOND, 5_000, 5_002);
  };

  it("are measured from what was there, scaled to a day", () => {
    const facts = market()
      .path()
      .factsBefore(150 * SECOND)!;
    // Every ten seconds one tick of 10,000, 8,640 times a day.
    expect(facts.dailyVolatility).toBeCloseTo(1e-4 * Math.sqrt(8_640), 4);
    expect(facts.dailyVolume).toBeCloseTo(10 * 0.001 * 86_400, 3);
    expect(facts.spreadBps).toBeCloseTo(2, 3);
  });

  it("know nothing of what comes at their instant or later", () => {
    const path = market().path();
    const until = path.factsBefore(200 * SECOND)!;
    expect(until.dailyVolatility).toBeLessThan(0.02);
    expect(path.midBefore(200 * SECOND)).toBeGreaterThan(9_999);
    expect(path.midBefore(200 * SECOND + 1)).toBeNaN();
  });

  it("are not made up of a minute that has not passed", () => {
    expect(
      market()
        .path()
        .factsBefore(40 * SECOND),
    ).toBeUndefined();
  });
});

describe("a metaorder", () => {
  it("paid the mean mid while it was worked, each weighed by how long it held", () => {
    const path = new Market()
      .quote(0, 9_999, 10_001)
      .quote(3 * SECOND, 10_001, 10_003)
      .quote(4 * SECOND, 10_003, 10_005)
      .quote(9 * SECOND, 10_000, 10_002)
      .path();
    const records = [
      { isBuy: true, startAt: 1 * SECOND, endAt: 5 * SECOND, lots: 40, filledLots: 40 },
      { isBuy: false, startAt: 1 * SECOND, endAt: 5 * SECOND, lots: 40, filledLots: 10 },
      { isBuy: true, startAt: 1 * SECOND, endAt: 1 * SECOND, lots: 40, filledLots: 0 },
    ];
    const { observations, leftOut } = metaorderObservations(path, records, "g", STATED);
    // Two seconds at 10,000, one at 10,002, one at 10,004: 1.5 ticks.
    expect(observations.map((one) => one.realisedBps)).toEqual([
      expect.closeTo(1.5, 9),
      expect.closeTo(-1.5, 9),
    ]);
    expect(observations.map((one) => one.endMoveBps)).toEqual([
      expect.closeTo(4, 9),
      expect.closeTo(-4, 9),
    ]);
    expect(observations[1]!.quantity).toBeCloseTo(0.01, 12);
    expect([...leftOut.values()]).toEqual([1]);
  });
});
