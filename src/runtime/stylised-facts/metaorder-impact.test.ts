import { describe, expect, it } from "vitest";
import { Luck, START_MID, tapeOf } from "../../../test/planted-market.ts";
import { clustersOf, impactDecay, impactPath, squareRoot } from "./metaorder-impact.ts";
import {
  AFTER_DURATIONS,
  knownMetaorders,
  type Metaorder,
  type MetaorderRecord,
  type MetaorderSample,
  PATH_SHARES,
} from "./metaorders.ts";

const DAILY_BPS = 200;
const Y = 0.8;

/** Metaorders over three decades of size whose impact has the power `delta`, in noise. */
function planted(delta: number, seed: number, noise = 1, count = 6_000): MetaorderSample {
  const luck = new Luck(seed, "metaorders");
  const orders = Array.from({ length: count }, (_, i): Metaorder => {
    const size = 10 ** (-5 + 3 * luck.uniform());
    const duration = 30 + 600 * luck.uniform();
    const wander = DAILY_BPS * Math.sqrt(duration / 86_400) * noise;
    const mean = Y * DAILY_BPS * size ** delta;
    const way = (share: number): number => mean * share + wander * luck.normal();
    return {
      tape: 0,
      startAt: i * 40,
      duration,
      size,
      peakBps: way(1),
      path: PATH_SHARES.map((share) => way(Math.sqrt(share))),
      after: AFTER_DURATIONS.map((durations) =>
        way(Math.sqrt(durations) - Math.sqrt(durations - 1)),
      ),
    };
  });
  return { kind: "metaorders", orders, dailyVolatilityBps: DAILY_BPS };
}

describe("the square root", () => {
  it("is recovered, by bins and one by one, with intervals that cover", () => {
    const found = squareRoot([planted(0.5, 31)], 1);
    for (const at of [0, 1]) {
      const { interval, clusters } = found.measures[at]!.estimate!;
      expect(interval!.low).toBeLessThan(0.5);
      expect(interval!.high).toBeGreaterThan(0.5);
      expect(clusters).toBeGreaterThanOrEqual(20);
    }
    const factor = found.measures[2]!.estimate!.interval!;
    expect(factor.low).toBeLessThan(Y);
    expect(factor.high).toBeGreaterThan(Y);
    expect(found.holds).toBe("yes");
    expect(found.why).toMatch(/decades of size, \d+ hours/);
  });

  it("covers in about 95 of 100 markets", () => {
    const covered = Array.from({ length: 30 }, (_, seed) => {
      const found = squareRoot([planted(0.5, 1_000 + seed, 1, 2_500)], 1);
      const { low, high } = found.measures[0]!.estimate!.interval!;
      return Number(low < 0.5 && high > 0.5);
    }).reduce((sum, one) => sum + one, 0);
    expect(covered).toBeGreaterThanOrEqual(26);
  });

  it("is told from a linear law", () => {
    const linear = planted(1, 32, 0.02);
    expect(squareRoot([linear], 1).holds).toBe("no");
  });

  it("cannot be told over one decade, nor from a handful", () => {
    const whole = planted(0.5, 33);
    const narrow = { ...whole, orders: whole.orders.filter(({ size }) => size > 1e-3) };
    expect(squareRoot([narrow], 1).holds).toBe("cannot be told");
    const few = { ...whole, orders: whole.orders.slice(0, 30) };
    const found = squareRoot([few], 1);
    expect(found.holds).toBe("cannot be told");
    expect(found.measures[0]!.estimate).toBeUndefined();
  });

  it("of runs needs every number of traders to agree, and says that they are runs", () => {
    const [root, linear] = [planted(0.5, 34), planted(1, 35, 0.02)];
    const runs = [
      { ...root, kind: "runs" as const, traders: 1 },
      { ...linear, kind: "runs" as const, traders: 4 },
    ] as const;
    const found = squareRoot(runs, 1);
    expect(found.holds).toBe("cannot be told");
    expect(found.proxy).toContain("not metaorders");
    expect(found.measures.map(({ name }) => name)).toContain("runs of 4: exponent, by bins");
  });
});

describe("path and decay", () => {
  it("are those that were put there", () => {
    const sample = planted(0.5, 36, 0.3);
    const path = impactPath([sample], 1);
    expect(path.holds).toBe("yes");
    expect(path.measures[1]!.estimate!.value).toBeCloseTo(Math.SQRT1_2, 1);
    const decay = impactDecay([sample], 1);
    expect(decay.holds).toBe("yes");
    expect(decay.measures[2]!.estimate!.value).toBeCloseTo(Math.SQRT2 - 1, 1);
  });
});

describe("clusters", () => {
  const order = (tape: number, startAt: number): Metaorder => ({
    tape,
    startAt,
    duration: 10,
    size: 1e-4,
    peakBps: 1,
    path: [],
    after: [],
  });

  it("are markets where there are enough, else hours, else spans", () => {
    const markets = Array.from({ length: 60 }, (_, i) => order(i % 20, i));
    expect(clustersOf(markets).by).toBe("markets");
    const hours = Array.from({ length: 60 }, (_, i) => order(0, i * 1_200));
    expect(clustersOf(hours)).toMatchObject({ by: "hours", clusters: { length: 20 } });
    const spans = Array.from({ length: 60 }, (_, i) => order(0, i * 60));
    expect(clustersOf(spans).by).toBe("spans of 120 s");
  });
});

describe("known metaorders", () => {
  it("are measured from before their start to their end and after, the way they traded", () => {
    // A buy of 10 s that moves the mid by 1 bp a second, half of which comes back in the next 10 s.
    const at = (seconds: number): number => {
      const done = Math.min(Math.max(seconds - 100, 0), 10);
      const back = Math.min(Math.max(seconds - 110, 0), 10) / 2;
      return START_MID * Math.exp((done - back) * 1e-4);
    };
    const mids = Int32Array.from({ length: 3_000 }, (_, k) => Math.round(at(k / 10)));
    const record = (isBuy: boolean, startAt: number, endAt: number): MetaorderRecord => ({
      isBuy,
      startAt: startAt * 1e9,
      endAt: endAt * 1e9,
      lots: 50,
      filledLots: 40,
    });
    const tape = tapeOf(mids);
    const sample = knownMetaorders(
      [tape],
      [[record(true, 100, 110), record(false, 100, 110), record(true, 295, 400)]],
      [0n],
    );
    const [buy, sell] = sample.orders;
    expect(sample.orders).toHaveLength(2);
    expect(buy!.peakBps).toBeCloseTo(10, 0);
    expect(sell!.peakBps).toBeCloseTo(-10, 0);
    expect(buy!.path[1]).toBeCloseTo(5, 0);
    expect(buy!.after[2]).toBeCloseTo(5, 0);
    // 1,000 lots a minute are 1.44 million a day.
    expect(buy!.size).toBeCloseTo(40 / 1_440_000, 9);
  });
});
