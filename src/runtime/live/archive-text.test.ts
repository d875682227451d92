/** What a checkpoint has archived is read back as it was, whatever its orders and fills had. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Archive } from "../../core/execution/saved-state.ts";
import { archiveText, parseArchive } from "./archive-text.ts";

/** Objects that differ in which members they have, as orders and fills do. */
const thing = fc
  .dictionary(
    fc.constantFrom("a", "b", "limitPrice", "closeText", "cancels"),
    fc.oneof(
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.constant(undefined),
      fc.record({ sent: fc.nat(), againAt: fc.record({ deep: fc.nat() }) }),
      fc.constant({}),
      fc.array(fc.nat(), { maxLength: 2 }),
    ),
    { noNullPrototype: true },
  )
  .map((members) => ({ ...members }));
const things = fc.array(thing, { maxLength: 4 });
const piece = fc.record({
  id: fc.string(),
  closed: fc.array(fc.tuple(thing, thing).map(([order, terms]) => ({ ...order, terms }))),
  fills: fc.array(fc.tuple(thing, thing).map(([executed, fill]) => ({ ...executed, fill }))),
  markouts: things,
  reasonings: fc.array(fc.string(), { maxLength: 3 }),
});

/** Absent is undefined, as JSON has it. */
const asJson = (archive: unknown): unknown => JSON.parse(JSON.stringify(archive));

describe("an archive", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 3 }), (pieces) => {
        const archive = pieces as unknown as Archive;
        expect(parseArchive(archiveText(archive))).toEqual(asJson(archive));
      }),
    );
  });

  it("in which nothing was done is no text", () => {
    expect(archiveText([])).toBe("");
  });
});
