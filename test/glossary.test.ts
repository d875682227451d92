/**
 * Glossary: every exported type of the core is explained in GLOSSARY.md, once, and nothing is
 * explained there that is gone. A noun that nobody could explain in a line has no place in the core.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { blankOut } from "./source-text.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const exportedTypes = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => blankOut(readFileSync(join(ROOT, folder, path), "utf8"), "comments"))
    .flatMap((code) => code.match(/^export (?:type|interface|class) \w+/gm) ?? [])
    .map((declaration) => declaration.split(" ").at(-1)!);

const rows = readFileSync(join(ROOT, "GLOSSARY.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| (?!Noun\b|-)/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));
const named = rows.flatMap((cells) => /^`(\w+)`$/.exec(cells[1]!)?.[1] ?? []);

describe("GLOSSARY.md", () => {
  it("explains every exported type of the core", () => {
    const types = exportedTypes("src/core");
    expect(types.length).toBeGreaterThan(50);
    expect(types.filter((type) => !named.includes(type))).toEqual([]);
  });

  it("explains nothing that is gone, and nothing twice", () => {
    const types = exportedTypes("src");
    expect(named.filter((name) => !types.includes(name))).toEqual([]);
    expect(named.filter((name, i) => named.indexOf(name) !== i)).toEqual([]);
  });

  it("has an explanation in every row", () => {
    expect(rows.filter((cells) => cells.length !== 5 || cells[2]!.length < 3)).toEqual([]);
  });
});
