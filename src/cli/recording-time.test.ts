import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoNanos } from "../data/export/table.ts";
import { parseRecordingTime } from "./recording-time.ts";

const nanosOf = (text: string): bigint | string => {
  const parsed = parseRecordingTime(text);
  return parsed.ok ? parsed.value.nanos : parsed.error;
};

describe("a time on the command line", () => {
  it.each([
    ["2024-08-08", "2024-08-08T00:00:00Z"],
    ["2024-08-08T23:55", "2024-08-08T23:55:00Z"],
    ["2024-08-08 23:55:01.5", "2024-08-08T23:55:01.500Z"],
    ["2024-08-08T23:55:01.000000001Z", "2024-08-08T23:55:01.000000001Z"],
    ["2024-08-09T01:55:00+02:00", "2024-08-08T23:55:00Z"],
    ["2024-08-08T18:25:00-0530", "2024-08-08T23:55:00Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"],
  ])("%s is %s", (text, iso) => {
    const parsed = parseRecordingTime(text);
    expect(parsed.ok && parsed.value.from).toBe("epoch");
    expect(isoNanos(nanosOf(text) as bigint)).toBe(iso);
  });

  it("behind a plus is a span from the start", () => {
    expect(parseRecordingTime("+1m30s")).toEqual({
      ok: true,
      value: { from: "start", nanos: 90_000_000_000n },
    });
  });

  it.each([
    "",
    "now",
    "+5",
    "+",
    "-5m",
    "2023-02-29",
    "2024-13-01",
    "2024-08-08T24:00:00",
    "2024-08-08T23:60",
    "2024-08-08T23:55:00.1234567890",
    "2024-08-08T23:55:00 UTC",
    "1969-12-31T23:59:59",
    "20240808",
  ])("is refused where it says nothing certain: %s", (text) => {
    expect(nanosOf(text)).toContain(text);
    expect(typeof nanosOf(text)).toBe("string");
  });

  it("is what it is printed as, to the nanosecond", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (nanos) => {
        expect(nanosOf(isoNanos(nanos))).toBe(nanos);
      }),
    );
  });
});
