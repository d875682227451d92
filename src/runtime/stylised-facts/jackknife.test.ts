import { describe, expect, it } from "vitest";
import { Luck } from "../../../test/planted-market.ts";
import { all, jackknife, liesIn, spanFor } from "./jackknife.ts";

const mean = (parts: readonly number[]): number =>
  parts.reduce((sum, part) => sum + part, 0) / parts.length;

describe("jackknife", () => {
  it("covers a ratio of means in about 95 of 100 samples", () => {
    // A ratio is biased and skewed: what plain standard errors get wrong.
    let covered = 0;
    for (let seed = 0; seed < 80; seed++) {
      const luck = new Luck(seed, "jackknife");
      const parts = Array.from({ length: 30 }, () => {
        const x = 0.5 + luck.uniform();
        return { x, y: 2 * x * (0.5 + luck.uniform()) };
      });
      const { interval } = jackknife(
        parts,
        (some) => mean(some.map(({ y }) => y)) / mean(some.map(({ x }) => x)),
        1,
      )!;
      if (interval!.low < 2 && interval!.high > 2) covered += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(71);
    expect(covered).toBeLessThanOrEqual(80);
  });

  it("gives no interval under 20 spans, and nothing of nothing", () => {
    expect(jackknife([1, 2, 3], mean, 1)).toEqual({ value: 2, clusters: 3 });
    expect(jackknife([], mean, 1)).toBeUndefined();
    expect(jackknife([1, 2], () => Number.NaN, 1)).toBeUndefined();
  });

  it("gives no interval where a figure falls apart without one of the spans", () => {
    const parts = Array.from({ length: 30 }, (_, i) => i);
    const figure = (some: readonly number[]): number => (some.includes(7) ? 1 : Number.NaN);
    expect(jackknife(parts, figure, 1)).toEqual({ value: 1, clusters: 30 });
  });
});

describe("verdicts", () => {
  const of = (low: number, high: number) => ({
    value: (low + high) / 2,
    interval: { low, high },
    clusters: 30,
  });

  it.each([
    [of(0.2, 0.4), { above: 0 }, "yes"],
    [of(-0.4, -0.2), { above: 0 }, "no"],
    [of(-0.1, 0.4), { above: 0 }, "cannot be told"],
    [of(0.45, 0.55), { above: 0.4, below: 0.6 }, "yes"],
    [of(0.65, 0.75), { above: 0.4, below: 0.6 }, "no"],
    [{ value: 9, clusters: 3 }, { above: 0 }, "cannot be told"],
    [undefined, { above: 0 }, "cannot be told"],
  ] as const)("%j in %j: %s", (estimate, range, verdict) => {
    expect(liesIn(estimate, range)).toBe(verdict);
  });

  it("need all of their parts", () => {
    expect(all("yes", "yes")).toBe("yes");
    expect(all("yes", "cannot be told")).toBe("cannot be told");
    expect(all("cannot be told", "no")).toBe("no");
  });

  it("span five times what is remembered, in whole cells", () => {
    expect(spanFor(1)).toBe(60);
    expect(spanFor(60)).toBe(300);
    expect(spanFor(61)).toBe(360);
  });
});
