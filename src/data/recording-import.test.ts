import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, KIND_MASK, type MarketBlock, VENUE_ONLY } from "../core/market/columns.ts";
import { openEventFile } from "./event-file/reader.ts";
import { readRecording, type ReadOptions } from "./recording.ts";
import { importRecording, type ImportOptions, originOf } from "./recording-import.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let names = 0;
const fresh = (end = ".arrival"): string => join(folder, `${names++}${end}`);

const START = 1_723_161_600;
/** So slow that the minute for which messages are held back is a thousand messages. */
const STEP_MS = 60;

/**
 * A true-to-form capture: every third trade was made before the book message ahead of it, the local
 * clock runs 3 s behind, and some lines are broken. `from` continues the capture before it.
 */
function binance(messages: number, from = 0): string[] {
  const lines: string[] = [];
  const line = (millis: number, json: object): void => {
    lines.push(`${START * 1000 + millis - 3000}000000 ${JSON.stringify(json)}`);
  };
  if (from === 0) line(1, { lastUpdateId: 1, bids: [["100.0", "1"]], asks: [["100.5", "2"]] });
  for (let id = from + 1; id <= from + messages; id++) {
    const T = START * 1000 + id * STEP_MS;
    const b = [["100.0", String(id % 7)], ...["99.9", "99.8"].map((price) => [price, "1"])];
    const data = { e: "depthUpdate", E: T, T, s: "BTCUSDT", U: id, u: id, pu: id - 1, b, a: [] };
    line(id * STEP_MS + 5, { stream: "btcusdt@depth@0ms", data });
    const made = id % 3 === 0 ? T - 1 : T;
    const trade = { e: "trade", E: made, T: made, s: "BTCUSDT", t: id, p: "100.0", q: "0.1" };
    line(id * STEP_MS + 6, { stream: "btcusdt@trade", data: { ...trade, X: "MARKET", m: true } });
    if (id % 1000 === 0) lines.push(`${START}000000000 {"stream":"btcusdt@de`);
  }
  return lines;
}

/** A venue's archive of one book, and its trades in a file of their own. */
function archive(messages: number): { readonly book: string; readonly trades: string } {
  const book: string[] = [];
  const trades = [
    "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional",
  ];
  for (let u = 1; u <= messages; u++) {
    const ts = START * 1000 + u * STEP_MS;
    const type = u === 1 ? "snapshot" : "delta";
    const b = [["100.00", String(1 + (u % 5))]];
    const data = { s: "XRPUSDT", b, a: [["100.10", "2"]], u, seq: u };
    const message = { topic: "orderbook.500.XRPUSDT", type, ts, cts: ts - 4, data };
    book.push(JSON.stringify(message));
    // In bursts, so that one file runs ahead of the other by many messages.
    if (u % 100 >= 90) {
      const seconds = (ts - 2) / 1000;
      trades.push(`${seconds.toFixed(3)},XRPUSDT,Buy,10,100.1,PlusTick,id${u},1,10,1001`);
    }
  }
  return { book: `${book.join("\n")}\n`, trades: `${trades.join("\n")}\n` };
}

function write(content: string | Buffer, end: string): string {
  const path = fresh(end);
  writeFileSync(path, content);
  return path;
}

const COLUMNS = ["exchangeTime", "localTime", "kind", "price", "quantity"] as const;

function rowsOf(blocks: Iterable<MarketBlock>): Partial<Record<string, number[]>> {
  const rows: Record<string, number[]> = {};
  for (const block of blocks) {
    for (const name of COLUMNS) {
      const into = (rows[name] ??= []);
      for (let row = 0; row < block.length; row++) into.push(block[name][row]!);
    }
  }
  return rows;
}

/** Equal for equal rows, whatever the blocks. */
function digestOf(blocks: Iterable<MarketBlock>): string {
  const hashes = COLUMNS.map(() => createHash("sha256"));
  for (const block of blocks) {
    for (const [index, name] of COLUMNS.entries()) {
      const rows = block[name].subarray(0, block.length);
      hashes[index]!.update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
    }
  }
  return hashes.map((hash) => hash.digest("hex")).join(" ");
}

/** Imports, and holds all of it against the same files read in memory. */
async function importAndCompare(paths: readonly string[], options: ReadOptions = {}) {
  const output = fresh();
  const imported = await importRecording(paths, output, {
    ...options,
    level: 1,
    saveEveryRows: 3000,
  });
  const read = await readRecording(paths, options);
  if (!imported.ok) throw new Error(imported.error.text);
  if (!read.ok) throw new Error(read.error.text);
  const file = openEventFile(output);
  if (!file.ok) throw new Error(file.error.text);
  expect(file.value.header).toEqual({ ...read.value.header, origin: originOf(read.value) });
  expect(digestOf(file.value.scan())).toBe(digestOf(read.value.blocks));
  expect(imported.value.rows).toBe(read.value.rows);
  expect(existsSync(`${output}.unfinished`)).toBe(false);
  return { report: read.value.report, blocks: read.value.blocks };
}

const MODULE = fileURLToPath(new URL("./recording-import.ts", import.meta.url));

/** Imports in a process that dies by SIGKILL after so many pieces of its files. */
function importUntilKilled(
  paths: readonly string[],
  output: string,
  { after, resume }: { readonly after: number; readonly resume: boolean },
): string {
  const script = `
    import { importRecording } from ${JSON.stringify(MODULE)};
    let pieces = 0;
    const result = await importRecording(${JSON.stringify(paths)}, ${JSON.stringify(output)}, {
      level: 1, isResumed: ${resume}, saveEveryRows: 6000,
      onProgress: () => { if (++pieces === ${after}) process.kill(process.pid, "SIGKILL"); },
    });
    console.log(result.ok ? "done" : result.error.text);`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  if (run.stderr !== "") throw new Error(run.stderr);
  return run.signal ?? run.stdout.trim();
}

describe("recording import", () => {
  it("writes what reading in memory gives: rows, header, epoch, counts", async () => {
    const lines = binance(8000);
    const { report } = await importAndCompare([
      write(`${lines.slice(0, 9000).join("\n")}\n`, ".txt"),
      write(gzipSync(`${lines.slice(9000).join("\n")}\n`), ".gz"),
    ]);
    expect(report.badLines.count).toBe(8);
    expect(report.clockShiftNanos).toBeGreaterThan(2e9);
    expect(report.doubledRows).toBeGreaterThan(2000);
  });

  it("merges by time what lies side by side, each file in order", async () => {
    const { book, trades } = archive(3000);
    const paths = [write(book, ".data"), write(gzipSync(trades), ".csv.gz")];
    const { blocks, report } = await importAndCompare(paths);
    const { localTime, kind } = rowsOf(blocks);
    const seen = [...kind!.keys()].filter((row) => (kind![row]! & VENUE_ONLY) === 0);
    const falls = seen.filter((row, at) => at > 0 && localTime![row]! < localTime![seen[at - 1]!]!);
    expect(falls).toEqual([]);
    const isTrade = (row: number): boolean => (kind![row]! & KIND_MASK) === Kind.TRADE_BUY;
    expect(seen.filter(isTrade)).toHaveLength(300);
    expect([report.bookMessages, report.trades]).toEqual([3000, 300]);
    // Each burst of ten trades stands among the book messages of its time, two rows each.
    const places = seen.flatMap((row, at) => (isTrade(row) ? [at] : []));
    expect(places.slice(0, 11)).toEqual([
      ...Array.from({ length: 10 }, (_, at) => 1 + 2 * 89 + 3 * at),
      1 + 2 * 189 + 10,
    ]);
    const other = await readRecording(paths.toReversed());
    if (!other.ok) throw new Error(other.error.text);
    expect(digestOf(other.value.blocks)).toBe(digestOf(blocks));
  });

  it("refuses files that are not one recording", async () => {
    const capture = write(`${binance(10).join("\n")}\n`, ".txt");
    const book = write(archive(10).book, ".data");
    const output = fresh();
    const mixed = await importRecording([capture, book], output, { level: 1 });
    expect(mixed).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
    if (!mixed.ok) expect(mixed.error.text).toContain("not one recording");
    const other = await importRecording([capture], output, { level: 1, formats: ["lobster"] });
    expect(other).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
    const absent = await importRecording([fresh()], output, { level: 1 });
    expect(absent).toMatchObject({ ok: false, error: { code: "DATA_NOT_FOUND" } });
    expect(readdirSync(folder).filter((name) => name.includes("unfinished"))).toEqual([]);
  });

  it("goes on after each kill, to the same bytes", async () => {
    const lines = binance(10_000);
    const paths = [
      write(gzipSync(`${lines.slice(0, 5000).join("\n")}\n`), ".gz"),
      write(`${lines.slice(5000).join("\n")}\n`, ".txt"),
    ];
    const whole = fresh();
    expect(await importRecording(paths, whole, { level: 1 })).toMatchObject({ ok: true });
    const killed = fresh();
    const ends: string[] = [];
    for (let run = 0; ends.at(-1) !== "done" && run < 9; run++) {
      ends.push(importUntilKilled(paths, killed, { after: 9 + 11 * run, resume: run > 0 }));
    }
    expect(ends.length).toBeGreaterThan(3);
    expect(ends.at(-1)).toBe("done");
    expect(readFileSync(killed).equals(readFileSync(whole))).toBe(true);
    expect(existsSync(`${killed}.unfinished`)).toBe(false);
  }, 60_000);

  it("goes on with files side by side, and after it was killed while it wrote", async () => {
    const { book, trades } = archive(9000);
    const paths = [write(gzipSync(book), ".gz"), write(trades, ".csv")];
    const whole = fresh();
    expect(await importRecording(paths, whole, { level: 1 })).toMatchObject({ ok: true });
    const stopped = fresh();
    // Once after each state, then in the middle of writing.
    const ends: string[] = [];
    for (let run = 0; ends.at(-1) !== "done" && run < 20; run++) {
      const stop = new AbortController();
      const options: ImportOptions = {
        level: 1,
        isResumed: run > 0,
        saveEveryRows: 4000,
        signal: stop.signal,
        onSaved: () => stop.abort(),
        onWritten: async () => {
          if (ends.filter((end) => end === "writing").length > 0) return;
          ends.push("writing");
          stop.abort();
        },
      };
      const result = await importRecording(paths, stopped, options);
      if (result.ok) ends.push("done");
      else expect(result.error).toMatchObject({ code: "DATA_ABORTED" });
      if (!result.ok) expect(result.error.text).toContain("--resume");
    }
    expect(ends).toEqual(["writing", "done"]);
    expect(readFileSync(stopped).equals(readFileSync(whole))).toBe(true);
  });

  it.runIf(process.platform !== "win32")("on a full disk it keeps what it has", async () => {
    const path = write(`${binance(24_000).join("\n")}\n`, ".txt");
    const output = fresh();
    const script = `
      import { importRecording } from ${JSON.stringify(MODULE)};
      const result = await importRecording([${JSON.stringify(path)}], ${JSON.stringify(output)}, {
        level: 0, saveEveryRows: 6000,
      });
      console.log(result.ok ? "done" : result.error.code + " " + result.error.text);`;
    // No more than 160 KiB in a file: enough for the parts, too little for the whole.
    const limited = `ulimit -f 160; trap '' XFSZ; exec "$0" --input-type=module -e "$1"`;
    const run = spawnSync("bash", ["-c", limited, process.execPath, script], { encoding: "utf8" });
    expect(run.stdout, run.stderr).toMatch(/^DATA_WRITE .*: go on with the same command and --r/);
    expect(existsSync(output)).toBe(false);
    const resumed = await importRecording([path], output, { level: 0, isResumed: true });
    expect(resumed).toMatchObject({ ok: true });
    const whole = fresh();
    await importRecording([path], whole, { level: 0 });
    expect(readFileSync(output).equals(readFileSync(whole))).toBe(true);
  });

  it("refuses to go on with another import, or with none", async () => {
    const path = write(`${binance(6000).join("\n")}\n`, ".txt");
    const output = fresh();
    const resume = (options: Partial<ImportOptions>, paths = [path]) =>
      importRecording(paths, output, { level: 1, isResumed: true, ...options });
    expect(await resume({})).toMatchObject({ ok: false, error: { code: "DATA_RESUME" } });
    expect(importUntilKilled([path], output, { after: 20, resume: false })).toBe("SIGKILL");
    const again = await importRecording([path], output, { level: 1 });
    expect(again).toMatchObject({ ok: false, error: { code: "DATA_TAKEN" } });
    if (!again.ok) expect(again.error.text).toContain("--resume");
    const asked = await resume({ symbol: "ETHUSDT" });
    expect(asked).toMatchObject({ ok: false, error: { code: "DATA_RESUME" } });
    if (!asked.ok) expect(asked.error.text).toContain('its symbol was not given, not "ETHUSDT"');
    const more = await resume({}, [path, path]);
    if (!more.ok) expect(more.error.text).toContain("it was given");
    const part = join(`${output}.unfinished`, "rows-1.arrival");
    const rows = readFileSync(part);
    rmSync(part);
    const gone = await resume({});
    if (!gone.ok) expect(gone.error.text).toContain("part of its rows is gone");
    expect(gone).toMatchObject({ ok: false, error: { code: "DATA_RESUME" } });
    writeFileSync(part, rows);
    appendFileSync(path, "\n");
    const changed = await resume({});
    if (!changed.ok) expect(changed.error.text).toContain("has been changed since");
    expect([more.ok, changed.ok]).toEqual([false, false]);
    const state = join(`${output}.unfinished`, "state");
    const bytes = readFileSync(state);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(state, bytes);
    const damaged = await resume({});
    if (!damaged.ok) expect(damaged.error.text).toContain("damaged");
    expect(damaged).toMatchObject({ ok: false, error: { code: "DATA_RESUME" } });
  }, 60_000);
});

const DATA = fileURLToPath(new URL("../../../shared/data/", import.meta.url));
const recordings: Readonly<Record<string, readonly [readonly string[], ReadOptions?]>> = {
  "Binance spot, two days": [
    [
      "binance-hftbacktest/spot_btcusdt_20240808.gz",
      "binance-hftbacktest/spot_btcusdt_20240809.gz",
    ],
  ],
  "Bybit frames": [["bybit-ws-cryptofeed/BYBIT.jsonl.zst"], { symbol: "BTCUSDT", kind: "linear" }],
  "a Bybit archive": [["bybit-ws-cryptofeed/nautilus_2024-12-01_XRPUSDT_ob500.data.zip"]],
  LOBSTER: [["lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip"]],
  "Coinbase's feed": [["coinbase-l2-2018/feed_20180417_10min_raw.csv.gz"]],
};

describe("recording import of true recordings", () => {
  it.runIf(existsSync(DATA)).each(Object.keys(recordings))(
    "writes what reading in memory gives: %s",
    async (name) => {
      const [paths, options] = recordings[name]!;
      await importAndCompare(
        paths.map((path) => join(DATA, path)),
        options,
      );
    },
    60_000,
  );
});
