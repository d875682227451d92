/**
 * Registry: the feeds by the names under which a user asks for them.
 *
 * What must stay true: what is asked for is checked before anything starts, and no address that may
 * carry a key is repeated in a message.
 */
import { type Result, err, ok } from "../core/domain/errors.ts";
import { BYBIT_MAINNET, bybitAnnouncements } from "./bybit-announcements.ts";
import { FEED_FORMS } from "./feed-forms.ts";
import { JsonlFeed } from "./jsonl-feed.ts";
import type { FeedFault, FeedMeans, NewsFeed } from "./news-feed.ts";
import { rssFeed } from "./rss-feed.ts";

export type FeedChoice =
  | { readonly kind: "jsonl"; readonly path: string }
  | { readonly kind: "rss"; readonly url: string }
  | { readonly kind: "bybit"; readonly base: string };

export function parseFeed(spec: string): Result<FeedChoice, FeedFault> {
  const at = spec.indexOf(":");
  const kind = at < 0 ? spec : spec.slice(0, at);
  const rest = at < 0 ? "" : spec.slice(at + 1);
  const fault = (text: string): Result<never, FeedFault> =>
    err({ code: "FEED_NAME", feed: /^[\w-]{1,20}$/.test(kind) ? kind : "feed", text });
  switch (kind) {
    case "jsonl":
      if (rest === "" || rest.includes("\0")) return fault("jsonl wants a file: jsonl:news.jsonl");
      return ok({ kind, path: rest });
    case "rss": {
      const url = addressOf(rest);
      return url.ok ? ok({ kind, url: url.value.href }) : fault(`rss wants ${url.error}`);
    }
    case "bybit": {
      const [what = "", ...more] = rest.split("@");
      if (what !== "announcements") return fault("of bybit there is bybit:announcements");
      if (more.length === 0) return ok({ kind, base: BYBIT_MAINNET });
      const url = addressOf(more.join("@"));
      return url.ok ? ok({ kind, base: url.value.origin }) : fault(`bybit wants ${url.error}`);
    }
    default:
      return fault(`there is no such feed; there are ${FEED_FORMS.join(", ")}`);
  }
}

function addressOf(text: string): Result<URL, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["https:", "http:"].includes(url.protocol)) {
    return err("an address that begins with https:// or http://");
  }
  // They would be sent on, and shown.
  if (url.username !== "" || url.password !== "") return err("an address without a password in it");
  return ok(url);
}

export function openFeed(choice: FeedChoice, means: FeedMeans): NewsFeed {
  switch (choice.kind) {
    case "jsonl":
      return new JsonlFeed(choice.path, means);
    case "rss":
      return rssFeed(choice.url, means);
    case "bybit":
      return bybitAnnouncements(means, choice.base);
  }
}
