/**
 * Kill file: a run ends at once when a file is there, whoever or whatever has laid it.
 *
 * It is the switch for when nothing else is left: a `touch` by hand, a script, a watchdog. It hangs
 * on no venue, no feed, no terminal and no notice of the file system, which some do not give: the
 * path is looked at again and again. Any entry of that name counts: a file, a folder, a pipe, a
 * link that leads nowhere. What must stay true: it fires once, whatever the file holds; and nothing
 * that a link leads to is read.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";

/** About four times a second. */
const LOOK_MS = 250;
const MOST_BYTES = 400;

export interface KillFileOptions {
  readonly paths: readonly string[];
  readonly onKill: (path: string, reason: string) => void;
  /** Called at each look, for whatever else is looked at now and then. */
  readonly onLook?: () => void;
  readonly everyMs?: number;
}

export class KillFile {
  readonly #options: KillFileOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(options: KillFileOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(), options.everyMs ?? LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const { paths, onKill, onLook } = this.#options;
    const found = foundAmong(paths);
    if (found !== undefined) {
      this.close();
      onKill(found, reasonIn(found));
    }
    onLook?.();
  }
}

/** The first that is there. What cannot be looked at for another reason is not. */
export const foundAmong = (paths: readonly string[]): string | undefined =>
  paths.find((path) => {
    try {
      return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch {
      return false;
    }
  });

const UNSAID = "no reason given";

/** Its first line, for the journal, where it has one that can be read. */
export function reasonIn(path: string): string {
  let descriptor: number | undefined;
  try {
    // A pipe would be waited for, and a link may lead to a secret.
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
    descriptor = openSync(path, flags);
    if (!fstatSync(descriptor).isFile()) return UNSAID;
    const bytes = Buffer.alloc(MOST_BYTES);
    const line = bytes
      .toString("utf8", 0, readSync(descriptor, bytes, 0, MOST_BYTES, 0))
      .split(/[\r\n]/, 1)[0]!
      .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\uFFFD]/gu, " ")
      .trim();
    return line === "" ? UNSAID : line;
  } catch {
    return UNSAID;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Lays one, so that the run stays stopped where its journal cannot keep the kill.
 *
 * @returns why it could not be laid; undefined: it is there.
 */
export function layKillFile(path: string, reason: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "wx", 0o600);
    // Its being there is what counts: a full disk may have no room for the reason.
    writeSync(descriptor, `${reason}\n`);
    fsyncSync(descriptor);
  } catch (error) {
    if (foundAmong([path]) === undefined) return error instanceof Error ? error.message : "";
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return undefined;
}
