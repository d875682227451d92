/**
 * `arrival data import`: recordings of any format that is read, as one event file.
 *
 * What must stay true: nothing is written over, and what could not be used is counted and said.
 */
import { statSync } from "node:fs";
import { basename } from "node:path";
import { Command, Option } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import { EventFileError } from "../data/event-file/damage.ts";
import { areEventFiles, throughWhole } from "../data/event-file/event-recording.ts";
import type { EventFileHeader } from "../data/event-file/header.ts";
import { openEventFile } from "../data/event-file/reader.ts";
import { createEventFile, DEFAULT_LEVEL, partialOf } from "../data/event-file/writer.ts";
import {
  type DataFault,
  type OpenRecording,
  openRecording,
  type ReadOptions,
  type RecordingFormat,
} from "../data/recording.ts";
import { importRecording, originOf } from "../data/recording-import.ts";
import { unfinishedOf } from "../data/unfinished-import.ts";
import { PROGRAM_VERSION } from "../runtime/program.ts";
import { contractOption, instrumentOf, instrumentOption } from "./order-options.ts";
import {
  breathe,
  CommandError,
  EXIT,
  interruptible,
  print,
  printJson,
  type Progress,
  progress,
} from "./output.ts";

/** What a format is called on the command line. */
const FORMATS: Readonly<Record<string, readonly RecordingFormat[]>> = {
  binance: ["binance-capture"],
  bybit: ["bybit-frames"],
  "bybit-archive": ["bybit-archive", "bybit-trades"],
  tardis: ["tardis-book", "tardis-trades", "tardis-quotes"],
  hftbacktest: ["hftbacktest"],
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
  readonly resume?: boolean;
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly json?: boolean;
}

export function addImport(data: Command): void {
  data.addCommand(
    new Command("import")
      .description("writes recordings as one event file, which is smaller and read much faster")
      .argument("<file...>", "one recording: files that follow each other, or lie side by side")
      .addOption(
        new Option("--from <format>", "refuse a recording of any other format")
          .choices(["auto", ...Object.keys(FORMATS)])
          .default("auto"),
      )
      .requiredOption("-o, --output <file>", "the event file, such as btc.arrival; must not exist")
      .option("--level <0..19>", "0 = not compressed, else zstd's level", String(DEFAULT_LEVEL))
      .option("--resume", "go on with an import that was broken off")
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
  if (flags.resume === true && flags.recover === true) {
    throw new CommandError("USAGE", "--resume and --recover exclude each other");
  }
  refuseTaken(flags);
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

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Before minutes of reading, not after them. */
function refuseTaken({ output, resume, recover: isRecovery }: Flags): void {
  const [partial, unfinished] = [partialOf(output), unfinishedOf(output)];
  const text = isThere(output)
    ? `${output} exists; nothing is written over: choose another name`
    : resume === true
      ? undefined
      : isThere(unfinished) && isRecovery !== true
        ? `${unfinished} is there, from an import that did not finish: go on with it with ` +
          "--resume, or remove it"
        : isThere(partial)
          ? `${partial} is there, from a run that did not finish: recover it with ` +
            `\`arrival data import --recover ${partial} -o NEW\`, or remove it`
          : undefined;
  if (text !== undefined) throw new CommandError("DATA_TAKEN", text);
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
  const isStored = areEventFiles(paths);
  if (!isStored.ok) throw fail(isStored.error);
  return isStored.value
    ? join(paths, flags, level, isInterrupted)
    : importCaptures(paths, flags, level, isInterrupted);
}

/** Of any format but our own. */
async function importCaptures(
  paths: readonly string[],
  flags: Flags,
  level: number,
  isInterrupted: () => boolean,
): Promise<Written> {
  const abort = new AbortController();
  const reading = new Stage("reading", "MB", flags.json === true);
  const writing = new Stage("writing", "M rows", flags.json === true);
  const imported = await importRecording(paths, flags.output, {
    ...chosen(flags),
    level,
    isResumed: flags.resume === true,
    program: PROGRAM_VERSION,
    formats: FORMATS[flags.from],
    signal: abort.signal,
    onProgress: (done, total) => {
      reading.update(done, total);
      if (isInterrupted()) abort.abort();
    },
    onWritten: async (done, total) => {
      reading.stop();
      writing.update(done, total);
      await breathe();
      if (isInterrupted()) abort.abort();
    },
  }).finally(() => {
    reading.stop();
    writing.stop();
  });
  if (imported.ok) return imported.value;
  const { code, text } = imported.error;
  if (code === "DATA_ABORTED") throw new CommandError(code, text, EXIT.interrupted);
  throw fail(imported.error);
}

const chosen = ({ symbol, contract, instrument }: Flags): ReadOptions => ({
  ...(symbol === undefined ? {} : { symbol }),
  ...(contract === undefined ? {} : { kind: contract }),
  ...(instrument === undefined ? {} : { instrument: instrumentOf(instrument) }),
});

/** Event files that follow each other, as one. */
async function join(
  paths: readonly string[],
  flags: Flags,
  level: number,
  isInterrupted: () => boolean,
): Promise<Written> {
  if (flags.resume === true) {
    const text = "event files are joined in one go: remove what was left, and run it again";
    throw new CommandError("DATA_RESUME", text);
  }
  const wanted = FORMATS[flags.from];
  if (wanted?.includes("event-file") === false) {
    const text = `${paths.join(", ")}: this is event-file, not ${wanted.join(" or ")}`;
    throw new CommandError("DATA_FORMAT", text);
  }
  const recording = await open(paths, flags, isInterrupted);
  const header = { ...recording.header, origin: originOf(recording) };
  const created = createEventFile(flags.output, header, { level });
  if (!created.ok) throw fail(created.error);
  const writer = created.value;
  const stage = new Stage("writing", "M rows", flags.json === true);
  try {
    for (const block of recording.blocks) {
      writer.append(block);
      stage.update(writer.rows, recording.rows);
      await breathe();
      if (isInterrupted()) throw interrupted(flags.output);
    }
    writer.seal();
  } finally {
    stage.stop();
    writer.abandon();
  }
  return { rows: writer.rows, blocks: writer.blocks, origin: header.origin };
}

async function open(
  paths: readonly string[],
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<OpenRecording> {
  const abort = new AbortController();
  const stage = new Stage("reading", "MB", flags.json === true);
  const opened = await openRecording(paths, {
    ...chosen(flags),
    signal: abort.signal,
    onProgress: (done, total) => {
      stage.update(done, total);
      if (isInterrupted()) abort.abort();
    },
  }).finally(() => stage.stop());
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

/** A bar that says how fast it goes, and how long it will take. */
class Stage {
  readonly #title: string;
  readonly #unit: string;
  readonly #isQuiet: boolean;
  #bar: Progress | undefined;
  #started = 0;
  #before = 0;

  /** Units of a million. */
  constructor(title: string, unit: string, isQuiet: boolean) {
    this.#title = title;
    this.#unit = unit;
    this.#isQuiet = isQuiet;
  }

  update(done: number, total: number): void {
    if (this.#bar === undefined) {
      this.#bar = progress(this.#title, total, this.#isQuiet);
      this.#started = performance.now();
      this.#before = done;
    }
    const seconds = (performance.now() - this.#started) / 1000;
    const since = done - this.#before;
    const isKnown = seconds > 0.2 && since > 0;
    const left = Math.max(0, ((total - done) * seconds) / since);
    const rate = `${(since / 1e6 / seconds).toFixed(1)} ${this.#unit}/s`;
    this.#bar.update(done, isKnown ? `${rate}, ${left.toFixed(0)} s left` : "");
  }

  stop(): void {
    this.#bar?.stop();
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
    ["messages later than a minute, moved to a later time", counts["lateMessages"]],
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
