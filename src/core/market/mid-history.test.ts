/**
 * What a user loses if this fails: an advisor would be told moves of a price that it did not make,
 * or patterns where there are none.
 */
import { describe, expect, it } from "vitest";
import { streamOf, uniformAt } from "../domain/random.ts";
import { MidHistory } from "./mid-history.ts";

const FIRST = 170_000_000;
const DRAWS = streamOf("mid history");

/** Steps of so many half ticks, one a slot. */
function walked(steps: readonly number[], from = 100_000): MidHistory {
  const mids = new MidHistory();
  let mid = from;
  steps.forEach((step, k) => mids.add(FIRST + k, (mid += step)));
  return mids;
}

const drawn = (count: number, stream: number): number[] =>
  Array.from({ length: count }, (_, k) => (uniformAt(stream, DRAWS, k) < 0.5 ? -10 : 10));

describe("the mid history", () => {
  it("knows the mid of a slot for an hour, and what is missing is missing", () => {
    const mids = walked([0, 1, 2]);
    mids.add(FIRST + 5, 7);
    expect([-1, 0, 1, 2, 3, 5].map((k) => mids.at(FIRST + k))).toEqual([
      undefined,
      100_000,
      100_001,
      100_003,
      undefined,
      7,
    ]);
    expect(mids.move(FIRST + 2, 2)).toBeCloseTo(3e-5, 9);
    expect(mids.move(FIRST + 5, 1)).toBeUndefined();
    const long = walked(Array.from({ length: 600 }, () => 1));
    expect(long.at(FIRST + 599)).toBe(100_600);
    expect(long.at(FIRST + 599 - 360)).toBe(100_240);
    expect(long.at(FIRST)).toBeUndefined();
  });

  it("spans what was seen of the last hour, the mid now among it", () => {
    expect(new MidHistory().range(5)).toBeUndefined();
    const mids = walked([0, -7, 12]);
    expect(mids.range(100_001)).toEqual({ low: 99_993, high: 100_005, seconds: 20 });
    expect(mids.range(99_000)).toMatchObject({ low: 99_000 });
    const long = walked([500, ...Array.from({ length: 400 }, () => 0), -1]);
    expect(long.range(100_499)).toEqual({ low: 100_499, high: 100_500, seconds: 3_600 });
  });

  it("tells a trend and a return to the mean from a walk, where there is enough of it", () => {
    expect(walked(drawn(50, 1)).varianceRatio).toBeUndefined();
    expect(walked(drawn(360, 1)).varianceRatio).toBeGreaterThan(0.6);
    expect(walked(drawn(360, 1)).varianceRatio).toBeLessThan(1.5);
    const trend = Array.from({ length: 360 }, (_, k) => (Math.floor(k / 24) % 2 === 0 ? 10 : -10));
    expect(walked(trend).varianceRatio).toBeGreaterThan(3);
    const back = Array.from({ length: 360 }, (_, k) => (k % 2 === 0 ? 10 : -10));
    expect(walked(back).varianceRatio).toBeLessThan(0.1);
    expect(walked(Array.from({ length: 360 }, () => 0)).varianceRatio).toBeUndefined();
  });

  it("tells who goes with whom, of what both have seen", () => {
    const steps = drawn(360, 2);
    const own = walked(steps);
    expect(own.correlation(walked(steps, 5_000))).toBeGreaterThan(0.99);
    expect(own.correlation(walked(steps.map((step) => -step)))).toBeLessThan(-0.99);
    expect(Math.abs(own.correlation(walked(drawn(360, 3)))!)).toBeLessThan(0.5);
    expect(own.correlation(walked(steps.slice(0, 100)))).toBeUndefined();
    expect(own.correlation(new MidHistory())).toBeUndefined();
  });
});
