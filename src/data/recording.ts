/**
 * Recording: one instrument's market, read from files into columns.
 *
 * Text is read whole into memory, event files a block at a time. What must stay true: whatever the
 * files, the columns hold what core/market/columns.ts promises.
 */
import { basename } from "node:path";
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { MarketBlock, MarketHeader } from "../core/market/columns.ts";
import type { OpenSink, ReadOptions, Track } from "./capture.ts";
import {
  areEventFiles,
  decodeEventFiles,
  openEventRecording,
} from "./event-file/event-recording.ts";
import type { DataFault } from "./fault.ts";
import { baseLatencyOf, type RecordingFormat } from "./formats.ts";
import type { RecordingSource } from "./line-source.ts";
import type { ReadReport } from "./read-report.ts";
import { type Decoded, readAll } from "./reading.ts";
import { RecordingBuilder } from "./recording-builder.ts";

export type { ReadOptions } from "./capture.ts";
export type { DataFault, DataFaultCode } from "./fault.ts";
export type { RecordingFormat } from "./formats.ts";
export type { RecordingSource } from "./line-source.ts";
export type { ReadReport } from "./read-report.ts";
export type { Decoded } from "./reading.ts";

export interface Recording {
  readonly header: MarketHeader;
  readonly blocks: readonly MarketBlock[];
  readonly rows: number;
  readonly sources: readonly RecordingSource[];
  readonly format: RecordingFormat;
  readonly report: ReadReport;
}

/** A recording whose blocks may be read from the disk each time that they are gone through. */
export interface OpenRecording extends Omit<Recording, "blocks"> {
  readonly blocks: Iterable<MarketBlock>;
  /** Local time of the first and of the last row, nanoseconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

/** Reads one instrument. Where the files hold several, `options.symbol` (and `kind`) chooses. */
export async function readRecording(
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Result<Recording, DataFault>> {
  const isStored = areEventFiles(paths);
  if (!isStored.ok) return isStored;
  if (!isStored.value) return readCapture(paths, options);
  const opened = openEventRecording(paths, options);
  return opened.ok ? ok({ ...opened.value, blocks: [...opened.value.blocks] }) : opened;
}

/** The same without holding what need not be held: of event files, one block at a time. */
export async function openRecording(
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Result<OpenRecording, DataFault>> {
  const isStored = areEventFiles(paths);
  if (!isStored.ok) return isStored;
  if (isStored.value) return openEventRecording(paths, options);
  const read = await readCapture(paths, options);
  if (!read.ok) return read;
  const { blocks } = read.value;
  const last = blocks.at(-1)!;
  const from = blocks[0]!.localTime[0]!;
  return ok({ ...read.value, from, until: last.localTime[last.length - 1]! });
}

async function readCapture(
  paths: readonly string[],
  options: ReadOptions,
): Promise<Result<Recording, DataFault>> {
  const builders = new Map<Track["counts"], RecordingBuilder>();
  const decoded = await decode(paths, options, (_instrument, counts) => {
    const builder = new RecordingBuilder(counts);
    builders.set(counts, builder);
    return builder;
  });
  if (!decoded.ok) return decoded;
  const { tracks, sources, format, file, time } = decoded.value;
  const withRows = tracks.filter((track) => builders.get(track.counts)!.rows > 0);
  const track = withRows[0];
  if (track === undefined) return err(emptyFault(paths, tracks));
  if (withRows.length > 1) return err(ambiguousFault(paths, withRows));
  const { instrument, counts } = track;
  const built = builders.get(counts)!.build(time, baseLatencyOf(format, options));
  return ok({
    header: { instrument, epochNanos: built.epochNanos, ownTradesPrinted: false },
    blocks: built.blocks,
    rows: built.report.rows,
    sources,
    format,
    report: { ...file.plain(), ...counts.plain(), ...built.report, notes: counts.notes },
  });
}

/** Drives the right decoder over all files. Used by the reader and by the verifier. */
export async function decode(
  paths: readonly string[],
  options: ReadOptions,
  openSink: OpenSink,
): Promise<Result<Decoded, DataFault>> {
  const isStored = areEventFiles(paths);
  if (!isStored.ok) return isStored;
  return isStored.value
    ? decodeEventFiles(paths, options, openSink)
    : readAll(paths, options, openSink);
}

const nameOf = ({ instrument }: Pick<Track, "instrument">): string =>
  `${instrument.symbol} (${instrument.kind})`;

export function emptyFault(paths: readonly string[], tracks: readonly Track[]): DataFault {
  const file = paths.map((path) => basename(path)).join(", ");
  const what = tracks.length === 0 ? "" : ` of ${tracks.map(nameOf).join(", ")}`;
  return { code: "DATA_EMPTY", text: `${file}: there is no order book${what} to replay`, file };
}

export function ambiguousFault(
  paths: readonly string[],
  tracks: readonly Pick<Track, "instrument">[],
): DataFault {
  const file = paths.map((path) => basename(path)).join(", ");
  return {
    code: "DATA_SYMBOL",
    text:
      `${file}: the recording holds ${tracks.map(nameOf).join(", ")}; ` +
      "say which symbol to read (and which kind, where one symbol has several)",
    file,
  };
}
