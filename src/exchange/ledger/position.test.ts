import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INVERSE, LINEAR } from "../../../test/exchange/ladder-market.ts";
import { sign } from "../../core/domain/side.ts";
import { atTick, lots, micros, ticks } from "../../core/domain/units.ts";
import { amountText } from "./amount.ts";
import { Position } from "./position.ts";
import { Worth } from "./worth.ts";

const AT = micros(1);
const linear = new Worth(LINEAR);
const inverse = new Worth(INVERSE);

function fill(position: Position, worth: Worth, signed: number, price: number) {
  const quantity = lots(Math.abs(signed));
  const value = worth.at(atTick(ticks(price)), quantity);
  return position.fill(signed > 0 ? "buy" : "sell", quantity, value, AT);
}

describe("Position", () => {
  it("means the price that was paid, and gives up its share of it", () => {
    const position = new Position(0, linear);
    fill(position, linear, 100, 640_000);
    fill(position, linear, 300, 644_000);
    expect(linear.meanPrice(position.cost, position.size)).toBe("64300");
    const { closed, profit } = fill(position, linear, -200, 650_000);
    expect([closed, amountText(profit)]).toEqual([200, "140"]);
    expect(linear.meanPrice(position.cost, position.size)).toBe("64300");
  });

  it("turns: closes what there is and opens the rest at the new price", () => {
    const position = new Position(0, linear);
    fill(position, linear, -100, 640_000);
    const { closed, profit } = fill(position, linear, 250, 639_000);
    expect([closed, amountText(profit)]).toEqual([100, "10"]);
    expect([position.side, position.size]).toEqual(["buy", 150]);
    expect(linear.meanPrice(position.cost, position.size)).toBe("63900");
  });

  it("begins anew what it has realised when it is opened again", () => {
    const position = new Position(0, linear);
    fill(position, linear, 100, 640_000);
    position.note(5n);
    fill(position, linear, -100, 640_000);
    expect([position.realised, position.side, position.cost]).toEqual([5n, undefined, 0n]);
    fill(position, linear, 100, 640_000);
    expect([position.realised, position.cumulativeRealised]).toEqual([0n, 5n]);
  });

  it("means an inverse price as quantity over worth", () => {
    const position = new Position(0, inverse);
    // 6,000 dollars at 60,000 and 6,000 at 40,000: 0.1 + 0.15 bitcoin, 48,000 a bitcoin.
    fill(position, inverse, 6_000, 120_000);
    fill(position, inverse, 6_000, 80_000);
    expect(Number(inverse.meanPrice(position.cost, position.size))).toBeCloseTo(48_000, 6);
    const { profit } = fill(position, inverse, -12_000, 120_000);
    expect(Number(amountText(profit))).toBeCloseTo(0.05, 12);
  });

  it("realises in all what came in less what was paid, exactly, however it is cut", () => {
    const anyFill = fc.tuple(
      fc.integer({ min: -500, max: 500 }).filter((signed) => signed !== 0),
      fc.integer({ min: 1, max: 2_000_000 }),
    );
    fc.assert(
      fc.property(fc.array(anyFill), fc.boolean(), (fills, isInverse) => {
        const worth = isInverse ? inverse : linear;
        const position = new Position(0, worth);
        let held = 0;
        let paid = 0n;
        let profit = 0n;
        for (const [signed, price] of fills) {
          const before = held;
          const change = fill(position, worth, signed, price);
          held += signed;
          const value = worth.at(atTick(ticks(price)), lots(Math.abs(signed)));
          paid += signed > 0 ? value : -value;
          profit += change.profit;
          const isClosing = Math.sign(before) === -Math.sign(signed);
          expect(change.closed).toBe(isClosing ? Math.min(Math.abs(before), Math.abs(signed)) : 0);
        }
        expect(position.side === undefined ? 0 : sign(position.side) * position.size).toBe(held);
        const cost = held < 0 ? -position.cost : position.cost;
        expect(profit).toBe(isInverse ? paid - cost : cost - paid);
        if (held === 0) expect(position.cost).toBe(0n);
      }),
    );
  });
});
