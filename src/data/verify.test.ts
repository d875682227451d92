import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { ENGINE_ONLY, VENUE_ONLY } from "../core/market/columns.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";
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

async function verified(...paths: string[]): Promise<VerifyReport> {
  const result = await verifyRecording(paths);
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

// True recordings: read in place, never copied.

const BINANCE = "../shared/data/binance-hftbacktest";
const BYBIT = "../shared/data/bybit-ws-cryptofeed";
const skipped = "(skipped where the folder is absent)";

async function recorded(paths: string[], options: ReadOptions = {}): Promise<Recording> {
  const result = await readRecording(paths, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

/** Rows that break the promise of the columns: time falls, or a row is received too early. */
function brokenRows({ blocks }: Recording): number {
  let broken = 0;
  let exchange = 0;
  let local = 0;
  for (const block of blocks) {
    for (let row = 0; row < block.length; row++) {
      const kind = block.kind[row]!;
      const exchangeTime = block.exchangeTime[row]!;
      const localTime = block.localTime[row]!;
      if (localTime - exchangeTime < 1e6) broken += 1;
      if ((kind & ENGINE_ONLY) === 0) {
        if (exchangeTime < exchange) broken += 1;
        exchange = exchangeTime;
      }
      if ((kind & VENUE_ONLY) === 0) {
        if (localTime < local) broken += 1;
        local = localTime;
      }
    }
  }
  return broken;
}

describe.skipIf(!existsSync(BINANCE))(`Binance captures in ${BINANCE} ${skipped}`, () => {
  it.each([
    ["usdm_btcusdt_20240808.gz", 629, 6551, 21_313],
    ["usdm_ethusdt_20240808.gz", 551, 6586, 14_076],
    ["cm_btcusd_perp_20240808.gz", 1124, 26_847, 2286],
    ["spot_btcusdt_20240808.gz", 564, 3451, 9757],
  ])("%s agrees with its ticker in all %i comparisons", async (name, compared, books, trades) => {
    const report = await verified(`${BINANCE}/${name}`);
    expect(report.totals).toEqual({
      bookMessages: books,
      trades,
      bookTickerCompared: compared,
      bookTickerMismatched: 0,
      crossed: 0,
      gaps: 0,
    });
    expect(report.books[0]!.faults).toEqual([]);
    expect(report.clean).toBe(true);
  });

  it.each(["usdm_btcusdt_20240808.gz", "spot_btcusdt_20240808.gz"])(
    "%s keeps both clocks, after a correction of about 1.27 s",
    async (name) => {
      const recording = await recorded([`${BINANCE}/${name}`]);
      expect(brokenRows(recording)).toBe(0);
      expect(recording.report.clockShiftNanos / 1e9).toBeCloseTo(1.27, 1);
      expect(recording.report.doubledRows).toBeLessThan(recording.rows / 50);
    },
  );

  it.each(["cm_btcusd_perp", "spot_btcusdt"])(
    "%s of the second day continues the first day's book, and has none alone",
    async (name) => {
      const days = [`${BINANCE}/${name}_20240808.gz`, `${BINANCE}/${name}_20240809.gz`];
      const report = await verified(...days);
      expect(report.clean).toBe(true);
      expect(report.totals.gaps).toBe(0);
      expect(report.totals.bookTickerMismatched).toBe(0);
      expect(report.totals.bookTickerCompared).toBeGreaterThan(1000);
      const alone = await verifyRecording([days[1]!]);
      expect(alone).toMatchObject({ ok: false, error: { code: "DATA_EMPTY" } });
    },
  );
});

describe.skipIf(!existsSync(BYBIT))(`Bybit recordings in ${BYBIT} ${skipped}`, () => {
  const frames = `${BYBIT}/BYBIT.jsonl.zst`;

  it("holds 2,148 book messages of six books: no gap, no crossed book", async () => {
    const report = await verified(frames);
    expect(report.totals).toMatchObject({ bookMessages: 2148, gaps: 0, crossed: 0 });
    expect(report.books.map((book) => `${book.instrument} ${book.bookMessages}`)).toEqual([
      "bybit:linear:BTCUSDT 414",
      "bybit:linear:ETHUSDT 421",
      "bybit:linear:SOLUSDT 383",
      "bybit:linear:DOGEUSDT 380",
      "bybit:spot:BTCUSDT 300",
      "bybit:spot:ETHUSDT 250",
    ]);
    expect(report.clean).toBe(true);
  });

  it("reads one of its books, with the grid that the recording carries", async () => {
    const recording = await recorded([frames], { symbol: "BTCUSDT", kind: "spot" });
    expect(brokenRows(recording)).toBe(0);
    expect(recording.header.instrument.tickSize).toEqual({ mantissa: 1n, scale: 1 });
    expect(recording.report.bookMessages).toBe(300);
  });

  it("reads the archive day", async () => {
    const report = await verified(`${BYBIT}/nautilus_2024-12-01_XRPUSDT_ob500.data.zip`);
    expect(report.totals).toMatchObject({ bookMessages: 50, gaps: 0, crossed: 0 });
    expect(report.clean).toBe(true);
  });

  it("refuses the frames of another exchange by name", async () => {
    const result = await readRecording([`${BYBIT}/BINANCE_FUTURES.jsonl.zst`]);
    expect(result).toMatchObject({ ok: false, error: { code: "DATA_FORMAT", line: 1 } });
  });
});
