import { describe, expect, it } from "vitest";
import { type Micros, micros, MINUTE, SECOND, ticks } from "../core/domain/units.ts";
import type { Arm } from "./arm.ts";
import { type CompareRequest, compare } from "./compare.ts";
import type { Comparison } from "./comparison.ts";
import { checkStrategy } from "./compose.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { openGenerated, type OpenMarket } from "./market-source.ts";
import { place } from "./window.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

const generated = (seed: number, duration: number): OpenMarket =>
  openGenerated({ kind: "generated", seed, startAt: START, duration: micros(duration) });

const armNamed = (name: string): Arm => ({ label: name, strategy: { name, parameters: {} } });

const OVER: Micros = micros(30 * SECOND);
const REQUEST: CompareRequest = {
  windows: { kind: "generated", open: (window) => generated(window, 3 * MINUTE) },
  arms: ["twap", "pov"].map(armNamed),
  sides: ["buy", "sell"],
  quantity: "2",
  isNotional: false,
  over: OVER,
  parents: 3,
  constraints: { mayCrossSpread: true, residual: "leave" },
  config: {
    ...DEFAULT_CONFIG,
    simulation: { ...DEFAULT_CONFIG.simulation, market: "recorded" },
  },
  seed: 1,
};

function run(request: CompareRequest): Comparison {
  const steps = compare(request);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  if (!step.value.ok) throw new Error(step.value.error.text);
  return step.value.value;
}

describe("compare", () => {
  it("works every window on both sides by every strategy under both queues", () => {
    const { outcomes, arms, effectiveWindows } = run(REQUEST);
    expect(outcomes).toHaveLength(3 * 2 * 2 * 2);
    expect(arms.map((arm) => [arm.arm, arm.queue, arm.parents])).toEqual([
      ["twap", "risk-averse", 6],
      ["pov", "risk-averse", 6],
      ["twap", "probabilistic", 6],
      ["pov", "probabilistic", 6],
    ]);
    expect(effectiveWindows).toBe(3);
    expect(outcomes.some((one) => one.filled === 1)).toBe(true);
  });

  it("gives the same outcomes again, and more windows change none of the first", () => {
    const first = run({ ...REQUEST, parents: 2 });
    expect(run({ ...REQUEST, parents: 2 })).toEqual(first);
    expect(run(REQUEST).outcomes.slice(0, first.outcomes.length)).toEqual(first.outcomes);
  });

  it("marks what nobody could fill at one horizon price: arms agree, sides mirror", () => {
    const constraints = { ...REQUEST.constraints };
    const buys = run({
      ...REQUEST,
      sides: ["buy"],
      constraints: { ...constraints, limitPrice: ticks(600_000) },
    });
    const sells = run({
      ...REQUEST,
      sides: ["sell"],
      constraints: { ...constraints, limitPrice: ticks(700_000) },
    });
    expect(buys.outcomes.every((one) => one.filled === 0)).toBe(true);
    expect(buys.outcomes.some((one) => one.costBps !== 0)).toBe(true);
    buys.outcomes.forEach((one, i) => expect(one.costBps).toBeCloseTo(-sells.outcomes[i]!.costBps));
    for (const arm of buys.arms) expect(arm.difference?.mean ?? 0).toBe(0);
  });

  it("never lets windows of one recording overlap in part, which no cluster could undo", () => {
    const market = generated(9, 4 * MINUTE);
    const windows = {
      kind: "recorded",
      market: { ...market, blocks: [...market.blocks] },
    } as const;
    const placed = Array.from({ length: 12 }, (_, window) => {
      const one = place({ windows, over: OVER, parents: 12 }, window);
      if (!one.ok) throw new Error(one.error.text);
      return one.value;
    });
    for (const a of placed) {
      for (const b of placed) {
        const apart = Math.abs(a.start - b.start);
        expect(a.cluster === b.cluster ? apart === 0 : apart >= OVER).toBe(true);
      }
    }
  });

  it("counts windows of one recording that start together as one", () => {
    const market = generated(9, 4 * MINUTE);
    const wide = { ...market, blocks: [...market.blocks] };
    const windows = { kind: "recorded", market: wide } as const;
    const comparison = run({ ...REQUEST, windows, parents: 12, sides: ["buy"] });
    expect(comparison.windows).toBe(12);
    // 4 min less a second, a minute of warm-up and the order itself leave 149 s for starts.
    expect(comparison.effectiveWindows).toBe(5);
    expect(comparison.arms.every((arm) => arm.difference?.interval === undefined)).toBe(true);
  });

  it("says what does not fit", () => {
    const steps = compare({ ...REQUEST, over: micros(10 * MINUTE) });
    const step = steps.next();
    expect(step).toMatchObject({
      done: true,
      value: { ok: false, error: { code: "BACKTEST_SPAN" } },
    });
  });

  it("calls an arm by its label, so that one strategy may run twice", () => {
    const slow: Arm = { ...armNamed("twap"), label: "slow", urgency: 0 };
    const { arms, baseline, entered } = run({
      ...REQUEST,
      parents: 1,
      arms: [armNamed("twap"), slow],
    });
    expect(baseline).toBe("twap");
    expect(arms.map(({ arm, strategy }) => [arm, strategy])).toEqual([
      ["twap", "twap"],
      ["slow", "twap"],
      ["twap", "twap"],
      ["slow", "twap"],
    ]);
    expect(entered[1]).toEqual(slow);
  });

  it("tells when half of the parents were done, and nothing where fewer were", () => {
    const { arms, outcomes } = run({ ...REQUEST, parents: 1, arms: [armNamed("twap")] });
    const own = outcomes.filter(({ queue }) => queue === "risk-averse");
    expect(own.every(({ completionSeconds: time }) => time !== null && time <= 30)).toBe(true);
    expect(arms[0]).toMatchObject({
      completed: 1,
      medianCompletionSeconds: Math.min(...own.map((one) => one.completionSeconds!)),
    });
    const limitPrice = ticks(600_000);
    const none = run({
      ...REQUEST,
      parents: 1,
      sides: ["buy"],
      constraints: { ...REQUEST.constraints, limitPrice },
    });
    expect(none.arms[0]).toMatchObject({ completed: 0, medianCompletionSeconds: null });
  });
});

describe("the exchange's own algorithms in a comparison", () => {
  const LONG = {
    ...REQUEST,
    windows: { kind: "generated", open: (window: number) => generated(window, 7 * MINUTE) },
    over: micros(5 * MINUTE),
    quantity: "10",
    parents: 1,
    sides: ["buy"],
  } as const;

  it("run outside our limits, and every other arm inside them", () => {
    const tight = {
      ...DEFAULT_CONFIG,
      limits: { ...DEFAULT_CONFIG.limits, participation: 1e-6 },
    };
    const arms = ["twap", "bybit-twap", "bybit-pov", "bybit-iceberg", "bybit-chase"].map(armNamed);
    const { outcomes } = run({ ...LONG, config: tight, arms });
    for (const { arm, filled } of outcomes) {
      if (arm === "twap") expect(filled).toBe(0);
      else expect(filled).toBeGreaterThan(0.9);
    }
  });

  it("trade as they say: two take all and two make all", () => {
    const arms = ["bybit-twap", "bybit-pov", "bybit-iceberg", "bybit-chase"].map(armNamed);
    const shares = run({ ...LONG, arms }).arms.map(({ arm, makerShare }) => [arm, makerShare]);
    expect(shares.slice(0, 4)).toEqual([
      ["bybit-twap", 0],
      ["bybit-pov", 0],
      ["bybit-iceberg", 1],
      ["bybit-chase", 1],
    ]);
  });

  it("are refused with the exchange's reason, before anything is run", () => {
    const step = compare({ ...REQUEST, arms: [armNamed("twap"), armNamed("bybit-twap")] }).next();
    expect(step).toMatchObject({ done: true, value: { ok: false } });
    expect(step.value).toMatchObject({
      error: {
        code: "COMPARE_NATIVE",
        text: "bybit-twap takes 5 minutes to 24 hours; these orders are over 30 s",
      },
    });
  });

  it("cannot be named by a backtest", () => {
    const config = { ...DEFAULT_CONFIG, strategy: { name: "bybit-twap", parameters: {} } };
    expect(checkStrategy(config.strategy)[0]?.text).toContain("no strategy is named");
  });
});
