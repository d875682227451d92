import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { Instrument } from "../core/domain/instrument.ts";
import { Kind, KIND_MASK, OFF_BOOK, VENUE_ONLY } from "../core/market/columns.ts";
import { knownInstrument } from "./known-instruments.ts";
import { type ReadOptions, readRecording, type Recording } from "./recording.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-bybit-trades-"));
afterAll(() => rmSync(folder, { recursive: true }));

const DERIVATIVES =
  "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional";
/** 2024-12-01 00:00:00 UTC. */
const DAY = 1_733_011_200;

/** The book that the trades are of, from the first second of the day. */
const BOOK = [0, 1, 2, 3, 4].map((second) =>
  JSON.stringify({
    topic: "orderbook.500.XRPUSDT",
    type: second === 0 ? "snapshot" : "delta",
    ts: (DAY + second) * 1000 + 8,
    cts: (DAY + second) * 1000 + 5,
    data: {
      s: "XRPUSDT",
      b: [["1.9531", String(10 + second)]],
      a: [["1.9533", "5"]],
      u: second + 1,
    },
  }),
);

let files = 0;
function file(lines: readonly string[], name = `trades-${files}.csv`): string {
  files += 1;
  const path = join(folder, name);
  const text = `${lines.join("\n")}\n`;
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}
const bookPath = file(BOOK, "2024-12-01_XRPUSDT_ob500.data");

const trade = (seconds: string, rest: string, id = seconds): string =>
  `${seconds},XRPUSDT,${rest},PlusTick,${id},1.9e+09,1,1.9`;

async function recorded(paths: readonly string[], options: ReadOptions = {}): Promise<Recording> {
  const result = await readRecording(paths, options);
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

/** Trades, each with its time in milliseconds of the day. */
function tradesOf({ blocks, header }: Recording): string[] {
  const shift = Number(header.epochNanos - BigInt(DAY) * 1_000_000_000n);
  const rows: string[] = [];
  for (const { length, exchangeTime, kind, price, quantity } of blocks) {
    for (let at = 0; at < length; at++) {
      const what = kind[at]! & KIND_MASK;
      if ((kind[at]! & VENUE_ONLY) !== 0 || what < Kind.TRADE_BUY || what > Kind.TRADE_SELL)
        continue;
      const side = what === Kind.TRADE_BUY ? "buy" : "sell";
      const off = kind[at]! & OFF_BOOK ? " off-book" : "";
      rows.push(
        `${(exchangeTime[at]! + shift) / 1e6} ${side} ${price[at]} x ${quantity[at]}${off}`,
      );
    }
  }
  return rows;
}

describe("Bybit trade archive", () => {
  it("lies beside the order book archive and is merged with it by time", async () => {
    const path = file(
      [
        `${DERIVATIVES},RPI`,
        `${trade(`${DAY + 1}.5983`, "Buy,3,1.9533")},0`,
        `${trade(`${DAY + 2}.1`, "Sell,2,1.9531")},1`,
        `${trade(`${DAY + 3}`, "Sell,1,1.9531")},0`,
      ],
      "XRPUSDT2024-12-01.csv.gz",
    );
    const recording = await recorded([bookPath, path]);
    expect(tradesOf(recording)).toEqual([
      "1598.3 buy 19533 x 3",
      "2100 sell 19531 x 2 off-book",
      "3000 sell 19531 x 1",
    ]);
    expect(recording.report.bookMessages).toBe(5);
    expect(recording.report.notes).toContainEqual(expect.stringMatching(/no receive times/));
    expect(recording.report.notes).not.toContain("The archive holds no trades.");
    expect(recording.report.timeFalls).toMatchObject({ local: 0, exchangeTrades: 0 });
  });

  it("turns a file that runs backwards, and drops what comes again", async () => {
    const path = file([
      DERIVATIVES,
      trade(`${DAY + 3}.25`, "Buy,3,1.9533", "c"),
      trade(`${DAY + 3}.25`, "Buy,4,1.9533", "b"),
      trade(`${DAY + 1}.5`, "Sell,5,1.9531", "a"),
    ]);
    const next = file([
      DERIVATIVES,
      trade(`${DAY + 4}`, "Buy,1,1.9533", "d"),
      trade(`${DAY + 3}.25`, "Buy,3,1.9533", "c"),
    ]);
    const recording = await recorded([bookPath, path, next]);
    expect(tradesOf(recording)).toEqual([
      "1500 sell 19531 x 5",
      "3250 buy 19533 x 4",
      "3250 buy 19533 x 3",
      "4000 buy 19533 x 1",
    ]);
    expect(recording.report.duplicates.trades).toBe(1);
    expect(recording.report.notes).toContainEqual(expect.stringMatching(/backwards in time/));
  });

  it("takes spot's symbol from the file's name, and its times as milliseconds", async () => {
    const linear = knownInstrument("bybit", "linear", "XRPUSDT")!;
    const instrument: Instrument = { ...linear, kind: "spot" };
    const lines = ["id,timestamp,price,volume,side,rpi", `1,${DAY}074,1.9533,3,buy,0`];
    const path = file(lines, "XRPUSDT_2024-12-01.csv.gz");
    const read = await recorded([bookPath, path], { instrument });
    expect(tradesOf(read)).toEqual(["74 buy 19533 x 3"]);
    expect(read.header.instrument.kind).toBe("spot");
    const unnamed = await readRecording([bookPath, file(lines, "trades.csv")]);
    expect(unnamed).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
  });

  it("is no market alone, and of one symbol", async () => {
    const alone = file([DERIVATIVES, trade(`${DAY}`, "Buy,3,1.9533")]);
    const refused = await readRecording([alone]);
    expect(refused).toMatchObject({ ok: false, error: { code: "DATA_EMPTY" } });
    const other = file([DERIVATIVES, `${DAY},BTCUSD,Buy,3,1.9533,PlusTick,a,1,1,1`]);
    const two = await readRecording([bookPath, other]);
    expect(two).toMatchObject({ ok: false, error: { code: "DATA_SYMBOL" } });
    const asked = await readRecording([bookPath, other], { symbol: "XRPUSDT" });
    if (asked.ok) throw new Error("there is no trade of it");
    expect(asked.error.text).toMatch(/the trades are of BTCUSD \(inverse\)/);
  });

  it("counts and places what it cannot use", async () => {
    const path = file([
      DERIVATIVES,
      trade(`${DAY + 1}`, "Buy,3,1.9533"),
      trade("soon", "Buy,3,1.9533"),
      trade("99999999999", "Buy,3,1.9533"),
      trade(`${DAY + 1}`, "Both,3,1.9533"),
      trade(`${DAY + 1}`, "Buy,NaN,1.9533"),
      trade(`${DAY + 1}`, "Buy,3,"),
      trade(`${DAY + 1}`, 'Buy,3,"1.9533"'),
      `${DAY + 1},XRPUSDT,Buy`,
      trade(`${DAY + 1}.1`, "Buy,3,1.95331"),
      trade(`${DAY + 1}.2`, "Buy,-3,1.9533"),
      trade(`${DAY + 1}.3`, "Buy,3,0"),
    ]);
    const recording = await recorded([bookPath, path]);
    expect(tradesOf(recording)).toEqual(["1000 buy 19533 x 3"]);
    const { badLines, offTickPrices, priceZeroTrades } = recording.report;
    expect(badLines.count).toBe(7);
    expect(badLines.examples[0]).toMatchObject({ line: 3, reason: "has no time or no side" });
    expect([offTickPrices.count, priceZeroTrades]).toEqual([1, 1]);
  });
});
