import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

describe("canonicalJson", () => {
  it("does not depend on the order in which keys were set", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "ü" }], a: true, none: undefined })).toBe(
      '{"a":true,"b":[1,{"c":"ü","d":null}]}',
    );
  });

  it("reads back as the same value, and again as the same text", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it("refuses what JSON would silently bend", () => {
    const bent = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      new Date(0),
      () => 1,
      new Map(),
      [undefined],
    ];
    for (const value of bent) expect(() => canonicalJson({ value })).toThrow();
  });
});
