/**
 * Writer: starts a journal and appends to it, one process at a time.
 *
 * What must stay true: what is in one group becomes durable as one, checkpoints and the market's
 * rows among it, or not at all.
 */
import { closeSync, existsSync, openSync, unlinkSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { err, invariant, ok, type Result } from "../../core/domain/errors.ts";
import { giveName } from "../../data/event-file/writer.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import {
  APPLICATION_ID,
  Chain,
  faultOf,
  FORMAT,
  nameOf,
  PAGE_SIZE,
  SCHEMA,
  SQLITE,
  sqliteCode,
  taken,
  writing,
} from "./format.ts";
import {
  JournalError,
  type JournalFault,
  type JournalHeader,
  type JournalOptions,
  type JournalSink,
  type RecordKind,
} from "./journal.ts";
import { writeSeal } from "./seal.ts";
import { SideTables } from "./side-tables.ts";
import { archivesWith, checkpointBody } from "./verification.ts";

const COMMIT_EVERY = 256;

/** The market's rows that are to become durable with what was decided on them. */
export interface RowSource {
  /** In every commit, before it ends: what is new goes in, what the event file has goes out. */
  store(tables: SideTables): void;
  /** Whether the event file has every row on the disk. */
  readonly isOnDisk: boolean;
}

/** The sink of a journal that can be gone on with after a crash. */
export interface ResumableSink extends JournalSink {
  /** Of the record that was appended last. */
  readonly sequence: number;
  /** In the group in hand: the run's state behind the last record, in a session of the run. */
  checkpoint(position: number, state: string, session: number, archive?: string): void;
  /** From here on every commit asks it. */
  rowsFrom(source: RowSource): void;
  /** Rows that were kept for the session before have found another place. Durable on return. */
  clearRows(): void;
}

/** Starts a journal at `path`, which must not exist yet. The header is durable on return. */
export function createJournal(
  path: string,
  header: JournalHeader,
  options: JournalOptions = {},
): Result<JournalSink, JournalFault> {
  return create(path, header, options);
}

/** The same of one that has side tables, too. */
export function createResumableJournal(
  path: string,
  header: JournalHeader,
  options: JournalOptions = {},
): Result<ResumableSink, JournalFault> {
  return create(path, header, options, (database) => new SideTables(database));
}

function create(
  path: string,
  header: JournalHeader,
  options: JournalOptions,
  addTables?: (database: DatabaseSync) => SideTables,
): Result<JournalWriter, JournalFault> {
  for (const file of [path, `${path}-wal`, `${path}-journal`]) {
    if (existsSync(file)) return err(taken(path, file));
  }
  // Under another name first: a crash on the way leaves no journal rather than half of one.
  const unnamed = `${path}.new`;
  let database: DatabaseSync | undefined;
  try {
    discard(unnamed);
    const mode = addTables === undefined ? 0o666 : PRIVATE;
    const chain = writeHeader(unnamed, canonicalJson(header), options.maxBytes, mode);
    giveName(unnamed, path);
    database = new DatabaseSync(path);
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; ${DURABLE}`);
    limitSize(database, options.maxBytes);
    const sink = new JournalWriter({
      path,
      database,
      tables: addTables?.(database),
      commitEvery: options.commitEvery,
      last: { sequence: 0, chain, wasSealed: true, archives: "" },
    });
    writing.add(nameOf(path));
    return ok(sink);
  } catch (error) {
    database?.close();
    discard(unnamed);
    return err(error instanceof JournalError ? error.fault : faultOf(path, error, "create"));
  }
}

/** Of a live run's journal, which tells of an account; its side files take their mode from it. */
const PRIVATE = 0o600;

/** A whole journal with nothing but its header, on the disk. @returns its chain. */
function writeHeader(
  path: string,
  body: string,
  maxBytes: number | undefined,
  mode: number,
): Buffer {
  closeSync(openSync(path, "wx", mode));
  const database = new DatabaseSync(path);
  try {
    prepare(database, maxBytes);
    const chain = new Chain().next(0, "header", 0, body);
    database.prepare("INSERT INTO record VALUES (0, 'header', 0, ?, ?)").run(body, chain);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return chain;
  } finally {
    database.close();
  }
}

function prepare(database: DatabaseSync, maxBytes: number | undefined): void {
  database.exec(`PRAGMA page_size = ${PAGE_SIZE};
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${FORMAT};
    ${DURABLE}`);
  limitSize(database, maxBytes);
  database.exec(SCHEMA);
}

/** A commit returns once its pages are in the write-ahead file, on the disk. */
export const DURABLE = `PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;`;

export function limitSize(database: DatabaseSync, maxBytes: number | undefined): void {
  if (maxBytes !== undefined) {
    database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / PAGE_SIZE))}`);
  }
}

function discard(path: string): void {
  for (const file of [path, `${path}-wal`]) {
    try {
      unlinkSync(file);
    } catch {
      // Not there, or not ours to remove: the fault that brought us here is the one to report.
    }
  }
}

export interface WriterOptions {
  readonly path: string;
  /** Locked by this process. */
  readonly database: DatabaseSync;
  readonly tables: SideTables | undefined;
  readonly commitEvery: number | undefined;
  /** The last record that is there; absent: none is. */
  readonly last?: {
    readonly sequence: number;
    readonly chain: Uint8Array;
    readonly wasSealed: boolean;
    /** Hash over what has been archived. */
    readonly archives: string;
  };
  /** Once the database has been let go. */
  readonly onClose?: () => void;
}

/** @internal Use `createJournal` or `resumeJournal`. */
export class JournalWriter implements ResumableSink {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #tables: SideTables | undefined;
  readonly #commitEvery: number;
  readonly #onClose: (() => void) | undefined;
  readonly #insert: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #chain: Chain;
  #sequence: number;
  #pending = 0;
  #archives: string;
  #rows: RowSource | undefined;
  /** Gone on with, and nothing written yet: it is left as it was, its checkpoint included. */
  #isAsItWas: boolean;
  #state: "open" | "closed" | JournalError = "open";

  constructor({ path, database, tables, commitEvery, last, onClose }: WriterOptions) {
    this.#path = path;
    this.#database = database;
    this.#tables = tables;
    this.#commitEvery = commitEvery ?? COMMIT_EVERY;
    invariant(
      Number.isSafeInteger(this.#commitEvery) && this.#commitEvery > 0,
      "commitEvery is a count",
    );
    this.#onClose = onClose;
    this.#chain = new Chain(last?.chain);
    this.#sequence = last === undefined ? 0 : last.sequence + 1;
    this.#archives = last?.archives ?? "";
    this.#isAsItWas = last?.wasSealed === false;
    this.#insert = database.prepare("INSERT INTO record VALUES (?, ?, ?, ?, ?)");
    this.#begin = database.prepare("BEGIN");
    this.#commit = database.prepare("COMMIT");
  }

  append(kind: RecordKind, position: number, body: string): void {
    // Only before an event: half of what one brought about could not be replayed.
    if (kind === "event" && this.#pending >= this.#commitEvery) this.commit();
    this.write(kind, position, body);
  }

  checkpoint(position: number, state: string, session: number, archive = ""): void {
    const tables = this.#resumable();
    assertText(state);
    assertText(archive);
    const isFirst = this.#archives === "";
    if (archive !== "") this.#archives = archivesWith(this.#archives, archive);
    // Its texts first: the group may end with the record.
    this.#inGroup("append", () => {
      tables.putState(this.#sequence, state);
      tables.putArchive(this.#sequence, archive, isFirst);
    });
    this.write("checkpoint", position, checkpointBody(state, session, this.#archives));
  }

  get sequence(): number {
    return this.#sequence - 1;
  }

  rowsFrom(source: RowSource): void {
    this.#resumable();
    this.#rows = source;
  }

  clearRows(): void {
    const tables = this.#resumable();
    this.#assertOpen();
    this.commit();
    this.#try("commit", () => {
      this.#begin.run();
      tables.clearRows();
      this.#commit.run();
    });
  }

  write(kind: RecordKind | "checkpoint", position: number, body: string): void {
    this.#assertOpen();
    invariant(Number.isSafeInteger(position) && position >= 0, `not a position: ${position}`);
    assertText(body);
    this.#inGroup("append", () => {
      const chain = this.#chain.next(this.#sequence, kind, position, body);
      this.#insert.run(this.#sequence, kind, position, body, chain);
    });
    this.#sequence += 1;
  }

  commit(): void {
    this.#assertOpen();
    if (this.#pending === 0) return;
    this.#try("commit", () => {
      if (this.#tables !== undefined) this.#rows?.store(this.#tables);
      this.#commit.run();
    });
    this.#pending = 0;
  }

  close(): void {
    if (this.#state === "closed") return;
    if (this.#state !== "open") {
      // Unsealed: what was committed stays readable, in the file or its write-ahead file.
      this.#letGo();
      return;
    }
    this.commit();
    this.#try("close", () => {
      if (this.#isAsItWas) return this.#letGo();
      this.#tidy();
      const left = this.#database.prepare("PRAGMA journal_mode = DELETE").get();
      invariant(left?.["journal_mode"] === "delete", "an exclusive writer may leave WAL mode");
      writeSeal(this.#path, () => this.#letGo());
    });
    this.#state = "closed";
  }

  /** A closed journal has its records and nothing else; rows that no event file has are kept. */
  #tidy(): void {
    const tables = this.#tables;
    if (tables === undefined) return;
    if (!(this.#rows?.isOnDisk ?? tables.kept.length === 0)) return;
    tables.remove();
    const free = this.#database.prepare("PRAGMA freelist_count").get()?.["freelist_count"];
    if (free === 0) return;
    try {
      this.#database.exec("VACUUM");
    } catch (error) {
      // It needs room of its own. Without it some pages stay unused, and nothing is wrong.
      if (sqliteCode(error) !== SQLITE.FULL) throw error;
    }
  }

  #letGo(): void {
    if (!this.#database.isOpen) return;
    this.#database.close();
    this.#onClose?.();
    writing.delete(nameOf(this.#path));
  }

  #inGroup(act: string, work: () => void): void {
    this.#assertOpen();
    this.#isAsItWas = false;
    this.#try(act, () => {
      if (this.#pending === 0) this.#begin.run();
      this.#pending += 1;
      work();
    });
  }

  #try(act: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#state = new JournalError(faultOf(this.#path, error, act));
      throw this.#state;
    }
  }

  #resumable(): SideTables {
    invariant(this.#tables !== undefined, "this journal was not made to be gone on with");
    return this.#tables!;
  }

  #assertOpen(): void {
    invariant(this.#state !== "closed", "the journal is closed");
    if (this.#state !== "open") throw this.#state;
  }
}

/** SQLite would cut text at a NUL and bend a lone surrogate; JSON escapes both. */
function assertText(text: string): void {
  invariant(text.isWellFormed() && !text.includes("\0"), "a record is canonical JSON");
}
