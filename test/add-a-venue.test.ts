/**
 * The how-to page on venues: the code it shows is the code that runs, and it names every case.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { VENUE_CASES } from "../src/testing/venue-cases.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(ROOT, "docs", "how-to", "add-a-venue.md"), "utf8");

describe("docs/how-to/add-a-venue.md", () => {
  it("shows the file of the example, letter by letter", () => {
    const example = readFileSync(join(ROOT, "examples", "add-a-venue", "venue.test.ts"), "utf8");
    const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
    expect(blocks).toEqual([example]);
  });

  it("names every case of the suite and what its stage needs, in their order", () => {
    const rows = [...page.matchAll(/^\| ([^|]+) \| *(?:`(\w+)`)? *\|$/gm)]
      .map((match) => [match[1]!.trim(), match[2]])
      .filter(([name]) => name !== "Case");
    expect(rows).toEqual(VENUE_CASES.map(({ name, needs }) => [name, needs]));
  });
});
