/**
 * Open feeds: many feeds as one, without what was told before and without what does not concern.
 *
 * What must stay true: a feed that throws is a fault and ends; the others go on, and so does the
 * run, however much a feed tells and whether or not it ends when it is told to. What the receiver
 * throws is not the feeds' fault: it ends all of them and is thrown on.
 */
import type { NewsItem } from "../core/contracts/advice.ts";
import { MINUTE } from "../core/domain/units.ts";
import { cleanText } from "./clean.ts";
import { Duplicates } from "./duplicates.ts";
import type { FeedFault, NewsFeed, NewsSink } from "./news-feed.ts";
import { concerns } from "./relevance.ts";

export interface OpenFeedTerms {
  /** Only items that concern one of these, as BTCUSDT; absent = all. */
  readonly instruments?: readonly string[];
}

/** Of one feed within a minute: each item is journaled, and asks the advisor. */
export const MOST_PER_MINUTE = 200;

/** @returns when all have ended, or by `signal`. @throws what the sink threw. */
export async function openFeeds(
  feeds: readonly NewsFeed[],
  sink: NewsSink,
  signal: AbortSignal,
  { instruments }: OpenFeedTerms = {},
): Promise<void> {
  const ending = new AbortController();
  const all = AbortSignal.any([signal, ending.signal]);
  const admits = newsGate(instruments);
  let thrown: { readonly error: unknown } | undefined;
  const guarded = (call: () => void): void => {
    if (all.aborted) return;
    try {
      call();
    } catch (error) {
      thrown = { error };
      ending.abort();
    }
  };
  const tell = (fault: FeedFault): void => guarded(() => sink.fault(fault));
  const opened = feeds.map(async (feed) => {
    const isInTime = floodGate();
    try {
      await feed.open(
        {
          item: (item) =>
            guarded(() => {
              const passes = isInTime(item);
              if (passes === "flood") sink.fault(floodOf(feed));
              if (passes === true && admits(item)) sink.item(item);
            }),
          fault: tell,
        },
        all,
      );
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      const text = `broke off: ${cleanText(said, 200).text}`;
      tell({ code: "FEED_BROKEN", feed: feed.name, text });
    }
  });
  // A feed may not end when it is told to: nobody waits for it.
  await Promise.race([Promise.all(opened), ended(all)]);
  if (thrown !== undefined) throw thrown.error;
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Whether an item comes at a pace that is borne; `flood` for the first that does not. */
function floodGate(): (item: NewsItem) => boolean | "flood" {
  let since = Number.NEGATIVE_INFINITY;
  let told = 0;
  return ({ firstSeenAt }) => {
    if (firstSeenAt - since >= MINUTE) {
      since = firstSeenAt;
      told = 0;
    }
    told += 1;
    if (told <= MOST_PER_MINUTE) return true;
    return told === MOST_PER_MINUTE + 1 ? "flood" : false;
  };
}

const floodOf = ({ name }: NewsFeed): FeedFault => ({
  code: "FEED_FLOOD",
  feed: name,
  text: `tells more than ${MOST_PER_MINUTE} items a minute: the rest of this minute is left out`,
});

/** Whether an item is new and concerns; for recordings too, in the order of their first sight. */
export function newsGate(instruments?: readonly string[]): (item: NewsItem) => boolean {
  const duplicates = new Duplicates();
  return (item) =>
    (instruments === undefined || instruments.some((name) => concerns(item, name))) &&
    duplicates.admit(item);
}
