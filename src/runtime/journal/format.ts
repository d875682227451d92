/**
 * Format: what writer and reader of a journal agree on: the file's marks, the chain, the faults.
 */
import { hash } from "node:crypto";
import { realpathSync } from "node:fs";
import { lockHolder } from "./lock-holder.ts";
import type { JournalFault } from "./journal.ts";

/** 2 has checkpoints. */
export const FORMAT = 2;
export const OLDEST_FORMAT = 1;
/** "ARVJ": tells our files from other SQLite files, also to file(1). */
export const APPLICATION_ID = 0x4152564a;
export const PAGE_SIZE = 4096;
const KIND_CODES: Readonly<Record<string, number>> = {
  header: 0,
  event: 1,
  output: 2,
  checkpoint: 3,
};
export const SCHEMA = `
  CREATE TABLE record (
    sequence INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,
    chain BLOB NOT NULL
  ) STRICT`;

/** SHA-256 over the hash before it and every field: one flipped bit changes all that follow. */
export class Chain {
  static readonly #FIELDS = 32 + 8 + 1 + 8;
  #scratch = Buffer.alloc(4096);
  #last: Buffer;

  /** @param after the chain of the record before; absent: it begins. */
  constructor(after?: Uint8Array) {
    this.#last = after === undefined ? Buffer.alloc(32) : Buffer.from(after);
  }

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

  get last(): Buffer {
    return this.#last;
  }
}

/** A safe integer as eight bytes, big end first, without making a bigint. */
function writeCount(target: Buffer, count: number, at: number): void {
  target.writeUInt32BE(Math.floor(count / 0x1_0000_0000), at);
  target.writeUInt32BE(count >>> 0, at + 4);
}

/**
 * Journals that this process writes. Closing any other handle of such a file would drop the lock
 * that SQLite holds on it (POSIX locks belong to the process), so they are not even looked at.
 */
export const writing = new Set<string>();

/** Who writes it is said where the system tells. */
export function locked(path: string): JournalFault {
  const holder = writing.has(nameOf(path)) ? process.pid : lockHolder(path);
  const who = holder === undefined ? "" : ` by process ${holder}`;
  const text =
    `${path} is still being written${who}: wait until its writer has closed it, or end that ` +
    "process first";
  return { code: "JOURNAL_LOCKED", path, text };
}

/** Of a file, whatever way leads to it. */
export function nameOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

export const taken = (path: string, file: string): JournalFault => ({
  code: "JOURNAL_EXISTS",
  path,
  text: `${file} exists already and is not overwritten: choose another name or remove it`,
});

export const corrupt = (path: string, text: string, sequence?: number): JournalFault =>
  sequence === undefined
    ? { code: "JOURNAL_CORRUPT", path, text }
    : { code: "JOURNAL_CORRUPT", path, text, sequence };

export const badRecord = (path: string, sequence: number, why: string): JournalFault =>
  corrupt(
    path,
    `${path} is damaged at record ${sequence} (${why}); the ${sequence} records before it are ` +
      `intact. Take a backup, or run it again from the same inputs`,
    sequence,
  );

/** Primary result codes of SQLite. */
export const SQLITE = {
  BUSY: 5,
  CORRUPT: 11,
  FULL: 13,
  NOTADB: 26,
} as const;

export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export function faultOf(path: string, error: unknown, act: string): JournalFault {
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
