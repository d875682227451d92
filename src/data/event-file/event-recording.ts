/**
 * Event recording: event files as what every other recording is, so that they can be given wherever
 * recordings are.
 *
 * Several files are one recording in the order given. Every byte is held against its CRC before
 * the first row is handed out: what is replayed is what was written, or nothing is. What must stay
 * true: no row of a file that was cut or damaged gets out unless somebody has asked for just that.
 */
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { instrumentId } from "../../core/domain/instrument.ts";
import {
  ENGINE_ONLY,
  Kind,
  KIND_MASK,
  LAST,
  type MarketBlock,
  VENUE_ONLY,
} from "../../core/market/columns.ts";
import { newCounts, type OpenSink, type ReadOptions, TimeBase } from "../capture.ts";
import type { DataFault } from "../fault.ts";
import { openFault } from "../fault.ts";
import type { RecordingSource } from "../line-source.ts";
import { FileCounts, type StreamCounts } from "../read-report.ts";
import type { Decoded, OpenRecording } from "../recording.ts";
import { isoNanos } from "../recording-builder.ts";
import { FileBytes } from "./byte-source.ts";
import { EventFileError } from "./damage.ts";
import { ReadAhead } from "./read-ahead.ts";
import { type EventFile, isEventFile, openEventFile } from "./reader.ts";

/** Whether all of them are; a fault where only some are, or one cannot be read. */
export function areEventFiles(paths: readonly string[]): Result<boolean, DataFault> {
  let count = 0;
  for (const path of paths) {
    try {
      if (isEventFile(new FileBytes(path))) count += 1;
    } catch (error) {
      return err(openFault(path, error));
    }
  }
  if (count === 0 || count === paths.length) return ok(count > 0);
  const text =
    `${paths.map((path) => basename(path)).join(", ")}: event files and other recordings cannot ` +
    "be read as one; bring the others in with `arrival data import` first";
  return err({ code: "DATA_FORMAT", text });
}

/** Opens and verifies; blocks are read each time that they are gone through. */
export function openEventRecording(
  paths: readonly string[],
  options: ReadOptions,
): Result<OpenRecording, DataFault> {
  const opened = openAll(paths, options);
  if (!opened.ok) return opened;
  const { files, shifts } = opened.value;
  for (const file of files) {
    if (file.cut !== undefined) return err(cutFault(file));
  }
  const sources: RecordingSource[] = [];
  for (const verified of verifyAll(files, options)) {
    if (!verified.ok) return verified;
    sources.push(verified.value);
  }
  if (files.every(({ rows }) => rows === 0)) return err(emptyFault(files));
  const overlap = overlapOf(files, shifts);
  if (overlap !== undefined) return err(overlap);
  const blocks = blocksOf(files, shifts);
  const { origin: _, ...header } = files[0]!.header;
  let report: OpenRecording["report"] | undefined;
  return ok({
    header,
    blocks,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    sources,
    format: "event-file",
    ...spanOf(files, shifts),
    /** Worked out when it is asked for: that takes a pass over all rows. */
    get report() {
      report ??= reportOf(files, surveyOf(blocks));
      return report;
    },
  });
}

function spanOf(
  files: readonly EventFile[],
  shifts: readonly number[],
): Pick<OpenRecording, "from" | "until"> {
  const first = files.findIndex(({ rows }) => rows > 0);
  const last = files.findLastIndex(({ rows }) => rows > 0);
  const end = files[last]!.read(files[last]!.blocks.length - 1);
  return {
    from: files[first]!.read(0).localTime[0]! + shifts[first]!,
    until: end.localTime[end.length - 1]! + shifts[last]!,
  };
}

/** Drives a sink over what the engine sees, message by message: a line is a row of the file. */
export function decodeEventFiles(
  paths: readonly string[],
  options: ReadOptions,
  openSink: OpenSink,
): Result<Decoded, DataFault> {
  const opened = openAll(paths, options);
  if (!opened.ok) return opened;
  const { files, shifts } = opened.value;
  const { instrument, epochNanos } = files[0]!.header;
  const file = new FileCounts();
  const counts = newCounts();
  const position = { file: "", line: 0 };
  const sink = openSink(instrument, counts, position);
  const time = new TimeBase();
  time.seconds = Number(epochNanos / 1_000_000_000n);
  const sources: RecordingSource[] = [];
  for (const [index, each] of files.entries()) {
    position.file = basename(each.name);
    position.line = 0;
    const { sha256 } = each.verify();
    sources.push({ name: position.file, bytes: each.bytes, sha256 });
    const messages = new Messages(sink, counts, position, shifts[index]!);
    const end = throughWhole(each, (block) => messages.take(block));
    file.lines += position.line;
    if (end !== undefined) {
      file.truncated.push({ ...end, file: position.file, line: position.line });
    }
    counts.notes.push(...notesOf(each));
  }
  return ok({ format: "event-file", sources, tracks: [{ instrument, counts, sink }], file, time });
}

/** Hands on every whole block; says where and why that ended before the file did. */
export function throughWhole(
  file: EventFile,
  take: (block: MarketBlock) => void,
): { readonly partialBytes: number; readonly reason: string } | undefined {
  let read = 0;
  try {
    for (const block of file.scan()) {
      take(block);
      read += 1;
    }
  } catch (error) {
    if (!(error instanceof EventFileError)) throw error;
    return {
      partialBytes: file.bytes - file.blocks[read]!.offset,
      reason: error.reason,
    };
  }
  const { cut } = file;
  return cut === undefined ? undefined : { partialBytes: cut.bytes, reason: cut.reason };
}

interface Opened {
  readonly files: readonly EventFile[];
  /** Nanoseconds from the first file's epoch to that of each. */
  readonly shifts: readonly number[];
}

function openAll(paths: readonly string[], options: ReadOptions): Result<Opened, DataFault> {
  const files: EventFile[] = [];
  for (const path of paths) {
    const file = openEventFile(path);
    if (!file.ok) return file;
    const first = files[0] ?? file.value;
    const fault = otherInstrument(first, file.value, options);
    if (fault !== undefined) return err(fault);
    files.push(file.value);
  }
  const epoch = files[0]!.header.epochNanos;
  return ok({ files, shifts: files.map(({ header }) => Number(header.epochNanos - epoch)) });
}

function otherInstrument(
  first: EventFile,
  file: EventFile,
  { symbol, kind }: ReadOptions,
): DataFault | undefined {
  const { instrument } = file.header;
  const id = instrumentId(instrument);
  const isAsked =
    (symbol === undefined || symbol === instrument.symbol) &&
    (kind === undefined || kind === instrument.kind);
  const name = basename(file.name);
  if (!isAsked) return { code: "DATA_SYMBOL", text: `${name} holds ${id} alone`, file: name };
  if (gridOf(first) === gridOf(file)) return undefined;
  const text =
    `${basename(first.name)} holds ${instrumentId(first.header.instrument)}, ${name} ${id}, or ` +
    "another grid of it: these are not one recording";
  return { code: "DATA_SYMBOL", text, file: name };
}

const gridOf = ({ header }: EventFile): string =>
  JSON.stringify(header.instrument, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );

function* verifyAll(
  files: readonly EventFile[],
  { onProgress, signal }: ReadOptions,
): Generator<Result<RecordingSource, DataFault>> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let before = 0;
  for (const file of files) {
    const name = basename(file.name);
    if (signal?.aborted === true) {
      yield err({ code: "DATA_ABORTED", text: `${name}: reading was stopped`, file: name });
      return;
    }
    const done = before;
    const { sha256, fault } = file.verify((bytes) => onProgress?.(done + bytes, total));
    yield fault === undefined ? ok({ name, bytes: file.bytes, sha256 }) : err(fault);
    before += file.bytes;
  }
}

/** Fewer rows than this are worked through before a thread has started. */
const WORTH_A_THREAD = 1_000_000;

/** Each pass reads the files anew; a long one by a thread, where there is a core for it. */
function blocksOf(
  files: readonly EventFile[],
  shifts: readonly number[],
): Iterable<MarketBlock> & { ahead?(): ReadAhead } {
  const plain = { [Symbol.iterator]: () => joined(files, shifts) };
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  if (rows < WORTH_A_THREAD || availableParallelism() < 2) return plain;
  return { ...plain, ahead: () => new ReadAhead(files, shifts) };
}

function* joined(
  files: readonly EventFile[],
  shifts: readonly number[],
): Generator<MarketBlock, void> {
  for (const [index, file] of files.entries()) {
    const shift = shifts[index]!;
    for (const block of file.sequence()) {
      if (shift !== 0) {
        for (let row = 0; row < block.length; row++) {
          block.exchangeTime[row]! += shift;
          block.localTime[row]! += shift;
        }
      }
      yield block;
    }
  }
}

/** Both clocks must go on where the file before ended, each over the rows that its side reads. */
function overlapOf(files: readonly EventFile[], shifts: readonly number[]): DataFault | undefined {
  let [venue, engine] = [0, 0];
  let before = "";
  for (const [index, file] of files.entries()) {
    if (file.rows === 0) continue;
    const shift = shifts[index]!;
    const name = basename(file.name);
    const starts =
      before === "" ||
      ((firstTime(file, ENGINE_ONLY) ?? Number.POSITIVE_INFINITY) + shift >= venue &&
        (firstTime(file, VENUE_ONLY) ?? Number.POSITIVE_INFINITY) + shift >= engine);
    const until = file.blocks.at(-1)!.until + shift;
    if (!starts || !Number.isSafeInteger(until) || shift < 0) {
      const text =
        `${name} begins before ${before} ends, or over a hundred days after; give the files in ` +
        "the order of their times, without overlap";
      return { code: "DATA_FORMAT", text, file: name };
    }
    venue = Math.max(venue, (lastTime(file, ENGINE_ONLY) ?? 0) + shift);
    engine = Math.max(engine, (lastTime(file, VENUE_ONLY) ?? 0) + shift);
    before = name;
  }
  return undefined;
}

/** The time of the first row that the side reads which skips `except`; a block may have none. */
function firstTime(file: EventFile, except: number): number | undefined {
  for (let block = 0; block < file.blocks.length; block++) {
    const rows = file.read(block);
    for (let row = 0; row < rows.length; row++) {
      if ((rows.kind[row]! & except) === 0) return timesOf(rows, except)[row]!;
    }
  }
  return undefined;
}

function lastTime(file: EventFile, except: number): number | undefined {
  for (let block = file.blocks.length - 1; block >= 0; block--) {
    const rows = file.read(block);
    for (let row = rows.length - 1; row >= 0; row--) {
      if ((rows.kind[row]! & except) === 0) return timesOf(rows, except)[row]!;
    }
  }
  return undefined;
}

/** The clock by which that side reads. */
const timesOf = (rows: MarketBlock, except: number): Float64Array =>
  except === ENGINE_ONLY ? rows.exchangeTime : rows.localTime;

interface Survey {
  messages: number;
  doubledRows: number;
  /** By kind, of what the engine sees. */
  readonly kinds: number[];
  /** Messages that end with a trade. */
  tradeMessages: number;
  firstExchange: number;
  lastExchange: number;
}

function surveyOf(blocks: Iterable<MarketBlock>): Survey {
  const seen: Survey = {
    messages: 0,
    doubledRows: 0,
    kinds: [0, 0, 0, 0, 0, 0],
    tradeMessages: 0,
    firstExchange: Number.POSITIVE_INFINITY,
    lastExchange: 0,
  };
  for (const { kind, exchangeTime, length } of blocks) {
    for (let row = 0; row < length; row++) {
      const flags = kind[row]!;
      const what = flags & KIND_MASK;
      if ((flags & VENUE_ONLY) !== 0) {
        seen.doubledRows += 1;
        continue;
      }
      seen.kinds[what]! += 1;
      const exchange = exchangeTime[row]!;
      if (exchange < seen.firstExchange) seen.firstExchange = exchange;
      if (exchange > seen.lastExchange) seen.lastExchange = exchange;
      if ((flags & LAST) === 0) continue;
      seen.messages += 1;
      if (isTrade(what)) seen.tradeMessages += 1;
    }
  }
  return seen;
}

const isTrade = (kind: number): boolean => kind === Kind.TRADE_BUY || kind === Kind.TRADE_SELL;

function reportOf(files: readonly EventFile[], seen: Survey): OpenRecording["report"] {
  const counts = newCounts();
  counts.bookMessages = seen.messages - seen.tradeMessages;
  counts.trades = seen.kinds[Kind.TRADE_BUY]! + seen.kinds[Kind.TRADE_SELL]!;
  counts.snapshots.used = seen.kinds[Kind.CLEAR]!;
  const base = Number(files[0]!.header.epochNanos / 1_000_000_000n);
  return {
    ...new FileCounts().plain(),
    ...counts.plain(),
    gaps: { count: seen.kinds[Kind.GAP]!, examples: [] },
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    messages: seen.messages,
    doubledRows: seen.doubledRows,
    clockShiftNanos: 0,
    leastLatencyNanos: 0,
    firstTime: isoNanos(base, seen.firstExchange),
    lastTime: isoNanos(base, seen.lastExchange),
    notes: files.flatMap(notesOf),
  };
}

function notesOf({ header }: EventFile): string[] {
  const { format, sources, notes } = header.origin;
  const names = sources.map(({ name }) => name).join(", ");
  return [`made from ${names === "" ? format : `${names} (${format})`}`, ...notes];
}

/** The engine's rows as messages again. */
class Messages {
  readonly #sink: ReturnType<OpenSink>;
  readonly #counts: StreamCounts;
  readonly #position: { readonly file: string; line: number };
  readonly #shift: number;
  #isOpen = false;
  #id = 0;

  constructor(
    sink: ReturnType<OpenSink>,
    counts: StreamCounts,
    position: { readonly file: string; line: number },
    shift: number,
  ) {
    this.#sink = sink;
    this.#counts = counts;
    this.#position = position;
    this.#shift = shift;
  }

  take(block: MarketBlock): void {
    for (let row = 0; row < block.length; row++) {
      this.#position.line += 1;
      if ((block.kind[row]! & VENUE_ONLY) === 0) this.#row(block, row);
    }
  }

  #row({ kind, price, quantity, exchangeTime, localTime }: MarketBlock, row: number): void {
    const flags = kind[row]!;
    const what = flags & KIND_MASK;
    const counts = this.#counts;
    if (!this.#isOpen) {
      const times = [exchangeTime[row]! + this.#shift, localTime[row]! + this.#shift] as const;
      this.#sink.begin(isTrade(what) ? "trade" : "book", ...times);
      this.#isOpen = true;
      if (!isTrade(what)) counts.bookMessages += 1;
    }
    if (isTrade(what)) counts.trades += 1;
    if (what === Kind.CLEAR) counts.snapshots.used += 1;
    // An event file keeps no ids: only that something is missing is known.
    if (what === Kind.GAP) counts.gaps.add(() => ({ ...this.#position, expected: 0, found: 0 }));
    this.#sink.row(flags & ~(LAST | ENGINE_ONLY), price[row]!, quantity[row]!);
    if ((flags & LAST) === 0) return;
    this.#sink.end(this.#id++);
    this.#isOpen = false;
  }
}

export function cutFault(file: EventFile): DataFault {
  const name = basename(file.name);
  const { offset, reason } = file.cut!;
  const text =
    `${name} is not whole: at byte ${offset} ${reason}; the ${file.rows} rows before it can be ` +
    `kept with \`arrival data import --recover ${file.name} -o NEW\``;
  return { code: "DATA_CUT", text, file: name };
}

function emptyFault(files: readonly EventFile[]): DataFault {
  const file = files.map(({ name }) => basename(name)).join(", ");
  return { code: "DATA_EMPTY", text: `${file}: there are no rows to replay`, file };
}
