/**
 * Stream states: what each thing is now and the number of its last change, as the text that is
 * told of it.
 *
 * What must stay true: a change costs little until somebody looks: its state is taken from the
 * desk when the first viewer is told of it, and its text is made once for all. A row of the list is
 * written when it is looked at, and has a new number only where its text is another.
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

interface RowText {
  readonly text: string;
  /** Number of its last change; 0: it has been so since the start. */
  readonly changed: number;
  readonly startAt: number;
}

export interface StateSource {
  readonly desk: Desk;
  readonly waiting: () => readonly Approval[];
}

export class StreamStates {
  readonly #source: StateSource;
  readonly #things = new Map<Key, Thing>();
  /** By parent id. */
  readonly #rows = new Map<string, RowText>();
  /** Of the last change that took a row away. */
  #removedAt = 0;
  #entries: readonly { readonly seq: number; readonly entry: Entry }[] = [];
  readonly #lastRecords: Record<string, number> = {};
  /** Texts of rows and entries, by the number that a viewer had: most have the same. */
  readonly #since = new Map<string, Body>();

  constructor(source: StateSource) {
    this.#source = source;
    for (const row of source.desk.rows()) this.#take(row, 0);
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

  /** Of all rows that there are, and of those that there were. */
  get parentIds(): ReadonlySet<string> {
    return new Set([...this.#rows.keys(), ...this.#source.desk.parentIds()]);
  }

  /**
   * These rows may be others as of this number, or have gone.
   *
   * @returns whether one is.
   */
  changeRows(parentIds: readonly string[], seq: number): boolean {
    const rows = this.#source.desk.rowsOf(parentIds);
    let isOther = false;
    for (const id of parentIds) {
      const row = rows.get(id);
      if (row === undefined ? this.#remove(id, seq) : this.#take(row, seq)) isOther = true;
    }
    if (isOther) this.change("orders", seq);
    return isOther;
  }

  /** @returns whether it is another than it was. */
  #take(row: OrderRow, changed: number): boolean {
    const text = JSON.stringify(row);
    if (this.#rows.get(row.parentId)?.text === text) return false;
    this.#rows.set(row.parentId, { text, changed, startAt: row.startAt });
    return true;
  }

  #remove(parentId: string, seq: number): boolean {
    if (!this.#rows.delete(parentId)) return false;
    this.#removedAt = seq;
    return true;
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
      const newest = [...this.#rows.values()].sort((a, b) => b.startAt - a.startAt);
      return ordersBody(true, newest);
    }
    return ordersBody(
      false,
      [...this.#rows.values()].filter(({ changed }) => changed > since),
    );
  }

  #readEntries(seq: number): void {
    const fresh = this.#source.desk.timeline(this.#lastRecords);
    for (const { journal, record } of fresh) this.#lastRecords[journal] = record;
    const more = fresh.map((entry) => ({ seq, entry }));
    this.#entries = [...this.#entries, ...more].slice(-NEWEST_ENTRIES);
  }
}

/** Of texts that are written already. */
const ordersBody = (isWhole: boolean, rows: readonly RowText[]): Body => ({
  type: "orders",
  text: `"isWhole":${isWhole},"rows":[${rows.map(({ text }) => text).join(",")}]`,
});
