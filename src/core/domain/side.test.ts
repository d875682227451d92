import { describe, expect, it } from "vitest";
import { crosses, morePassive, opposite, sign } from "./side.ts";
import { ticks } from "./units.ts";

describe("side", () => {
  it("mirrors", () => {
    expect([sign("buy"), sign("sell")]).toEqual([1, -1]);
    expect([opposite("buy"), opposite("sell")]).toEqual(["sell", "buy"]);
  });

  it.each([
    ["buy", 100, 101, 100],
    ["buy", 101, 100, 100],
    ["sell", 100, 101, 101],
    ["sell", 101, 100, 101],
    ["buy", 100, 100, 100],
  ] as const)("the more passive %s of %d and %d is %d", (side, a, b, passive) => {
    expect(morePassive(side, ticks(a), ticks(b))).toBe(passive);
  });

  it.each([
    ["buy", 100, 100, true],
    ["buy", 101, 100, true],
    ["buy", 99, 100, false],
    ["sell", 100, 100, true],
    ["sell", 99, 100, true],
    ["sell", 101, 100, false],
  ] as const)("a %s at %d against a level at %d: %s", (side, price, level, trades) => {
    expect(crosses(side, ticks(price), ticks(level))).toBe(trades);
  });
});
