/** Source text: what the rules of the house read must be code, all of it and nothing else. */
import { describe, expect, it } from "vitest";
import { blankOut } from "./source-text.ts";

const code = (text: string): string => blankOut(text, "comments-and-strings");

describe("blankOut", () => {
  it.each([
    ["a // Date\nb", "a        \nb"],
    ["a /* Date\n */ b", "a        \n    b"],
    ["f(\"Date\", 'x')", "f(      ,    )"],
    ["`x ${Date.now()} y`", "     Date.now()    "],
    ["`${{ a: `${b}` }}` + c", "   { a:    b   }   + c"],
    ["x = /[\"'/]/g; Date", "x =         ; Date"],
    ["a / b / Date", "a / b / Date"],
    ['"\\" // " + Date', "         + Date"],
  ])("%s", (text, expected) => {
    expect(code(text).trimEnd()).toBe(expected.trimEnd());
    expect(code(text)).toHaveLength(text.length);
  });

  it("keeps strings where only comments go", () => {
    expect(blankOut('import "./a.ts"; // b', "comments")).toBe('import "./a.ts";     ');
  });
});
