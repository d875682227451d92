/**
 * `arrival data volume-curve`: learns how a market's volume spreads over a day or a session, shows
 * it, and writes a file that the VWAP strategy takes as `--param curve=@FILE`.
 *
 * What was assumed and not learned is marked as such, in the picture and in the file.
 */
import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { type ContractKind, instrumentId } from "../core/domain/instrument.ts";
import { DAY } from "../core/domain/units.ts";
import { type ReadOptions, readRecording, type RecordingSource } from "../data/recording.ts";
import {
  clock,
  type CurveBucket,
  type CurveRequest,
  LEAST_COVERAGE,
  type LearnedCurve,
  learnVolumeCurve,
  type Span,
  type UncoveredBuckets,
  type VolumeTape,
  volumeTape,
} from "../data/volume-curve-learning.ts";
import { contractOption, instrumentOf, instrumentOption } from "./order-options.ts";
import { CommandError, note, print, printJson, progress } from "./output.ts";

interface Flags {
  readonly buckets: number;
  readonly over: CurveRequest["over"];
  readonly uncovered?: UncoveredBuckets;
  readonly joined?: boolean;
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly instrument?: string;
  readonly output?: string;
  readonly json?: boolean;
}

/** As many weights as a curve may have: minutes of a day. */
const MOST_BUCKETS = 1_440;
const BAR_WIDTH = 40;

export function addVolumeCurve(data: Command): void {
  data.addCommand(
    new Command("volume-curve")
      .description("learn the volume curve that VWAP follows from recordings, and write it")
      .argument("<file...>", "recordings, each of its own time: days, sessions or parts of a day")
      .option("--buckets <n>", "equal parts of the day or session", buckets, 24)
      .addOption(
        new Option("--over <span>", "what the curve spans: the UTC day, or a file's own length")
          .choices(["day", "session"])
          .default("day"),
      )
      .addOption(
        new Option(
          "--uncovered <weight>",
          "buckets that were hardly recorded weigh nothing, or the mean [an error]",
        ).choices(["zero", "mean"]),
      )
      .option("--joined", "the files are one recording, each going on where the last one ended")
      .option("--symbol <name>", "which instrument, where a recording holds several")
      .addOption(contractOption())
      .addOption(instrumentOption())
      .option("-o, --output <file>", "write the curve here, for --param curve=@FILE")
      .option("--json", "print one JSON document: the same as the file")
      .addHelpText(
        "after",
        `
Examples:
  arrival data volume-curve monday.gz tuesday.gz wednesday.gz -o curve.json
  arrival data volume-curve AMZN_2012-06-21.zip --over session --buckets 13 -o curve.json
  arrival backtest --data thursday.gz --side buy --quantity 10 --over 4h \\
    --strategy vwap --param curve=@curve.json`,
      )
      .action(learn),
  );
}

async function learn(paths: readonly string[], flags: Flags): Promise<void> {
  const { tapes, instrument, sources } = await readTapes(paths, flags);
  const { buckets: count, over, uncovered } = flags;
  const learned = learnVolumeCurve(tapes, {
    buckets: count,
    over,
    ...(uncovered === undefined ? {} : { uncovered }),
  });
  if (!learned.ok) throw new CommandError(learned.error.code, learned.error.text);
  const curve = learned.value;
  const document = documentOf(curve, instrument, sources, uncovered);
  if (flags.output !== undefined) write(flags.output, document);
  if (flags.json === true) printJson(document);
  else print(curveText(curve, instrument, flags));
}

/** Each file by itself, so that the order of days makes no difference; `--joined` all at once. */
async function readTapes(paths: readonly string[], flags: Flags) {
  const options: ReadOptions = {
    ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
    ...(flags.contract === undefined ? {} : { kind: flags.contract }),
    ...(flags.instrument === undefined ? {} : { instrument: instrumentOf(flags.instrument) }),
  };
  const recordings = flags.joined === true ? [paths] : paths.map((path) => [path]);
  const bar = progress("reading", recordings.length, flags.json === true);
  const tapes: VolumeTape[] = [];
  const sources: RecordingSource[] = [];
  const instruments = new Set<string>();
  try {
    for (const [index, files] of recordings.entries()) {
      const read = await readRecording(files, {
        ...options,
        onProgress: (done, total) => bar.update(index + done / Math.max(1, total), files[0]),
      });
      if (!read.ok) {
        const mayContinue = read.error.code === "DATA_EMPTY" && recordings.length > 1;
        const hint = mayContinue ? " (files that are one recording: add --joined)" : "";
        throw new CommandError(read.error.code, read.error.text + hint);
      }
      const { header, blocks } = read.value;
      tapes.push(volumeTape(header, blocks));
      sources.push(...read.value.sources);
      instruments.add(instrumentId(header.instrument));
    }
  } finally {
    bar.stop();
  }
  const [instrument, other] = instruments;
  if (other !== undefined) {
    const text = `a curve belongs to one instrument: the files hold ${[...instruments].join(", ")}`;
    throw new CommandError("USAGE", text);
  }
  return { tapes, sources, instrument: instrument! };
}

/** What VWAP takes as its `curve`, with where it is from. */
function documentOf(
  curve: LearnedCurve,
  instrument: string,
  sources: readonly RecordingSource[],
  uncovered: UncoveredBuckets | undefined,
) {
  return {
    over: curve.over === "session" ? "plan" : "day",
    weights: curve.buckets.map(({ share }) => share),
    learned: {
      instrument,
      over: curve.over,
      uncovered: uncovered ?? null,
      days: curve.days.map(spanJson),
      leftOut: curve.leftOut.map((day) => ({ ...spanJson(day), why: day.why })),
      sources,
      buckets: curve.buckets,
    },
  };
}

const spanJson = ({ from, until }: Span) => ({ from: time(from), until: time(until) });
const time = (micros: number): string => new Date(micros / 1000).toISOString();

/** A line of the picture: a bucket, or several in a row that were not learned. */
interface Row {
  readonly label: string;
  readonly bucket: CurveBucket;
  readonly count: number;
}

export function curveText(
  curve: LearnedCurve,
  instrument: string,
  flags: Pick<Flags, "uncovered">,
): string {
  const { buckets: all, days, leftOut, over } = curve;
  const noun = over === "day" ? "day" : "session";
  const counted = `${days.length} ${noun}${days.length === 1 ? "" : "s"}`;
  const rows = rowsOf(curve);
  const width = Math.max(...rows.map(({ label }) => label.length));
  const most = Math.max(...all.map(({ share }) => share));
  const lines = rows.map(({ label, bucket, count }) => {
    const { share, standardError, coverage, days: seen } = bucket;
    const error = standardError === null ? "–" : hundredths(standardError);
    const bar = (seen === 0 ? "░" : "█").repeat(Math.round((share / most) * BAR_WIDTH));
    const figures = [
      hundredths(share).padStart(8),
      error.padStart(9),
      `${(coverage * 100).toFixed(0)} %`.padStart(10),
      String(seen).padStart(6),
    ].join("");
    const run = count === 1 ? "" : ` each of ${count}`;
    return `  ${label.padEnd(width)}${figures}  ${bar}${run}`.trimEnd() + "\n";
  });
  const head = over === "day" ? "UTC" : "since begin";
  return [
    `${instrument} · volume over the ${noun}, from ${counted}\n`,
    `  ${head.padEnd(width)}${"share".padStart(8)}${"± error".padStart(9)}`,
    `${"recorded".padStart(10)}${"days".padStart(6)}\n`,
    ...lines,
    ...days.map(({ from, until }) => `  learned from ${time(from)} to ${time(until)}\n`),
    ...leftOut.map(
      ({ from, until, why }) => `  left out: ${time(from)} to ${time(until)}, ${why}\n`,
    ),
    ...remarks(curve, flags).map((text) => `  ${text}\n`),
  ].join("");
}

function rowsOf({ buckets: all, days, over }: LearnedCurve): readonly Row[] {
  const length = days.reduce((sum, day) => sum + day.until - day.from, 0) / days.length;
  const at = (share: number): string =>
    over === "day" ? clock(share) : `+${clock((share * length) / DAY)}`;
  const rows: Row[] = [];
  for (let first = 0; first < all.length;) {
    let last = first;
    if (all[first]!.days === 0) while (all[last + 1]?.days === 0) last++;
    const run = all.slice(first, last + 1);
    const coverage = run.reduce((sum, bucket) => sum + bucket.coverage, 0) / run.length;
    const label = `${at(all[first]!.from)}–${at(all[last]!.until)}`;
    rows.push({ label, bucket: { ...all[first]!, coverage }, count: run.length });
    first = last + 1;
  }
  return rows;
}

const hundredths = (share: number): string => `${(share * 100).toFixed(2)} %`;

function remarks(
  { buckets: rows, days, over }: LearnedCurve,
  { uncovered }: Pick<Flags, "uncovered">,
): readonly string[] {
  const assumed = rows.filter((bucket) => bucket.days === 0).length;
  const lengths = days.map(({ from, until }) => until - from);
  const uneven = over === "session" && Math.max(...lengths) > 1.05 * Math.min(...lengths);
  return [
    ...(days.length > 1 ? [] : [`one ${over} is one draw: its accidents are in the curve`]),
    ...(assumed === 0
      ? []
      : [
          `${assumed} buckets are assumed, not learned: under ${LEAST_COVERAGE * 100} % of each ` +
            `was recorded${uncovered === undefined ? "" : ` (--uncovered ${uncovered})`}`,
        ]),
    ...(uneven ? ["the sessions differ in length by more than a twentieth"] : []),
    ...(over === "session"
      ? ["for orders that span the session: any order is laid over the whole curve"]
      : ["for orders at any hour: they follow the curve by the UTC clock"]),
  ];
}

/** Never over a file that is there. */
function write(path: string, document: unknown): void {
  try {
    writeFileSync(path, `${JSON.stringify(document, undefined, 2)}\n`, { flag: "wx" });
    note(`written: ${path} (use it: --strategy vwap --param curve=@${path})`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("USAGE", `--output ${path}: ${why}`);
  }
}

function buckets(text: string): number {
  const count = Number(text);
  if (/^\d{1,4}$/.test(text) && count >= 1 && count <= MOST_BUCKETS) return count;
  throw new InvalidArgumentError(`A whole number from 1 to ${MOST_BUCKETS}.`);
}
