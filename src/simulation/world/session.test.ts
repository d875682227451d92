import { describe, expect, it } from "vitest";
import { DAY, HOUR, type Micros } from "../../core/domain/units.ts";
import { DEFAULT_SESSION, Session, type SessionConfig, sessionFaults } from "./session.ts";

/** Monday, 2 March 2026, 00:00 UTC. */
const MONDAY = 1_772_409_600_000_000;
const MINUTE = 60_000_000;

const of = (config: Partial<SessionConfig>): Session =>
  new Session({ ...DEFAULT_SESSION, ...config });

function meanOver(session: Session, from: number): number {
  let sum = 0;
  for (let minute = 0; minute < 1_440; minute++) {
    sum += session.at((from + minute * MINUTE) as Micros);
  }
  return sum / 1_440;
}

const atHour = (session: Session, day: number, hour: number): number =>
  session.at((MONDAY + day * DAY + hour * HOUR) as Micros);

describe("Session", () => {
  it.each(["crypto", "equity", "flat"] as const)("%s: a working day's mean is 1", (shape) => {
    for (const day of [0, 1, 4, 7]) {
      expect(meanOver(of({ shape }), MONDAY + day * DAY)).toBeCloseTo(1, 12);
    }
  });

  it("is busiest in the European afternoon and quietest in the European night", () => {
    const session = of({});
    const hours = Array.from({ length: 24 }, (_, hour) => atHour(session, 0, hour));
    expect(hours.indexOf(Math.max(...hours))).toBeGreaterThanOrEqual(14);
    expect(hours.indexOf(Math.max(...hours))).toBeLessThanOrEqual(16);
    expect(Math.min(...hours)).toBeGreaterThan(0.4);
    expect(Math.max(...hours)).toBeLessThan(2.2);
    // Asia's own peak: more than the hours on either side of it.
    expect(hours[1]!).toBeGreaterThan(hours[22]!);
    expect(hours[1]!).toBeGreaterThan(hours[4]!);
  });

  it("goes down to the weekend factor and back, without a jump at midnight", () => {
    const session = of({ weekend: 0.5 });
    const flat = of({ weekend: 1 });
    const factor = (day: number, hour: number): number =>
      atHour(session, day, hour) / atHour(flat, day, hour);
    expect(factor(4, 23.9)).toBe(1);
    expect(factor(5, 0.02)).toBeCloseTo(1, 2);
    expect(factor(5, 12)).toBeCloseTo(0.5, 12);
    expect(factor(6, 12)).toBeCloseTo(0.5, 12);
    expect(factor(6, 23.98)).toBeCloseTo(1, 2);
    expect(factor(7, 0)).toBe(1);
  });

  it("has a U over an equity session and next to nothing outside it", () => {
    const session = of({ shape: "equity" });
    const open = atHour(session, 0, 14.6);
    const noon = atHour(session, 0, 17.75);
    const close = atHour(session, 0, 20.9);
    expect(open).toBeGreaterThan(1.7 * noon);
    expect(close).toBeGreaterThan(open);
    expect(atHour(session, 0, 12)).toBeLessThan(0.1 * noon);
    expect(atHour(session, 5, 17)).toBeLessThan(0.02 * noon);
  });

  it("says what is wrong with its settings", () => {
    expect(sessionFaults(DEFAULT_SESSION)).toEqual([]);
    const wrong = { shape: "night" as "flat", weekend: -1, opensAtHour: 21, closesAtHour: 14 };
    expect(sessionFaults(wrong).map(({ path }) => path)).toEqual([
      "shape",
      "weekend",
      "opensAtHour",
    ]);
  });
});
