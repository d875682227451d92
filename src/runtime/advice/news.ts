/**
 * News: what advisors are shown of it, from recordings in a backtest and from feeds live.
 *
 * What must stay true: an item is an event at the instant of its first sight, and never before; and
 * a backtest's journal says which files it came from and whose times it believed.
 */
import { mask } from "../../feeds/mask.ts";
import { type NewsRecording, readNewsRecording } from "../../feeds/news-recording.ts";
import type { FeedFault, NewsFeed } from "../../feeds/news-feed.ts";
import { newsGate, openFeeds } from "../../feeds/open-feeds.ts";
import { openFeed, parseFeed } from "../../feeds/registry.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type Instrument, instrumentId } from "../../core/domain/instrument.ts";
import type { EngineEvent } from "../../core/domain/messages.ts";
import { type Micros, micros } from "../../core/domain/units.ts";
import { SYSTEM_TRANSPORT } from "../../data/network/system-transport.ts";

export interface RecordedNews {
  /** In order of time. */
  readonly events: readonly EngineEvent[];
  /** For the journal. */
  readonly sources: readonly Pick<NewsRecording, "file" | "sha256" | "trusts">[];
  /** What a person should know of the files. */
  readonly notes: readonly string[];
}

/** What of these recordings was first seen within a backtest's span, names and dates hidden. */
export async function recordedNews(
  specs: readonly string[],
  instrument: Instrument,
  span: { readonly from: Micros; readonly until: Micros },
  trustPublished: boolean,
): Promise<Result<RecordedNews, FeedFault>> {
  const sources: RecordedNews["sources"][number][] = [];
  const notes: string[] = [];
  const events: EngineEvent[] = [];
  const isNews = newsGate([instrument.symbol]);
  for (const spec of specs) {
    const choice = parseFeed(spec);
    if (!choice.ok) return choice;
    if (choice.value.kind !== "jsonl") {
      const text = "a backtest reads its news from recordings: jsonl:FILE";
      return err({ code: "FEED_NAME", feed: choice.value.kind, text });
    }
    const read = await readNewsRecording(choice.value.path, { trustPublished });
    if (!read.ok) return read;
    const { file, sha256, trusts, items, faults, unseen } = read.value;
    sources.push({ file, sha256, trusts });
    for (const { text } of faults) notes.push(`${file}: ${text}`);
    if (unseen > 0) notes.push(`${file}: ${unseen} items do not say when they were first seen`);
    const inTime = items.filter(
      ({ firstSeenAt }) => firstSeenAt >= span.from && firstSeenAt < span.until,
    );
    const told = inTime.filter((item) => isNews(item));
    notes.push(`${file}: ${told.length} of ${items.length} items fall into the run`);
    for (const item of told) {
      events.push({
        kind: "news-received",
        time: item.firstSeenAt,
        instrument: instrumentId(instrument),
        item: mask(item, instrument.symbol),
      });
    }
  }
  events.sort((a, b) => a.time - b.time);
  return ok({ events, sources, notes });
}

const now = (): Micros => micros(Date.now() * 1000);

/** Feeds that are opened with a live run. */
export function liveFeeds(specs: readonly string[]): Result<readonly NewsFeed[], FeedFault> {
  const feeds: NewsFeed[] = [];
  for (const spec of specs) {
    const choice = parseFeed(spec);
    if (!choice.ok) return choice;
    const { timers, request } = SYSTEM_TRANSPORT;
    feeds.push(openFeed(choice.value, { timers, request, now }));
  }
  return ok(feeds);
}

export interface LiveNews {
  readonly feeds: readonly NewsFeed[];
  readonly instrument: Instrument;
  readonly tell: (make: (time: Micros) => EngineEvent) => void;
  readonly onFault: (fault: FeedFault) => void;
  readonly signal: AbortSignal;
}

/** Until the signal. A feed that dies is told of and missed by nobody else. */
export function followNews({ feeds, instrument, tell, onFault, signal }: LiveNews): void {
  const sink = {
    item: (item: Extract<EngineEvent, { kind: "news-received" }>["item"]) =>
      tell((time) => ({
        kind: "news-received",
        time,
        instrument: instrumentId(instrument),
        item: { ...item, firstSeenAt: time },
      })),
    fault: onFault,
  };
  openFeeds(feeds, sink, signal, { instruments: [instrument.symbol] }).catch((error: unknown) =>
    onFault({ code: "FEED_BROKEN", feed: "news", text: String(error) }),
  );
}
