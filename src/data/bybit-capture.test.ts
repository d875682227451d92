import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, KIND_MASK, LAST, OFF_BOOK, OFF_VOLUME, VENUE_ONLY } from "../core/market/columns.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-bybit-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** 2026-08-09 21:26:57 UTC. */
const START = 1_786_310_817;
let clock = 0;

const frame = (json: object): string => JSON.stringify({ ...json, ts: START + clock++ / 1000 });
const instruments = (category: string, symbol: string): string =>
  frame({
    t: "http",
    conn: "http.1",
    url: `https://api.bybit.com/v5/market/instruments-info?&category=${category}`,
    data: JSON.stringify({
      retCode: 0,
      result: {
        category,
        list: [
          {
            symbol,
            baseCoin: "A",
            quoteCoin: "USDT",
            priceFilter: { tickSize: "0.1" },
            lotSizeFilter: {
              qtyStep: "0.01",
              basePrecision: "0.01",
              minOrderQty: "0.01",
              maxOrderQty: "100",
              maxLimitOrderQty: "100",
              minOrderAmt: "5",
            },
          },
        ],
      },
    }),
  });
const connect = (conn: string, category: string): string =>
  frame({ t: "connect", conn, addr: `wss://stream.bybit.com/v5/public/${category}` });

interface BookMessage {
  readonly type: "snapshot" | "delta";
  readonly u: number;
  readonly b?: readonly (readonly [string, string])[];
  readonly a?: readonly (readonly [string, string])[];
  readonly s?: string;
  readonly depth?: number;
}
const message = ({ type, u, b = [], a = [], s = "AUSDT", depth = 50 }: BookMessage): object => ({
  topic: `orderbook.${depth}.${s}`,
  type,
  ts: START * 1000 + clock - 100,
  cts: START * 1000 + clock - 103,
  data: { s, b, a, u, seq: u },
});
const book = (of: BookMessage, conn = "ws.1"): string =>
  frame({ t: "recv", conn, data: JSON.stringify(message(of)) });
const trades = (...list: object[]): string =>
  frame({
    t: "recv",
    conn: "ws.1",
    data: JSON.stringify({
      topic: "publicTrade.AUSDT",
      type: "snapshot",
      ts: START * 1000 + clock - 100,
      data: list.map((trade) => ({
        T: START * 1000 + clock - 102,
        s: "AUSDT",
        v: "0.05",
        p: "10.2",
        BT: false,
        RPI: false,
        ...trade,
      })),
    }),
  });

const HEAD = [
  frame({ t: "header", exchange: "BYBIT" }),
  instruments("linear", "AUSDT"),
  connect("ws.1", "linear"),
];
const FIRST = book({ type: "snapshot", u: 41, b: [["10.1", "1"]], a: [["10.3", "2"]] });
const FIRST_ROWS = ["CLEAR", "bid 101 x 100", "ask 103 x 200."];

async function read(lines: readonly string[] | Uint8Array, options: ReadOptions = {}) {
  const path = join(folder, `frames-${clock++}`);
  writeFileSync(path, lines instanceof Uint8Array ? lines : `${lines.join("\n")}\n`);
  return readRecording([path], options);
}

async function recorded(
  lines: readonly string[] | Uint8Array,
  options: ReadOptions = {},
): Promise<Recording> {
  const result = await read(lines, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const NAMES = ["bid", "ask", "buy", "sell", "CLEAR", "GAP"];

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

describe("Bybit frames", () => {
  it("begins with a snapshot, follows u + 1, deletes at size 0", async () => {
    const recording = await recorded([
      ...HEAD,
      book({ type: "delta", u: 40, b: [["9.9", "1"]] }),
      FIRST,
      book({ type: "delta", u: 42, b: [["10.1", "0"]], a: [["10.4", "1"]] }),
    ]);
    expect(rowsOf(recording)).toEqual([...FIRST_ROWS, "bid 101 x 0", "ask 104 x 100."]);
    expect(recording.report.unsynchronised.bookMessages).toBe(1);
    expect(recording.header.instrument).toMatchObject({ symbol: "AUSDT", kind: "linear" });
  });

  it("replaces the book when the venue restarts with u = 1: that is no gap", async () => {
    const recording = await recorded([
      ...HEAD,
      FIRST,
      book({ type: "snapshot", u: 1, b: [["10.0", "1"]] }),
      book({ type: "delta", u: 2, b: [["10.0", "3"]] }),
    ]);
    expect(rowsOf(recording).slice(3)).toEqual(["CLEAR", "bid 100 x 100.", "bid 100 x 300."]);
    expect(recording.report.gaps.count).toBe(0);
    expect(recording.report.snapshots.used).toBe(2);
  });

  it("breaks off at a gap, ignores deltas until the next snapshot", async () => {
    const recording = await recorded([
      ...HEAD,
      FIRST,
      book({ type: "delta", u: 43, b: [["10.0", "1"]] }),
      book({ type: "delta", u: 44, b: [["10.0", "2"]] }),
      book({ type: "snapshot", u: 90, b: [["10.0", "9"]] }),
    ]);
    expect(rowsOf(recording)).toEqual([...FIRST_ROWS, "GAP.", "CLEAR", "bid 100 x 900."]);
    const { gaps, unsynchronised } = recording.report;
    expect(gaps).toMatchObject({ count: 1, examples: [{ line: 5, expected: 42, found: 43 }] });
    expect(unsynchronised.bookMessages).toBe(2);
  });

  it("takes a new connection for a gap: what was missed is not known", async () => {
    const recording = await recorded([
      ...HEAD,
      FIRST,
      connect("ws.1", "linear"),
      book({ type: "delta", u: 42, b: [["10.0", "1"]] }),
    ]);
    expect(rowsOf(recording)).toEqual([...FIRST_ROWS, "GAP."]);
  });

  it("flags trades that take nothing from the visible book, and drops repeated ones", async () => {
    const recording = await recorded([
      ...HEAD,
      FIRST,
      trades(
        { i: "a", S: "Buy" },
        { i: "b", S: "Sell", RPI: true },
        { i: "c", S: "Sell", BT: true },
        { i: "a", S: "Buy" },
      ),
    ]);
    expect(rowsOf(recording).slice(3)).toEqual([
      "buy 102 x 5.",
      "sell 102 x 5 off-book.",
      "sell 102 x 5 off-book off-volume.",
    ]);
    expect(recording.report.duplicates.trades).toBe(1);
  });

  it("keeps a true latency: the local clock is moved only where it runs behind", async () => {
    const recording = await recorded([...HEAD, FIRST]);
    expect(recording.report.clockShiftNanos).toBe(0);
    expect(recording.report.leastLatencyNanos).toBe(103_000_000);
  });

  it("tells one symbol in two categories apart by the connection", async () => {
    const lines = [
      ...HEAD,
      instruments("spot", "AUSDT"),
      connect("ws.2", "spot"),
      FIRST,
      book({ type: "snapshot", u: 7, b: [["10.2", "7"]] }, "ws.2"),
    ];
    const ambiguous = await read(lines);
    expect(ambiguous).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    if (!ambiguous.ok) expect(ambiguous.error.text).toMatch(/AUSDT \(linear\), AUSDT \(spot\)/);
    const spot = await recorded(lines, { symbol: "AUSDT", kind: "spot" });
    expect(rowsOf(spot)).toEqual(["CLEAR", "bid 102 x 700."]);
    expect(spot.report.otherInstruments).toBe(1);
  });

  it("reads one depth of a symbol and says which was left out", async () => {
    const recording = await recorded([
      ...HEAD,
      FIRST,
      book({ type: "snapshot", u: 5, b: [["10.1", "1"]], depth: 1 }),
    ]);
    expect(rowsOf(recording)).toEqual(FIRST_ROWS);
    expect(recording.report.notes).toEqual([expect.stringMatching(/50 levels.*1 is left out/)]);
  });

  it("counts what is no message and goes on", async () => {
    const recording = await recorded([
      ...HEAD,
      FIRST,
      '{"t":"recv"',
      frame({ t: "recv", conn: "ws.1", data: 7 }),
      frame({ t: "recv", conn: "ws.9", data: "{}" }),
      book({ type: "delta", u: 1.5 }),
      book({ type: "delta", u: 42, b: [["10.0", "1"]] }),
    ]);
    expect(rowsOf(recording)).toEqual([...FIRST_ROWS, "bid 100 x 100."]);
    expect(recording.report.badLines.count).toBe(4);
  });

  it("refuses another exchange's frames and a symbol that is not there", async () => {
    const other = await read([frame({ t: "header", exchange: "OKX" })]);
    expect(other).toMatchObject({ ok: false, error: { code: "DATA_FORMAT", line: 1 } });
    const absent = await read([...HEAD, FIRST], { symbol: "BUSDT" });
    expect(absent).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
  });

  it("refuses a symbol whose grid is nowhere", async () => {
    const lines = [connect("ws.1", "linear"), FIRST];
    expect(await read(lines)).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
  });
});

describe("Bybit archive", () => {
  const lines = [
    message({ type: "snapshot", u: 41, b: [["1.9531", "1"]], a: [["1.9533", "2"]], s: "XRPUSDT" }),
    message({ type: "delta", u: 42, b: [["1.9531", "3"]], s: "XRPUSDT" }),
  ].map((json) => JSON.stringify(json));
  const zip = zipSync({ "day.data": Buffer.from(`${lines.join("\n")}\n`) });

  it("reads the zip, with sending times for receive times, and says so", async () => {
    const recording = await recorded(zip);
    expect(rowsOf(recording)).toEqual([
      "CLEAR",
      "bid 19531 x 1",
      "ask 19533 x 2.",
      "bid 19531 x 3.",
    ]);
    expect(recording.format).toBe("bybit-archive");
    expect(recording.report.leastLatencyNanos).toBe(3_000_000);
    expect(recording.report.notes).toHaveLength(3);
  });

  it("needs the instrument where it is not built in", async () => {
    const refused = await read(zip, { kind: "spot" });
    expect(refused).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    const known = (await recorded(zip)).header.instrument;
    const given = await recorded(zip, { instrument: { ...known, kind: "spot" } });
    expect(given.header.instrument.kind).toBe("spot");
    expect(given.rows).toBe(4);
  });
});
