/**
 * Lock holder: which process has a file locked, where the system tells (Linux does).
 *
 * Only for a message to a person: nothing may be decided by it, for it can be out of date by then.
 */
import { readFileSync, statSync } from "node:fs";

/** @returns the process's number; undefined where it cannot be found out. */
export function lockHolder(path: string): number | undefined {
  let locks: string;
  let inode: string;
  let device: string;
  try {
    const { ino, dev } = statSync(path, { bigint: true });
    inode = String(ino);
    device = deviceOf(dev);
    locks = readFileSync("/proc/locks", "latin1");
  } catch {
    return undefined;
  }
  for (const line of locks.split("\n")) {
    const found = /^\d+: POSIX +\S+ +WRITE +(\d+) +([0-9a-f]+:[0-9a-f]+):(\d+) /.exec(line);
    if (found === null || found[3] !== inode || found[2] !== device) continue;
    const pid = Number(found[1]);
    if (pid > 0) return pid;
  }
  return undefined;
}

/** As the kernel writes it: major and minor number, hexadecimal. */
function deviceOf(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major.toString(16).padStart(2, "0")}:${minor.toString(16).padStart(2, "0")}`;
}
