import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SortedLevels } from "./sorted-levels.ts";

describe("SortedLevels", () => {
  it("knows the largest after any insertions and removals, equal ranks included", () => {
    const move = fc.record({ slot: fc.nat(19), rank: fc.integer({ min: -3, max: 3 }) });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
        const levels = new SortedLevels(20);
        const there = new Map<number, number>();
        for (const { slot, rank } of moves) {
          const held = there.get(slot);
          if (held === undefined) {
            levels.insert(rank, slot);
            there.set(slot, rank);
          } else {
            levels.remove(held, slot);
            there.delete(slot);
          }
          expect(levels.count).toBe(there.size);
          expect(levels.last).toBe(Math.max(...there.values(), Number.NEGATIVE_INFINITY));
          if (there.size > 0) expect(there.get(levels.lastSlot)).toBe(levels.last);
        }
      }),
    );
  });

  it("refuses to remove what is not there", () => {
    const levels = new SortedLevels(4);
    levels.insert(1, 2);
    expect(() => levels.remove(1, 3)).toThrow("not there");
    expect(() => levels.remove(2, 2)).toThrow("not there");
  });
});
