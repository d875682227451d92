import { describe, expect, it } from "vitest";
import { isRefusal, meaningOf, meaningOfStatus } from "./wire-meaning.ts";

describe("the meaning of codes", () => {
  it("never takes for a refusal what may have happened", () => {
    for (const code of [10_000, 10_016, 10_019, 170_007, 170_146, 429, -999, 99_999_999, 131_001]) {
      expect([code, meaningOf(code)]).toEqual([code, "unknown-outcome"]);
    }
    for (const status of [500, 502, 503, 504, 301, 408, 418]) {
      expect([status, meaningOfStatus(status)]).toEqual([status, "unknown-outcome"]);
    }
  });

  it.each([
    [0, "done"],
    [110_001, "too-late"],
    [110_072, "duplicate"],
    [170_141, "duplicate"],
    [10_006, "rate-limited"],
    [10_004, "credentials"],
    [10_002, "clock"],
    [110_043, "unchanged"],
    [110_007, "funds"],
    [110_079, "busy"],
    [10_001, "refused"],
    [110_003, "refused"],
    [110_999, "refused"],
  ])("%i is %s", (code, meaning) => {
    expect(meaningOf(code)).toBe(meaning);
    expect(isRefusal(meaningOf(code))).toBe(meaning !== "done");
  });
});
