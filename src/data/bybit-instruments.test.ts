import { existsSync, readFileSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { formatDecimal } from "../core/domain/decimal.ts";
import { parseInstrumentsInfo } from "./bybit-instruments.ts";

const answer = (category: string, ...list: unknown[]): object => ({
  retCode: 0,
  result: { category, list },
});

const LINEAR = {
  symbol: "BTCUSDT",
  baseCoin: "BTC",
  quoteCoin: "USDT",
  priceFilter: { tickSize: "0.10" },
  lotSizeFilter: {
    maxOrderQty: "1500.000",
    minOrderQty: "0.001",
    qtyStep: "0.001",
    maxMktOrderQty: "150.0005",
    minNotionalValue: "5",
  },
};
const SPOT = {
  symbol: "BTCUSDT",
  baseCoin: "BTC",
  quoteCoin: "USDT",
  priceFilter: { tickSize: "0.1" },
  lotSizeFilter: {
    basePrecision: "0.000001",
    minOrderQty: "0.0000015",
    minOrderAmt: "5",
    maxLimitOrderQty: "230",
    maxMarketOrderQty: "120",
  },
};

describe("Bybit instruments", () => {
  it("reads a linear contract: a maximum between two lots is the lower", () => {
    const parsed = parseInstrumentsInfo(answer("linear", LINEAR), "linear");
    expect(parsed).toMatchObject({
      ok: true,
      value: [{ kind: "linear", minLots: 1, maxLimitLots: 1_500_000, maxMarketLots: 150_000 }],
    });
  });

  it("reads a spot pair: a minimum between two lots is the higher", () => {
    const text = JSON.stringify(answer("spot", SPOT));
    expect(parseInstrumentsInfo(text, "spot")).toMatchObject({
      ok: true,
      value: [{ kind: "spot", minLots: 2, maxLimitLots: 230_000_000, maxMarketLots: 120_000_000 }],
    });
  });

  it("reads an inverse contract as one dollar of quantity", () => {
    const entry = {
      ...LINEAR,
      symbol: "BTCUSD",
      quoteCoin: "USD",
      lotSizeFilter: { maxOrderQty: "25000000", minOrderQty: "1", qtyStep: "1" },
    };
    const parsed = parseInstrumentsInfo(answer("inverse", entry), "inverse");
    if (!parsed.ok) throw new Error(parsed.error.text);
    const [instrument] = parsed.value;
    expect(instrument).toMatchObject({ kind: "inverse", minLots: 1, maxMarketLots: 25_000_000 });
    expect(formatDecimal(instrument!.contractSize)).toBe("1");
  });

  const refused: [string, unknown, string][] = [
    ["what is no JSON", "{", "linear"],
    ["another shape", { result: [] }, "linear"],
    ["an error answer", { retCode: 10001, result: { list: [] } }, "linear"],
    ["the answer to another question", answer("spot", SPOT), "linear"],
    ["an unknown category", answer("option"), "option"],
    ["a tick of zero", answer("linear", { ...LINEAR, priceFilter: { tickSize: "0.0" } }), "linear"],
    ["a float", answer("linear", { ...LINEAR, priceFilter: { tickSize: 0.1 } }), "linear"],
    ["an exponent", answer("linear", { ...LINEAR, priceFilter: { tickSize: "1e-1" } }), "linear"],
    ["an entry that is null", answer("linear", null), "linear"],
    ["a prototype for a symbol", JSON.parse('{"result":{"list":[{"__proto__":{}}]}}'), "linear"],
  ];
  it.each(refused)("refuses %s", (_, json, category) => {
    expect(parseInstrumentsInfo(json, category)).toMatchObject({
      ok: false,
      error: { code: "INSTRUMENTS_FORMAT" },
    });
  });

  const recording = "../shared/data/bybit-ws-cryptofeed/BYBIT.jsonl.zst";
  describe.skipIf(!existsSync(recording))(`in ${recording} (skipped where it is absent)`, () => {
    it("reads all 800 linear and 557 spot instruments of the venue", () => {
      const counts: Record<string, number> = {};
      for (const line of zstdDecompressSync(readFileSync(recording)).toString().split("\n")) {
        if (!line.startsWith('{"t":"http"')) continue;
        const { url, data } = JSON.parse(line) as { url: string; data: string };
        const category = new URL(url).searchParams.get("category")!;
        const parsed = parseInstrumentsInfo(data, category);
        if (!parsed.ok) throw new Error(parsed.error.text);
        counts[category] = parsed.value.length;
      }
      expect(counts).toEqual({ linear: 800, spot: 557 });
    });
  });
});
