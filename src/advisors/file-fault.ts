/**
 * File fault: why a file could not be used, in words that whoever named it understands.
 */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "it may not be opened: check its permissions",
  EPERM: "it may not be opened: check its permissions",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  ENOSPC: "the disk is full",
  EROFS: "the disk may only be read",
  EMFILE: "too many files are open",
};

/** @param error whatever the file system threw. */
export function fileFault(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined) return "it cannot be used";
  const words = WORDS[code];
  return words === undefined ? code : `${words} (${code})`;
}
