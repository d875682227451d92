/**
 * `arrival data import`: recordings of any format that is read, as one event file.
 *
 * What must stay true: nothing is written over, and what could not be used is counted and said.
 */
import { statSync } from "node:fs";
import { basename } from "node:path";
import { Command, Option } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { EventFileError } from "../data/event-file/damage.ts";
import { throughWhole } from "../data/event-file/event-recording.ts";
import type { EventFileHeader } from "../data/event-file/header.ts";
import { openEventFile } from "../data/event-file/reader.ts";
import { createEventFile, DEFAULT_LEVEL, partialOf } from "../data/event-file/writer.ts";
import {
  type DataFault,
  type OpenRecording,
  openRecording,
  type RecordingFormat,
} from "../data/recording.ts";
import { contractOption, instrumentOf, instrumentOption } from "./order-options.ts";
import {
  breathe,
  CommandError,
  EXIT,
  interruptible,
  print,
  printJson,
  progress,
} from "./output.ts";

/** What a format is called on the command line. */
const FORMATS: Readonly<Record<string, readonly RecordingFormat[]>> = {
  binance: ["binance-capture"],
  bybit: ["bybit-frames"],
  "bybit-archive": ["bybit-archive"],
  lobster: ["lobster"],
  coinbase: ["coinbase-tables", "coinbase-feed"],
  bitstamp: ["bitstamp-orders"],
  arrival: ["event-file"],
};

interface Flags {
  readonly from: string;
  readonly output: string;
  readonly level: string;
  readonly recover?: boolean;
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly json?: boolean;
}

export function addImport(data: Command): void {
  data.addCommand(
    new Command("import")
      .description("writes recordings as one event file, which is smaller and read much faster")
      .argument("<file...>", "one recording, or several that follow each other")
      .addOption(
        new Option("--from <format>", "refuse a recording of any other format")
          .choices(["auto", ...Object.keys(FORMATS)])
          .default("auto"),
      )
      .requiredOption("-o, --output <file>", "the event file, such as btc.arrival; must not exist")
      .option("--level <0..19>", "0 = not compressed, else zstd's level", String(DEFAULT_LEVEL))
      .option("--recover", "of one event file that was cut or damaged: what is whole before that")
      .option("--symbol <name>", "which instrument, where a recording holds several")
      .addOption(contractOption())
      .addOption(instrumentOption())
      .option("--json", "print one JSON document")
      .action((paths: readonly string[], flags: Flags) => importFiles(paths, flags)),
  );
}

/** What is told in the end; plain JSON. */
interface Imported {
  readonly output: string;
  readonly rows: number;
  readonly blocks: number;
  readonly bytes: number;
  readonly bytesPerRow: number;
  readonly seconds: number;
  readonly origin: EventFileHeader["origin"];
  /** Of `--recover`: where and why it ended. */
  readonly lost?: { readonly bytes: number; readonly reason: string };
}

async function importFiles(paths: readonly string[], flags: Flags): Promise<void> {
  const level = Number(flags.level);
  if (!/^\d{1,2}$/.test(flags.level) || level > 19) {
    throw new CommandError("USAGE", `--level ${flags.level}: a whole number from 0 to 19`);
  }
  for (const taken of [flags.output, partialOf(flags.output)]) refuseTaken(taken, flags.output);
  const started = performance.now();
  const written = await interruptible((isInterrupted) =>
    flags.recover === true
      ? recover(paths, flags, level)
      : bringIn(paths, flags, level, isInterrupted),
  ).catch((error: unknown) => {
    if (error instanceof EventFileError) throw fail(error.fault);
    throw error;
  });
  const bytes = statSync(flags.output).size;
  const imported: Imported = {
    output: flags.output,
    rows: written.rows,
    blocks: written.blocks,
    bytes,
    bytesPerRow: written.rows === 0 ? 0 : bytes / written.rows,
    seconds: (performance.now() - started) / 1000,
    origin: written.origin,
    ...(written.lost === undefined ? {} : { lost: written.lost }),
  };
  if (written.lost !== undefined) process.exitCode = EXIT.no;
  if (flags.json === true) printJson(imported);
  else print(textOf(imported));
}

/** Before minutes of reading, not after them. */
function refuseTaken(taken: string, output: string): void {
  if (statSync(taken, { throwIfNoEntry: false }) === undefined) return;
  const text =
    taken === output
      ? `${output} exists; nothing is written over: choose another name`
      : `${taken} is there, from a run that did not finish: recover it with ` +
        `\`arrival data import --recover ${taken} -o NEW\`, or remove it`;
  throw new CommandError("DATA_TAKEN", text);
}

interface Written {
  readonly rows: number;
  readonly blocks: number;
  readonly origin: EventFileHeader["origin"];
  readonly lost?: { readonly bytes: number; readonly reason: string };
}

async function bringIn(
  paths: readonly string[],
  flags: Flags,
  level: number,
  isInterrupted: () => boolean,
): Promise<Written> {
  const recording = await read(paths, flags, isInterrupted);
  const wanted = FORMATS[flags.from];
  if (wanted !== undefined && !wanted.includes(recording.format)) {
    const found = `${paths.join(", ")}: this is ${recording.format}`;
    const text = `${found}, not what --from ${flags.from} means`;
    throw new CommandError("DATA_FORMAT", text);
  }
  const header = { ...recording.header, origin: originOf(recording) };
  const created = createEventFile(flags.output, header, { level });
  if (!created.ok) throw fail(created.error);
  const writer = created.value;
  const bar = progress("writing", recording.rows, flags.json === true);
  const pace = new Pace(recording.rows, "M rows", 1e6);
  try {
    let done = 0;
    for (const block of recording.blocks) {
      for (const part of partsOf(block)) {
        writer.append(part);
        done += part.length;
        bar.update(done, pace.text(done));
        await breathe();
        if (isInterrupted()) throw interrupted(flags.output);
      }
    }
    writer.seal();
  } finally {
    bar.stop();
    writer.abandon();
  }
  return { rows: writer.rows, blocks: writer.blocks, origin: header.origin };
}

async function read(
  paths: readonly string[],
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<OpenRecording> {
  const abort = new AbortController();
  const bar = progress("reading", 1, flags.json === true);
  const pace = new Pace(0, "MB", 1e6);
  const opened = await openRecording(paths, {
    ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
    ...(flags.contract === undefined ? {} : { kind: flags.contract }),
    ...(flags.instrument === undefined ? {} : { instrument: instrumentOf(flags.instrument) }),
    signal: abort.signal,
    onProgress: (done, total) => {
      bar.update(total > 0 ? done / total : 1, pace.text(done, total));
      if (isInterrupted()) abort.abort();
    },
  }).finally(() => bar.stop());
  if (opened.ok) return opened.value;
  if (opened.error.code === "DATA_ABORTED") {
    throw new CommandError("DATA_ABORTED", "stopped; nothing was written", EXIT.interrupted);
  }
  throw fail(opened.error);
}

/** Whole blocks of one file, up to where it was cut or damaged. */
async function recover(paths: readonly string[], flags: Flags, level: number): Promise<Written> {
  const [path] = paths;
  if (path === undefined || paths.length > 1) {
    throw new CommandError("USAGE", "--recover takes one event file");
  }
  const opened = openEventFile(path);
  if (!opened.ok) throw fail(opened.error);
  const { cut, header: found } = opened.value;
  const { fault } = opened.value.verify();
  const why =
    fault?.text ?? (cut === undefined ? "it was whole" : `at byte ${cut.offset} ${cut.reason}`);
  const notes = [...found.origin.notes, `recovered from ${basename(path)}: ${why}`];
  const header = { ...found, origin: { ...found.origin, notes } };
  const created = createEventFile(flags.output, header, { level });
  if (!created.ok) throw fail(created.error);
  const writer = created.value;
  try {
    const end = throughWhole(opened.value, (block) => writer.append(block));
    writer.seal();
    const lost = end === undefined ? {} : { lost: { bytes: end.partialBytes, reason: end.reason } };
    return { rows: writer.rows, blocks: writer.blocks, origin: header.origin, ...lost };
  } finally {
    writer.abandon();
  }
}

/** Pieces after which the bar moves and Ctrl-C is heard; the writer needs no message borders. */
function* partsOf(block: MarketBlock): Generator<MarketBlock> {
  const step = 1 << 16;
  for (let from = 0; from < block.length; from += step) {
    const until = Math.min(block.length, from + step);
    yield {
      exchangeTime: block.exchangeTime.subarray(from, until),
      localTime: block.localTime.subarray(from, until),
      kind: block.kind.subarray(from, until),
      price: block.price.subarray(from, until),
      quantity: block.quantity.subarray(from, until),
      length: until - from,
    };
  }
}

function originOf({ format, sources, report }: OpenRecording): EventFileHeader["origin"] {
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

/** How fast it goes, and how long it will take. */
class Pace {
  readonly #started = performance.now();
  readonly #total: number;
  readonly #unit: string;
  readonly #size: number;

  constructor(total: number, unit: string, size: number) {
    this.#total = total;
    this.#unit = unit;
    this.#size = size;
  }

  text(done: number, total = this.#total): string {
    const seconds = (performance.now() - this.#started) / 1000;
    if (seconds < 0.2 || done === 0) return "";
    const left = Math.max(0, ((total - done) * seconds) / done);
    return `${(done / this.#size / seconds).toFixed(1)} ${this.#unit}/s, ${left.toFixed(0)} s left`;
  }
}

const fail = (fault: DataFault): CommandError => new CommandError(fault.code, fault.text);

const interrupted = (output: string): CommandError =>
  new CommandError(
    "DATA_ABORTED",
    `stopped; ${partialOf(output)} is readable up to its last whole block`,
    EXIT.interrupted,
  );

const counted = (value: number): string => value.toLocaleString("en-US");

function textOf({
  output,
  rows,
  blocks,
  bytes,
  bytesPerRow,
  seconds,
  origin,
  lost,
}: Imported): string {
  const { counts, notes } = origin;
  const unused = [
    ["bad lines", counts["badLines"]],
    ["gaps", counts["gaps"]],
    ["files cut off", counts["filesCutOff"]],
    ["duplicates", counts["duplicates"]],
    ["messages before a snapshot", counts["beforeSnapshot"]],
    ["prices off the tick", counts["offTickPrices"]],
    ["quantities off the lot", counts["offLotQuantities"]],
  ].filter(([, value]) => value !== undefined && value !== 0);
  return [
    `${output}: ${counted(rows)} rows in ${counted(blocks)} blocks, ${counted(bytes)} bytes ` +
      `(${bytesPerRow.toFixed(2)} a row), ${seconds.toFixed(1)} s\n`,
    `  from ${origin.sources.map(({ name }) => name).join(", ") || "?"} · ${origin.format}\n`,
    ...unused.map(([what, value]) => `  ${String(value)} ${String(what)}\n`),
    ...notes.map((note) => `  note: ${note}\n`),
    ...(lost === undefined ? [] : [`  LOST ${counted(lost.bytes)} bytes: ${lost.reason}\n`]),
  ].join("");
}
