/** The world and the market around it: what is told moves the price of whoever it concerns. */
import { describe, expect, it } from "vitest";
import { type Micros, SECOND } from "../../core/domain/units.ts";
import { GENERATED_INSTRUMENT, GeneratedMarket } from "../generated/market.ts";
import type { ScriptedNews } from "./news.ts";
import type { WorldConfig } from "./world-config.ts";

/** Monday, 2 March 2026, 00:00 UTC. */
const START = 1_772_409_600_000_000 as Micros;
const SECONDS = 150;
const DAILY = 0.02;
const NEWS: ScriptedNews = {
  atSeconds: 30,
  symbols: ["*"],
  kind: "regulation",
  direction: 1,
  magnitude: 0.3,
  delaySeconds: 20,
};

/** The mid's log return after each second, and what was told. */
function live(symbol: string, script: readonly ScriptedNews[], world: Partial<WorldConfig> = {}) {
  const market = new GeneratedMarket({
    seed: 5,
    startAt: START,
    duration: (SECONDS * SECOND) as Micros,
    instrument: { ...GENERATED_INSTRUMENT, symbol },
    world: {
      dailyVolatility: DAILY,
      news: { ownPerDay: 0, marketPerDay: 0, script },
      leverage: false,
      ...world,
    },
  });
  const mid = (): number => (market.matching.bestBid + market.matching.bestAsk) / 2;
  const first = mid();
  const path: number[] = [];
  while (market.nextAt < Number.POSITIVE_INFINITY) {
    market.step();
    if (market.now >= path.length * 1e9) path.push(Math.log(mid() / first));
    if (market.rows > 50_000) market.takeRows();
  }
  return { path, last: path.at(-1)!, market };
}

describe("several generated markets of a seed", () => {
  it("move together as their factors say, and apart without any", () => {
    const changes = (symbol: string, factors: WorldConfig["factors"] & object): number[] => {
      const { path } = live(symbol, [], { factors, dailyVolatility: 0.05 });
      return path.flatMap((at, s) => (s > 0 && s % 3 === 0 ? [at - path[s - 3]!] : []));
    };
    const correlation = (factors: WorldConfig["factors"] & object): number => {
      const a = changes("BTCUSDT", factors);
      const b = changes("ETHUSDT", factors);
      const sum = (x: number[], y: number[]): number => x.reduce((t, v, i) => t + v * y[i]!, 0);
      return sum(a, b) / Math.sqrt(sum(a, a) * sum(b, b));
    };
    // 49 changes of three seconds: the standard error of a correlation of 0 is 0.14.
    expect(correlation([{ name: "market", loading: 0.95 }])).toBeGreaterThan(0.5);
    expect(Math.abs(correlation([]))).toBeLessThan(0.42);
  });
});

describe("news in a generated market", () => {
  it.each(["BTCUSDT", "ETHUSDT"])("moves %s as its direction says, by about its size", (symbol) => {
    const quiet = live(symbol, []);
    for (const direction of [1, -1] as const) {
      const told = live(symbol, [{ ...NEWS, direction }]);
      // Common random numbers: nothing differs before the news.
      expect(told.path.slice(0, 29)).toEqual(quiet.path.slice(0, 29));
      const moved = direction * (told.last - quiet.last);
      expect(moved / (NEWS.magnitude * DAILY)).toBeGreaterThan(0.5);
      expect(moved / (NEWS.magnitude * DAILY)).toBeLessThan(1.7);
      expect(told.market.news.map((item) => item.direction)).toEqual([direction]);
    }
  });

  it("moves nothing at all when it is chatter, or about another symbol", () => {
    const quiet = live("BTCUSDT", []);
    const chatter = live("BTCUSDT", [{ ...NEWS, direction: 0, magnitude: 0 }]);
    const other = live("BTCUSDT", [{ ...NEWS, symbols: ["ETHUSDT"] }]);
    expect(chatter.path).toEqual(quiet.path);
    expect(other.path).toEqual(quiet.path);
    expect(chatter.market.news).toHaveLength(1);
    expect(other.market.news).toHaveLength(0);
  });

  it("sets off liquidations of those who stood in its way, and of them only", () => {
    const leverage = { mix: [[50, 1]] as const };
    const down = live("BTCUSDT", [{ ...NEWS, direction: -1, magnitude: 1.2 }], { leverage });
    const { liquidations } = down.market;
    expect(liquidations.length).toBeGreaterThan(3);
    expect(liquidations.filter(({ at }) => at > 50e9).every(({ buys }) => !buys)).toBe(true);
    expect(new Set(liquidations.map(({ id }) => id)).size).toBe(liquidations.length);
    const alone = live("BTCUSDT", [{ ...NEWS, direction: -1, magnitude: 1.2 }]);
    // Forced selling carries the price further than the news alone.
    expect(down.last).toBeLessThan(alone.last);
  });
});
