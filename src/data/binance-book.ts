/**
 * Binance book: one symbol's order book from its depth deltas and REST snapshots.
 *
 * A book is known from the snapshot on that joins the deltas (L = its lastUpdateId). Futures: those
 * with u < L are old, the first has U <= L <= u, each next one pu = the previous u. Spot: u <= L is
 * old, the first has U <= L + 1 <= u, each next one U = the previous u + 1. What must stay true: no
 * delta is applied that does not join; until a snapshot does, nothing reaches the sink.
 */
import { Kind } from "../core/market/columns.ts";
import {
  badLine,
  type CaptureContext,
  type LevelParser,
  levelRows,
  Levels,
  type Track,
} from "./capture.ts";

/** A checked depth delta. */
export interface Delta {
  readonly first: number;
  readonly last: number;
  /** `pu`: only futures have it. */
  readonly previous: number | undefined;
  readonly exchangeTime: number;
  readonly localTime: number;
  readonly bids: unknown;
  readonly asks: unknown;
  /** Length of the text it came in. */
  readonly size: number;
}

/** The same with levels on the grid; `previous` is negative on spot. */
export interface ParsedDelta {
  readonly first: number;
  readonly last: number;
  readonly previous: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

export interface Snapshot {
  readonly lastUpdateId: number;
  /** NaN on spot: its snapshots carry no time. */
  readonly exchangeTime: number;
  readonly bids: unknown;
  readonly asks: unknown;
}

/** Deltas that wait for a snapshot: minutes of the busiest stream. */
const MOST_WAITING = 50_000;
/** Characters of all that waits. */
const MOST_WAITING_SIZE = 1 << 26;

interface Saved {
  readonly snapshot: Snapshot | undefined;
  readonly waiting: readonly Delta[];
  readonly known: boolean;
  readonly applied: number;
  readonly lastExchange: number;
  readonly everSynchronised: boolean;
}

export class BinanceBook {
  readonly #track: Track;
  readonly #parser: LevelParser;
  readonly #context: CaptureContext;
  readonly #bids = new Levels();
  readonly #asks = new Levels();
  #snapshot: Snapshot | undefined;
  #waiting: Delta[] = [];
  #waitingSize = 0;
  /** Whether the book is known: only then is `#applied` the last update id in it. */
  #known = false;
  #applied = 0;
  #lastExchange = 0;
  #everSynchronised = false;

  constructor(track: Track, parser: LevelParser, context: CaptureContext, early?: Snapshot) {
    this.#track = track;
    this.#parser = parser;
    this.#context = context;
    this.#snapshot = early;
  }

  /** Whether the book is known. */
  get isSynchronised(): boolean {
    return this.#known;
  }

  get everSynchronised(): boolean {
    return this.#everSynchronised;
  }

  /** Whether a snapshot is there and waits for deltas that it joins. */
  get hasSnapshot(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Deltas that wait for a snapshot. */
  get waiting(): number {
    return this.#waiting.length;
  }

  snapshot(snapshot: Snapshot, localTime: number, text: string): void {
    const { snapshots } = this.#track.counts;
    if (this.#known || this.#snapshot !== undefined) snapshots.unused += 1;
    if (this.#known) return;
    this.#snapshot = snapshot;
    this.#synchronise(localTime, text);
  }

  delta(delta: Delta, text: string): void {
    if (this.#known) {
      this.#follow(delta, text);
      return;
    }
    this.#waiting.push(delta);
    this.#waitingSize += delta.size;
    while (this.#waiting.length > MOST_WAITING || this.#waitingSize > MOST_WAITING_SIZE) {
      this.#waitingSize -= this.#waiting.shift()!.size;
      this.#track.counts.unsynchronised.bookMessages += 1;
    }
    this.#synchronise(delta.localTime, text);
  }

  /** Applies a delta whose levels are parsed; false, and nothing done, where it does not join. */
  follow(delta: ParsedDelta, exchangeTime: number, localTime: number): boolean {
    const { last } = delta;
    const futures = this.#track.instrument.kind !== "spot";
    const expected = futures ? this.#applied : this.#applied + 1;
    if (!this.#known || last <= this.#applied || futures !== delta.previous >= 0) return false;
    if ((futures ? delta.previous : delta.first) !== expected) return false;
    const { sink } = this.#track;
    sink.begin("book", exchangeTime, localTime);
    levelRows(sink, Kind.BID, delta.bids);
    levelRows(sink, Kind.ASK, delta.asks);
    sink.end(last);
    this.#applied = last;
    this.#lastExchange = exchangeTime;
    return true;
  }

  /** The connection was lost: what was missed is not known. */
  reconnected(localTime: number): void {
    const { counts, sink } = this.#track;
    counts.unsynchronised.bookMessages += this.#waiting.length;
    this.#wait([]);
    this.#snapshot = undefined;
    if (!this.#known) return;
    this.#known = false;
    const expected = this.#applied + 1;
    counts.gaps.add(() => ({ ...this.#context.position, expected, found: 0 }));
    sink.begin("book", this.#lastExchange, localTime);
    sink.row(Kind.GAP, 0, 0);
    sink.end(this.#applied);
  }

  save(): unknown {
    const saved: Saved = {
      snapshot: this.#snapshot,
      waiting: this.#waiting,
      known: this.#known,
      applied: this.#applied,
      lastExchange: this.#lastExchange,
      everSynchronised: this.#everSynchronised,
    };
    return saved;
  }

  restore(value: unknown): void {
    const saved = value as Saved;
    this.#snapshot = saved.snapshot;
    this.#wait([...saved.waiting]);
    this.#known = saved.known;
    this.#applied = saved.applied;
    this.#lastExchange = saved.lastExchange;
    this.#everSynchronised = saved.everSynchronised;
  }

  #wait(deltas: Delta[]): void {
    this.#waiting = deltas;
    this.#waitingSize = deltas.reduce((sum, { size }) => sum + size, 0);
  }

  /** Applies what joins the book as it stands, or breaks off. */
  #follow(delta: Delta, text: string): void {
    const { counts, sink } = this.#track;
    if (delta.last <= this.#applied) {
      counts.duplicates.bookMessages += 1;
      return;
    }
    const futures = delta.previous !== undefined;
    const expected = futures ? this.#applied : this.#applied + 1;
    const found = delta.previous ?? delta.first;
    if (found !== expected) {
      counts.gaps.add(() => ({ ...this.#context.position, expected, found }));
      sink.begin("book", delta.exchangeTime, delta.localTime);
      sink.row(Kind.GAP, 0, 0);
      sink.end(delta.last);
      this.#known = false;
      this.#snapshot = undefined;
      this.#wait([delta]);
      return;
    }
    if (!this.#parse(delta)) {
      // It is not applied, so the next delta will find that it does not join.
      badLine(this.#context, text, "has levels that are no numbers");
      return;
    }
    sink.begin("book", delta.exchangeTime, delta.localTime);
    levelRows(sink, Kind.BID, this.#bids);
    levelRows(sink, Kind.ASK, this.#asks);
    sink.end(delta.last);
    this.#applied = delta.last;
    this.#lastExchange = delta.exchangeTime;
  }

  /** Joins the snapshot in hand with the deltas that wait, as soon as both are there. */
  #synchronise(localTime: number, text: string): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return;
    const { counts, sink } = this.#track;
    const id = snapshot.lastUpdateId;
    const spot = this.#track.instrument.kind === "spot";
    const oldest = spot ? id + 1 : id;
    const joinsAt = this.#waiting.findIndex((delta) => delta.last >= oldest);
    if (joinsAt < 0) {
      counts.unsynchronised.bookMessages += this.#waiting.length;
      this.#wait([]);
      return;
    }
    counts.unsynchronised.bookMessages += joinsAt;
    const joining = this.#waiting.slice(joinsAt);
    const first = joining[0]!;
    this.#wait(joining);
    this.#snapshot = undefined;
    if (first.first > oldest || !this.#parse(snapshot)) {
      // Too old a snapshot (or none): the deltas wait for the next.
      if (first.first <= oldest) badLine(this.#context, text, "has levels that are no numbers");
      counts.snapshots.unused += 1;
      return;
    }
    counts.snapshots.used += 1;
    const stated = snapshot.exchangeTime;
    const exchangeTime = stated <= first.exchangeTime ? stated : first.exchangeTime;
    sink.begin("book", exchangeTime, localTime);
    sink.row(Kind.CLEAR, 0, 0);
    levelRows(sink, Kind.BID, this.#bids);
    levelRows(sink, Kind.ASK, this.#asks);
    sink.end(id);
    this.#everSynchronised = true;
    this.#wait([]);
    this.#lastExchange = exchangeTime;
    // The first delta overlaps the snapshot; from there on each joins the one before.
    this.#known = true;
    this.#applied = spot ? first.first - 1 : first.previous!;
    for (const delta of joining) {
      if (this.#known) this.#follow({ ...delta, localTime }, text);
      else this.#wait([...this.#waiting, delta]);
    }
  }

  #parse(book: { readonly bids: unknown; readonly asks: unknown }): boolean {
    const parser = this.#parser;
    return parser.levels(book.bids, this.#bids) && parser.levels(book.asks, this.#asks);
  }
}
