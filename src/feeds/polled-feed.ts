/**
 * Polled feed: asks an address again and again, politely, and tells of what is new there.
 *
 * What must stay true: it asks no more often than the source allows, sends back the source's own
 * marks so that nothing is sent twice, reads no more than a bound, and lives through every answer.
 */
import type { NewsItem } from "../core/contracts/advice.ts";
import type { Result } from "../core/domain/errors.ts";
import { HOUR } from "../core/domain/units.ts";
import {
  type FeedAnswer,
  type FeedFault,
  type FeedMeans,
  type NewsFeed,
  type NewsSink,
  pause,
} from "./news-feed.ts";
import { type RawNews, cleanNews } from "./raw-news.ts";

export interface PolledTerms {
  /** Without what may be secret in the address. */
  readonly name: string;
  readonly url: string;
  readonly accept: string;
  readonly seconds: number;
  parse(text: string): Result<Polled, string>;
}

export interface Polled {
  /** Newest anywhere. */
  readonly items: readonly RawNews[];
  /** As the source asks for: no sooner. */
  readonly seconds?: number;
}

const TIMEOUT_MS = 15_000;
const MOST_BYTES = 2 * 1024 * 1024;
/** Of one answer. */
const MOST_ITEMS = 100;
const MOST_KNOWN = 5000;
const MOST_REDIRECTS = 3;
const LONGEST_SECONDS = 3600;
/** At the beginning, what claims to be older than this is no news. */
const LOOK_BACK = HOUR;

export class PolledFeed implements NewsFeed {
  readonly name: string;
  readonly #terms: PolledTerms;
  readonly #means: FeedMeans;

  constructor(terms: PolledTerms, means: FeedMeans) {
    this.name = terms.name;
    this.#terms = terms;
    this.#means = means;
  }

  async open(sink: NewsSink, signal: AbortSignal): Promise<void> {
    const polling = new Polling(this.#terms, this.#means, sink, signal);
    while (!signal.aborted && !polling.isGone) {
      const seconds = await polling.poll();
      if (!polling.isGone) await pause(this.#means.timers, seconds, signal);
    }
  }
}

/** Why there is nothing to read in an answer, and how long to leave the source alone. */
interface Trouble {
  readonly code: FeedFault["code"];
  readonly text: string;
  readonly seconds?: number;
}

class Polling {
  /** The source says that it is gone for good. */
  isGone = false;
  readonly #terms: PolledTerms;
  readonly #means: FeedMeans;
  readonly #sink: NewsSink;
  readonly #signal: AbortSignal;
  readonly #known = new Set<string>();
  #url: string;
  #marks: Record<string, string> = {};
  #isFirst = true;
  #failures = 0;
  #trouble = "";

  constructor(terms: PolledTerms, means: FeedMeans, sink: NewsSink, signal: AbortSignal) {
    this.#terms = terms;
    this.#means = means;
    this.#sink = sink;
    this.#signal = signal;
    this.#url = terms.url;
  }

  /** @returns seconds until it may be asked again. */
  async poll(): Promise<number> {
    const usual = this.#terms.seconds;
    const answer = await this.#ask();
    if (this.#signal.aborted) return 0;
    const trouble = "code" in answer ? answer : this.#read(answer);
    if (typeof trouble === "number") {
      this.#failures = 0;
      this.#trouble = "";
      return Math.min(LONGEST_SECONDS, Math.max(usual, trouble));
    }
    this.#failures += 1;
    this.#tell(trouble);
    const wait = Math.max(trouble.seconds ?? 0, usual * 2 ** Math.min(6, this.#failures - 1));
    return Math.min(Math.max(LONGEST_SECONDS, usual), wait);
  }

  /** The same trouble is told once. */
  #tell({ code, text }: Trouble): void {
    if (text === this.#trouble) return;
    this.#trouble = text;
    this.#sink.fault({ code, feed: this.#terms.name, text });
  }

  async #ask(): Promise<FeedAnswer | Trouble> {
    let url = this.#url;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      let answer: FeedAnswer;
      try {
        answer = await this.#request(url);
      } catch (error) {
        // The text may name the address, and that may carry a key.
        const code = (error as { code?: unknown } | undefined)?.code;
        const why = typeof code === "string" && /^[A-Z_]{3,40}$/.test(code) ? ` (${code})` : "";
        return { code: "FEED_UNREACHABLE", text: `gives no whole answer${why}` };
      }
      if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
      const next = redirectOf(url, answer.header("location"));
      if (next === undefined) {
        return { code: "FEED_ANSWER", text: "redirects to where it is not followed" };
      }
      url = next;
      if (answer.status === 301 || answer.status === 308) this.#url = next;
    }
    return { code: "FEED_ANSWER", text: "redirects on and on" };
  }

  #request(url: string): Promise<FeedAnswer> {
    return this.#means.request({
      method: "GET",
      url,
      headers: { accept: this.#terms.accept, "user-agent": "arrival", ...this.#marks },
      timeoutMs: TIMEOUT_MS,
      mostBytes: MOST_BYTES,
      signal: this.#signal,
    });
  }

  /** @returns how long the source asks to be left alone, or why it cannot be read. */
  #read(answer: FeedAnswer): number | Trouble {
    const cacheSeconds = maxAgeOf(answer.header("cache-control"));
    if (answer.status === 304) return cacheSeconds;
    if (answer.status !== 200) {
      this.isGone = answer.status === 410;
      const seconds = retryAfterOf(answer.header("retry-after"), this.#means.now() / 1000);
      const gone = this.isGone ? ": it is gone for good, and is asked no more" : "";
      return { code: "FEED_ANSWER", text: `answers ${answer.status}${gone}`, seconds };
    }
    if (answer.text === undefined) {
      return { code: "FEED_ANSWER", text: `answers more than ${MOST_BYTES} bytes` };
    }
    const polled = this.#parsed(answer.text);
    if (!polled.ok) return { code: "FEED_ANSWER", text: polled.error };
    // Only of an answer that could be read: or the next one would be a 304, and nothing learned.
    this.#marks = marksOf(answer);
    this.#deliver(polled.value.items);
    return Math.max(cacheSeconds, polled.value.seconds ?? 0);
  }

  #parsed(text: string): Result<Polled, string> {
    try {
      return this.#terms.parse(text);
    } catch {
      return { ok: false, error: "answers what breaks the parser" };
    }
  }

  /** Oldest first. What is cut off here comes with the next answer, if it is still there. */
  #deliver(raws: readonly RawNews[]): void {
    const now = this.#means.now();
    const items = raws
      .slice(0, 10 * MOST_ITEMS)
      .map((raw) => cleanNews(raw, now))
      .filter((item) => item !== undefined)
      .filter((item) => !this.#known.has(item.id));
    const fresh = items.sort(byClaim).slice(-MOST_ITEMS);
    for (const item of fresh) {
      if (this.#known.has(item.id)) continue;
      this.#know(item.id);
      if (this.#isFirst && item.publishedAt < now - LOOK_BACK) continue;
      this.#sink.item(item);
    }
    this.#isFirst = false;
  }

  #know(id: string): void {
    this.#known.add(id);
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.values().next().value!);
  }
}

const byClaim = (a: NewsItem, b: NewsItem): number => a.publishedAt - b.publishedAt;

/** Short enough to be sent back. */
const isPlain = (mark: string | null): mark is string =>
  mark !== null && /^[\x20-\x7e]{1,300}$/.test(mark);

function marksOf(answer: FeedAnswer): Record<string, string> {
  const tag = answer.header("etag");
  const modified = answer.header("last-modified");
  return {
    ...(isPlain(tag) ? { "if-none-match": tag } : {}),
    ...(isPlain(modified) ? { "if-modified-since": modified } : {}),
  };
}

/** 0 = it says nothing. */
const maxAgeOf = (header: string | null): number =>
  Number(/\bmax-age=(\d{1,7})\b/i.exec(header ?? "")?.[1] ?? 0);

/** Seconds, or a date. 0 = it says nothing. */
function retryAfterOf(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  if (/^\d{1,7}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, (at - nowMs) / 1000);
}

/**
 * Where an answer sends us, if we go there: to the same origin, or by HTTPS to a name. Undefined:
 * an answer must not lead us to this machine or its neighbours.
 */
export function redirectOf(from: string, location: string | null): string | undefined {
  if (location === null || !URL.canParse(location, from)) return undefined;
  const to = new URL(location, from);
  if (to.username !== "" || to.password !== "") return undefined;
  if (to.origin === new URL(from).origin) return to.href;
  const isName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+$/i.test(to.hostname);
  const isNear = /(?:^|\.)(?:localhost|local|internal|lan|home|corp|intranet)$/i.test(to.hostname);
  return to.protocol === "https:" && isName && !isNear ? to.href : undefined;
}
