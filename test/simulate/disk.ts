/**
 * Disk: a run's store in memory, which keeps what was committed, fills up, and dies with its life.
 *
 * What a file store makes of torn writes is tested with that store: here a commit is whole or was
 * not. What must stay true: what is read back is what had been committed when the life ended, to the
 * letter, and rows and records of one commit survive together.
 */
import { ok, type Result } from "../../src/core/domain/errors.ts";
import type { MarketBlock } from "../../src/core/market/columns.ts";
import {
  JournalError,
  type JournalHeader,
  type JournalRecord,
  type RecordKind,
} from "../../src/runtime/journal/journal.ts";
import type {
  Checkpoint,
  ResumedRun,
  RunJournal,
  RunStore,
  Tape,
} from "../../src/runtime/live/run-store.ts";

export const BOUNDARIES = [
  "before-append",
  "after-append",
  "before-commit",
  "after-commit",
  "before-send",
  "after-send",
] as const;
/** Where a process can end: around each step of journal, make durable, act. */
export type Boundary = (typeof BOUNDARIES)[number];

export interface DiskWatch {
  /** It may end the life that is writing, by throwing. */
  readonly boundary: (boundary: Boundary) => void;
  /** Whether there is room. */
  readonly isFull: () => boolean;
  /** A record that is durable from now on. */
  readonly committed: (record: JournalRecord) => void;
}

interface Writing {
  readonly records: JournalRecord[];
  readonly blocks: MarketBlock[];
  readonly archives: string[];
  checkpoint: Checkpoint | undefined;
}

export class Disk {
  header: JournalHeader | undefined;
  /** Durable: all of them, from the first. */
  readonly records: JournalRecord[] = [];
  readonly #watch: DiskWatch;
  /** Of each session. */
  readonly #rows: MarketBlock[][] = [[]];
  #checkpoint: Checkpoint | undefined;
  readonly #archives: string[] = [];

  constructor(watch: DiskWatch) {
    this.#watch = watch;
  }

  /** Durable: those of each session. */
  get sessions(): readonly (readonly MarketBlock[])[] {
    return this.#rows;
  }

  /** As one process sees it. What it has not committed is gone with it. */
  mount(): RunStore {
    const writing: Writing = { records: [], blocks: [], archives: [], checkpoint: undefined };
    return {
      name: "simulated.journal",
      create: (header) => {
        this.header = header;
        return ok(this.#journal(writing, 0));
      },
      resume: () => ok(this.#resume(writing)) as Result<ResumedRun, never>,
      tape: () => tapeOf(writing),
    };
  }

  /** Of the last session some rows are gone: as many blocks, from the end. @returns whether any. */
  loseRows(blocks: number): boolean {
    const last = this.#rows.at(-1)!;
    return last.splice(Math.max(0, last.length - blocks)).length > 0;
  }

  #resume(writing: Writing): ResumedRun {
    const checkpoint = this.#checkpoint;
    const from = checkpoint?.sequence ?? 0;
    const kept = this.records.filter(({ sequence }) => sequence > from);
    const sessions = this.#rows.map((blocks) => ({
      rows: blocks.reduce((sum, { length }) => sum + length, 0),
      blocks: () => [...blocks],
    }));
    const last = Math.max(from, this.records.at(-1)?.sequence ?? 0);
    return {
      header: this.header!,
      checkpoint,
      records: () => kept.values(),
      sessions,
      journal: this.#journal(writing, last),
    };
  }

  #journal(writing: Writing, last: number): RunJournal {
    const watch = this.#watch;
    let sequence = last;
    let isBroken = false;
    const guard = (): void => {
      if (!isBroken && !watch.isFull()) return;
      isBroken = true;
      throw new JournalError({
        code: "JOURNAL_FULL_DISK",
        path: "simulated.journal",
        text: "the disk is full",
      });
    };
    const commit = (): void => {
      guard();
      watch.boundary("before-commit");
      this.#take(writing);
      watch.boundary("after-commit");
    };
    return {
      append: (kind: RecordKind, position: number, body: string) => {
        guard();
        watch.boundary("before-append");
        writing.records.push({ sequence: ++sequence, kind, position, body });
        watch.boundary("after-append");
      },
      checkpoint: (position, state, archive) => {
        guard();
        if (archive !== "") writing.archives.push(archive);
        const archives = [...this.#archives, ...writing.archives];
        writing.checkpoint = { sequence: ++sequence, position, state, archives: () => archives };
      },
      commit,
      close: commit,
    };
  }

  #take(writing: Writing): void {
    for (const record of writing.records.splice(0)) {
      this.records.push(record);
      this.#watch.committed(record);
      if (record.kind === "event" && record.body.includes(RESUMED)) this.#rows.push([]);
    }
    // What a session has seen before it was told of itself was seen by nobody.
    this.#rows.at(-1)!.push(...writing.blocks.splice(0));
    if (writing.checkpoint === undefined) return;
    this.#checkpoint = writing.checkpoint;
    this.#archives.push(...writing.archives.splice(0));
    writing.checkpoint = undefined;
  }
}

const RESUMED = '"kind":"session-resumed"';

function tapeOf(writing: Writing): Tape {
  let hasFile = false;
  return {
    take(block, from, to) {
      hasFile = true;
      if (to > from) writing.blocks.push(copyOf(block, from, to));
    },
    tick: () => undefined,
    close: () => undefined,
    get hasFile() {
      return hasFile;
    },
  };
}

const copyOf = (block: MarketBlock, from: number, to: number): MarketBlock => ({
  exchangeTime: block.exchangeTime.slice(from, to),
  localTime: block.localTime.slice(from, to),
  kind: block.kind.slice(from, to),
  price: block.price.slice(from, to),
  quantity: block.quantity.slice(from, to),
  length: to - from,
});
