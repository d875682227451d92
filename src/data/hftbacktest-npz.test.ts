import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { unzipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, LAST, type MarketBlock, OFF_BOOK, OFF_VOLUME } from "../core/market/columns.ts";
import { newCounts, TimeBase } from "./capture.ts";
import { EVENT_BYTES } from "./hftbacktest-event.ts";
import { type EventSource, writeHftbacktest } from "./hftbacktest-npz.ts";
import { knownInstrument } from "./known-instruments.ts";
import { readRecording, type Recording } from "./recording.ts";
import { RecordingBuilder } from "./recording-builder.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-npz-"));
afterAll(() => rmSync(folder, { recursive: true }));

const RECORDED = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/cm_btcusd_perp_20240808.gz", import.meta.url),
);
const instrument = knownInstrument("binance", "linear", "BTCUSDT")!;
/** 2024-08-08 23:54:16 UTC. */
const START = 1_723_161_256;

interface Message {
  /** Nanoseconds after the start. */
  readonly exchange: number;
  readonly local: number;
  /** Kind with flags, price, quantity. */
  readonly rows: readonly (readonly [number, number, number])[];
}

function sourceOf(messages: readonly Message[]): EventSource {
  const builder = new RecordingBuilder(newCounts());
  for (const { exchange, local, rows } of messages) {
    const isTrade = (rows[0]![0] & 7) === Kind.TRADE_BUY || (rows[0]![0] & 7) === Kind.TRADE_SELL;
    builder.begin(isTrade ? "trade" : "book", exchange, local);
    for (const row of rows) builder.row(...row);
    builder.end();
  }
  const time = new TimeBase();
  time.seconds = START;
  const { blocks, epochNanos, report } = builder.build(time, 0);
  const header = { instrument, epochNanos, ownTradesPrinted: false };
  return { header, blocks, rows: report.rows };
}

let files = 0;
async function written(source: EventSource, level?: number): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.npz`);
  const result = await writeHftbacktest(source, path, level === undefined ? {} : { level });
  if (!result.ok) throw new Error(result.error.text);
  return path;
}

async function readBack(path: string): Promise<Recording> {
  const read = await readRecording([path]);
  if (!read.ok) throw new Error(read.error.text);
  return read.value;
}

function plain(blocks: Iterable<MarketBlock>): string[] {
  const rows: string[] = [];
  for (const { length, exchangeTime, localTime, kind, price, quantity } of blocks) {
    for (let at = 0; at < length; at++) {
      const row = [exchangeTime[at], localTime[at], kind[at], price[at], quantity[at]];
      rows.push(row.join(" "));
    }
  }
  return rows;
}

const FIRST: Message = {
  exchange: 1_000_000,
  local: 2_000_000,
  rows: [
    [Kind.CLEAR, 0, 0],
    [Kind.BID, 618_002, 2909],
    [Kind.ASK, 618_003, 500],
  ],
};

describe("a file for hftbacktest", () => {
  it("has its words: sides, clocks, snapshot rows, prices as the nearest doubles", async () => {
    const source = sourceOf([
      FIRST,
      { exchange: 4_000_000, local: 6_000_000, rows: [[Kind.BID, 618_001, 3]] },
      { exchange: 3_000_000, local: 7_000_000, rows: [[Kind.TRADE_SELL, 618_002, 1]] },
    ]);
    const members = unzipSync(readFileSync(await written(source)));
    expect(Object.keys(members)).toEqual(["arrival.header", "data.npy"]);
    const file = Buffer.from(members["data.npy"]!);
    const start = 10 + file.readUInt16LE(8);
    expect(start % 64).toBe(0);
    expect(file.toString("latin1", 10, start)).toMatch(
      /^\{'descr': \[\('ev', '<u8'\), \('exch_ts', '<i8'\), .* 'shape': \(6,\), \} *\n$/,
    );
    const rows = Array.from({ length: 6 }, (_, row) => {
      const at = start + row * EVENT_BYTES;
      return [
        file.readBigUInt64LE(at).toString(16),
        Number(file.readBigInt64LE(at + 8) - BigInt(START) * 1_000_000_000n),
        Number(file.readBigInt64LE(at + 16) - BigInt(START) * 1_000_000_000n),
        file.readDoubleLE(at + 24),
        file.readDoubleLE(at + 32),
        file.readBigInt64LE(at + 48),
      ].join(" ");
    });
    // The remark (ival 3): what follows the row is for the other side alone.
    expect(rows).toEqual([
      "c0000003 1000000 2000000 0 0 0",
      "e0000004 1000000 2000000 61800.2 2.909 0",
      "d0000004 1000000 2000000 61800.3 0.5 3",
      "90000002 3000000 7000000 61800.2 0.001 0",
      "e0000001 4000000 6000000 61800.1 0.003 0",
      "50000002 3000000 7000000 61800.2 0.001 0",
    ]);
  });

  const row = fc.tuple(
    fc.constantFrom(Kind.BID, Kind.ASK),
    fc.integer({ min: 1, max: 0x7ffffffe }),
    fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 9e13 })),
  );
  const trade = fc.tuple(
    fc
      .tuple(
        fc.constantFrom<number>(Kind.TRADE_BUY, Kind.TRADE_SELL),
        fc.constantFrom(0, OFF_BOOK, OFF_BOOK | OFF_VOLUME),
      )
      .map(([kind, flags]) => kind | flags),
    fc.integer({ min: 1, max: 0x7ffffffe }),
    fc.integer({ min: 1, max: 9e13 }),
  );
  const bare = (kind: number) => fc.constant([kind, 0, 0] as const);
  const message = fc.record({
    /** To the message before; mostly small, so that equal times and crossings happen. */
    step: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 5e9 }),
    ),
    latency: fc.integer({ min: 0, max: 4 }),
    rows: fc.oneof(
      { weight: 4, arbitrary: fc.array(row, { minLength: 1, maxLength: 4 }) },
      { weight: 3, arbitrary: fc.array(trade, { minLength: 1, maxLength: 2 }) },
      { weight: 1, arbitrary: fc.array(fc.oneof(row, trade), { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.tuple(bare(Kind.GAP)) },
      { weight: 1, arbitrary: fc.tuple(bare(Kind.CLEAR), row, row) },
    ),
  });

  it("is read back row for row, whatever the market", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 80 }),
        fc.constantFrom(0, 1, 9),
        async (steps, level) => {
          let local = FIRST.local;
          const messages = steps.map(({ step, latency, rows }): Message => {
            local += step;
            return { exchange: local - latency, local, rows };
          });
          const source = sourceOf([FIRST, ...messages]);
          const recording = await readBack(await written(source, level));
          expect(plain(recording.blocks)).toEqual(plain(source.blocks));
          expect(recording.header).toEqual(source.header);
          expect(recording.report.badLines.count).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("keeps what it is given to the last digit, however fine the grid", async () => {
    const coins = [
      ["coinbase", "spot", "BTC-USD"],
      ["binance", "inverse", "BTCUSD_PERP"],
      ["bybit", "linear", "XRPUSDT"],
    ] as const;
    for (const [venue, kind, symbol] of coins) {
      const base = sourceOf([
        {
          ...FIRST,
          rows: [
            [Kind.CLEAR, 0, 0],
            [Kind.BID, 0x7ffffffe, 123_456_789_012_345],
          ],
        },
        { exchange: 5e6, local: 6e6, rows: [[Kind.ASK, 1, 1]] },
      ]);
      const source = {
        ...base,
        header: { ...base.header, instrument: knownInstrument(venue, kind, symbol)! },
      };
      const recording = await readBack(await written(source));
      expect(plain(recording.blocks)).toEqual(plain(source.blocks));
      expect(recording.header).toEqual(source.header);
    }
  });

  it("writes over nothing, and leaves nothing where it fails", async () => {
    const source = sourceOf([FIRST]);
    const path = await written(source);
    const bytes = readFileSync(path);
    const again = await writeHftbacktest(source, path);
    expect(again).toMatchObject({ ok: false, error: { code: "DATA_TAKEN" } });
    expect(readFileSync(path)).toEqual(bytes);
    const absent = await writeHftbacktest(source, join(folder, "no", "such.npz"));
    expect(absent).toMatchObject({ ok: false, error: { code: "DATA_WRITE" } });
    const wrong = writeHftbacktest({ ...source, rows: 4 }, join(folder, "wrong.npz"));
    await expect(wrong).rejects.toThrow("3 rows where 4 were stated");
    const stopped = writeHftbacktest(source, join(folder, "stopped.npz"), {
      afterRows: () => {
        throw new Error("stop");
      },
    });
    await expect(stopped).rejects.toThrow("stop");
    expect(readdirSync(folder).filter((name) => /wrong|stopped|partial/.test(name))).toEqual([]);
    expect(readFileSync(await written(source))).toEqual(bytes);
  });

  it("that states one instrument is not joined with another's, nor read as another", async () => {
    const source = sourceOf([FIRST]);
    const other = { ...source.header, instrument: knownInstrument("bybit", "linear", "XRPUSDT")! };
    const paths = [await written(source), await written({ ...source, header: other })];
    const joined = await readRecording(paths);
    expect(joined).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    const asked = await readRecording([paths[0]!], { symbol: "ETHUSDT" });
    expect(asked).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    const statement = readFileSync(paths[0]!);
    statement[60]! ^= 1;
    const damaged = join(folder, "damaged.npz");
    writeFileSync(damaged, statement);
    const read = await readRecording([damaged]);
    expect(read).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
  });

  it.skipIf(!existsSync(RECORDED))(
    "of a recorded market is read back row for row (skipped where it is absent)",
    async () => {
      const source = await readBack(RECORDED);
      const recording = await readBack(await written(source, 1));
      expect(recording.rows).toBe(source.rows);
      const columns = ["exchangeTime", "localTime", "kind", "price", "quantity"] as const;
      for (const [index, block] of source.blocks.entries()) {
        const back = recording.blocks[index]!;
        const same = columns.every((name) =>
          Buffer.from(back[name].buffer, back[name].byteOffset, back[name].byteLength).equals(
            Buffer.from(block[name].buffer, block[name].byteOffset, block[name].byteLength),
          ),
        );
        expect(same && (back.kind[back.length - 1]! & LAST) !== 0).toBe(true);
      }
    },
  );
});
