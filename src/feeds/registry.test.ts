import { describe, expect, it } from "vitest";
import { parseFeed } from "./registry.ts";

describe("a feed's name", () => {
  it.each([
    ["jsonl:news.jsonl", { kind: "jsonl", path: "news.jsonl" }],
    ["jsonl:C:\\news.jsonl", { kind: "jsonl", path: "C:\\news.jsonl" }],
    ["rss:https://a.example/feed?x=1", { kind: "rss", url: "https://a.example/feed?x=1" }],
    ["bybit:announcements", { kind: "bybit", base: "https://api.bybit.com" }],
    ["bybit:announcements@http://127.0.0.1:1/", { kind: "bybit", base: "http://127.0.0.1:1" }],
  ])("%s", (spec, choice) => expect(parseFeed(spec)).toEqual({ ok: true, value: choice }));

  it.each([
    ["", "there is no such feed; there are jsonl:FILE, rss:URL"],
    ["twitter:x", "there is no such feed"],
    ["jsonl:", "jsonl wants a file"],
    ["jsonl:a\0b", "jsonl wants a file"],
    ["rss:", "rss wants an address"],
    ["rss:file:///etc/passwd", "rss wants an address that begins with https://"],
    ["rss:https://user:hush@a.example/", "rss wants an address without a password"],
    ["bybit:prices", "of bybit there is bybit:announcements"],
    ["bybit:announcements@ftp://x", "bybit wants an address"],
  ])("may not be %j", (spec, text) => {
    const parsed = parseFeed(spec);
    expect(!parsed.ok && parsed.error.code).toBe("FEED_NAME");
    expect(!parsed.ok && parsed.error.text).toContain(text);
    expect(JSON.stringify(parsed)).not.toContain("hush");
  });
});
