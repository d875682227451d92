/**
 * Market recorder: what stands in its files, whatever they were cut by.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { lots } from "../../core/domain/units.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  type MarketBlock,
  VENUE_ONLY,
} from "../../core/market/columns.ts";
import { openEventFile } from "../event-file/reader.ts";
import { partialOf } from "../event-file/writer.ts";
import type { DataFault } from "../fault.ts";
import { readRecording } from "../recording.ts";
import { MarketRecorder, type MarketRecorderOptions } from "./market-recorder.ts";

const root = mkdtempSync(join(tmpdir(), "arrival-recorder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const INSTRUMENT: Instrument = {
  venue: "bybit",
  symbol: "BTCUSDT",
  kind: "linear",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.10"),
  lotSize: decimal("0.001"),
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1000),
  maxMarketLots: lots(1000),
  minNotional: decimal("5"),
};
const BASE = 1_800_000_000;
const MS = 1e6;

interface Message {
  readonly what: "book" | "trade" | "snapshot" | "gap";
  /** Since the message before, and from the venue to here; milliseconds. */
  readonly after: number;
  readonly latency: number;
  readonly price: number;
  readonly quantity: number;
}

const message = fc.record<Message>({
  what: fc.constantFrom("book", "book", "book", "trade", "trade", "snapshot", "gap"),
  after: fc.integer({ min: 0, max: 400 }),
  latency: fc.integer({ min: -20, max: 900 }),
  price: fc.integer({ min: 1, max: 40 }),
  quantity: fc.nat(20),
});

function recorder(options: Partial<MarketRecorderOptions> = {}): {
  readonly recorder: MarketRecorder;
  readonly folder: string;
  readonly faults: DataFault[];
} {
  const folder = mkdtempSync(join(root, "run-"));
  const faults: DataFault[] = [];
  const made = new MarketRecorder({
    instrument: INSTRUMENT,
    baseSeconds: BASE,
    folder,
    format: "test",
    notes: [],
    horizonNanos: 500 * MS,
    level: 0,
    onFault: (fault) => void faults.push(fault),
    ...options,
  });
  return { recorder: made, folder, faults };
}

function play(to: MarketRecorder, messages: readonly Message[]): number {
  let now = 5000;
  for (const { what, after, latency, price, quantity } of messages) {
    now += after;
    to.begin(what === "trade" ? "trade" : "book", (now - latency) * MS, now * MS);
    if (what === "trade") to.row(Kind.TRADE_BUY, price, quantity + 1);
    if (what === "book") to.row(price > 20 ? Kind.ASK : Kind.BID, price, quantity);
    if (what === "gap") to.row(Kind.GAP, 0, 0);
    if (what === "snapshot") {
      to.row(Kind.CLEAR, 0, 0);
      to.row(Kind.BID, price, quantity + 1);
      to.row(Kind.ASK, price + 1, quantity + 1);
    }
    to.end();
    to.tick(now * MS);
  }
  return now;
}

const pathsIn = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));

const rowsOf = (blocks: Iterable<MarketBlock>): string[] => {
  const rows: string[] = [];
  for (const { exchangeTime, localTime, kind, price, quantity, length } of blocks) {
    for (let row = 0; row < length; row++) {
      rows.push([exchangeTime, localTime, kind, price, quantity].map((c) => c[row]!).join(" "));
    }
  }
  return rows;
};

/** The book that each side has after these rows. */
function booksOf(rows: readonly string[]): string {
  return [VENUE_ONLY, ENGINE_ONLY]
    .map((except) => {
      const book = new Map<string, number>();
      let isKnown = false;
      for (const row of rows) {
        const [, , flags, price, quantity] = row.split(" ").map(Number);
        const what = flags! & KIND_MASK;
        if ((flags! & except) !== 0) continue;
        if (what === Kind.CLEAR) book.clear();
        if (what >= Kind.CLEAR) isKnown = what === Kind.CLEAR;
        if (what > Kind.ASK) continue;
        if (quantity === 0) book.delete(`${what} ${price}`);
        else book.set(`${what} ${price}`, quantity!);
      }
      return JSON.stringify([isKnown, [...book].sort()]);
    })
    .join("\n");
}

function read(path: string): { rows: string[]; openingRows: number } {
  const opened = openEventFile(path);
  if (!opened.ok) throw new Error(opened.error.text);
  expect(opened.value.cut).toBeUndefined();
  expect(opened.value.verify().fault).toBeUndefined();
  const { openingRows } = opened.value.header.origin.counts;
  return { rows: rowsOf(opened.value.sequence()), openingRows: openingRows! };
}

describe("rotation", () => {
  it("loses and doubles nothing: without their openings the files are the one file", async () => {
    let most = 0;
    let doubled = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 100, size: "max" }),
        fc.constantFrom({ everyNanos: 3000 * MS }, { everyNanos: 1500 * MS }, { bytes: 1500 }),
        async (messages, rotation) => {
          const [whole, parts] = [recorder(), recorder({ rotation, flushNanos: 300 * MS })];
          play(whole.recorder, messages);
          play(parts.recorder, messages);
          whole.recorder.close();
          parts.recorder.close();
          expect([...whole.faults, ...parts.faults]).toEqual([]);
          const [only] = pathsIn(whole.folder);
          const all = read(only!).rows;
          const paths = pathsIn(parts.folder);
          expect(paths).toHaveLength(parts.recorder.files);
          const joined: string[] = [];
          for (const path of paths) {
            const { rows, openingRows } = read(path);
            expect(booksOf(rows.slice(0, openingRows))).toBe(booksOf(joined));
            joined.push(...rows.slice(openingRows));
            expect(booksOf(rows)).toBe(booksOf(joined));
          }
          expect(joined).toEqual(all);
          const together = await readRecording(paths);
          expect(together.ok ? "" : together.error.text).toBe("");
          most = Math.max(most, paths.length);
          doubled += all.filter((row) => (Number(row.split(" ")[2]) & VENUE_ONLY) !== 0).length;
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
    expect(most).toBeGreaterThan(5);
    expect(doubled).toBeGreaterThan(50);
  });

  it("cuts at whole multiples of the span, and names files so that they sort", () => {
    const { recorder: made, folder } = recorder({ rotation: { everyNanos: 60_000 * MS } });
    const book = { what: "book", latency: 5, price: 3, quantity: 2 } as const;
    play(made, [
      { ...book, what: "snapshot", after: 0 },
      { ...book, after: 54_999 },
      { ...book, after: 1 },
      { ...book, after: 200_000 },
    ]);
    made.close();
    expect(readdirSync(folder).sort()).toEqual([
      "bybit-linear-BTCUSDT-20270115T080005.000Z.arrival",
      "bybit-linear-BTCUSDT-20270115T080100.000Z.arrival",
      "bybit-linear-BTCUSDT-20270115T080420.000Z.arrival",
    ]);
  });
});

describe("times", () => {
  it("no message was received before it happened, and a stamp far ahead is not believed", () => {
    const { recorder: made, folder } = recorder();
    const send = (exchange: number, local: number): void => {
      made.begin("book", exchange * MS, local * MS);
      made.row(Kind.CLEAR, 0, 0);
      made.end();
    };
    send(1000, 1010);
    send(1025, 1020);
    send(90_000_000, 1030);
    send(1040, 1050);
    made.close();
    const { rows } = read(pathsIn(folder)[0]!);
    const times = rows.map((row) => row.split(" ", 2).map((time) => Number(time) / MS));
    expect(times).toEqual([
      [0, 10],
      [25, 25],
      [30, 30],
      [40, 50],
    ]);
    expect(made).toMatchObject({ lifted: 1, corrected: 1 });
  });
});

describe("a crash and a disk that fails", () => {
  const snapshot: Message = { what: "snapshot", after: 10, latency: 5, price: 5, quantity: 5 };

  const many = (count: number): Message[] => Array.from({ length: count }, () => snapshot);

  it("what is older than the horizon and the flush is on the disk already", () => {
    const { recorder: made, folder } = recorder({ flushNanos: 1000 * MS });
    const now = play(made, many(20));
    made.tick((now + 2000) * MS);
    const [partial] = pathsIn(folder);
    expect(partial).toBe(partialOf(made.path!));
    const opened = openEventFile(partial!);
    expect(opened.ok && opened.value.cut?.reason).toBe("it was never sealed");
    expect(opened.ok && opened.value.rows).toBe(60);
    made.close();
  });

  it("is told once, and whoever brings the messages goes on", () => {
    const { recorder: made, folder, faults } = recorder({ rotation: { everyNanos: 1000 * MS } });
    play(made, [snapshot]);
    rmSync(folder, { recursive: true });
    play(made, many(300));
    made.close();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ code: "DATA_WRITE" });
    expect(faults[0]!.text).toContain("does not exist");
  });
});
