import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, KIND_MASK, LAST } from "../core/market/columns.ts";
import { readRecording, type Recording } from "./recording.ts";
import { verifyRecording, type VerifyReport } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-bitstamp-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START = 1_430_438_404_000;
let files = 0;
function write(lines: readonly string[]): string {
  const path = join(folder, `log-${files++}`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

type Level = readonly [string, string];
const order = (
  ms: number,
  event: "created" | "changed" | "deleted",
  id: number,
  side: "buy" | "sell",
  price: string,
  amount: string,
): string =>
  `${START + ms} order_${event} ` +
  JSON.stringify({ price, amount, datetime: "1430438404", id, order_type: side === "buy" ? 0 : 1 });
const trade = (ms: number, id: number, price: number, amount: number): string =>
  `${START + ms} trade ${JSON.stringify({ price, amount, id })}`;
const book = (ms: number, bids: readonly Level[], asks: readonly Level[]): string =>
  `${START + ms} order_book ${JSON.stringify({ bids, asks })}`;

async function recorded(lines: readonly string[]): Promise<Recording> {
  const result = await readRecording([write(lines)]);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}
async function verified(lines: readonly string[]): Promise<VerifyReport> {
  const result = await verifyRecording([write(lines)]);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const NAMES = ["bid", "ask", "buy", "sell", "CLEAR", "GAP"];
/** Quantities in whole coins. */
function rowsOf({ blocks }: Recording): string[] {
  return blocks.flatMap((block) =>
    Array.from({ length: block.length }, (_, row) => {
      const kind = block.kind[row]!;
      const bare = (kind & KIND_MASK) >= Kind.CLEAR;
      const what = bare ? "" : ` ${block.price[row]} x ${block.quantity[row]! / 1e8}`;
      return `${NAMES[kind & KIND_MASK]!}${what}${kind & LAST ? "." : ""}`;
    }),
  );
}

const FIRST = book(0, [["236.00", "2"]], [["236.50", "3"]]);

describe("Bitstamp orders", () => {
  it("folds orders into levels, from the first snapshot on", async () => {
    const recording = await recorded([
      order(-20, "created", 1, "buy", "236.00", "2"),
      order(-10, "created", 2, "buy", "230.00", "4"),
      FIRST,
      order(10, "created", 3, "buy", "236.00", "0.5"),
      order(20, "deleted", 1, "buy", "236.00", "2"),
      // From before the log, and so known by its level alone.
      order(30, "deleted", 99, "sell", "236.50", "1"),
      order(40, "deleted", 2, "buy", "230.00", "4"),
    ]);
    expect(rowsOf(recording)).toEqual([
      "CLEAR",
      "bid 23600 x 2",
      "bid 23000 x 4",
      "ask 23650 x 3.",
      "bid 23600 x 2.5.",
      "bid 23600 x 0.5.",
      "ask 23650 x 2.",
      "bid 23000 x 0.",
    ]);
    expect(recording.report.unsynchronised.bookMessages).toBe(2);
    expect(recording.report.notes.join("\n")).toContain("BTCUSD was assumed");
  });

  it("holds an order back that trades at once, and tells who came to whom", async () => {
    const recording = await recorded([
      FIRST,
      order(5, "created", 10, "sell", "236.40", "1"),
      order(10, "created", 11, "buy", "236.45", "1.5"),
      order(20, "deleted", 10, "sell", "236.40", "0.00000000"),
      order(21, "changed", 11, "buy", "236.45", "0.5"),
      trade(30, 1, 236.4, 1),
    ]);
    expect(rowsOf(recording).slice(3)).toEqual([
      "ask 23640 x 1.",
      // Its whole rest appears when nothing meets it any more.
      "ask 23640 x 0",
      "bid 23645 x 1.5.",
      "bid 23645 x 0.5.",
      "buy 23640 x 1.",
    ]);
    const report = await verified([FIRST, order(10, "created", 11, "buy", "236.50", "9")]);
    expect(report.totals.crossed).toBe(0);
  });

  it("takes from a trade what an order from before the log lost", async () => {
    const recording = await recorded([
      FIRST,
      order(10, "created", 11, "buy", "236.50", "3"),
      order(20, "deleted", 9, "sell", "236.50", "0.00000000"),
      order(21, "deleted", 11, "buy", "236.50", "0.00000000"),
      trade(30, 1, 236.5, 2.9999999999999996),
    ]);
    expect(rowsOf(recording).slice(3)).toEqual(["ask 23650 x 0.", "buy 23650 x 3."]);
  });

  it("holds snapshots against the book at their place, and shortly before and after", async () => {
    const events = [
      FIRST,
      book(100, [["236.00", "2"]], [["236.50", "3"]]),
      order(200, "created", 1, "buy", "236.10", "1"),
      // Late by one order.
      book(300, [["236.00", "2"]], [["236.50", "3"]]),
      // Early by one order.
      book(400, [["236.10", "1"]], [["236.40", "1"]]),
      order(500, "created", 2, "sell", "236.40", "1"),
    ];
    const { books, clean } = await verified(events);
    expect(books[0]!.stated).toEqual({
      compared: 3,
      mismatched: { count: 0, examples: [] },
      displaced: 2,
      partlyKnown: 0,
    });
    expect(clean).toBe(true);
  });

  it("calls what still differs after two seconds a mismatch, and mends it", async () => {
    const lines = [
      FIRST,
      book(100, [["236.00", "7"]], [["236.50", "3"]]),
      order(2000, "created", 1, "sell", "240.00", "1"),
      order(2101, "created", 2, "sell", "241.00", "1"),
      book(2200, [["236.00", "7"]], [["236.50", "3"]]),
    ];
    const { books, clean } = await verified(lines);
    expect(books[0]!.stated).toMatchObject({
      compared: 2,
      mismatched: { count: 1, examples: [{ line: 2, text: "at buy 23600 (ticks)" }] },
    });
    expect(clean).toBe(false);
    expect(rowsOf(await recorded(lines))).toContain("bid 23600 x 7.");
  });

  it("compares what is known, and takes over levels that were beyond it", async () => {
    const events = [
      FIRST,
      order(100, "deleted", 9, "buy", "236.00", "2"),
      book(200, [["235.00", "5"]], [["236.50", "3"]]),
      book(300, [["235.00", "4"]], [["236.50", "3"]]),
    ];
    const { books } = await verified(events);
    // What comes into view is not known; once it has been, it is.
    expect(books[0]!.stated).toMatchObject({
      compared: 2,
      partlyKnown: 1,
      mismatched: { count: 1, examples: [{ line: 4 }] },
    });
    expect(rowsOf(await recorded(events)).slice(3)).toEqual(["bid 23600 x 0.", "bid 23500 x 5."]);
  });

  it("counts trades that are missing or repeated, whatever their order", async () => {
    const trades = [3, 2, 6, 6].map((id, index) => trade(10 + index, id, 236.5, 1));
    const { books } = await verified([FIRST, ...trades]);
    expect(books[0]).toMatchObject({ trades: 4, duplicates: { trades: 1 }, tradeIdsMissing: 2 });
  });

  it("refuses a log without a snapshot, and counts bad lines", async () => {
    const created = order(10, "created", 1, "buy", "236.00", "1");
    expect(await readRecording([write([created])])).toMatchObject({
      ok: false,
      error: { code: "DATA_EMPTY" },
    });
    const bad = [
      `${START} order_created {`,
      `${START} order_created {"id":1}`,
      `${START} trade {"id":1}`,
      `${START} order_book {"bids":[]}`,
      "nothing",
    ];
    const { report } = await recorded([FIRST, created, ...bad]);
    expect(report.badLines.count).toBe(bad.length);
  });

  it("says how to unpack xz", async () => {
    const path = join(folder, "log.xz");
    writeFileSync(path, Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]));
    expect(await readRecording([path])).toMatchObject({
      ok: false,
      error: { code: "DATA_FORMAT", text: expect.stringContaining("xz -dk") },
    });
  });
});

const LOG = "../shared/data/bitstamp-l3-2015/2015-05-01.log.xz";
const hasXz = spawnSync("xz", ["--version"]).status === 0;

describe.skipIf(!existsSync(LOG) || !hasXz)(
  `the order log ${LOG} (skipped where it is absent, or xz to unpack it)`,
  () => {
    it("five hours: 5,004 of 5,010 snapshots equal the folded book, 4,951 of them in place", async () => {
      const path = join(folder, "2015-05-01.log");
      const unpacked = spawnSync("xz", ["-dc", LOG], { maxBuffer: 64 << 20 });
      writeFileSync(path, unpacked.stdout);
      const report = await verifyRecording([path]);
      if (!report.ok) throw new Error(report.error.text);
      const [found] = report.value.books;
      expect(found!.stated).toMatchObject({
        compared: 5010,
        displaced: 53,
        partlyKnown: 26,
        mismatched: { count: 6 },
      });
      expect(found!.crossed.count).toBe(0);
      expect(found).toMatchObject({ trades: 575, tradeIdsMissing: 133 });
    });
  },
);
