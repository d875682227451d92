/**
 * Sweep output: where `-o` puts the results of a sweep, and how they get there.
 *
 * `-o NAME.csv` (or `.parquet`) is the table, and its log stands beside it; `-o FOLDER` holds log,
 * table and summary. What must stay true: the table is whole or not there, and nothing that
 * belongs to somebody else is written over.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { batchFiles } from "../data/export/batch-file.ts";
import { OutputError, OutputFile } from "../data/export/output-file.ts";
import { type Cell, type TableColumn, tableFormatOf, writeTable } from "../data/export/table.ts";
import type { SweepRequest } from "../runtime/sweep-request.ts";
import { createStore, resumeStore, type SweepStore } from "../runtime/sweep-store.ts";
import { CommandError } from "./output.ts";

export interface SweepPaths {
  /** Every result as it comes: what a sweep is gone on with from. */
  readonly log: string;
  readonly table: string;
  readonly summary: string | undefined;
}

export const pathsOf = (output: string): SweepPaths =>
  isTable(output)
    ? { log: `${output}.sweep`, table: output, summary: undefined }
    : {
        log: join(output, "sweep.log"),
        table: join(output, "results.csv"),
        summary: join(output, "summary.json"),
      };

const isTable = (output: string): boolean => tableFormatOf(output) !== undefined;

/** What a table needs is known to be there before a night of work. @throws CommandError */
export async function checkOutput(output: string | undefined): Promise<void> {
  if (output === undefined || tableFormatOf(output) !== "parquet") return;
  const files = await batchFiles("parquet");
  if (!files.ok) throw new CommandError(files.error.code, files.error.text);
}

/** Takes the place of an older table: what is gone on with is written again. */
export async function writeResults(
  path: string,
  columns: readonly TableColumn[],
  rows: Iterable<readonly Cell[]>,
): Promise<void> {
  const format = tableFormatOf(path) ?? "csv";
  const written = await writeTable(path, format, columns, rows, { replace: true });
  if (written.ok) return;
  const text = `${written.error.text}; the log is whole: make room, then --resume`;
  throw new CommandError("SWEEP_WRITE", text);
}

/** @throws CommandError where something stands in the way. */
export function openStore(output: string, request: SweepRequest, isResumed: boolean): SweepStore {
  const paths = pathsOf(output);
  if (!isResumed) {
    const taken = [paths.table, paths.summary].find((path) => path && existsSync(path));
    if (taken !== undefined && !existsSync(paths.log)) {
      throw new CommandError("SWEEP_EXISTS", `${taken} is there already: name another output`);
    }
    if (paths.summary !== undefined) makeFolder(output);
  }
  const store = (isResumed ? resumeStore : createStore)(paths.log, request);
  if (!store.ok) throw new CommandError(store.error.code, store.error.text);
  return store.value;
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("SWEEP_WRITE", `-o ${path}: ${why}`);
  }
}

/** Writes beside the path and moves there, so that a reader never sees half of it. */
export function writeSummary(path: string, text: string): void {
  const created = OutputFile.create(path, { replace: true });
  try {
    if (!created.ok) throw new OutputError(created.error);
    created.value.write(Buffer.from(`${text}\n`));
    created.value.seal();
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    const advice = "the log is whole: make room, then --resume";
    throw new CommandError("SWEEP_WRITE", `${error.fault.text}; ${advice}`);
  }
}
