import { describe, expect, it } from "vitest";
import { displaced, powerLawKernel } from "./exponential-kernel.ts";
import { slicesAlong, valuesOf } from "./impact-model.ts";
import { propagator } from "./propagator.ts";

const MARKET = { dailyVolatility: 0.01, dailyVolume: 1_000, spreadBps: 1 };
const values = valuesOf(propagator.parameters);

describe("power-law kernel", () => {
  it.each([0.05, 0.25, 0.4, 0.9, 2])("is (1 + t/t₀)^−γ to 2e-6 over decades, γ = %f", (g) => {
    const terms = powerLawKernel(g, 1, 1e7);
    expect(terms.every(({ weight, perDay }) => weight >= 0 && perDay >= 0)).toBe(true);
    for (const t of [0, 0.1, 1, 10, 1e3, 1e5, 1e7]) {
      const sum = terms.reduce((total, { weight, perDay }) => {
        return total + weight * Math.exp(-perDay * t);
      }, 0);
      expect(Math.abs(sum * (1 + t) ** g - 1)).toBeLessThan(2e-6);
    }
  });

  it("an even order meets the mean of the double integral over the kernel", () => {
    // ∫₀^T (1+u)^−γ (T−u) du / T² in closed form, t₀ = 1.
    const [g, days] = [0.4, 200];
    const inner = (power: number) => ((1 + days) ** power - 1) / power;
    const integral = (days + 1) * inner(1 - g) - inner(2 - g);
    const [one] = displaced(powerLawKernel(g, 1, days), [{ quantity: 1, days }]);
    expect(one!.mean).toBeCloseTo(integral / days ** 2, 6);
  });
});

describe("propagator", () => {
  it("what was pushed fades by half in t₀·(2^(1/γ) − 1), and what is permanent stays", () => {
    const scale = 10 / 86_400;
    const fade = scale * (2 ** (1 / 0.4) - 1);
    const slices = [
      { quantity: 10, days: 1e-12 },
      { quantity: 0, days: fade },
    ];
    const [pushed, faded] = propagator.prices({ ...values, permanent: 0 }, slices, MARKET);
    expect(faded!.afterBps / pushed!.afterBps).toBeCloseTo(0.5, 5);
    const stays = propagator.prices(values, slices, MARKET)[1]!;
    expect(stays.permanentBps).toBeCloseTo(1, 9);
  });

  it("without aversion to risk its optimum is a bowl, mirrored in time, and holds no sale", () => {
    for (const exponent of [0.05, 0.4, 1.5]) {
      const order = { quantity: 20, days: 0.02, steps: 60 };
      const chosen = { ...values, exponent };
      const holdings = propagator.trajectory!(chosen, order, MARKET, 0);
      const traded = slicesAlong(holdings, order.days).map(({ quantity }) => quantity);
      traded.forEach((quantity, k) => {
        expect(quantity).toBeGreaterThan(0);
        expect(quantity / traded[59 - k]!).toBeCloseTo(1, 5);
      });
      // Even steps cannot hold a block, so the first few ring: judged by tens.
      const ten = (from: number) => traded.slice(from, from + 10).reduce((a, b) => a + b, 0);
      expect(ten(0)).toBeGreaterThan(ten(10));
      expect(ten(10)).toBeGreaterThan(ten(20));
    }
  });

  it("with aversion to risk it trades earlier, in the end nearly all at once", () => {
    const order = { quantity: 20, days: 0.02, steps: 60 };
    const firsts = [0, 1e-4, 1e-2, 1, 1e3].map((lambda) => {
      const holdings = propagator.trajectory!(values, order, MARKET, lambda);
      return order.quantity - holdings[1]!;
    });
    firsts.slice(1).forEach((first, k) => expect(first).toBeGreaterThan(firsts[k]!));
    expect(firsts.at(-1)!).toBeGreaterThan(19.5);
  });
});
