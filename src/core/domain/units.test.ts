import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvariantError } from "./errors.ts";
import {
  addLots,
  addMicros,
  atTick,
  DAY,
  excessLots,
  floorToLots,
  halfTicks,
  HOUR,
  lots,
  maxLots,
  micros,
  midOf,
  minLots,
  MINUTE,
  NEVER,
  SECOND,
  subtractLots,
  ticks,
} from "./units.ts";

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });

describe("units", () => {
  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)])(
    "halts on %d, which is no exact count",
    (value) => {
      for (const make of [ticks, halfTicks, micros, lots]) {
        expect(() => make(value)).toThrow(InvariantError);
      }
    },
  );

  it("lets prices, times and mids be negative, and quantities never", () => {
    expect(ticks(-1)).toBe(-1);
    expect(halfTicks(-1)).toBe(-1);
    expect(micros(-1)).toBe(-1);
    expect(() => lots(-1)).toThrow(/never negative/);
  });

  it("adds and takes away lots inside the safe integers, or halts", () => {
    fc.assert(
      fc.property(count, count, (a, b) => {
        const sum = a + b;
        if (Number.isSafeInteger(sum)) expect(addLots(lots(a), lots(b))).toBe(sum);
        else expect(() => addLots(lots(a), lots(b))).toThrow(InvariantError);
        const [less, more] = [lots(Math.min(a, b)), lots(Math.max(a, b))];
        expect(subtractLots(more, less)).toBe(more - less);
        if (less < more) expect(() => subtractLots(less, more)).toThrow(InvariantError);
        expect(excessLots(more, less)).toBe(more - less);
        expect(excessLots(less, more)).toBe(0);
        expect(minLots(less, more)).toBe(less);
        expect(maxLots(less, more)).toBe(more);
      }),
    );
  });

  it("rounds an estimate of lots down and never under zero", () => {
    expect(floorToLots(2.999)).toBe(2);
    expect(floorToLots(-0.5)).toBe(0);
    expect(() => floorToLots(Number.NaN)).toThrow(InvariantError);
    expect(() => floorToLots(2 ** 53)).toThrow(InvariantError);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 52, noNaN: true }), (estimate) => {
        const floored = floorToLots(estimate);
        expect(floored <= estimate && estimate < floored + 1).toBe(true);
      }),
    );
  });

  it("holds a mid exactly, half ticks and all", () => {
    expect(midOf(ticks(100), ticks(101))).toBe(201);
    expect(atTick(ticks(100))).toBe(midOf(ticks(100), ticks(100)));
  });

  it("counts time in micros", () => {
    expect(addMicros(micros(5), SECOND)).toBe(1_000_005);
    expect([MINUTE / SECOND, HOUR / MINUTE, DAY / HOUR]).toEqual([60, 60, 24]);
    expect(Date.UTC(2200, 0, 1) * 1000).toBeLessThan(NEVER);
  });
});
