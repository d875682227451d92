/**
 * Unfinished import: what an import keeps beside its output while it runs, in the folder
 * `OUTPUT.unfinished`: rows that are in their final order, in event files that are not compressed,
 * and a state from which the reading goes on.
 *
 * The state is a structured clone of our own objects, bound by a CRC to what was written: a memory
 * of this program, not a format for exchange. What must stay true: the state on the disk names only
 * files that are whole, so whatever ends the import, it goes on from the last state.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Instrument } from "../core/domain/instrument.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { EventFileError } from "./event-file/damage.ts";
import type { EventFileHeader } from "./event-file/header.ts";
import { openEventFile } from "./event-file/reader.ts";
import { createEventFile, type EventFileWriter, syncFolder } from "./event-file/writer.ts";
import type { DataFault } from "./fault.ts";
import type { OrdererState } from "./message-orderer.ts";
import type { ReadingState } from "./reading.ts";

/** What an import was asked for; it goes on only where the same is asked again. */
export interface ImportKey {
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly modifiedMs: number;
  }[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Files are still being read. */
export interface ReadingStage {
  readonly stage: "reading";
  readonly reading: ReadingState;
  readonly orderers: ReadonlyMap<string, OrdererState>;
  /** Whole second of the first row, from the reading's time base. */
  readonly epochSeconds: number;
}

/** All rows are in order; they are written into the output. */
export interface OrderedStage {
  readonly stage: "ordered";
  readonly header: EventFileHeader;
  readonly rows: number;
  /** Added to every local time, nanoseconds. */
  readonly shift: number;
}

export type ImportStage = ReadingStage | OrderedStage;

interface State {
  readonly key: ImportKey;
  /** Files with rows. */
  readonly parts: number;
  readonly at: ImportStage;
}

/** Of the state's file: changes with what is in it. */
const VERSION = "ARVUNF1\n";
const MAGIC = Buffer.from(VERSION, "latin1");
const PART = /^rows-\d+\.arrival(\.partial)?$/;

/**
 * Local times stand this much later in the parts, nanoseconds: a clock that ran behind shows only
 * in the end, and no row may be received before it happened.
 */
export const PROVISIONAL_SHIFT = 86_400e9;

export const unfinishedOf = (output: string): string => `${output}.unfinished`;

export class UnfinishedImport {
  readonly #output: string;
  readonly #folder: string;
  readonly #key: ImportKey;
  #parts = 0;
  #writer: EventFileWriter | undefined;
  /** Rows in the part in hand. */
  #rows = 0;
  #at: ImportStage | undefined;

  private constructor(output: string, key: ImportKey) {
    this.#output = output;
    this.#folder = unfinishedOf(output);
    this.#key = key;
  }

  /** Begins; the folder must not be there yet. */
  static begin(output: string, key: ImportKey): Result<UnfinishedImport, DataFault> {
    const folder = unfinishedOf(output);
    try {
      mkdirSync(folder);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code;
      if (reason === "EEXIST") return err(leftFault(output));
      const text =
        reason === "ENOENT"
          ? `the folder of ${output} does not exist`
          : `${folder} cannot be made (${reason})`;
      return err({ code: "DATA_WRITE", text, file: basename(output) });
    }
    return ok(new UnfinishedImport(output, key));
  }

  /** Goes on with what another run has left. */
  static resume(output: string, key: ImportKey): Result<UnfinishedImport, DataFault> {
    const read = readState(output);
    if (!read.ok) return read;
    const { key: was, parts, at } = read.value;
    const unfinished = new UnfinishedImport(output, key);
    unfinished.#parts = parts;
    unfinished.#at = at;
    const isWhole = unfinished.#named().every((name) => existsSync(join(unfinished.#folder, name)));
    const differs = differenceOf(was, key) ?? (isWhole ? undefined : "part of its rows is gone");
    if (differs !== undefined) return err(resumeFault(output, differs));
    unfinished.#sweep();
    return ok(unfinished);
  }

  /** Where the run before ended; undefined where this one begins. */
  get at(): ImportStage | undefined {
    return this.#at;
  }

  /** Rows that the last state does not know of. */
  get rowsUnsaved(): number {
    return this.#rows;
  }

  /** Takes rows whose local times have `PROVISIONAL_SHIFT` in them. @throws EventFileError */
  append(instrument: Instrument, epochNanos: bigint, rows: MarketBlock): void {
    this.#writer ??= this.#open(instrument, epochNanos);
    this.#writer.append(rows);
    this.#rows += rows.length;
  }

  /** From here on the import goes on from `at`. @throws EventFileError */
  save(at: ImportStage): void {
    if (this.#writer !== undefined) {
      this.#writer.seal();
      this.#writer = undefined;
      this.#parts += 1;
      this.#rows = 0;
    }
    const state: State = { key: this.#key, parts: this.#parts, at };
    const body = serialize(state);
    const crc = Buffer.alloc(4);
    crc.writeUInt32LE(crc32(body));
    const path = join(this.#folder, "state");
    try {
      writeWhole(`${path}.new`, Buffer.concat([MAGIC, crc, body]));
      renameSync(`${path}.new`, path);
      syncFolder(path);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      const text = reason === "ENOSPC" ? "the disk is full" : `${path} cannot be written`;
      throw new EventFileError({ code: "DATA_WRITE", text: `${text} (${reason})` });
    }
    this.#at = at;
  }

  /** All rows that were saved, in order; a block is gone when the next is asked for. */
  *rows(): Generator<MarketBlock, void> {
    for (let part = 1; part <= this.#parts; part++) {
      try {
        const opened = openEventFile(this.#part(part));
        if (!opened.ok) throw new EventFileError(opened.error);
        yield* opened.value.scan();
      } catch (error) {
        if (!(error instanceof EventFileError)) throw error;
        throw new EventFileError(
          resumeFault(this.#output, `its rows are damaged: ${error.reason}`),
        );
      }
    }
  }

  /** Lets go of the file in hand; what was saved stays. */
  abandon(): void {
    this.#writer?.abandon();
    this.#writer = undefined;
  }

  remove(): void {
    this.abandon();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #open(instrument: Instrument, epochNanos: bigint): EventFileWriter {
    const notes = [
      `part of an import into ${basename(this.#output)} that did not finish: local times stand a ` +
        "day later, for the clocks are not corrected yet",
    ];
    const origin = { format: "unfinished-import", sources: [], notes, counts: {} };
    const header = { instrument, epochNanos, ownTradesPrinted: false, origin };
    const path = this.#part(this.#parts + 1);
    const created = createEventFile(path, header, { level: 0, snapshotEvery: 0 });
    if (!created.ok) throw new EventFileError(created.error);
    return created.value;
  }

  #part(part: number): string {
    return join(this.#folder, `rows-${part}.arrival`);
  }

  /** Files that the last state names. */
  #named(): string[] {
    const parts = Array.from({ length: this.#parts }, (_, index) => this.#part(index + 1));
    return ["state", ...parts.map((path) => basename(path))];
  }

  /** Removes what the last state does not name. */
  #sweep(): void {
    const named = new Set(this.#named());
    for (const name of readdirSync(this.#folder)) {
      const isOurs = PART.test(name) || name === "state.new";
      if (isOurs && !named.has(name)) rmSync(join(this.#folder, name));
    }
  }
}

function writeWhole(path: string, bytes: Buffer): void {
  const file = openSync(path, "w");
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function readState(output: string): Result<State, DataFault> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(unfinishedOf(output), "state"));
  } catch {
    const text = existsSync(unfinishedOf(output))
      ? "it ended before there was anything to go on from"
      : `there is no ${unfinishedOf(output)}`;
    return err(resumeFault(output, text));
  }
  const body = bytes.subarray(MAGIC.length + 4);
  const isWhole =
    bytes.length > MAGIC.length + 4 &&
    bytes.subarray(0, MAGIC.length).equals(MAGIC) &&
    bytes.readUInt32LE(MAGIC.length) === crc32(body);
  try {
    if (isWhole) return ok(deserialize(body) as State);
  } catch {
    // Of another version of Node, whose clones are not read here.
  }
  return err(resumeFault(output, "its state is damaged or of another version"));
}

function differenceOf(was: ImportKey, is: ImportKey): string | undefined {
  const names = ({ files }: ImportKey): string =>
    files.map(({ path }) => basename(path)).join(", ");
  if (was.files.length !== is.files.length) {
    return `it was given ${names(was)}, not ${names(is)}`;
  }
  for (const [index, file] of was.files.entries()) {
    const now = is.files[index]!;
    if (file.path !== now.path) return `it was given ${file.path}, not ${now.path}`;
    if (file.bytes !== now.bytes || file.modifiedMs !== now.modifiedMs) {
      return `${basename(now.path)} has been changed since`;
    }
  }
  const keys = new Set([...Object.keys(was.options), ...Object.keys(is.options)]);
  for (const key of keys) {
    const [before, now] = [textOf(was.options[key]), textOf(is.options[key])];
    if (before !== now) return `its ${key} was ${before ?? "not given"}, not ${now ?? "left out"}`;
  }
  return undefined;
}

const textOf = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));

function resumeFault(output: string, why: string): DataFault {
  const folder = unfinishedOf(output);
  const advice = existsSync(folder)
    ? `give the very same files and options, or remove ${folder} and begin anew without --resume`
    : "begin without --resume";
  const text = `the import into ${output} cannot be gone on with: ${why}; ${advice}`;
  return { code: "DATA_RESUME", text, file: basename(output) };
}

const leftFault = (output: string): DataFault => ({
  code: "DATA_TAKEN",
  text:
    `${unfinishedOf(output)} is there, from an import that did not finish: go on with it with ` +
    "--resume, or remove it",
  file: basename(output),
});
