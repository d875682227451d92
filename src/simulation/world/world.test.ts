import { describe, expect, it } from "vitest";
import type { Micros } from "../../core/domain/units.ts";
import { headlineOf } from "./headlines.ts";
import type { NewsItem } from "./news.ts";
import type { Scenario } from "./scenario.ts";
import { DEFAULT_REGIMES } from "./regimes.ts";
import { World } from "./world.ts";
import { resolveWorldConfig, type WorldConfig } from "./world-config.ts";

/** Monday, 2 March 2026, 00:00 UTC. */
const MONDAY = 1_772_409_600_000_000 as Micros;
const NANOS = 1e9;
const HOUR = 3_600;
const DAY = 24 * HOUR;

const BASE: WorldConfig = { seed: 1, symbol: "BTCUSDT", startAt: MONDAY };
/** Chance only in the value: no news, nobody else. */
const BARE: WorldConfig = { ...BASE, news: false, leverage: false, funding: false };

function liveTo(world: World, seconds: number, each?: (second: number) => void): World {
  for (let s = 0; s <= seconds; s++) {
    world.advance(s * NANOS);
    each?.(s);
  }
  return world;
}

/** No random news. */
const QUIET = { ownPerDay: 0, marketPerDay: 0 };
/** Spells of minutes, so that a day holds many. */
const QUICK = {
  regimes: DEFAULT_REGIMES.map((regime) => ({ ...regime, meanHours: regime.meanHours / 60 })),
  activityMemorySeconds: 60,
};

const show = (world: World): readonly unknown[] => [
  world.activity,
  world.volatility,
  world.value,
  world.pressure,
  world.regime,
  world.funding,
  world.openInterest,
  world.longShare,
  world.nextLiquidation,
  world.liquidationLevels(),
];

describe("World: chance", () => {
  it("is one world for one configuration, however often it is advanced", () => {
    const fine = new World(BASE);
    for (let at = 0; at <= 2 * HOUR * NANOS; at += 0.37 * NANOS) fine.advance(at);
    fine.advance(2 * HOUR * NANOS);
    const coarse = new World(BASE);
    coarse.advance(2 * HOUR * NANOS);
    expect(show(fine)).toEqual(show(coarse));
    expect(fine.drainNews()).toEqual(coarse.drainNews());
    expect(show(new World({ ...BASE, seed: 2 }))).not.toEqual(show(new World(BASE)));
  });

  it("does nothing within a second", () => {
    const world = new World(BASE);
    world.advance(100 * NANOS);
    const before = show(world);
    world.advance(101 * NANOS - 1);
    expect(show(world)).toEqual(before);
    world.advance(101 * NANOS);
    expect(world.value).not.toBe(before[2]);
  });

  it("begins at a value of 0 in the middle of a second, too", () => {
    const world = new World({ ...BASE, startAt: (MONDAY + 700_000) as Micros });
    world.advance(0.7 * NANOS);
    expect(world.value).toBe(0);
  });

  it("has a path for each symbol that depends on no other symbol", () => {
    const alone = liveTo(new World(BASE), HOUR);
    const other = new World({ ...BASE, symbol: "ETHUSDT" });
    const together = new World(BASE);
    for (let s = 0; s <= HOUR; s++) {
      other.advance(s * NANOS);
      together.advance(s * NANOS);
    }
    expect(show(together)).toEqual(show(alone));
    expect(other.value).not.toBe(alone.value);
  });

  it("moves the value by the configured volatility", () => {
    let squares = 0;
    for (let seed = 0; seed < 4; seed++) {
      const world = new World({ ...BARE, ...QUICK, seed, dailyVolatility: 0.03 });
      let last = 0;
      for (let s = 0; s <= DAY; s += 60) {
        world.advance(s * NANOS);
        squares += (world.value - last) ** 2;
        last = world.value;
      }
    }
    const realised = Math.sqrt(squares / 4) / 0.03;
    expect(Math.abs(realised - 1)).toBeLessThan(0.06);
  });

  it("moves the value by exactly that where nothing else varies", () => {
    const regimes = [{ name: "only", volatility: 1, activity: 1, meanHours: 1, next: {} }];
    const still = { regimes, activitySpread: 0, session: { shape: "flat" } } as const;
    const world = new World({ ...BARE, ...still, dailyVolatility: 0.03 });
    let [squares, last, other] = [0, 0, 0];
    liveTo(world, DAY, () => {
      if (world.activity !== 1 || world.volatility !== 1) other += 1;
      squares += (world.value - last) ** 2;
      last = world.value;
    });
    expect(other).toBe(0);
    // The standard error of a standard deviation over 86,400 steps is 0.24 hundredths.
    expect(Math.abs(Math.sqrt(squares) / 0.03 - 1)).toBeLessThan(0.01);
  });

  it("is as busy and as volatile as the average, over many days", () => {
    let [activity, variance, seconds] = [0, 0, 0];
    for (let seed = 10; seed < 14; seed++) {
      const world = new World({ ...BARE, ...QUICK, seed });
      for (let s = 0; s < DAY; s += 30) {
        world.advance(s * NANOS);
        activity += world.activity;
        variance += world.volatility ** 2;
        seconds += 1;
      }
    }
    expect(Math.abs(activity / seconds - 1)).toBeLessThan(0.08);
    expect(Math.abs(variance / seconds - 1)).toBeLessThan(0.12);
  });

  it("correlates two symbols as configured, but for what their own bustle takes away", () => {
    const moves = (symbol: string, extra: Partial<WorldConfig>): number[] => {
      const found: number[] = [];
      for (let seed = 0; seed < 2; seed++) {
        const world = new World({ ...BARE, regime: "normal", ...extra, seed, symbol });
        let last = 0;
        liveTo(world, 8 * HOUR, (s) => {
          if (s % 10 !== 0) return;
          found.push(world.value - last);
          last = world.value;
        });
      }
      return found;
    };
    const correlation = (extra: Partial<WorldConfig>): number => {
      const a = moves("BTCUSDT", extra);
      const b = moves("ETHUSDT", extra);
      const sum = (x: number[], y: number[]): number => x.reduce((s, v, i) => s + v * y[i]!, 0);
      return sum(a, b) / Math.sqrt(sum(a, a) * sum(b, b));
    };
    // 5,760 changes: the standard error of a correlation of 0 is 0.013.
    expect(Math.abs(correlation({ activitySpread: 0 }) - 0.7)).toBeLessThan(0.03);
    // Log-normal activities of spread s, correlated by ρ: a factor of exp(−s² (1 − ρ) / 4).
    const bursts = [{ spread: 0.8, memorySeconds: 60 }];
    const lessened = 0.7 * Math.exp((-(0.8 ** 2) * 0.3) / 4);
    expect(Math.abs(correlation({ activitySpread: 0, bursts }) - lessened)).toBeLessThan(0.03);
    expect(Math.abs(correlation({ factors: [], activitySpread: 0 }))).toBeLessThan(0.04);
  });

  it("leans both ways by itself, and by the user's knob on average", () => {
    const mean = (pressure: number): number => {
      let sum = 0;
      const world = new World({ ...BARE, pressure });
      let most = 0;
      liveTo(world, 6 * HOUR, () => {
        most = Math.max(most, Math.abs(world.pressure));
        sum += world.pressure;
      });
      expect(most).toBeLessThanOrEqual(1);
      return sum / (6 * HOUR);
    };
    expect(Math.abs(mean(0))).toBeLessThan(0.1);
    expect(Math.abs(mean(0.4) - 0.4)).toBeLessThan(0.1);
  });

  it("stays in a regime when told to", () => {
    const wild = new World({ ...BARE, regime: "wild" });
    const calm = new World({ ...BARE, regime: "calm" });
    const seen = new Set<string>();
    liveTo(wild, HOUR, () => seen.add(wild.regime));
    expect([...seen]).toEqual(["wild"]);
    calm.advance(HOUR * NANOS);
    expect(wild.volatility / calm.volatility).toBeCloseTo(4, 9);
  });

  it("takes an equity: a session of its own, no funding, no liquidations, earnings", () => {
    const config = { ...BASE, symbol: "AMZN", market: "equity" } as const;
    const world = new World({ ...config, news: { ownPerDay: 60 } });
    const kinds = new Set<string>();
    liveTo(world, DAY, () => {
      for (const item of world.drainNews()) kinds.add(item.kind);
    });
    expect(kinds).toContain("earnings");
    expect(kinds).not.toContain("whale-transfer");
    expect(world.funding).toBeUndefined();
    expect(world.due(-0.5)).toEqual([]);
    expect(world.nextLiquidation).toEqual({ below: -Infinity, above: Infinity });
    expect(world.openInterest).toBe(0);
  });

  it("refuses what makes no sense, with all the paths", () => {
    const wrong = { ...BASE, seed: 0.5, regime: "mad", news: { noiseShare: 2 }, pressure: 3 };
    expect(() => new World(wrong)).toThrow(/seed .*pressure .*regime .*news\.noiseShare/);
  });
});

describe("World: news", () => {
  const script = (symbol: string, direction: 1 | -1): WorldConfig => ({
    ...BARE,
    symbol,
    dailyVolatility: 0.03,
    news: {
      ownPerDay: 0,
      marketPerDay: 0,
      script: [
        { atSeconds: 600, symbols: ["*"], kind: "regulation", direction, magnitude: 0.8 },
        { atSeconds: 700, symbols: ["*"], direction: 0, magnitude: 0, text: "Nothing to see" },
      ],
    },
  });

  it.each([1, -1] as const)("moves every symbol's value as its direction says (%d)", (way) => {
    for (const symbol of ["BTCUSDT", "ETHUSDT", "SOLUSDT"]) {
      const told = liveTo(new World(script(symbol, way)), 659);
      const quiet = liveTo(new World({ ...script(symbol, way), news: false }), 659);
      expect(way * (told.value - quiet.value)).toBeGreaterThan(0);
      told.advance(700 * NANOS);
      expect(told.drainNews().map(({ direction }) => direction)).toEqual([way, 0]);
    }
  });

  it("adds to the value what it says, and is a jump on top of the same diffusion", () => {
    const still = { activitySpread: 0, session: { shape: "flat" }, regime: "calm" } as const;
    const world = new World({ ...script("BTCUSDT", -1), ...still });
    const quiet = new World({ ...script("BTCUSDT", -1), ...still, news: false });
    liveTo(world, 660);
    liveTo(quiet, 660);
    // 60 s of bustle make the same noise larger; that is small against 0.8 of a day.
    expect(Math.abs(world.value - quiet.value + 0.8 * 0.03)).toBeLessThan(0.002);
    expect(world.activity).toBeGreaterThan(1.5 * quiet.activity);
  });

  it("leans the market its way until it is priced in", () => {
    const world = new World({ ...script("BTCUSDT", 1), pressureSpread: 0 });
    liveTo(world, 599, () => expect(world.pressure).toBe(0));
    world.advance(601 * NANOS);
    expect(world.pressure).toBeGreaterThan(0.4);
    world.advance(661 * NANOS);
    expect(world.pressure).toBe(0);
  });

  it("tells all symbols the same market-wide item in the same words, at the same time", () => {
    const items = (symbol: string): NewsItem[] => {
      const world = new World({ ...BASE, symbol, news: { marketPerDay: 60 } });
      world.advance(DAY * NANOS);
      return world.drainNews().filter(({ symbols }) => symbols[0] === "*");
    };
    expect(items("BTCUSDT").length).toBeGreaterThan(30);
    expect(items("ETHUSDT")).toEqual(items("BTCUSDT"));
  });

  it("tells several symbols the same scripted item in the same words, and others nothing", () => {
    const item = { atSeconds: 5, direction: -1, magnitude: 0.2, kind: "rumour" } as const;
    const items = (symbol: string): readonly NewsItem[] => {
      const scripted = [
        { ...item, symbols: ["BTCUSDT", "ETHUSDT"] },
        { ...item, symbols: ["*"] },
        item,
      ];
      const world = new World({ ...script(symbol, 1), news: { ...QUIET, script: scripted } });
      world.advance(6 * NANOS);
      return world.drainNews();
    };
    const [bitcoin, ether, solana] = [items("BTCUSDT"), items("ETHUSDT"), items("SOLUSDT")];
    const byId = (from: readonly NewsItem[]): Map<string, NewsItem> =>
      new Map(from.map((one) => [one.id, one]));
    expect(bitcoin).toHaveLength(3);
    expect(solana).toHaveLength(2);
    const known = byId(bitcoin);
    const shared = [...ether, ...solana].filter(({ id }) => known.has(id));
    expect(shared).toHaveLength(3);
    for (const one of shared) expect(one).toEqual(known.get(one.id));
  });

  it("flags noise and hostile texts, and words all of them from the configured split", () => {
    const world = new World({
      ...BASE,
      news: { ownPerDay: 200, hostileShare: 0.3, split: "test" },
    });
    world.advance(2 * DAY * NANOS);
    const items = world.drainNews();
    expect(world.drainNews()).toEqual([]);
    const hostile = items.filter(({ isHostile }) => isHostile);
    expect(hostile.length).toBeGreaterThan(10);
    expect(hostile.every(({ kind, isNoise }) => kind === "hostile" && isNoise)).toBe(true);
    expect(items.every((item) => item.isNoise === (item.magnitude === 0))).toBe(true);
    expect(items.every(({ family }) => /\/(?:column|banner)$/.test(family))).toBe(true);
    expect(items.map(({ at }) => at)).toEqual(items.map(({ at }) => at).toSorted((a, b) => a - b));
  });

  it("keeps no more than a bounded number for whoever never drains", () => {
    const many = { ownPerDay: 240, marketPerDay: 240, noiseShare: 0, followUps: 5 };
    const world = new World({ ...BASE, news: many });
    world.advance(4 * DAY * NANOS);
    const items = world.drainNews();
    expect(items.length).toBe(4_096);
    expect(items.at(-1)!.at).toBeGreaterThan(3.9 * DAY * NANOS);
  });

  it("takes a text from the phrasings, or from the script where that has one", () => {
    const world = new World(script("BTCUSDT", 1));
    world.advance(700 * NANOS);
    const [item, noise] = world.drainNews();
    const { asset } = resolveWorldConfig(script("BTCUSDT", 1));
    const story = { id: item!.id, kind: "regulation", story: 1, magnitude: 0.8 } as const;
    expect(item!.text).toBe(headlineOf(1, "training", story, asset).text);
    expect([noise!.text, noise!.family, noise!.isNoise]).toEqual([
      "Nothing to see",
      "script",
      true,
    ]);
  });
});

describe("World: funding and leverage", () => {
  it("settles every eight hours, by the mid against the value", () => {
    const world = new World({ ...BASE, funding: { appetiteSpread: 0 }, news: false });
    liveTo(world, DAY, (s) => world.observe(s * NANOS, world.value + 0.02));
    const settled = world.drainFundings();
    expect(settled.map(({ at }) => at / NANOS / HOUR)).toEqual([8, 16, 24]);
    for (const { rate } of settled) expect(rate).toBeCloseTo(Math.expm1(0.002) - 0.0005, 4);
    expect(world.funding!.nextAt).toBe(32 * HOUR * NANOS);
    expect(world.drainFundings()).toEqual([]);
    // A rate that high is reported.
    const report = world.drainNews().find(({ kind }) => kind === "funding");
    expect(report!.figures["rate"]).toBeCloseTo(settled[0]!.rate, 12);
  });

  it("closes positions as the mid crosses their prices, once, and reports the wave", () => {
    const world = new World({ ...BASE, news: { ownPerDay: 0, marketPerDay: 0 } });
    world.advance(60 * NANOS);
    const { below } = world.nextLiquidation;
    expect(below).toBeLessThan(0);
    expect(world.due(below + 1e-9)).toEqual([]);
    const first = world.due(below);
    expect(first.map(({ buys }) => buys)).toEqual([false]);
    const wave = world.due(below - 0.1);
    expect(wave.length).toBeGreaterThan(20);
    expect(world.due(below - 0.1)).toEqual([]);
    const ids = [...first, ...wave].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(world.drainLiquidations().map(({ id }) => id)).toEqual(ids);
    expect(world.openInterest).toBeLessThan(1);
    world.advance(200 * NANOS);
    const [report] = world.drainNews();
    expect(report!.kind).toBe("liquidations");
    expect(report!.isNoise).toBe(true);
    const size = [...first, ...wave].reduce((sum, { shareOfDay }) => sum + shareOfDay, 0);
    expect(report!.figures["amountUsd"]! / (size * 8e9)).toBeGreaterThan(0.85);
    expect(report!.figures["amountUsd"]! / (size * 8e9)).toBeLessThan(1.05);
  });
});

describe("World: scenario", () => {
  const scenario: Scenario = {
    events: [
      { kind: "regime", atSeconds: 0, regime: "calm" },
      { kind: "trend", atSeconds: 100, forSeconds: 100, direction: "down", magnitude: 0.5 },
      { kind: "shock", atSeconds: 300, direction: "up", magnitude: 2, delaySeconds: 0 },
      { kind: "regime", atSeconds: 400, forSeconds: 50, regime: "wild" },
      { kind: "activity", atSeconds: 500, forSeconds: 50, multiple: 5 },
      { kind: "pressure", atSeconds: 600, forSeconds: 50, lean: -0.6 },
    ],
  };

  it("plays the story to the second", () => {
    const still = { activitySpread: 0, pressureSpread: 0, session: { shape: "flat" } } as const;
    const world = new World({ ...BARE, ...still, dailyVolatility: 0.04, scenario });
    const values: number[] = [];
    const seen: Record<number, [string, number, number]> = {};
    liveTo(world, 700, (s) => {
      values.push(world.value);
      seen[s] = [world.regime, world.activity, world.pressure];
    });
    const noise = 0.04 * Math.sqrt(100 / DAY);
    expect(Math.abs(values[200]! - values[100]! + 0.02)).toBeLessThan(5 * noise);
    expect(Math.abs(values[300]! - values[299]! - 0.08)).toBeLessThan(noise);
    expect([seen[399]![0], seen[400]![0], seen[450]![0]]).toEqual(["calm", "wild", "calm"]);
    expect(seen[500]![1] / seen[560]![1]).toBeGreaterThan(4.5);
    expect([seen[599]![2], seen[600]![2], seen[650]![2]]).toEqual([0, -0.6, 0]);
  });

  it("makes the crowd pay a premium", () => {
    const premium: Scenario = {
      events: [{ kind: "premium", atSeconds: 0, forSeconds: 9 * HOUR, premium: 0.002 }],
    };
    const world = new World({ ...BASE, funding: { appetiteSpread: 0 }, scenario: premium });
    world.advance(8 * HOUR * NANOS);
    expect(world.drainFundings()[0]!.rate).toBeCloseTo(Math.expm1(0.002) - 0.0005, 9);
  });

  it("is refused where it makes no sense", () => {
    const wrong = { events: [{ kind: "regime", atSeconds: 0, regime: "mad" }] } as Scenario;
    expect(() => new World({ ...BASE, scenario: wrong })).toThrow("scenario.events.0.regime");
  });
});
