/**
 * Recording: one instrument's market, read from files into columns.
 *
 * The format is told by the content. Several files are one recording in the order given, so a day
 * that begins without a snapshot continues the book of the day before it.
 */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { err, ok, type Result, unreachable } from "../core/domain/errors.ts";
import type { MarketBlock, MarketHeader } from "../core/market/columns.ts";
import { BinanceCapture } from "./binance-capture.ts";
import { BitstampOrders, isBitstampLine } from "./bitstamp-capture.ts";
import { BybitArchive, BybitFrames } from "./bybit-capture.ts";
import {
  badLine,
  type CaptureContext,
  type CaptureDecoder,
  type OpenSink,
  type ReadOptions,
  TimeBase,
  type Track,
} from "./capture.ts";
import {
  areEventFiles,
  decodeEventFiles,
  openEventRecording,
} from "./event-file/event-recording.ts";
import { CoinbaseFeed, CoinbaseTables, isCoinbaseHead } from "./coinbase-capture.ts";
import { type DataFault, openFault, type Position } from "./fault.ts";
import { type LineOptions, readLines, type RecordingSource } from "./line-source.ts";
import { isLobsterLine, isLobsterName, LobsterCapture } from "./lobster-capture.ts";
import { FileCounts, type ReadReport } from "./read-report.ts";
import { BASE_LATENCY_MS, RecordingBuilder } from "./recording-builder.ts";

export type { ReadOptions } from "./capture.ts";
export type { DataFault, DataFaultCode } from "./fault.ts";
export type { RecordingSource } from "./line-source.ts";
export type { ReadReport } from "./read-report.ts";

export type RecordingFormat =
  | "binance-capture"
  | "bybit-frames"
  | "bybit-archive"
  | "lobster"
  | "coinbase-tables"
  | "coinbase-feed"
  | "bitstamp-orders"
  | "event-file";

/** Those that are text, and come from elsewhere. */
type CaptureFormat = Exclude<RecordingFormat, "event-file">;

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

/** A whole reading, before anything is made of its tracks. */
export interface Decoded {
  readonly format: RecordingFormat;
  readonly sources: readonly RecordingSource[];
  readonly tracks: readonly Track[];
  readonly file: FileCounts;
  readonly time: TimeBase;
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
  const built = builders.get(counts)!.build(time, options.baseLatencyMs ?? BASE_LATENCY_MS);
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
  if (isStored.value) return decodeEventFiles(paths, options, openSink);
  const sizes = await sizesOf(paths);
  if (!sizes.ok) return sizes;
  const total = sizes.value.reduce((sum, size) => sum + size, 0);
  const reading = new Reading(options, openSink);
  const sources: RecordingSource[] = [];
  let before = 0;
  for (const [index, path] of paths.entries()) {
    const done = before;
    const read = await reading.file(path, (bytes) => options.onProgress?.(done + bytes, total));
    if (!read.ok) return read;
    sources.push(read.value);
    before += sizes.value[index]!;
  }
  const fault = reading.finish(paths);
  if (fault !== undefined) return err(fault);
  const { format, decoder, context } = reading;
  return ok({
    format: format!,
    sources,
    tracks: decoder!.tracks,
    file: context.file,
    time: context.time,
  });
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

/** Lines in a row without one that any format knows, before the reader gives up. */
const MOST_UNKNOWN = 1000;

/** One pass over all files: chooses the decoder by the first line that tells. */
class Reading {
  readonly context: CaptureContext;
  format: RecordingFormat | undefined;
  decoder: CaptureDecoder | undefined;

  constructor(options: ReadOptions, openSink: OpenSink) {
    const position: Position = { file: "", line: 0 };
    this.context = { options, openSink, position, file: new FileCounts(), time: new TimeBase() };
  }

  async file(
    path: string,
    onBytes: (done: number) => void,
  ): Promise<Result<RecordingSource, DataFault>> {
    const { options, position, file } = this.context;
    position.file = basename(path);
    const lineOptions: LineOptions = {
      onBytes,
      signal: options.signal,
      onMember: (name) => this.#part(name),
    };
    const fault = this.#part(position.file);
    if (fault !== undefined) return err(fault);
    const read = await readLines(path, (text, line) => this.#line(text, line), lineOptions);
    if (!read.ok) return read;
    file.lines += read.value.lines;
    if (read.value.truncation !== undefined) file.truncated.push(read.value.truncation);
    return ok(read.value.source);
  }

  finish(paths: readonly string[]): DataFault | undefined {
    if (this.decoder !== undefined) return this.decoder.finish();
    const name = paths.map((path) => basename(path)).join(", ");
    const broken = this.context.file.truncated[0];
    const because = broken === undefined ? "" : ` (the file is broken: ${broken.reason})`;
    return { code: "DATA_FORMAT", text: `${name}: ${UNKNOWN_FORMAT}${because}`, file: name };
  }

  /** A file or a member begins. Only LOBSTER's names say what is inside. */
  #part(name: string): DataFault | undefined {
    if (this.decoder === undefined && isLobsterName(name)) this.#choose("lobster");
    return this.decoder?.part?.(name);
  }

  #choose(format: CaptureFormat): CaptureDecoder {
    this.format = format;
    this.decoder = decoderFor(format, this.context);
    return this.decoder;
  }

  #line(text: string, line: number): DataFault | undefined {
    const { position, file } = this.context;
    position.line = line;
    if (text === "") return undefined;
    if (this.decoder !== undefined) return this.decoder.line(text);
    const format = formatOf(text);
    if (format === undefined) {
      if (file.badLines.count >= MOST_UNKNOWN) {
        return { code: "DATA_FORMAT", text: `${position.file}: ${UNKNOWN_FORMAT}`, ...position };
      }
      return badLine(this.context, text, "is of no known format");
    }
    return this.#choose(format).line(text);
  }
}

const UNKNOWN_FORMAT =
  "no line is of a known format; Arrival reads Binance captures (`<receive time> <frame>`), " +
  "Bybit frame files and order book archives, LOBSTER days, Coinbase tables and Bitstamp order " +
  "logs, plain or in gzip, zstd or zip, and its own event files";

function formatOf(line: string): CaptureFormat | undefined {
  if (/^\d{13,19} \{/.test(line)) return "binance-capture";
  if (line.startsWith('{"t":"')) return "bybit-frames";
  if (line.startsWith('{"topic":"orderbook.')) return "bybit-archive";
  if (isBitstampLine(line)) return "bitstamp-orders";
  if (isCoinbaseHead(line)) return line.startsWith("_id") ? "coinbase-feed" : "coinbase-tables";
  if (isLobsterLine(line)) return "lobster";
  return undefined;
}

function decoderFor(format: CaptureFormat, context: CaptureContext): CaptureDecoder {
  switch (format) {
    case "binance-capture":
      return new BinanceCapture(context);
    case "bybit-frames":
      return new BybitFrames(context);
    case "bybit-archive":
      return new BybitArchive(context);
    case "lobster":
      return new LobsterCapture(context);
    case "coinbase-tables":
      return new CoinbaseTables(context);
    case "coinbase-feed":
      return new CoinbaseFeed(context);
    case "bitstamp-orders":
      return new BitstampOrders(context);
    default:
      return unreachable(format);
  }
}

const nameOf = ({ instrument }: Track): string => `${instrument.symbol} (${instrument.kind})`;

function emptyFault(paths: readonly string[], tracks: readonly Track[]): DataFault {
  const file = paths.map((path) => basename(path)).join(", ");
  const what = tracks.length === 0 ? "" : ` of ${tracks.map(nameOf).join(", ")}`;
  return { code: "DATA_EMPTY", text: `${file}: there is no order book${what} to replay`, file };
}

function ambiguousFault(paths: readonly string[], tracks: readonly Track[]): DataFault {
  const file = paths.map((path) => basename(path)).join(", ");
  return {
    code: "DATA_SYMBOL",
    text:
      `${file}: the recording holds ${tracks.map(nameOf).join(", ")}; ` +
      "say which symbol to read (and which kind, where one symbol has several)",
    file,
  };
}
