import { describe, expect, it } from "vitest";
import type { NewsItem } from "../core/contracts/advice.ts";
import { MINUTE, type Micros } from "../core/domain/units.ts";
import type { FeedFault, NewsFeed, NewsSink } from "./news-feed.ts";
import { MOST_PER_MINUTE, openFeeds } from "./open-feeds.ts";

const item = (id: string, headline: string, source = "a"): NewsItem => ({
  id,
  source,
  kind: "news",
  publishedAt: 0 as Micros,
  firstSeenAt: 0 as Micros,
  headline,
  flags: [],
});

const feedOf = (name: string, open: NewsFeed["open"]): NewsFeed => ({ name, open });
const telling = (name: string, ...items: NewsItem[]): NewsFeed =>
  feedOf(name, async (sink) => {
    for (const each of items) {
      await Promise.resolve();
      sink.item(each);
    }
  });

function collected() {
  const items: string[] = [];
  const faults: FeedFault[] = [];
  const sink: NewsSink = {
    item: ({ headline }) => void items.push(headline),
    fault: (fault) => void faults.push(fault),
  };
  return { items, faults, sink };
}
const never = new AbortController().signal;

describe("many feeds", () => {
  it("are one, without what was told before and what does not concern", async () => {
    const { items, faults, sink } = collected();
    const one = telling("one", item("1", "Bitcoin falls as funds sell"), item("2", "Recipes"));
    const two = telling("two", item("9", "Bitcoin falls as funds sell - Wire", "b"));
    await openFeeds([one, two], sink, never, { instruments: ["BTCUSDT"] });
    expect([items, faults]).toEqual([["Bitcoin falls as funds sell"], []]);
  });

  it("live on when one dies, at once or later, in whatever way", async () => {
    const { items, faults, sink } = collected();
    const dying = [
      feedOf("throws", () => {
        throw new Error("no");
      }),
      feedOf("rejects", () => Promise.reject(new Error("later"))),
      // oxlint-disable-next-line prefer-promise-reject-errors -- others may
      feedOf("odd", () => Promise.reject("words")),
    ];
    await openFeeds([...dying, telling("well", item("1", "still here"))], sink, never);
    expect(items).toEqual(["still here"]);
    expect(faults.map(({ code, feed, text }) => `${code} ${feed} ${text}`).sort()).toEqual([
      "FEED_BROKEN odd broke off: words",
      "FEED_BROKEN rejects broke off: later",
      "FEED_BROKEN throws broke off: no",
    ]);
  });

  it("do not hide what the receiver throws: it ends them all", async () => {
    const endless = feedOf(
      "endless",
      (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        }),
    );
    const sink: NewsSink = {
      item: () => {
        throw new Error("invariant");
      },
      fault: () => undefined,
    };
    const opened = openFeeds([endless, telling("one", item("1", "x"))], sink, never);
    await expect(opened).rejects.toThrow("invariant");
  });

  it("may flood in vain", async () => {
    const { items, faults, sink } = collected();
    const many = Array.from({ length: 1000 }, (_, at) => item(`${at}`, `story ${at}`));
    const later = { ...item("x", "a minute later"), firstSeenAt: MINUTE };
    await openFeeds([telling("flood", ...many, later)], sink, never);
    expect(items.length).toBe(MOST_PER_MINUTE + 1);
    expect(items.at(-1)).toBe("a minute later");
    expect(faults.map(({ code }) => code)).toEqual(["FEED_FLOOD"]);
  });

  it("are not waited for when they do not end", async () => {
    const ending = new AbortController();
    const deaf = feedOf("deaf", () => new Promise(() => undefined));
    const opened = openFeeds([deaf], collected().sink, ending.signal);
    ending.abort();
    await opened;
  });

  it("tell nothing any more once they are ended", async () => {
    const ending = new AbortController();
    const { items, sink } = collected();
    const late = feedOf("late", async (told) => {
      ending.abort();
      told.item(item("1", "too late"));
    });
    await openFeeds([late], sink, ending.signal);
    expect(items).toEqual([]);
  });
});
