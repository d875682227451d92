import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateColumns } from "../../data/event-file/rows.ts";
import { packRows, unpackRows } from "./kept-rows.ts";

const COLUMNS = { ...allocateColumns(50), length: 50 };
for (let row = 0; row < 50; row++) {
  COLUMNS.exchangeTime[row] = 1e15 + row;
  COLUMNS.localTime[row] = 1e15 + 7 * row;
  COLUMNS.kind[row] = row % 6;
  COLUMNS.price[row] = 60_000 - row;
  COLUMNS.quantity[row] = row * 0x1_0000_0000;
}
const place = fc.tuple(fc.nat(49), fc.nat(49)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);

describe("kept rows", () => {
  it("come back as they were, from wherever in the columns", () => {
    fc.assert(
      fc.property(place, fc.nat(), ([from, to], first) => {
        const back = unpackRows(packRows(COLUMNS, from!, to!, first), first);
        expect(back).toEqual({
          exchangeTime: COLUMNS.exchangeTime.slice(from, to),
          localTime: COLUMNS.localTime.slice(from, to),
          kind: COLUMNS.kind.slice(from, to),
          price: COLUMNS.price.slice(from, to),
          quantity: COLUMNS.quantity.slice(from, to),
          length: to! - from!,
        });
      }),
    );
  });

  it("are not taken for rows once a bit has changed, they are cut, or stand elsewhere", () => {
    const packed = packRows(COLUMNS, 3, 20, 1000);
    fc.assert(
      fc.property(fc.nat(packed.length * 8 - 1), fc.nat(packed.length - 1), (bit, length) => {
        const changed = packed.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(unpackRows(changed, 1000)).toBeUndefined();
        expect(unpackRows(packed.subarray(0, length), 1000)).toBeUndefined();
        expect(unpackRows(packed, 1001)).toBeUndefined();
      }),
    );
  });
});
