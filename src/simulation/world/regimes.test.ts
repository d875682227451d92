import { describe, expect, it } from "vitest";
import { DEFAULT_REGIMES, type Regime, regimeFaults, Regimes, stationaryLaw } from "./regimes.ts";

const START = 1_772_409_600;

describe("stationaryLaw", () => {
  it("is the law of two regimes that is known: in proportion to how long each lasts", () => {
    const two: Regime[] = [
      { name: "a", volatility: 1, activity: 1, meanHours: 9, next: { b: 1 } },
      { name: "b", volatility: 1, activity: 1, meanHours: 1, next: { a: 5 } },
    ];
    expect([...stationaryLaw(two)].map((share) => share.toFixed(9))).toEqual([
      "0.900000000",
      "0.100000000",
    ]);
  });

  it("balances what enters and what leaves each of the default regimes", () => {
    const law = stationaryLaw(DEFAULT_REGIMES);
    expect(law.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    for (const [j, to] of DEFAULT_REGIMES.entries()) {
      let enters = 0;
      for (const [i, from] of DEFAULT_REGIMES.entries()) {
        const total = Object.values(from.next).reduce((sum, weight) => sum + weight, 0);
        enters += (law[i]! / from.meanHours) * ((from.next[to.name] ?? 0) / total);
      }
      expect(enters).toBeCloseTo(law[j]! / to.meanHours, 9);
    }
  });

  it("stays where nothing follows", () => {
    const one: Regime[] = [{ name: "a", volatility: 3, activity: 2, meanHours: 1, next: {} }];
    const regimes = new Regimes(1, one, START);
    for (let s = 0; s < 10_000; s++) regimes.step(START + s);
    expect(regimes.volatility).toBe(1);
    expect(regimes.activity).toBe(1);
  });
});

describe("Regimes", () => {
  /** Spells of minutes, so that a simulated week holds hundreds. */
  const quick = DEFAULT_REGIMES.map((regime) => ({ ...regime, meanHours: regime.meanHours / 60 }));

  it("is in each regime as often as the stationary law says, and scaled by that", () => {
    const regimes = new Regimes(3, quick, START);
    const law = stationaryLaw(quick);
    const seconds = 14 * 86_400;
    const spent: Record<string, number> = {};
    let variance = 0;
    let activity = 0;
    for (let s = 0; s < seconds; s++) {
      regimes.step(START + s);
      spent[regimes.name] = (spent[regimes.name] ?? 0) + 1;
      variance += regimes.volatility ** 2;
      activity += regimes.activity;
    }
    // Some 4,000 spells: the standard error of a share is about 0.008.
    for (const [i, { name }] of quick.entries()) {
      expect(Math.abs(spent[name]! / seconds - law[i]!)).toBeLessThan(0.03);
    }
    expect(variance / seconds).toBeGreaterThan(0.9);
    expect(variance / seconds).toBeLessThan(1.1);
    expect(activity / seconds).toBeGreaterThan(0.95);
    expect(activity / seconds).toBeLessThan(1.05);
  });

  it("begins by the stationary law, over seeds", () => {
    const law = stationaryLaw(DEFAULT_REGIMES);
    const first = DEFAULT_REGIMES.map(() => 0);
    for (let seed = 0; seed < 2_000; seed++) {
      const { name } = new Regimes(seed, DEFAULT_REGIMES, START);
      first[DEFAULT_REGIMES.findIndex((regime) => regime.name === name)]! += 1 / 2_000;
    }
    for (const [i, share] of first.entries()) {
      expect(Math.abs(share - law[i]!)).toBeLessThan(0.045);
    }
  });

  it("lasts as long as it should", () => {
    const regimes = new Regimes(5, quick, START);
    let spells = 0;
    let seconds = 0;
    let last = regimes.name;
    for (let s = 0; s < 7 * 86_400; s++) {
      regimes.step(START + s);
      if (regimes.name === "calm") seconds += 1;
      if (regimes.name !== last && last === "calm") spells += 1;
      last = regimes.name;
    }
    expect(spells).toBeGreaterThan(300);
    expect(Math.abs(seconds / spells / 360 - 1)).toBeLessThan(0.15);
  });

  it("says what is wrong with its settings", () => {
    expect(regimeFaults(DEFAULT_REGIMES)).toEqual([]);
    const wrong: Regime[] = [
      { name: "a", volatility: 0, activity: 1, meanHours: 1, next: { c: 1 } },
      { name: "a", volatility: 1, activity: 1, meanHours: Number.NaN, next: { a: -1 } },
    ];
    expect(regimeFaults(wrong).map(({ path }) => path)).toEqual([
      "0.volatility",
      "0.next.c",
      "1.name",
      "1.meanHours",
      "1.next.a",
    ]);
    expect(regimeFaults([])).toHaveLength(1);
  });
});
