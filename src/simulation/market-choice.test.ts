/** Symbols, flows and stories of a generated market, as a user names them. */
import { describe, expect, it } from "vitest";
import { formatPrice } from "../core/domain/instrument.ts";
import { type Micros, ticks } from "../core/domain/units.ts";
import { GeneratedMarket, type GeneratedMarketConfig } from "./generated/market.ts";
import { chosenMarket, FLOW_KINDS, instrumentOf, type MarketChoice } from "./market-choice.ts";
import type { Scenario } from "./world/scenario.ts";

const configOf = (seconds: number, seed = 1): GeneratedMarketConfig => ({
  seed,
  startAt: 1_764_000_000_000_000 as Micros,
  duration: (seconds * 1e6) as Micros,
  eventsPerSecond: 100,
});

/** Log of the mid after each so many seconds, and the market as it was in the end. */
function lived(config: GeneratedMarketConfig, choice: MarketChoice, every = 1) {
  const market = new GeneratedMarket(chosenMarket(config, choice));
  const mids: number[] = [];
  while (market.nextAt < Number.POSITIVE_INFINITY) {
    while (market.nextAt >= mids.length * every * 1e9) {
      mids.push(Math.log((market.matching.bestBid + market.matching.bestAsk) / 2));
    }
    market.step();
    if (market.rows > 20_000) market.lendRows();
  }
  return { market, mids };
}

const changes = (levels: readonly number[]): number[] =>
  levels.slice(1).map((level, k) => level - levels[k]!);

describe("a chosen market", () => {
  it("is the same where the choice is what it would be anyway", () => {
    const usual = lived(configOf(20), {});
    const named = { symbol: "BTCUSDT", flow: "hawkes", correlation: 0.7, scenario: { events: [] } };
    expect(lived(configOf(20), named as MarketChoice).mids).toEqual(usual.mids);
  });

  it("is another one with another symbol or flow, and never depends on who else is there", () => {
    const all = ["BTCUSDT", "ETHUSDT", "SOLUSDT"].map((symbol) => lived(configOf(20), { symbol }));
    const flows = FLOW_KINDS.map((flow) => lived(configOf(20), { flow }));
    const paths = [...all, ...flows].map(({ mids }) => mids.join(" "));
    // The default is there twice: as BTCUSDT, and as hawkes.
    expect(new Set(paths).size).toBe(paths.length - 1);
    expect(lived(configOf(20), { symbol: "ETHUSDT" }).mids).toEqual(all[1]!.mids);
  });

  it("has the grid of its coin, so that 642,500 ticks are about its price", () => {
    const shown = ["BTCUSDT", "ETHUSDC", "SOLUSDT", "XRPUSDT", "DOGEUSD", "ACME", "USDT"].map(
      (symbol) => {
        const instrument = instrumentOf(symbol);
        const { base, quote } = instrument;
        return `${base}/${quote} ${formatPrice(instrument, ticks(642_500))}`;
      },
    );
    expect(shown).toEqual([
      "BTC/USDT 64250.0",
      "ETH/USDC 3212.500",
      "SOL/USDT 128.5000",
      "XRP/USDT 3.212500",
      "DOGE/USD 0.3212500",
      "ACME/USDT 64250.0",
      "USDT/USDT 64250.0",
    ]);
  });

  it("tells a scenario's story, of its own symbol or of all", () => {
    const scenario: Scenario = {
      events: [
        { kind: "shock", atSeconds: 5, direction: "down", magnitude: 1, delaySeconds: 5 },
        { kind: "news", atSeconds: 8, text: "nothing", symbols: ["SOLUSDT"] },
      ],
    };
    const quiet = lived(configOf(40), { symbol: "ETHUSDT" });
    const told = lived(configOf(40), { symbol: "ETHUSDT", scenario });
    expect(told.mids.slice(0, 5)).toEqual(quiet.mids.slice(0, 5));
    expect(told.mids.at(-1)! - quiet.mids.at(-1)!).toBeLessThan(-0.005);
    const said = told.market.news.filter(({ family }) => family === "script");
    expect(said).toHaveLength(0);
    expect(told.market.news.length).toBe(quiet.market.news.length + 1);
    expect(told.market.news.find(({ id }) => id === "ETHUSDT-script-1")?.direction).toBe(-1);
  });
});

describe("two symbols of a seed", () => {
  /** Of 5-second returns of the mids, each market at a variance of 1. */
  const realised = (correlation: number): number => {
    let sum = 0;
    for (let seed = 1; seed <= 3; seed++) {
      const [a, b] = ["BTCUSDT", "ETHUSDT"].map((symbol) =>
        changes(lived(configOf(600, seed), { symbol, correlation }, 5).mids),
      ) as [number[], number[]];
      const dot = (x: number[], y: number[]): number => x.reduce((t, v, k) => t + v * y[k]!, 0);
      sum += dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) / 3;
    }
    return sum;
  };

  it("move together as much as they are told to, less what their own traders do", () => {
    // 357 returns each: the standard error of a correlation of 0 is 0.05, more in wild markets.
    const [none, half, most] = [realised(0), realised(0.5), realised(0.95)];
    expect(Math.abs(none)).toBeLessThan(0.2);
    expect(half).toBeGreaterThan(none + 0.1);
    expect(most).toBeGreaterThan(half + 0.1);
    expect(most).toBeGreaterThan(0.5);
    expect(most).toBeLessThan(0.95);
  });
});
