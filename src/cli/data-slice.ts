/**
 * `arrival data slice`: a part of a recording as an event file that replays by itself.
 */
import { rmSync } from "node:fs";
import { Command } from "commander";
import { EventFileError } from "../data/event-file/damage.ts";
import type { EventFileHeader } from "../data/event-file/header.ts";
import { createEventFile, partialOf } from "../data/event-file/writer.ts";
import { stoppedFault } from "../data/export/event-export.ts";
import { takenFault } from "../data/export/output-file.ts";
import { isoNanos } from "../data/export/table.ts";
import type { OpenRecording } from "../data/recording.ts";
import { type SliceSpan, sliceBlocks } from "../data/slice.ts";
import { breathe, CommandError, interruptible, print, printJson, progress } from "./output.ts";
import { Pace } from "./pace.ts";
import {
  counted,
  failure,
  openWithBar,
  type RecordingFlags,
  recordingOptions,
  refuse,
} from "./recording-input.ts";
import { parseRecordingTime, type RecordingTime } from "./recording-time.ts";

interface Flags extends RecordingFlags {
  readonly output: string;
  readonly from?: string;
  readonly until?: string;
}

export function addSlice(data: Command): void {
  const command = new Command("slice")
    .description("writes a part of a recording as an event file that replays by itself")
    .argument("<file...>", "one recording, or several that follow each other")
    .requiredOption("-o, --output <file>", "the event file, such as noon.arrival; must not exist")
    .option("--from <time>", "the first message received then or after it [the start]")
    .option("--until <time>", "the first message received then or after it is out [the end]");
  data.addCommand(
    recordingOptions(command)
      .option("--json", "print one JSON document")
      .addHelpText("after", HELP)
      .action(run),
  );
}

const HELP = `
Times: 2024-08-08T23:55:00.5 is UTC; 2024-08-09T01:55:00+02:00 has a zone; +5m is from the start.
The slice begins with a snapshot of the books, so that its replay goes on as that of the whole.

Examples:
  arrival data slice btc.arrival -o noon.arrival --from 2024-08-08T12:00 --until 2024-08-08T13:00
  arrival data slice usdm_btcusdt.gz -o part.arrival --from +1m --until +3m`;

/** What is told in the end; plain JSON. */
interface Sliced {
  readonly output: string;
  readonly from: string;
  readonly until: string;
  readonly rows: number;
  /** Rows of the books at the begin, made and not recorded. */
  readonly snapshotRows: number;
  readonly bytes: number;
  readonly seconds: number;
}

async function run(paths: readonly string[], flags: Flags): Promise<void> {
  if (flags.from === undefined && flags.until === undefined) {
    throw new CommandError("USAGE", "say which part: --from, --until, or both");
  }
  const [from, until] = [timeOf("--from", flags.from), timeOf("--until", flags.until)];
  refuse(takenFault(flags.output));
  const sliced = await interruptible(async (isInterrupted) => {
    const recording = await openWithBar(paths, flags, isInterrupted);
    const span = spanOf(recording, from, until);
    return write(recording, span, flags, isInterrupted);
  }).catch((error: unknown) => {
    if (!(error instanceof EventFileError)) throw error;
    const { code, text } = error.fault;
    // The writer tells of a partial file, which is taken away here.
    throw failure({ code, text: text.replace(/; \S+ is readable up to .*/, "; nothing was kept") });
  });
  if (flags.json === true) printJson(sliced);
  else print(textOf(sliced));
}

function timeOf(flag: string, text: string | undefined): RecordingTime | undefined {
  if (text === undefined) return undefined;
  const parsed = parseRecordingTime(text);
  if (parsed.ok) return parsed.value;
  throw new CommandError("USAGE", `${flag} ${parsed.error}`);
}

/** Nanoseconds since the header's epoch. @throws CommandError where nothing lies between */
function spanOf(
  recording: OpenRecording,
  from: RecordingTime | undefined,
  until: RecordingTime | undefined,
): SliceSpan {
  const { epochNanos } = recording.header;
  const start = epochNanos + BigInt(recording.from);
  const end = epochNanos + BigInt(recording.until);
  const at = (time: RecordingTime | undefined, fallback: bigint): bigint => {
    if (time === undefined) return fallback;
    return time.from === "epoch" ? time.nanos : start + time.nanos;
  };
  const [first, last] = [at(from, start), at(until, end + 1n)];
  const isOutside = first > end || last <= start;
  if (isOutside && (first < last || from === undefined || until === undefined)) {
    const text =
      `the recording has nothing there: it goes from ${isoNanos(start)} to ${isoNanos(end)}` +
      (from === undefined ? "" : `, --from is ${isoNanos(first)}`) +
      (until === undefined ? "" : `, --until is ${isoNanos(last)}`);
    throw new CommandError("DATA_SLICE", text);
  }
  if (first >= last) {
    const text = `--until ${isoNanos(last)} is not after --from ${isoNanos(first)}`;
    throw new CommandError("USAGE", text);
  }
  const bounded = (time: bigint): number =>
    Number(
      time <= start
        ? BigInt(recording.from)
        : time > end
          ? BigInt(recording.until) + 1n
          : time - epochNanos,
    );
  return { from: bounded(first), until: bounded(last) };
}

async function write(
  recording: OpenRecording,
  span: SliceSpan,
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<Sliced> {
  const created = createEventFile(flags.output, headerOf(recording, span));
  if (!created.ok) throw failure(created.error);
  const writer = created.value;
  const bar = progress("slicing", recording.rows, flags.json === true);
  const pace = new Pace(recording.rows, "M rows", 1e6);
  let isWhole = false;
  let rows = 0;
  let snapshotRows = 0;
  try {
    for (const { block, isSnapshot, passed } of sliceBlocks(recording.blocks, span)) {
      if (isSnapshot) snapshotRows = block.length;
      else rows += block.length;
      writer.append(block);
      bar.update(passed, pace.text(passed));
      await breathe();
      if (isInterrupted()) throw failure(stoppedFault(flags.output));
    }
    if (rows === 0) {
      throw new CommandError("DATA_SLICE", "no message was received in that span; make it longer");
    }
    writer.seal();
    isWhole = true;
  } finally {
    bar.stop();
    writer.abandon();
    // Half a slice has no worth that its whole does not have.
    if (!isWhole) rmSync(partialOf(flags.output), { force: true });
  }
  const { epochNanos } = recording.header;
  return {
    output: flags.output,
    from: isoNanos(epochNanos + BigInt(span.from)),
    until: isoNanos(epochNanos + BigInt(span.until)),
    rows,
    snapshotRows,
    bytes: writer.bytes,
    seconds: pace.seconds,
  };
}

function headerOf({ header, format, sources }: OpenRecording, span: SliceSpan): EventFileHeader {
  const [from, until] = [span.from, span.until].map((time) =>
    isoNanos(header.epochNanos + BigInt(time)),
  );
  const { instrument, epochNanos, ownTradesPrinted } = header;
  const notes = [`a slice, from ${from} to ${until}; it begins with the books as they stood then`];
  return {
    instrument,
    epochNanos,
    ownTradesPrinted,
    origin: { format, sources, notes, counts: {} },
  };
}

function textOf({ output, from, until, rows, snapshotRows, bytes, seconds }: Sliced): string {
  return (
    `${output}: ${counted(rows)} rows behind a snapshot of ${counted(snapshotRows)}, ` +
    `${counted(bytes)} bytes, ${seconds.toFixed(1)} s\n  ${from} to ${until}\n`
  );
}
