import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newParentId } from "./parent-id.ts";

describe("a parent id", () => {
  it("is short, of letters and digits, and tells runs apart until the year 5000", () => {
    const millis = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(5000, 0, 1) });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(millis, chance, chance, (at, one, two) => {
        const id = newParentId(at, () => one);
        // With a child's number behind it, at most 36 characters; the engine takes 20.
        expect(id).toMatch(/^r[0-9a-z]{10,12}$/);
        expect(newParentId(at + 1, () => two)).not.toBe(id);
      }),
    );
  });

  it("two that begin in one millisecond are told apart by chance", () => {
    const at = Date.UTC(2026, 10, 23);
    expect(newParentId(at, () => 0.1)).not.toBe(newParentId(at, () => 0.2));
  });
});
