/** What `--strategies` may say, and what is wrong with what it may not. */
import { describe, expect, it } from "vitest";
import { armsOf } from "./arms.ts";

describe("armsOf", () => {
  it("reads strategies, parameters, urgency, tactics and labels", () => {
    expect(armsOf("twap, is:kappaT=3:urgency=1,slow=is:kappaT=1,twap@peg:to=mid:behindTicks=-1"))
      .toMatchInlineSnapshot(`
      [
        {
          "label": "twap",
          "strategy": {
            "name": "twap",
            "parameters": {},
          },
        },
        {
          "label": "is:kappaT=3:urgency=1",
          "strategy": {
            "name": "is",
            "parameters": {
              "kappaT": 3,
            },
          },
          "urgency": 1,
        },
        {
          "label": "slow",
          "strategy": {
            "name": "is",
            "parameters": {
              "kappaT": 1,
            },
          },
        },
        {
          "label": "twap@peg:to=mid:behindTicks=-1",
          "strategy": {
            "name": "twap",
            "parameters": {},
            "tactic": {
              "name": "peg",
              "parameters": {
                "behindTicks": -1,
                "to": "mid",
              },
            },
          },
        },
      ]
    `);
  });

  it("leaves commas and colons inside a value to the value", () => {
    const [first, second] = armsOf("vwap:curve=[3,2,1],pov");
    expect(first).toEqual({
      label: "vwap:curve=[3,2,1]",
      strategy: { name: "vwap", parameters: { curve: [3, 2, 1] } },
    });
    expect(second!.label).toBe("pov");
  });

  it("takes one strategy twice, with different parameters", () => {
    const labels = armsOf("twap,twap:slices=4,a=twap,b=twap").map(({ label }) => label);
    expect(labels).toEqual(["twap", "twap:slices=4", "a", "b"]);
  });

  it.each([
    ["twap,twap", "two arms are named twap"],
    ["a=twap,a=pov", "two arms are named a"],
    ["twap,,pov", "an arm is empty"],
    ["", "an arm is empty"],
    ["tvap", 'no strategy is named "tvap"; known are twap, vwap'],
    ["twap@follow", 'no tactic is named "follow"'],
    ["twap@peg@chase", "an arm has one tactic"],
    ["twap:slices", "Write key=value"],
    ["twap:slices=0:speed=1", "parameters.slices must be a whole number"],
    ["twap:slices=0:speed=1", "parameters.speed unknown parameter"],
    ["twap@peg:to=sky", "tactic.parameters.to must be touch or mid"],
    ["twap:urgency=2", "urgency must be a number from 0 to 1"],
    ["bybit-twap:urgency=1", "cannot be told that"],
    ["bybit-chase@peg", "cannot be told that"],
    ["bybit-twap:intervalSeconds=7", "must be one of 5, 10, 15, 30, 60, 120"],
  ])("says what is wrong with %j", (text, what) => {
    expect(() => armsOf(text)).toThrow(what);
  });
});
