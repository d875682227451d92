/**
 * Stream hub: tells viewers what has become of what they watch.
 *
 * The desk says what is another; at each beat of the hub's own clock that is numbered, and each
 * viewer who can take it is told. What must stay true: a change at the desk costs the desk a mark
 * in a set; nobody waits for a viewer, and nothing is kept for one but what it watches and how far
 * it was told; `seq` of a message means that all it watches was told as of then.
 */
import { randomUUID } from "node:crypto";
import type { Desk, DeskChange } from "../runtime/desk/desk-terms.ts";
import type { WatchRequest } from "../view/stream.ts";
import { type Key, StreamStates } from "./stream-states.ts";
import type { Approvals } from "./approvals.ts";
import type { StreamViewer } from "./stream-viewer.ts";

/** A large thing is told less often: so many bytes of one a second, at most. */
const BYTES_PER_MS = 2_000;
const SWEEP_MS = 1_000;
/** For each millisecond that it took to tell, so many are left to the desk. */
const REST = 4;
/** Nor is it held up for longer at once, but by one viewer's share. */
const TURN_MS = 4;
/** Rows of the list that are written at one beat: with 1,000 orders, each about once a second. */
const ROWS_AT_ONCE = 128;

export interface HubOptions {
  readonly desk: Desk;
  readonly approvals: Approvals;
  readonly updatesPerSecond: number;
  readonly now: () => number;
  /** A state could not be made: the viewer is let go, and the orders are worked on. */
  readonly onFault: (error: unknown) => void;
}

/** What has been done so far, for the metrics. */
export interface HubCounts {
  messages: number;
  bytes: number;
  /** States that a slow viewer was not told, because newer ones came. */
  conflated: number;
  /** The longest time at once, since somebody looked. */
  longestMs: number;
}

export class StreamHub {
  readonly epoch = randomUUID();
  readonly counts: HubCounts = { messages: 0, bytes: 0, conflated: 0, longestMs: 0 };
  readonly #options: HubOptions;
  readonly #states: StreamStates;
  readonly #viewers = new Set<StreamViewer>();
  readonly #dirty = new Set<Key>();
  readonly #dirtyRows = new Set<string>();
  /** Any of them may be another, or have gone. */
  #areAllDirty = false;
  readonly #notBefore = new Map<Key, number>();
  readonly #unwatch: () => void;
  readonly #beatMs: number;
  #timer: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  #restUntil = 0;
  #isTelling = false;
  #seq = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    const { desk, approvals, updatesPerSecond } = options;
    this.#beatMs = Math.max(1, Math.floor(1_000 / updatesPerSecond));
    this.#states = new StreamStates({ desk, waiting: () => approvals.waiting() });
    this.#unwatch = desk.watch((change) => this.#mark(change));
    approvals.onChange = () => void this.#dirty.add("approvals");
  }

  get size(): number {
    return this.#viewers.size;
  }

  join(viewer: StreamViewer): void {
    this.#viewers.add(viewer);
    this.#timer ??= setInterval(() => this.#beat(), this.#beatMs).unref();
  }

  leave(viewer: StreamViewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** A viewer says what it wants to see; it is told at once. */
  watch(viewer: StreamViewer, request: WatchRequest): void {
    // What happened while nobody looked has no number yet.
    this.#numberSafely(Infinity);
    const isHeld = request.epoch === this.epoch && request.since !== undefined;
    const since = isHeld ? Math.min(request.since!, this.#seq) : undefined;
    const keys: Key[] = [...new Set<Key>(request.topics)];
    viewer.watch(keys.includes("orders") ? [...keys, "runs"] : keys, since);
    this.#tellSafely(viewer);
  }

  /** Its session has ended. */
  endSession(key: string): void {
    for (const viewer of this.#viewers) {
      if (viewer.session === key) viewer.close(1008, "the session has ended");
    }
  }

  /** Who can take it is told how things stand in the end. */
  close(): void {
    this.#unwatch();
    clearInterval(this.#timer);
    this.#numberSafely(Infinity);
    for (const viewer of this.#viewers) this.#tellSafely(viewer);
    for (const viewer of this.#viewers) viewer.close(1001, "the server ends");
  }

  #mark(change: DeskChange): void {
    if (change.kind === "orders") {
      this.#dirty.add("orders");
      for (const id of change.parentIds) {
        this.#dirtyRows.add(id);
        this.#dirty.add(`order:${id}`);
      }
    } else if (change.kind === "market") this.#dirty.add(`market:${change.instrument}`);
    else if (change.kind === "runs") {
      this.#dirty.add("runs");
      this.#dirty.add("orders");
      this.#areAllDirty = true;
    } else this.#dirty.add("timeline");
  }

  /** The work of one beat is paid for with rest, so that the desk has its share of the time. */
  #beat(): void {
    const from = performance.now();
    if (this.#isTelling || from < this.#restUntil) return;
    this.#numberSafely();
    this.#sweep();
    const spent = performance.now() - from;
    this.counts.longestMs = Math.max(this.counts.longestMs, spent);
    this.#isTelling = true;
    setImmediate(() => this.#tellAll([...this.#viewers], spent));
  }

  /** @param spent milliseconds, on this beat so far. */
  #tellAll(viewers: readonly StreamViewer[], spent: number): void {
    const from = performance.now();
    let next = 0;
    let took = 0;
    while (next < viewers.length && took < TURN_MS) {
      this.#tellSafely(viewers[next]!);
      next += 1;
      took = performance.now() - from;
    }
    this.counts.longestMs = Math.max(this.counts.longestMs, took);
    this.#isTelling = next < viewers.length;
    // The desk has its turn between any two.
    if (this.#isTelling) setImmediate(() => this.#tellAll(viewers.slice(next), spent + took));
    else this.#restUntil = performance.now() + REST * (spent + took);
  }

  #sweep(): void {
    const now = this.#options.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    this.#options.approvals.sweep();
    const watched = new Set([...this.#viewers].flatMap(({ keys }) => keys));
    this.#states.forget((key) => watched.has(key));
  }

  #numberSafely(rowsAtOnce = ROWS_AT_ONCE): void {
    try {
      this.#number(rowsAtOnce);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  /** What is another, and may be told again by now, gets its number. */
  #number(rowsAtOnce: number): void {
    const now = this.#options.now();
    for (const key of this.#dirty) {
      if (isBefore(now, this.#notBefore.get(key) ?? 0)) continue;
      this.#notBefore.delete(key);
      if (key === "orders") this.#numberRows(rowsAtOnce);
      else {
        this.#dirty.delete(key);
        this.#states.change(key, (this.#seq += 1));
      }
    }
  }

  /** Some at a time, so that a long list holds nobody up: what was marked first comes first. */
  #numberRows(atOnce: number): void {
    if (this.#areAllDirty) for (const id of this.#states.parentIds) this.#dirtyRows.add(id);
    this.#areAllDirty = false;
    const ids = [...this.#dirtyRows].slice(0, atOnce);
    for (const id of ids) this.#dirtyRows.delete(id);
    if (this.#dirtyRows.size === 0) this.#dirty.delete("orders");
    if (this.#states.changeRows(ids, this.#seq + 1)) this.#seq += 1;
  }

  /** A fault in what is shown is no reason for the desk to stop. */
  #tellSafely(viewer: StreamViewer): void {
    try {
      this.#tell(viewer);
    } catch (error) {
      this.#options.onFault(error);
      viewer.close(1011, "the server failed at this");
    }
  }

  #tell(viewer: StreamViewer): void {
    const due = viewer.keys.filter(
      (key) => viewer.isFresh(key) || this.#states.changed(key) > viewer.told,
    );
    if (due.length === 0) return viewer.rest(this.#options.now());
    if (!viewer.isReady(this.#options.now())) {
      this.counts.conflated += due.length;
      return;
    }
    const bodies = due.map((key) => {
      const body = this.#states.bodyOf(key, viewer.isFresh(key) ? undefined : viewer.told);
      const pause = body.text.length / BYTES_PER_MS;
      if (pause > this.#beatMs) this.#notBefore.set(key, this.#options.now() + pause);
      return body;
    });
    this.counts.messages += bodies.length;
    this.counts.bytes += viewer.send(bodies, this.#seq);
  }
}

/** A clock that was set back holds nothing up. */
const isBefore = (now: number, time: number): boolean => now < time && time - now < SWEEP_MS * 10;
