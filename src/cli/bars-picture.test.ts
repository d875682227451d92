import { describe, expect, it } from "vitest";
import { micros } from "../core/domain/units.ts";
import type { Bar } from "../data/bars.ts";
import type { CurveBucket } from "../data/volume-curve-learning.ts";
import { generatedHeader } from "../simulation/generated/market.ts";
import { barsSvg } from "./bars-picture.ts";
import { profileSvg } from "./profile-picture.ts";

const startAt = micros(Date.UTC(2026, 0, 5, 23, 59) * 1000);
const { instrument } = generatedHeader({ seed: 1, startAt, duration: micros(1e6) });

const barAt = (minute: number, close: number | null, gaps = 0): Bar => ({
  start: BigInt(startAt) * 1000n + BigInt(minute) * 60_000_000_000n,
  open: close === null ? null : 1000,
  high: close === null ? null : Math.max(1000, close) + 5,
  low: close === null ? null : Math.min(1000, close) - 5,
  close,
  volume: close === null ? 0n : 10n,
  buyVolume: 0n,
  trades: close === null ? 0 : 1,
  vwapTicks: close,
  midHalfTicks: null,
  spreadTicks: null,
  gaps,
});

const count = (svg: string, part: string): number => svg.split(part).length - 1;

describe("the picture of bars", () => {
  it("tells a rise from a fall without colours, and shows what is not known", () => {
    const bars = [barAt(0, 1010), barAt(1, 990), barAt(2, null, 1), barAt(3, 1000)];
    const svg = barsSvg(instrument, bars, "a < b & c");
    expect(svg).toContain("a &lt; b &amp; c");
    expect(count(svg, 'fill="#fff" stroke')).toBe(2);
    expect(count(svg, 'fill="#143e7a" stroke')).toBe(1);
    expect(count(svg, 'fill-opacity="0.12"')).toBe(1);
    // The day is said again where it changes.
    expect(svg).toContain(">2026-01-05 23:59:00<");
    expect(svg).toContain(">2026-01-06 00:00:00<");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("joins neighbours where there are too many, and says so", () => {
    const bars = Array.from({ length: 1000 }, (_, minute) => barAt(minute, 1000 + (minute % 7)));
    const svg = barsSvg(instrument, bars, "many");
    expect(svg).toContain("a candle is 7 bars");
    expect(count(svg, 'stroke="#143e7a"/><rect')).toBe(Math.ceil(1000 / 7));
  });

  it.each([[[barAt(0, null)]], [[barAt(0, 1000)]]])(
    "stands where there is nothing to see",
    (bars) => {
      expect(barsSvg(instrument, bars, "one")).not.toMatch(/NaN|Infinity|undefined/);
    },
  );
});

describe("the picture of a volume profile", () => {
  const bucket = (at: number, share: number, days: number): CurveBucket => ({
    from: at / 24,
    until: (at + 1) / 24,
    share,
    standardError: days > 1 ? 0.01 : null,
    coverage: days > 0 ? 1 : 0,
    days,
  });

  it("begins with what was recorded, and hatches what was not between", () => {
    const shares = [0.4, 0, 0.6];
    const buckets = Array.from({ length: 24 }, (_, at) =>
      at >= 9 && at < 12 && at !== 10 ? bucket(at, shares[at - 9]!, 2) : bucket(at, 0, 0),
    );
    const svg = profileSvg({ over: "day", buckets, days: [], leftOut: [] }, "profile");
    expect(count(svg, 'fill="#5b83b5"')).toBe(2);
    expect(count(svg, 'fill="url(#unseen)"')).toBe(1);
    expect(count(svg, 'stroke="#111"')).toBe(2);
    expect(svg).toContain(">09:00<");
    expect(svg).not.toContain(">08:00<");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});
