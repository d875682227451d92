import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordLog } from "./record-log.ts";

describe("RecordLog", () => {
  it("is read newest first, each record once, though others come between the pages", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        (wanted, limit) => {
          const log = new RecordLog<{ number: number; isWanted: boolean }>(1_000);
          for (const [number, isWanted] of wanted.entries()) log.push({ number, isWanted });
          const read: number[] = [];
          let cursor: number | undefined;
          do {
            const page = log.page(({ isWanted }) => isWanted, limit, cursor);
            read.push(...page.list.map(({ number }) => number));
            // A page that has a next one is full: nobody is sent on to an empty page.
            if (page.next !== undefined) expect(page.list.length).toBe(limit);
            cursor = page.next;
            log.push({ number: -1, isWanted: true });
          } while (cursor !== undefined);
          const expected = [...wanted.keys()].filter((number) => wanted[number]).toReversed();
          expect(read).toEqual(expected);
        },
      ),
    );
  });

  it("lets the oldest go above its capacity, and says which", () => {
    const gone: number[] = [];
    const log = new RecordLog<number>(10, (item) => gone.push(item));
    for (let k = 0; k < 35; k++) log.push(k);
    expect(log.size).toBe(10);
    const kept = log.page(() => true, 100).list;
    expect([...gone, ...kept.toReversed()]).toEqual(Array.from({ length: 35 }, (_, k) => k));
    // A cursor of what is gone leads nowhere, and not to others.
    expect(log.page(() => true, 5, gone.at(-1)!)).toEqual({ list: [], next: undefined });
  });
});
