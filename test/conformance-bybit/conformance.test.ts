import { describe, expect, it } from "vitest";
import { conform } from "./conformance.ts";
import { FIXTURES, hasFixtures } from "./examples.ts";
import { compare } from "./shape.ts";

const why = hasFixtures() ? "" : ` (skipped: ${FIXTURES} is not there)`;

describe(`the local exchange and Bybit's own examples${why}`, () => {
  it.skipIf(!hasFixtures())("agree wherever it covers them", async () => {
    const verdicts = await conform();
    const wrong = verdicts.filter(({ outcome }) => outcome === "mismatch");
    expect(wrong).toEqual([]);
    // A guard whose examples have moved would guard nothing in silence.
    const validated = verdicts.filter(({ outcome }) => outcome === "validated");
    expect(validated.length).toBeGreaterThan(120);
  });
});

describe("the comparison", () => {
  const enums = new Map([["side", new Set(["Buy", "Sell"])]]);
  const faultsOf = (example: object, ours: object): string[] =>
    compare(example, ours, enums).faults;

  it("finds what is missing, of another kind, or not in Bybit's table", () => {
    const example = { list: [{ side: "Buy", price: "1.5", size: 3, isOpen: true }], cursor: "x" };
    const same = { list: [{ side: "Sell", price: "7", size: 4, isOpen: false }], cursor: "" };
    expect(faultsOf(example, same)).toEqual([]);
    expect(faultsOf(example, { list: [{ side: "buy", price: 1.5, size: 0.5 }] })).toEqual([
      'list[].side: "buy" is not in Bybit\'s table',
      "list[].price: number 1.5, not string",
      "list[].size: 0.5 is not whole",
      "list[].isOpen: missing",
      "cursor: missing",
    ]);
    expect(faultsOf({ price: "1" }, { price: "high" })).toEqual(['price: "high" is no number']);
    expect(faultsOf({ b: [["1", "2"]] }, { b: [["1"]] })).toEqual(["b[]: 1 places, not 2"]);
  });

  it("takes a list without records for a list, and says so", () => {
    const { faults, empty } = compare({ list: [{ a: 1 }] }, { list: [] }, enums);
    expect({ faults, empty }).toEqual({ faults: [], empty: ["list"] });
  });
});
