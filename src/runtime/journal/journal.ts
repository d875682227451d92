/**
 * Journal: every event, command and fact of a run, in order, in one file.
 *
 * It is why a run can be explained and replayed: what the engine was told and what it answered.
 * Each record is chained by SHA-256 to all before it, and a closed file is sealed with the hash of
 * all its bytes. What must stay true: what `commit` has returned from survives a crash, and a
 * record is read back exactly as it was written or not at all.
 *
 * Nothing in the file depends on when or where it was written, so equal runs give equal bytes. The
 * layout is described in docs/decisions/0002-journal-store.md.
 */
import { invariant } from "../../core/domain/errors.ts";

export interface JournalHeader {
  /** Of the journal as it was begun. */
  readonly format: 1 | 2;
  /** Name and version of the program that wrote it. */
  readonly program: string;
  readonly nodeMajor: number;
  /** Plain JSON. */
  readonly instrument: unknown;
  /** Plain JSON: how to get the market again (files by name and hash, or a generator and seed). */
  readonly market: unknown;
  /** Plain JSON: the whole configuration, defaults included. */
  readonly config: unknown;
  readonly seed: number;
  /** Plain JSON: strategies that came from files, by name and SHA-256. Absent = none. */
  readonly plugins?: unknown;
  /** Plain JSON: recordings of news, by name and SHA-256, and whose times were believed. */
  readonly news?: unknown;
  /** Plain JSON: how a live run's venue is opened again. Never a secret. */
  readonly access?: unknown;
  /** Plain JSON: whose account a live run trades on. Never a secret. */
  readonly account?: unknown;
  /** Plain JSON: of a run that stands, on which orders come and go, its id and where it trades. */
  readonly standing?: unknown;
}

export type RecordKind = "event" | "output";

/** What a record of kind "checkpoint" says: the state behind the record before it. */
export interface CheckpointMark {
  readonly sequence: number;
  readonly position: number;
  /** SHA-256 of the state's text, hex. */
  readonly hash: string;
  /** Of the text as UTF-8. */
  readonly bytes: number;
  /** Over all that was archived so far, hex; empty where nothing was. */
  readonly archives: string;
  /** Which session of the run it fell into: 1 is the first. */
  readonly session: number;
}

export interface JournalRecord {
  /** 1, 2, 3 … The header is record 0, and checkpoints have numbers, too. */
  readonly sequence: number;
  readonly kind: RecordKind;
  /** Market rows that the engine had seen. */
  readonly position: number;
  /** Canonical JSON, as it was given. */
  readonly body: string;
}

export interface JournalSink {
  /**
   * Adds a record to the group in hand. Durable after the next `commit`, or when the group is full.
   * @throws JournalError when it could not be stored. The sink then refuses everything.
   */
  append(kind: RecordKind, position: number, body: string): void;
  /** Makes everything so far durable. @throws JournalError when that failed. */
  commit(): void;
  /** Commits, seals and leaves one file. Again: nothing. @throws JournalError. */
  close(): void;
}

export type JournalCode =
  | "JOURNAL_EXISTS"
  | "JOURNAL_NOT_FOUND"
  | "JOURNAL_NOT_A_JOURNAL"
  | "JOURNAL_LOCKED"
  | "JOURNAL_NOT_LIVE"
  | "JOURNAL_CORRUPT"
  | "JOURNAL_UNREPAIRED"
  | "JOURNAL_VERSION"
  | "JOURNAL_FULL_DISK"
  | "JOURNAL_IO";

export interface JournalFault {
  readonly code: JournalCode;
  readonly path: string;
  /** What happened, where, and what to do. */
  readonly text: string;
  /** The first bad record, where one is known. All before it are intact. */
  readonly sequence?: number;
}

/** What a sink throws: a journal that cannot be written stops the run. */
export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly fault: JournalFault;
  constructor(fault: JournalFault) {
    super(`${fault.code}: ${fault.text}`);
    this.fault = fault;
  }
}

export interface JournalOptions {
  /** A group is committed when it has this many records. Counted, not timed: runs stay equal. */
  readonly commitEvery?: number;
  /** Largest size of the file, as a guard of the disk. Absent: as large as the disk allows. */
  readonly maxBytes?: number;
}

export interface OpenJournal {
  readonly header: JournalHeader;
  /** Records behind the header, checkpoints among them: the sequence of the last one. */
  readonly count: number;
  /** In order. `records` leaves them out: they are neither events nor outputs. */
  readonly checkpoints: readonly CheckpointMark[];
  /** Chain hash of the last record, hex: two journals say the same exactly when these are equal. */
  readonly head: string;
  /**
   * Whether the writer closed it. Otherwise it ends after some commit, where the writer was cut
   * off: say so to whoever reads it.
   */
  readonly sealed: boolean;
  /** Events and outputs from the first to the last. All have been verified by `openJournal`. */
  records(): IterableIterator<JournalRecord>;
  close(): void;
}

/** Keeps the records in memory: for tests, and for runs that nobody will replay. */
export function memoryJournal(): JournalSink & { readonly records: readonly JournalRecord[] } {
  const records: JournalRecord[] = [];
  let closed = false;
  return {
    records,
    append(kind, position, body) {
      invariant(!closed, "the journal is closed");
      records.push({ sequence: records.length + 1, kind, position, body });
    },
    commit() {
      invariant(!closed, "the journal is closed");
    },
    close() {
      closed = true;
    },
  };
}
