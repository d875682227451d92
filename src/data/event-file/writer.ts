/**
 * Writer: market rows to an event file, block by block, in constant memory.
 *
 * It writes to `PATH.partial` and gives the file its name when it is sealed, so that what bears the
 * name is whole. Whatever ends it before that (a full disk, Ctrl-C, a power cut) leaves a partial
 * file that can be read up to its last whole block. No existing file is ever written over.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { err, invariant, ok, type Result } from "../../core/domain/errors.ts";
import { LAST, type MarketBlock } from "../../core/market/columns.ts";
import type { DataFault } from "../fault.ts";
import { BlockEncoder, type Level } from "./block.ts";
import { FileBytes } from "./byte-source.ts";
import { EventFileError } from "./damage.ts";
import { encodeHeader, type EventFileHeader } from "./header.ts";
import { encodeTrailer, indexOf } from "./index-section.ts";
import { RowCheck } from "./row-check.ts";
import { allocateColumns, copyRows, type OwnedBlock } from "./rows.ts";
import { encodeFrame, FRAME, type Frame, INDEX_ENTRY, MOST_ROWS, SectionTag } from "./section.ts";
import { SnapshotKeeper } from "./snapshot.ts";
import { countBlock, NOTHING_WRITTEN, type Written } from "./written.ts";

export interface WriterOptions {
  /** 0 = as they are, else zstd's level. */
  readonly level?: Level;
  /** Rows after which a block ends with the message in hand; 1 to 2^20. */
  readonly blockRows?: number;
  /** A snapshot of the books before every so many blocks; 0 = none. */
  readonly snapshotEvery?: number;
}

/** What these cost and give: docs/decisions/0007-event-file.md. */
export const DEFAULT_LEVEL: Level = 6;
export const DEFAULT_BLOCK_ROWS = 1 << 16;
export const DEFAULT_SNAPSHOT_EVERY = 16;

export const partialOf = (path: string): string => `${path}.partial`;

/** Starts `path`, which must not exist yet, and its partial file neither. */
export function createEventFile(
  path: string,
  header: EventFileHeader,
  options: WriterOptions = {},
): Result<EventFileWriter, DataFault> {
  invariant(header.epochNanos % 1_000_000_000n === 0n, "the epoch is a whole second");
  const partial = partialOf(path);
  for (const taken of [path, partial]) if (existsSync(taken)) return err(takenFault(path, taken));
  let file: number;
  try {
    file = openSync(partial, "wx");
  } catch (error) {
    return err(writeFault(path, error));
  }
  const writer = new EventFileWriter(path, file, header, options);
  return ok(writer);
}

/** Where a file that was cut off is gone on with. */
export interface WriterStart {
  readonly headerCrc: number;
  readonly headerBytes: number;
  /** Of the sections that stay. */
  readonly written: Written;
  /** Behind the last of them. */
  readonly bytes: number;
  readonly check: RowCheck;
  readonly books: SnapshotKeeper;
}

export class EventFileWriter {
  readonly path: string;
  readonly #file: number;
  readonly #headerCrc: number;
  readonly #headerBytes: number;
  readonly #level: Level;
  readonly #blockRows: number;
  readonly #snapshotEvery: number;
  readonly #check: RowCheck;
  readonly #books: SnapshotKeeper;
  readonly #written: Written;
  #encoder: BlockEncoder;
  #pending: OwnedBlock;
  #bytes = 0;
  #state: "open" | "sealed" | "closed" = "open";
  #isNamed = false;

  /** @internal Use `createEventFile` or `continueEventFile`. */
  constructor(
    path: string,
    file: number,
    begin: EventFileHeader | WriterStart,
    options: WriterOptions,
  ) {
    this.path = path;
    this.#file = file;
    this.#level = options.level ?? DEFAULT_LEVEL;
    this.#blockRows = options.blockRows ?? DEFAULT_BLOCK_ROWS;
    this.#snapshotEvery = options.snapshotEvery ?? DEFAULT_SNAPSHOT_EVERY;
    invariant(this.#blockRows >= 1 && this.#blockRows <= MOST_ROWS, "rows per block");
    this.#encoder = new BlockEncoder(this.#blockRows, this.#level);
    this.#pending = { ...allocateColumns(this.#blockRows), length: 0 };
    if ("written" in begin) {
      this.#headerCrc = begin.headerCrc;
      this.#headerBytes = begin.headerBytes;
      this.#check = begin.check;
      this.#books = begin.books;
      this.#written = { ...begin.written };
      this.#bytes = begin.bytes;
      return;
    }
    this.#check = new RowCheck();
    this.#books = new SnapshotKeeper();
    this.#written = { ...NOTHING_WRITTEN };
    const { bytes, crc } = encodeHeader(begin);
    this.#headerCrc = crc;
    this.#headerBytes = bytes.length;
    this.#put(bytes);
  }

  /** Rows that are in whole blocks on the disk. */
  get rows(): number {
    return this.#written.rows;
  }

  get blocks(): number {
    return this.#written.blocks;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Of the newest row that the venue reads, taken or written; 0 before the first. */
  get exchangeTime(): number {
    return this.#check.venueTime;
  }

  /**
   * Takes rows; a message may go on in the next call. The columns may be used again afterwards.
   * @throws EventFileError where the disk does not take them; InvariantError for rows that break
   *   what core/market/columns.ts promises.
   */
  append(rows: MarketBlock): void {
    invariant(this.#state === "open", "appending to a closed event file");
    this.#check.take(rows);
    for (let from = 0; from < rows.length;) {
      const pending = this.#pending;
      const count = Math.min(rows.length - from, pending.kind.length - pending.length);
      copyRows(rows, from, from + count, pending, pending.length);
      pending.length += count;
      from += count;
      if (pending.length === pending.kind.length) this.#cut();
    }
  }

  /**
   * Writes what is whole of the rows so far as a block of its own, however small: for a recorder,
   * which may lose only what came since. @throws EventFileError where the disk does not take it.
   */
  flush(): void {
    invariant(this.#state === "open", "flushing a closed event file");
    const end = this.#wholeRows();
    if (end > 0) this.#block(end);
  }

  /**
   * What is in whole blocks survives a power cut from here on.
   * @throws EventFileError where the disk does not take it.
   */
  sync(): void {
    invariant(this.#state === "open", "syncing a closed event file");
    this.#guard(() => {
      fsyncSync(this.#file);
      if (!this.#isNamed) syncFolder(this.path);
      this.#isNamed = true;
    });
  }

  /** The books as all blocks left them, as the rows of a snapshot; none where nothing is known. */
  books(): MarketBlock {
    return this.#books.rows();
  }

  /** Writes what is left, the index, and gives the file its name. */
  seal(): void {
    invariant(this.#state === "open", "sealing a closed event file");
    const { kind, length } = this.#pending;
    invariant(length === 0 || (kind[length - 1]! & LAST) !== 0, "sealing inside a message");
    if (length > 0) this.#block(length);
    const index = this.#bytes;
    this.#guard(() => this.#index());
    this.#put(encodeTrailer(index, this.#headerCrc));
    this.#state = "sealed";
    this.#guard(() => {
      fsyncSync(this.#file);
      this.abandon();
      giveName(partialOf(this.path), this.path);
    });
  }

  /** Behind the sections, of what the file says of them: none is remembered. */
  #index(): void {
    const { sections, blocks, rows, from, until } = this.#written;
    const offset = this.#bytes;
    const source = new FileBytes(partialOf(this.path));
    const payload = () => indexOf(source, this.#headerBytes, offset);
    const bytes = sections * INDEX_ENTRY;
    const frame = {
      tag: SectionTag.INDEX,
      ordinal: sections,
      block: blocks,
      rows: sections,
      runs: 0,
      rawBytes: bytes,
      storedBytes: bytes,
      compressed: false,
      from: blocks === 0 ? 0 : from,
      until,
      rowsBefore: rows,
    };
    this.#put(encodeFrame(frame, payload(), this.#headerCrc));
    for (const piece of payload()) this.#put(piece);
    invariant(this.#bytes === offset + FRAME + bytes, "an index of all sections");
  }

  /** Lets go. Without a seal the partial file stays, readable up to its last whole block. */
  abandon(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    closeSync(this.#file);
  }

  /** The pending rows are full: what is whole of them becomes a block. */
  #cut(): void {
    const end = this.#wholeRows();
    if (end > 0) {
      this.#block(end);
      return;
    }
    const pending = this.#pending;
    const capacity = pending.kind.length * 2;
    invariant(capacity <= MOST_ROWS, `a message of over ${MOST_ROWS / 2} rows`);
    this.#pending = { ...allocateColumns(capacity), length: pending.length };
    copyRows(pending, 0, pending.length, this.#pending, 0);
    this.#encoder = new BlockEncoder(capacity, this.#level);
  }

  /** Pending rows up to the end of the last whole message. */
  #wholeRows(): number {
    const { kind, length } = this.#pending;
    let end = length;
    while (end > 0 && (kind[end - 1]! & LAST) === 0) end -= 1;
    return end;
  }

  /** Writes the first `length` pending rows, and before them a snapshot where one is due. */
  #block(length: number): void {
    const pending = this.#pending;
    const every = this.#snapshotEvery;
    const { blocks } = this.#written;
    if (every > 0 && blocks > 0 && blocks % every === 0) this.#snapshot();
    const block = { ...pending, length };
    if (every > 0) this.#books.take(block);
    countBlock(this.#written, this.#section(SectionTag.BLOCK, block, this.#encoder));
    copyRows(pending, length, pending.length, pending, 0);
    pending.length -= length;
  }

  #snapshot(): void {
    const rows = this.#books.rows();
    if (rows.length === 0 || rows.length > MOST_ROWS) return;
    this.#section(SectionTag.SNAPSHOT, rows, new BlockEncoder(rows.length, this.#level));
  }

  #section(tag: SectionTag, rows: MarketBlock, encoder: BlockEncoder): Frame {
    const { payload, ...encoded } = encoder.encode(rows);
    const frame = {
      ...encoded,
      tag,
      ordinal: this.#written.sections,
      block: this.#written.blocks,
      rows: rows.length,
      storedBytes: payload.length,
      rowsBefore: this.#written.rows,
    };
    this.#put(Buffer.concat([encodeFrame(frame, [payload], this.#headerCrc), payload]));
    this.#written.sections += 1;
    return frame;
  }

  #put(bytes: Uint8Array): void {
    this.#guard(() => {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#file, bytes, done, bytes.length - done, this.#bytes + done);
      }
    });
    this.#bytes += bytes.length;
  }

  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.abandon();
      if (error instanceof EventFileError) throw error;
      throw new EventFileError(writeFault(this.path, error));
    }
  }
}

/**
 * Gives a file that is whole its name. A link fails where the name is taken, which a rename would
 * silently write over.
 */
export function giveName(partial: string, path: string): void {
  try {
    linkSync(partial, path);
    // The new name before the old one goes: no order in which they reach the disk loses both.
    syncFolder(path);
    unlinkSync(partial);
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EEXIST" || existsSync(path);
    if (isTaken) throw error;
    renameSync(partial, path);
  }
  syncFolder(path);
}

/** Makes a file's name durable; some systems do not open folders, and need not. */
export function syncFolder(path: string): void {
  let folder: number;
  try {
    folder = openSync(dirname(path), "r");
  } catch {
    return;
  }
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function takenFault(path: string, taken: string): DataFault {
  const text =
    taken === path
      ? `${path} exists; nothing is written over: choose another name`
      : `${taken} is there, from a run that did not finish: recover it with ` +
        `\`arrival data import --recover ${taken} -o NEW\`, or remove it`;
  return { code: "DATA_TAKEN", text, file: basename(taken) };
}

export function writeFault(path: string, error: unknown): DataFault {
  const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const partial = partialOf(path);
  const what: Record<string, string> = {
    ENOENT: `the folder of ${path} does not exist`,
    EACCES: `${path} may not be written; check the folder's permissions`,
    EEXIST: `${path} has come into being meanwhile; what was written is in ${partial}`,
    ENOSPC: `the disk is full; ${partial} is readable up to its last whole block`,
    EFBIG: `${partial} may be no larger here; it is readable up to its last whole block`,
    EDQUOT: `the disk quota is used up; ${partial} is readable up to its last whole block`,
  };
  const text = what[reason] ?? `${partial} cannot be written (${reason})`;
  return { code: "DATA_WRITE", text, file: basename(path) };
}
