import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_FUNDING, Funding, fundingFaults, fundingRate } from "./funding.ts";

/** 2026-03-02, 00:00 UTC. */
const START = 1_772_409_600;
const quiet = { ...DEFAULT_FUNDING, appetiteSpread: 0 };

describe("fundingRate", () => {
  it.each([
    // [average premium, rate]: the dampener's two edges, and beyond them
    [0, 0.0001],
    [0.0006, 0.0001],
    [-0.0004, 0.0001],
    [0.001, 0.0005],
    [-0.001, -0.0005],
    [0.1, 0.005],
    [-0.1, -0.005],
  ])("a premium of %d makes a rate of %d in 8 hours", (premium, rate) => {
    expect(fundingRate(premium, DEFAULT_FUNDING)).toBeCloseTo(rate, 12);
  });

  it("has the interest of its interval", () => {
    expect(fundingRate(0, { ...DEFAULT_FUNDING, intervalHours: 4 })).toBeCloseTo(0.00005, 12);
  });

  it("never is beyond its cap, nor further from the premium than the dampener, and rises", () => {
    const premium = fc.double({ min: -0.2, max: 0.2, noNaN: true });
    const hours = fc.constantFrom(1, 2, 4, 8);
    fc.assert(
      fc.property(premium, premium, hours, (a, b, intervalHours) => {
        const config = { ...DEFAULT_FUNDING, intervalHours: intervalHours as 8 };
        const rate = fundingRate(a, config);
        expect(Math.abs(rate)).toBeLessThanOrEqual(config.cap);
        if (Math.abs(rate) < config.cap) {
          expect(Math.abs(rate - a)).toBeLessThanOrEqual(config.dampener + 1e-15);
        }
        if (a <= b) expect(rate).toBeLessThanOrEqual(fundingRate(b, config) + 1e-15);
      }),
    );
  });
});

describe("Funding", () => {
  function settlements(
    config: typeof quiet,
    from: number,
    hours: number,
    gap: (s: number) => number,
  ) {
    const funding = new Funding(1, "BTCUSDT", config, from);
    const found: { second: number; rate: number; premium: number }[] = [];
    for (let s = from; s <= from + hours * 3_600; s++) {
      const settled = funding.step(s, gap(s), 0.5);
      if (settled !== null) found.push({ second: s - START, ...settled });
    }
    return found;
  }

  it("settles at whole intervals since midnight, wherever it begins", () => {
    const at = (intervalHours: 4 | 8, from: number): number[] =>
      settlements({ ...quiet, intervalHours }, from, 24, () => 0).map(
        ({ second }) => second / 3600,
      );
    expect(at(8, START)).toEqual([8, 16, 24]);
    expect(at(4, START + 5_000)).toEqual([4, 8, 12, 16, 20, 24]);
  });

  it("weighs a minute's premium by its number in the interval", () => {
    // A premium of 100 bps in the last minute of 480 only: its weight is 480 / (1 + … + 480).
    const share = { ...quiet, premiumShare: 1 };
    const last = START + 8 * 3_600 - 60;
    const [settled] = settlements(share, START, 8, (s) => (s >= last ? Math.log1p(0.01) : 0));
    expect(settled!.premium).toBeCloseTo((0.01 * 480) / ((480 * 481) / 2), 12);
  });

  it("shows the configured part of the gap between mid and value as premium", () => {
    const [settled] = settlements(quiet, START, 8, () => 0.02);
    expect(settled!.premium).toBeCloseTo(Math.expm1(0.002), 12);
    expect(settled!.rate).toBeCloseTo(Math.expm1(0.002) - 0.0005, 12);
  });

  it("makes payers sell before a settlement and buy after it, more the more of them there are", () => {
    const lean = (longShare: number, before: number): number => {
      const funding = new Funding(1, "BTCUSDT", quiet, START);
      const end = START + 8 * 3_600 - before;
      for (let s = START; s <= end; s++) funding.step(s, 0.02, longShare);
      return funding.lean;
    };
    expect(lean(0.5, 10)).toBeLessThan(lean(0.5, 1_800));
    expect(lean(0.5, 1_800)).toBeLessThan(0);
    expect(lean(0.9, 10)).toBeLessThan(lean(0.5, 10));
    expect(lean(0.5, -10)).toBeGreaterThan(0);
  });

  it("says what is wrong with its settings", () => {
    expect(fundingFaults(DEFAULT_FUNDING)).toEqual([]);
    const wrong = { ...DEFAULT_FUNDING, intervalHours: 3 as 4, cap: -1, lean: Number.NaN };
    expect(fundingFaults(wrong).map(({ path }) => path)).toEqual(["intervalHours", "cap", "lean"]);
  });
});
