/**
 * RSS feed: news from an RSS, RDF or Atom address.
 *
 * What must stay true: the document is data. Its entities are never looked up nor multiplied, its
 * depth is bounded, and what it calls itself decides nothing.
 */
import { Parser, parseFeed } from "htmlparser2";
import { type Result, err, ok } from "../core/domain/errors.ts";
import type { FeedMeans } from "./news-feed.ts";
import { type Polled, PolledFeed } from "./polled-feed.ts";
import { type RawNews, timeOf } from "./raw-news.ts";

const USUAL_SECONDS = 300;
const SHORTEST_SECONDS = 60;
/** The parser's tree is walked by calls within calls. */
const DEEPEST = 100;
const MOST_TAGS = 100_000;

export function rssFeed(url: string, means: FeedMeans, seconds = USUAL_SECONDS): PolledFeed {
  const { host } = new URL(url);
  const terms = {
    // No more of it: paths and queries carry keys.
    name: `rss:${host}`,
    url,
    accept: "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8",
    seconds: Math.max(SHORTEST_SECONDS, seconds),
    parse: (text: string) => parseRss(text, host),
  };
  return new PolledFeed(terms, means);
}

export function parseRss(text: string, source: string): Result<Polled, string> {
  const looked = lookThrough(text);
  if (!looked.ok) return looked;
  const feed = parseFeed(text, { xmlMode: true, decodeEntities: true });
  if (feed === null) return err("answers neither RSS nor Atom");
  return ok({ items: feed.items.map((item) => rawOf(item, source)), ...looked.value });
}

function rawOf(item: FeedItem, source: string): RawNews {
  const publishedAt = timeOf(item.pubDate?.getTime());
  return {
    id: item.id ?? item.link ?? "",
    source,
    kind: "news",
    ...(publishedAt === undefined ? {} : { publishedAt }),
    headline: item.title ?? "",
    ...(item.description === undefined ? {} : { body: item.description }),
  };
}

type FeedItem = NonNullable<ReturnType<typeof parseFeed>>["items"][number];

/** Once through without a tree: whether it is safe to make one, and how often it may be asked. */
function lookThrough(text: string): Result<{ readonly seconds?: number }, string> {
  let depth = 0;
  let deepest = 0;
  let tags = 0;
  let minutes = "";
  let isInTtl = false;
  const parser = new Parser(
    {
      onopentagname(name) {
        depth += 1;
        tags += 1;
        deepest = Math.max(deepest, depth);
        isInTtl = name === "ttl" && depth === 3;
      },
      onclosetag() {
        depth -= 1;
        isInTtl = false;
      },
      ontext(told) {
        if (isInTtl) minutes += told;
      },
    },
    { xmlMode: true },
  );
  parser.end(text);
  if (deepest > DEEPEST) return err(`answers a document nested deeper than ${DEEPEST}`);
  if (tags > MOST_TAGS) return err(`answers a document of more than ${MOST_TAGS} tags`);
  const seconds = 60 * Number(/^\s*(\d{1,4})\s*$/.exec(minutes)?.[1] ?? 0);
  return ok(seconds > 0 ? { seconds } : {});
}
