import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, KIND_MASK, LAST, OFF_BOOK, OFF_VOLUME, VENUE_ONLY } from "../core/market/columns.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-binance-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Level = readonly [string, string];

/** 2024-08-09 00:00:00 UTC, with the receive times one second behind, as in the true captures. */
const START = 1_723_161_600;
let clock = 0;
const at = (json: object): string => {
  clock += 1;
  return `${START - 1}${String(clock * 1_000_000 + 7).padStart(9, "0")} ${JSON.stringify(json)}`;
};
const now = (): number => START * 1000 + clock;

const futures = (U: number, u: number, pu: number, b: Level[] = [], a: Level[] = []): string =>
  at({
    stream: "btcusdt@depth@0ms",
    data: { e: "depthUpdate", E: now() + 1, T: now(), s: "BTCUSDT", U, u, pu, b, a },
  });
const spot = (U: number, u: number, b: Level[] = [], a: Level[] = []): string =>
  at({ stream: "btcusdt@depth", data: { e: "depthUpdate", E: now(), s: "BTCUSDT", U, u, b, a } });
const snapshot = (lastUpdateId: number, bid = "100.0", ask = "100.5"): string =>
  at({ lastUpdateId, E: now(), T: now(), bids: [[bid, "1.000"]], asks: [[ask, "2.000"]] });
const trade = (t: number, p: string, m: boolean, more: object = { X: "MARKET" }): string =>
  at({
    stream: "btcusdt@trade",
    data: { e: "trade", E: now(), T: now(), s: "BTCUSDT", t, p, q: "0.003", m, ...more },
  });

async function read(lines: readonly string[], options: ReadOptions = {}) {
  clock += 1;
  const path = join(folder, `capture-${clock}.txt`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return readRecording([path], options);
}

async function recorded(lines: readonly string[], options: ReadOptions = {}): Promise<Recording> {
  const result = await read(lines, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const NAMES = ["bid", "ask", "buy", "sell", "CLEAR", "GAP"];

/** What the engine sees, one text per row: `bid 1000 x 5`, `.` after the last of a message. */
function rowsOf({ blocks }: Recording): string[] {
  const rows: string[] = [];
  for (const block of blocks) {
    for (let row = 0; row < block.length; row++) {
      const kind = block.kind[row]!;
      if (kind & VENUE_ONLY) continue;
      const name = NAMES[kind & KIND_MASK]!;
      const off = `${kind & OFF_BOOK ? " off-book" : ""}${kind & OFF_VOLUME ? " off-volume" : ""}`;
      const bare = (kind & KIND_MASK) >= Kind.CLEAR;
      const what = bare ? name : `${name} ${block.price[row]} x ${block.quantity[row]}${off}`;
      rows.push(kind & LAST ? `${what}.` : what);
    }
  }
  return rows;
}

const SNAPSHOT_ROWS = ["CLEAR", "bid 1000 x 1000", "ask 1005 x 2000."];

describe("Binance futures capture", () => {
  it("joins the snapshot: drops u < L, begins with U <= L <= u, follows pu", async () => {
    const recording = await recorded([
      futures(90, 99, 89, [["99.0", "9"]]),
      futures(100, 104, 99, [["100.1", "1"]]),
      snapshot(102),
      futures(105, 106, 104, [["100.1", "0"]]),
    ]);
    expect(rowsOf(recording)).toEqual([...SNAPSHOT_ROWS, "bid 1001 x 1000.", "bid 1001 x 0."]);
    expect(recording.report).toMatchObject({
      bookMessages: 3,
      unsynchronised: { bookMessages: 1, trades: 0 },
      snapshots: { used: 1, unused: 0 },
    });
  });

  it.each([
    ["u = L", futures(95, 102, 94, [["100.1", "1"]])],
    ["U = L", futures(102, 109, 94, [["100.1", "1"]])],
  ])("takes a first delta with %s", async (_, first) => {
    const recording = await recorded([snapshot(102), first]);
    expect(rowsOf(recording)).toEqual([...SNAPSHOT_ROWS, "bid 1001 x 1000."]);
  });

  it("does not apply a snapshot that is older than the deltas, and takes the next", async () => {
    const recorded2 = await recorded([
      snapshot(50, "90.0"),
      futures(100, 104, 99, [["100.1", "1"]]),
      snapshot(104),
      futures(105, 106, 104, [["100.1", "0"]]),
    ]);
    expect(rowsOf(recorded2)).toEqual([...SNAPSHOT_ROWS, "bid 1001 x 1000.", "bid 1001 x 0."]);
    expect(recorded2.report.snapshots).toEqual({ used: 1, unused: 1 });
  });

  it("breaks off at a gap, counts it with its place, and begins anew with a snapshot", async () => {
    const recording = await recorded([
      snapshot(100),
      futures(100, 101, 99),
      futures(104, 105, 103, [["100.2", "1"]]),
      futures(106, 107, 105, [["100.3", "1"]]),
      trade(1, "100.5", false),
      snapshot(106),
      futures(108, 108, 107, [["100.4", "1"]]),
    ]);
    expect(rowsOf(recording)).toEqual([
      ...SNAPSHOT_ROWS,
      "GAP.",
      "buy 1005 x 3.",
      ...SNAPSHOT_ROWS,
      "bid 1003 x 1000.",
      "bid 1004 x 1000.",
    ]);
    const { gaps } = recording.report;
    expect(gaps.count).toBe(1);
    expect(gaps.examples[0]).toMatchObject({ line: 3, expected: 101, found: 103 });
  });

  it("finds another gap among the deltas that waited for the snapshot", async () => {
    const recording = await recorded([
      futures(100, 101, 99),
      futures(105, 106, 104),
      futures(107, 108, 106, [["100.3", "1"]]),
      snapshot(100),
      snapshot(105),
    ]);
    expect(rowsOf(recording)).toEqual([
      ...SNAPSHOT_ROWS,
      "GAP.",
      ...SNAPSHOT_ROWS,
      "bid 1003 x 1000.",
    ]);
  });

  it("drops what comes twice", async () => {
    const recording = await recorded([
      snapshot(100),
      futures(100, 101, 99, [["100.1", "1"]]),
      futures(100, 101, 99, [["100.1", "5"]]),
      trade(7, "100.5", false),
      trade(7, "100.5", false),
      trade(10, "100.5", true),
    ]);
    expect(rowsOf(recording)).toEqual([
      ...SNAPSHOT_ROWS,
      "bid 1001 x 1000.",
      "buy 1005 x 3.",
      "sell 1005 x 3.",
    ]);
    const { duplicates, tradeIdsMissing } = recording.report;
    expect(duplicates).toEqual({ bookMessages: 1, trades: 1 });
    expect(tradeIdsMissing).toBe(2);
  });

  it("marks executions that met no order of the book, drops those at price zero", async () => {
    const recording = await recorded([
      snapshot(100),
      futures(100, 101, 99, [["100.1", "1"]]),
      trade(1, "100.5", false, { X: "INSURANCE_FUND" }),
      trade(2, "0", false, { X: "NA" }),
    ]);
    expect(rowsOf(recording).slice(-1)).toEqual(["buy 1005 x 3 off-book off-volume."]);
    expect(recording.report.priceZeroTrades).toBe(1);
  });

  it("leaves prices off the tick out, rounds quantities down to lots, counts both", async () => {
    const recording = await recorded([
      snapshot(100),
      futures(100, 101, 99, [
        ["100.15", "1"],
        ["100.1", "1.0009"],
      ]),
    ]);
    expect(rowsOf(recording)).toEqual([...SNAPSHOT_ROWS, "bid 1001 x 1000."]);
    const { offTickPrices, offLotQuantities } = recording.report;
    expect(offTickPrices).toMatchObject({ count: 1, examples: [{ line: 2, text: "100.15" }] });
    expect(offLotQuantities).toMatchObject({ count: 1, examples: [{ line: 2, text: "1.0009" }] });
  });

  it("shifts a slow local clock until the least latency is the base latency", async () => {
    const lines = [snapshot(100), futures(100, 101, 99, [["100.1", "1"]])];
    const recording = await recorded(lines, { baseLatencyMs: 3 });
    expect(recording.report.leastLatencyNanos).toBeCloseTo(-999e6, -7);
    const latencies = recording.blocks.flatMap((block) =>
      [...block.localTime]
        .slice(0, block.length)
        .map((time, row) => time - block.exchangeTime[row]!),
    );
    expect(Math.min(...latencies)).toBe(3e6);
    expect(recording.header.epochNanos % 1_000_000_000n).toBe(0n);
  });

  it("counts bad lines with their place and goes on", async () => {
    const recording = await recorded([
      snapshot(100),
      "1723161599000000001 {not json",
      "no time at all",
      `${START}000000000 {"e":"depthUpdate","s":"BTCUSDT","U":1,"u":"x"}`,
      `${START}000000000 {"data":7}`,
      `${START}000000000 {"__proto__":{"data":{"e":"trade"}},"constructor":1}`,
      futures(100, 101, 99, [["100.1", "1"]]),
    ]);
    expect(rowsOf(recording)).toEqual([...SNAPSHOT_ROWS, "bid 1001 x 1000."]);
    const { badLines } = recording.report;
    expect(badLines.examples.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      "2 is not JSON",
      "3 does not begin with a receive time",
      "4 is no depth message",
      "5 carries no data",
    ]);
  });

  it("does not apply half a delta: a level that is no number makes a gap", async () => {
    const recording = await recorded([
      snapshot(100),
      futures(100, 101, 99, [["100.1", "1"]]),
      futures(102, 103, 101, [
        ["100.2", "1"],
        ["oops", "1"],
      ]),
      futures(104, 105, 103, [["100.3", "1"]]),
    ]);
    expect(rowsOf(recording)).toEqual([...SNAPSHOT_ROWS, "bid 1001 x 1000.", "GAP."]);
    expect(recording.report.badLines.count).toBe(1);
    expect(recording.report.gaps.count).toBe(1);
  });

  it("says what to do where no snapshot joins", async () => {
    const result = await read([futures(100, 101, 99), futures(102, 103, 101)]);
    expect(result).toMatchObject({ ok: false, error: { code: "DATA_EMPTY" } });
    if (!result.ok) expect(result.error.text).toMatch(/no order book snapshot.*just before it/);
  });

  it("refuses two symbols unless one is chosen", async () => {
    const other = futures(200, 201, 199).replaceAll("BTCUSDT", "ETHUSDT");
    const lines = [snapshot(100), futures(100, 101, 99, [["100.1", "1"]]), other];
    expect(await read(lines)).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL", line: 3 } });
    const chosen = await recorded(lines, { symbol: "BTCUSDT" });
    expect(chosen.report.otherInstruments).toBe(1);
    expect(chosen.report.notes).toEqual([expect.stringMatching(/also holds ETHUSDT/)]);
    const absent = await read(lines, { symbol: "XRPUSDT" });
    expect(absent).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    if (!absent.ok)
      expect(absent.error.text).toMatch(/nothing of XRPUSDT, but of BTCUSDT, ETHUSDT/);
  });

  it("refuses an instrument whose grid it does not know, and says how to give it", async () => {
    const lines = [futures(100, 101, 99).replaceAll("BTCUSDT", "NEWUSDT")];
    const result = await read(lines);
    expect(result).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    if (!result.ok) expect(result.error.text).toMatch(/NEWUSDT.*give the instrument in a file/);
  });
});

describe("Binance spot capture", () => {
  const spotSnapshot = (lastUpdateId: number): string =>
    at({ lastUpdateId, bids: [["100.00", "1"]], asks: [["100.50", "2"]] });
  const ROWS = ["CLEAR", "bid 10000 x 100000", "ask 10050 x 200000."];

  it("joins the snapshot: drops u <= L, begins with U <= L + 1 <= u, follows u + 1", async () => {
    const recording = await recorded([
      spot(90, 102, [["99.00", "9"]]),
      spotSnapshot(102),
      spot(103, 104, [["100.01", "1"]]),
      spot(105, 106, [["100.01", "0"]]),
    ]);
    expect(rowsOf(recording)).toEqual([...ROWS, "bid 10001 x 100000.", "bid 10001 x 0."]);
    expect(recording.header.instrument.kind).toBe("spot");
  });

  it("takes a first delta that overlaps the snapshot", async () => {
    const recording = await recorded([spot(90, 104, [["100.01", "1"]]), spotSnapshot(102)]);
    expect(rowsOf(recording)).toEqual([...ROWS, "bid 10001 x 100000."]);
  });

  it("breaks off where U is not the previous u + 1", async () => {
    const recording = await recorded([
      spotSnapshot(102),
      spot(103, 104, [["100.01", "1"]]),
      spot(106, 107, [["100.02", "1"]]),
    ]);
    expect(rowsOf(recording)).toEqual([...ROWS, "bid 10001 x 100000.", "GAP."]);
    expect(recording.report.gaps.examples[0]).toMatchObject({ expected: 105, found: 106 });
  });

  it("does not take a first delta that begins after the snapshot", async () => {
    const result = await read([spotSnapshot(102), spot(104, 105)]);
    expect(result).toMatchObject({ ok: false, error: { code: "DATA_EMPTY" } });
    if (!result.ok) expect(result.error.text).toContain("does not join");
  });
});
