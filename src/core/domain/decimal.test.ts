import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareDecimal,
  countSteps,
  decimal,
  divideHalfAway,
  formatDecimal,
  multiplyDecimal,
  parseDecimal,
  rescale,
  toNumber,
  trimDecimal,
} from "./decimal.ts";

/** Digits as a venue may write them: no plus, no leading zeros, no minus zero. */
const canonical = fc
  .record({
    negative: fc.boolean(),
    whole: fc.bigInt({ min: 0n, max: 10n ** 40n - 1n }),
    fraction: fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 40 }),
  })
  .map(({ negative, whole, fraction }) => {
    const digits = fraction === "" ? `${whole}` : `${whole}.${fraction}`;
    return negative && /[1-9]/.test(digits) ? `-${digits}` : digits;
  });

const anyDecimal = canonical.map(decimal);

describe("decimal text", () => {
  it("keeps every digit, there and back", () => {
    fc.assert(
      fc.property(canonical, (text) => {
        expect(formatDecimal(decimal(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["0", 0n, 0],
    ["-0", 0n, 0],
    ["+1.50", 150n, 2],
    ["007", 7n, 0],
    ["-0.0000000000001", -1n, 13],
    ["9007199254740993", 9_007_199_254_740_993n, 0],
  ])("reads %s", (text, mantissa, scale) => {
    expect(parseDecimal(text)).toEqual({ ok: true, value: { mantissa, scale } });
  });

  it.each(["", " ", "1 ", ".5", "5.", "1e3", "1,000", "0x10", "NaN", "Infinity", "--1", "1.2.3"])(
    "refuses %j: a venue that sends it has changed",
    (text) => {
      expect(parseDecimal(text)).toEqual({ ok: false, error: { code: "DECIMAL_SYNTAX", text } });
    },
  );

  it("refuses more digits than it promises, and quotes no more of them than needed", () => {
    const parsed = parseDecimal("1".repeat(500));
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error.text).toHaveLength(60);
    expect(parseDecimal(`0.${"1".repeat(41)}`).ok).toBe(false);
  });

  it("halts on a bad decimal that the program wrote itself", () => {
    expect(() => decimal("1e3")).toThrow(/not a decimal/);
  });
});

describe("decimal arithmetic", () => {
  it("trims only zeros that say nothing", () => {
    expect(formatDecimal(trimDecimal(decimal("1200.3400")))).toBe("1200.34");
    expect(formatDecimal(trimDecimal(decimal("1200")))).toBe("1200");
    expect(formatDecimal(trimDecimal(decimal("0.000")))).toBe("0");
  });

  it("compares by value, whatever the scale", () => {
    fc.assert(
      fc.property(anyDecimal, anyDecimal, (a, b) => {
        const difference =
          a.mantissa * 10n ** BigInt(b.scale) - b.mantissa * 10n ** BigInt(a.scale);
        expect(compareDecimal(a, b)).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0);
        expect(compareDecimal(a, trimDecimal(a))).toBe(0);
      }),
    );
  });

  it("multiplies exactly", () => {
    fc.assert(
      fc.property(anyDecimal, anyDecimal, (a, b) => {
        const exact = { mantissa: a.mantissa * b.mantissa, scale: a.scale + b.scale };
        expect(compareDecimal(multiplyDecimal(a, b), exact)).toBe(0);
      }),
    );
  });

  it("moves to a finer scale and back, and refuses to lose digits", () => {
    fc.assert(
      fc.property(anyDecimal, fc.nat(20), (value, more) => {
        const finer = rescale(value, value.scale + more);
        expect(rescale({ mantissa: finer, scale: value.scale + more }, value.scale)).toBe(
          value.mantissa,
        );
      }),
    );
    expect(() => rescale(decimal("0.05"), 1)).toThrow(/digits lost/);
  });

  it("counts whole steps, rounding down under zero too", () => {
    expect(countSteps(decimal("1.05"), decimal("0.1"))).toEqual({ count: 10n, exact: false });
    expect(countSteps(decimal("1.0"), decimal("0.1"))).toEqual({ count: 10n, exact: true });
    expect(countSteps(decimal("-1.05"), decimal("0.1"))).toEqual({ count: -11n, exact: false });
    expect(() => countSteps(decimal("1"), decimal("0"))).toThrow(/positive/);
    const step = fc.bigInt({ min: 1n, max: 10n ** 12n });
    fc.assert(
      fc.property(anyDecimal, step, fc.nat(12), (value, mantissa, scale) => {
        const { count, exact } = countSteps(value, { mantissa, scale });
        const below = { mantissa: count * mantissa, scale };
        expect(compareDecimal(below, value)).toBe(exact ? 0 : -1);
        const above = { mantissa: (count + 1n) * mantissa, scale };
        expect(compareDecimal(above, value)).toBe(1);
      }),
    );
  });

  it("divides, rounding half away from zero on both sides", () => {
    const cases = [
      [5n, 2n, 3n],
      [-5n, 2n, -3n],
      [4n, 3n, 1n],
      [-4n, 3n, -1n],
      [0n, 7n, 0n],
    ] as const;
    for (const [numerator, denominator, quotient] of cases) {
      expect(divideHalfAway(numerator, denominator)).toBe(quotient);
    }
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), (numerator, denominator) => {
        const quotient = divideHalfAway(numerator, denominator);
        const twiceOff = 2n * (quotient * denominator - numerator);
        expect(twiceOff <= denominator && -twiceOff <= denominator).toBe(true);
        expect(divideHalfAway(-numerator, denominator)).toBe(-quotient);
      }),
    );
  });

  it("gives the nearest double, for display and estimates", () => {
    expect(toNumber(decimal("0.1"))).toBe(0.1);
    expect(toNumber(decimal("-64312.5"))).toBe(-64312.5);
  });
});
