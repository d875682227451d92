/**
 * Output file: bytes that get their name when they are whole.
 *
 * It writes to `PATH.partial`. Whatever ends it before the seal (a full disk, Ctrl-C, a fault in
 * the input) takes the partial file away again: half a Parquet file is of no use to anybody.
 * What must stay true: what bears the name is whole, and nothing is written over unless asked.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { err, invariant, ok, type Result } from "../../core/domain/errors.ts";
import { giveName } from "../event-file/writer.ts";
import { EventFileError } from "../event-file/damage.ts";
import type { DataFault } from "../fault.ts";

/** Thrown in the middle of writing; `guarded` makes a fault of it. */
export class OutputError extends Error {
  override readonly name = "OutputError";
  readonly fault: DataFault;
  constructor(fault: DataFault) {
    super(fault.text);
    this.fault = fault;
  }
}

export interface OutputOptions {
  /** Takes the place of an older file of that name, as results that are gone on with do. */
  readonly replace?: boolean;
}

/** Small writes are gathered: a Parquet writer makes many of a few bytes. */
const GATHERED_BYTES = 1 << 18;

export class OutputFile {
  readonly path: string;
  readonly partial: string;
  readonly #replace: boolean;
  readonly #file: number;
  readonly #gathered = Buffer.allocUnsafeSlow(GATHERED_BYTES);
  #waiting = 0;
  #bytes = 0;
  #isOpen = true;

  /** @internal Use `OutputFile.create`. */
  private constructor(path: string, partial: string, file: number, replace: boolean) {
    this.path = path;
    this.partial = partial;
    this.#file = file;
    this.#replace = replace;
  }

  static create(
    path: string,
    { replace = false }: OutputOptions = {},
  ): Result<OutputFile, DataFault> {
    const partial = partialNameOf(path);
    const taken = takenFault(path, replace);
    if (taken !== undefined) return err(taken);
    try {
      return ok(new OutputFile(path, partial, openSync(partial, replace ? "w" : "wx"), replace));
    } catch (error) {
      return err(writeFault(path, error));
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The memory may be used again afterwards. @throws OutputError */
  write(bytes: Uint8Array): void {
    invariant(this.#isOpen, "writing to a closed file");
    if (this.#waiting + bytes.length > GATHERED_BYTES) this.#flush();
    if (bytes.length > GATHERED_BYTES) this.#put(bytes);
    else {
      this.#gathered.set(bytes, this.#waiting);
      this.#waiting += bytes.length;
    }
    this.#bytes += bytes.length;
  }

  /** Everything is in it: it gets its name, or stays whole without. @throws OutputError */
  seal(): void {
    invariant(this.#isOpen, "sealing a closed file");
    this.#flush();
    this.#guard(() => {
      fsyncSync(this.#file);
      closeSync(this.#file);
      this.#isOpen = false;
    });
    try {
      if (this.#replace) renameSync(this.partial, this.path);
      else giveName(this.partial, this.path);
    } catch (error) {
      throw new OutputError(nameFault(this.path, error));
    }
  }

  /** Of an unsealed file nothing stays behind. */
  abandon(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
    rmSync(this.partial, { force: true });
  }

  #flush(): void {
    if (this.#waiting === 0) return;
    this.#put(this.#gathered.subarray(0, this.#waiting));
    this.#waiting = 0;
  }

  #put(bytes: Uint8Array): void {
    this.#guard(() => {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#file, bytes, done, bytes.length - done);
      }
    });
  }

  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.abandon();
      throw new OutputError(writeFault(this.path, error));
    }
  }
}

export const partialNameOf = (path: string): string => `${path}.partial`;

/** Before minutes of reading, not after them. */
export function takenFault(path: string, replace = false): DataFault | undefined {
  if (replace) return undefined;
  const partial = partialNameOf(path);
  const text = existsSync(path)
    ? `${path} exists; nothing is written over: choose another name`
    : `${partial} is there, from a run that was killed or still goes on: remove it, or choose ` +
      "another name";
  return existsSync(path) || existsSync(partial)
    ? { code: "DATA_TAKEN", text, file: basename(path) }
    : undefined;
}

/** What went wrong on the way is a fault; what is wrong in the program goes on being thrown. */
export async function guarded<Value>(run: () => Promise<Value>): Promise<Result<Value, DataFault>> {
  try {
    return ok(await run());
  } catch (error) {
    if (error instanceof OutputError || error instanceof EventFileError) return err(error.fault);
    throw error;
  }
}

function nameFault(path: string, error: unknown): DataFault {
  const reason = reasonOf(error);
  const why =
    reason === "EEXIST"
      ? "has come into being meanwhile; nothing is written over"
      : `cannot be given its name (${reason})`;
  const text = `${path} ${why}; what was to be in it is whole, in ${partialNameOf(path)}`;
  return { code: "DATA_WRITE", text, file: basename(path) };
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

export function writeFault(path: string, error: unknown): DataFault {
  const reason = reasonOf(error);
  const what: Record<string, string> = {
    ENOENT: `the folder of ${path} does not exist`,
    ENOTDIR: `the folder of ${path} is a file`,
    EACCES: `${path} may not be written; check the folder's permissions`,
    EROFS: `${path} may not be written; the disk is read-only`,
    EEXIST: `${path} has come into being meanwhile; nothing is written over`,
    ENOSPC: `the disk is full; nothing was left behind of ${path}`,
    EDQUOT: `the disk quota is used up; nothing was left behind of ${path}`,
  };
  const text = what[reason] ?? `${path} cannot be written (${reason})`;
  return { code: "DATA_WRITE", text, file: basename(path) };
}
