import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LobsterType } from "./lobster-rows.ts";
import { rowChanges, sameRow, sideOffset, step } from "./lobster-step.ts";

/** A row from `price x size` lists, best first. */
function rowOf(levels: number, asks: [number, number][], bids: [number, number][]): Int32Array {
  const row = new Int32Array(4 * levels);
  asks.slice(0, levels).forEach(([price, size], i) => row.set([price, size], 4 * i));
  bids.slice(0, levels).forEach(([price, size], i) => row.set([price, size], 4 * i + 2));
  return row;
}

const BEFORE = rowOf(
  2,
  [
    [105, 10],
    [107, 20],
  ],
  [
    [103, 5],
    [100, 6],
  ],
);
const after = (type: number, size: number, price: number, direction: 1 | -1) => {
  const into = new Int32Array(8);
  const known = step(BEFORE, { type, size, price, direction }, into);
  return { known, row: [...into] };
};

describe("step", () => {
  it("adds to a level, and puts a new one where it belongs", () => {
    expect(after(LobsterType.SUBMIT, 3, 105, -1)).toEqual({
      known: true,
      row: [105, 13, 103, 5, 107, 20, 100, 6],
    });
    expect(after(LobsterType.SUBMIT, 3, 104, 1)).toEqual({
      known: true,
      row: [105, 10, 104, 3, 107, 20, 103, 5],
    });
    expect(after(LobsterType.SUBMIT, 3, 106, -1).row).toEqual([105, 10, 103, 5, 106, 3, 100, 6]);
  });

  it("leaves a row alone that the message does not reach", () => {
    for (const [type, price] of [
      [LobsterType.SUBMIT, 99],
      [LobsterType.EXECUTE_HIDDEN, 103],
      [LobsterType.CROSS, 103],
      [LobsterType.HALT, -1],
      [LobsterType.DELETE, 99],
    ] as const) {
      expect(after(type, 5, price, 1)).toEqual({ known: true, row: [...BEFORE] });
    }
  });

  it("takes from a level, by cancellation, deletion and execution alike", () => {
    for (const type of [LobsterType.REDUCE, LobsterType.DELETE, LobsterType.EXECUTE]) {
      expect(after(type, 4, 105, -1).row[1]).toBe(6);
    }
  });

  it("does not know the level that comes into view where a full side loses one", () => {
    expect(after(LobsterType.EXECUTE, 5, 103, 1)).toEqual({
      known: false,
      row: [105, 10, 100, 6, 107, 20, 0, 0],
    });
    const into = new Int32Array(8);
    const thin = rowOf(2, [[105, 10]], [[103, 5]]);
    const message = { type: LobsterType.DELETE, size: 5, price: 103, direction: 1 };
    // The file shows that there was nothing further down.
    expect(step(thin, message, into)).toBe(true);
    expect([...into]).toEqual([105, 10, 0, 0, 0, 0, 0, 0]);
  });

  it("equals the next row of any book, in all that it says it knows", () => {
    const message = fc.record({
      type: fc.constantFrom(1, 1, 1, 2, 3, 4, 5),
      size: fc.integer({ min: 1, max: 3 }),
      offset: fc.integer({ min: 1, max: 12 }),
      direction: fc.constantFrom<1 | -1>(1, -1),
    });
    const run = fc.array(message, { minLength: 1, maxLength: 80 });
    let unknown = 0;
    fc.assert(
      fc.property(run, fc.integer({ min: 1, max: 4 }), (messages, levels) => {
        const books = { "1": new Map<number, number>(), "-1": new Map<number, number>() };
        const view = (): Int32Array =>
          rowOf(
            levels,
            [...books["-1"]].sort(([a], [b]) => a - b),
            [...books["1"]].sort(([a], [b]) => b - a),
          );
        for (const { type, size, offset, direction } of messages) {
          const book = books[direction];
          const price = 100 - direction * offset;
          const held = book.get(price) ?? 0;
          // Only what stands can be taken away.
          if (type !== 1 && type !== 5 && held < size) continue;
          const before = view();
          if (type === 1) book.set(price, held + size);
          else if (type !== 5) book.set(price, held - size);
          if (book.get(price) === 0) book.delete(price);
          const into = new Int32Array(4 * levels);
          const known = step(before, { type, size, price, direction }, into);
          if (!known) unknown += 1;
          expect(sameRow(into, view(), known ? undefined : sideOffset(direction))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
    expect(unknown).toBeGreaterThan(0);
  });
});

describe("row changes", () => {
  it("turn the first row into the second", () => {
    const level = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 }));
    const side = fc.uniqueArray(level, { maxLength: 3, selector: ([price]) => price });
    const sides = fc.tuple(side, side).map(([asks, bids]) => {
      const rising = asks.map(([price, size]): [number, number] => [price + 10, size]);
      return rowOf(
        3,
        rising.sort(([a], [b]) => a - b),
        bids.sort(([a], [b]) => b - a),
      );
    });
    fc.assert(
      fc.property(sides, sides, (before, now) => {
        const book = new Map<number, number>();
        const fill = (row: Int32Array): void => {
          for (let cell = 0; cell < row.length; cell += 2) {
            if (row[cell + 1]! > 0) book.set(row[cell]!, row[cell + 1]!);
          }
        };
        fill(before);
        let changes = 0;
        rowChanges(before, now, (_direction, price, size) => {
          changes += 1;
          expect(book.get(price) ?? 0).not.toBe(size);
          if (size > 0) book.set(price, size);
          else book.delete(price);
        });
        const rebuilt = new Map([...book].sort(([a], [b]) => a - b));
        book.clear();
        fill(now);
        expect(rebuilt).toEqual(new Map([...book].sort(([a], [b]) => a - b)));
        expect(changes === 0).toBe(sameRow(before, now));
      }),
    );
  });
});
