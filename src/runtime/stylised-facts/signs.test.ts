import { describe, expect, it } from "vitest";
import { Luck, surveyOf, tapeOf } from "../../../test/planted-market.ts";
import { OrderTape } from "./order-tape.ts";
import { signMemory } from "./signs.ts";
import { Cell, type MarketTape } from "./tape.ts";

const SECONDS_PER_ORDER = 0.1;

/** A tape of market orders with these signs, one every tenth of a second. */
function tapeWith(signs: readonly number[]): MarketTape {
  const cells: Cell[] = [];
  const cellAt = (time: number): Cell => {
    const index = Math.floor(time / 6e10);
    while (cells.length <= index) cells.push(new Cell());
    return cells[index]!;
  };
  const orders = new OrderTape(0, cellAt);
  signs.forEach((sign, i) => {
    const time = i * SECONDS_PER_ORDER * 1e9;
    orders.advance(time, 2_000);
    orders.print(time, sign, 1, 2_000);
    cellAt(time).prints += 1;
  });
  orders.finish(2_000);
  return tapeOf(new Int32Array(signs.length), { cells, runs: orders.runs });
}

/**
 * Signs of a Gaussian process whose correlation falls like ℓ^−γ: a sum of processes that forget
 * over spans a factor apart (their signs correlate by 2/π asin ρ, which is the same power).
 */
function longMemory(gamma: number, count: number, seed: number): readonly number[] {
  const luck = new Luck(seed, "signs");
  const spans = Array.from({ length: 14 }, (_, i) => 2 ** i);
  const weights = spans.map((span) => span ** -gamma);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const parts = spans.map(() => luck.normal());
  return Array.from({ length: count }, () => {
    let value = 0;
    spans.forEach((span, i) => {
      const keep = Math.exp(-1 / span);
      parts[i] = keep * parts[i]! + Math.sqrt(1 - keep * keep) * luck.normal();
      value += Math.sqrt(weights[i]! / total) * parts[i]!;
    });
    return value > 0 ? 1 : -1;
  });
}

describe("signMemory", () => {
  it.each([0.4, 0.7])("recovers a planted exponent of %s", (gamma) => {
    const found = signMemory(surveyOf(tapeWith(longMemory(gamma, 60_000, 21))));
    const { value, interval } = found.measures[0]!.estimate!;
    expect(found.holds).toBe("yes");
    expect(Math.abs(value - gamma)).toBeLessThan(0.12);
    expect(interval!.low).toBeLessThan(gamma + 0.05);
    expect(interval!.high).toBeGreaterThan(gamma - 0.05);
  });

  it("finds none in tossed coins", () => {
    const luck = new Luck(22, "coins");
    const found = signMemory(surveyOf(tapeWith(Array.from({ length: 40_000 }, () => luck.sign()))));
    expect(found.holds).not.toBe("yes");
    const { interval } = found.measures.at(-1)!.estimate!;
    expect(interval!.low).toBeLessThan(0);
    expect(interval!.high).toBeGreaterThan(0);
  });

  it("does not take a market that only buys for one that remembers", () => {
    const luck = new Luck(23, "buyers");
    const signs = Array.from({ length: 40_000 }, () => (luck.uniform() < 0.9 ? 1 : -1));
    const next = signMemory(surveyOf(tapeWith(signs))).measures[2]!.estimate!;
    expect(Math.abs(next.value)).toBeLessThan(0.03);
  });
});
