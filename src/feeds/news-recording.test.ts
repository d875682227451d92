import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type RecordingTerms, readNewsRecording } from "./news-recording.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-news-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function recorded(text: string, terms?: RecordingTerms) {
  const path = join(folder, "news.jsonl");
  writeFileSync(path, text);
  const read = await readNewsRecording(path, terms);
  if (!read.ok) throw new Error(read.error.text);
  return read.value;
}

const line = (title: string, firstSeen?: number, ts = 1_781_000_000) =>
  `${JSON.stringify({ title, ts, ...(firstSeen === undefined ? {} : { firstSeen }) })}\n`;

describe("a news recording", () => {
  it("is in the order of first sight, whatever the file's", async () => {
    const { items, trusts, unseen, sha256 } = await recorded(
      line("late", 1_782_000_300) +
        line("early", 1_782_000_100) +
        line("never") +
        line("mid", 1_782_000_200),
    );
    expect(items.map(({ headline }) => headline)).toEqual(["early", "mid", "late"]);
    expect([trusts, unseen]).toEqual(["first-seen", 1]);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("goes by the claimed times only where it is told to, and says so in every item", async () => {
    const text = line("b", 1_790_000_000, 1_781_000_002) + line("a", 1_790_000_000, 1_781_000_001);
    const { items, trusts } = await recorded(text, { trustPublished: true });
    expect(trusts).toBe("published");
    expect(items.map(({ headline, firstSeenAt, flags }) => [headline, firstSeenAt, flags])).toEqual(
      [
        ["a", 1_781_000_001_000_000, ["trusted-published"]],
        ["b", 1_781_000_002_000_000, ["trusted-published"]],
      ],
    );
  });

  it("tells of lines that cannot be used, by number, and reads the others", async () => {
    const { items, faults } = await recorded(
      `${line("a", 1_782_000_000)}\n{broken\n${"x".repeat(70_000)}\n${line("b", 1_782_000_000)}${'{"title":"\u{200B}","firstSeen":1782000000}'}`,
    );
    expect(items.length).toBe(2);
    expect(faults.map(({ code, text }) => `${code} ${text}`)).toEqual([
      "FEED_LINE line 3 is not JSON",
      "FEED_LINE line 4 is too long",
      "FEED_LINE line 6 says nothing once it is cleaned",
    ]);
    const many = await recorded("{\n".repeat(100));
    expect(many.faults.at(-1)?.text).toBe("80 more lines cannot be used");
  });

  it("of a file that is not there is a fault that says which", async () => {
    const read = await readNewsRecording(join(folder, "none.jsonl"));
    expect(!read.ok && read.error.code).toBe("FEED_FILE");
    expect(!read.ok && read.error.text).toContain("none.jsonl");
    expect((await readNewsRecording(folder)).ok).toBe(false);
  });

  it("holds no more than it may", async () => {
    const path = join(folder, "many.jsonl");
    writeFileSync(path, line("x", 1_782_000_000).repeat(50));
    const read = await readNewsRecording(path, { mostItems: 10 });
    expect(!read.ok && read.error.text).toContain("more than 10 items");
  });
});

/** A real set: posts that claim June 2026 and were collected on 2026-07-19. */
const SIGNALS = fileURLToPath(
  new URL("../../../shared/data/social-signals/tv-ideas.original.jsonl", import.meta.url),
);
const JUNE = Date.UTC(2026, 5, 1) * 1000;
const JULY = Date.UTC(2026, 6, 1) * 1000;

describe.skipIf(!existsSync(SIGNALS))("the posts of June 2026 (skipped where they are not)", () => {
  const inJune = (at: number): boolean => at >= JUNE && at < JULY;

  it("are seen by no backtest over June 2026: they were first seen in July", async () => {
    const read = await readNewsRecording(SIGNALS);
    if (!read.ok) throw new Error(read.error.text);
    const { items, faults } = read.value;
    expect(items.length).toBe(readFileSync(SIGNALS, "utf8").trim().split("\n").length);
    expect(faults).toEqual([]);
    expect(items.filter(({ publishedAt }) => inJune(publishedAt)).length).toBe(items.length);
    expect(items.filter(({ firstSeenAt }) => inJune(firstSeenAt))).toEqual([]);
  });

  it("are all seen where the user trusts what they claim", async () => {
    const read = await readNewsRecording(SIGNALS, { trustPublished: true });
    if (!read.ok) throw new Error(read.error.text);
    const { items, trusts } = read.value;
    expect(trusts).toBe("published");
    expect(items.length).toBe(2566);
    expect(items.every(({ firstSeenAt, publishedAt }) => firstSeenAt === publishedAt)).toBe(true);
    expect(items.every(({ firstSeenAt }) => inJune(firstSeenAt))).toBe(true);
  });

  it("look like instructions in one of five hundred at most", async () => {
    const read = await readNewsRecording(SIGNALS);
    if (!read.ok) throw new Error(read.error.text);
    const { items } = read.value;
    const flagged = items.filter(({ flags }) => flags.includes("instruction-like"));
    expect(flagged.length / items.length).toBeLessThan(0.002);
  });
});
