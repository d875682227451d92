/**
 * `arrival data query`: SQL over recordings, answered by DuckDB.
 *
 * What must stay true: no digit is lost between a recording and what is printed, and neither a
 * temporary database nor half a result stays behind.
 */
import { existsSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import type { DuckDBResult } from "@duckdb/node-api";
import { EventDatabase, queryFault } from "../data/event-database.ts";
import { EventFileError } from "../data/event-file/damage.ts";
import { giveName } from "../data/event-file/writer.ts";
import { csvCell } from "../data/export/csv-cell.ts";
import { partialNameOf, takenFault, writeFault } from "../data/export/output-file.ts";
import { tableFormatOf } from "../data/export/table.ts";
import {
  breathe,
  CommandError,
  EXIT,
  hasColour,
  interruptible,
  note,
  print,
  progress,
} from "./output.ts";
import { Pace } from "./pace.ts";
import {
  counted,
  failure,
  openWithBar,
  type RecordingFlags,
  recordingOptions,
  refuse,
} from "./recording-input.ts";
import { dim, Page, plain } from "./text-page.ts";

interface Flags extends RecordingFlags {
  readonly output?: string;
  readonly csv?: boolean;
  readonly rows: number;
  readonly memory: string;
}

export function addQuery(data: Command): void {
  const command = new Command("query")
    .description("answers SQL over recordings, by DuckDB: the table is called events")
    .argument("<sql>", "the question, in quotes; SELECT, DESCRIBE, SUMMARIZE …")
    .argument("[file...]", "recordings; each is a table of its own too, named after its file")
    .option("-o, --output <file>", "write what one SELECT gives: .csv, .csv.gz, .csv.zst, .parquet")
    .option("--csv", "print every row as CSV")
    .option("--rows <n>", "print at most so many", rowCount, 40)
    .option("--memory <size>", "what DuckDB may take before it goes to the disk", size, "1GB");
  data.addCommand(
    recordingOptions(command)
      .option("--json", "print every row as one JSON document")
      .addHelpText("after", HELP)
      .action(run),
  );
}

const HELP = `
Columns of events: exchange_time, local_time (TIMESTAMP_NS, UTC), symbol, kind (bid, ask, trade_buy,
  trade_sell, clear, gap), price, quantity (DECIMAL; NULL for clear and gap), ticks, lots, last,
  engine_only, venue_only, off_book, off_volume, row_id (its place in the recording); of several
  files also file. A message stands twice where engine and venue saw it in another order:
  WHERE NOT venue_only is what the engine saw, WHERE NOT engine_only what the venue did.
What other tools wrote can be joined: FROM 'other.parquet', FROM 'fills.csv'.

Examples:
  arrival data query "SELECT kind, count(*) FROM events GROUP BY kind" btc.arrival
  arrival data query "SELECT * FROM events WHERE kind IN ('trade_buy', 'trade_sell')" \\
    btc.arrival -o trades.parquet
  arrival data query "SUMMARIZE events" monday.gz tuesday.gz`;

async function run(sql: string, paths: readonly string[], flags: Flags): Promise<void> {
  const { output } = flags;
  if ([flags.json, flags.csv, output !== undefined].filter((one) => one === true).length > 1) {
    throw new CommandError("USAGE", "give one of --json, --csv and --output");
  }
  if (output !== undefined && tableFormatOf(output) === undefined) {
    throw new CommandError("USAGE", `${output}: end it in .csv, .csv.gz, .csv.zst or .parquet`);
  }
  if (sql.replaceAll(";", "").trim() === "") throw new CommandError("USAGE", "ask in SQL");
  if (output !== undefined) refuse(takenFault(output));
  if (paths.length === 0 && existsSync(sql)) {
    const text = `${sql} is a file: the question comes first, in quotes, and the files behind it`;
    throw new CommandError("USAGE", text);
  }
  const opened = await EventDatabase.open({ memory: flags.memory });
  if (!opened.ok) throw failure(opened.error);
  const database = opened.value;
  try {
    await interruptible(async (isInterrupted) => {
      for (const path of paths) await load(database, path, flags, isInterrupted);
      const joined = await database.join();
      if (!joined.ok) throw failure(joined.error);
      const watch = setInterval(() => isInterrupted() && database.interrupt(), 50);
      try {
        await answer(database, sql, flags);
      } catch (error) {
        throw isInterrupted() ? stoppedQuery() : error;
      } finally {
        clearInterval(watch);
      }
    });
  } catch (error) {
    throw error instanceof EventFileError ? failure(error.fault) : error;
  } finally {
    database.close();
  }
}

const stoppedQuery = (): CommandError =>
  new CommandError("DATA_ABORTED", "stopped; nothing was left behind", EXIT.interrupted);

async function load(
  database: EventDatabase,
  path: string,
  flags: Flags,
  isInterrupted: () => boolean,
): Promise<void> {
  const { header, blocks, rows } = await openWithBar([path], flags, isInterrupted);
  const bar = progress(`taking in ${basename(path)}`, rows, flags.json === true);
  const pace = new Pace(rows, "M rows", 1e6);
  const loaded = await database
    .load(path, header, blocks, async (done) => {
      bar.update(done, pace.text(done));
      await breathe();
      return !isInterrupted();
    })
    .finally(() => bar.stop());
  if (isInterrupted()) throw stoppedQuery();
  if (!loaded.ok) throw failure(loaded.error);
}

async function answer(database: EventDatabase, sql: string, flags: Flags): Promise<void> {
  if (flags.output !== undefined) return writeTo(flags.output, database, sql);
  const asked = await database.query(sql);
  if (!asked.ok) throw hinted(database, asked.error.text);
  try {
    if (flags.json === true) await printObjects(asked.value);
    else if (flags.csv === true) await printCsv(asked.value);
    else print(await tableText(asked.value, flags.rows));
  } catch (error) {
    throw failure(queryFault(error));
  }
}

/** Which tables there are is what is asked next where one was not found. */
function hinted(database: EventDatabase, text: string): CommandError {
  const names = database.tables.map(({ name }) => name);
  const tables = names.length === 0 ? "no file was given" : `events, ${names.join(", ")}`;
  const hint = /Table with name/.test(text) ? `\ntables: ${tables}` : "";
  return failure({ code: "DATA_QUERY", text: text + hint });
}

const COPY_OPTIONS: readonly (readonly [RegExp, string])[] = [
  [/\.parquet$/, "FORMAT parquet, COMPRESSION zstd"],
  [/\.csv$/, "FORMAT csv, HEADER"],
  [/\.csv\.gz$/, "FORMAT csv, HEADER, COMPRESSION gzip"],
  [/\.csv\.zst$/, "FORMAT csv, HEADER, COMPRESSION zstd"],
];

async function writeTo(path: string, database: EventDatabase, sql: string): Promise<void> {
  const partial = partialNameOf(path);
  const [, options] = COPY_OPTIONS.find(([ending]) => ending.test(path))!;
  try {
    const copied = await database.copy(sql, partial, options);
    if (!copied.ok) throw hinted(database, copied.error.text);
    try {
      giveName(partial, path);
    } catch (error) {
      throw failure(writeFault(path, error));
    }
    note(`written: ${path}, ${counted(copied.value)} rows`);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Rows as text or numbers: integers of any size exact, decimals as text. */
async function* rowsOf(result: DuckDBResult): AsyncGenerator<readonly unknown[]> {
  for await (const rows of result.yieldRowsJson()) yield* rows;
}

const isInteger = (type: string): boolean => /^U?(?:BIG|HUGE)INT$/.test(type);

async function printObjects(result: DuckDBResult): Promise<void> {
  const names = result.deduplicatedColumnNames();
  const wide = result.columnTypes().map((type) => isInteger(String(type)));
  let isFirst = true;
  for await (const row of rowsOf(result)) {
    const fields = names.map((name, at) => {
      const value = row[at];
      // DuckDB's 64 bits may be more than a double has; JSON itself knows no such bound.
      const text = wide[at] === true && value !== null ? String(value) : JSON.stringify(value);
      return `${JSON.stringify(name)}: ${text}`;
    });
    await printWhole(`${isFirst ? "[\n" : ",\n"}  {${fields.join(", ")}}`);
    isFirst = false;
  }
  print(isFirst ? "[]\n" : "\n]\n");
}

async function printCsv(result: DuckDBResult): Promise<void> {
  print(`${result.columnNames().map(csvCell).join(",")}\n`);
  for await (const row of rowsOf(result)) {
    await printWhole(`${row.map((value) => csvCell(textOf(value))).join(",")}\n`);
  }
}

/** Waits where the reader is slower than we are. */
function printWhole(text: string): Promise<void> | undefined {
  if (process.stdout.write(text)) return undefined;
  return new Promise((resolve) => process.stdout.once("drain", () => resolve()));
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function tableText(result: DuckDBResult, most: number): Promise<string> {
  const page = new Page(hasColour(), 4000);
  const names = result.columnNames();
  const isRight = result.columnTypes().map((type) => NUMERIC.test(String(type)));
  const rows: (readonly unknown[])[] = [];
  let isCut = false;
  for await (const row of rowsOf(result)) {
    isCut = rows.length === most;
    if (isCut) break;
    rows.push(row);
  }
  const cells = rows.map((row) => row.map((value) => plain(textOf(value) ?? "NULL")));
  page.table(
    [names.map((name) => dim(name)), ...cells],
    isRight.map((right) => (right ? "right" : "left")),
  );
  const count = `${counted(rows.length)} row${rows.length === 1 ? "" : "s"}`;
  page.line(
    isCut ? `  the first ${count}; for more: --rows, --csv, --json or -o` : `  ${count}`,
    "dim",
  );
  return page.text();
}

const NUMERIC = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|U?INTEGER|DECIMAL|DOUBLE|FLOAT)/;

function rowCount(text: string): number {
  const count = Number(text);
  if (/^\d{1,7}$/.test(text) && count >= 1) return count;
  throw new InvalidArgumentError("A whole number above zero.");
}

function size(text: string): string {
  if (/^\d{1,6}(?:MB|GB)$/.test(text)) return text;
  throw new InvalidArgumentError("A size such as 500MB or 4GB.");
}
