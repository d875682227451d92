import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { formatPrice, formatQuantity } from "../core/domain/instrument.ts";
import { lots, ticks } from "../core/domain/units.ts";
import { Kind, KIND_MASK, LAST, OFF_BOOK, VENUE_ONLY } from "../core/market/columns.ts";
import { knownInstrument } from "./known-instruments.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";
import { verifyRecording } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-tardis-"));
afterAll(() => rmSync(folder, { recursive: true }));

const BOOK = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount";
const TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount";
const QUOTES =
  "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount";

/** 2020-04-01 00:00:00 UTC, microseconds. */
const DAY = 1_585_699_200_000_000;
const NAME = "binance-futures,BTCUSDT";
/** A row whose local time is two milliseconds after the exchange's. */
const row = (millis: number, rest: string, name = NAME): string =>
  `${name},${DAY + millis * 1000},${DAY + millis * 1000 + 2000},${rest}`;
const SNAPSHOT = [row(100, "true,bid,6419.0,1.5"), row(100, "true,ask,6419.5,2")];
const SNAPSHOT_ROWS = ["CLEAR", "bid 64190 x 1500", "ask 64195 x 2000."];

let files = 0;
function file(lines: readonly string[], name = `table-${files}.csv`): string {
  files += 1;
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function recorded(paths: readonly string[], options: ReadOptions = {}): Promise<Recording> {
  const result = await readRecording(paths, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const book = (...lines: string[]): Promise<Recording> => recorded([file([BOOK, ...lines])]);

const NAMES = ["bid", "ask", "buy", "sell", "CLEAR", "GAP"];

function rowsOf({ blocks }: Recording): string[] {
  const rows: string[] = [];
  for (const block of blocks) {
    for (let index = 0; index < block.length; index++) {
      const kind = block.kind[index]!;
      if (kind & VENUE_ONLY) continue;
      const name = NAMES[kind & KIND_MASK]!;
      const bare = (kind & KIND_MASK) >= Kind.CLEAR;
      const off = kind & OFF_BOOK ? " off-book" : "";
      const what = bare ? name : `${name} ${block.price[index]} x ${block.quantity[index]}${off}`;
      rows.push(kind & LAST ? `${what}.` : what);
    }
  }
  return rows;
}

describe("Tardis incremental_book_L2", () => {
  it("takes rows of equal times for one message, and an amount of 0 for a deletion", async () => {
    const recording = await book(
      ...SNAPSHOT,
      row(200, "false,bid,6419.0,0"),
      row(200, "false,ask,6419.4,0.25"),
      row(201, "false,bid,6418.9,3"),
    );
    expect(rowsOf(recording)).toEqual([
      ...SNAPSHOT_ROWS,
      "bid 64190 x 0",
      "ask 64194 x 250.",
      "bid 64189 x 3000.",
    ]);
    expect(recording.format).toBe("tardis-book");
    expect(recording.header.instrument).toMatchObject({ venue: "binance", kind: "linear" });
    expect(recording.report).toMatchObject({
      bookMessages: 3,
      firstTime: "2020-04-01T00:00:00.100000000Z",
      leastLatencyNanos: 2_000_000,
      clockShiftNanos: 0,
    });
  });

  it("keeps rows apart that are received together but happened at different times", async () => {
    const recording = await book(
      ...SNAPSHOT,
      `${NAME},${DAY + 200_000},${DAY + 202_000},false,bid,6418,1`,
      `${NAME},${DAY + 201_024},${DAY + 202_000},false,bid,6417,1`,
    );
    expect(rowsOf(recording).slice(3)).toEqual(["bid 64180 x 1000.", "bid 64170 x 1000."]);
  });

  it("gives the book up where a snapshot comes in the midst: the connection was lost", async () => {
    const recording = await book(
      ...SNAPSHOT,
      row(200, "false,bid,6418,1"),
      row(9000, "true,bid,6300,1"),
      row(9000, "true,ask,6301,1"),
    );
    expect(rowsOf(recording)).toEqual([
      ...SNAPSHOT_ROWS,
      "bid 64180 x 1000.",
      "GAP.",
      "CLEAR",
      "bid 63000 x 1000",
      "ask 63010 x 1000.",
    ]);
    expect(recording.report.gaps).toMatchObject({ count: 1, examples: [{ line: 5 }] });
  });

  it("joins the snapshot that each day begins with, and sees a missing day", async () => {
    const first = file([BOOK, ...SNAPSHOT]);
    const next = file([BOOK, row(20_000, "true,bid,6400,1"), row(20_000, "true,ask,6401,1")]);
    const joined = await recorded([first, next]);
    expect(rowsOf(joined).slice(3)).toEqual(["CLEAR", "bid 64000 x 1000", "ask 64010 x 1000."]);
    expect(joined.report.gaps.count).toBe(0);
    const later = file([BOOK, row(90_000_000, "true,bid,6400,1")]);
    expect((await recorded([first, later])).report.gaps.count).toBe(1);
  });

  it("drops changes before the first snapshot, and has no book without one", async () => {
    const recording = await book(row(50, "false,bid,6400,1"), ...SNAPSHOT);
    expect(rowsOf(recording)).toEqual(SNAPSHOT_ROWS);
    expect(recording.report.unsynchronised.bookMessages).toBe(1);
    const path = file([BOOK, row(50, "false,bid,6400,1")]);
    expect(await readRecording([path])).toMatchObject({ ok: false, error: { code: "DATA_EMPTY" } });
  });

  it("counts and places what it cannot use, and goes on", async () => {
    const recording = await book(
      ...SNAPSHOT,
      row(200, "false,bid,NaN,1"),
      row(200, "false,bid,6418,Infinity"),
      row(200, 'false,bid,"6418",1'),
      row(200, "false,bid,6418"),
      row(200, "false,bid,6418,1,9"),
      row(200, "maybe,bid,6418,1"),
      row(200, "false,middle,6418,1"),
      `${NAME},never,${DAY},false,bid,6418,1`,
      `${NAME},${DAY}`,
      "6418",
      '"binance-futures",BTCUSDT,1,1,false,bid,6418,1',
      row(201, "false,bid,6418.05,1"),
      row(201, "false,bid,-6418,1"),
      row(201, "false,ask,6419.5,-1"),
      row(201, "false,bid,6418,0.0005"),
      row(202, "false,ask,99999999999999,1"),
      row(203, "false,bid,6417,1"),
    );
    // 0.0005 is under a lot, so nothing is left of the level.
    expect(rowsOf(recording)).toEqual([...SNAPSHOT_ROWS, "bid 64180 x 0.", "bid 64170 x 1000."]);
    const { badLines, offTickPrices, offLotQuantities, notes } = recording.report;
    expect(badLines.count).toBe(11);
    expect(badLines.examples[0]).toMatchObject({ line: 4, text: expect.stringContaining("NaN") });
    expect(offTickPrices).toMatchObject({
      count: 2,
      examples: [{ line: 15, text: "6418.05" }, {}],
    });
    expect(offLotQuantities.count).toBe(2);
    expect(notes).toContainEqual(expect.stringMatching(/1 prices above 214748364\.60 USDT/));
  });

  it("cuts a message that is longer than any, so that nothing grows with it", async () => {
    const same = Array.from({ length: 300_000 }, (_, k) => row(200, `false,bid,64${k % 10},1`));
    const long = row(201, `false,bid,${"1".repeat(2000)},1`);
    const recording = await recorded([file([BOOK, ...SNAPSHOT, ...same, long])]);
    expect(recording.report).toMatchObject({ bookMessages: 3, rows: 300_003 });
    expect(recording.report.badLines.examples[0]).toMatchObject({
      reason: "is longer than any row",
    });
  });

  it("reads numbers as programs print them: 1e-05, 0.30000000000000004", async () => {
    const coinbase = "coinbase,BTC-USD";
    const recording = await book(
      row(100, "true,bid,6419.01,1e-05", coinbase),
      row(100, "true,ask,6419.02,0.30000000000000004", coinbase),
      row(101, "false,ask,6.42e3,2E0", coinbase),
    );
    expect(rowsOf(recording).slice(1)).toEqual([
      "bid 641901 x 1000",
      "ask 641902 x 30000000.",
      "ask 642000 x 200000000.",
    ]);
  });

  it("reads one symbol of a file of many, and asks where none was named", async () => {
    const path = file([BOOK, ...SNAPSHOT, row(150, "true,bid,1,1", "binance-futures,ETHUSDT")]);
    const asked = await readRecording([path]);
    expect(asked).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL", line: 4 } });
    if (!asked.ok) expect(asked.error.text).toMatch(/BTCUSDT and binance-futures ETHUSDT/);
    const recording = await recorded([path], { symbol: "BTCUSDT" });
    expect(rowsOf(recording)).toEqual(SNAPSHOT_ROWS);
    expect(recording.report.otherInstruments).toBe(1);
    const absent = await readRecording([path], { symbol: "XRPUSDT" });
    if (absent.ok) throw new Error("there is no XRPUSDT");
    expect(absent.error.text).toMatch(/nothing of XRPUSDT, but of .*BTCUSDT, .*ETHUSDT/);
  });

  it("asks for the grid of what is not built in, and takes the one it is given", async () => {
    const deribit = file([BOOK, row(100, "true,bid,6419.5,10", "deribit,BTC-PERPETUAL")]);
    const refused = await readRecording([deribit]);
    if (refused.ok) throw new Error("its grid is nowhere");
    expect(refused.error).toMatchObject({ code: "DATA_SYMBOL", line: 2 });
    expect(refused.error.text).toMatch(/tick and lot of deribit BTC-PERPETUAL .*--instrument/);
    const instrument = knownInstrument("binance", "inverse", "BTCUSD_PERP")!;
    const given = { ...instrument, venue: "deribit", symbol: "BTC-PERPETUAL" };
    const recording = await recorded([deribit], { instrument: given });
    expect(rowsOf(recording)).toEqual(["CLEAR", "bid 64195 x 10."]);
  });

  it("refuses Tardis tables that it does not know, and those without their first line", async () => {
    const snapshots = file([`${BOOK.slice(0, 42)}asks[0].price,asks[0].amount`, row(1, "1,1")]);
    for (const path of [snapshots, file(SNAPSHOT)]) {
      const read = await readRecording([path]);
      expect(read).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
    }
  });

  it("keeps what stands before the cut of a broken file", async () => {
    const path = file([]);
    const changes = Array.from({ length: 400 }, (_, k) => row(k + 200, `false,bid,64${k % 10},1`));
    const packed = gzipSync([BOOK, ...SNAPSHOT, ...changes, ""].join("\n"));
    writeFileSync(path, packed.subarray(0, packed.length - 200));
    const recording = await recorded([path]);
    expect(recording.report.truncated).toHaveLength(1);
    expect(rowsOf(recording).slice(0, 3)).toEqual(SNAPSHOT_ROWS);
  });
});

describe("Tardis trades and quotes", () => {
  const bookPath = file([BOOK, ...SNAPSHOT, row(500, "false,bid,6419,1")]);

  it("merges trades with the book by the times of receipt", async () => {
    const trades = file([
      TRADES,
      row(300, "7,buy,6419.5,0.5"),
      row(301, "8,sell,6419,0.25"),
      row(301, "8,sell,6419,0.25"),
      row(302, "9,unknown,6419.5,1"),
      row(303, ",buy,0,1"),
    ]);
    const recording = await recorded([bookPath, trades]);
    expect(rowsOf(recording)).toEqual([
      ...SNAPSHOT_ROWS,
      "buy 64195 x 500.",
      "sell 64190 x 250.",
      "buy 64195 x 1000 off-book.",
      "bid 64190 x 1000.",
    ]);
    const { duplicates, priceZeroTrades, notes } = recording.report;
    expect([duplicates.trades, priceZeroTrades]).toEqual([1, 1]);
    expect(notes).toContainEqual(expect.stringMatching(/^1 trades state no side.*guessed/));
  });

  it("has no market in trades alone, and tells liquidations by their name", async () => {
    const trades = file([TRADES, row(300, "7,buy,6419.5,0.5")]);
    const alone = await readRecording([trades]);
    expect(alone).toMatchObject({ ok: false, error: { code: "DATA_EMPTY" } });
    const name = "binance-futures_liquidations_2020-04-01_BTCUSDT.csv";
    const other = await readRecording([
      bookPath,
      file([TRADES, row(300, "7,buy,6419.5,0.5")], name),
    ]);
    expect(other).toMatchObject({ ok: false, error: { code: "DATA_FORMAT", line: 1 } });
  });

  it("makes a book of one level of quotes alone, and empties a side that has none", async () => {
    const quotes = file([
      QUOTES,
      row(100, "2,6419.5,6419,1.5"),
      row(200, "2,6419.5,6419,1.5"),
      row(300, "1,6420,6419.5,1"),
      row(400, ",,6419.5,1"),
    ]);
    const recording = await recorded([quotes]);
    expect(rowsOf(recording)).toEqual([
      ...SNAPSHOT_ROWS,
      "bid 64190 x 0",
      "ask 64195 x 0",
      "bid 64195 x 1000",
      "ask 64200 x 1000.",
      "ask 64200 x 0.",
    ]);
    expect(recording.report.notes).toContainEqual(expect.stringMatching(/one level a side/));
  });

  it("holds quotes against the book that is read beside them", async () => {
    const right = row(500, "2,6419.5,6419,1");
    const wrong = row(500, "2,6419.5,6418,1");
    const elsewhere = row(501, "2,6419.5,6418,1");
    const counts: number[][] = [];
    for (const quotes of [right, wrong, elsewhere]) {
      const verified = await verifyRecording([bookPath, file([QUOTES, quotes])]);
      if (!verified.ok) throw new Error(verified.error.text);
      const { bookTicker } = verified.value.books[0]!;
      counts.push([bookTicker.compared, bookTicker.mismatched]);
    }
    expect(counts).toEqual([
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
  });
});

describe("Tardis round trip", () => {
  const instrument = knownInstrument("binance", "linear", "BTCUSDT")!;
  const level = fc.record({
    side: fc.constantFrom("bid", "ask"),
    price: fc.integer({ min: 1, max: 0x7ffffffe }),
    quantity: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9e12 })),
  });
  const message = fc.record({
    isTrade: fc.boolean(),
    /** Microseconds to the message before; to the exchange's time. */
    step: fc.integer({ min: 1, max: 5_000_000 }),
    latency: fc.integer({ min: 1000, max: 900_000 }),
    levels: fc.array(level, { minLength: 1, maxLength: 5 }),
  });

  it("gives back every tick, lot and time of a random market, to the last digit", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
        const lines = { book: [BOOK, ...SNAPSHOT], trades: [TRADES] };
        const expected: string[] = [];
        let local = DAY + 1_000_000;
        let highest = 0;
        for (const { isTrade, step, latency, levels } of messages) {
          local += step;
          const times = `${NAME},${local - latency},${local}`;
          // A book's own exchange times are held at the highest so far.
          if (!isTrade) highest = Math.max(highest, local - latency);
          const exchange = isTrade ? local - latency : highest;
          for (const [index, { side, price, quantity }] of levels.entries()) {
            if (isTrade && (index > 0 || quantity === 0)) continue;
            const text = `${formatPrice(instrument, ticks(price))},${formatQuantity(instrument, lots(quantity))}`;
            const kind = side === "bid" ? 0 : 1;
            if (isTrade) lines.trades.push(`${times},,${kind === 0 ? "buy" : "sell"},${text}`);
            else lines.book.push(`${times},false,${side},${text}`);
            const stated = (isTrade ? 2 : 0) + kind;
            const nanos = [exchange, local].map((micros) => (micros - DAY) * 1000);
            expected.push([...nanos, stated, price, quantity].join(" "));
          }
        }
        const paths = [file(lines.book)];
        if (lines.trades.length > 1) paths.push(file(lines.trades));
        const { blocks, header, report } = await recorded(paths, { baseLatencyMs: 0 });
        const shift = Number(header.epochNanos - BigInt(DAY) * 1000n);
        const found: string[] = [];
        for (const { length, exchangeTime, localTime, kind, price, quantity } of blocks) {
          for (let at = 0; at < length; at++) {
            if ((kind[at]! & VENUE_ONLY) !== 0 || localTime[at]! + shift < 1e9) continue;
            const times = [exchangeTime[at]! + shift, localTime[at]! + shift];
            found.push([...times, kind[at]! & KIND_MASK, price[at], quantity[at]].join(" "));
          }
        }
        expect(report.timeFalls.local).toBe(0);
        expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
