/**
 * `arrival data resample`: bars of a recording, or its volume by the time of day.
 *
 * What must stay true: a file, a table and a picture of one run show the same bars.
 */
import { basename } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { instrumentId } from "../core/domain/instrument.ts";
import { DAY, type Micros } from "../core/domain/units.ts";
import { type Bar, BarMaker, MOST_BARS } from "../data/bars.ts";
import { partsOf } from "../data/export/event-export.ts";
import { OutputFile, OutputError, takenFault } from "../data/export/output-file.ts";
import { type Cell, type TableColumn, tableFormatOf, writeTable } from "../data/export/table.ts";
import type { OpenRecording } from "../data/recording.ts";
import { type LearnedCurve, learnVolumeCurve, volumeTape } from "../data/volume-curve-learning.ts";
import { formatDuration, parseDuration } from "../runtime/duration.ts";
import { barCells, barColumns, barsJson, barsText } from "./bars-page.ts";
import { barsSvg } from "./bars-picture.ts";
import {
  breathe,
  CommandError,
  hasColour,
  interruptible,
  note,
  print,
  printJson,
  progress,
} from "./output.ts";
import { Pace } from "./pace.ts";
import { profileSvg } from "./profile-picture.ts";
import {
  failure,
  openWithBar,
  type RecordingFlags,
  recordingOptions,
  refuse,
  stopped,
} from "./recording-input.ts";
import { curveText } from "./volume-curve.ts";

interface Flags extends RecordingFlags {
  readonly every: Micros;
  readonly profile?: boolean;
  readonly output?: string;
  readonly svg?: string;
}

export function addResample(data: Command): void {
  const command = new Command("resample")
    .description("bars (open, high, low, close, volume, spread …), or the volume by time of day")
    .argument("<file...>", "one recording, or several that follow each other")
    .requiredOption("--every <span>", "length of a bar, by the UTC clock, such as 1m or 1h", span)
    .option("--profile", "the share of the volume in each part of the day instead of bars")
    .option("-o, --output <file>", "write them: .csv, .csv.gz, .csv.zst or .parquet")
    .option("--svg <file>", "draw them");
  data.addCommand(
    recordingOptions(command)
      .option("--json", "print one JSON document")
      .addHelpText("after", HELP)
      .action(run),
  );
}

const HELP = `
Bars hold what traded by the exchange's clock, block trades left out; mid and spread are those of
the book at a bar's end, and empty where it is not known.

Examples:
  arrival data resample btc.arrival --every 1m
  arrival data resample btc.arrival --every 1h -o bars.parquet --svg bars.svg
  arrival data resample monday.gz tuesday.gz --every 30m --profile`;

async function run(paths: readonly string[], flags: Flags): Promise<void> {
  const { output, svg } = flags;
  const format = output === undefined ? undefined : tableFormatOf(output);
  if (output !== undefined && format === undefined) {
    throw new CommandError("USAGE", `${output}: end it in .csv, .csv.gz, .csv.zst or .parquet`);
  }
  if (flags.profile === true && DAY % flags.every !== 0) {
    throw new CommandError("USAGE", "--profile: a day must be a whole number of --every");
  }
  for (const path of [output, svg]) if (path !== undefined) refuse(takenFault(path));
  const result = await interruptible(async (isInterrupted) => {
    const recording = await openWithBar(paths, flags, isInterrupted);
    return flags.profile === true
      ? profileOf(recording, flags)
      : barsResult(recording, flags, isInterrupted);
  });
  if (output !== undefined) {
    const written = await writeTable(output, format!, result.columns, result.rows());
    if (!written.ok) throw failure(written.error);
    note(`written: ${output}`);
  }
  if (svg !== undefined) writeSvg(svg, result.svg(paths.map((path) => basename(path)).join(", ")));
  if (flags.json === true) printJson(result.json());
  else if (output === undefined) print(result.text());
}

/** What there is to tell, in every form. */
interface Result {
  readonly columns: readonly TableColumn[];
  rows(): Iterable<readonly Cell[]>;
  text(): string;
  json(): unknown;
  svg(source: string): string;
}

/** Between two looks at Ctrl-C. */
const ROWS_AT_ONCE = 1 << 16;

async function barsResult(
  recording: OpenRecording,
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<Result> {
  const { header, blocks, rows } = recording;
  const { instrument } = header;
  const everyNanos = BigInt(flags.every) * 1000n;
  const expected = (recording.until - recording.from) / Number(everyNanos);
  if (expected > MOST_BARS) {
    const text = `--every ${formatDuration(flags.every)} would be ${Math.ceil(expected)} bars`;
    throw new CommandError("USAGE", `${text}; at most ${MOST_BARS}: choose a longer span`);
  }
  const bar = progress("resampling", rows, flags.json === true);
  const pace = new Pace(rows, "M rows", 1e6);
  const maker = new BarMaker(header, everyNanos);
  const bars: Bar[] = [];
  let through = 0;
  try {
    for (const part of partsOf(blocks, ROWS_AT_ONCE)) {
      for (const each of maker.take(part)) bars.push(each);
      through += part.length;
      bar.update(through, pace.text(through));
      await breathe();
      if (isInterrupted()) throw stopped();
    }
  } finally {
    bar.stop();
  }
  for (const each of maker.finish()) bars.push(each);
  const every = formatDuration(flags.every);
  return {
    columns: barColumns(instrument),
    *rows() {
      for (const each of bars) yield barCells(each);
    },
    text: () => barsText(instrument, every, bars, hasColour()),
    json: () => barsJson(instrument, every, bars),
    svg: (source) =>
      barsSvg(instrument, bars, `${instrumentId(instrument)}, bars of ${every} · ${source}`),
  };
}

function profileOf({ header, blocks }: OpenRecording, flags: Flags): Result {
  const learned = learnVolumeCurve([volumeTape(header, blocks)], {
    over: "day",
    buckets: DAY / flags.every,
    uncovered: "zero",
  });
  if (!learned.ok) {
    const { code, text } = learned.error;
    const every = formatDuration(flags.every);
    const short = `no ${every} of the day was recorded whole; choose a shorter --every`;
    throw new CommandError(code, code === "CURVE_COVERAGE" ? short : text);
  }
  const curve: LearnedCurve = learned.value;
  const instrument = instrumentId(header.instrument);
  return {
    columns: [
      { name: "from_day_fraction", type: "number" },
      { name: "until_day_fraction", type: "number" },
      { name: "share", type: "number" },
      { name: "standard_error", type: "number" },
      { name: "coverage", type: "number" },
      { name: "days", type: "integer" },
    ],
    *rows() {
      for (const { from, until, share, standardError, coverage, days } of curve.buckets) {
        yield [from, until, days === 0 ? null : share, standardError, coverage, days];
      }
    },
    text: () => curveText(curve, instrument, {}),
    json: () => ({ instrument, every: formatDuration(flags.every), ...curve }),
    svg: (source) => profileSvg(curve, `${instrument}, volume by time of day · ${source}`),
  };
}

function writeSvg(path: string, content: string): void {
  const created = OutputFile.create(path);
  if (!created.ok) throw failure(created.error);
  try {
    created.value.write(Buffer.from(content));
    created.value.seal();
  } catch (error) {
    if (error instanceof OutputError) throw failure(error.fault);
    throw error;
  } finally {
    created.value.abandon();
  }
  note(`written: ${path}`);
}

function span(text: string): Micros {
  const parsed = parseDuration(text);
  if (parsed.ok && parsed.value >= 1000) return parsed.value;
  throw new InvalidArgumentError("Write a span with its unit, such as 250ms, 1m or 1h.");
}
