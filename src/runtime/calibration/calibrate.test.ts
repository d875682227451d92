/**
 * Who may be called calibrated: a user who trusts the word must not be told it of noise, of a
 * constant, of a handful of days, or of a market in which there is no impact.
 */
import { describe, expect, it, vi } from "vitest";
import { impactModels } from "../../impact/registry.ts";
import { valuesOf } from "../../impact/impact-model.ts";
import { micros } from "../../core/domain/units.ts";
import { plant } from "../../../test/calibration/planted.ts";
import { calibrate, type Calibration } from "./calibrate.ts";
import { cluster, type CalibrationObservation } from "./calibration-observation.ts";

// Whole fits: slow on a machine that does other things as well.
vi.setConfig({ testTimeout: 60_000 });

const model = impactModels.get("square-root")!;
const values = valuesOf(model.parameters);
const planted = (days: number, seed: number, noise = 1) =>
  plant({ model, values, days, ordersPerDay: 20, seed, noise });

function calibrated(
  orders: readonly CalibrationObservation[],
  hold: Record<string, number> = {},
): Calibration {
  const made = calibrate(model, orders, { hold, width: "one day", seed: 1 });
  if ("code" in made) throw new Error(made.text);
  return made;
}

/** The orders, and nothing of their impact: only what the price did by itself. */
const withoutImpact = (orders: readonly CalibrationObservation[]) =>
  orders.map((one) => {
    const parts = model.impact(values, one.schedule!, one);
    return { ...one, realisedBps: one.realisedBps - parts.permanentBps - parts.temporaryBps };
  });

describe("the word", () => {
  it("is refused, and nothing breaks, where a scale of impact is driven to its edge", () => {
    const kyle = impactModels.get("kyle")!;
    const scale = valuesOf(kyle.parameters);
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const orders = plant({ model: kyle, values: scale, days: 90, ordersPerDay: 4, seed });
      const plain = orders.map((one) => {
        const parts = kyle.impact(scale, one.schedule!, one);
        return { ...one, realisedBps: one.realisedBps - parts.permanentBps - parts.temporaryBps };
      });
      const made = calibrate(kyle, plain, { hold: {}, width: "one day", seed: 1 });
      expect("code" in made || made.reasons.length > 0).toBe(true);
    }
  });

  it("is earned by orders that follow the model, and the interval is right on later ones", () => {
    const result = calibrated(planted(90, 4));
    expect(result.reasons).toEqual([]);
    expect(result.isCalibrated).toBe(true);
    const later = result.heldOut!;
    expect(later.rSquared).toBeGreaterThan(0);
    expect(later.gain.interval!.low).toBeGreaterThan(0);
    expect(later.clusters).toBe(30);
    expect(Math.abs(later.inside - 0.9)).toBeLessThan(0.05);
    expect(result.parameters.every(({ isSignificant }) => isSignificant)).toBe(true);
  });

  it("is not given to noise", () => {
    for (let seed = 1; seed <= 4; seed++) {
      const result = calibrated(withoutImpact(planted(60, seed)));
      expect(result.isCalibrated, `seed ${seed}`).toBe(false);
      expect(result.reasons.join(), `seed ${seed}`).toMatch(/not significant|no better than/);
    }
  });

  it("is not given where every order costs the same", () => {
    const orders = planted(60, 2).map((one, i) => ({ ...one, realisedBps: 5 + (i % 7) / 10 }));
    const result = calibrated(orders, { exponent: 0.5 });
    expect(result.isCalibrated).toBe(false);
    expect(result.reasons.join()).toContain("no better than one constant");
    expect(result.constantBps).toBeCloseTo(5.3, 1);
  });

  it("is not given for a few days, however many orders they hold", () => {
    const result = calibrated(planted(24, 3, 0.2));
    expect(result.isCalibrated).toBe(false);
    expect(result.reasons.join()).toMatch(/effective clusters .*fewer than 20/);
    expect(result.reasons.join()).toContain("12 clusters are held out");
  });

  it("is not given where days that follow each other share their luck", () => {
    const slow = planted(60, 5, 0.3).map((one) => {
      const day = Math.floor(one.at / 86_400e6);
      return { ...one, realisedBps: one.realisedBps + 40 * Math.sin(day / 4) };
    });
    expect(calibrated(slow).reasons.join()).toMatch(/from one cluster to the next .*longer ones/);
    expect(calibrated(planted(60, 5, 0.3)).reasons).toEqual([]);
  });

  it("is not given where no impact can be in the data, whatever the figures say", () => {
    const inert = planted(90, 4).map((one) => ({
      ...one,
      inert: "its market does not react to us",
    }));
    const result = calibrated(inert);
    expect(result.reasons).toEqual([
      "no impact can be in 1800 of the orders: its market does not react to us",
    ]);
    expect(result.isCalibrated).toBe(false);
  });
});

describe("what was held out", () => {
  it("is the later third of the clusters, and has no part in the fit", () => {
    const orders = planted(60, 6);
    const from = micros(40 * 86_400e6);
    const spoilt = orders.map((one) => (one.at < from ? one : { ...one, realisedBps: 500 }));
    const [once, again] = [calibrated(orders), calibrated(spoilt)];
    expect(again.parameters).toEqual(once.parameters);
    expect(again.heldOut!.rSquared).toBeLessThan(0);
    expect(once.orders).toEqual({ fitted: 800, clusters: 40 });
  });
});

describe("how many orders", () => {
  it("would show a parameter falls with the noise", () => {
    const needed = (noise: number): number =>
      calibrated(planted(60, 7, noise), { exponent: 0.5 }).parameters[0]!.ordersNeeded!;
    expect(needed(0.5)).toBeLessThan(needed(2) / 4);
  });

  it("are there at all: ten at least", () => {
    const made = calibrate(model, planted(1, 1).slice(0, 9), { width: "one day", seed: 1 });
    expect(made).toMatchObject({ code: "CALIBRATE_EMPTY" });
  });
});

describe("clusters", () => {
  const at = (seconds: number) => {
    const { cluster: _, ...one } = planted(1, 1)[0]!;
    return { ...one, at: micros(seconds * 1e6) };
  };

  it("are as long as leaves enough of them", () => {
    const days = Array.from({ length: 50 }, (_, k) => at(k * 86_400));
    const hours = Array.from({ length: 50 }, (_, k) => at(k * 3_600));
    const seconds = Array.from({ length: 50 }, (_, k) => at(k));
    expect([days, hours, seconds].map((each) => cluster(each).width)).toEqual([
      "one day",
      "one hour",
      "one minute",
    ]);
  });

  it("keep markets apart, and are as long as a person says", () => {
    const both = [at(0), { ...at(1), market: "another" }, at(30)];
    const { observations, width } = cluster(both, 10e6);
    expect(width).toBe("10 s");
    expect(new Set(observations.map((one) => one.cluster)).size).toBe(3);
  });
});
