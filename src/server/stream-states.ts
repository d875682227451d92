/**
 * Stream states: what each thing is now and the number of its last change, as the text that is
 * told of it.
 *
 * What must stay true: a change costs little until somebody looks: its state is taken from the
 * desk when the first viewer is told of it, and its text is made once for all.
 */
import type { Desk } from "../runtime/desk/desk-terms.ts";
import type { OrderRow } from "../view/shapes.ts";
import type { Approval, StreamMessage } from "../view/stream.ts";
import { type Body, bodyOf } from "./stream-messages.ts";

/** A topic, or `runs`, which come with `orders`. */
export type Key = string;

type Entry = Extract<StreamMessage, { readonly type: "timeline" }>["entries"][number];

const NEWEST_ENTRIES = 500;

interface Thing {
  /** Number of its last change. */
  changed: number;
  body: Body | undefined;
}

export interface StateSource {
  readonly desk: Desk;
  readonly waiting: () => readonly Approval[];
}

export class StreamStates {
  readonly #source: StateSource;
  readonly #things = new Map<Key, Thing>();
  readonly #rowChanged = new Map<string, number>();
  #rows: ReadonlyMap<string, OrderRow> = new Map();
  /** Of the last change that took a row away. */
  #removedAt = 0;
  #entries: readonly { readonly seq: number; readonly entry: Entry }[] = [];
  readonly #lastRecords: Record<string, number> = {};
  /** Texts of rows and entries, by the number that a viewer had: most have the same. */
  readonly #since = new Map<string, Body>();

  constructor(source: StateSource) {
    this.#source = source;
    this.#readRows();
    this.#readEntries(0);
  }

  /** Number of the last change of a thing; 0: none since the start. */
  changed(key: Key): number {
    return this.#things.get(key)?.changed ?? 0;
  }

  /** A thing is another as of this number. */
  change(key: Key, seq: number): void {
    this.#things.set(key, { changed: seq, body: undefined });
    this.#since.clear();
    if (key === "timeline") this.#readEntries(seq);
  }

  /** These rows are others as of this number. */
  changeRows(parentIds: Iterable<string>, seq: number): void {
    const before = this.#rows;
    this.#readRows();
    for (const id of parentIds) this.#rowChanged.set(id, seq);
    for (const id of this.#rows.keys()) if (!before.has(id)) this.#rowChanged.set(id, seq);
    for (const id of before.keys()) {
      if (this.#rows.has(id)) continue;
      this.#rowChanged.delete(id);
      this.#removedAt = seq;
    }
    this.change("orders", seq);
  }

  /** @param since what the viewer was told up to; undefined: it holds nothing of this. */
  bodyOf(key: Key, since: number | undefined): Body {
    if (key !== "orders" && key !== "timeline") return this.#whole(key);
    const name = `${key} ${since ?? "whole"}`;
    const body = this.#since.get(name) ?? this.#partOf(key, since);
    this.#since.set(name, body);
    return body;
  }

  /** Texts that nobody watches any more are forgotten. */
  forget(isWatched: (key: Key) => boolean): void {
    for (const [key, thing] of this.#things) if (!isWatched(key)) thing.body = undefined;
    this.#since.clear();
  }

  #whole(key: Key): Body {
    const thing = this.#things.get(key) ?? { changed: 0, body: undefined };
    this.#things.set(key, thing);
    thing.body ??= this.#made(key);
    return thing.body;
  }

  #made(key: Key): Body {
    const { desk, waiting } = this.#source;
    if (key === "runs") return bodyOf("runs", { runs: desk.runs() });
    if (key === "approvals") return bodyOf("approvals", { waiting: waiting() });
    const name = key.slice(key.indexOf(":") + 1);
    return key.startsWith("order:")
      ? bodyOf("order", { parentId: name, view: desk.order(name) ?? null })
      : bodyOf("market", { instrument: name, view: desk.market(name) ?? null });
  }

  #partOf(key: "orders" | "timeline", since: number | undefined): Body {
    if (key === "timeline") {
      const entries = this.#entries
        .filter(({ seq }) => since === undefined || seq > since)
        .map(({ entry }) => entry);
      return bodyOf("timeline", { entries });
    }
    if (since === undefined || since < this.#removedAt) {
      return bodyOf("orders", { isWhole: true, rows: [...this.#rows.values()] });
    }
    const rows = [...this.#rows.values()].filter(
      ({ parentId }) => (this.#rowChanged.get(parentId) ?? 0) > since,
    );
    return bodyOf("orders", { isWhole: false, rows });
  }

  #readRows(): void {
    this.#rows = new Map(this.#source.desk.rows().map((row) => [row.parentId, row]));
  }

  #readEntries(seq: number): void {
    const fresh = this.#source.desk.timeline(this.#lastRecords);
    for (const { journal, record } of fresh) this.#lastRecords[journal] = record;
    const more = fresh.map((entry) => ({ seq, entry }));
    this.#entries = [...this.#entries, ...more].slice(-NEWEST_ENTRIES);
  }
}
