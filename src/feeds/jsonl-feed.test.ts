import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NewsItem } from "../core/contracts/advice.ts";
import type { Micros } from "../core/domain/units.ts";
import { JsonlFeed } from "./jsonl-feed.ts";
import type { FeedFault } from "./news-feed.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "arrival-feed-"));
  path = join(folder, "news.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const NOW = 1_795_000_000_000_000 as Micros;
const line = (title: string) => `${JSON.stringify({ title, firstSeen: 1_600_000_000 })}\n`;

/** A feed whose looks are taken one by one. */
function following() {
  const items: NewsItem[] = [];
  const faults: FeedFault[] = [];
  const ending = new AbortController();
  let next: (() => void) | undefined;
  let waits: (() => void) | undefined;
  const timers = {
    after(_: number, call: () => void) {
      next = call;
      waits?.();
      return () => (next = undefined);
    },
  };
  const means = { timers, now: () => NOW, request: () => Promise.reject(new Error("no network")) };
  const sink = {
    item: (item: NewsItem) => void items.push(item),
    fault: (fault: FeedFault) => void faults.push(fault),
  };
  const waiting = () =>
    new Promise<void>((resolve) => {
      waits = resolve;
      if (next !== undefined) resolve();
    });
  const ended = new JsonlFeed(path, means).open(sink, ending.signal);
  return {
    items,
    faults,
    waiting,
    async look() {
      await waiting();
      const call = next!;
      next = undefined;
      call();
      await waiting();
    },
    async end() {
      await waiting();
      ending.abort();
      await ended;
    },
  };
}
const headlines = ({ items }: { items: NewsItem[] }) => items.map(({ headline }) => headline);
const texts = ({ faults }: { faults: FeedFault[] }) =>
  faults.map(({ code, text }) => `${code} ${text.replace(folder, "")}`);

describe("a followed file", () => {
  it("gives what is appended after the beginning, at our own time", async () => {
    await writeFile(path, line("old"));
    const feed = following();
    await feed.waiting();
    await appendFile(path, line("new") + line("newer").slice(0, 5));
    await feed.look();
    expect(headlines(feed)).toEqual(["new"]);
    expect(feed.items[0]!.firstSeenAt).toBe(NOW);
    await appendFile(path, line("newer").slice(5));
    await feed.look();
    expect(headlines(feed)).toEqual(["new", "newer"]);
    await feed.end();
    expect(feed.faults).toEqual([]);
  });

  it("goes on after a line that is none", async () => {
    await writeFile(path, "");
    const feed = following();
    await feed.waiting();
    await appendFile(path, `{"title":\n\n[]\n${"x".repeat(70_000)}\n${line("after")}`);
    await feed.look();
    expect(headlines(feed)).toEqual(["after"]);
    expect(feed.faults.map(({ code }) => code)).toEqual(["FEED_LINE", "FEED_LINE", "FEED_LINE"]);
    await feed.end();
  });

  it("that is not there yet is waited for, and complained of once", async () => {
    const feed = following();
    await feed.look();
    await feed.look();
    expect(feed.faults.map(({ code }) => code)).toEqual(["FEED_FILE"]);
    await writeFile(path, line("first"));
    await feed.look();
    expect(headlines(feed)).toEqual(["first"]);
    await feed.end();
  });

  it("that is cut or replaced is a fault, and is read from its beginning", async () => {
    await writeFile(path, line("old one, long enough"));
    const feed = following();
    await feed.waiting();
    await truncate(path);
    await feed.look();
    await appendFile(path, line("a"));
    await feed.look();
    const other = join(folder, "other");
    await writeFile(other, line("b") + line("c"));
    await rename(other, path);
    await feed.look();
    expect(headlines(feed)).toEqual(["a", "b", "c"]);
    expect(texts(feed)).toEqual([
      "FEED_FILE /news.jsonl was cut: it is read from its beginning",
      "FEED_FILE /news.jsonl was replaced: it is read from its beginning",
    ]);
    await feed.end();
  });

  it("may be a folder by mistake", async () => {
    path = folder;
    const feed = following();
    await feed.look();
    expect(feed.faults.map(({ text }) => text.endsWith("it is no file"))).toEqual([true]);
    await feed.end();
  });
});
