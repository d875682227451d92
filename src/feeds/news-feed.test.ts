/**
 * The contract of a feed, kept by every feed that there is.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { NewsItem } from "../core/contracts/advice.ts";
import type { Micros } from "../core/domain/units.ts";
import type { FeedAnswer, FeedFault, FeedMeans, FeedRequest } from "./news-feed.ts";
import { openFeed, parseFeed } from "./registry.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-contract-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "news.jsonl");
writeFileSync(file, "");

const SPECS = [
  `jsonl:${file}`,
  `jsonl:${join(folder, "none")}`,
  "rss:https://a.example/feed",
  "bybit:announcements",
];
type Behaviour = (request: FeedRequest) => Promise<FeedAnswer>;

const answering = (status: number, text: string | undefined): Behaviour => {
  return () => Promise.resolve({ status, header: () => null, text });
};
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  "answers nothing": answering(200, ""),
  "answers garbage": answering(200, "\u{0}<&\u{D800}{{{"),
  "answers too much": answering(200, undefined),
  "answers an odd status": answering(599, "x"),
  rejects: () => Promise.reject(new Error("key=hush")),
  "rejects with what is no error": () => Promise.reject(null as unknown as Error),
  "throws at once": () => {
    throw new Error("key=hush");
  },
  "hangs until it is ended": ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    }),
};

/** Opens it, lets it wait so many times, ends it. @returns what it told and what it left. */
async function opened(spec: string, request: Behaviour, waits: number) {
  const items: NewsItem[] = [];
  const faults: FeedFault[] = [];
  const waiting = new Set<() => void>();
  const ending = new AbortController();
  if (waits === 0) ending.abort();
  let told = 0;
  const means: FeedMeans = {
    now: () => 1_795_000_000_000_000 as Micros,
    request: (asked) => {
      if (request === BEHAVIOURS["hangs until it is ended"]) setImmediate(() => ending.abort());
      return request(asked);
    },
    timers: {
      after(nanos, call) {
        expect(nanos).toBeGreaterThan(0);
        waiting.add(call);
        told += 1;
        setImmediate(() => (told >= waits ? ending.abort() : waiting.delete(call) && call()));
        return () => void waiting.delete(call);
      },
    },
  };
  const choice = parseFeed(spec);
  if (!choice.ok) throw new Error(choice.error.text);
  const feed = openFeed(choice.value, means);
  const sink = {
    item: (item: NewsItem) => void items.push(item),
    fault: (fault: FeedFault) => void faults.push(fault),
  };
  await feed.open(sink, ending.signal);
  return { items, faults, waiting, name: feed.name };
}

describe.each(SPECS)("%s", (spec) => {
  it.each(Object.keys(BEHAVIOURS))(
    "ends, and tells faults as values: what it asks %s",
    async (how) => {
      const { items, faults, waiting, name } = await opened(spec, BEHAVIOURS[how]!, 3);
      expect(items).toEqual([]);
      expect(waiting.size, "left waiting").toBe(0);
      for (const fault of faults) {
        expect(fault.code).toMatch(/^FEED_[A-Z]+$/);
        expect(fault.feed).toBe(name);
        expect(fault.text).not.toMatch(/hush|[\r\n\0]/);
      }
      expect(faults.length).toBeLessThanOrEqual(1);
    },
  );

  it("does nothing where it was ended before it began", async () => {
    let asked = 0;
    const { items, waiting } = await opened(
      spec,
      () => {
        asked += 1;
        return Promise.reject(new Error("no"));
      },
      0,
    );
    expect([items.length, asked, waiting.size]).toEqual([0, 0, 0]);
  });
});
