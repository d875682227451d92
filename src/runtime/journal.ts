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
import { hash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { err, invariant, ok, type Result } from "../core/domain/errors.ts";
import { canonicalJson } from "./canonical-json.ts";
import { readSeal, syncFolder, writeSeal } from "./journal-seal.ts";

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

const FORMAT = 1;
/** "ARVJ": tells our files from other SQLite files, also to file(1). */
const APPLICATION_ID = 0x4152564a;
const PAGE_SIZE = 4096;
const COMMIT_EVERY = 256;
const KIND_CODES: Readonly<Record<string, number>> = { header: 0, event: 1, output: 2 };
const SCHEMA = `
  CREATE TABLE record (
    sequence INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,
    chain BLOB NOT NULL
  ) STRICT`;

/** Starts a journal at `path`, which must not exist yet. The header is durable on return. */
export function createJournal(
  path: string,
  header: JournalHeader,
  options: JournalOptions = {},
): Result<JournalSink, JournalFault> {
  for (const file of [path, `${path}-wal`, `${path}-journal`]) {
    if (existsSync(file)) return err(taken(path, file));
  }
  const body = canonicalJson(header);
  let database: DatabaseSync | undefined;
  let created = false;
  try {
    closeSync(openSync(path, "wx"));
    created = true;
    syncFolder(path);
    database = new DatabaseSync(path);
    prepare(database, options.maxBytes);
    const sink = new SqliteSink(path, database, options.commitEvery ?? COMMIT_EVERY);
    sink.write("header", 0, body);
    sink.commit();
    // From here on the header is in the main file, whatever befalls the write-ahead file.
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    writing.add(realpathSync(path));
    return ok(sink);
  } catch (error) {
    database?.close();
    if (created) discard(path);
    return err(error instanceof JournalError ? error.fault : faultOf(path, error, "create"));
  }
}

const taken = (path: string, file: string): JournalFault => ({
  code: "JOURNAL_EXISTS",
  path,
  text: `${file} exists already and is not overwritten: choose another name or remove it`,
});

function prepare(database: DatabaseSync, maxBytes: number | undefined): void {
  database.exec(`PRAGMA page_size = ${PAGE_SIZE};
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${FORMAT};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;`);
  if (maxBytes !== undefined) {
    database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / PAGE_SIZE))}`);
  }
  database.exec(SCHEMA);
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

class SqliteSink implements JournalSink {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #commitEvery: number;
  readonly #insert: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #chain = new Chain();
  #sequence = 0;
  #pending = 0;
  #state: "open" | "closed" | JournalError = "open";

  constructor(path: string, database: DatabaseSync, commitEvery: number) {
    invariant(Number.isSafeInteger(commitEvery) && commitEvery > 0, "commitEvery is a count");
    this.#path = path;
    this.#database = database;
    this.#commitEvery = commitEvery;
    this.#insert = database.prepare("INSERT INTO record VALUES (?, ?, ?, ?, ?)");
    this.#begin = database.prepare("BEGIN");
    this.#commit = database.prepare("COMMIT");
  }

  append(kind: RecordKind, position: number, body: string): void {
    this.write(kind, position, body);
  }

  write(kind: RecordKind | "header", position: number, body: string): void {
    this.#assertOpen();
    invariant(Number.isSafeInteger(position) && position >= 0, `not a position: ${position}`);
    // SQLite would cut text at a NUL and bend a lone surrogate; JSON escapes both.
    invariant(body.isWellFormed() && !body.includes("\0"), "a record is canonical JSON");
    this.#try("append", () => {
      if (this.#pending === 0) this.#begin.run();
      const chain = this.#chain.next(this.#sequence, kind, position, body);
      this.#insert.run(this.#sequence, kind, position, body, chain);
    });
    this.#sequence += 1;
    this.#pending += 1;
    if (this.#pending >= this.#commitEvery) this.commit();
  }

  commit(): void {
    this.#assertOpen();
    if (this.#pending === 0) return;
    this.#try("commit", () => this.#commit.run());
    this.#pending = 0;
  }

  close(): void {
    if (this.#state === "closed") return;
    if (this.#state !== "open") {
      // Unsealed: what was committed stays readable, in the file or its write-ahead file.
      if (this.#database.isOpen) this.#database.close();
      writing.delete(realpathSync(this.#path));
      return;
    }
    this.commit();
    this.#try("close", () => {
      const left = this.#database.prepare("PRAGMA journal_mode = DELETE").get();
      invariant(left?.["journal_mode"] === "delete", "an exclusive writer may leave WAL mode");
      this.#database.close();
      writeSeal(this.#path);
    });
    writing.delete(realpathSync(this.#path));
    this.#state = "closed";
  }

  #try(act: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#state = new JournalError(faultOf(this.#path, error, act));
      throw this.#state;
    }
  }

  #assertOpen(): void {
    invariant(this.#state !== "closed", "the journal is closed");
    if (this.#state !== "open") throw this.#state;
  }
}

/** SHA-256 over the hash before it and every field: one flipped bit changes all that follow. */
class Chain {
  static readonly #FIELDS = 32 + 8 + 1 + 8;
  #scratch = Buffer.alloc(4096);
  #last = Buffer.alloc(32);

  next(sequence: number, kind: string, position: number, body: string): Buffer {
    const fields = Chain.#FIELDS;
    // Three bytes at most for one UTF-16 unit.
    if (this.#scratch.length < fields + body.length * 3) {
      this.#scratch = Buffer.alloc((fields + body.length * 3) * 2);
    }
    const scratch = this.#scratch;
    this.#last.copy(scratch, 0);
    writeCount(scratch, sequence, 32);
    scratch.writeUInt8(KIND_CODES[kind] ?? 255, 40);
    writeCount(scratch, position, 41);
    const length = fields + scratch.write(body, fields, "utf8");
    this.#last = hash("sha256", scratch.subarray(0, length), "buffer");
    return this.#last;
  }

  get head(): string {
    return this.#last.toString("hex");
  }
}

/** A safe integer as eight bytes, big end first, without making a bigint. */
function writeCount(target: Buffer, count: number, at: number): void {
  target.writeUInt32BE(Math.floor(count / 0x1_0000_0000), at);
  target.writeUInt32BE(count >>> 0, at + 4);
}

/**
 * Opens a journal for reading. Every record has been verified when it returns.
 *
 * A journal whose writer crashed is repaired first: what was committed is folded into the one file,
 * what was not is gone. That needs a folder that may be written to.
 */
export function openJournal(path: string): Result<OpenJournal, JournalFault> {
  if (!existsSync(path)) {
    const text = `${path} does not exist: check the name`;
    return err({ code: "JOURNAL_NOT_FOUND", path, text });
  }
  try {
    if (writing.has(realpathSync(path))) return err(locked(path));
    const identity = identify(path);
    if (identity !== undefined) return err(identity);
    // A live writer always has a write-ahead file, so without one nothing is locked or torn.
    if (existsSync(`${path}-wal`)) {
      const fault = repair(path);
      if (fault !== undefined) return err(fault);
    }
    const seal = readSeal(path, PAGE_SIZE);
    if (seal === "absent") return openVerified(path, false);
    if (seal === "intact") return openVerified(path, true);
    return err(diagnose(path, seal));
  } catch (error) {
    return err(faultOf(path, error, "open"));
  }
}

/**
 * Journals that this process writes. Closing any other handle of such a file would drop the lock
 * that SQLite holds on it (POSIX locks belong to the process), so they are not even looked at.
 */
const writing = new Set<string>();

const locked = (path: string): JournalFault => ({
  code: "JOURNAL_LOCKED",
  path,
  text: `${path} is still being written: wait until its writer has closed it`,
});

function repair(path: string): JournalFault | undefined {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    return unrepaired(path, messageOf(error));
  }
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    const left = database.prepare("PRAGMA journal_mode = DELETE").get();
    if (left?.["journal_mode"] === "delete") return undefined;
    return unrepaired(path, "it stayed in write-ahead mode");
  } catch (error) {
    return faultOf(path, error, "repair");
  } finally {
    database?.close();
  }
}

function unrepaired(path: string, why: string): JournalFault {
  const text =
    `${path} has not been closed by its writer: its last records are in ${path}-wal, and could ` +
    `not be folded in here (${why}). If the writer still runs, wait for it; if it was cut off, ` +
    `copy both files to a folder that you may write to and open the copy`;
  return { code: "JOURNAL_UNREPAIRED", path, text };
}

/** Looks at the first page as plain bytes, so that nothing foreign is handed to SQLite. */
function identify(path: string): JournalFault | undefined {
  const start = Buffer.alloc(100);
  const file = openSync(path, "r");
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  if (start.toString("latin1", 0, 16) !== "SQLite format 3\0" || statSync(path).size < PAGE_SIZE) {
    const text = `${path} is not a journal, or its first bytes are damaged`;
    return { code: "JOURNAL_NOT_A_JOURNAL", path, text };
  }
  if (start.readUInt32BE(68) !== APPLICATION_ID) {
    const text = `${path} is an SQLite file of another program, or its first bytes are damaged`;
    return { code: "JOURNAL_NOT_A_JOURNAL", path, text };
  }
  const format = start.readUInt32BE(60);
  if (format !== FORMAT) {
    const text =
      `${path} has journal format ${format}, and this program reads format ${FORMAT}: ` +
      `replay it with the version that wrote it`;
    return { code: "JOURNAL_VERSION", path, text };
  }
  return undefined;
}

const corrupt = (path: string, text: string, sequence?: number): JournalFault =>
  sequence === undefined
    ? { code: "JOURNAL_CORRUPT", path, text }
    : { code: "JOURNAL_CORRUPT", path, text, sequence };

/** Reads without locks and without making files: only for a file that no one writes. */
function openReadOnly(path: string): DatabaseSync {
  const location = pathToFileURL(path);
  location.searchParams.set("immutable", "1");
  return new DatabaseSync(location, { readOnly: true });
}

function openVerified(path: string, sealed: boolean): Result<OpenJournal, JournalFault> {
  const database = openReadOnly(path);
  const verified = verify(path, database, sealed);
  if (!verified.ok) {
    database.close();
    return verified;
  }
  return ok({
    ...verified.value,
    sealed,
    records: () => readRecords(database),
    close: () => {
      if (database.isOpen) database.close();
    },
  });
}

interface Verified {
  readonly header: JournalHeader;
  readonly count: number;
  readonly head: string;
}

/** Follows the chain from the header to the end. */
function verify(
  path: string,
  database: DatabaseSync,
  sealed: boolean,
): Result<Verified, JournalFault> {
  const chain = new Chain();
  let header: JournalHeader | undefined;
  let expected = 0;
  try {
    for (const row of database.prepare(`${SELECT} ORDER BY sequence`).iterate()) {
      const kind = row["kind"];
      const position = row["position"];
      const body = row["body"];
      const good =
        row["sequence"] === expected &&
        typeof kind === "string" &&
        (expected === 0 ? kind === "header" : kind === "event" || kind === "output") &&
        typeof position === "number" &&
        position >= 0 &&
        typeof body === "string" &&
        row["chain"] instanceof Uint8Array &&
        chain.next(expected, kind, position, body).equals(row["chain"]);
      if (!good) return err(badRecord(path, expected, "it does not match its chain hash"));
      if (expected === 0) header = JSON.parse(body) as JournalHeader;
      expected += 1;
    }
  } catch (error) {
    return err(badRecord(path, expected, messageOf(error)));
  }
  if (header === undefined) return err(badRecord(path, 0, "there is none"));
  const structure = sealed ? "ok" : structureOf(database);
  if (structure !== "ok") return err(badRecord(path, expected, structure));
  return ok({ header, count: expected - 1, head: chain.head });
}

/** Without a seal, a damaged page could end the table early and look like a shorter journal. */
function structureOf(database: DatabaseSync): string {
  const check = database.prepare("PRAGMA integrity_check(1)").get();
  return String(check?.["integrity_check"]);
}

const SELECT = "SELECT sequence, kind, position, body, chain FROM record";

const badRecord = (path: string, sequence: number, why: string): JournalFault =>
  corrupt(
    path,
    `${path} is damaged at record ${sequence} (${why}); the ${sequence} records before it are ` +
      `intact. Take a backup, or run it again from the same inputs`,
    sequence,
  );

/** The seal says that bytes have changed: says which record, where it was one. */
function diagnose(path: string, seal: "damaged" | "mismatch"): JournalFault {
  try {
    const opened = openVerified(path, false);
    if (!opened.ok) return opened.error;
    opened.value.close();
  } catch (error) {
    return badRecord(path, 0, messageOf(error));
  }
  const where = seal === "damaged" ? "in its seal, at the end" : "outside the records";
  const text =
    `${path} is not what its writer closed: bytes have changed ${where}. Every record is intact, ` +
    `but the file is not to be trusted: take a backup, or run it again from the same inputs`;
  return corrupt(path, text);
}

function* readRecords(database: DatabaseSync): IterableIterator<JournalRecord> {
  const rows = database
    .prepare("SELECT sequence, kind, position, body FROM record WHERE sequence > 0 ORDER BY 1")
    .iterate();
  for (const row of rows) {
    const { sequence, kind, position, body } = row as unknown as JournalRecord;
    yield { sequence, kind, position, body };
  }
}

/** Primary result codes of SQLite. */
const SQLITE = {
  BUSY: 5,
  CORRUPT: 11,
  FULL: 13,
  NOTADB: 26,
} as const;

function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function faultOf(path: string, error: unknown, act: string): JournalFault {
  if (error instanceof Error && error.name === "InvariantError") throw error;
  const message = messageOf(error);
  const system = (error as { code?: unknown }).code;
  const code = sqliteCode(error);
  if (code === SQLITE.FULL || system === "ENOSPC" || system === "EDQUOT") {
    const text =
      `no room to ${act} ${path}: free space on the disk (or raise the journal's own limit). ` +
      `What was committed before is safe`;
    return { code: "JOURNAL_FULL_DISK", path, text };
  }
  if (system === "EEXIST") return taken(path, path);
  if (code === SQLITE.BUSY) return locked(path);
  if (code === SQLITE.CORRUPT || code === SQLITE.NOTADB) return badRecord(path, 0, message);
  const advice =
    system === "ENOENT" ? "make the folder first" : "check the disk and the permissions";
  return { code: "JOURNAL_IO", path, text: `could not ${act} ${path}: ${message}; ${advice}` };
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
