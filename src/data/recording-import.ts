/**
 * Recording import: files of any format into one event file, in constant memory.
 *
 * Two things are known only when all has been read: how far the local clock must be moved, and the
 * counts for the header, to which every block's CRC is bound. So rows are read, put in order and
 * kept beside the output without compression (six bytes each, at a tenth of what reading costs);
 * then they are moved in time, compressed and written. That costs less than compressing twice or
 * reading twice, and makes an import that was broken off one that goes on. What must stay true: the
 * bytes are those of an import that nothing ever disturbed, and of rows read in memory.
 */
import { rmSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Instrument, instrumentId } from "../core/domain/instrument.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import type { MarketSink, ReadOptions } from "./capture.ts";
import type { Level } from "./event-file/block.ts";
import { EventFileError } from "./event-file/damage.ts";
import type { EventFileHeader } from "./event-file/header.ts";
import { createEventFile, type EventFileWriter, partialOf } from "./event-file/writer.ts";
import { type DataFault, openFault } from "./fault.ts";
import { baseLatencyOf, type RecordingFormat } from "./formats.ts";
import { FILE_HORIZON_NANOS, MessageOrderer } from "./message-orderer.ts";
import type { ReadReport, StreamCounts } from "./read-report.ts";
import { type Decoded, readAll, type Reading } from "./reading.ts";
import { ambiguousFault, emptyFault, type OpenRecording } from "./recording.ts";
import { columnsOf, epochOf } from "./recording-builder.ts";
import {
  type ImportKey,
  type OrderedStage,
  PROVISIONAL_SHIFT,
  UnfinishedImport,
  unfinishedOf,
} from "./unfinished-import.ts";

export interface ImportOptions extends ReadOptions {
  /** zstd's, 0 = not compressed. */
  readonly level: Level;
  /** Goes on with an import that was broken off. */
  readonly isResumed?: boolean;
  /** The version that reads: another may read otherwise, and does not go on. */
  readonly program?: string;
  /** Any other is refused before anything is kept. */
  readonly formats?: readonly RecordingFormat[] | undefined;
  /** Told the rows that are written, and all of them. Waited for: a chance to look at signals. */
  readonly onWritten?: (done: number, total: number) => Promise<void>;
  /** Rows after which the reading can be gone on with from there. */
  readonly saveEveryRows?: number;
  /** Told each time that this is so. */
  readonly onSaved?: () => void;
}

export interface ImportedFile {
  readonly rows: number;
  readonly blocks: number;
  readonly origin: EventFileHeader["origin"];
}

/** Rows between two states: what a crash costs is reading so many again. */
const SAVE_EVERY_ROWS = 1 << 20;
const NANOS_PER_SECOND = 1e9;

/** Reads `paths` and writes `output`, which must not exist yet. */
export async function importRecording(
  paths: readonly string[],
  output: string,
  options: ImportOptions,
): Promise<Result<ImportedFile, DataFault>> {
  const key = keyOf(paths, options);
  if (!key.ok) return key;
  const begun = options.isResumed
    ? UnfinishedImport.resume(output, key.value)
    : UnfinishedImport.begin(output, key.value);
  if (!begun.ok) return begun;
  const unfinished = begun.value;
  let done: Result<ImportedFile, DataFault>;
  try {
    done = await new Import(paths, output, options, unfinished).run();
  } catch (error) {
    if (!(error instanceof EventFileError)) {
      unfinished.abandon();
      throw error;
    }
    done = err(error.fault);
  }
  if (done.ok) {
    unfinished.remove();
    return done;
  }
  return err(leave(unfinished, output, done.error));
}

/** Keeps what can be gone on with, and says how. */
function leave(unfinished: UnfinishedImport, output: string, fault: DataFault): DataFault {
  const isStopped = fault.code === "DATA_ABORTED";
  if (!isStopped && fault.code !== "DATA_WRITE") {
    unfinished.remove();
    return fault;
  }
  // Without what the writer says of its own file, which is a part of the whole.
  const what = isStopped ? "stopped" : fault.text.split("; ")[0]!;
  if (unfinished.at === undefined) {
    unfinished.remove();
    return { ...fault, text: `${what}; nothing was written` };
  }
  unfinished.abandon();
  const text =
    `${what}; what has been read is kept in ${unfinishedOf(output)}: go on with the same command ` +
    "and --resume, or remove it";
  return { ...fault, text };
}

function keyOf(paths: readonly string[], options: ImportOptions): Result<ImportKey, DataFault> {
  const files: ImportKey["files"][number][] = [];
  for (const path of paths) {
    try {
      const { size, mtimeMs } = statSync(path);
      files.push({ path: resolve(path), bytes: size, modifiedMs: mtimeMs });
    } catch (error) {
      return err(openFault(path, error));
    }
  }
  const { symbol, kind, instrument, baseLatencyMs, program } = options;
  return ok({ files, options: { symbol, kind, instrument, baseLatencyMs, program } });
}

/** An instrument of the reading, on its way into the parts. */
interface Stream {
  readonly instrument: Instrument;
  readonly counts: StreamCounts;
  readonly sink: MessageOrderer;
}

class Import {
  readonly #paths: readonly string[];
  readonly #output: string;
  readonly #options: ImportOptions;
  readonly #unfinished: UnfinishedImport;
  readonly #streams: Stream[] = [];
  #reading: Reading | undefined;
  #epochSeconds = Number.NaN;
  #fault: DataFault | undefined;

  constructor(
    paths: readonly string[],
    output: string,
    options: ImportOptions,
    unfinished: UnfinishedImport,
  ) {
    this.#paths = paths;
    this.#output = output;
    this.#options = options;
    this.#unfinished = unfinished;
  }

  async run(): Promise<Result<ImportedFile, DataFault>> {
    const { at } = this.#unfinished;
    if (at?.stage === "ordered") return this.#write(at);
    if (at !== undefined) this.#epochSeconds = at.epochSeconds;
    const decoded = await readAll(
      this.#paths,
      this.#options,
      (instrument, counts) => this.#open(instrument, counts),
      {
        from: at?.reading,
        onOpen: (reading) => this.#begin(reading),
        afterStep: (reading) => this.#afterStep(reading),
      },
    );
    if (!decoded.ok) return decoded;
    const ordered = this.#finish(decoded.value);
    if (!ordered.ok) return ordered;
    this.#unfinished.save(ordered.value);
    return this.#write(ordered.value);
  }

  #open(instrument: Instrument, counts: StreamCounts): MarketSink {
    const sink = new MessageOrderer({
      counts,
      horizonNanos: FILE_HORIZON_NANOS,
      onBlock: (block) => this.#take(stream, block),
    });
    const stream: Stream = { instrument, counts, sink };
    const { at } = this.#unfinished;
    const state = at?.stage === "reading" ? at.orderers.get(instrumentId(instrument)) : undefined;
    if (state !== undefined) sink.restore(state);
    this.#streams.push(stream);
    return sink;
  }

  /** Rows in their final order; the block may be written on. */
  #take({ instrument, sink }: Stream, block: MarketBlock): void {
    // Of two instruments none is kept: the reading ends after the piece in hand.
    if (this.#fault !== undefined || this.#withRows().length > 1) return;
    if (Number.isNaN(this.#epochSeconds)) {
      this.#epochSeconds = Math.floor(sink.firstExchangeTime / NANOS_PER_SECOND);
    }
    const epoch = this.#epochSeconds * NANOS_PER_SECOND;
    const later = PROVISIONAL_SHIFT - epoch;
    const { exchangeTime, localTime, length } = block;
    for (let row = 0; row < length; row++) {
      exchangeTime[row]! -= epoch;
      const local = (localTime[row]! += later);
      if (!(local >= exchangeTime[row]! && local <= Number.MAX_SAFE_INTEGER)) {
        this.#fault = this.#timeFault(local < exchangeTime[row]!);
        return;
      }
    }
    this.#unfinished.append(instrument, epochOf(this.#reading!.time, this.#epochSeconds), block);
  }

  #timeFault(isBehind: boolean): DataFault {
    const file = this.#paths.map((path) => basename(path)).join(", ");
    const text = isBehind
      ? "messages were received over a day before they were made; no clock is that wrong"
      : "the recording spans over a hundred days; bring it in in parts";
    return { code: "DATA_FORMAT", text: `${file}: ${text}`, file };
  }

  #withRows(): Stream[] {
    return this.#streams.filter(({ sink }) => sink.rowsTaken > 0);
  }

  #begin(reading: Reading): DataFault | undefined {
    this.#reading = reading;
    const wanted = this.#options.formats;
    const other = reading.formats.find((format) => wanted?.includes(format) === false);
    if (other === undefined) return undefined;
    const text = `${this.#paths.join(", ")}: this is ${other}, not ${wanted!.join(" or ")}`;
    return { code: "DATA_FORMAT", text };
  }

  async #afterStep(reading: Reading): Promise<DataFault | undefined> {
    if (this.#fault !== undefined) return this.#fault;
    const streams = this.#withRows();
    if (streams.length > 1) return ambiguousFault(this.#paths, streams);
    const isDue = this.#unfinished.rowsUnsaved >= (this.#options.saveEveryRows ?? SAVE_EVERY_ROWS);
    const isLast = this.#options.signal?.aborted === true && this.#unfinished.rowsUnsaved > 0;
    if (isDue || isLast) this.#save(reading);
    return undefined;
  }

  #save(reading: Reading): void {
    const state = reading.save();
    if (state === undefined) return;
    const orderers = new Map(
      this.#streams.map(({ instrument, sink }) => [instrumentId(instrument), sink.save()]),
    );
    const epochSeconds = this.#epochSeconds;
    this.#unfinished.save({ stage: "reading", reading: state, orderers, epochSeconds });
    this.#options.onSaved?.();
  }

  /** All has been read. */
  #finish(decoded: Decoded): Result<OrderedStage, DataFault> {
    const { tracks, time } = decoded;
    const [stream] = this.#withRows();
    if (stream === undefined) return err(emptyFault(this.#paths, tracks));
    stream.sink.flush();
    if (this.#fault !== undefined) return err(this.#fault);
    const { instrument, sink } = stream;
    const baseLatencyMs = baseLatencyOf(decoded.format, this.#options);
    const { report: columns } = columnsOf(sink, time, baseLatencyMs);
    const counts = tracks.find((track) => track.sink === sink)!.counts;
    const report = { ...decoded.file.plain(), ...counts.plain(), ...columns, notes: counts.notes };
    const header = {
      instrument,
      epochNanos: epochOf(time, this.#epochSeconds),
      ownTradesPrinted: false,
      origin: originOf({ ...decoded, report }),
    };
    return ok({ stage: "ordered", header, rows: report.rows, shift: report.clockShiftNanos });
  }

  async #write({ header, rows, shift }: OrderedStage): Promise<Result<ImportedFile, DataFault>> {
    // Of a run before, which had come as far as this: it is written anew.
    if (this.#options.isResumed === true) rmSync(partialOf(this.#output), { force: true });
    const created = createEventFile(this.#output, header, { level: this.#options.level });
    if (!created.ok) return created;
    const writer = created.value;
    try {
      for (const block of this.#unfinished.rows()) {
        for (let row = 0; row < block.length; row++) {
          block.localTime[row]! += shift - PROVISIONAL_SHIFT;
        }
        writer.append(block);
        await this.#options.onWritten?.(writer.rows, rows);
        if (this.#options.signal?.aborted === true) return err(this.#aborted(writer));
      }
      writer.seal();
    } finally {
      writer.abandon();
    }
    return ok({ rows: writer.rows, blocks: writer.blocks, origin: header.origin });
  }

  #aborted({ rows }: EventFileWriter): DataFault {
    return { code: "DATA_ABORTED", text: `stopped after ${rows} rows` };
  }
}

/** Where a recording's rows come from, for the header. */
export function originOf({
  format,
  sources,
  report,
}: Pick<OpenRecording, "format" | "sources"> & {
  readonly report: ReadReport;
}): EventFileHeader["origin"] {
  const counts = {
    lines: report.lines,
    badLines: report.badLines.count,
    filesCutOff: report.truncated.length,
    messages: report.messages,
    bookMessages: report.bookMessages,
    trades: report.trades,
    gaps: report.gaps.count,
    duplicates: report.duplicates.bookMessages + report.duplicates.trades,
    beforeSnapshot: report.unsynchronised.bookMessages + report.unsynchronised.trades,
    offTickPrices: report.offTickPrices.count,
    offLotQuantities: report.offLotQuantities.count,
    lateMessages: report.lateMessages,
    clockShiftNanos: report.clockShiftNanos,
  };
  const places = report.badLines.examples.map(
    ({ file, line, reason }) => `bad line ${file}:${line}, which ${reason}`,
  );
  const cut = report.truncated.map(
    ({ file, line, reason }) => `${file} is broken after line ${line} (${reason})`,
  );
  return { format, sources, notes: [...report.notes, ...places, ...cut], counts };
}
