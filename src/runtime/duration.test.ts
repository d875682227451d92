import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros } from "../core/domain/units.ts";
import { formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  it.each([
    ["250ms", 250_000],
    ["5s", 5_000_000],
    ["3m", 180_000_000],
    ["1h", 3_600_000_000],
    ["1h30m", 5_400_000_000],
    ["1m500ms", 60_500_000],
    ["0.25ms", 250],
    ["7us", 7],
    ["2d", 172_800_000_000],
    ["0s", 0],
  ])("reads %s", (text, expected) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: expected });
  });

  it.each([
    "",
    "5",
    "s",
    "5 s",
    "-5s",
    "+5s",
    "5S",
    "5sec",
    "1e3s",
    "5s1h",
    "5s5s",
    "1.5us",
    ".5s",
  ])("refuses %j: a wrong span must not be guessed", (text) => {
    expect(parseDuration(text)).toMatchObject({ ok: false, error: { code: "DURATION_SYNTAX" } });
  });

  it("refuses what does not fit a safe integer", () => {
    expect(parseDuration("999999999999999d").ok).toBe(false);
  });

  it("reads back what formatDuration writes", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (span) => {
        expect(parseDuration(formatDuration(micros(span)))).toEqual({ ok: true, value: span });
      }),
    );
    expect(formatDuration(micros(90_000_000))).toBe("1m30s");
  });
});
