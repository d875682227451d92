/**
 * Errors: a code that an operator can meet is explained in docs/errors.md, with what to do, and
 * nothing is explained there that can no longer be met.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { blankOut } from "./source-text.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A literal that is a code wherever it stands: its first word is one of these. */
const FAMILIES =
  /^(?:RISK|PARENT|STRATEGY|ORDER|DECIMAL|GRID|VENUE|DATA|JOURNAL|CONFIG|BACKTEST|REPLAY|MODEL|SERVER)_/;
/** Places where any literal is a code, whatever its first word. */
const PLACES = [
  /\bcode\s*:\s*"([A-Z][A-Z0-9_]+)"/g,
  /\bnew CommandError\(\s*"([^"]+)"/g,
  /\braiseAlert\(\s*\w+,\s*"\w+",\s*"([^"]+)"/g,
  /\b\w*[cC]ode\s*=\s*"([A-Z][A-Z0-9_]+)"/g,
];

function codesOf(text: string): string[] {
  const code = blankOut(text, "comments");
  const families = [...code.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)]
    .map((match) => match[1]!)
    .filter((literal) => FAMILIES.test(literal));
  const placed = PLACES.flatMap((place) => [...code.matchAll(place)].map((match) => match[1]!));
  return [...families, ...placed];
}

const inSource = new Set(
  readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .flatMap((path) => codesOf(readFileSync(join(ROOT, "src", path), "utf8"))),
);

const page = readFileSync(join(ROOT, "docs", "errors.md"), "utf8");
const entries = page
  .split(/^### /m)
  .slice(1)
  .map((entry) => ({
    code: entry.split("\n", 1)[0]!.trim(),
    body: entry.slice(entry.indexOf("\n")).split(/^## /m)[0]!.trim(),
  }));

describe("docs/errors.md", () => {
  it("finds codes in every shape that the source uses", () => {
    expect(codesOf('return err({ code: "A_B", text });')).toContain("A_B");
    expect(codesOf('raiseAlert(context, "warning", "SLOW", "text")')).toContain("SLOW");
    expect(codesOf('throw new CommandError("USAGE", text)')).toEqual(["USAGE"]);
    expect(codesOf('type T = | "DATA_A" | "DATA_B";')).toEqual(["DATA_A", "DATA_B"]);
    expect(codesOf('// code: "A_B"')).toEqual([]);
  });

  it("explains every code in the source", () => {
    expect(inSource.size).toBeGreaterThan(20);
    const explained = new Set(entries.map(({ code }) => code));
    expect([...inSource].filter((code) => !explained.has(code)).sort()).toEqual([]);
  });

  it("explains no code that is gone, and none twice", () => {
    const codes = entries.map(({ code }) => code);
    expect(codes.filter((code) => !inSource.has(code))).toEqual([]);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(entries)("$code: says what it means and what to do", ({ body }) => {
    const [meaning = "", action = ""] = body.split("**Do:**");
    expect(meaning.trim().split(/\s+/).length).toBeGreaterThan(5);
    expect(action.trim().split(/\s+/).length).toBeGreaterThan(2);
  });
});
