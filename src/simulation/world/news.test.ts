import { describe, expect, it } from "vitest";
import {
  DEFAULT_NEWS,
  NewsCalendar,
  type NewsConfig,
  newsFaults,
  type NewsPlan,
  NewsPlanner,
  scriptedPlans,
} from "./news.ts";

/** 2026-03-02, 00:00 UTC. */
const START = 1_772_409_600;
const HOUR = 3_600;
const HOURS = 24 * 120;

const plansOf = (config: Partial<NewsConfig>, symbol: string | undefined, seed = 1): NewsPlan[] => {
  const planner = new NewsPlanner(seed, { ...DEFAULT_NEWS, ...config }, "perpetual", symbol);
  return Array.from({ length: HOURS }, (_, h) => planner.hour(START / HOUR + h)).flat();
};

const isFirst = ({ id }: NewsPlan): boolean => /-\d+-\d+$/.test(id);

describe("NewsPlanner", () => {
  const own = plansOf({}, "BTCUSDT");

  it("has as many items a day as configured, and as much chatter", () => {
    const first = own.filter(isFirst).filter(({ id }) => id.split("-").length === 3);
    // 960 expected: a Poisson number's standard deviation is 31.
    expect(Math.abs(first.length - 8 * 120)).toBeLessThan(110);
    const noise = first.filter(({ magnitude }) => magnitude === 0).length / first.length;
    expect(Math.abs(noise - 0.6)).toBeLessThan(0.06);
  });

  it("draws sizes between the bounds, few of them large, and good and bad alike", () => {
    const events = own.filter(({ magnitude }) => magnitude > 0);
    const sizes = events.map(({ magnitude }) => magnitude).toSorted((a, b) => a - b);
    expect(sizes[0]!).toBeGreaterThanOrEqual(0.4 * DEFAULT_NEWS.leastMagnitude);
    expect(sizes.at(-1)!).toBeLessThanOrEqual(DEFAULT_NEWS.mostMagnitude);
    expect(sizes[Math.floor(sizes.length / 2)]!).toBeLessThan(0.15);
    const good = events.filter(({ direction }) => direction > 0).length / events.length;
    expect(Math.abs(good - 0.5)).toBeLessThan(0.1);
    expect(events.every(({ direction, story }) => direction === story)).toBe(true);
  });

  it("denies some rumours: later, the other way, by the same amount", () => {
    const rumours = new Map(own.filter(({ kind }) => kind === "rumour").map((r) => [r.id, r]));
    const denials = own.filter(({ kind }) => kind === "denial");
    expect(denials.length).toBeGreaterThan(10);
    for (const denial of denials) {
      const rumour = rumours.get(denial.id.replace(/-denial$/, ""))!;
      expect(denial.second).toBeGreaterThan(rumour.second);
      expect(denial.direction * denial.magnitude).toBe(-rumour.direction * rumour.magnitude);
    }
  });

  it("comes in clusters: follow-ups are later, smaller, and only of stories that go on", () => {
    const follow = own.filter(({ id }) => id.split("-").length === 4 && !id.endsWith("denial"));
    expect(follow.length).toBeGreaterThan(20);
    for (const item of follow) {
      const cause = own.find(({ id }) => id === item.id.replace(/-\d+$/, ""))!;
      expect(item.kind).toBe(cause.kind);
      expect(item.second).toBeGreaterThan(cause.second);
      expect(item.magnitude).toBeCloseTo(0.4 * cause.magnitude, 12);
    }
    expect(follow.some(({ kind }) => kind === "macro-print" || kind === "listing")).toBe(false);
  });

  it("publishes figures on the half hour", () => {
    const prints = plansOf({}, undefined).filter(({ kind }) => kind === "macro-print");
    expect(prints.length).toBeGreaterThan(20);
    expect(prints.every(({ second }) => second % 1_800 === 0)).toBe(true);
  });

  it("tells one symbol's story apart from another's, and the market's to both", () => {
    const other = plansOf({}, "ETHUSDT");
    expect(other.map(({ second }) => second)).not.toEqual(own.map(({ second }) => second));
    expect(own.every(({ symbols }) => symbols[0] === "BTCUSDT")).toBe(true);
    expect(plansOf({}, undefined).every(({ symbols }) => symbols[0] === "*")).toBe(true);
    expect(plansOf({}, undefined)).toEqual(plansOf({}, undefined));
  });
});

describe("NewsCalendar", () => {
  const planner = (): NewsPlanner =>
    new NewsPlanner(1, { ...DEFAULT_NEWS, ownPerDay: 48 }, "perpetual", "BTCUSDT");

  it("releases each item once, in order, however time is stepped", () => {
    const end = START + 30 * HOUR;
    const fine = new NewsCalendar([planner()], [], START);
    const one: NewsPlan[] = [];
    for (let s = START; s <= end; s++) one.push(...fine.upTo(s));
    const coarse = new NewsCalendar([planner()], [], START);
    const two: NewsPlan[] = [];
    for (let s = START; s <= end; s += 7_000) two.push(...coarse.upTo(s));
    two.push(...coarse.upTo(end));
    expect(one.length).toBeGreaterThan(40);
    expect(two).toEqual(one);
    expect(new Set(one.map(({ id }) => id)).size).toBe(one.length);
    expect(one.map(({ second }) => second)).toEqual(
      one.map(({ second }) => second).toSorted((a, b) => a - b),
    );
  });

  it("has the same items whenever it begins, but for those that were before", () => {
    const from = (start: number): NewsPlan[] => [
      ...new NewsCalendar([planner()], [], start).upTo(START + 48 * HOUR),
    ];
    const late = START + 20 * HOUR + 17;
    expect(from(late)).toEqual(from(START).filter(({ second }) => second >= late));
  });
});

describe("scriptedPlans", () => {
  it("takes what concerns the symbol, from the start on", () => {
    const item = { atSeconds: 10, direction: 1, magnitude: 0.5 } as const;
    const script = [
      item,
      { ...item, symbols: ["ETHUSDT"] },
      { ...item, symbols: ["*"], atSeconds: 20, delaySeconds: 5 },
      { ...item, direction: 0 } as const,
    ];
    const plans = scriptedPlans(script, "BTCUSDT", START);
    expect(plans.map(({ id }) => id)).toEqual(["BTCUSDT-script-1", "script-3", "BTCUSDT-script-4"]);
    expect(plans.map(({ second }) => second - START)).toEqual([10, 20, 10]);
    expect(plans.map(({ delaySeconds }) => delaySeconds)).toEqual([60, 5, 60]);
    expect(plans.map(({ magnitude }) => magnitude)).toEqual([0.5, 0.5, 0]);
  });
});

describe("newsFaults", () => {
  it("says what is wrong, by path", () => {
    expect(newsFaults(DEFAULT_NEWS)).toEqual([]);
    const script = [{ atSeconds: -1, direction: 1, magnitude: 1 }] as const;
    const wrong = { ...DEFAULT_NEWS, ownPerDay: -1, split: "all" as "test", script };
    expect(newsFaults(wrong).map(({ path }) => path)).toEqual(["ownPerDay", "split", "script.0"]);
  });
});
