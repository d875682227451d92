/** Planted levels are found, planted drifts are noticed, and nothing is noticed where nothing is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { ESTIMATOR_DEFAULTS, ImpactEstimator } from "./impact-estimator.ts";
import { priceRiskBps, valuesOf } from "./impact-model.ts";
import type { ImpactObservation } from "./impact-observation.ts";
import { squareRoot } from "./square-root.ts";

const VALUES = valuesOf(squareRoot.parameters);
const MARKET = { dailyVolatility: 0.03, dailyVolume: 1_000, spreadBps: 1 };
const DAYS = 0.02;
const SIGMA = priceRiskBps([{ quantity: 1, days: DAYS }], MARKET.dailyVolatility, "through");

type Noise = (seed: number, k: number) => number;
const NORMAL = streamOf("estimator test: normal");
const SIZES = streamOf("estimator test: sizes");

const normal: Noise = (seed, k) =>
  Math.sqrt(-2 * Math.log(1 - uniformAt(seed, NORMAL, 2 * k))) *
  Math.cos(2 * Math.PI * uniformAt(seed, NORMAL, 2 * k + 1));

/** Student's t of four degrees of freedom, scaled to one sigma: tails as markets have them. */
const heavy: Noise = (seed, k) => {
  const squares = [1, 2, 3, 4].reduce((sum, i) => sum + normal(seed, 5 * k + i) ** 2, 0);
  return normal(seed, 5 * k) / Math.sqrt(squares / 4) / Math.SQRT2;
};

interface Planted {
  readonly seed: number;
  readonly orders: number;
  readonly level: (k: number) => number;
  readonly noise?: Noise;
  /** Of a day's volume, up to ten times it; a hundredth makes impact as large as the noise. */
  readonly share?: number;
  readonly ordersPerFalseAlarm?: number;
}

function planted(k: number, { seed, level, noise = normal, share = 0.01 }: Planted) {
  const quantity = MARKET.dailyVolume * share * 10 ** uniformAt(seed, SIZES, k);
  const { temporaryBps } = squareRoot.impact(VALUES, [{ quantity, days: DAYS }], MARKET);
  const realisedBps = level(k) * temporaryBps + SIGMA * noise(seed, k);
  return { side: "buy", quantity, days: DAYS, ...MARKET, realisedBps } as const;
}

function run(plan: Planted) {
  const { ordersPerFalseAlarm = ESTIMATOR_DEFAULTS.ordersPerFalseAlarm } = plan;
  const settings = { ...ESTIMATOR_DEFAULTS, ordersPerFalseAlarm };
  const estimator = new ImpactEstimator(squareRoot, VALUES, settings);
  const alarms: { at: number; direction: string }[] = [];
  for (let k = 0; k < plan.orders; k++) {
    const judged = estimator.observe(planted(k, plan));
    if (!judged.ok) throw new Error(judged.error.join());
    if (judged.value.alarm !== undefined) {
      alarms.push({ at: k, direction: judged.value.alarm.direction });
    }
  }
  return { estimator, alarms };
}

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, k) => k + 1);
const ORDER = [{ quantity: 50, days: DAYS }];

describe("the level", () => {
  it("is found within its error, and 95 % of its intervals hold the truth", () => {
    const runs = seeds(100).map((seed) => run({ seed, orders: 200, level: () => 1.2 }));
    const held = runs.filter(({ estimator }) => {
      const { lowBps, highBps } = estimator.estimate(ORDER, MARKET);
      const { temporaryBps } = squareRoot.impact(VALUES, ORDER, MARKET);
      return lowBps <= 1.2 * temporaryBps && 1.2 * temporaryBps <= highBps;
    });
    expect(held.length).toBeGreaterThanOrEqual(90);
    const { level, levelError } = runs[0]!.estimator.state;
    expect(Math.abs(level - 1.2)).toBeLessThan(4 * levelError);
    expect(levelError).toBeLessThan(0.1);
  });

  it("stays at what the model says while orders say nothing", () => {
    const { estimator } = run({ seed: 1, orders: 60, level: () => 1.2, share: 1e-8 });
    expect(estimator.state.level).toBeCloseTo(1, 1);
    expect(estimator.state.levelError).toBeGreaterThan(0.45);
    const fresh = new ImpactEstimator(squareRoot, VALUES);
    const { temporaryBps } = squareRoot.impact(VALUES, ORDER, MARKET);
    expect(fresh.estimate(ORDER, MARKET)).toMatchObject({
      impactBps: temporaryBps,
      isCautious: false,
    });
  });

  it("counts noise that is wider than the price's own", () => {
    const wide: Noise = (seed, k) => 2 * normal(seed, k);
    const { estimator } = run({ seed: 1, orders: 1_000, level: () => 1, noise: wide });
    expect(estimator.state.dispersion).toBeGreaterThan(3.5);
    expect(estimator.state.dispersion).toBeLessThan(4.5);
    expect(estimator.estimate(ORDER, MARKET).noiseBps / SIGMA).toBeCloseTo(2, 0);
  });

  it("is fitted on the window alone, and anew at the interval alone", () => {
    const settings = { ...ESTIMATOR_DEFAULTS, window: 40, recalibrateEvery: 20 };
    const estimator = new ImpactEstimator(squareRoot, VALUES, settings);
    const levels = seeds(120).map((k) => {
      estimator.observe(planted(k, { seed: 3, orders: 120, level: () => 1.1 }));
      return estimator.state.level;
    });
    levels.slice(1).forEach((level, k) => {
      if ((k + 2) % 20 !== 0) expect(level).toBe(levels[k]);
    });
    const late = new ImpactEstimator(squareRoot, VALUES, settings);
    for (let k = 81; k <= 120; k++) {
      late.observe(planted(k, { seed: 3, orders: 120, level: () => 1.1 }));
    }
    expect(estimator.state).toMatchObject({ orders: 120, remembered: 40 });
    expect(late.state.level).toBeCloseTo(estimator.state.level, 12);
  });
});

describe("the drift alarm", () => {
  it.each([
    ["normal noise", normal, 0.01],
    ["heavy tails", heavy, 0.01],
    ["normal noise, small orders", normal, 0.001],
    ["heavy tails, small orders", heavy, 0.001],
  ])("comes no oftener than it says, %s: one in 1,000 orders", (_, noise, share) => {
    const alarms = seeds(40).flatMap((seed) => {
      return run({ seed, orders: 800, level: () => 1, noise, share, ordersPerFalseAlarm: 1_000 })
        .alarms;
    });
    // 32,000 orders: 32 are allowed; three sigma of a Poisson count more is a fault.
    expect(alarms.length).toBeLessThan(32 + 3 * Math.sqrt(32));
  });

  it.each([
    [2, "dearer", 10, 40],
    [1.5, "dearer", 28, 150],
    [0.5, "cheaper", 30, 100],
  ])("notices × %f as %s, half of the time in about %i orders", (factor, way, half, most) => {
    const delays = seeds(30).map((seed) => {
      const level = (k: number) => (k < 200 ? 1 : factor);
      const { alarms } = run({ seed, orders: 400, level });
      const first = alarms.find(({ at }) => at >= 200)!;
      expect(first.direction).toBe(way);
      return first.at - 200;
    });
    const sorted = delays.toSorted((a, b) => a - b);
    expect(sorted[15]!).toBeGreaterThan(half / 2);
    expect(sorted[15]!).toBeLessThan(half * 2);
    expect(sorted.at(-1)!).toBeLessThan(most);
  });

  it("widens the estimate and errs to the dear side, until enough is known again", () => {
    const calm = run({ seed: 1, orders: 200, level: () => 1 }).estimator;
    const before = calm.estimate(ORDER, MARKET);
    let k = 200;
    const drift = (level: number) => {
      const plan = { seed: 1, orders: 0, level: () => level };
      return calm.observe(planted(k++, plan));
    };
    while (calm.state.alarm === undefined) drift(2);
    const alarmed = calm.estimate(ORDER, MARKET);
    expect(alarmed.isCautious).toBe(true);
    expect(alarmed.highBps - alarmed.lowBps).toBeGreaterThan(2 * (before.highBps - before.lowBps));
    const { level, levelError } = calm.state;
    const said = squareRoot.impact(VALUES, ORDER, MARKET).temporaryBps;
    expect(alarmed.impactBps / said).toBeCloseTo(level + levelError, 9);
    for (let i = 0; i < 300; i++) drift(2);
    const settled = calm.estimate(ORDER, MARKET);
    expect(settled.isCautious).toBe(false);
    expect(settled.impactBps / said).toBeCloseTo(2, 0);
    expect(settled.highBps - settled.lowBps).toBeLessThan(alarmed.highBps - alarmed.lowBps);
  });

  it("a market that turns cheaper does not make the estimate bolder before it is known", () => {
    const estimator = run({ seed: 2, orders: 200, level: () => 1 }).estimator;
    const before = estimator.state.level;
    let k = 200;
    while (estimator.state.alarm === undefined) {
      estimator.observe(planted(k++, { seed: 2, orders: 0, level: () => 0.4 }));
    }
    expect(estimator.state.alarm.direction).toBe("cheaper");
    const said = squareRoot.impact(VALUES, ORDER, MARKET).temporaryBps;
    expect(estimator.estimate(ORDER, MARKET).impactBps / said).toBeGreaterThanOrEqual(
      before * 0.99,
    );
  });

  it("is not raised by one crash", () => {
    const crash: Noise = (seed, k) => normal(seed, k) + (k === 150 ? 100 : 0);
    for (const seed of seeds(10)) {
      const { alarms, estimator } = run({ seed, orders: 300, level: () => 1, noise: crash });
      expect(alarms).toEqual([]);
      expect(estimator.state.level).toBeCloseTo(1, 0);
    }
  });
});

describe("the estimator", () => {
  it("is the same for the same orders, and finite whatever they were", () => {
    const anything = fc.record<ImpactObservation>({
      side: fc.constantFrom("buy", "sell"),
      quantity: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
      days: fc.double({ min: 1e-6, max: 10, noNaN: true }),
      dailyVolatility: fc.double({ min: 1e-6, max: 5, noNaN: true }),
      dailyVolume: fc.double({ min: 1e-3, max: 1e12, noNaN: true }),
      spreadBps: fc.double({ min: 0, max: 1e3, noNaN: true }),
      realisedBps: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 120 }), (observations) => {
        const [one, two] = [0, 1].map(() => {
          const settings = { ...ESTIMATOR_DEFAULTS, window: 30, recalibrateEvery: 7 };
          const estimator = new ImpactEstimator(squareRoot, VALUES, settings);
          for (const observation of observations) estimator.observe(observation);
          return estimator;
        });
        expect(one!.state).toEqual(two!.state);
        const { impactBps, lowBps, highBps } = one!.estimate(ORDER, MARKET);
        expect(lowBps <= impactBps && impactBps <= highBps && highBps < Infinity).toBe(true);
        expect(one!.state.remembered).toBeLessThanOrEqual(30);
      }),
      { numRuns: 40 },
    );
  });

  it("takes nothing in from an observation that is none, and says why", () => {
    const estimator = new ImpactEstimator(squareRoot, VALUES);
    const good = planted(1, { seed: 1, orders: 1, level: () => 1 });
    for (const [bad, why] of [
      [{ ...good, quantity: 0 }, "quantity must be over 0"],
      [{ ...good, realisedBps: Number.NaN }, "realisedBps must be a number"],
      [{ ...good, days: -1 }, "days must be over 0"],
      [{ ...good, schedule: [{ quantity: 1, days: 1 }] }, "does not sum"],
    ] as const) {
      const judged = estimator.observe(bad);
      expect(judged).toMatchObject({ ok: false, error: [expect.stringContaining(why)] });
    }
    expect(estimator.state.orders).toBe(0);
    expect(() => {
      return new ImpactEstimator(squareRoot, VALUES, { ...ESTIMATOR_DEFAULTS, window: 0 });
    }).toThrow("window must be a whole number");
  });
});
