/**
 * Reader: opens a journal, repairs a torn tail, and verifies every record before it shows one.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import {
  APPLICATION_ID,
  badRecord,
  Chain,
  corrupt,
  faultOf,
  FORMAT,
  locked,
  messageOf,
  PAGE_SIZE,
  writing,
} from "./format.ts";
import type { JournalFault, JournalHeader, JournalRecord, OpenJournal } from "./journal.ts";
import { readSeal } from "./seal.ts";

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
