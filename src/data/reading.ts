/**
 * Reading: every file of a recording once, as one stream of messages per instrument.
 *
 * The format is told by the content. Files of one format follow each other in the order given, so a
 * day that begins without a snapshot continues the book of the day before it; files of another
 * format that belongs beside it (formats.ts) are read side by side, and of all of them the message
 * that was received first goes first. What must stay true: what comes out depends on the files and
 * the options alone, not on how far one of them happens to be read ahead.
 */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Instrument, instrumentId } from "../core/domain/instrument.ts";
import {
  type CaptureContext,
  type MarketSink,
  newCounts,
  type OpenSink,
  type ReadOptions,
  TimeBase,
  type Track,
} from "./capture.ts";
import { type DataFault, openFault, type Position } from "./fault.ts";
import {
  type CaptureFormat,
  formatOf,
  makesBook,
  type RecordingFormat,
  streamOf,
  UNKNOWN_FORMAT,
} from "./formats.ts";
import { isNumpyFile } from "./hftbacktest-source.ts";
import { Lane, type LaneFile, type LaneState } from "./lane.ts";
import { readLines, type RecordingSource } from "./line-source.ts";
import { isLobsterName } from "./lobster-capture.ts";
import { MessageQueue, type Target } from "./message-queue.ts";
import { addCounts, FileCounts, type StreamCounts } from "./read-report.ts";

/** A whole reading, before anything is made of its tracks. */
export interface Decoded {
  /** Of the files that make the book. */
  readonly format: RecordingFormat;
  readonly sources: readonly RecordingSource[];
  readonly tracks: readonly Track[];
  readonly file: FileCounts;
  readonly time: TimeBase;
}

/** A reading that stands still between two pieces, as values that a structured clone keeps. */
export interface ReadingState {
  readonly seconds: number;
  readonly file: FileCounts;
  readonly lanes: readonly LaneState[];
  /** Of lanes side by side: what the sinks themselves have counted, by instrument. */
  readonly merged: ReadonlyMap<string, StreamCounts>;
}

export interface ReadingHooks {
  /** Before anything is read but what tells the formats. A fault ends the reading. */
  readonly onOpen?: (reading: Reading) => DataFault | undefined;
  /** Waited for after each piece: all that it held has been handed on. A fault ends the reading. */
  readonly afterStep?: (reading: Reading) => Promise<DataFault | undefined> | undefined;
  /** Where an earlier reading of the same files with the same options stood. */
  readonly from?: ReadingState | undefined;
}

/** Reads all files. Used by every reader but that of event files. */
export async function readAll(
  paths: readonly string[],
  options: ReadOptions,
  openSink: OpenSink,
  hooks: ReadingHooks = {},
): Promise<Result<Decoded, DataFault>> {
  const sizes = await sizesOf(paths);
  if (!sizes.ok) return sizes;
  const files = paths.map((path, index) => ({ path, index, bytes: sizes.value[index]! }));
  const lanes = await lanesOf(files);
  if (!lanes.ok) return lanes;
  const reading = new Reading(lanes.value, options, openSink);
  const refused = hooks.onOpen?.(reading);
  if (refused !== undefined) return err(refused);
  if (hooks.from !== undefined) reading.restore(hooks.from);
  try {
    const fault = await reading.run(hooks);
    return fault === undefined ? ok(reading.decoded()) : err(fault);
  } finally {
    await reading.close();
  }
}

async function sizesOf(paths: readonly string[]): Promise<Result<number[], DataFault>> {
  if (paths.length === 0) return err({ code: "DATA_NOT_FOUND", text: "no file was given" });
  const sizes: number[] = [];
  for (const path of paths) {
    try {
      sizes.push((await stat(path)).size);
    } catch (error) {
      return err(openFault(path, error));
    }
  }
  return ok(sizes);
}

type Lanes = ReadonlyMap<CaptureFormat, readonly LaneFile[]>;

/** Which files follow each other, and which lie side by side. */
async function lanesOf(files: readonly LaneFile[]): Promise<Result<Lanes, DataFault>> {
  const lanes = new Map<CaptureFormat, LaneFile[]>();
  /** A file that tells nothing goes on where the one before it ended. */
  const untold: LaneFile[] = [];
  let last: CaptureFormat | undefined;
  let reason: string | undefined;
  for (const file of files) {
    const told = await tell(file.path);
    if (!told.ok) return told;
    reason ??= told.value.reason;
    last = told.value.format ?? last;
    if (last === undefined) untold.push(file);
    else lanes.set(last, [...(lanes.get(last) ?? []), file]);
  }
  const first = [...lanes.keys()][0];
  const names = files.map(({ path }) => basename(path)).join(", ");
  if (first === undefined) {
    const because = reason === undefined ? "" : ` (the file is broken: ${reason})`;
    const text = `${names}: ${UNKNOWN_FORMAT}${because}`;
    return err({ code: "DATA_FORMAT", text, file: names });
  }
  lanes.set(first, [...untold, ...lanes.get(first)!]);
  if (!makesBook([...lanes.keys()])) {
    const text = `${names}: there are trades, but no order book to replay; give its files as well`;
    return err({ code: "DATA_EMPTY", text, file: names });
  }
  for (const [format, [other]] of lanes) {
    if (streamOf(format).group === streamOf(first).group) continue;
    const text =
      `${basename(lanes.get(first)![0]!.path)} is ${first}, ${basename(other!.path)} ${format}: ` +
      "these are not one recording; read them one by one";
    return err({ code: "DATA_FORMAT", text, file: basename(other!.path) });
  }
  return ok(lanes);
}

/** Lines in a row without one that any format knows, before the reader gives up. */
const MOST_UNKNOWN = 1000;

interface Told {
  readonly format: CaptureFormat | undefined;
  /** Why the file is not whole, where it is not. */
  readonly reason: string | undefined;
}

/** Reads as much of a file as tells its format. */
async function tell(path: string): Promise<Result<Told, DataFault>> {
  const enough: DataFault = { code: "DATA_ABORTED", text: "" };
  let format: CaptureFormat | undefined;
  let unknown = 0;
  const onName = (name: string): DataFault | undefined => {
    if (isLobsterName(name)) format = "lobster";
    return format === undefined ? undefined : enough;
  };
  if (onName(basename(path)) !== undefined) return ok({ format, reason: undefined });
  if (await isNumpyFile(path)) return ok({ format: "hftbacktest", reason: undefined });
  const read = await readLines(
    path,
    (text) => {
      if (text === "") return undefined;
      format = formatOf(text);
      unknown += 1;
      return format === undefined && unknown < MOST_UNKNOWN ? undefined : enough;
    },
    { onMember: onName },
  );
  if (!read.ok && read.error !== enough) return read;
  return ok({ format, reason: read.ok ? read.value.truncation?.reason : undefined });
}

/** One instrument of lanes that lie side by side. */
interface Merged extends Target {
  readonly instrument: Instrument;
  readonly counts: StreamCounts;
  /** What the decoders count, each for its own lane. */
  readonly parts: StreamCounts[];
}

export class Reading {
  readonly #file = new FileCounts();
  readonly #time = new TimeBase();
  readonly #lanes: readonly Lane[];
  readonly #options: ReadOptions;
  readonly #openSink: OpenSink;
  readonly #merged = new Map<string, Merged>();
  #fault: DataFault | undefined;

  constructor(files: Lanes, options: ReadOptions, openSink: OpenSink) {
    this.#options = options;
    this.#openSink = openSink;
    const formats = [...files.keys()];
    this.#lanes = formats.map((format) => {
      const queue = new MessageQueue();
      const position: Position = { file: "", line: 0 };
      const context: CaptureContext = {
        options,
        position,
        file: this.#file,
        time: this.#time,
        openSink:
          formats.length === 1
            ? openSink
            : (instrument, counts) => this.#beside(queue, instrument, counts, position),
      };
      const beside = formats.filter((other) => other !== format);
      return new Lane(format, files.get(format)!, context, queue, beside);
    });
  }

  get time(): TimeBase {
    return this.#time;
  }

  get formats(): readonly CaptureFormat[] {
    return this.#lanes.map(({ format }) => format);
  }

  async run({ afterStep }: ReadingHooks): Promise<DataFault | undefined> {
    const total = this.#lanes
      .flatMap(({ files }) => files)
      .reduce((sum, { bytes }) => sum + bytes, 0);
    for (;;) {
      const lane = this.#lanes.find(({ isDone, queue }) => !isDone && queue.isEmpty);
      if (lane === undefined) return undefined;
      const fault = (await lane.step()) ?? this.#fault;
      if (fault !== undefined) return fault;
      this.#merge();
      this.#options.onProgress?.(this.bytesDone, total);
      const refused = await afterStep?.(this);
      if (refused !== undefined) return refused;
      if (this.#options.signal?.aborted === true) {
        const name = basename(lane.files[0]!.path);
        return { code: "DATA_ABORTED", text: `${name}: reading was stopped`, file: name };
      }
    }
  }

  /** Bytes that have been read of all files, as they lie on the disk. */
  get bytesDone(): number {
    return this.#lanes.reduce((sum, { bytesDone }) => sum + bytesDone, 0);
  }

  decoded(): Decoded {
    const sources = this.#lanes
      .flatMap((lane) => lane.files.map(({ index }, at) => ({ index, source: lane.sources[at]! })))
      .sort((a, b) => a.index - b.index)
      .map(({ source }) => source);
    const first = this.#lanes[0]!;
    const { format } = this.#lanes.find(hasBook) ?? first;
    const tracks =
      this.#lanes.length === 1
        ? first.decoder.tracks
        : [...this.#merged.values()].map(({ instrument, counts, parts, sink }) => {
            for (const part of parts) addCounts(counts, part);
            return { instrument, counts, sink };
          });
    return { format, sources, tracks, file: this.#file, time: this.#time };
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes) await lane.close();
  }

  /** Undefined where one of the decoders cannot be gone on with. */
  save(): ReadingState | undefined {
    const lanes = this.#lanes.map((lane) => lane.save());
    if (!lanes.every((lane) => lane !== undefined)) return undefined;
    const merged = new Map([...this.#merged].map(([id, { counts }]) => [id, counts]));
    return { seconds: this.#time.seconds, file: this.#file, lanes, merged };
  }

  restore(state: ReadingState): void {
    this.#time.seconds = state.seconds;
    addCounts(this.#file, state.file);
    for (const [index, lane] of this.#lanes.entries()) lane.restore(state.lanes[index]!);
    for (const [id, counts] of state.merged) addCounts(this.#merged.get(id)!.counts, counts);
  }

  /** Opens an instrument for one lane of several. */
  #beside(
    queue: MessageQueue,
    instrument: Instrument,
    part: StreamCounts,
    position: Position,
  ): MarketSink {
    const id = instrumentId(instrument);
    let merged = this.#merged.get(id);
    if (merged === undefined) {
      const counts = newCounts();
      const place: Position = { file: "", line: 0 };
      const sink = this.#openSink(instrument, counts, place);
      merged = { instrument, counts, sink, position: place, parts: [] };
      this.#merged.set(id, merged);
    } else if (gridOf(merged.instrument) !== gridOf(instrument)) {
      this.#fault ??= {
        code: "DATA_SYMBOL",
        text: `${position.file} has another grid of ${id} than the files beside it`,
        file: position.file,
      };
    }
    merged.parts.push(part);
    return queue.sinkOf(id, position);
  }

  /** Hands on what no other lane can still come before; of equal times, the first lane's. */
  #merge(): void {
    if (this.#lanes.length === 1) return;
    for (;;) {
      let oldest: MessageQueue | undefined;
      for (const { queue, isDone } of this.#lanes) {
        if (queue.isEmpty) {
          if (!isDone) return;
        } else if (oldest === undefined || queue.nextTime < oldest.nextTime) oldest = queue;
      }
      if (oldest === undefined) return;
      oldest.leave(this.#merged);
    }
  }
}

function hasBook({ format }: Lane): boolean {
  const { content } = streamOf(format);
  return content === "all" || content === "book";
}

const gridOf = (instrument: Instrument): string =>
  JSON.stringify(instrument, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
