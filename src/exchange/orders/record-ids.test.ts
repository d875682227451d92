import { describe, expect, it } from "vitest";
import { RecordIds } from "./record-ids.ts";

describe("RecordIds", () => {
  it("gives names in the shape of a version 4 UUID, none of them twice", () => {
    const ids = [
      new RecordIds(1, "order"),
      new RecordIds(1, "execution"),
      new RecordIds(2, "order"),
    ];
    const names = ids.flatMap((each) => Array.from({ length: 20_000 }, () => each.next()));
    expect(new Set(names).size).toBe(60_000);
    const shape = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    expect(names.filter((name) => !shape.test(name))).toEqual([]);
  });

  it("gives the same names for the same seed", () => {
    const [a, b] = [new RecordIds(5, "order"), new RecordIds(5, "order")];
    expect([a.next(), a.next()]).toEqual([b.next(), b.next()]);
  });
});
