import { describe, expect, it } from "vitest";
import { impactModel, valuesOf } from "./impact-model.ts";
import { llmEnhanced, type ImpactFactor } from "./llm-enhanced.ts";
import { powerLaw } from "./power-law.ts";
import { impactModels } from "./registry.ts";

const MARKET = { dailyVolatility: 0.02, dailyVolume: 1_000, spreadBps: 1 };
const SLICES = [{ quantity: 10, days: 0.01 }];

/** 12 bps that do not stay, and 3 that do. */
const fifteen = impactModel({
  name: "fifteen",
  summary: "15 bps for whatever is traded",
  parameters: [],
  exposure: "through",
  prices: (_, slices) => slices.map(() => ({ permanentBps: 3, temporaryBps: 12, afterBps: 6 })),
  schedules: () => "admissible",
  caveats: () => [],
});

const enhanced = (advice: Partial<ImpactFactor>, weight = 1, base = fifteen) => {
  const made = llmEnhanced(base, { factor: 1, source: "a test", ...advice }, weight);
  if (!made.ok) throw new Error(made.error.text);
  return made.value;
};

const totalOf = (model: typeof fifteen): number => {
  const { permanentBps, temporaryBps } = model.impact(valuesOf(model.parameters), SLICES, MARKET);
  return permanentBps + temporaryBps;
};

describe("llm-enhanced", () => {
  it("15 bps × 1.4 are 21 bps where w = 1", () => {
    expect(totalOf(enhanced({ factor: 1.4 }))).toBeCloseTo(21, 12);
  });

  it.each([
    [0, 2, 15],
    [0.5, 1.4, 18],
    [0.25, 0.5, 13.125],
    [1, 0.5, 7.5],
    [1, 2, 30],
  ])("base × (1 − w + w·factor): w = %f and factor %f give %f bps", (weight, factor, bps) => {
    expect(totalOf(enhanced({ factor }, weight))).toBeCloseTo(bps, 12);
  });

  it("scales the whole path and both parts alike, and the doubt of the base with them", () => {
    const model = enhanced({ factor: 1.4 });
    expect(model.prices(valuesOf(model.parameters), SLICES, MARKET)[0]!.afterBps).toBeCloseTo(8.4);
    const scaled = enhanced({ factor: 1.4 }, 1, powerLaw);
    const at = (of: typeof fifteen, temporary: number) =>
      of.impact({ ...valuesOf(of.parameters), temporary }, SLICES, MARKET).temporaryBps;
    const width = (of: typeof fifteen) => at(of, 0.2) - at(of, 0.1);
    expect(width(scaled) / width(powerLaw)).toBeCloseTo(1.4, 9);
  });

  it("carries low and high as 95 %, and without them doubts that there is a reason at all", () => {
    const errorOf = (advice: Partial<ImpactFactor>) =>
      enhanced(advice).parameters.find(({ name }) => name === "factor")!.standardError;
    expect(errorOf({ factor: 1.4, low: 1.1, high: 1.8 }) * 1.959964).toBeCloseTo(0.35, 9);
    expect(errorOf({ factor: 1.4 }) * 1.959964).toBeCloseTo(0.4, 9);
    expect(errorOf({ factor: 1 })).toBe(0);
  });

  it.each([
    [{ factor: 2.5 }, 1, "from 0.5 to 2"],
    [{ factor: 0.4 }, 1, "from 0.5 to 2"],
    [{ factor: Number.NaN }, 1, "from 0.5 to 2"],
    [{ factor: 1.4, low: 0.1, high: 2 }, 1, "from 0.5 to 2"],
    [{ factor: 1.4, low: 1.5, high: 1.8 }, 1, "does not lie between"],
    [{ factor: 1.4 }, 1.1, "a weight is from 0 to 1"],
    [{ factor: 1.4 }, -0.1, "a weight is from 0 to 1"],
  ])("refuses %o with weight %f", (advice, weight, why) => {
    const made = llmEnhanced(fifteen, { source: "a test", ...advice }, weight);
    expect(made).toMatchObject({ ok: false, error: { text: expect.stringContaining(why) } });
  });

  it("does not adjust what is adjusted already, and plans as its base does", () => {
    const twice = llmEnhanced(enhanced({ factor: 1.4 }), { factor: 1.4, source: "a test" }, 1);
    expect(twice.ok).toBe(false);
    const root = impactModels.get("square-root")!;
    expect(enhanced({}, 1, root).schedules({}, 1)).toEqual(root.schedules({}, 1));
    const order = { quantity: 10, days: 0.1, steps: 8 };
    const scaled = enhanced({ factor: 2 }, 1, powerLaw);
    const held = (of: typeof powerLaw, lambda: number) =>
      of.trajectory!(valuesOf(of.parameters), order, MARKET, lambda);
    expect(held(scaled, 2e-3)).toEqual(held(powerLaw, 1e-3));
  });
});
