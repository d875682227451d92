/**
 * Reader: the blocks of an event file, from the start, from a time, or in parts, one at a time.
 *
 * A sealed file says where everything is; of a file that was cut, the whole blocks before the cut
 * are found by reading it through. What must stay true: rows come out only of blocks whose CRC
 * fits, in one order whatever the way to them; all else is a fault that names block and offset.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { blockOf, type MarketBlock, type MarketColumns } from "../../core/market/columns.ts";
import { type DataFault, openFault } from "../fault.ts";
import { BlockDecoder, type Span } from "./block.ts";
import { type ByteSource, FileBytes } from "./byte-source.ts";
import { Damage, EventFileError } from "./damage.ts";
import { decodeHeader, type EventFileHeader, headerLength, MAGIC, PROLOGUE } from "./header.ts";
import { decodeIndex, decodeTrailer, type Entry, TRAILER } from "./index-section.ts";
import { allocateColumns } from "./rows.ts";
import { decodeFrame, FRAME, type Frame, hasTrueCrc, SectionTag } from "./section.ts";
import { countBlock, NOTHING_WRITTEN, type Written } from "./written.ts";

/** Where a file without a seal stops making sense. */
export interface Cut {
  readonly offset: number;
  /** From there to the end of the file. */
  readonly bytes: number;
  readonly reason: string;
}

export interface Verified {
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
  /** The first damage, where there is any. */
  readonly fault?: DataFault;
}

const MEBIBYTE = 1 << 20;

/** A stretch of blocks that can be read by itself. */
export interface Part {
  readonly from: number;
  /** Behind the last one. */
  readonly until: number;
}

export function openEventFile(path: string): Result<EventFile, DataFault> {
  try {
    return readEventFile(new FileBytes(path), path);
  } catch (error) {
    return err(openFault(path, error));
  }
}

/** Opens what may be a file or memory. `name` is what faults call it. */
export function readEventFile(source: ByteSource, name: string): Result<EventFile, DataFault> {
  try {
    return ok(new EventFile(source, name));
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return err(damageFault(name, `${basename(name)}: ${error.message}`));
  }
}

/** Whether a file says of itself that it is one. */
export const isEventFile = (source: ByteSource): boolean => source.read(0, 8).equals(MAGIC);

export class EventFile {
  readonly name: string;
  readonly header: EventFileHeader;
  /** Where the file ends before its seal; absent where it is sealed. */
  readonly cut: Cut | undefined;
  /** Blocks, in order, without the snapshots. */
  readonly blocks: readonly Entry[];
  readonly rows: number;
  readonly #source: ByteSource;
  readonly #headerBytes: number;
  readonly #headerCrc: number;
  /** All sections, snapshots among them; the place of each is its ordinal. */
  readonly #entries: readonly Entry[];
  /** Ordinal of the snapshot before a block, by the number of the block. */
  readonly #snapshots = new Map<number, number>();
  readonly #ordinals: number[] = [];
  readonly #decoder = new BlockDecoder();

  /** @internal Use `openEventFile`. @throws Damage */
  constructor(source: ByteSource, name: string) {
    this.name = name;
    this.#source = source;
    const headerBytes = headerLength(source.read(0, PROLOGUE));
    if (headerBytes > source.size) throw new Damage("it ends inside its header");
    const { header, crc } = decodeHeader(source.read(0, headerBytes));
    this.header = header;
    this.#headerBytes = headerBytes;
    this.#headerCrc = crc;
    const indexed = this.#readIndex();
    const { entries, cut } =
      indexed === undefined ? this.#scan() : { entries: indexed, cut: undefined };
    this.#entries = entries;
    this.cut = cut;
    const blocks: Entry[] = [];
    let rows = 0;
    for (const [ordinal, entry] of entries.entries()) {
      if (entry.tag === SectionTag.SNAPSHOT) {
        this.#snapshots.set(entry.block, ordinal);
        continue;
      }
      blocks.push(entry);
      this.#ordinals.push(ordinal);
      rows += entry.rows;
    }
    this.blocks = blocks;
    this.rows = rows;
  }

  /** Size of the whole file. */
  get bytes(): number {
    return this.#source.size;
  }

  /**
   * One block, into columns of its own or into `into` (which must hold its rows).
   * @throws EventFileError where the block is damaged.
   */
  read(block: number, into?: MarketColumns): MarketBlock {
    return this.#read(this.#ordinals[block]!, into);
  }

  /** Every row once, in order; each block has memory of its own. @throws EventFileError */
  *sequence(from = 0, until = this.blocks.length): Generator<MarketBlock, void> {
    const join = new Join();
    for (let block = from; block < until; block++) {
      const rows = this.read(block);
      this.#joined(block, join);
      yield rows;
    }
  }

  /** The same with one set of columns: a block is gone when the next is asked for. */
  *scan(from = 0, until = this.blocks.length): Generator<MarketBlock, void> {
    let most = 0;
    for (const { rows } of this.blocks) if (rows > most) most = rows;
    const columns = allocateColumns(most);
    const join = new Join();
    for (let block = from; block < until; block++) {
      const rows = this.read(block, columns);
      this.#joined(block, join);
      yield rows;
    }
  }

  /**
   * For a start in the middle: the books as they stood before `block`, then the rows from there.
   * Nothing comes ahead of the first block, which needs nothing.
   */
  *from(block: number, until = this.blocks.length): Generator<MarketBlock, void> {
    const snapshot = this.#snapshots.get(block);
    if (snapshot !== undefined) yield this.#read(snapshot);
    yield* this.sequence(block, until);
  }

  /**
   * The rows from the last snapshot before which every row is older than `time` (nanoseconds since
   * the epoch, by the local clock). Rows older than that come first: they bring the books up to it.
   */
  blocksFrom(time: number): Generator<MarketBlock, void> {
    return this.from(this.startFor(time));
  }

  /**
   * The sections before `block`, for whoever goes on behind them, and what they are bound to.
   * @internal
   */
  sectionsBefore(block: number): {
    readonly headerCrc: number;
    readonly headerBytes: number;
    readonly written: Written;
    readonly bytes: number;
  } {
    const sections = block === 0 ? 0 : this.#ordinals[block - 1]! + 1;
    const last = this.#entries[sections - 1];
    const headerBytes = this.#headerBytes;
    const bytes = last === undefined ? headerBytes : last.offset + FRAME + last.storedBytes;
    const written = { ...NOTHING_WRITTEN, sections };
    for (const each of this.blocks.slice(0, block)) countBlock(written, each);
    return { headerCrc: this.#headerCrc, headerBytes, bytes, written };
  }

  /** The last block before `block` at which a reader may start: see `from`. */
  snapshotBefore(block: number): number {
    for (let at = block - 1; at > 0; at--) if (this.#snapshots.has(at)) return at;
    return 0;
  }

  /** Number of the block at which `blocksFrom` starts. */
  startFor(time: number): number {
    let start = 0;
    for (const [block, { until }] of this.blocks.entries()) {
      if (block > 0 && this.#snapshots.has(block)) start = block;
      if (until >= time) break;
    }
    return start;
  }

  /** Up to `count` parts of about equal rows, each of which starts at a snapshot. */
  parts(count: number): Part[] {
    const starts = [0];
    for (const [block, entry] of this.blocks.entries()) {
      const wanted = (this.rows * starts.length) / count;
      if (starts.length === count) break;
      if (block > 0 && entry.rowsBefore >= wanted && this.#snapshots.has(block)) starts.push(block);
    }
    return starts.map((from, index) => ({ from, until: starts[index + 1] ?? this.blocks.length }));
  }

  /**
   * Reads every byte and holds every section against its CRC. A file that was cut is sound up to
   * there: see `cut`.
   */
  verify(onBytes?: (done: number) => void): Verified {
    const hash = createHash("sha256");
    let at = 0;
    let damage: EventFileError | undefined;
    const take = (length: number): Buffer => {
      const bytes = this.#source.read(at, length);
      hash.update(bytes);
      at += bytes.length;
      onBytes?.(at);
      return bytes;
    };
    take(this.#headerBytes);
    for (const [ordinal, entry] of this.#entries.entries()) {
      const section = take(FRAME + entry.storedBytes);
      try {
        this.#frame(ordinal, section);
      } catch (error) {
        if (!(error instanceof EventFileError)) throw error;
        damage ??= error;
      }
    }
    while (at < this.bytes && take(Math.min(MEBIBYTE, this.bytes - at)).length > 0);
    const sha256 = hash.digest("hex");
    return damage === undefined ? { sha256 } : { sha256, fault: damage.fault };
  }

  /** The block that has just been read follows the one before it. */
  #joined(block: number, join: Join): void {
    if (join.goesOn(this.#decoder.span)) return;
    throw this.#damage(this.blocks[block]!, "its rows are older than those before it");
  }

  #read(ordinal: number, into?: MarketColumns): MarketBlock {
    const entry = this.#entries[ordinal]!;
    const section = this.#source.read(entry.offset, FRAME + entry.storedBytes);
    const frame = this.#frame(ordinal, section);
    const columns = into ?? allocateColumns(frame.rows);
    try {
      this.#decoder.decode(frame, section.subarray(FRAME), columns);
    } catch (error) {
      if (error instanceof Damage) throw this.#damage(entry, error.message);
      throw error;
    }
    return blockOf(columns, frame.rows);
  }

  /** The frame of a section whose CRC fits, and that is the one that was asked for. */
  #frame(ordinal: number, section: Buffer): Frame {
    const entry = this.#entries[ordinal]!;
    if (section.length !== FRAME + entry.storedBytes) {
      throw this.#damage(entry, "the file has become shorter");
    }
    if (!hasTrueCrc(section, this.#headerCrc)) throw this.#damage(entry, "its CRC differs");
    try {
      const frame = decodeFrame(section);
      const isSame =
        frame.tag === entry.tag &&
        frame.ordinal === ordinal &&
        frame.block === entry.block &&
        frame.rows === entry.rows &&
        frame.storedBytes === entry.storedBytes &&
        frame.from === entry.from &&
        frame.until === entry.until &&
        frame.rowsBefore === entry.rowsBefore;
      if (isSame) return frame;
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      throw this.#damage(entry, error.message);
    }
    throw this.#damage(entry, "it is not the one that belongs here");
  }

  #damage(entry: Entry, reason: string): EventFileError {
    const what = entry.tag === SectionTag.BLOCK ? "block" : "the snapshot before block";
    const text =
      `${basename(this.name)}: ${what} ${entry.block} at byte ${entry.offset} is damaged ` +
      `(${reason}); take the original, or keep what is before it with ` +
      `\`arrival data import --recover\``;
    const short = `${what} ${entry.block} is damaged: ${reason}`;
    return new EventFileError(damageFault(this.name, text), short);
  }

  /** Undefined where the file is not sealed, or its index cannot be believed. */
  #readIndex(): Entry[] | undefined {
    const source = this.#source;
    const end = source.size - TRAILER;
    if (end < this.#headerBytes + FRAME) return undefined;
    const offset = decodeTrailer(source.read(end, TRAILER), this.#headerCrc);
    if (offset === undefined || offset < this.#headerBytes || offset > end - FRAME)
      return undefined;
    try {
      const frame = decodeFrame(source.read(offset, FRAME));
      if (frame.tag !== SectionTag.INDEX || offset + FRAME + frame.rawBytes !== end)
        return undefined;
      const section = source.read(offset, FRAME + frame.rawBytes);
      if (!hasTrueCrc(section, this.#headerCrc)) return undefined;
      return decodeIndex(section.subarray(FRAME), this.#headerBytes, offset);
    } catch (error) {
      if (error instanceof Damage) return undefined;
      throw error;
    }
  }

  /** Section by section from the front, as far as they are whole. */
  #scan(): { entries: Entry[]; cut: Cut } {
    const source = this.#source;
    const entries: Entry[] = [];
    let offset = this.#headerBytes;
    let block = 0;
    let rowsBefore = 0;
    const end = (reason: string): { entries: Entry[]; cut: Cut } => ({
      entries,
      cut: { offset, bytes: source.size - offset, reason },
    });
    for (;;) {
      if (offset === source.size) return end("it was never sealed");
      if (source.size - offset < FRAME) return end("it ends inside the frame of a block");
      let frame: Frame;
      try {
        frame = decodeFrame(source.read(offset, FRAME));
      } catch (error) {
        if (error instanceof Damage) return end(error.message);
        throw error;
      }
      const length = FRAME + frame.storedBytes;
      if (source.size - offset < length) return end(`it ends inside block ${block}`);
      if (!hasTrueCrc(source.read(offset, length), this.#headerCrc)) {
        return end(`the CRC of block ${block} differs`);
      }
      if (frame.tag === SectionTag.INDEX) return end("its index is not whole, or not its end");
      const isNext =
        frame.ordinal === entries.length &&
        frame.block === block &&
        frame.rowsBefore === rowsBefore;
      if (!isNext) return end(`block ${block} is not where it belongs`);
      entries.push({ ...frame, offset });
      offset += length;
      if (frame.tag !== SectionTag.BLOCK) continue;
      block += 1;
      rowsBefore += frame.rows;
    }
  }
}

/** Where the blocks that have been read end. */
class Join {
  #exchange = 0;
  #local = 0;

  goesOn({ firstExchange, lastExchange, firstLocal, lastLocal }: Span): boolean {
    const isNext = firstExchange >= this.#exchange && firstLocal >= this.#local;
    this.#exchange = Math.max(this.#exchange, lastExchange);
    this.#local = Math.max(this.#local, lastLocal);
    return isNext;
  }
}

const damageFault = (name: string, text: string): DataFault => ({
  code: "DATA_DAMAGED",
  text,
  file: basename(name),
});
