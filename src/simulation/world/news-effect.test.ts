import { describe, expect, it } from "vitest";
import { NewsEffect, pricedShare } from "./news-effect.ts";

function run(effect: NewsEffect, from: number, to: number): void {
  for (let second = from; second <= to; second++) effect.step(second);
}

describe("NewsEffect", () => {
  it("takes an item into the value over its delay, quickly at first, and exactly", () => {
    const effect = new NewsEffect();
    effect.add(100, -1, 0.7, 200);
    run(effect, 100, 100);
    expect(effect.priced).toBeCloseTo(0, 12);
    run(effect, 101, 200);
    expect(effect.priced).toBeCloseTo(-0.7 * 0.75, 12);
    run(effect, 201, 300);
    expect(effect.priced).toBe(-0.7);
    run(effect, 301, 9_999);
    expect(effect.priced).toBe(-0.7);
    expect(effect.lean).toBe(0);
  });

  it("leans the way of what is not in the value yet", () => {
    const effect = new NewsEffect();
    effect.add(0, 1, 0.5, 100);
    run(effect, 0, 10);
    const early = effect.lean;
    run(effect, 11, 90);
    expect(early).toBeGreaterThan(effect.lean);
    expect(effect.lean).toBeGreaterThan(0);
  });

  it("makes a market busy, which fades, and never more than fourfold", () => {
    const effect = new NewsEffect();
    expect(effect.burst).toBe(1);
    effect.add(0, 1, 0.4, 60);
    expect(effect.burst).toBeCloseTo(2, 12);
    for (let i = 0; i < 20; i++) effect.add(0, 1, 1, 60);
    expect(effect.burst).toBe(4);
    run(effect, 0, 20_000);
    expect(effect.burst).toBe(1);
  });

  it("sums what comes together", () => {
    const effect = new NewsEffect();
    effect.add(0, 1, 1, 50);
    effect.add(10, -1, 0.25, 400);
    run(effect, 0, 100);
    expect(effect.priced).toBeCloseTo(1 - 0.25 * pricedShare(90, 400), 12);
    run(effect, 101, 500);
    expect(effect.priced).toBe(0.75);
  });

  it("is not moved by noise at all", () => {
    const effect = new NewsEffect();
    effect.add(0, 0, 1, 60);
    effect.add(0, 1, 0, 60);
    run(effect, 0, 100);
    expect([effect.priced, effect.lean, effect.burst]).toEqual([0, 0, 1]);
  });
});

describe("pricedShare", () => {
  it("goes from 0 to 1 and never back", () => {
    const shares = Array.from({ length: 140 }, (_, i) => pricedShare(i - 20, 100));
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBe(1);
    for (let i = 1; i < shares.length; i++)
      expect(shares[i]!).toBeGreaterThanOrEqual(shares[i - 1]!);
    expect(pricedShare(0, 0)).toBe(1);
  });
});
