/**
 * What is asked of the markets over REST: in the shapes that Bybit publishes, read back by our own
 * parser, and refused where a query is none.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ContractKind } from "../../src/core/domain/instrument.ts";
import { micros } from "../../src/core/domain/units.ts";
import { Kind, OFF_BOOK, OFF_VOLUME } from "../../src/core/market/columns.ts";
import { parseInstrumentsInfo } from "../../src/data/bybit-instruments.ts";
import { Directory } from "../../src/exchange/market/directory.ts";
import { ANSWERS } from "../../src/exchange/market/public-answers.ts";
import type { Json } from "../clients/raw-client.ts";
import { OPENS, scriptedInstrument, ScriptedHost } from "./scripted-host.ts";

const FIXTURES = fileURLToPath(
  new URL("../../../shared/data/bybit-fixtures/docs/", import.meta.url),
);
const KINDS: readonly ContractKind[] = ["linear", "inverse", "spot"];

/** Ten minutes with a trade every second, and a settlement of funding at eight o'clock. */
function lived(): Directory {
  const hosts = KINDS.map((kind) => new ScriptedHost(scriptedInstrument(kind)));
  const directory = new Directory(hosts, OPENS);
  for (const host of hosts) host.open(OPENS);
  for (let second = 0; second < 600; second++) {
    const at = micros(OPENS + second * 1_000_000);
    const flag = second === 599 ? OFF_BOOK : second === 598 ? OFF_BOOK | OFF_VOLUME : 0;
    for (const host of hosts) {
      host.tell(at, [[Kind.TRADE_BUY | flag, 650_001 + (second % 3), 7]]);
    }
    for (const market of directory.markets) market.advance(at);
  }
  return directory;
}

const directory = lived();

function ask(path: string, query: Record<string, string>): Json {
  const answer = directory.answer(`/v5/market/${path}`, new URLSearchParams(query));
  if (!answer.ok) throw new Error(`${answer.error.retCode} ${answer.error.retMsg}`);
  return JSON.parse(JSON.stringify(answer.value));
}

const refusal = (path: string, query: Record<string, string>): string => {
  const answer = directory.answer(`/v5/market/${path}`, new URLSearchParams(query));
  return answer.ok ? "answered" : `${answer.error.retCode} ${answer.error.retMsg}`;
};

const LINEAR = { category: "linear", symbol: "BTCUSDT" };
const INVERSE = { category: "inverse", symbol: "BTCUSD" };
const SPOT = { category: "spot", symbol: "BTCUSDT" };

describe("answers about markets", () => {
  it.each(KINDS)("list instruments that are read back as they are: %s", (kind) => {
    const parsed = parseInstrumentsInfo(
      { result: ask("instruments-info", { category: kind }) },
      kind,
    );
    expect(parsed).toEqual({ ok: true, value: [scriptedInstrument(kind)] });
  });

  it("tell the time in seconds and nanoseconds", () => {
    expect(ask("time", {})).toEqual({
      timeSecond: String(OPENS / 1e6 + 599),
      timeNano: `${OPENS + 599_000_000}000`,
    });
  });

  it("show the best levels, as many as are asked for", () => {
    expect(ask("orderbook", { ...LINEAR, limit: "1" })).toMatchObject({
      s: "BTCUSDT",
      b: [["64999.90", "0.050"]],
      a: [["65000.10", "0.040"]],
    });
    expect(ask("orderbook", SPOT).b).toEqual([["64999.9", "0.05"]]);
    expect(ask("orderbook", LINEAR).b).toHaveLength(2);
  });

  it("list trades newest first, with what was off the book", () => {
    const { list } = ask("recent-trade", { ...SPOT, limit: "3" });
    expect(list.map((trade: Json) => [trade.isRPITrade, trade.isBlockTrade])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect(list[0]).toMatchObject({ side: "Buy", size: "0.007", symbol: "BTCUSDT" });
    expect(new Set(ask("recent-trade", LINEAR).list.map((trade: Json) => trade.execId)).size).toBe(
      500,
    );
  });

  it("sum a day up without block trades", () => {
    const [ticker] = ask("tickers", LINEAR).list;
    // 599 of 600 trades of 7 lots.
    expect(ticker).toMatchObject({
      volume24h: "4.193",
      lastPrice: "65000.30",
      fundingRate: "0.0001",
    });
    expect(Number(ticker.turnover24h)).toBeCloseTo(4.193 * 65_000.2, 0);
    const [inverse] = ask("tickers", INVERSE).list;
    expect(inverse.volume24h).toBe("4193");
    expect(Number(inverse.turnover24h)).toBeCloseTo(4_193 / 65_000.2, 3);
  });

  it("page through candles by time, newest first", () => {
    const all = ask("kline", { ...LINEAR, interval: "1" }).list;
    expect(all).toHaveLength(10);
    expect(Number(all[0][0]) - Number(all[9][0])).toBe(9 * 60_000);
    const [start, end] = [all[7][0], all[4][0]];
    expect(ask("kline", { ...LINEAR, interval: "1", start, end }).list).toEqual(all.slice(4, 8));
    expect(ask("kline", { ...LINEAR, interval: "1", end, limit: "2" }).list).toEqual(
      all.slice(4, 6),
    );
    expect(all[3]).toEqual([
      all[3][0],
      "65000.3",
      "65000.3",
      "65000.1",
      "65000.3",
      "0.42",
      "27300.084",
    ]);
  });

  it("tell what funding was settled, and when the next is", () => {
    const at = Date.UTC(2026, 7, 9, 8);
    expect(ask("funding/history", LINEAR).list).toEqual([
      { symbol: "BTCUSDT", fundingRate: "0.0001", fundingRateTimestamp: String(at) },
    ]);
    expect(ask("tickers", LINEAR).list[0].nextFundingTime).toBe(String(at + 8 * 3_600_000));
  });

  it("refuse what is no question, with Bybit's number", () => {
    expect(refusal("orderbook", { symbol: "BTCUSDT" })).toMatch(/^10001 .*Category/);
    expect(refusal("orderbook", { category: "linear" })).toBe(
      "10001 params error: symbol is required",
    );
    expect(refusal("orderbook", { ...LINEAR, symbol: "NOUSDT" })).toMatch(
      /^10001 .*symbol invalid/,
    );
    expect(refusal("orderbook", { ...LINEAR, limit: "1001" })).toMatch(/^10001 .*limit/);
    expect(refusal("kline", { ...LINEAR, interval: "2" })).toMatch(/^10001 .*interval/);
    expect(refusal("kline", { ...LINEAR, interval: "1", start: "9", end: "8" })).toMatch(/^10001/);
    expect(refusal("funding/history", SPOT)).toMatch(/^10001 .*Category/);
    expect(refusal("option-delivery", {})).toMatch(/^10017/);
    expect(refusal("constructor", {})).toMatch(/^10017/);
  });

  it("are an answer or a refusal, whatever is asked", () => {
    const word = fc.oneof(
      fc.constantFrom("linear", "spot", "inverse", "BTCUSDT", "1", "200", "D", "5min", ""),
      fc.string(),
      fc.integer().map(String),
    );
    const name = fc.constantFrom(
      "category",
      "symbol",
      "limit",
      "interval",
      "start",
      "end",
      "cursor",
      "startTime",
      "baseCoin",
      "intervalTime",
      "settleCoin",
      "status",
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(ANSWERS)),
        fc.dictionary(name, word, { maxKeys: 6 }),
        (path, query) => {
          const answer = directory.answer(path, new URLSearchParams(query));
          if (!answer.ok) expect(answer.error.retCode).toBe(10001);
        },
      ),
      { numRuns: 400 },
    );
  });
});

interface Fixture {
  readonly blocks: readonly {
    readonly section: string;
    readonly json?: { readonly result?: Json };
  }[];
}

describe.skipIf(!existsSync(FIXTURES))("published examples (../shared/data/bybit-fixtures)", () => {
  const published = (page: string): Json[] =>
    (JSON.parse(readFileSync(`${FIXTURES}${page}.json`, "utf8")) as Fixture).blocks
      .filter(({ section, json }) => section === "Response Example" && json?.result !== undefined)
      .map(({ json }) => json!.result);

  const PAGES: readonly [page: string, path: string, query: Record<string, string>][] = [
    ["market__orderbook", "orderbook", SPOT],
    ["market__recent-trade", "recent-trade", SPOT],
    ["market__tickers", "tickers", INVERSE],
    ["market__tickers", "tickers", SPOT],
    ["market__kline", "kline", { ...INVERSE, interval: "1" }],
    ["market__mark-kline", "mark-price-kline", { ...LINEAR, interval: "1" }],
    ["market__index-kline", "index-price-kline", { ...INVERSE, interval: "1" }],
    ["market__premium-index-kline", "premium-index-price-kline", { ...LINEAR, interval: "1" }],
    ["market__history-fund-rate", "funding/history", LINEAR],
    ["market__open-interest", "open-interest", { ...INVERSE, intervalTime: "5min" }],
    ["market__order-price-limit", "price-limit", LINEAR],
    ["market__instrument", "instruments-info", SPOT],
    ["market__time", "time", {}],
  ];

  it.each(PAGES)("%s: every field is there, in the type it has", (page, path, query) => {
    const ours = ask(path, query);
    const category = query["category"];
    const examples = published(page).filter(
      (result) =>
        result.category === undefined || result.category === category || page !== "market__tickers",
    );
    const theirs = examples.find((result) => result.category === category) ?? examples.at(-1);
    expect(missing(theirs, ours)).toEqual([]);
  });
});

/** Paths of `theirs` that are not in `ours`, or are of another type there. */
function missing(theirs: Json, ours: Json, path = ""): string[] {
  if (Array.isArray(theirs)) {
    if (!Array.isArray(ours)) return [path];
    return theirs.length === 0 ? [] : missing(theirs[0], ours[0], `${path}[0]`);
  }
  if (typeof theirs !== "object" || theirs === null) {
    return typeof theirs === typeof ours ? [] : [`${path}: ${typeof ours}`];
  }
  return Object.keys(theirs).flatMap((key) => missing(theirs[key], ours?.[key], `${path}.${key}`));
}
