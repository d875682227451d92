/**
 * Journal seal: one line of text after the last page of a closed journal, with the SHA-256 of every
 * byte before it.
 *
 * The record chain protects what is said; the seal protects the whole file, unused space included,
 * and its end: a file cut at a record boundary has no seal. SQLite ignores what follows its last
 * page. What must stay true: the seal is written last, after everything else is on the disk.
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const LABEL = "arrival-journal-seal sha256 ";
export const SEAL_LENGTH = LABEL.length + 64 + 1;
const CHUNK = 1 << 20;

/** `damaged`: there is something after the last page that is not a seal. */
export type SealState = "intact" | "absent" | "damaged" | "mismatch";

/**
 * Appends the seal and makes it durable. Nobody may write the file any more.
 *
 * @param letGo lets the database go: behind the seal, so that nobody else can go on with the
 *   journal meanwhile, and before this closes the file, which would drop the database's lock.
 */
export function writeSeal(path: string, letGo: () => void): void {
  const file = openSync(path, "r+");
  try {
    const { size } = fstatSync(file);
    writeSync(file, `${LABEL}${digest(file, size)}\n`, size, "latin1");
    fsyncSync(file);
  } finally {
    letGo();
    closeSync(file);
  }
  syncFolder(path);
}

export function readSeal(path: string, pageSize: number): SealState {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    if (size % pageSize === 0) return "absent";
    const covered = size - SEAL_LENGTH;
    if (covered < 0 || covered % pageSize !== 0) return "damaged";
    const seal = Buffer.alloc(SEAL_LENGTH);
    readSync(file, seal, 0, SEAL_LENGTH, covered);
    // The power went while it was written: the file had its length, and not yet its bytes.
    if (seal.every((byte) => byte === 0)) return "absent";
    const text = seal.toString("latin1");
    if (!text.startsWith(LABEL) || !/^[0-9a-f]{64}\n$/.test(text.slice(LABEL.length))) {
      return "damaged";
    }
    return text.slice(LABEL.length, -1) === digest(file, covered) ? "intact" : "mismatch";
  } finally {
    closeSync(file);
  }
}

function digest(file: number, length: number): string {
  const sha = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; at < length;) {
    const read = readSync(file, chunk, 0, Math.min(CHUNK, length - at), at);
    if (read === 0) break;
    sha.update(chunk.subarray(0, read));
    at += read;
  }
  return sha.digest("hex");
}

/** Makes a file's name durable: without it a crash can lose a file whose bytes are on the disk. */
export function syncFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(dirname(path), "r");
  } catch {
    return; // Some systems do not open folders; there the name is durable with the file.
  }
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
