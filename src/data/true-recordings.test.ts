/** The readers against true recordings: read in place, never copied, skipped where absent. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ENGINE_ONLY, VENUE_ONLY } from "../core/market/columns.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";
import { verifyRecording, type VerifyReport } from "./verify.ts";

const BINANCE = "../shared/data/binance-hftbacktest";
const BYBIT = "../shared/data/bybit-ws-cryptofeed";
const skipped = "(skipped where the folder is absent)";

async function verified(...paths: string[]): Promise<VerifyReport> {
  const result = await verifyRecording(paths);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

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
