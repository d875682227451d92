/**
 * Control address: where a run listens, as its journal's name tells.
 *
 * `run.journal` has the socket `run.ctl` beside it. A socket's path may not be long, and not every
 * file system can hold one: then it lies in a folder of ours among the temporary files, under a
 * name made of the journal's whole path. What must stay true: whoever knows the journal finds it.
 */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, realpathSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

/** Bytes of a path that a socket's address holds, less the zero at its end. */
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;
/** What the name is while the socket is being made: see `ControlServer`. */
export const UNFINISHED = ".actl-";
const UNFINISHED_LETTERS = UNFINISHED.length + 6;

/** `run.journal` → `run`, so that what belongs to a run lies side by side. */
export const stemOf = (journal: string): string => journal.replace(/\.journal$/, "");

export const besideJournal = (journal: string): string => `${stemOf(journal)}.ctl`;

/** Always watched for: see `KillFile`. */
export const killFileOf = (journal: string): string => `${stemOf(journal)}.kill`;

const temporaryFolder = (): string => join(tmpdir(), `arrival-${process.getuid?.() ?? 0}`);

/** The same whichever way the folder was named. */
export function wholePath(journal: string): string {
  const path = resolve(journal);
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

export const amongTemporary = (journal: string): string => {
  const hash = createHash("sha256").update(wholePath(journal)).digest("hex");
  return join(temporaryFolder(), `${hash.slice(0, 20)}.ctl`);
};

export function isShort(path: string): boolean {
  const unfinished = Buffer.byteLength(dirname(path)) + 1 + UNFINISHED_LETTERS;
  return Math.max(Buffer.byteLength(path), unfinished) <= LONGEST_PATH;
}

/** Makes the folder for those that cannot lie beside their journals. @throws where it cannot. */
export const openTemporaryFolder = (): void =>
  void mkdirSync(temporaryFolder(), { mode: 0o700, recursive: true });

/** What lies there; undefined where nothing does, or it may not be looked at. */
export function foundAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Anybody may make a folder among the temporary files: it must be ours, and ours alone. */
function isOwnFolder(folder: string): boolean {
  const found = foundAt(folder);
  if (found?.isDirectory() !== true) return false;
  return found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

/** Where a run with this journal may listen, the first choice first. */
export function addressesOf(journal: string): readonly string[] {
  const temporary = isOwnFolder(temporaryFolder()) ? [amongTemporary(journal)] : [];
  return [besideJournal(journal), ...temporary].filter(isShort);
}

/** A socket that somebody else has laid there would answer in a run's name. */
export function isOwnSocket(path: string): boolean {
  const found = foundAt(path);
  const user = process.getuid?.();
  return found?.isSocket() === true && (user === 0 || found.uid === user);
}

/** Sockets that lie in a folder, and those whose journals may. */
export function socketsIn(folder: string): readonly string[] {
  const temporary = temporaryFolder();
  return [folder, ...(isOwnFolder(temporary) ? [temporary] : [])].flatMap((each) => {
    try {
      return readdirSync(each)
        .filter((name) => name.endsWith(".ctl"))
        .sort()
        .map((name) => join(each, name))
        .filter(isOwnSocket);
    } catch {
      return [];
    }
  });
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);
