import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { describeRecording } from "./describe.ts";
import { readRecording } from "./recording.ts";
import { verifyRecording, type VerifyReport } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-verify-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Level = readonly [string, string];
const START = 1_723_161_600;
let clock = 0;
const at = (json: object): string => {
  clock += 1;
  return `${START}${String(clock * 1_000_000).padStart(9, "0")} ${JSON.stringify(json)}`;
};
const now = (): number => START * 1000 + clock;
const snapshot = (): string =>
  at({ lastUpdateId: 100, T: now(), bids: [["100.0", "1"]], asks: [["100.5", "2"]] });
const depth = (u: number, b: Level[], a: Level[] = [], T = now()): string =>
  at({ data: { e: "depthUpdate", E: T, T, s: "BTCUSDT", U: u, u, pu: u - 1, b, a } });
const ticker = (u: number, b: string, B: string, a = "100.5", A = "2"): string =>
  at({ data: { e: "bookTicker", u, s: "BTCUSDT", b, B, a, A, T: now() } });
const trade = (t: number, p: string): string =>
  at({ data: { e: "trade", T: now(), s: "BTCUSDT", t, p, q: "0.5", X: "MARKET", m: true } });

function write(lines: readonly string[], cut = 0): string {
  const path = join(folder, `capture-${clock++}.gz`);
  const bytes = gzipSync(`${lines.join("\n")}\n`);
  writeFileSync(path, bytes.subarray(0, bytes.length - cut));
  return path;
}

async function verified(path: string): Promise<VerifyReport> {
  const result = await verifyRecording([path]);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const CLEAN = [
  snapshot(),
  depth(100, [["100.0", "1"]]),
  depth(101, [["100.1", "3"]]),
  ticker(101, "100.1", "3"),
  ticker(102, "100.2", "4"),
  depth(102, [["100.2", "4"]]),
  ticker(999, "100.2", "4"),
  trade(1, "100.2"),
];

describe("verify", () => {
  it("compares with the ticker at the same update id, whichever came first", async () => {
    const report = await verified(write(CLEAN));
    expect(report.clean).toBe(true);
    expect(report.books[0]!.bookTicker).toEqual({ compared: 2, mismatched: 0, examples: [] });
    expect(report.totals).toEqual({
      bookMessages: 3,
      trades: 1,
      bookTickerCompared: 2,
      bookTickerMismatched: 0,
      crossed: 0,
      gaps: 0,
    });
  });

  it("finds a ticker that differs in price or in size alone", async () => {
    const report = await verified(
      write([
        snapshot(),
        depth(100, [["100.0", "1"]]),
        ticker(100, "100.1", "1"),
        depth(101, [["100.0", "2"]]),
        ticker(101, "100.0", "3"),
        depth(102, [["100.0", "4"]]),
        ticker(102, "100.0", "4", "100.5", "2.001"),
      ]),
    );
    expect(report.books[0]!.bookTicker).toMatchObject({ compared: 3, mismatched: 3 });
    expect(report.books[0]!.bookTicker.examples[1]).toMatchObject({
      line: 5,
      updateId: 101,
      book: { bid: 1000, bidSize: 2000 },
      ticker: { bid: 1000, bidSize: 3000 },
    });
    expect(report.clean).toBe(false);
    expect(report.books[0]!.faults).toEqual([
      expect.stringMatching(/^3 mismatches with the ticker: of 3 comparisons, the first at .*:3$/),
    ]);
  });

  it("finds crossed and locked books, and books with an empty side", async () => {
    const report = await verified(
      write([
        snapshot(),
        depth(100, [["100.6", "1"]]),
        depth(101, [["100.6", "0"]]),
        depth(102, [["100.5", "1"]]),
        depth(103, [["100.5", "0"]], [["100.5", "0"]]),
      ]),
    );
    expect(report.books[0]!.crossed).toMatchObject({
      compared: 4,
      count: 2,
      examples: [
        { line: 2, updateId: 100, bid: 1006, ask: 1005 },
        { line: 4, updateId: 102, bid: 1005, ask: 1005 },
      ],
    });
    expect(report.books[0]!.oneSided).toBe(1);
    expect(report.clean).toBe(false);
  });

  it("counts trades off the touch without calling them a fault", async () => {
    const report = await verified(write([...CLEAN, trade(2, "100.5"), trade(3, "100.6")]));
    expect(report.books[0]!.tradesOffTouch).toMatchObject({
      compared: 3,
      count: 1,
      examples: [{ line: 10, price: 1006, bid: 1002, ask: 1005 }],
    });
    expect(report.clean).toBe(true);
  });

  it("finds exchange times that fall, and holds the book's order all the same", async () => {
    const lines = [
      snapshot(),
      depth(100, [["100.1", "1"]]),
      depth(101, [["100.1", "2"]], [], now() - 9),
    ];
    const path = write([...lines, depth(102, [["100.1", "3"]])]);
    const report = await verified(path);
    expect(report.books[0]!.timeFalls).toEqual({ exchangeBook: 1, exchangeTrades: 0, local: 0 });
    expect(report.clean).toBe(false);
    const read = await readRecording([path]);
    if (!read.ok) throw new Error(read.error.text);
    const [block] = read.value.blocks;
    expect(Array.from(block!.quantity.subarray(3, block!.length))).toEqual([1000, 2000, 3000]);
  });

  it("finds the longest silence and the line that ended it", async () => {
    const lines = [snapshot(), depth(100, []), depth(101, [["100.1", "1"]])];
    clock += 500;
    lines.push(depth(102, [["100.1", "2"]]), depth(103, [["100.1", "3"]]));
    const report = await verified(write(lines));
    expect(report.books[0]!.longestSilence).toMatchObject({ nanos: 501e6, line: 4 });
  });

  it("tells a truncated file with its last line, and keeps what came before", async () => {
    const path = write(CLEAN, 6);
    const report = await verified(path);
    expect(report.truncated).toMatchObject([
      { line: CLEAN.length, reason: "unexpected end of file" },
    ]);
    expect(report.faults).toEqual([expect.stringMatching(/is broken after line 8 \(unexpected/)]);
    expect(report.totals.bookMessages).toBe(3);
    expect(report.clean).toBe(false);
  });

  it("tells the first bad line", async () => {
    const report = await verified(write([...CLEAN, "rubbish"]));
    expect(report.faults).toEqual([
      expect.stringMatching(/^1 bad line: the first at .*:9, which does not begin with/),
    ]);
  });
});

describe("describe", () => {
  it("says what is in a recording", async () => {
    const read = await readRecording([write(CLEAN)]);
    if (!read.ok) throw new Error(read.error.text);
    const info = describeRecording(read.value);
    expect(info.counts).toEqual({
      rows: 7,
      messages: 5,
      bids: 4,
      asks: 1,
      tradesBuy: 0,
      tradesSell: 1,
      tradesOffBook: 0,
      snapshots: 1,
      gaps: 0,
    });
    expect(info.firstMid).toBe("100.250");
    expect(info.lastMid).toBe("100.350");
    expect(info.volume).toEqual({ bought: "0.000", sold: "0.500", notional: 50.1 });
    expect(info.memoryBytes).toBe(7 * 29);
    expect(info.instrument.id).toBe("binance:linear:BTCUSDT");
  });
});
