/**
 * The how-to page on news: what it says that cleaning does is what cleaning does.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CLEANING_FLAGS, cleanText } from "../../src/feeds/clean.ts";
import { parseNewsLine } from "../../src/feeds/news-line.ts";
import { FEED_FORMS } from "../../src/feeds/feed-forms.ts";

const page = readFileSync(
  fileURLToPath(new URL("../../docs/how-to/feed-news.md", import.meta.url)),
  "utf8",
);

describe("docs/how-to/feed-news.md", () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\| ([^|]*)\|$/gm)];

  it("shows enough of it", () => expect(rows.length).toBeGreaterThan(5));

  it.each(rows.map(([, raw, text, flags]) => ({ raw: raw!, text: text!, flags: flags! })))(
    "cleans $raw as it says",
    ({ raw, text, flags }) => {
      const told = flags.split(",").map((flag) => flag.trim());
      expect(cleanText(raw, 200)).toEqual({ text, flags: told.filter((flag) => flag !== "") });
    },
  );

  it("explains every flag and names every feed", () => {
    for (const flag of CLEANING_FLAGS) expect(page).toContain(`| \`${flag}\``);
    for (const form of FEED_FORMS) expect(page).toContain(`\`${form}\``);
  });

  it("shows a line that can be read", () => {
    const line = /^```json\n(.*)\n```$/m.exec(page)![1]!;
    const parsed = parseNewsLine(line, "file");
    expect(parsed.ok && parsed.value.firstSeenAt).toBe(
      Date.UTC(2026, 10, 23, 10, 0, 4, 120) * 1000,
    );
  });
});
