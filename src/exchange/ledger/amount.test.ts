import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimal } from "../../core/domain/decimal.ts";
import { AMOUNT_SCALE, amountOf, amountText, perDecimal, timesDecimal } from "./amount.ts";

describe("amounts", () => {
  it("are written without trailing zeros, and rounded half away from zero where asked", () => {
    expect(amountText(amountOf("12.3400"))).toBe("12.34");
    expect(amountText(amountOf("-0.000"))).toBe("0");
    expect(amountText(amountOf("100"))).toBe("100");
    expect(amountText(amountOf("0.000000005"), 8)).toBe("0.00000001");
    expect(amountText(amountOf("-0.000000005"), 8)).toBe("-0.00000001");
    expect(amountText(amountOf("-0.0000000049"), 8)).toBe("0");
  });

  it("keep every digit on the way to text and back", () => {
    const anyAmount = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
    fc.assert(
      fc.property(anyAmount, (amount) => {
        expect(amountOf(amountText(amount))).toBe(amount);
      }),
    );
  });

  it("are multiplied and divided by decimals with one rounding", () => {
    expect(amountText(timesDecimal(amountOf("64250.1"), decimal("0.00055")))).toBe("35.337555");
    expect(amountText(perDecimal(amountOf("64250"), decimal("12.5")))).toBe("5140");
    const third = perDecimal(amountOf("1"), decimal("3"));
    expect(amountText(third)).toBe(`0.${"3".repeat(AMOUNT_SCALE)}`);
  });
});
