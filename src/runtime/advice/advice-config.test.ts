/** What a user loses if this fails: an advisor would take a quiet hour for a busy one. */
import { describe, expect, it } from "vitest";
import { hourlyVolumeOf } from "./advice-config.ts";

const learned = { markets: 3 };
const mean = (values: readonly number[]) =>
  values.reduce((sum, one) => sum + one, 0) / values.length;

describe("the usual volume of each hour", () => {
  it("is that of a curve that was learned of a day, however fine it is", () => {
    const coarse = hourlyVolumeOf({ curve: { over: "day", weights: [1, 3], learned } })!;
    expect(coarse).toHaveLength(24);
    expect([coarse[0], coarse[11], coarse[12], coarse[23]]).toEqual([0.5, 0.5, 1.5, 1.5]);
    const weights = Array.from({ length: 1440 }, (_, k) => (k < 60 ? 5 : 1));
    const fine = hourlyVolumeOf({ curve: { over: "day", weights, learned } })!;
    expect(fine[0]! / fine[1]!).toBeCloseTo(5, 3);
    const odd = hourlyVolumeOf({ curve: { over: "day", weights: [1, 2, 3, 4, 5], learned } })!;
    for (const hours of [coarse, fine, odd]) expect(mean(hours)).toBeCloseTo(1, 3);
  });

  it.each([
    [{}],
    [{ curve: "u-shape" }],
    [{ curve: [1, 2] }],
    [{ curve: { over: "day", weights: [1, 2] } }],
    [{ curve: { over: "plan", weights: [1, 2], learned } }],
    [{ curve: { over: "day", weights: [0, 0], learned } }],
    [{ curve: { over: "day", weights: [1, -1], learned } }],
    [{ curve: { over: "day", weights: "many", learned } }],
  ])("is not known of %j", (parameters) => {
    expect(hourlyVolumeOf(parameters)).toBeUndefined();
  });
});
