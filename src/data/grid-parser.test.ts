import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Decimal, decimal, formatDecimal } from "../core/domain/decimal.ts";
import { type Instrument, parsePrice, parseQuantity } from "../core/domain/instrument.ts";
import { lots } from "../core/domain/units.ts";
import {
  floorQuantity,
  NOT_A_NUMBER,
  OFF_GRID,
  priceParser,
  quantityParser,
} from "./grid-parser.ts";

const instrument = (tickSize: Decimal, lotSize: Decimal): Instrument => ({
  venue: "test",
  symbol: "AB",
  kind: "linear",
  base: "A",
  quote: "B",
  tickSize,
  lotSize,
  contractSize: decimal("1"),
  minLots: lots(1),
  maxLimitLots: lots(1000),
  maxMarketLots: lots(1000),
  minNotional: decimal("0"),
});

const step = fc.record({
  mantissa: fc.oneof(
    fc.constantFrom(1n, 5n, 10n, 25n, 100n),
    fc.bigInt({ min: 1n, max: 10n ** 17n }),
  ),
  scale: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 18 })),
});

const DIGITS = "0123456789-+.e ";

/** On the grid, near it, far off it, and things that are no numbers at all. */
const text = (grid: Decimal): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .tuple(fc.bigInt({ min: -3n, max: 2n ** 33n }), fc.integer({ min: 0, max: 4 }))
      .map(([count, zeros]) => {
        const scale = grid.scale + zeros;
        return formatDecimal({ mantissa: count * grid.mantissa * 10n ** BigInt(zeros), scale });
      }),
    fc
      .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 20 }))
      .map(([mantissa, scale]) => formatDecimal({ mantissa, scale })),
    fc.string({ unit: fc.constantFrom(...DIGITS), maxLength: 24 }),
    fc.constantFrom("", ".", "1.", ".5", "+1", "-0", "00012.50", "NaN", "Infinity", "1e3", "١"),
  );

const example = fc
  .tuple(step, step)
  .chain(([tick, lot]) => fc.tuple(fc.constant(instrument(tick, lot)), text(tick), text(lot)));

describe("grid parser", () => {
  it("gives the exact parser's answer for every text: no price is ever off by a float", () => {
    fc.assert(
      fc.property(example, ([grid, priceText, quantityText]) => {
        const price = parsePrice(grid, priceText);
        const quantity = parseQuantity(grid, quantityText);
        const none = (code: string): number =>
          code === "DECIMAL_SYNTAX" ? NOT_A_NUMBER : OFF_GRID;
        expect(priceParser(grid)(priceText)).toBe(price.ok ? price.value : none(price.error.code));
        expect(quantityParser(grid)(quantityText)).toBe(
          quantity.ok ? quantity.value : none(quantity.error.code),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it("reads what venues write", () => {
    const grid = instrument(decimal("0.10"), decimal("0.00001"));
    const price = priceParser(grid);
    expect(price("61800.20")).toBe(618002);
    expect(price("61800.20000000")).toBe(618002);
    expect(price("61800.25")).toBe(OFF_GRID);
    expect(price("0.00")).toBe(OFF_GRID);
    expect(price("214748364.60")).toBe(2147483646);
    expect(price("214748364.70")).toBe(OFF_GRID);
    expect(quantityParser(grid)("3.78826000")).toBe(378826);
    expect(quantityParser(grid)("0.00000000")).toBe(0);
  });

  it("rounds a quantity between two lots down, and only down", () => {
    const grid = instrument(decimal("0.01"), decimal("0.00001"));
    expect(floorQuantity(grid, "25.42618900")).toBe(2542618);
    expect(floorQuantity(grid, "0.00000900")).toBe(0);
    expect(floorQuantity(grid, "-1")).toBe(OFF_GRID);
    expect(floorQuantity(grid, "9".repeat(30))).toBe(OFF_GRID);
  });
});
