/** What was planned and done: bounded, with its ends, the last word of an instant. */
import { describe, expect, it } from "vitest";
import type { Micros } from "../core/domain/units.ts";
import { Trajectory } from "./trajectory.ts";

describe("a trajectory", () => {
  it("is thinned to its bound, the first and the last point kept", () => {
    const trajectory = new Trajectory();
    for (let k = 0; k < 10_000; k++) {
      trajectory.note(k as Micros, k / 10_000, null, k / 20_000);
      if (k % 97 !== 0 && k > 1300) continue;
      const { points } = trajectory;
      expect(points.length).toBeLessThanOrEqual(600);
      expect(points.at(-1)!.time).toBe(k);
      expect(points[0]!.time).toBe(0);
    }
    const times = trajectory.points.map(({ time }) => time);
    expect(times).toEqual([...times].toSorted((a, b) => a - b));
    expect(times.length).toBeGreaterThan(300);
    const gaps = times.slice(1, -1).map((time, k) => time - times[k]!);
    expect(new Set(gaps).size).toBe(1);
  });

  it("keeps the corridor inside the order, and shows none where advice may not lead", () => {
    const trajectory = new Trajectory();
    trajectory.note(1 as Micros, 0.02, 0.05, 0);
    trajectory.note(2 as Micros, 0.99, 0.05, 0.9);
    trajectory.note(3 as Micros, 0.5, null, 0.9);
    trajectory.note(3 as Micros, null, 0.05, 0.95);
    expect(trajectory.points).toEqual([
      { time: 1, planned: 0.02, low: 0, high: 0.07, filled: 0 },
      { time: 2, planned: 0.99, low: 0.94, high: 1, filled: 0.9 },
      { time: 3, planned: null, low: null, high: null, filled: 0.95 },
    ]);
  });

  it("learns a plan that it was not told, and keeps what it was", () => {
    const trajectory = new Trajectory();
    trajectory.note(1 as Micros, null, null, 0);
    trajectory.note(2 as Micros, 0.4, null, 0.1);
    trajectory.note(3 as Micros, null, null, 0.2);
    trajectory.note(4 as Micros, null, null, 0.3);
    const point = (time: number, planned: number) =>
      ({ time: time as Micros, planned, low: planned - 0.1, high: planned, filled: 1 }) as const;
    trajectory.learn([point(1, 0.2), point(2, 0.9), point(4, 0.6)]);
    expect(trajectory.points).toEqual([
      { time: 1, planned: 0.2, low: 0.1, high: 0.2, filled: 0 },
      { time: 2, planned: 0.4, low: null, high: null, filled: 0.1 },
      { time: 3, planned: null, low: null, high: null, filled: 0.2 },
      { time: 4, planned: 0.6, low: 0.5, high: 0.6, filled: 0.3 },
    ]);
  });
});
