/**
 * hftbacktest npz: a recording as a data file of hftbacktest, written block by block.
 *
 * Row for row: a row for both sides has both clocks' bits, one for the engine or the venue alone
 * only its own; so the file is in hftbacktest's order without any correction. What hftbacktest has
 * no word for stands where it does not look: trades off the book have a kind of Arrival's own, a
 * broken stream clears the book, and message borders that equal times do not tell are remarks in
 * `ival`. A member of its own states the instrument, so the file can be read back without being
 * told. What must stay true: no file is written over, and what bears the name is whole.
 */
import { closeSync, existsSync, fsyncSync, openSync, unlinkSync } from "node:fs";
import { basename } from "node:path";
import { err, invariant, ok, type Result } from "../core/domain/errors.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  type MarketHeader,
  OFF_BOOK,
  OFF_VOLUME,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { encodeHeader } from "./event-file/header.ts";
import { giveName, partialOf } from "./event-file/writer.ts";
import type { DataFault } from "./fault.ts";
import {
  DOUBLES,
  type DoubleGrid,
  encodeArrayHeader,
  EVENT_BYTES,
  EventBit,
  EventKind,
  priceGrid,
  quantityGrid,
  Remark,
  WordTimes,
  WORDS,
} from "./hftbacktest-event.ts";
import { STATEMENT } from "./hftbacktest-source.ts";
import { DiskError, ZipWriter } from "./zip-writer.ts";

/** What is written: any recording, or part of one. */
export interface EventSource {
  readonly header: MarketHeader;
  readonly blocks: Iterable<MarketBlock>;
  /** Of all blocks; NumPy's header states it before the first row. */
  readonly rows: number;
}

export interface NpzOptions {
  /** 0 = stored, else deflate's level. */
  readonly level?: number;
  /** Told the rows written; waited for, so that a screen may move. A throw removes the file. */
  readonly afterRows?: (rows: number) => Promise<void> | void;
}

export interface NpzWritten {
  readonly rows: number;
  readonly bytes: number;
}

/** `np.savez_compressed` has 6: for a twentieth less it takes three times as long. */
export const DEFAULT_NPZ_LEVEL = 3;

/** Writes `path`, which must not exist yet. */
export async function writeHftbacktest(
  source: EventSource,
  path: string,
  options: NpzOptions = {},
): Promise<Result<NpzWritten, DataFault>> {
  const partial = partialOf(path);
  for (const taken of [path, partial]) {
    if (existsSync(taken)) return err(takenFault(path, taken));
  }
  let file: number;
  try {
    file = openSync(partial, "wx");
  } catch (error) {
    return err(writeFault(path, error));
  }
  const zip = new ZipWriter(file, options.level ?? DEFAULT_NPZ_LEVEL);
  let isWhole = false;
  try {
    await writeMembers(source, zip, options);
    fsyncSync(file);
    isWhole = true;
  } catch (error) {
    if (error instanceof DiskError) return err(writeFault(path, error.cause));
    throw error;
  } finally {
    closeSync(file);
    if (!isWhole) unlinkSync(partial);
  }
  try {
    giveName(partial, path);
  } catch (error) {
    return err(writeFault(path, error));
  }
  return ok({ rows: source.rows, bytes: zip.bytes });
}

async function writeMembers(
  { header, blocks, rows }: EventSource,
  zip: ZipWriter,
  { afterRows }: NpzOptions,
): Promise<void> {
  const origin = { format: "hftbacktest", sources: [], notes: [], counts: {} };
  zip.stored(STATEMENT, encodeHeader({ ...header, origin }).bytes);
  zip.begin("data.npy");
  zip.write(encodeArrayHeader(rows));
  const encoder = new EventEncoder(header, (bytes) => zip.write(bytes));
  for (const block of blocks) {
    for (let from = 0; from < block.length; from += STEP_ROWS) {
      encoder.take(block, from, Math.min(block.length, from + STEP_ROWS));
      await afterRows?.(encoder.rows);
    }
  }
  encoder.end();
  invariant(encoder.rows === rows, `${encoder.rows} rows where ${rows} were stated`);
  zip.end();
  zip.finish();
}

const STEP_ROWS = 1 << 16;
const BATCH_ROWS = 1 << 14;

/** Rows to records. One row is held back: whether it ends its message can be seen by the next. */
class EventEncoder {
  rows = 0;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #price: DoubleGrid;
  readonly #quantity: DoubleGrid;
  readonly #times: WordTimes;
  readonly #bytes = new Uint8Array(BATCH_ROWS * EVENT_BYTES);
  readonly #words = new Uint32Array(this.#bytes.buffer);
  readonly #doubles = new Float64Array(this.#bytes.buffer);
  #filled = 0;
  /** Of the row before: its flags, and its times. */
  #flags = LAST;
  #exchange = Number.NaN;
  #local = Number.NaN;
  /** Whether the row in hand belongs to a message that began with a `CLEAR`. */
  #isSnapshot = false;

  constructor({ instrument, epochNanos }: MarketHeader, write: (bytes: Uint8Array) => void) {
    this.#write = write;
    this.#price = priceGrid(instrument);
    this.#quantity = quantityGrid(instrument);
    this.#times = new WordTimes(epochNanos);
  }

  take(block: MarketBlock, from: number, until: number): void {
    const { exchangeTime, localTime, kind, price, quantity } = block;
    for (let row = from; row < until; row++) {
      const flags = kind[row]!;
      const exchange = exchangeTime[row]!;
      const local = localTime[row]!;
      if (this.rows > 0) this.#remark(flags, exchange, local);
      this.#put(flags, exchange, local, price[row]!, quantity[row]!);
    }
  }

  end(): void {
    if (this.rows > 0) this.#remark(LAST, Number.NaN, Number.NaN);
    this.#flush(this.#filled);
  }

  #put(flags: number, exchange: number, local: number, price: number, quantity: number): void {
    // The newest record stays, since its remark is still to come.
    if (this.#filled === BATCH_ROWS) {
      this.#flush(BATCH_ROWS - 1);
      this.#bytes.copyWithin(0, (BATCH_ROWS - 1) * EVENT_BYTES);
      this.#filled = 1;
    }
    const what = flags & KIND_MASK;
    if ((this.#flags & LAST) !== 0) this.#isSnapshot = false;
    if (what === Kind.CLEAR) this.#isSnapshot = true;
    const at = this.#filled * WORDS;
    const slot = this.#filled * DOUBLES;
    const words = this.#words;
    words.fill(0, at, at + WORDS);
    words[at] = eventOf(flags, this.#isSnapshot);
    this.#times.put(words, at + 2, exchange);
    this.#times.put(words, at + 4, local);
    if (what < Kind.CLEAR) {
      this.#doubles[slot + 3] = this.#price.toDouble(price);
      this.#doubles[slot + 4] = this.#quantity.toDouble(quantity);
    }
    this.#filled += 1;
    this.rows += 1;
    this.#flags = flags;
    this.#exchange = exchange;
    this.#local = local;
  }

  /** Of the newest record, once it is known what comes after it. */
  #remark(next: number, exchange: number, local: number): void {
    const flags = this.#flags;
    if ((flags & VENUE_ONLY) !== 0) return;
    const what = flags & KIND_MASK;
    const isTrade = what === Kind.TRADE_BUY || what === Kind.TRADE_SELL;
    const isLast = (flags & LAST) !== 0;
    const nextWhat = next & KIND_MASK;
    const isNextTrade = nextWhat === Kind.TRADE_BUY || nextWhat === Kind.TRADE_SELL;
    const hasSameTimes = exchange === this.#exchange && local === this.#local;
    // What stands between two rows of the engine is passed over by a reader, so it tells nothing.
    const isTold =
      isTrade || isNextTrade || !hasSameTimes
        ? isLast && (next & VENUE_ONLY) === 0
        : !isLast && (next & VENUE_ONLY) === 0;
    const isGap = what === Kind.GAP;
    const isOffVolume = (flags & OFF_VOLUME) !== 0;
    if (isTold && !isGap && !isOffVolume) return;
    this.#words[(this.#filled - 1) * WORDS + 12] =
      Remark.MADE |
      (isLast ? Remark.LAST : 0) |
      (isGap ? Remark.GAP : 0) |
      (isOffVolume ? Remark.OFF_VOLUME : 0);
  }

  #flush(rows: number): void {
    if (rows > 0) this.#write(this.#bytes.subarray(0, rows * EVENT_BYTES));
  }
}

function eventOf(flags: number, isSnapshot: boolean): number {
  const clocks =
    ((flags & ENGINE_ONLY) === 0 ? EventBit.EXCHANGE : 0) +
    ((flags & VENUE_ONLY) === 0 ? EventBit.LOCAL : 0);
  const level = isSnapshot ? EventKind.DEPTH_SNAPSHOT : EventKind.DEPTH;
  const trade = (flags & OFF_BOOK) === 0 ? EventKind.TRADE : EventKind.OFF_BOOK_TRADE;
  switch (flags & KIND_MASK) {
    case Kind.BID:
      return clocks + EventBit.BUY + level;
    case Kind.ASK:
      return clocks + EventBit.SELL + level;
    case Kind.TRADE_BUY:
      return clocks + EventBit.BUY + trade;
    case Kind.TRADE_SELL:
      return clocks + EventBit.SELL + trade;
    default:
      return clocks + EventKind.DEPTH_CLEAR;
  }
}

function takenFault(path: string, taken: string): DataFault {
  const text =
    taken === path
      ? `${path} exists; nothing is written over: choose another name`
      : `${taken} is there, from a run that did not finish; remove it`;
  return { code: "DATA_TAKEN", text, file: basename(taken) };
}

function writeFault(path: string, error: unknown): DataFault {
  const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const what: Record<string, string> = {
    ENOENT: `the folder of ${path} does not exist`,
    EACCES: `${path} may not be written; check the folder's permissions`,
    EEXIST: `${path} has come into being meanwhile; what was written is in ${partialOf(path)}`,
    ENOSPC: "the disk is full; nothing is left of the file",
    EDQUOT: "the disk quota is used up; nothing is left of the file",
    EFBIG: "the file would be larger than it may be here; nothing is left of it",
  };
  const text = what[reason] ?? `${path} cannot be written (${reason})`;
  return { code: "DATA_WRITE", text, file: basename(path) };
}
