/**
 * `arrival data export`: a recording as a file for other tools (Parquet, Arrow, CSV, npz).
 */
import { basename } from "node:path";
import { Command, Option } from "commander";
import { exportEvents, type ExportFormat } from "../data/export/event-export.ts";
import { takenFault } from "../data/export/output-file.ts";
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

const FORMATS = [
  "parquet",
  "arrow",
  "csv",
  "hftbacktest",
] as const satisfies readonly ExportFormat[];

/** By the end of the name. */
const ENDINGS: readonly (readonly [RegExp, ExportFormat])[] = [
  [/\.parquet$/, "parquet"],
  [/\.(?:arrow|feather)$/, "arrow"],
  [/\.csv(?:\.gz|\.zst)?$/, "csv"],
  [/\.npz$/, "hftbacktest"],
];

interface Flags extends RecordingFlags {
  readonly output: string;
  readonly to?: ExportFormat;
}

export function addExport(data: Command): void {
  const command = new Command("export")
    .description(
      "writes recordings as one file for other tools: Parquet, Arrow, CSV or hftbacktest's",
    )
    .argument("<file...>", "one recording, or several that follow each other")
    .requiredOption("-o, --output <file>", "the file to write; must not exist")
    .addOption(
      new Option(
        "--to <format>",
        "[by the name: .parquet .arrow .feather .csv .csv.gz .csv.zst .npz]",
      ).choices(FORMATS),
    );
  data.addCommand(
    recordingOptions(command)
      .option("--json", "print one JSON document")
      .addHelpText("after", HELP)
      .action(run),
  );
}

const HELP = `
Columns: exchange_time, local_time (nanoseconds, UTC), symbol, kind (bid, ask, trade_buy,
  trade_sell, clear, gap), price, quantity (exact decimals; none for clear and gap), ticks, lots,
  last, engine_only, venue_only, off_book, off_volume. A level's quantity is its new size.
  An npz has hftbacktest's own records instead.

Examples:
  arrival data export btc.arrival -o btc.parquet
  arrival data export monday.gz tuesday.gz -o days.csv.zst`;

async function run(paths: readonly string[], flags: Flags): Promise<void> {
  const format = flags.to ?? formatOf(flags.output);
  refuse(takenFault(flags.output));
  const pace = new Pace(0, "M rows", 1e6);
  const written = await interruptible(async (isInterrupted) => {
    const recording = await openWithBar(paths, flags, isInterrupted);
    const { rows, header, blocks } = recording;
    const bar = progress("writing", rows, flags.json === true);
    const writing = new Pace(rows, "M rows", 1e6);
    const exported = await exportEvents({
      header,
      blocks,
      rows,
      path: flags.output,
      format,
      isStopped: isInterrupted,
      onRows: async (done) => {
        bar.update(done, writing.text(done));
        await breathe();
      },
    }).finally(() => bar.stop());
    if (!exported.ok) throw failure(exported.error);
    return exported.value;
  });
  const { rows, bytes } = written;
  const document = { output: flags.output, format, rows, bytes, seconds: pace.seconds };
  if (flags.json === true) return printJson(document);
  print(
    `${flags.output}: ${counted(rows)} rows of ${paths.map((path) => basename(path)).join(", ")} ` +
      `as ${format}, ${counted(bytes)} bytes (${(bytes / rows).toFixed(2)} a row), ` +
      `${pace.seconds.toFixed(1)} s\n`,
  );
}

function formatOf(path: string): ExportFormat {
  const found = ENDINGS.find(([ending]) => ending.test(path));
  if (found !== undefined) return found[1];
  const text =
    `${path}: the name does not say which format: end it in .parquet, .arrow, .feather, .csv, ` +
    `.csv.gz, .csv.zst or .npz, or say --to ${FORMATS.join("|")}`;
  throw new CommandError("USAGE", text);
}
