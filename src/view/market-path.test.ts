/** The market by second: what is sampled when, and what is not known. */
import { describe, expect, it } from "vitest";
import { type Micros, SECOND } from "../core/domain/units.ts";
import type { Observer } from "../core/market/observer.ts";
import { GENERATED_INSTRUMENT } from "../simulation/generated/market.ts";
import { MarketPath } from "./market-path.ts";

const START = 1_700_049_600;
const STALE = (2 * SECOND) as Micros;
const at = (second: number): Micros => ((START + second) * 1e6) as Micros;

/** The four members of an observer that a path reads. */
class Told {
  bid = 1000;
  ask = 1002;
  volume = 0;
  bookAt = at(0);
  state = "healthy";
  health(now: Micros, staleAfter: Micros): string {
    return this.state === "healthy" && now - this.bookAt > staleAfter ? "stale" : this.state;
  }
}
const pathOf = (told: Told): MarketPath => new MarketPath(told as unknown as Observer);

describe("the path of a market", () => {
  it("takes each second as it stood at its end", () => {
    const told = new Told();
    const path = pathOf(told);
    expect(path.points(GENERATED_INSTRUMENT)).toEqual([]);
    expect(path.totalsAt(at(0))).toBeUndefined();
    path.advanceTo(at(0), STALE);
    told.volume = 30;
    told.bookAt = at(0.5);
    expect(path.advanceTo(at(0.9), STALE)).toBe(false);
    expect(path.advanceTo(at(1), STALE)).toBe(true);
    [told.bid, told.ask, told.volume] = [1010, 1020, 50];
    told.bookAt = at(1.5);
    path.advanceTo(at(2), STALE);
    expect(path.points(GENERATED_INSTRUMENT)).toEqual([
      { time: at(1), bid: 100, ask: 100.2, volume: 0.03 },
      { time: at(2), bid: 101, ask: 102, volume: 0.02 },
    ]);
    expect(path.totals).toMatchObject({ seconds: 2, bid: 2010, ask: 2022 });
    expect(path.totalsAt(at(0))).toMatchObject({ seconds: 0 });
    expect(path.totalsAt(at(1.99))).toMatchObject({ seconds: 1, ask: 1002 });
    expect(path.totalsAt(at(2))).toMatchObject({ seconds: 2 });
    // Before it began nothing is known.
    expect(path.totalsAt(at(-0.1))).toBeUndefined();
  });

  it("has no price in a second without a healthy book, and counts none", () => {
    const told = new Told();
    const path = pathOf(told);
    path.advanceTo(at(0), STALE);
    told.bookAt = at(0.5);
    path.advanceTo(at(10), STALE);
    const points = path.points(GENERATED_INSTRUMENT);
    expect(points.map(({ bid }) => bid)).toEqual([100, 100, ...Array<null>(8).fill(null)]);
    expect(path.totals.seconds).toBe(2);
    told.state = "crossed";
    told.bookAt = at(10.5);
    path.advanceTo(at(11), STALE);
    expect(path.points(GENERATED_INSTRUMENT).at(-1)).toMatchObject({ bid: null, ask: null });
    expect(path.totals.seconds).toBe(2);
  });

  it("keeps an hour, and gets over a silence of days at once", () => {
    const told = new Told();
    const path = pathOf(told);
    for (let second = 0; second <= 4000; second++) {
      path.advanceTo(at(second), STALE);
      told.bookAt = at(second + 0.5);
    }
    const points = path.points(GENERATED_INSTRUMENT);
    expect(points).toHaveLength(3600);
    expect(points[0]!.time).toBe(at(401));
    expect(path.totals.seconds).toBe(4000);
    expect(path.totalsAt(at(100))).toBeUndefined();
    expect(path.totalsAt(at(2000))).toMatchObject({ seconds: 2000 });
    path.advanceTo(at(30 * 86_400), STALE);
    const later = path.points(GENERATED_INSTRUMENT);
    expect(later).toHaveLength(3600);
    expect(later.every(({ bid, volume }) => bid === null && volume === 0)).toBe(true);
    expect(path.totalsAt(at(30 * 86_400))!.seconds).toBe(4002);
  });
});
