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
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import {
  APPLICATION_ID,
  badRecord,
  corrupt,
  faultOf,
  FORMAT,
  locked,
  messageOf,
  nameOf,
  OLDEST_FORMAT,
  PAGE_SIZE,
  writing,
} from "./format.ts";
import type { JournalFault, JournalHeader, JournalRecord, OpenJournal } from "./journal.ts";
import { recordPages } from "./record-pages.ts";
import { readSeal } from "./seal.ts";
import { isRecord, recordOf, type Verified, verifyRecords } from "./verification.ts";

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
    if (writing.has(nameOf(path))) return err(locked(path));
    const identity = identify(path);
    if (identity !== undefined) return err(identity);
    // A live writer always has such a file, so without one nothing is locked or torn.
    if (isUnfinished(path)) {
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

/** The second: SQLite keeps it for an instant while it leaves its write-ahead mode. */
export const isUnfinished = (path: string): boolean =>
  existsSync(`${path}-wal`) || existsSync(`${path}-journal`);

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
export function identify(path: string): JournalFault | undefined {
  const start = Buffer.alloc(100);
  const file = openSync(path, "r");
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  if (statSync(path).size === 0) {
    const text =
      `${path} is empty: it was cut off before anything was journaled, or its content is lost. ` +
      "Begin anew with another name";
    return { code: "JOURNAL_NOT_A_JOURNAL", path, text };
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
  if (format < OLDEST_FORMAT || format > FORMAT) {
    const text =
      `${path} has journal format ${format}, and this program reads ${OLDEST_FORMAT} to ` +
      `${FORMAT}: replay it with the version that wrote it`;
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
  const { header, count, head, checkpoints } = verified.value;
  return ok({
    header,
    count,
    head: Buffer.from(head).toString("hex"),
    checkpoints,
    sealed,
    records: () => readRecords(database, count),
    close: () => {
      if (database.isOpen) database.close();
    },
  });
}

/** Follows the chain from the header to the end. */
function verify(
  path: string,
  database: DatabaseSync,
  sealed: boolean,
): Result<Verified & { readonly header: JournalHeader }, JournalFault> {
  const verified = verifyRecords(path, database, formatOf(database));
  if (!verified.ok) return verified;
  const { count, header } = verified.value;
  const structure = sealed ? "ok" : structureOf(database);
  if (structure !== "ok") return err(badRecord(path, count + 1, structure));
  return ok({ ...verified.value, header: header! });
}

const formatOf = (database: DatabaseSync): number =>
  Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);

/** Without a seal, a damaged page could end the table early and look like a shorter journal. */
export function structureOf(database: DatabaseSync): string {
  const check = database.prepare("PRAGMA integrity_check(1)").get();
  return String(check?.["integrity_check"]);
}

/** The seal says that bytes have changed: says which record, where it was one. */
export function diagnose(path: string, seal: "damaged" | "mismatch"): JournalFault {
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

function* readRecords(database: DatabaseSync, count: number): IterableIterator<JournalRecord> {
  for (const rows of recordPages(database, 1, count)) {
    for (const row of rows) if (isRecord(row)) yield recordOf(row);
  }
}
