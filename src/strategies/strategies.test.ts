/**
 * Every strategy under its contract (the promises are in src/testing/contract.ts), and the registry
 * that finds them. What the engine makes of them: test/laws.
 */
import { describe, expect, it } from "vitest";
import { REGISTERED } from "../../test/laws/registered.ts";
import { planOf } from "../../test/strategy-slices.ts";
import { conformanceSuite } from "../testing/index.ts";
import { findStrategy, strategies } from "./registry.ts";

describe.each(REGISTERED)("$strategy.name, for any plan and parameters", (mine) => {
  for (const { name, group, run } of conformanceSuite(mine))
    if (group === "contract") it(name, run);

  it("is bound to nothing that was not checked", () => {
    expect(() => mine.strategy.bind({ noSuchParameter: 3 }, planOf())).toThrow("unchecked");
  });
});

describe("the registry", () => {
  it("finds each strategy under its own name", () => {
    const names = ["twap", "vwap", "pov", "is", "ow", "iceberg", "peg", "chase"];
    expect([...strategies.keys()]).toEqual(names);
    for (const [name, strategy] of strategies) {
      expect(strategy.name).toBe(name);
      expect(findStrategy(name)).toEqual({ ok: true, value: strategy });
    }
  });

  it("an unknown name is answered with the known ones", () => {
    expect(findStrategy("twop")).toMatchInlineSnapshot(`
      {
        "error": {
          "code": "STRATEGY_UNKNOWN",
          "text": "no strategy is named "twop"; known are twap, vwap, pov, is, ow, iceberg, peg, chase",
        },
        "ok": false,
      }
    `);
  });
});
