/**
 * Worked examples: figures from textbooks and papers, worked end to end by the engine at the
 * simulated venue, orders really sent and filled.
 *
 * Where they come from: slices of 1,250, the profile of 15, 8 and 7 hundredths, 10,000 × $1.25
 * against 10,000 × $0.15 and 64,312 against 64,250 are this project's requirements;
 * holdings of an Almgren–Chriss example, Table 1 of their 2001 paper; blocks of Obizhaeva–Wang,
 * the discussion of ρ = 2 in their 2013 paper (docs/concepts/literature.md). What is worked beside
 * the code already is not worked again here but listed at the end, and looked up there.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { BacktestResult } from "../../src/runtime/backtest.ts";
import { decayOf } from "../../src/impact/almgren-chriss.ts";
import {
  BITCOIN,
  type Level,
  type Order,
  type Quotes,
  SHARES,
  worked,
} from "./refilling-market.ts";

const UNIT = 1_250;

/**
 * Mid $100. The first 1,250 shares stand 15 cents over it; the seven times 1,250 behind them 9.85
 * dollars in all, so that the ten thousand cost 1,250 × $10.00.
 */
const CONVEX: Quotes = {
  bids: [[9_985, 10_000]],
  asks: [15, 50, 80, 110, 140, 170, 200, 235].map((cents): Level => [10_000 + cents, UNIT]),
};

/** More than any order here at the touch. */
const DEEP: Quotes = { bids: [[9_999, 2_000_000]], asks: [[10_001, 2_000_000]] };

const TEN_THOUSAND: Order = {
  instrument: SHARES,
  quotes: CONVEX,
  quantity: "10000",
  seconds: 80,
  strategy: "twap",
  parameters: { slices: 8 },
};

function reportOf(result: BacktestResult) {
  expect(result.phase).toBe("complete");
  expect(result.refusals).toEqual([]);
  if (result.report === null) throw new Error("nothing was executed");
  return result.report;
}

/** What was sent, child by child: second since the start and shares, each filled in full. */
function sent(order: Order): (readonly [second: number, quantity: number])[] {
  const { children, startMicros } = reportOf(worked(order));
  for (const child of children) expect(child.filled).toBe(child.quantity);
  return children.map(({ timeMicros, quantity }) => [
    Math.round((timeMicros - startMicros) / 1e6),
    Number(quantity),
  ]);
}

describe("worked examples, end to end", () => {
  it("10,000 shares in 8 slices are eight child orders of 1,250", () => {
    expect(sent(TEN_THOUSAND)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((k) => [10 * k, UNIT]));
  });

  it("a VWAP of 10,000 by a profile of 15, 8, 7 … hundredths sends 1,500, 800, 700 …", () => {
    const profile = [15, 8, 7, 6, 6, 5, 5, 5, 6, 7, 8, 9, 13];
    const parameters = { curve: { over: "plan", weights: profile }, slices: 13 };
    const order = { ...TEN_THOUSAND, quotes: DEEP, seconds: 130, strategy: "vwap", parameters };
    expect(sent(order)).toEqual(profile.map((weight, k) => [10 * k, weight * 100]));
  });

  it("10,000 at once cost $1.25 a share, $12,500; in 8 slices $0.15 a share, $1,500", () => {
    const swept = reportOf(worked({ ...TEN_THOUSAND, parameters: { slices: 1 } }));
    expect(swept.children.map(({ quantity }) => quantity)).toEqual(["10000"]);
    expect(swept.prices).toMatchObject({ arrival: "100.00", vwap: "101.25" });
    expect(swept.shortfall.beforeFees).toEqual({ cash: "12500", bps: 125 });
    const sliced = reportOf(worked(TEN_THOUSAND));
    expect(sliced.prices).toMatchObject({ arrival: "100.00", vwap: "100.15" });
    expect(sliced.shortfall.beforeFees).toEqual({ cash: "1500", bps: 15 });
    // The mid never moved: all of it is what was paid over the mid.
    for (const { shortfall } of [swept, sliced]) {
      expect(shortfall.parts.spread).toEqual(shortfall.beforeFees);
      expect(shortfall.parts.fees.bps).toBeGreaterThan(0);
    }
  });

  it("25 BTC bought at 64,312 where 64,250 was the mid cost +9.65 bps", () => {
    const quotes: Quotes = { bids: [[64_188, 50_000]], asks: [[64_312, 50_000]] };
    const { prices, metrics, shortfall } = reportOf(
      worked({ ...TEN_THOUSAND, instrument: BITCOIN, quotes, quantity: "25" }),
    );
    expect(prices).toMatchObject({ decision: "64250", arrival: "64250", vwap: "64312" });
    expect(metrics.arrivalSlippageBps).toBeCloseTo(9.6498, 4);
    // The requirement's 9.7 is this rounded twice: 9.6498 is 9.65 to two digits, 9.6 to one.
    expect(metrics.arrivalSlippageBps!.toFixed(2)).toBe("9.65");
    expect(shortfall.beforeFees.cash).toBe("1550");
  });

  it("Almgren and Chriss's example: a million in five, held as in their Table 1", () => {
    const table1 = {
      quantity: 1e6,
      horizon: 5,
      steps: 5,
      volatility: (50 * 0.3) / Math.sqrt(250),
      fixedCost: 0.0625,
      permanentImpact: 2.5e-7,
      temporaryImpact: 2.5e-6,
      drift: 0,
    };
    const kappaT = decayOf(table1, 1e-6).kappa * table1.horizon;
    let held = 1_000_000;
    const holdings = sent({
      ...TEN_THOUSAND,
      quotes: DEEP,
      quantity: String(held),
      seconds: 50,
      strategy: "is",
      parameters: { slices: 5, kappaT },
    }).map(([, quantity]) => (held -= quantity));
    const printed = [542_380.7, 290_295.1, 148_216.1, 62_303.2, 0];
    // Whole shares: what is due is rounded down, so that under one more share is held.
    holdings.forEach((figure, k) => expect(figure).toBe(Math.ceil(printed[k]!)));
  });

  it("Obizhaeva and Wang's example: of 100,000, a quarter at once, half evenly, a quarter last", () => {
    const seconds = 80;
    // ρT = 2.
    const resilienceHalfLifeSeconds = (Math.LN2 * seconds) / 2;
    const sizes = sent({
      ...TEN_THOUSAND,
      quotes: DEEP,
      quantity: "100000",
      seconds,
      strategy: "ow",
      parameters: { slices: 8, resilienceHalfLifeSeconds },
    }).map(([, quantity]) => quantity);
    const even = 50_000 / 8;
    expect(sizes).toEqual([25_000 + even, ...Array<number>(6).fill(even), 25_000 + even]);
  });
});

/** Worked beside the code: what, and the words that its test has for it. */
const BESIDE: readonly (readonly [file: string, words: string])[] = [
  ["src/strategies/twap.test.ts", "1_250"],
  ["src/strategies/vwap.test.ts", "10,000 by a profile of 15, 8, 7"],
  ["src/strategies/is.test.ts", "what Almgren and Chriss hold in their example"],
  ["src/strategies/ow.test.ts", "100,000 at ρT = 2 in 8 slices"],
  ["src/core/tca/report.test.ts", "64,312 against 64,250"],
  ["src/impact/almgren-chriss.test.ts", "Table 1"],
  ["src/impact/almgren-2005.test.ts", "IBM"],
  ["src/impact/obizhaeva-wang.test.ts", "25_000"],
  ["test/ground-truth.test.ts", "efficientFrontier"],
];

describe("worked examples beside the code", () => {
  it.each(BESIDE)("%s: %s", (file, words) => {
    const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
    expect(readFileSync(path, "utf8").includes(words)).toBe(true);
  });
});
