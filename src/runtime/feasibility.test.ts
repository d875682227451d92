/** Figures of feasibility that are easy to get wrong. */
import { describe, expect, it } from "vitest";
import { lots, type Micros, micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { peakParticipation, percent, roughly } from "./feasibility.ts";

const slice = (at: number, span: number, worked: number, quantity: number) => ({
  at: micros(at * SECOND),
  span: micros(span * SECOND),
  worked: micros(worked * SECOND),
  quantity: lots(quantity),
});
const peak = (slices: readonly ReturnType<typeof slice>[], perSecond: number): number =>
  peakParticipation(
    { slices, duration: micros(0) as Micros, followsVolume: false },
    MINUTE,
    perSecond / 1e6,
  );

describe("peak participation", () => {
  it("of an even order is its share of all volume", () => {
    const even = Array.from({ length: 18 }, (_, k) => slice(10 * k, 10, 10, 100));
    expect(peak(even, 90)).toBeCloseTo(0.1, 9);
  });

  it("counts only what of a long slice lies in the window", () => {
    expect(peak([slice(0, 600, 600, 6_000)], 90)).toBeCloseTo(0.1, 9);
    expect(peak([slice(0, 600, 10, 6_000)], 90)).toBeCloseTo(6_000 / (6_000 + 5_400), 9);
  });

  it("finds a burst in the middle", () => {
    const burst = [slice(0, 60, 60, 0), slice(60, 10, 10, 600), slice(70, 110, 110, 0)];
    expect(peak(burst, 90)).toBeCloseTo(600 / (600 + 5_400), 9);
  });
});

describe("words", () => {
  it("tell times and shares as coarsely as they are known", () => {
    const spans = [0.25, 42.4, 119, 2_460, 90_000].map((seconds) => roughly(seconds * 1e6));
    expect(spans).toEqual(["0.25 s", "42s", "1m59s", "41m", "1d1h"]);
    expect([0.1, 0.00042, 0.0316].map(percent)).toEqual(["10.0 %", "0.042 %", "3.2 %"]);
  });
});
