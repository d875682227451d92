import { describe, expect, it } from "vitest";
import { type Micros, micros, MINUTE, SECOND, ticks } from "../core/domain/units.ts";
import { type CompareRequest, compare, type Comparison } from "./compare.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { openGenerated, type OpenMarket } from "./market-source.ts";

const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

const generated = (seed: number, duration: number): OpenMarket =>
  openGenerated({ kind: "generated", seed, startAt: START, duration: micros(duration) });

const OVER: Micros = micros(30 * SECOND);
const REQUEST: CompareRequest = {
  windows: { kind: "generated", open: (window) => generated(window, 3 * MINUTE) },
  strategies: ["twap", "pov"].map((name) => ({ name, parameters: {} })),
  sides: ["buy", "sell"],
  quantity: "2",
  isNotional: false,
  over: OVER,
  parents: 3,
  constraints: { mayCrossSpread: true, residual: "leave" },
  config: DEFAULT_CONFIG,
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
    expect(arms.map((arm) => [arm.strategy, arm.queue, arm.parents])).toEqual([
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

  it("counts windows of one recording that overlap as one", () => {
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
});
