/**
 * Rotation: where files are cut and what they are called.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileName, nextBoundary } from "./rotation.ts";

const BASE = 1_800_000_000;

describe("the next boundary", () => {
  it("is a whole multiple of the span since 1970, and later", () => {
    expect(nextBoundary(0, BASE, 3600e9)).toBe(3600e9);
    expect(nextBoundary(3600e9, BASE, 3600e9)).toBe(7200e9);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 7_000_000_000_000_000 }),
        fc.constantFrom(1e9, 60e9, 3600e9, 7 * 86_400e9),
        (time, every) => {
          const next = nextBoundary(time, BASE, every);
          expect(next).toBeGreaterThan(time);
          expect(next - time).toBeLessThanOrEqual(every);
          expect((BigInt(BASE) * 1_000_000_000n + BigInt(next)) % BigInt(every)).toBe(0n);
        },
      ),
    );
  });
});

describe("the name of a file", () => {
  it("tells the first row's time, and sorts as times do", () => {
    expect(fileName("bybit-linear-BTCUSDT", BASE, 1.5e9)).toBe(
      "bybit-linear-BTCUSDT-20270115T080001.500Z.arrival",
    );
    fc.assert(
      fc.property(fc.nat(8e6), fc.nat(8e6), (a, b) => {
        const [one, other] = [a, b].map((millis) => fileName("x", BASE, millis * 1e6 * 1000));
        expect(Math.sign(one! < other! ? -1 : one! > other! ? 1 : 0)).toBe(Math.sign(a - b));
      }),
    );
  });
});
