import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SecondsWindow, VolatilityWindow, VolumeProfile } from "./windows.ts";

describe("the volume of the newest seconds", () => {
  it("counts the current second and drops what is as old as the window", () => {
    const window = new SecondsWindow(3);
    window.add(100, 5);
    window.add(101, 7);
    expect([101, 102, 103, 104].map((second) => window.sum(second))).toEqual([12, 12, 7, 0]);
  });

  it("does not take volume older than the window for new, however late it is added", () => {
    const window = new SecondsWindow(3);
    window.sum(104);
    window.add(100, 5); // 100 and 104 share a bucket of the ring
    window.add(102, 1);
    expect(window.sum(104)).toBe(1);
    expect(window.sum(105)).toBe(0);
  });

  it("is the sum over (now − window, now], whatever is added and asked when", () => {
    const moves = fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 90 }),
        late: fc.integer({ min: 0, max: 70 }),
        lots: fc.integer({ min: 0, max: 50 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 61 }), moves, (seconds, steps) => {
        const window = new SecondsWindow(seconds);
        const added: { readonly second: number; readonly lots: number }[] = [];
        let now = 1_000;
        for (const { after, late, lots } of steps) {
          now += after;
          window.sum(now);
          window.add(now - late, lots);
          added.push({ second: now - late, lots });
          const inside = added.filter((entry) => entry.second > now - seconds);
          expect(window.sum(now)).toBe(inside.reduce((sum, entry) => sum + entry.lots, 0));
        }
      }),
    );
  });

  it("is refused where it makes no sense", () => {
    expect(() => new SecondsWindow(0)).toThrow(/window/);
    expect(() => new SecondsWindow(3_601)).toThrow(/window/);
  });
});

describe("realised volatility", () => {
  const feed = (mids: readonly number[]): VolatilityWindow => {
    const window = new VolatilityWindow();
    for (const mid of mids) window.sample(mid);
    return window;
  };

  it("is unknown before two mids", () => {
    expect(feed([]).perHour).toEqual({ value: 0, coverage: 0 });
    expect(feed([100]).perHour).toEqual({ value: 0, coverage: 0 });
  });

  it("is scaled to an hour and says how much of one was seen", () => {
    const return10s = Math.log(101 / 100);
    const { value, coverage } = feed([100, 101, 100, 101]).perHour;
    expect(coverage).toBeCloseTo(3 / 360, 12);
    expect(value).toBeCloseTo(Math.abs(return10s) * Math.sqrt(360), 12);
  });

  it("does not take the jump over a break for a return", () => {
    const window = feed([100]);
    window.interrupt();
    window.sample(200);
    window.sample(200);
    expect(window.perHour).toEqual({ value: 0, coverage: 1 / 360 });
  });

  it("forgets what is older than an hour", () => {
    const window = feed([100, 200]);
    for (let k = 0; k < 360; k++) window.sample(200);
    expect(window.perHour).toEqual({ value: 0, coverage: 1 });
  });

  it("assures only what was realised until a quarter of an hour's worth is known", () => {
    const early = feed([100, 101]);
    expect(early.assured).toBeCloseTo(Math.log(1.01), 12);
    const later = feed(Array.from({ length: 120 }, (_, k) => (k % 2 === 0 ? 100 : 101)));
    expect(later.assured).toBeCloseTo(later.perHour.value, 12);
    expect(later.assured).toBeGreaterThan(early.assured);
  });
});

describe("the volume profile", () => {
  it("scales a minute from the seconds of it that were seen", () => {
    const profile = new VolumeProfile();
    const midnight = 86_400 * 20_000;
    for (let second = 0; second < 15; second++) profile.add(midnight + 60 + second, 4);
    expect(profile.minute(1)).toEqual({ value: 240, coverage: 0.25 });
    expect(profile.minute(2)).toEqual({ value: 0, coverage: 0 });
    expect(profile.day).toEqual({ value: 4 * 86_400, coverage: 15 / 86_400 });
  });

  it("starts a minute of the day anew on the next day", () => {
    const profile = new VolumeProfile();
    profile.add(0, 100);
    profile.add(60, 1);
    profile.add(86_400, 7);
    expect(profile.minute(0)).toEqual({ value: 420, coverage: 1 / 60 });
  });

  it("keeps a minute of the day before, until the next day has come to it", () => {
    const profile = new VolumeProfile();
    const today = 20_000;
    const at = (day: number, minute: number): number => day * 86_400 + minute * 60;
    profile.add(at(today - 1, 5), 3);
    profile.add(at(today - 1, 6), 4);
    expect(profile.minuteOn(today - 1, 5)).toEqual({ value: 180, coverage: 1 / 60 });
    profile.add(at(today, 5), 7);
    expect(profile.minuteOn(today, 5)).toEqual({ value: 420, coverage: 1 / 60 });
    expect(profile.minuteOn(today - 1, 5)).toEqual({ value: 180, coverage: 1 / 60 });
    expect(profile.minuteOn(today - 1, 6)).toEqual({ value: 240, coverage: 1 / 60 });
    expect(profile.minuteOn(today, 6)).toEqual({ value: 0, coverage: 0 });
    profile.add(at(today + 1, 5), 1);
    expect(profile.minuteOn(today - 1, 5).coverage).toBe(0);
    expect(profile.minuteOn(today, 5).value).toBe(420);
  });

  it("does not take a minute that is seen again for one of the day before", () => {
    const profile = new VolumeProfile();
    for (const [second, lots] of [
      [0, 100],
      [86_400, 5],
      [86_460, 1],
      [86_400, 7],
    ] as const) {
      profile.add(second, lots);
    }
    expect(profile.minuteOn(1, 0).value).toBe(420);
    expect(profile.minuteOn(0, 0).value).toBe(6000);
  });
});
