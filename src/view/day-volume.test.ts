/** What a trader loses if this fails: a busy hour would pass for a usual one, or the other way. */
import { describe, expect, it } from "vitest";
import { DAY, type Micros } from "../core/domain/units.ts";
import { VolumeProfile } from "../core/market/windows.ts";
import { dayVolume } from "./day-volume.ts";

const TODAY = 20_000;
const QUARTERS = 96;
const QUARTER = 900;
const NOW = (TODAY * DAY + 1) as Micros;
const units = (lots: number): number => lots / 10;

/** A profile of quarters: on a day, in a quarter, so many seconds with so many lots each. */
function seen(...quarters: (readonly [day: number, quarter: number, lots: number, of?: number])[]) {
  const profile = new VolumeProfile();
  for (const [day, quarter, lots, of = QUARTER] of quarters) {
    const from = day * 86_400 + quarter * QUARTER;
    for (let second = 0; second < of; second++) profile.add(from + second, lots);
  }
  return profile;
}

describe("the day's volume against what is usual", () => {
  it("is not known before anything was seen", () => {
    const { usualFrom, curve, quarters } = dayVolume(new VolumeProfile(), NOW, units);
    expect([usualFrom, curve, quarters.length]).toEqual(["even-day", null, QUARTERS]);
    expect(new Set(quarters.map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"traded":null,"usual":null}']),
    );
  });

  it("has an even day at the level of what was seen, where nothing better is known", () => {
    const profile = seen([TODAY, 0, 2], [TODAY, 1, 4, 450]);
    const { usualFrom, quarters } = dayVolume(profile, NOW, units);
    expect(usualFrom).toBe("even-day");
    expect(quarters[0]!.traded).toEqual({ value: 180, coverage: 1 });
    expect(quarters[1]!.traded!.value).toBeCloseTo(360, 10);
    expect(quarters[1]!.traded!.coverage).toBeCloseTo(0.5, 10);
    expect(quarters[2]!.traded).toBeNull();
    // 360 units in one quarter and a half.
    for (const { usual } of quarters) expect(usual).toBeCloseTo(240, 8);
  });

  it("takes a curve's shape, and its level from what was seen", () => {
    const profile = seen([TODAY - 1, 95, 1], [TODAY, 0, 3]);
    const { usualFrom, curve, quarters } = dayVolume(profile, NOW, units, {
      name: "learned day",
      // Three times as much in the first half of the day as in the second.
      shareBy: (moment) => (moment < 0.5 ? 1.5 * moment : 0.5 + 0.5 * moment),
    });
    expect([usualFrom, curve]).toEqual(["curve", "learned day"]);
    expect(quarters[0]!.usual).toBeCloseTo(270, 10);
    expect(quarters[95]!.usual).toBeCloseTo(90, 10);
    // Yesterday's last quarter is not today's.
    expect(quarters[95]!.traded).toBeNull();
  });

  it("takes the day before itself, once half of it was seen", () => {
    const before = (count: number) =>
      Array.from({ length: count }, (_, k) => [TODAY - 1, k, k + 1] as const);
    const tooLittle = seen(...before(47), [TODAY, 0, 7]);
    const curve = { name: "given day", shareBy: (moment: number) => moment };
    expect(dayVolume(tooLittle, NOW, units, curve)).toMatchObject({ usualFrom: "curve" });
    const enough = seen(...before(48), [TODAY - 1, 48, 1, 449], [TODAY, 0, 7]);
    const told = dayVolume(enough, NOW, units, curve);
    expect(told).toMatchObject({ usualFrom: "day-before", curve: null });
    expect(told.quarters[0]).toEqual({ traded: { value: 630, coverage: 1 }, usual: 90 });
    expect(told.quarters[47]!.usual).toBe(48 * 90);
    // Of this one less than half was seen.
    expect(told.quarters[48]!.usual).toBeNull();
    // A day later it is another day's.
    const later = dayVolume(enough, (NOW + DAY) as Micros, units);
    expect(later).toMatchObject({ usualFrom: "even-day" });
    expect(later.quarters[0]!.traded).toBeNull();
  });
});
