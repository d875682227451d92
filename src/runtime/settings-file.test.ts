import { describe, expect, it } from "vitest";
import { parseSettings } from "./settings-file.ts";

const said = (source: string): string => {
  const parsed = parseSettings(source);
  if (parsed.ok) return `ok ${JSON.stringify(parsed.value)}`;
  return parsed.error.map(({ line, text }) => `${line ?? "-"}: ${text}`).join("; ");
};

describe("settings", () => {
  it("are YAML or JSON, and nothing where nothing is written", () => {
    expect(said("a: 1\nb: [x, 'y']\n")).toBe('ok {"a":1,"b":["x","y"]}');
    expect(said('{"a": {"b": null}}')).toBe('ok {"a":{"b":null}}');
    expect(said("# only a comment")).toBe("ok null");
  });

  it.each([
    ["a: 1\nb: 2\na: 3", "3: Map keys must be unique"],
    ["m: { x: 1, x: 2 }", "1: Map keys must be unique"],
    ["a: &x 1\nb: *x", "-: uses YAML aliases (*name): write the values out"],
    ["a: !5 x", "1: Unresolved tag: !5"],
    ["a: 1\n---\nb: 2", "2: must be one document: remove the --- line"],
    ["[".repeat(100_000), "-: is nested more than 200 deep"],
    ["- ".repeat(100_000), "-: is nested more than 200 deep"],
  ])("refuses %j", (source, words) => expect(said(source)).toBe(words));

  it("says the first problems of a file that is none, not every one", () => {
    const parsed = parseSettings('{"limits":{}}\n'.repeat(1_000));
    expect(parsed).toMatchObject({ ok: false, error: { length: 10 } });
  });

  it("gives a key of the language's own no power", () => {
    const parsed = parseSettings("__proto__: { polluted: 1 }\nconstructor: 2");
    expect(parsed.ok && Object.keys(parsed.value as object)).toEqual(["__proto__", "constructor"]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
