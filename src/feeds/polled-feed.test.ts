import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { NewsItem } from "../core/contracts/advice.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import { SYSTEM_TRANSPORT } from "../data/network/system-transport.ts";
import type { FeedFault, FeedMeans, NewsFeed } from "./news-feed.ts";
import { redirectOf } from "./polled-feed.ts";
import { openFeed, parseFeed } from "./registry.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine that gives one answer after the other, the last for ever. */
async function serving(...answers: Answer[]) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answers[Math.min(asked.length, answers.length) - 1]!(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const NOW = Date.UTC(2026, 10, 23, 12) * 1000;

/** Polls so many times, in no time. @returns what came, and how long it would have waited. */
async function polled(spec: string, polls: number) {
  const items: NewsItem[] = [];
  const faults: FeedFault[] = [];
  const waits: number[] = [];
  const ending = new AbortController();
  const means: FeedMeans = {
    request: SYSTEM_TRANSPORT.request,
    now: () => micros(NOW + waits.reduce((sum, seconds) => sum + seconds * 1e6, 0)),
    timers: {
      after(nanos, call) {
        waits.push(nanos / 1e9);
        if (waits.length >= polls) ending.abort();
        const turn = setImmediate(call);
        return () => clearImmediate(turn);
      },
    },
  };
  const choice = parseFeed(spec);
  if (!choice.ok) throw new Error(choice.error.text);
  const feed: NewsFeed = openFeed(choice.value, means);
  const sink = {
    item: (item: NewsItem) => void items.push(item),
    fault: (fault: FeedFault) => void faults.push(fault),
  };
  await feed.open(sink, ending.signal);
  return { items, faults, waits, name: feed.name };
}

const ago = (minutes: number): string => new Date(NOW / 1000 - minutes * 60_000).toUTCString();
const entry = (id: string, title: string, minutes = 5, more = ""): string =>
  `<item><guid>${id}</guid><title>${title}</title><pubDate>${ago(minutes)}</pubDate>${more}</item>`;
const rss = (items: string, channel = ""): string =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>${channel}${items}</channel></rss>`;
const says =
  (text: string, headers: Record<string, string> = {}, status = 200): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(text);

describe("an RSS address", () => {
  it("tells of each item once, of what is old at the beginning not at all", async () => {
    const { origin } = await serving(
      says(rss(entry("2", "second") + entry("1", "first", 10) + entry("0", "stale", 600))),
      says(rss(entry("3", "third", 500) + entry("2", "second"))),
    );
    const { items, faults, name, waits } = await polled(`rss:${origin}/secret/feed?key=hush`, 3);
    expect(items.map(({ headline }) => headline)).toEqual(["first", "second", "third"]);
    expect(items.map(({ firstSeenAt }) => firstSeenAt - NOW)).toEqual([0, 0, 300e6]);
    expect(items[0]!.publishedAt).toBe((NOW - 600e6) as Micros);
    expect(name).toBe(`rss:${new URL(origin).host}`);
    expect([faults, waits]).toEqual([[], [300, 300, 300]]);
  });

  it("gets its own marks back, and may answer that nothing is new", async () => {
    const marks = { etag: '"v1"', "last-modified": ago(5) };
    const { origin, asked } = await serving(says(rss(entry("1", "a")), marks), says("", {}, 304));
    const { items, faults } = await polled(`rss:${origin}/`, 3);
    expect(items.length).toBe(1);
    expect(faults).toEqual([]);
    expect(asked[0]!.headers["if-none-match"]).toBeUndefined();
    expect(asked[1]!.headers).toMatchObject({
      "if-none-match": '"v1"',
      "if-modified-since": ago(5),
    });
    expect(asked[2]!.headers["if-none-match"]).toBe('"v1"');
  });

  it("is asked no sooner than it wants, and ever more rarely while it fails", async () => {
    const ttl = await serving(says(rss("", "<ttl>20</ttl>")));
    expect((await polled(`rss:${ttl.origin}/`, 1)).waits).toEqual([1200]);
    const aged = await serving(says(rss(""), { "cache-control": "public, max-age=900" }));
    expect((await polled(`rss:${aged.origin}/`, 1)).waits).toEqual([900]);
    const failing = await serving(says("no", {}, 503));
    const failed = await polled(`rss:${failing.origin}/`, 6);
    expect(failed.waits).toEqual([300, 600, 1200, 2400, 3600, 3600]);
    expect(failed.faults.map(({ code, text }) => `${code} ${text}`)).toEqual([
      "FEED_ANSWER answers 503",
    ]);
    const busy = await serving(says("no", { "retry-after": "1000" }, 429));
    expect((await polled(`rss:${busy.origin}/`, 1)).waits).toEqual([1000]);
    const polite = await serving(says("no", { "retry-after": ago(-10) }, 429));
    expect((await polled(`rss:${polite.origin}/`, 1)).waits).toEqual([600]);
  });

  it("that is gone for good is asked no more", async () => {
    const { origin, asked } = await serving(says("", {}, 410));
    const { faults } = await polled(`rss:${origin}/`, 5);
    expect(asked.length).toBe(1);
    expect(faults[0]!.text).toContain("gone for good");
  });

  it.each([
    ["a page that is no feed", "<html><body>hello</body></html>", "neither RSS nor Atom"],
    ["nothing", "", "neither RSS nor Atom"],
    ["JSON", '{"items":[]}', "neither RSS nor Atom"],
    ["a tower of tags", "<rss>" + "<a>".repeat(50_000), "nested deeper"],
    ["a crowd of tags", `<rss>${"<a/>".repeat(100_001)}</rss>`, "more than 100000 tags"],
    ["too much", `<rss>${" ".repeat(2 * 1024 * 1024)}</rss>`, "more than 2097152 bytes"],
  ])("may answer %s: a fault, and it is asked again", async (_, text, fault) => {
    const { origin } = await serving(says(text), says(rss(entry("1", "after all"))));
    const { items, faults } = await polled(`rss:${origin}/`, 2);
    expect(faults.map(({ code }) => code)).toEqual(["FEED_ANSWER"]);
    expect(faults[0]!.text).toContain(fault);
    expect(items.map(({ headline }) => headline)).toEqual(["after all"]);
  });

  it("may break off, or be none at all, and no address is repeated", async () => {
    const { origin } = await serving((_, response) => {
      response.writeHead(200, { "content-length": "1000" }).write("<rss>");
      setImmediate(() => response.destroy());
    });
    const broken = await polled(`rss:${origin}/?key=hush`, 2);
    const nobody = await polled("rss:http://127.0.0.1:9/?key=hush", 1);
    for (const { faults } of [broken, nobody]) {
      expect(faults.map(({ code }) => code)).toEqual(["FEED_UNREACHABLE"]);
      expect(JSON.stringify(faults)).not.toContain("hush");
    }
  });

  it("looks up no entity and multiplies none", async () => {
    const doctype = `<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY a "ha">${[
      ..."bcdefghij",
    ]
      .map((name, at) => `<!ENTITY ${name} "${`&${"abcdefghi"[at]};`.repeat(10)}">`)
      .join("")}]>`;
    const { origin } = await serving(
      says(
        `<?xml version="1.0"?>${doctype}<rss><channel>${entry("1", "x &x; &j; end")}</channel></rss>`,
      ),
    );
    const { items } = await polled(`rss:${origin}/`, 1);
    expect(items.length).toBeLessThanOrEqual(1);
    expect(JSON.stringify(items)).not.toMatch(/root:|haha/);
  });

  it("is followed where it leads within its origin, and not to this machine", async () => {
    const { origin, asked } = await serving(
      says("", { location: "/new" }, 301),
      says(rss(entry("1", "moved"))),
    );
    const { items } = await polled(`rss:${origin}/old`, 2);
    expect(items.length).toBe(1);
    expect(asked.map(({ url }) => url)).toEqual(["/old", "/new", "/new"]);
    const circling = await serving(says("", { location: "/" }, 302));
    expect((await polled(`rss:${circling.origin}/`, 1)).faults[0]!.text).toBe(
      "redirects on and on",
    );
    const other = await serving(says(rss("")));
    const leading = await serving(says("", { location: other.origin }, 302));
    expect((await polled(`rss:${leading.origin}/`, 1)).faults[0]!.text).toContain("not followed");
    expect(other.asked).toEqual([]);
  });

  it("floods in vain", async () => {
    const many = Array.from({ length: 3000 }, (_, at) => entry(`${at}`, `title ${at}`)).join("");
    const { origin } = await serving(says(rss(many)));
    const { items } = await polled(`rss:${origin}/`, 1);
    expect(items.length).toBe(100);
  });
});

describe("where a redirect is followed to", () => {
  it.each([
    ["/b", "https://a.example/b"],
    ["https://feeds.other.example/x", "https://feeds.other.example/x"],
    ["http://other.example/x", undefined],
    ["https://127.0.0.1/x", undefined],
    ["https://[::1]/x", undefined],
    ["https://169.254.169.254/x", undefined],
    ["https://0x7f000001/x", undefined],
    ["https://localhost/x", undefined],
    ["https://db.internal/x", undefined],
    ["https://u:p@other.example/x", undefined],
    ["file:///etc/passwd", undefined],
    ["https://", undefined],
    [null, undefined],
  ])("%s → %s", (location, expected) => {
    expect(redirectOf("https://a.example/a", location)).toBe(expected);
  });
});

describe("Bybit's announcements", () => {
  const payload = (title: string, at: number) =>
    JSON.stringify({
      retCode: 0,
      retMsg: "OK",
      result: {
        total: 1,
        list: [
          {
            title,
            description: "The contract will be delisted.",
            type: { title: "Delistings", key: "delistings" },
            tags: ["Derivatives"],
            url: "https://announcements.bybit.com/en-US/article/x-blt1/",
            dateTimestamp: at,
          },
          { title: 7 },
        ],
      },
      retExtInfo: {},
      time: at,
    });

  it("are items as any other", async () => {
    const { origin, asked } = await serving(
      says(payload("Delisting of ABCUSDT", NOW / 1000 - 1000)),
    );
    const { items, faults, waits } = await polled(`bybit:announcements@${origin}`, 2);
    expect(asked[0]!.url).toBe("/v5/announcements/index?locale=en-US&page=1&limit=20");
    expect([faults, waits]).toEqual([[], [60, 60]]);
    expect(items).toEqual([
      {
        id: "https://announcements.bybit.com/en-US/article/x-blt1/",
        source: "bybit",
        kind: "announcement",
        publishedAt: NOW - 1_000_000,
        firstSeenAt: NOW,
        headline: "Delisting of ABCUSDT",
        body: "Delistings. The contract will be delisted.",
        flags: [],
      },
    ]);
  });

  it.each([
    ["not JSON", "<html>", "not JSON"],
    ["another shape", "[]", "no announcement index"],
    ["a refusal", '{"retCode":10006,"retMsg":"Too many visits!"}', "the code 10006"],
  ])("may be %s", async (_, text, fault) => {
    const { origin } = await serving(says(text));
    const { faults } = await polled(`bybit:announcements@${origin}`, 1);
    expect(faults.map(({ code }) => code)).toEqual(["FEED_ANSWER"]);
    expect(faults[0]!.text).toContain(fault);
  });
});
