/**
 * Writer: starts a journal and appends to it, one process at a time.
 */
import { closeSync, existsSync, openSync, realpathSync, unlinkSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { err, invariant, ok, type Result } from "../../core/domain/errors.ts";
import { canonicalJson } from "../canonical-json.ts";
import {
  APPLICATION_ID,
  Chain,
  faultOf,
  FORMAT,
  PAGE_SIZE,
  SCHEMA,
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
import { syncFolder, writeSeal } from "./seal.ts";

const COMMIT_EVERY = 256;

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
