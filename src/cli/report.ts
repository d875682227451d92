/**
 * `arrival report`: what one order or many came to, as one file to read, print and send.
 */
import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { csvCell } from "../data/export/csv-cell.ts";
import { OutputError, OutputFile, takenFault } from "../data/export/output-file.ts";
import { adviceFileOf } from "../runtime/advice/open-advice.ts";
import { CSV_COLUMNS, csvRows } from "../report/csv-rows.ts";
import { gather } from "../report/gather.ts";
import { findChromium, NO_CHROMIUM, pdfOf } from "../report/pdf.ts";
import type { ReportData } from "../report/report-data.ts";
import { armsOf } from "./arms.ts";
import {
  breathe,
  CommandError,
  EXIT,
  interruptible,
  note,
  print,
  printJson,
  progress,
} from "./output.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";

const FORMATS = ["html", "json", "csv", "md", "pdf"] as const;
type Format = (typeof FORMATS)[number];

interface Flags extends PluginFlags {
  readonly output?: string;
  readonly format?: Format;
  readonly order?: string;
  readonly baselines: string;
  readonly windows?: number;
  readonly exchanges?: string;
  readonly data?: readonly string[];
  readonly replace?: boolean;
  readonly json?: boolean;
}

const BASELINES = "twap,vwap,pov,is";

export function addReport(program: Command): void {
  program
    .command("report")
    .description("one file to read, print and send: what an order or many came to, and why")
    .argument("<journals...>", "journals that runs kept; several make a report of a period")
    .option("-o, --output <file>", "where to; its ending says the format")
    .addOption(new Option("--format <name>", "instead of the ending").choices(FORMATS))
    .option("--order <id>", "of a journal with several orders this one alone")
    .option("--baselines <arms>", 'strategies to compare an order with, or "none"', BASELINES)
    .option(
      "--windows <n>",
      "compare on so many stretches of the market [20; none where it answers orders]",
      wholeNumber,
    )
    .option("--exchanges <file>", "what was exchanged [RUN.advice.jsonl beside the journal]")
    .option("--data <file...>", "where the market files lie now, if they have moved")
    .addOption(pluginOption())
    .option("--replace", "write over an older file of that name")
    .option("--json", "print the report's data as one JSON document")
    .addHelpText("after", HELP)
    .action(run);
}

const HELP = `
Without -o and --json the report is printed as Markdown.

Examples:
  arrival report run.journal -o report.html
  arrival report run.journal -o report.pdf --windows 40
  arrival report run.journal --format md --baselines none
  arrival report november/*.journal -o november.html`;

async function run(journals: readonly string[], flags: Flags): Promise<void> {
  const { output } = flags;
  const format = formatOf(flags);
  const plugins = await pluginsOf(flags);
  const isCompared = journals.length === 1 && flags.baselines !== "none";
  const arms = isCompared ? armsFor(flags.baselines, plugins) : [];
  // What cannot be done is known before minutes of reading.
  if (flags.exchanges !== undefined && !existsSync(flags.exchanges)) {
    throw new CommandError("USAGE", `--exchanges ${flags.exchanges}: no such file`);
  }
  if (output !== undefined) checkRoom(output, flags.replace === true);
  else if (format === "pdf") throw new CommandError("USAGE", "a PDF wants a file: -o report.pdf");
  if (format === "pdf" && findChromium(process.env) === undefined) {
    throw new CommandError("REPORT_PDF", NO_CHROMIUM);
  }
  const data = await gathered(journals, flags, { arms, plugins });
  if (output !== undefined) {
    const contents = await contentsOf(data, format);
    write(output, contents, flags.replace === true);
    note(`written: ${output} (${sizeText(contents)})`);
  }
  if (flags.json === true) printJson(data);
  else if (output === undefined) print((await contentsOf(data, format)) as string);
}

function armsFor(text: string, plugins: Parameters<typeof armsOf>[1]): ReturnType<typeof armsOf> {
  try {
    return armsOf(text, plugins);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(error.code, error.message.replace("--strategies", "--baselines"));
  }
}

async function gathered(
  journals: readonly string[],
  flags: Flags,
  { arms, plugins }: Pick<Parameters<typeof gather>[0], "arms"> & PluginsGiven,
): Promise<ReportData> {
  const bar = progress("report", 1, flags.json === true);
  const data = await interruptible(async (isInterrupted) => {
    let drawnAt = 0;
    let isTold = false;
    return gather({
      journals,
      arms,
      plugins,
      ...(flags.order === undefined ? {} : { order: flags.order }),
      ...(flags.windows === undefined ? {} : { windows: flags.windows }),
      ...(flags.data === undefined ? {} : { paths: flags.data }),
      exchangesOf: (journal) => exchangesOf(journal, flags),
      turn: async (done, total, what) => {
        if (what === "comparing" && !isTold) {
          isTold = true;
          note(`comparing with ${flags.baselines}; --baselines none leaves it out`);
        }
        if (performance.now() - drawnAt < 50) return;
        drawnAt = performance.now();
        bar.update(total === 0 ? 0 : done / total, `${what}, ${Math.floor(done)} of ${total}`);
        await breathe();
        if (isInterrupted()) throw new CommandError("INTERRUPTED", "interrupted", EXIT.interrupted);
      },
    });
  }).finally(() => bar.stop());
  if (!data.ok) throw new CommandError(data.error.code, data.error.text);
  for (const { journal, trouble } of data.value.journals) {
    if (trouble !== null) note(`note: ${journal}: ${trouble}`);
  }
  return data.value;
}

type PluginsGiven = { readonly plugins: Awaited<ReturnType<typeof pluginsOf>> };

function exchangesOf(journal: string, { exchanges }: Flags): string | undefined {
  const file = exchanges ?? adviceFileOf(journal);
  return existsSync(file) ? file : undefined;
}

function formatOf({ output, format }: Flags): Format {
  if (format !== undefined) return format;
  if (output === undefined) return "md";
  const ending = /\.([a-z]+)$/i.exec(output)?.[1]?.toLowerCase();
  const known = FORMATS.find((one) => one === ending);
  if (known !== undefined) return known;
  if (ending === "htm") return "html";
  throw new CommandError(
    "USAGE",
    `-o ${output}: its ending says no format: end it with .${FORMATS.join(", .")}, or say --format`,
  );
}

async function contentsOf(data: ReportData, format: Format): Promise<string | Uint8Array> {
  if (format === "json") return `${JSON.stringify(data, undefined, 2)}\n`;
  if (format === "csv") {
    const lines = [CSV_COLUMNS, ...csvRows(data)].map((row) => row.map(csvCell).join(","));
    return `${lines.join("\n")}\n`;
  }
  // What draws is loaded where something is drawn.
  const { documentOf } = await import("../report/document-of.ts");
  const document = documentOf(data);
  if (format === "md") return (await import("../report/markdown.ts")).markdownOf(document);
  const html = (await import("../report/html.ts")).htmlOf(document);
  if (format === "html") return html;
  const printed = await pdfOf(html, process.env);
  if (printed.ok) return printed.value;
  throw new CommandError(printed.error.code, printed.error.text, EXIT.no);
}

/** @throws CommandError where something is in the way. */
function checkRoom(path: string, replace: boolean): void {
  const taken = takenFault(path, replace);
  if (taken !== undefined) throw new CommandError(taken.code, `${taken.text} (or say --replace)`);
}

/** Under a name of its own until it is whole. @throws CommandError */
function write(path: string, contents: string | Uint8Array, replace: boolean): void {
  const created = OutputFile.create(path, { replace });
  if (!created.ok) throw new CommandError(created.error.code, created.error.text);
  const file = created.value;
  try {
    file.write(typeof contents === "string" ? Buffer.from(contents) : contents);
    file.seal();
  } catch (error) {
    file.abandon();
    if (!(error instanceof OutputError)) throw error;
    throw new CommandError(error.fault.code, error.fault.text, EXIT.no);
  }
}

const sizeText = (contents: string | Uint8Array): string =>
  `${(Buffer.byteLength(contents) / 1024).toFixed(0)} KiB`;

function wholeNumber(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("A whole number, such as 20; 0 for none.");
}
