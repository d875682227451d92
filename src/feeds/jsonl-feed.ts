/**
 * JSON-lines feed: follows a file that something else appends to.
 *
 * What must stay true: only what is appended after the beginning is news, whatever the lines claim;
 * and a file that is cut, replaced or taken away is a fault, after which it is followed on.
 */
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { lineReader } from "./line-reader.ts";
import {
  type FeedFault,
  type FeedMeans,
  type NewsFeed,
  type NewsSink,
  pause,
} from "./news-feed.ts";
import { parseNewsLine } from "./news-line.ts";
import { cleanNews } from "./raw-news.ts";

/** Looked at by time: notices of a file system are lost on network drives and in containers. */
const LOOK_SECONDS = 1;
const PIECE_BYTES = 64 * 1024;
/** Of one look: whoever writes more is read on at the next. */
const MOST_PIECES = 64;

export class JsonlFeed implements NewsFeed {
  readonly name: string;
  readonly #path: string;
  readonly #means: FeedMeans;

  constructor(path: string, means: FeedMeans) {
    this.name = `jsonl:${basename(path)}`;
    this.#path = path;
    this.#means = means;
  }

  async open(sink: NewsSink, signal: AbortSignal): Promise<void> {
    const following = new Following(this.#path, this.name, this.#means, sink);
    await following.begin();
    while (!signal.aborted) {
      await following.look();
      await pause(this.#means.timers, LOOK_SECONDS, signal);
    }
  }
}

class Following {
  readonly #path: string;
  readonly #name: string;
  readonly #means: FeedMeans;
  readonly #sink: NewsSink;
  #take: (piece: Buffer | undefined) => void;
  #file = "";
  #read = 0;
  /** Said once, until it changes. */
  #trouble = "";

  constructor(path: string, name: string, means: FeedMeans, sink: NewsSink) {
    this.#path = path;
    this.#name = name;
    this.#means = means;
    this.#sink = sink;
    this.#take = this.#reader();
  }

  /** Passes over what is there already. */
  async begin(): Promise<void> {
    try {
      const found = await stat(this.#path);
      this.#file = `${found.dev}:${found.ino}`;
      this.#read = found.size;
    } catch {
      // Said by the first look.
    }
  }

  async look(): Promise<void> {
    try {
      const found = await stat(this.#path);
      if (!found.isFile()) throw new Error("it is no file");
      this.#notice(`${found.dev}:${found.ino}`, found.size);
      if (found.size > this.#read) await this.#readOn(found.size);
      this.#trouble = "";
    } catch (error) {
      const text = `cannot follow ${this.#path}: ${(error as Error).message}`;
      if (text !== this.#trouble) this.#fault("FEED_FILE", text);
      this.#trouble = text;
    }
  }

  #notice(file: string, size: number): void {
    const isOther = file !== this.#file;
    if (!isOther && size >= this.#read) return;
    const isNew = this.#file === "";
    this.#file = file;
    this.#read = 0;
    this.#take = this.#reader();
    if (isNew) return;
    const what = isOther ? "was replaced" : "was cut";
    this.#fault("FEED_FILE", `${this.#path} ${what}: it is read from its beginning`);
  }

  async #readOn(size: number): Promise<void> {
    const file = await open(this.#path, "r");
    try {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      for (let pieces = 0; pieces < MOST_PIECES && this.#read < size; pieces += 1) {
        const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, this.#read);
        if (bytesRead === 0) return;
        this.#read += bytesRead;
        this.#take(Buffer.from(piece.subarray(0, bytesRead)));
      }
    } finally {
      await file.close();
    }
  }

  #reader(): (piece: Buffer | undefined) => void {
    return lineReader((line) => this.#line(line));
  }

  #line(line: string | undefined): void {
    if (line?.trim() === "") return;
    if (line === undefined) return this.#fault("FEED_LINE", "a line is too long");
    const parsed = parseNewsLine(line, this.#name);
    if (!parsed.ok) return this.#fault("FEED_LINE", `a line ${parsed.error}`);
    const item = cleanNews(parsed.value.raw, this.#means.now());
    if (item === undefined) return this.#fault("FEED_LINE", "a line says nothing once cleaned");
    this.#sink.item(item);
  }

  #fault(code: FeedFault["code"], text: string): void {
    this.#sink.fault({ code, feed: this.#name, text });
  }
}
