/**
 * News line: one item as a line of JSON, as our own files have it and as common sets of others do.
 *
 * What must stay true: a claimed time is never taken for the time at which an item was first seen.
 */
import { z } from "zod";
import type { NewsItem } from "../core/contracts/advice.ts";
import { type Result, err, ok } from "../core/domain/errors.ts";
import type { Micros } from "../core/domain/units.ts";
import { NEWS_KINDS, type RawNews, timeOf } from "./raw-news.ts";

/** Of one line. */
export const MOST_LINE_BYTES = 64 * 1024;

export interface NewsLine {
  readonly raw: RawNews;
  /** As the file says; absent = it does not. */
  readonly firstSeenAt?: Micros;
}

const words = z.string().max(MOST_LINE_BYTES);
const time = z.union([z.number(), words]).nullish();

/** What others call the same is taken as well; what else a line holds is left alone. */
const LINE = z.looseObject({
  id: z.union([words, z.number().int()]).nullish(),
  source: words.nullish(),
  channel: words.nullish(),
  author: words.nullish(),
  kind: z.enum(NEWS_KINDS).nullish(),
  publishedAt: time,
  published: time,
  ts: time,
  firstSeenAt: time,
  firstSeen: time,
  headline: words.nullish(),
  title: words.nullish(),
  text: words.nullish(),
  body: words.nullish(),
  symbol: words.nullish(),
  direction: words.nullish(),
  flags: z.array(words).max(20).nullish(),
});

export function parseNewsLine(line: string, usualSource: string): Result<NewsLine, string> {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    return err("is not JSON");
  }
  const parsed = LINE.safeParse(told);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return err(`is no item: ${issue.path.join(".") || "it"}: ${issue.message}`);
  }
  return rawOf(parsed.data, usualSource);
}

function rawOf(told: z.infer<typeof LINE>, usualSource: string): Result<NewsLine, string> {
  const headline = told.headline ?? told.title ?? told.text ?? "";
  if (headline === "" && (told.body ?? "") === "") return err("has no headline, title or text");
  const seen = told.firstSeenAt ?? told.firstSeen ?? undefined;
  const firstSeenAt = timeOf(seen);
  if (seen !== undefined && firstSeenAt === undefined) {
    return err(
      `has a firstSeenAt that is no time with a zone: ${JSON.stringify(seen).slice(0, 60)}`,
    );
  }
  const publishedAt = timeOf(told.publishedAt ?? told.published ?? told.ts);
  const source = told.source ?? told.channel ?? told.author ?? usualSource;
  // Of a signal: what it is about, which its title may leave out.
  const body = told.body ?? [told.symbol ?? "", told.direction ?? ""].join(" ").trim();
  const raw: RawNews = {
    id: told.id === null || told.id === undefined ? "" : String(told.id),
    source,
    // Whoever signs posts with a name of theirs is no newsroom.
    kind: told.kind ?? (isPost(told) ? "social" : "news"),
    ...(publishedAt === undefined ? {} : { publishedAt }),
    headline,
    ...(body === "" ? {} : { body }),
    flags: told.flags ?? [],
  };
  return ok(firstSeenAt === undefined ? { raw } : { raw, firstSeenAt });
}

const isPost = (told: z.infer<typeof LINE>): boolean =>
  typeof told.source !== "string" &&
  (typeof told.author === "string" || typeof told.channel === "string");

/** As our files have it: times as ISO text. */
export const newsLineOf = (item: NewsItem): string =>
  JSON.stringify({
    ...item,
    publishedAt: isoOf(item.publishedAt),
    firstSeenAt: isoOf(item.firstSeenAt),
  });

/** To the microsecond, which `Date` does not know. */
function isoOf(at: Micros): string {
  const iso = new Date(Math.floor(at / 1000)).toISOString().slice(0, -1);
  const rest = at % 1000;
  return rest === 0 ? `${iso}Z` : `${iso}${String(rest).padStart(3, "0")}Z`;
}
