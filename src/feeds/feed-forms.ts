/** Feed forms: how a feed is named, for help; apart, so that help need not load them. */

/** How each is written, for a command's help. */
export const FEED_FORMS: readonly string[] = [
  "jsonl:FILE",
  "rss:URL",
  "bybit:announcements",
  "bybit:announcements@URL",
];
