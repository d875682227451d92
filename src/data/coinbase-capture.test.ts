import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Kind, KIND_MASK, LAST, VENUE_ONLY } from "../core/market/columns.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";
import { verifyRecording } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-coinbase-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function write(lines: readonly string[]): string {
  const path = join(folder, `table-${files++}.csv`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function recorded(paths: readonly string[], options: ReadOptions = {}): Promise<Recording> {
  const result = await readRecording(paths, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

const NAMES = ["bid", "ask", "buy", "sell", "CLEAR", "GAP"];
function rowsOf({ blocks }: Recording): string[] {
  return blocks.flatMap((block) =>
    Array.from({ length: block.length }, (_, row) => {
      const kind = block.kind[row]!;
      if (kind & VENUE_ONLY) return [];
      const bare = (kind & KIND_MASK) >= Kind.CLEAR;
      const price = bare ? "" : ` ${block.price[row]} x ${block.quantity[row]}`;
      return [`${NAMES[kind & KIND_MASK]!}${price}${kind & LAST ? "." : ""}`];
    }).flat(),
  );
}

const BIDS = ["side,price,size", "buy,9192,7.5", "buy,9191.15,1"];
const ASKS = ["side,price,size", "sell,9192.01,4.66", "sell,999999999,1"];
const UPDATES = [
  "side,price,size,time",
  "buy,9191.15,0.0,2018-04-24T03:52:17.202Z",
  "sell,9192.01,0.10099999999999999,2018-04-24T03:52:17.210Z",
];
const BEGUN = ["CLEAR", "bid 919200 x 750000000", "bid 919115 x 100000000"];

describe("Coinbase tables", () => {
  it("begin with both snapshot files, at the time of the first update", async () => {
    const recording = await recorded([write(BIDS), write(ASKS), write(UPDATES)]);
    expect(rowsOf(recording)).toEqual([
      ...BEGUN,
      "ask 919201 x 466000000.",
      "bid 919115 x 0.",
      // What a binary float printed is read as the number that it stands for.
      "ask 919201 x 10100000.",
    ]);
    expect(recording.header.instrument).toMatchObject({ venue: "coinbase", symbol: "BTC-USD" });
    expect(recording.report.firstTime).toBe("2018-04-24T03:52:17.202000000Z");
    expect(recording.report.offLotQuantities.count).toBe(0);
    expect(recording.report.offTickPrices.count).toBe(0);
    const notes = recording.report.notes.join("\n");
    expect(notes).toContain("1 levels above 21474836.46 USD");
    expect(notes).toContain("BTC-USD was assumed");
    expect(notes).toContain("of 1 deletions, 0 named a level that was not there");
    expect(notes).toContain("no trades");
  });

  it("go on over several files, and take up a new snapshot", async () => {
    const later = [
      "side,price,size,time",
      "buy,9180,1e-06,2018-04-24T04:52:17Z",
      "sell,9300,0,2018-04-24T04:52:18Z",
    ];
    const tables = [BIDS, ASKS, UPDATES, BIDS, ASKS, later];
    const recording = await recorded(tables.map(write));
    expect(rowsOf(recording).slice(6)).toEqual([
      ...BEGUN,
      "ask 919201 x 466000000.",
      "bid 918000 x 100.",
      "ask 930000 x 0.",
    ]);
    expect(recording.report.notes.join("\n")).toContain("of 2 deletions, 1 named a level that was");
  });

  it("are refused without a whole snapshot ahead", async () => {
    expect(await readRecording([write(BIDS), write(UPDATES)])).toMatchObject({
      ok: false,
      error: { code: "DATA_FORMAT", text: expect.stringContaining("no asks"), line: 2 },
    });
    expect(await readRecording([write(UPDATES)])).toMatchObject({
      ok: false,
      error: { code: "DATA_EMPTY" },
    });
    const other = [write(BIDS), write(ASKS), write(UPDATES)];
    expect(await readRecording(other, { symbol: "DOGE-USD" })).toMatchObject({
      ok: false,
      error: { code: "DATA_SYMBOL" },
    });
  });

  it("count the lines that are none", async () => {
    const bad = [...UPDATES, "hold,1,1,2018-04-24T03:52:18Z", "buy,x,1,2018-04-24T03:52:18Z"];
    const { report } = await recorded([
      write(BIDS),
      write(ASKS),
      write([...bad, "buy,1,1,now", "buy,1"]),
    ]);
    expect(report.badLines.count).toBe(4);
    expect(report.badLines.examples[0]).toMatchObject({ line: 4 });
  });
});

const HEAD =
  "_id,asks,bids,changes,channels,maker_order_id,message,price,product_id,reason,sequence,side," +
  "size,taker_order_id,time,trade_id,type";
const SNAPSHOT = `1,"[['10.05', '2']]","[['10.00', '1'], ['9.99', '3']]",,,,,,BTC-USD,,,,,,,,snapshot`;
const update = (changes: string, millis: number): string =>
  `2,,,"[${changes}]",,,,,BTC-USD,,,,,,2018-04-17T00:55:04.${millis}Z,,l2update`;
const match = (side: string, id: number, micros: number, product = "BTC-USD"): string =>
  `3,,,,,a,,10.05000000,${product},,7.0,${side},0.50000000,b,` +
  `2018-04-17T00:55:04.${micros}Z,${id}.0,match`;

describe("Coinbase feed", () => {
  it("reads book and matches; the side of a match is the maker's", async () => {
    const recording = await recorded(
      [
        write([
          HEAD,
          SNAPSHOT,
          match("sell", 1, 355_000),
          update("['buy', '10.00', '0'], ['sell', '10.05', '1.5']", 358),
          match("sell", 2, 400_000),
          match("buy", 3, 500_000),
          match("buy", 3, 500_000),
          match("buy", 6, 600_000),
          match("buy", 7, 700_000, "ETH-USD").replace("10.05000000", "1"),
        ]),
      ],
      { symbol: "BTC-USD" },
    );
    expect(rowsOf(recording)).toEqual([
      "CLEAR",
      "bid 1000 x 100000000",
      "bid 999 x 300000000",
      "ask 1005 x 200000000.",
      "bid 1000 x 0",
      "ask 1005 x 150000000.",
      "buy 1005 x 50000000.",
      "sell 1005 x 50000000.",
      "sell 1005 x 50000000.",
    ]);
    expect(recording.report).toMatchObject({
      trades: 5,
      duplicates: { trades: 1 },
      tradeIdsMissing: 2,
      unsynchronised: { trades: 1 },
      otherInstruments: 1,
    });
  });

  it("never receives a message before one that stands ahead of it", async () => {
    const lines = [
      HEAD,
      SNAPSHOT,
      update("['buy', '10.00', '2']", 400),
      match("sell", 1, 390_000),
      update("['buy', '10.00', '3']", 500),
    ];
    const verified = await verifyRecording([write(lines)]);
    if (!verified.ok) throw new Error(verified.error.text);
    expect(verified.value.books[0]!.timeFalls).toEqual({
      exchangeBook: 0,
      exchangeTrades: 0,
      local: 0,
    });
    expect(verified.value.clean).toBe(true);
  });

  it("asks which product, where it holds several", async () => {
    const lines = [HEAD, SNAPSHOT, update("['buy', '10.00', '2']", 400)];
    const other = match("sell", 1, 390_000, "ETH-USD");
    expect(await readRecording([write([...lines, other])])).toMatchObject({
      ok: false,
      error: { code: "DATA_SYMBOL", line: 4 },
    });
  });
});

const COINBASE = "../shared/data/coinbase-l2-2018";

describe.skipIf(!existsSync(COINBASE))(
  `Coinbase tables in ${COINBASE} (skipped where the folder is absent)`,
  () => {
    it("the hour of 2018-04-24: 193,848 updates, no crossed book, no deletion of nothing", async () => {
      const names = ["snapshot_bids", "snapshot_asks"].concat(
        [1, 2, 3, 4].map((part) => `l2update_${part}`),
      );
      const verified = await verifyRecording(names.map((name) => `${COINBASE}/${name}.csv.gz`));
      if (!verified.ok) throw new Error(verified.error.text);
      const [book] = verified.value.books;
      expect(verified.value.totals).toMatchObject({ bookMessages: 193_848, crossed: 0, trades: 0 });
      expect(book!.notes.join("\n")).toContain("of 71,513 deletions, 0 named a level");
      expect(book!.offLotQuantities.count).toBe(0);
      expect(verified.value.clean).toBe(true);
    });

    it("ten minutes of the raw feed: every one of 256 trades is at the touch", async () => {
      const verified = await verifyRecording([`${COINBASE}/feed_20180417_10min_raw.csv.gz`]);
      if (!verified.ok) throw new Error(verified.error.text);
      expect(verified.value.totals).toMatchObject({ bookMessages: 18_093, trades: 256 });
      expect(verified.value.books[0]!.tradesOffTouch).toMatchObject({ compared: 256, count: 0 });
      expect(verified.value.clean).toBe(true);
    });
  },
);
