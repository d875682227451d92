/**
 * Private file: a small JSON file that nobody but its user may read, whole or not there.
 *
 * What must stay true: it is replaced in one step and is on the disk when `writePrivate` returns,
 * so that a crash leaves the old one or the new one; and one that others could read is refused.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { err, ok, type Result } from "../core/domain/errors.ts";

const MOST_BYTES = 1 << 20;
const OTHERS = 0o077;

/** @returns undefined where there is none; else what was read, or why it cannot be used. */
export function readPrivate(path: string): Result<unknown, string> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ok(undefined);
    return err(`${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    const { mode, size } = fstatSync(file);
    if (process.platform !== "win32" && (mode & OTHERS) !== 0) {
      return err(`${path} can be read by others: chmod 600 it, and make its tokens anew`);
    }
    if (size > MOST_BYTES) return err(`${path} is larger than it can be`);
    return ok(JSON.parse(readFileSync(file, "utf8")) as unknown);
  } catch {
    return err(`${path} cannot be read as JSON`);
  } finally {
    closeSync(file);
  }
}

/** @returns why it could not be; undefined: it was. */
export function writePrivate(path: string, value: unknown): string | undefined {
  const unfinished = `${path}.${randomBytes(4).toString("hex")}.partial`;
  try {
    const file = openSync(unfinished, "wx", 0o600);
    try {
      writeSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
    syncFolder(dirname(path));
    return undefined;
  } catch (error) {
    rmSync(unfinished, { force: true });
    return `${path}: ${(error as NodeJS.ErrnoException).code ?? "not written"}`;
  }
}

function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
