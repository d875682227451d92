import { describe, expect, it } from "vitest";
import { nearest } from "./config-names.ts";

const known = ["participation", "participationWindow", "orderNotional", "spreadToCrossBps"];

describe("nearest", () => {
  it.each([
    ["participaton", "participation"],
    ["order_notional", "orderNotional"],
    ["SPREAD-TO-CROSS", "spreadToCrossBps"],
    ["participationwindw", "participationWindow"],
  ])("takes %s for %s", (name, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });

  it.each(["colour", "x", ""])("has no guess for %j", (name) => {
    expect(nearest(name, known)).toBeUndefined();
  });

  it("does not spend time on a name of a megabyte", () => {
    expect(nearest("y".repeat(1_000_000), known)).toBeUndefined();
  });
});
