/**
 * Bybit announcements: listings, delistings, maintenance and changes of rules, as Bybit tells them.
 *
 * Public: no key is used. What must stay true: even the venue's own words are only text.
 */
import { z } from "zod";
import { type Result, err, ok } from "../core/domain/errors.ts";
import type { FeedMeans } from "./news-feed.ts";
import { type Polled, PolledFeed } from "./polled-feed.ts";
import { type RawNews, timeOf } from "./raw-news.ts";

export const BYBIT_MAINNET = "https://api.bybit.com";
const SECONDS = 60;
const MOST_TOLD = 20;

export function bybitAnnouncements(means: FeedMeans, base = BYBIT_MAINNET): PolledFeed {
  const origin = new URL(base).origin;
  const terms = {
    name: origin === BYBIT_MAINNET ? "bybit:announcements" : `bybit:announcements@${origin}`,
    url: `${origin}/v5/announcements/index?locale=en-US&page=1&limit=${MOST_TOLD}`,
    accept: "application/json",
    seconds: SECONDS,
    parse: parseAnnouncements,
  };
  return new PolledFeed(terms, means);
}

const ANNOUNCEMENT = z.looseObject({
  title: z.string(),
  description: z.string().nullish(),
  type: z.looseObject({ title: z.string().nullish(), key: z.string().nullish() }).nullish(),
  tags: z.array(z.string()).nullish(),
  url: z.string().nullish(),
  dateTimestamp: z.number().nullish(),
  publishTime: z.number().nullish(),
});
const ANSWER = z.looseObject({
  retCode: z.number(),
  retMsg: z.string().nullish(),
  result: z.looseObject({ list: z.array(z.unknown()) }).nullish(),
});

export function parseAnnouncements(text: string): Result<Polled, string> {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    return err("answers what is not JSON");
  }
  const answer = ANSWER.safeParse(told);
  if (!answer.success) return err("answers JSON that is no announcement index");
  const { retCode, result } = answer.data;
  if (retCode !== 0) return err(`answers the code ${retCode}`);
  // One that is malformed takes none of the others with it.
  const items = (result?.list ?? [])
    .map((entry) => ANNOUNCEMENT.safeParse(entry))
    .filter((parsed) => parsed.success)
    .map((parsed) => rawOf(parsed.data));
  return ok({ items });
}

function rawOf(told: z.infer<typeof ANNOUNCEMENT>): RawNews {
  const publishedAt = timeOf(told.publishTime ?? told.dateTimestamp ?? undefined);
  const type = told.type?.title ?? "";
  const body = [type === "" ? "" : `${type}.`, told.description ?? ""].filter(
    (part) => part !== "",
  );
  return {
    id: told.url ?? "",
    source: "bybit",
    kind: "announcement",
    ...(publishedAt === undefined ? {} : { publishedAt }),
    headline: told.title,
    ...(body.length === 0 ? {} : { body: body.join(" ") }),
  };
}
