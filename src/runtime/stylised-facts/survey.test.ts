import { describe, expect, it } from "vitest";
import {
  ColumnsBuilder,
  ENGINE_ONLY,
  Kind,
  OFF_BOOK,
  OFF_VOLUME,
} from "../../core/market/columns.ts";
import { INSTRUMENT } from "../../../test/planted-market.ts";
import { MarketSurvey } from "./survey.ts";
import { type MarketTape, RESPONSE_SECONDS, sumOf } from "./tape.ts";

const SECOND = 1e9;
const MS = 1e6;
type Row = readonly [kind: number, price: number, quantity: number];

/** Messages at their times, in nanoseconds. */
function tapeOfRows(messages: readonly (readonly [time: number, ...rows: Row[]])[]): MarketTape {
  const rows = new ColumnsBuilder(64);
  for (const [time, ...facts] of messages) {
    for (const [kind, price, quantity] of facts) rows.push(time, time, kind, price, quantity);
    rows.endMessage();
  }
  const survey = new MarketSurvey({
    instrument: INSTRUMENT,
    epochNanos: 1_700_000_000n * 1_000_000_000n,
    ownTradesPrinted: false,
  });
  survey.take(rows.view());
  return survey.finish();
}

const snapshot = (bid: number, ask: number): readonly Row[] => [
  [Kind.CLEAR, 0, 0],
  [Kind.BID, bid, 5],
  [Kind.BID, bid - 2, 7],
  [Kind.ASK, ask, 3],
];

describe("the survey", () => {
  it("samples what was true up to each tenth of a second, and nothing after it", () => {
    const tape = tapeOfRows([
      [0, ...snapshot(100, 102)],
      [150 * MS, [Kind.ASK, 102, 0], [Kind.ASK, 104, 3]],
      [200 * MS, [Kind.ASK, 103, 3]],
      [400 * MS, [Kind.ASK, 103, 3]],
    ]);
    expect([...tape.mids]).toEqual([202, 202, 203, 203]);
    expect(tape.startNanos).toBe(1_700_000_000n * 1_000_000_000n);
  });

  it("knows nothing from a gap to the next snapshot, nor of a crossed book or after silence", () => {
    const tape = tapeOfRows([
      [0, ...snapshot(100, 102)],
      [150 * MS, [Kind.GAP, 0, 0]],
      [250 * MS, [Kind.ASK, 101, 1]],
      [350 * MS, ...snapshot(100, 104)],
      [450 * MS, [Kind.BID, 105, 1]],
      [550 * MS, [Kind.BID, 105, 0]],
      [100 * SECOND, [Kind.BID, 99, 1]],
    ]);
    expect(Array.from(tape.mids.slice(0, 7))).toEqual([202, 202, 0, 0, 204, 0, 204]);
    expect(tape.mids[600]).toBe(204);
    expect(tape.mids[700]).toBe(0);
    expect(sumOf(tape.cells).quotedSeconds).toBeCloseTo(0.15 + 0.1 + 60, 9);
  });

  it("weighs spreads by the time that they stood", () => {
    const tape = tapeOfRows([
      [0, ...snapshot(100, 101)],
      [3 * SECOND, [Kind.ASK, 101, 0], [Kind.ASK, 105, 1]],
      [4 * SECOND, [Kind.ASK, 105, 1]],
    ]);
    const sum = sumOf(tape.cells);
    expect(sum.spreadSeconds[1]).toBeCloseTo(3, 9);
    expect(sum.spreadSeconds[5]).toBeCloseTo(1, 9);
    expect(sum.spreadTickSeconds).toBeCloseTo(8, 9);
  });

  it("sees the depth at each distance from the mid, both sides together", () => {
    const tape = tapeOfRows([
      [0, ...snapshot(100, 101)],
      [50 * MS, [Kind.ASK, 102, 9]],
    ]);
    const sum = sumOf(tape.cells);
    expect(sum.looks).toBe(1);
    // At the first sample only the snapshot was there.
    expect(Array.from(sum.depthLots.slice(0, 5))).toEqual([0, 8, 0, 7, 0]);
    expect(sum.touchLots).toBe(8);
  });

  it("takes prints of one instant and side for one order, from the mid before all of it", () => {
    const tape = tapeOfRows([
      [0, ...snapshot(100, 102)],
      [SECOND, [Kind.TRADE_BUY, 102, 3], [Kind.ASK, 102, 0], [Kind.ASK, 104, 4]],
      [SECOND, [Kind.TRADE_BUY, 104, 1], [Kind.ASK, 104, 3]],
      [SECOND, [Kind.TRADE_SELL, 100, 2], [Kind.BID, 100, 3]],
      [4 * SECOND, [Kind.BID, 99, 1]],
    ]);
    const sum = sumOf(tape.cells);
    expect(sum).toMatchObject({ orders: 2, prints: 3, signs: 0, printSigns: 1, volume: 6 });
    expect(sum.sizeLots.reduce((a, b) => a + b)).toBe(6);
    // The buy came upon 202 half ticks; a second later the mid was 204.
    const buyBps = (1e4 * 2) / 202;
    const at = RESPONSE_SECONDS.indexOf(1);
    expect(sum.responseCounts[at]).toBe(2);
    // The sell of the same instant came upon 204 and left 204.
    expect(sum.responseBps[at]).toBeCloseTo(buyBps, 9);
  });

  it("leaves hidden trades out of orders and block trades out of the volume", () => {
    const tape = tapeOfRows([
      [0, ...snapshot(100, 102)],
      [SECOND, [Kind.TRADE_BUY | OFF_BOOK, 101, 5]],
      [SECOND, [Kind.TRADE_BUY | OFF_BOOK | OFF_VOLUME, 101, 50]],
      [SECOND, [Kind.TRADE_BUY | ENGINE_ONLY, 102, 7]],
      [2 * SECOND, [Kind.BID, 99, 1]],
    ]);
    expect(sumOf(tape.cells)).toMatchObject({ orders: 0, prints: 1, volume: 5 });
    expect(tape.lastPrices.at(-1)).toBe(0);
  });

  it("strings orders of one side together, and ends where the stream breaks", () => {
    const buy = (time: number, price: number): readonly [number, ...Row[]] => [
      time,
      [Kind.TRADE_BUY, price, 1],
      [Kind.ASK, price, 0],
      [Kind.ASK, price + 1, 2],
    ];
    const tape = tapeOfRows([
      [0, ...snapshot(100, 102)],
      buy(1 * SECOND, 102),
      buy(2 * SECOND, 103),
      buy(3 * SECOND, 104),
      [4 * SECOND, [Kind.TRADE_SELL, 100, 1], [Kind.BID, 100, 4]],
      [5 * SECOND, [Kind.GAP, 0, 0]],
    ]);
    const [plain] = tape.runs;
    expect(plain).toMatchObject({ traders: 1, thinnedBy: 1 });
    expect(plain!.runs).toEqual([
      {
        isBuy: true,
        startAt: 1,
        endAt: 3,
        orders: 3,
        lots: 3,
        mids: [202, 202.75, 203.5, 204.25, 205],
      },
    ]);
  });

  it("of no rows is an empty tape", () => {
    expect(tapeOfRows([])).toMatchObject({ rows: 0, cells: [], runs: [] });
  });
});
