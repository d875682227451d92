/**
 * News recording: items of a file in the order in which they may be used, for backtests.
 *
 * What must stay true: an item may be used from when it was first seen on, and never before. Many
 * sets were collected long after the fact, with the times that the authors claim: whoever replays
 * those as if they had been read on time sees the future. That takes the user's word, in the open.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { NewsItem } from "../core/contracts/advice.ts";
import { type Result, err, ok } from "../core/domain/errors.ts";
import type { Micros } from "../core/domain/units.ts";
import { lineReader } from "./line-reader.ts";
import type { FeedFault } from "./news-feed.ts";
import { type NewsLine, parseNewsLine } from "./news-line.ts";
import { cleanNews } from "./raw-news.ts";

export interface RecordingTerms {
  /** Take an item for seen when it claims to have been published (`--trust-published`). */
  readonly trustPublished?: boolean;
  readonly mostItems?: number;
}

export interface NewsRecording {
  readonly file: string;
  /** SHA-256 of the file's bytes, for the journal. */
  readonly sha256: string;
  /** Which time an item is used from on; for the journal. */
  readonly trusts: "first-seen" | "published";
  /** By `firstSeenAt`, those of one instant as in the file. */
  readonly items: readonly NewsItem[];
  /** Lines that could not be used, and why. */
  readonly faults: readonly FeedFault[];
  /** Lines that say nothing of when they were first seen: never used, unless trusted. */
  readonly unseen: number;
}

export const TRUSTED_FLAG = "trusted-published";
const MOST_ITEMS = 1_000_000;
/** Told one by one; the rest is counted. */
const MOST_FAULTS = 20;

/** Reads the whole file. A line that is no item is a fault among others, not the end. */
export async function readNewsRecording(
  path: string,
  { trustPublished = false, mostItems = MOST_ITEMS }: RecordingTerms = {},
): Promise<Result<NewsRecording, FeedFault>> {
  const feed = `jsonl:${basename(path)}`;
  const faultOf = (text: string): FeedFault => ({ code: "FEED_FILE", feed, text });
  const reading = new Reading(feed, trustPublished);
  const hash = createHash("sha256");
  try {
    const file = await open(path, "r");
    try {
      const take = lineReader((line) => reading.take(line));
      for await (const part of file.createReadStream({ autoClose: false })) {
        hash.update(part as Buffer);
        take(part as Buffer);
        if (reading.items.length > mostItems) {
          return err(faultOf(`${path} holds more than ${mostItems} items: cut it`));
        }
      }
      take(undefined);
    } finally {
      await file.close();
    }
  } catch (error) {
    return err(faultOf(`cannot read ${path}: ${(error as Error).message}`));
  }
  return ok({
    file: basename(path),
    sha256: hash.digest("hex"),
    trusts: trustPublished ? "published" : "first-seen",
    items: reading.items.sort((a, b) => a.firstSeenAt - b.firstSeenAt),
    faults: reading.faults(),
    unseen: reading.unseen,
  });
}

class Reading {
  readonly items: NewsItem[] = [];
  unseen = 0;
  readonly #feed: string;
  readonly #trustPublished: boolean;
  readonly #faults: FeedFault[] = [];
  #lines = 0;
  #faulty = 0;

  constructor(feed: string, trustPublished: boolean) {
    this.#feed = feed;
    this.#trustPublished = trustPublished;
  }

  take(line: string | undefined): void {
    this.#lines += 1;
    if (line?.trim() === "") return;
    const parsed = line === undefined ? err("is too long") : parseNewsLine(line, this.#feed);
    if (!parsed.ok) return this.#fault(parsed.error);
    const usableAt = this.#usableAt(parsed.value);
    if (usableAt === undefined) {
      this.unseen += 1;
      return;
    }
    const item = cleanNews(parsed.value.raw, usableAt);
    if (item === undefined) return this.#fault("says nothing once it is cleaned");
    this.items.push(
      this.#trustPublished ? { ...item, flags: [...item.flags, TRUSTED_FLAG].sort() } : item,
    );
  }

  faults(): readonly FeedFault[] {
    const more = this.#faulty - this.#faults.length;
    if (more <= 0) return this.#faults;
    return [...this.#faults, this.#faultOf(`${more} more lines cannot be used`)];
  }

  #usableAt({ raw, firstSeenAt }: NewsLine): Micros | undefined {
    return this.#trustPublished ? raw.publishedAt : firstSeenAt;
  }

  #fault(why: string): void {
    this.#faulty += 1;
    if (this.#faults.length < MOST_FAULTS) {
      this.#faults.push(this.#faultOf(`line ${this.#lines} ${why}`));
    }
  }

  #faultOf(text: string): FeedFault {
    return { code: "FEED_LINE", feed: this.#feed, text };
  }
}
