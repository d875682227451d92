/** What `--data generated:…` may say. */
import { describe, expect, it } from "vitest";
import { generatedKnobs } from "./generated-data.ts";
import { CommandError } from "./output.ts";

describe("--data", () => {
  it("names recordings, or a generated market as it is, or one with knobs", () => {
    expect(generatedKnobs(["a.gz", "b.gz"])).toBeUndefined();
    expect(generatedKnobs(["generated.gz"])).toBeUndefined();
    expect(generatedKnobs(["generated"])).toEqual({});
    expect(generatedKnobs(["generated:pressure=-0.3,eventsPerSecond=50"])).toEqual({
      pressure: -0.3,
      eventsPerSecond: 50,
    });
  });

  it.each([
    [["generated:"], "is not one of eventsPerSecond (1 to 10000), pressure (-1 to 1)"],
    [["generated:presure=0.3"], '"presure=0.3" is not one of'],
    [["generated:pressure"], '"pressure" is not one of'],
    [["generated:pressure=1=2"], "is not one of"],
    [["generated:toString=1"], "is not one of"],
    [["generated:pressure=1.01"], "pressure must be a number from -1 to 1, not 1.01"],
    [["generated:pressure=much"], "must be a number"],
    [["generated:pressure="], "must be a number"],
    [["generated:eventsPerSecond=0"], "eventsPerSecond must be a number from 1 to 10000, not 0"],
    [["generated:eventsPerSecond=1e9"], "must be a number"],
    [["generated:pressure=0.1,pressure=0.2"], "pressure is given twice"],
    [["generated", "a.gz"], "stands alone"],
    [["generated", "generated"], "stands alone"],
  ])("refuses %j", (data, text) => {
    expect(() => generatedKnobs(data)).toThrow(CommandError);
    expect(() => generatedKnobs(data)).toThrow(text);
  });
});
