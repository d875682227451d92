/**
 * Binance instruments: the venue's list as instruments, or a refusal that names what is wrong.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { formatDecimal } from "../core/domain/decimal.ts";
import { parseExchangeInfo } from "./binance-instruments.ts";

const entry = (filters: readonly object[], more: object = {}): unknown => ({
  symbols: [{ symbol: "BTCUSDT", baseAsset: "BTC", quoteAsset: "USDT", filters, ...more }],
});
const PRICE = { filterType: "PRICE_FILTER", tickSize: "0.10" };
const LOT = { filterType: "LOT_SIZE", stepSize: "0.001", minQty: "0.001", maxQty: "1000" };

describe("exchangeInfo", () => {
  it("of spot: eight padded digits are cut down to what they say", () => {
    const spot = entry([
      { filterType: "PRICE_FILTER", tickSize: "0.01000000" },
      { filterType: "LOT_SIZE", stepSize: "0.00001000", minQty: "0.00001000", maxQty: "9000.0" },
      { filterType: "MARKET_LOT_SIZE", stepSize: "0.0", minQty: "0.0", maxQty: "119.9" },
      { filterType: "NOTIONAL", minNotional: "5.00000000" },
    ]);
    const parsed = parseExchangeInfo(spot, "spot", ["BTCUSDT"]);
    const instrument = parsed.ok ? parsed.value.instruments[0]! : undefined;
    expect(instrument).toMatchObject({
      venue: "binance",
      kind: "spot",
      minLots: 1,
      maxLimitLots: 900_000_000,
      maxMarketLots: 11_990_000,
    });
    expect(formatDecimal(instrument!.tickSize)).toBe("0.01");
    expect(formatDecimal(instrument!.minNotional)).toBe("5");
  });

  it("of futures: prices keep the digits of the tick, an inverse contract has its size", () => {
    const linear = parseExchangeInfo(entry([PRICE, LOT]), "linear", ["BTCUSDT"]);
    expect(linear.ok && formatDecimal(linear.value.instruments[0]!.tickSize)).toBe("0.10");
    const contract = entry([PRICE, { ...LOT, stepSize: "1", minQty: "1" }], { contractSize: 100 });
    const inverse = parseExchangeInfo(contract, "inverse", ["BTCUSDT"]);
    expect(inverse.ok && formatDecimal(inverse.value.instruments[0]!.contractSize)).toBe("100");
  });

  it.each([
    [entry([LOT]), "BTCUSDT: tick"],
    [entry([PRICE]), "BTCUSDT: lot"],
    [entry([{ ...PRICE, tickSize: "0" }, LOT]), "is zero"],
    [entry([{ ...PRICE, tickSize: "1e-2" }, LOT]), "is no plain decimal"],
    [entry([PRICE, LOT], { baseAsset: 5 }), "baseAsset"],
    [{ code: -1 }, "symbols"],
    [null, "exchangeInfo"],
  ])("%j is refused in words", (answer, text) => {
    const parsed = parseExchangeInfo(answer, "linear", ["BTCUSDT"]);
    expect(!parsed.ok && parsed.error.text).toContain(text);
  });

  it("an inverse contract without its size is refused", () => {
    const parsed = parseExchangeInfo(entry([PRICE, LOT]), "inverse", ["BTCUSDT"]);
    expect(!parsed.ok && parsed.error.text).toContain("contractSize");
  });

  it("symbols that were not asked for do not disturb, whatever they are", () => {
    const parsed = parseExchangeInfo({ symbols: [5, { symbol: "X" }] }, "linear", ["BTCUSDT"]);
    expect(parsed).toMatchObject({ ok: true, value: { instruments: [], weightLimit: 0 } });
  });
});

const CAPTURE = fileURLToPath(
  new URL("../../../shared/data/bybit-ws-cryptofeed/BINANCE_FUTURES.jsonl.zst", import.meta.url),
);

describe.runIf(existsSync(CAPTURE))("a true answer of 2021 (shared data)", () => {
  it("is read, with every symbol that trades in it", () => {
    const lines = zstdDecompressSync(readFileSync(CAPTURE)).toString("utf8").split("\n");
    const http = lines.find((line) => line.includes("exchangeInfo"))!;
    const answer = JSON.parse((JSON.parse(http) as { data: string }).data) as {
      symbols: { symbol: string; status: string }[];
    };
    const wanted = answer.symbols
      .filter(({ status }) => status === "TRADING")
      .map(({ symbol }) => symbol);
    const parsed = parseExchangeInfo(answer, "linear", wanted);
    expect(wanted.length).toBeGreaterThan(90);
    expect(parsed.ok && parsed.value.instruments.length).toBe(wanted.length);
    expect(parsed.ok && parsed.value.weightLimit).toBe(2400);
  });
});
