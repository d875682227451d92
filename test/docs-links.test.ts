/**
 * Links: every relative link in the repository's Markdown leads to something that is there.
 *
 * A newcomer meets the documents before the code, and a dead link is a promise broken on the first
 * page. Links to other sites are left alone: a test that needs the network fails for its reasons.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Not ours, or not of the source. Hidden folders are left out as well. */
const SKIPPED = new Set(["node_modules", "dist", "coverage"]);

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** Fenced blocks and code spans show text, they do not link. */
const prose = (text: string): string =>
  text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "code");

const targetsOf = (text: string): string[] =>
  [...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s*(\S+)/gm)]
    .map((match) => match[1] ?? match[2]!)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));

/** The anchor that a heading gets where this is shown: lower case, hyphens, no punctuation. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/[`*]/g, "")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

const anchorsIn = (text: string): string[] =>
  [...text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").matchAll(/^#{1,6} (.+)$/gm)].map((match) =>
    anchorOf(match[1]!),
  );

/** Why the link is dead; undefined where it is not. */
function deadBecause(file: string, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const at = path === "" ? join(ROOT, file) : join(ROOT, dirname(file), decodeURIComponent(path));
  if (!existsSync(at)) return `${file}: ${target} is not there`;
  if (anchor === undefined || !at.endsWith(".md")) return undefined;
  if (anchorsIn(readFileSync(at, "utf8")).includes(anchor)) return undefined;
  return `${file}: ${target} names no heading`;
}

const files = markdownIn(".");

describe("links in Markdown", () => {
  it("are told from code and from other sites", () => {
    const text = "[a](x.md#y) `[b](no.md)` <!-- --> [c](https://example.org)\n[d]: z.md\n";
    expect(targetsOf(text)).toEqual(["x.md#y", "z.md"]);
    expect(targetsOf("```\n[a](no.md)\n```\n![p](p.svg)")).toEqual(["p.svg"]);
    expect(anchorsIn("## What `arrival` does, and why\n```\n# no\n```\n")).toEqual([
      "what-arrival-does-and-why",
    ]);
  });

  it("find a dead one", () => {
    expect(deadBecause("README.md", "docs/nowhere.md")).toContain("is not there");
    expect(deadBecause("README.md", "GLOSSARY.md#no-such-heading")).toContain("names no heading");
    expect(deadBecause("README.md", "GLOSSARY.md")).toBeUndefined();
  });

  it("all lead somewhere", () => {
    const links = files.flatMap((file) =>
      targetsOf(readFileSync(join(ROOT, file), "utf8")).map((target) => ({ file, target })),
    );
    expect(files).toContain("README.md");
    expect(links.length).toBeGreaterThan(10);
    const dead = links.flatMap(({ file, target }) => deadBecause(file, target) ?? []);
    expect(dead).toEqual([]);
  });
});
