import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros } from "../core/domain/units.ts";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  LAST,
  type MarketBlock,
  type MarketHeader,
  OFF_VOLUME,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { generatedHeader } from "../simulation/generated/market.ts";
import { type Bar, BarMaker } from "./bars.ts";

const SECOND = 1_000_000_000;
/** Half past: an epoch that is in the middle of a bar. */
const startAt = micros(Date.UTC(2026, 0, 5, 12, 0, 30) * 1000);
const linear = generatedHeader({ seed: 1, startAt, duration: micros(1e6) });

type Row = readonly [seconds: number, kind: number, price: number, lots: number];

function blockOf(rows: readonly Row[]): MarketBlock {
  const out = new ColumnsBuilder(8);
  for (const [seconds, kind, price, lots] of rows) {
    out.push(seconds * SECOND, seconds * SECOND + 1, kind, price, lots);
  }
  return out.view();
}

function barsOf(
  blocks: readonly MarketBlock[],
  everySeconds: number,
  header: MarketHeader = linear,
): Bar[] {
  const maker = new BarMaker(header, BigInt(everySeconds) * BigInt(SECOND));
  return [...blocks.flatMap((block) => [...maker.take(block)]), ...maker.finish()];
}

const { BID, ASK, TRADE_BUY, TRADE_SELL, CLEAR, GAP } = Kind;
const clockOf = ({ start }: Bar): string => new Date(Number(start / 1_000_000n)).toISOString();

describe("bars", () => {
  it("begin on the clock, hold what traded, and are empty where nobody did", () => {
    const bars = barsOf(
      [
        blockOf([
          [0, CLEAR, 0, 0],
          [0, BID, 99, 5],
          [0, ASK | LAST, 101, 5],
          [1, TRADE_BUY | LAST, 101, 2],
          [2, TRADE_SELL | LAST, 98, 1],
        ]),
        blockOf([
          [29, TRADE_BUY | LAST, 100, 3],
          [30, TRADE_SELL | LAST, 100, 7],
          [155, ASK | LAST, 100, 4],
        ]),
      ],
      60,
    );
    expect(bars.map(clockOf)).toEqual([
      "2026-01-05T12:00:00.000Z",
      "2026-01-05T12:01:00.000Z",
      "2026-01-05T12:02:00.000Z",
      "2026-01-05T12:03:00.000Z",
    ]);
    expect(bars[0]).toMatchObject({ open: 101, high: 101, low: 98, close: 100, trades: 3 });
    expect(bars[0]).toMatchObject({ volume: 6n, buyVolume: 5n, midHalfTicks: 200, spreadTicks: 2 });
    expect(bars[0]!.vwapTicks).toBeCloseTo((202 + 98 + 300) / 6, 12);
    expect(bars[1]).toMatchObject({ open: 100, close: 100, volume: 7n, buyVolume: 0n });
    expect(bars[2]).toMatchObject({ open: null, high: null, low: null, close: null, trades: 0 });
    expect(bars[2]).toMatchObject({ volume: 0n, vwapTicks: null, midHalfTicks: 200 });
    expect(bars[3]).toMatchObject({ midHalfTicks: 199, spreadTicks: 1 });
  });

  it("know nothing of the book from a gap to the next snapshot", () => {
    const bars = barsOf(
      [
        blockOf([
          [0, CLEAR, 0, 0],
          [0, BID, 99, 5],
          [0, ASK | LAST, 101, 5],
          [31, GAP | LAST, 0, 0],
          [32, BID | LAST, 100, 5],
          [91, CLEAR, 0, 0],
          [91, BID | LAST, 90, 5],
          [92, ASK | LAST, 95, 5],
        ]),
      ],
      60,
    );
    expect(bars.map(({ gaps }) => gaps)).toEqual([0, 1, 0]);
    expect(bars.map(({ midHalfTicks }) => midHalfTicks)).toEqual([200, null, 185]);
  });

  it("take each fact once, as the venue saw it, and no block trade", () => {
    const [bar] = barsOf(
      [
        blockOf([
          [0, TRADE_BUY | LAST | VENUE_ONLY, 10, 1],
          [0, TRADE_BUY | LAST | ENGINE_ONLY, 10, 1],
          [0, TRADE_BUY | LAST | OFF_VOLUME, 50, 9],
        ]),
      ],
      60,
    );
    expect(bar).toMatchObject({ trades: 1, volume: 1n, high: 10 });
  });

  it("average an inverse contract's prices by its coins", () => {
    const header = { ...linear, instrument: { ...linear.instrument, kind: "inverse" as const } };
    const rows = [
      [0, TRADE_BUY | LAST, 100, 1],
      [0, TRADE_BUY | LAST, 400, 1],
    ] as const;
    expect(barsOf([blockOf(rows)], 60, header)[0]!.vwapTicks).toBeCloseTo(160, 9);
  });

  it("lose no lot, whatever their length and however the rows are cut", () => {
    const trade = fc.record({
      step: fc.integer({ min: 0, max: 200 }),
      kind: fc.constantFrom(TRADE_BUY, TRADE_SELL),
      price: fc.integer({ min: 1, max: 1000 }),
      lots: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(Number.MAX_SAFE_INTEGER)),
    });
    fc.assert(
      fc.property(
        fc.array(trade, { minLength: 1, maxLength: 40 }),
        fc.constantFrom(1, 7, 60, 3600),
        fc.nat(40),
        (trades, every, at) => {
          let seconds = 0;
          const rows = trades.map(({ step, kind, price, lots }): Row => {
            seconds += step;
            return [seconds, kind | LAST, price, lots];
          });
          const whole = barsOf([blockOf(rows)], every);
          expect(barsOf([blockOf(rows.slice(0, at)), blockOf(rows.slice(at))], every)).toEqual(
            whole,
          );
          const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
          const lotsOf = (kinds: readonly number[]): bigint =>
            sum(trades.filter(({ kind }) => kinds.includes(kind)).map(({ lots }) => BigInt(lots)));
          expect(sum(whole.map(({ volume }) => volume))).toBe(lotsOf([TRADE_BUY, TRADE_SELL]));
          expect(sum(whole.map(({ buyVolume }) => buyVolume))).toBe(lotsOf([TRADE_BUY]));
          for (const [index, { start, low, high, vwapTicks }] of whole.entries()) {
            expect(start).toBe(whole[0]!.start + BigInt(index * every) * BigInt(SECOND));
            expect(start % (BigInt(every) * BigInt(SECOND))).toBe(0n);
            if (vwapTicks === null) continue;
            expect(vwapTicks).toBeGreaterThanOrEqual(low! * (1 - 1e-12));
            expect(vwapTicks).toBeLessThanOrEqual(high! * (1 + 1e-12));
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
