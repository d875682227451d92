/**
 * Market recorder: one instrument's messages, as they come, into event files that follow each
 * other.
 *
 * It takes messages from whoever makes them: the recorder of a venue's streams, or a live engine
 * that keeps its own market data. It knows no network and no clock; times come with the messages
 * and with `tick`. Each file begins with the books as the file before left them, so each can be
 * replayed by itself and all together as one recording. What must stay true: every message stands
 * in exactly one file, none was received before it happened, and a disk that fails is told once,
 * never thrown at whoever brings the messages.
 */
import { join } from "node:path";
import { invariant } from "../../core/domain/errors.ts";
import type { Instrument } from "../../core/domain/instrument.ts";
import { Kind, KIND_MASK, LAST, type MarketBlock, VENUE_ONLY } from "../../core/market/columns.ts";
import { type MarketSink, newCounts } from "../capture.ts";
import { continueEventFile } from "../event-file/continuation.ts";
import { EventFileError } from "../event-file/damage.ts";
import { createEventFile, type EventFileWriter, type WriterOptions } from "../event-file/writer.ts";
import type { DataFault } from "../fault.ts";
import { MessageOrderer } from "../message-orderer.ts";
import type { StreamCounts } from "../read-report.ts";
import { fileName, nextBoundary, type Rotation } from "./rotation.ts";

export interface MarketRecorderOptions {
  readonly instrument: Instrument;
  /** Unix time at which the messages' times are zero. */
  readonly baseSeconds: number;
  /** An existing folder. */
  readonly folder: string;
  /** Where the decoder counts, for one report of both. */
  readonly counts?: StreamCounts;
  readonly rotation?: Rotation;
  /** Of the only file, where there is no rotation; absent: each has its first row's time. */
  readonly name?: string;
  /** Of a block at most, where fewer than usual are known to come. */
  readonly blockRows?: number;
  /** Goes on with the only file, of which so many blocks stay. */
  readonly goesOn?: { readonly blocks: number; readonly epochNanos: bigint };
  /** zstd's, 0 = none. */
  readonly level?: number;
  /** What came so long ago is on the disk, and cannot be lost by a crash. */
  readonly flushNanos?: number;
  /** How late a message may come and still find its place. */
  readonly horizonNanos?: number;
  /** Whether own executions are among the trades. */
  readonly ownTradesPrinted?: boolean;
  /** Of every file's header: what made it, and what a reader of it should know. */
  readonly format: string;
  readonly notes: readonly string[];
  /** Added to every local time by whoever brings the messages. */
  readonly clockShiftNanos?: number;
  /** The disk does not take it: nothing more will be written. Told once. */
  readonly onFault: (fault: DataFault) => void;
  readonly onFile?: (path: string) => void;
}

/** A stretch in which nothing was known of the book. Times as the messages'. */
export interface Outage {
  readonly from: number;
  /** NaN while it lasts. */
  until: number;
}

/** `unknown`: no book yet; `gapped`: it was lost, and is not back. */
export type BookKnowledge = "unknown" | "known" | "gapped";

/** What is kept of outages; all are counted. */
const MOST_OUTAGES = 1000;
const DEFAULT_FLUSH_NANOS = 5e9;
const DEFAULT_HORIZON_NANOS = 5e9;
/** A stamp of the venue's that lies further ahead of our clock than this is a wrong one. */
const AHEAD_NANOS = 60e9;
/** Blocks are flushed while they are small, so columns of the usual size would be waste. */
const BLOCK_ROWS = 1 << 14;
/** At five seconds a block this is a snapshot each five minutes. */
const SNAPSHOT_EVERY = 64;
/** No true book is larger; one that is stays unknown in the next file until it begins anew. */
const MOST_OPENING_ROWS = 1 << 18;

export class MarketRecorder implements MarketSink {
  readonly counts: StreamCounts;
  readonly #options: MarketRecorderOptions;
  readonly #orderer: MessageOrderer;
  readonly #flushNanos: number;
  #writer: EventFileWriter | undefined;
  #isClosed = false;
  #files = 0;
  #sealedBytes = 0;
  #engineRows = 0;
  /** What came late in the run before was put there: the venue's order never falls. */
  #leastExchange = Number.NEGATIVE_INFINITY;
  /** Since `baseSeconds`: the epoch of all files of this recording. */
  #epoch = Number.NaN;
  #boundary = Number.POSITIVE_INFINITY;
  #flushedAt = Number.NaN;
  #gaps = 0;
  readonly #outages: Outage[] = [];
  #lifted = 0;
  #corrected = 0;
  #lastTick = 0;
  #localTime = 0;
  #book: BookKnowledge = "unknown";
  #latencySum = 0;
  #latencyCount = 0;

  constructor(options: MarketRecorderOptions) {
    this.#options = options;
    this.counts = options.counts ?? newCounts();
    this.#flushNanos = options.flushNanos ?? DEFAULT_FLUSH_NANOS;
    this.#orderer = new MessageOrderer({
      counts: this.counts,
      horizonNanos: options.horizonNanos ?? DEFAULT_HORIZON_NANOS,
      onBlock: (block) => this.#guard(() => this.#take(block)),
    });
    if (options.goesOn !== undefined) this.#guard(() => this.#goOn());
  }

  get instrument(): Instrument {
    return this.#options.instrument;
  }

  /** The file that is being written; absent before the first message and after a failure. */
  get path(): string | undefined {
    return this.#writer?.path;
  }

  get files(): number {
    return this.#files;
  }

  /** Of all files, as far as they are on the disk. */
  get bytes(): number {
    return this.#sealedBytes + (this.#writer?.bytes ?? 0);
  }

  /**
   * What has been put in order survives a power cut from here on.
   *
   * @returns rows that the engine reads, of those that this recorder took; they are the first that
   *   came. Undefined where the disk does not take them.
   */
  sync(): number | undefined {
    this.#guard(() => {
      this.#writer?.flush();
      this.#writer?.sync();
    });
    return this.#isClosed ? undefined : this.#engineRows;
  }

  /** Rows of the file in hand, with those that stand for the venue's order alone. */
  get rowsInFile(): number {
    return this.#writer?.rows ?? 0;
  }

  /** Rows that came. */
  get rows(): number {
    return this.#orderer.rowsTaken;
  }

  get messages(): number {
    return this.#orderer.messages;
  }

  /** Of the newest trade, ticks; 0 before the first. */
  get lastPrice(): number {
    return this.#lastTick;
  }

  get book(): BookKnowledge {
    return this.#book;
  }

  get gaps(): number {
    return this.#gaps;
  }

  /** The first thousand. */
  get outages(): readonly Outage[] {
    return this.#outages;
  }

  /** Messages that would have been received before they happened: received then, instead. */
  get lifted(): number {
    return this.#lifted;
  }

  /** Messages whose exchange time was over a minute ahead: taken for the time of receipt. */
  get corrected(): number {
    return this.#corrected;
  }

  /** Mean of the messages since this was asked last, nanoseconds; NaN where there were none. */
  takeLatency(): number {
    const mean = this.#latencySum / this.#latencyCount;
    this.#latencySum = 0;
    this.#latencyCount = 0;
    return mean;
  }

  begin(stream: "book" | "trade", exchangeTime: number, localTime: number): void {
    let exchange = Math.max(exchangeTime, this.#leastExchange);
    let local = localTime;
    if (exchange - local > AHEAD_NANOS) {
      this.#corrected += 1;
      exchange = local;
    } else if (exchange > local) {
      this.#lifted += 1;
      local = exchange;
    }
    this.#latencySum += local - exchange;
    this.#latencyCount += 1;
    this.#localTime = local;
    this.#orderer.begin(stream, exchange, local);
  }

  row(kind: number, price: number, quantity: number): void {
    const what = kind & KIND_MASK;
    if (what >= Kind.CLEAR) this.#turn(what);
    else if (what > Kind.ASK) this.#lastTick = price;
    this.#orderer.row(kind, price, quantity);
  }

  end(): void {
    this.#orderer.end();
  }

  quote(): void {
    // Quotes repeat what the book says.
  }

  /** To be called about once a second, with the time by the clock of the local times. */
  tick(now: number): void {
    if (this.#isClosed) return;
    this.#orderer.settle(now);
    if (Number.isNaN(this.#flushedAt)) {
      this.#flushedAt = now - this.#flushNanos * phaseOf(this.instrument.symbol);
    }
    if (now - this.#flushedAt < this.#flushNanos) return;
    this.#flushedAt = now;
    this.#guard(() => this.#writer?.flush());
  }

  /** Writes what is left and seals the last file. Nothing may come afterwards. */
  close(): void {
    if (this.#isClosed) return;
    this.#orderer.flush();
    this.#guard(() => this.#seal());
    this.#isClosed = true;
  }

  /** What has been put in order; it may lie in several files. */
  #take(block: MarketBlock): void {
    for (let from = 0; from < block.length;) {
      const { rotation } = this.#options;
      const isLong = (this.#writer?.bytes ?? 0) >= (rotation?.bytes ?? Number.POSITIVE_INFINITY);
      if (this.#writer === undefined || isLong || block.localTime[from]! >= this.#boundary) {
        this.#rotate(block, from);
      }
      const until = endBefore(block, from, this.#boundary);
      this.#writer!.append(this.#shifted(block, from, until));
      for (; from < until; from++) if ((block.kind[from]! & VENUE_ONLY) === 0) this.#engineRows++;
    }
  }

  #rotate(block: MarketBlock, from: number): void {
    if (Number.isNaN(this.#epoch)) this.#epoch = epochOf(block);
    const local = block.localTime[from]!;
    // Flushed first: the books are known of what is in blocks.
    this.#writer?.flush();
    const books = this.#writer?.books();
    const openingRows = (books?.length ?? 0) > MOST_OPENING_ROWS ? 0 : (books?.length ?? 0);
    const sealed = this.#writer;
    this.#seal();
    const { rotation, baseSeconds } = this.#options;
    const every = rotation?.everyNanos;
    if (every !== undefined) this.#boundary = nextBoundary(local, baseSeconds, every);
    const writer = this.#open(local, openingRows, sealed?.path);
    if (books !== undefined && openingRows > 0) writer.append(books);
    this.#writer = writer;
    this.#files += 1;
    this.#options.onFile?.(writer.path);
  }

  get #writing(): WriterOptions {
    const { blockRows = BLOCK_ROWS, level } = this.#options;
    const options = { blockRows, snapshotEvery: SNAPSHOT_EVERY };
    return level === undefined ? options : { ...options, level };
  }

  /** @throws EventFileError */
  #goOn(): void {
    const { goesOn, folder, name, baseSeconds } = this.#options;
    invariant(goesOn !== undefined && name !== undefined, "one file has a name");
    const continued = continueEventFile(join(folder, name), goesOn.blocks, this.#writing);
    if (!continued.ok) throw new EventFileError(continued.error);
    this.#epoch = Number(goesOn.epochNanos - BigInt(baseSeconds) * 1_000_000_000n);
    this.#writer = continued.value;
    this.#leastExchange = continued.value.exchangeTime + this.#epoch;
    this.#files += 1;
  }

  #open(time: number, openingRows: number, before: string | undefined): EventFileWriter {
    const {
      instrument,
      baseSeconds,
      ownTradesPrinted = false,
      clockShiftNanos = 0,
    } = this.#options;
    const { format, notes, folder, name } = this.#options;
    const prefix = `${instrument.venue}-${instrument.kind}-${instrument.symbol}`;
    const opening =
      before === undefined
        ? []
        : [`Goes on where file ${this.#files} ended: the first ${openingRows} rows are its books.`];
    const header = {
      instrument,
      epochNanos: BigInt(baseSeconds + this.#epoch / 1e9) * 1_000_000_000n,
      ownTradesPrinted,
      origin: {
        format,
        sources: [],
        notes: [...notes, ...opening],
        counts: { file: this.#files + 1, openingRows, clockShiftNanos },
      },
    };
    // Files of under a millisecond: the next free name still sorts behind.
    for (let late = 0; ; late++) {
      const path = join(folder, name ?? fileName(prefix, baseSeconds, time + late * 1e6));
      const created = createEventFile(path, header, this.#writing);
      if (created.ok) return created.value;
      if (created.error.code !== "DATA_TAKEN" || late > 1000 || name !== undefined) {
        throw new EventFileError(created.error);
      }
    }
  }

  #seal(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    writer.seal();
    this.#sealedBytes += writer.bytes;
    this.#writer = undefined;
  }

  /** The rows with the files' epoch. */
  #shifted(block: MarketBlock, from: number, until: number): MarketBlock {
    const shift = (times: Float64Array): Float64Array => {
      const shifted = times.slice(from, until);
      for (let row = 0; row < shifted.length; row++) shifted[row]! -= this.#epoch;
      return shifted;
    };
    return {
      exchangeTime: shift(block.exchangeTime),
      localTime: shift(block.localTime),
      kind: block.kind.subarray(from, until),
      price: block.price.subarray(from, until),
      quantity: block.quantity.subarray(from, until),
      length: until - from,
    };
  }

  /** A `CLEAR` or a `GAP`. */
  #turn(what: number): void {
    const last = this.#outages.at(-1);
    if (what === Kind.CLEAR) {
      this.#book = "known";
      if (last !== undefined && Number.isNaN(last.until)) last.until = this.#localTime;
      return;
    }
    this.#book = "gapped";
    this.#gaps += 1;
    if (this.#outages.length < MOST_OUTAGES) {
      this.#outages.push({ from: this.#localTime, until: Number.NaN });
    }
  }

  #guard(write: () => void): void {
    if (this.#isClosed) return;
    try {
      write();
    } catch (error) {
      if (!(error instanceof EventFileError)) throw error;
      this.#isClosed = true;
      this.#writer?.abandon();
      this.#options.onFault(error.fault);
    }
  }
}

/** In [0, 1): many recorders do not all compress in the same instant, which would delay stamps. */
function phaseOf(symbol: string): number {
  let sum = 0;
  for (let i = 0; i < symbol.length; i++) sum += symbol.charCodeAt(i);
  return (sum % 16) / 16;
}

/** Behind the last row that belongs into the file that ends at `boundary`. */
function endBefore(block: MarketBlock, from: number, boundary: number): number {
  const { kind, localTime, length } = block;
  if (boundary === Number.POSITIVE_INFINITY) return length;
  for (let row = from + 1; row < length; row++) {
    if (localTime[row]! >= boundary && (kind[row - 1]! & LAST) !== 0) return row;
  }
  return length;
}

/** The whole second before all that is in the first block, and that can still come. */
function epochOf({ exchangeTime, length }: MarketBlock): number {
  let first = Number.POSITIVE_INFINITY;
  for (let row = 0; row < length; row++) first = Math.min(first, exchangeTime[row]!);
  invariant(Number.isFinite(first), "an empty block");
  return Math.floor(first / 1e9) * 1e9;
}
