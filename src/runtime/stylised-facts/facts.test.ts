/**
 * The whole of it on true recordings: what opens can be measured, and what is too short says so.
 */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openMarket } from "../market-source.ts";
import { factsOf, type MarketFactSheet, surveyMarket } from "./facts.ts";
import { FACTS } from "./literature.ts";

const DATA = "../shared/data";
const BTC = `${DATA}/binance-hftbacktest/usdm_btcusdt_20240808.gz`;
const AMZN = `${DATA}/lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip`;
const XRP = `${DATA}/bybit-ws-cryptofeed/nautilus_2024-12-01_XRPUSDT_ob500.data.zip`;

function drained<Value>(steps: Generator<number, Value>): Value {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

async function sheetOf(path: string): Promise<MarketFactSheet> {
  const market = await openMarket({ kind: "files", paths: [path] });
  if (!market.ok) throw new Error(market.error.text);
  return drained(factsOf([drained(surveyMarket(market.value))], 1));
}

const holds = ({ findings }: MarketFactSheet) =>
  Object.fromEntries(findings.map((finding) => [finding.fact, finding.holds]));
const value = ({ findings }: MarketFactSheet, name: string): number | undefined =>
  findings.flatMap(({ measures }) => measures).find((each) => each.name === name)?.estimate?.value;

describe("recordings", () => {
  it.skipIf(!existsSync(BTC))("of six minutes tell nothing for sure", async () => {
    const sheet = await sheetOf(BTC);
    expect(new Set(Object.values(holds(sheet)))).toEqual(new Set(["cannot be told"]));
    expect(Object.keys(holds(sheet))).toEqual(Object.keys(FACTS));
    expect(value(sheet, "time at one tick")).toBeGreaterThan(0.98);
    expect(sheet.quotedSeconds / sheet.seconds).toBeGreaterThan(0.99);
    expect(sheet.findings.every(({ effective }) => effective < 20)).toBe(true);
  });

  it.skipIf(!existsSync(AMZN))("of a day of AMZN have what is known of shares", async () => {
    const sheet = await sheetOf(AMZN);
    expect(holds(sheet)).toMatchObject({
      "fat-tails": "yes",
      "aggregational-gaussianity": "yes",
      "volatility-clustering": "yes",
      spread: "yes",
      // One level a side was recorded.
      depth: "cannot be told",
      "volume-volatility": "yes",
      "order-sizes": "yes",
      bursts: "yes",
      response: "yes",
      "order-impact": "yes",
      "square-root": "cannot be told",
    });
    expect(sheet.seconds).toBeGreaterThan(23_390);
    const proxies = sheet.findings.filter(({ proxy }) => proxy !== undefined);
    expect(proxies.map(({ fact }) => fact)).toEqual(["square-root", "impact-path", "impact-decay"]);
  });

  it.skipIf(!existsSync(XRP))("of five seconds without a trade are no fault", async () => {
    const sheet = await sheetOf(XRP);
    expect(new Set(Object.values(holds(sheet)))).toEqual(new Set(["cannot be told"]));
    expect(sheet.orders).toBe(0);
    expect(JSON.stringify(sheet.findings)).not.toContain("undefined");
  });
});

describe("a generated market", () => {
  const generated = (seed: number) =>
    openMarket({
      kind: "generated",
      seed,
      startAt: (Date.UTC(2026, 0, 5, 14) * 1_000) as never,
      duration: 120_000_000 as never,
    });

  it("gives the same figures for the same seed, and knows its metaorders", async () => {
    const sheets = [];
    for (const seed of [1, 1, 2]) {
      const market = await generated(seed);
      if (!market.ok) throw new Error(market.error.text);
      const surveyed = drained(surveyMarket(market.value, market.value.metaorders));
      expect(surveyed.metaorders!.length).toBeGreaterThan(0);
      sheets.push(drained(factsOf([surveyed], 1)));
    }
    expect(sheets[0]!.findings).toEqual(sheets[1]!.findings);
    expect(sheets[0]!.findings).not.toEqual(sheets[2]!.findings);
    expect(sheets[0]!.findings.every(({ proxy }) => proxy === undefined)).toBe(true);
  });
});
