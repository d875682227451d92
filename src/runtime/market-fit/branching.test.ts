/** What market orders set off comes back from a planted process. */
import { describe, expect, it } from "vitest";
import { Draws } from "../../simulation/generated/draws.ts";
import { HawkesProcess } from "../../simulation/generated/flow-hawkes.ts";
import { fitBranching } from "./branching.ts";
import type { TakerOrder } from "./flow-tape.ts";

const DECAYS = [
  { perSecond: 8, share: 0.7 },
  { perSecond: 0.2, share: 0.3 },
];

function planted(same: number, other: number, seed: number, count: number): TakerOrder[] {
  const profile = {
    base: [1, 1],
    branching: [
      [same, other],
      [other, same],
    ],
    decays: DECAYS,
  };
  const hawkes = new HawkesProcess(profile, 0);
  const draws = new Draws(seed, "planted-hawkes");
  return Array.from({ length: count }, (_, k) => {
    hawkes.advance(draws.at(k));
    return { at: hawkes.nextAt, isBuy: hawkes.nextKind === 0, lots: 1 };
  });
}

describe("branching", () => {
  it("comes back from a planted process, for each side apart", () => {
    for (const [same, other] of [
      [0.5, 0.1],
      [0.1, 0.4],
      [0, 0],
    ] as const) {
      const orders = planted(same, other, 11, 8_000);
      const fit = fitBranching(orders, [8, 0.2])!;
      expect(Math.abs(fit.same - same)).toBeLessThan(0.07);
      expect(Math.abs(fit.other - other)).toBeLessThan(0.07);
    }
  });

  it("is not told from a handful of orders", () => {
    expect(fitBranching(planted(0.5, 0.1, 3, 100), [8, 0.2])).toBeUndefined();
  });
});
