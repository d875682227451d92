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
  readonly format: 1;
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
}

export type RecordKind = "event" | "output";

export interface JournalRecord {
  /** 1, 2, 3 … The header is record 0. */
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
  /** Records without the header. */
  readonly count: number;
  /** Chain hash of the last record, hex: two journals say the same exactly when these are equal. */
  readonly head: string;
  /**
   * Whether the writer closed it. Otherwise it ends after some commit, where the writer was cut
   * off: say so to whoever reads it.
   */
  readonly sealed: boolean;
  /** From the first to the last. All have been verified by `openJournal`. */
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
