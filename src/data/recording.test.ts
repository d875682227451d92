import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { describeRecording } from "./describe.ts";
import { readRecording } from "./recording.ts";
import { verifyRecording } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-recording-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function write(lines: readonly string[]): string {
  const path = join(folder, `recording-${files++}`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

const START = 1_723_161_600;

/** A small true-to-form capture; every third trade was made before the book message ahead of it. */
function binance(messages: number): string[] {
  const lines: string[] = [];
  const line = (millis: number, json: object): void => {
    const time = START * 1000 + millis;
    lines.push(`${time}000000 ${JSON.stringify(json)}`);
  };
  line(1, { lastUpdateId: 1, bids: [["100.0", "1"]], asks: [["100.5", "2"]] });
  for (let id = 1; id <= messages; id++) {
    const T = START * 1000 + id * 2;
    const b = [["100.0", String(id % 7)], ...["99.9", "99.8"].map((price) => [price, "1"])];
    const data = { e: "depthUpdate", E: T, T, s: "BTCUSDT", U: id, u: id, pu: id - 1, b, a: [] };
    line(id * 2 + 5, { stream: "btcusdt@depth@0ms", data });
    const made = id % 3 === 0 ? T - 1 : T;
    const trade = { e: "trade", E: made, T: made, s: "BTCUSDT", t: id, p: "100.0", q: "0.1" };
    line(id * 2 + 6, { stream: "btcusdt@trade", data: { ...trade, X: "MARKET", m: true } });
  }
  return lines;
}

function bybit(messages: number): string[] {
  const list = [
    {
      symbol: "AUSDT",
      baseCoin: "A",
      quoteCoin: "USDT",
      priceFilter: { tickSize: "0.1" },
      lotSizeFilter: { qtyStep: "0.01", minOrderQty: "0.01", maxOrderQty: "100" },
    },
  ];
  const lines = [
    { t: "header", exchange: "BYBIT" },
    {
      t: "http",
      url: "https://x/v5/market/instruments-info?category=linear",
      data: JSON.stringify({ result: { category: "linear", list } }),
    },
    { t: "connect", conn: "a", addr: "wss://x/v5/public/linear", ts: START },
  ].map((json) => JSON.stringify(json));
  const receive = (ts: number, json: object): void => {
    lines.push(JSON.stringify({ t: "recv", conn: "a", ts, data: JSON.stringify(json) }));
  };
  for (let u = 1; u <= messages; u++) {
    const ts = START * 1000 + u * 10;
    const data = { s: "AUSDT", b: [["10.1", "1"]], a: [["10.2", String(u)]], u };
    const type = u === 1 ? "snapshot" : "delta";
    receive(START + u / 100 + 0.005, { topic: "orderbook.50.AUSDT", type, ts, cts: ts - 1, data });
    const trade = { T: ts, s: "AUSDT", S: "Buy", v: "0.1", p: "10.2", i: String(u), RPI: true };
    receive(START + u / 100 + 0.006, { topic: "publicTrade.AUSDT", ts, data: [trade] });
  }
  return lines;
}

/** Snapshot and updates one after the other, as if their files were one. */
function coinbase(messages: number): string[] {
  const lines = ["side,price,size", "buy,100.00,1", "sell,100.05,2", "side,price,size,time"];
  for (let id = 0; id < messages; id++) {
    const time = new Date(START * 1000 + id * 40).toISOString();
    lines.push(`${id % 2 ? "buy,99.99" : "sell,100.06"},${(id % 3) / 10},${time}`);
  }
  return lines;
}

function bitstamp(orders: number): string[] {
  const lines: string[] = [];
  const line = (millis: number, event: string, json: object): void => {
    lines.push(`${START * 1000 + millis} ${event} ${JSON.stringify(json)}`);
  };
  line(0, "order_book", { bids: [["100.00", "1"]], asks: [["100.05", "2"]] });
  for (let id = 1; id <= orders; id++) {
    const order = { id, price: id % 2 ? "99.99" : "100.06", order_type: id % 2 ? 0 : 1 };
    line(id * 900, "order_created", { ...order, amount: "1" });
    line(id * 900 + 10, "order_changed", { ...order, amount: "0.5" });
    line(id * 900 + 15, "trade", { id, price: 100.05, amount: 0.5 });
    line(id * 900 + 20, "order_deleted", { ...order, amount: "0.5" });
    line(id * 900 + 30, "order_book", { bids: [["100.00", "1"]], asks: [["100.05", "2"]] });
  }
  return lines;
}

/** What is wrong with columns that the engine and the venue are to read; empty when sound. */
function unsound(blocks: readonly MarketBlock[]): string[] {
  const wrong: string[] = [];
  let exchange = -1;
  let local = -1;
  for (const block of blocks) {
    if ((block.kind[block.length - 1]! & LAST) === 0) wrong.push("a block ends inside a message");
    for (let row = 0; row < block.length; row++) {
      const kind = block.kind[row]!;
      const exchangeTime = block.exchangeTime[row]!;
      const localTime = block.localTime[row]!;
      if (localTime < exchangeTime) wrong.push(`row ${row} is received before it happened`);
      if ((kind & ENGINE_ONLY) === 0 && exchangeTime < exchange) wrong.push(`row ${row}: exchange`);
      if ((kind & VENUE_ONLY) === 0 && localTime < local) wrong.push(`row ${row}: local`);
      if ((kind & ENGINE_ONLY) === 0) exchange = exchangeTime;
      if ((kind & VENUE_ONLY) === 0) local = localTime;
      if ((kind & KIND_MASK) > Kind.GAP) wrong.push(`row ${row} is of no kind`);
      if (!Number.isSafeInteger(block.quantity[row]!)) wrong.push(`row ${row}: quantity`);
    }
  }
  return wrong;
}

describe("recording", () => {
  it("cuts long recordings into blocks that end with a message, and loses no row", async () => {
    const messages = 30_000;
    const read = await readRecording([write(binance(messages))]);
    if (!read.ok) throw new Error(read.error.text);
    const { blocks, rows, report, header } = read.value;
    expect(blocks.length).toBe(Math.ceil(rows / 65_536));
    expect(blocks.reduce((sum, block) => sum + block.length, 0)).toBe(rows);
    expect(unsound(blocks)).toEqual([]);
    expect(header.epochNanos).toBe(BigInt(START) * 1_000_000_000n);
    const info = describeRecording(read.value);
    expect(info.counts).toMatchObject({
      messages: 1 + 2 * messages,
      bids: 1 + 3 * messages,
      asks: 1,
      tradesSell: messages,
    });
    expect(report.doubledRows).toBe(messages / 3);
  });

  it("reads several files as one, in the order given", async () => {
    const lines = binance(20);
    const paths = [write(lines.slice(0, 11)), write(lines.slice(11))];
    const calls: [number, number][] = [];
    const read = await readRecording(paths, {
      onProgress: (done, total) => calls.push([done, total]),
    });
    expect(read).toMatchObject({ ok: true, value: { report: { bookMessages: 20, trades: 20 } } });
    const [done, total] = calls.at(-1)!;
    expect(done).toBe(total);
    const backwards = await verifyRecording(paths.toReversed());
    expect(backwards).toMatchObject({ ok: false, error: { code: "DATA_EMPTY" } });
  });

  it.each([
    ["an empty file", [""]],
    ["rubbish", ["rubbish", '{"a":1}', "[]"]],
    ["two thousand lines of rubbish", Array.from({ length: 2000 }, () => "rubbish")],
  ])("says of %s which formats it knows", async (_, lines) => {
    const read = await readRecording([write(lines)]);
    expect(read).toMatchObject({ ok: false, error: { code: "DATA_FORMAT" } });
    if (!read.ok) expect(read.error.text).toMatch(/Binance captures.*Bybit/);
  });

  it("asks for a file where none was given", async () => {
    expect(await readRecording([])).toMatchObject({ ok: false, error: { code: "DATA_NOT_FOUND" } });
  });

  const damage = fc.array(
    fc.record({
      line: fc.nat(60),
      what: fc.oneof(
        fc.record({ at: fc.nat(300), text: fc.string({ maxLength: 6 }) }),
        fc.constantFrom("drop", "double", "swap"),
        fc.constantFrom(
          '{"t":"header","exchange":{"toString":1}}',
          `${START}000000000 {"data":{"e":"depthUpdate","s":"BTCUSDT","__proto__":{"u":1}}}`,
          `${START}999000000 {"lastUpdateId":1e400,"bids":[],"asks":[]}`,
          `${START}000000000 {"e":"trade","s":"BTCUSDT","t":1,"T":99999999999999,"m":true}`,
          '{"t":"recv","conn":"a","ts":1e300,"data":"{}"}',
          "[".repeat(50_000),
        ),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  );

  it.each([
    ["binance", binance(12)],
    ["bybit", bybit(12)],
    ["coinbase", coinbase(12)],
    ["bitstamp", bitstamp(12)],
  ])("survives any damage to a %s recording: sound columns or a fault", async (_, whole) => {
    await fc.assert(
      fc.asyncProperty(damage, async (damages) => {
        const lines = [...whole];
        for (const { line, what } of damages) {
          const index = line % lines.length;
          const text = lines[index] ?? "";
          if (what === "drop") lines.splice(index, 1);
          else if (what === "double") lines.splice(index, 0, text);
          else if (what === "swap") lines.push(...lines.splice(index, 1));
          else if (typeof what === "string") lines.splice(index, 0, what);
          else {
            const from = what.at % (text.length + 1);
            lines[index] = text.slice(0, from) + what.text + text.slice(from + what.text.length);
          }
        }
        const path = write(lines);
        const read = await readRecording([path]);
        const verified = await verifyRecording([path]);
        if (!read.ok) expect(read.error.text).not.toBe("");
        else expect(unsound(read.value.blocks)).toEqual([]);
        if (read.ok) expect(verified.ok).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
