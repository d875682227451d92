/**
 * News feed: the contract of whatever brings news and posts: a file, RSS, an exchange's own page.
 *
 * What must stay true: a feed never disturbs the run. It tells of what goes wrong as a value, and
 * one that fails altogether is a fault like any other; and whatever it brings has been cleaned.
 */
import type { NewsItem } from "../core/contracts/advice.ts";
import type { Micros } from "../core/domain/units.ts";

export interface NewsFeed {
  /** As it was asked for, without what may be secret in it. */
  readonly name: string;
  /** Brings items as they come. @returns when it has ended: by `signal`, or of itself. */
  open(sink: NewsSink, signal: AbortSignal): Promise<void>;
}

export interface NewsSink {
  item(item: NewsItem): void;
  fault(fault: FeedFault): void;
}

export interface FeedFault {
  readonly code:
    | "FEED_NAME"
    | "FEED_FILE"
    | "FEED_LINE"
    | "FEED_UNREACHABLE"
    | "FEED_ANSWER"
    | "FEED_FLOOD"
    | "FEED_BROKEN";
  /** The feed's name. */
  readonly feed: string;
  readonly text: string;
}

/** What a feed may use of the world. A `Transport` of the data room is one, but for the clock. */
export interface FeedMeans {
  readonly timers: FeedTimers;
  /** The engine's clock: it says when an item was first seen. */
  now(): Micros;
  /** Rejects where no whole answer came. */
  request(request: FeedRequest): Promise<FeedAnswer>;
}

export interface FeedTimers {
  /** Calls once, in about so many nanoseconds. @returns what takes it back. */
  after(nanos: number, call: () => void): () => void;
}

export interface FeedRequest {
  readonly method: "GET";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of the answer's body. */
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

export interface FeedAnswer {
  readonly status: number;
  header(name: string): string | null;
  /** Undefined: longer than was asked for. */
  readonly text: string | undefined;
}

/** Waits, or until `signal`. */
export function pause(timers: FeedTimers, seconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      takeBack();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const takeBack = timers.after(seconds * 1e9, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
