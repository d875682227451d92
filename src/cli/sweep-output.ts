/**
 * Sweep output: where `-o` puts the results of a sweep, and how they get there.
 *
 * `-o NAME.csv` is the table, and its log stands beside it; `-o FOLDER` holds log, table and
 * summary. What must stay true: the table is whole or not there, and nothing that belongs to
 * somebody else is written over.
 */
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
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
  output.endsWith(".csv")
    ? { log: `${output}.sweep`, table: output, summary: undefined }
    : {
        log: join(output, "sweep.log"),
        table: join(output, "results.csv"),
        summary: join(output, "summary.json"),
      };

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

const LINES_AT_ONCE = 4_096;

/** Writes beside the path and moves there, so that a reader never sees half of it. */
export function writeLines(path: string, lines: Iterable<string>): void {
  const part = `${path}.part`;
  try {
    const file = openSync(part, "w");
    try {
      let waiting: string[] = [];
      const flush = (): void => {
        const bytes = Buffer.from(waiting.map((line) => `${line}\n`).join(""));
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
        waiting = [];
      };
      for (const line of lines) {
        waiting.push(line);
        if (waiting.length === LINES_AT_ONCE) flush();
      }
      flush();
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    const text = `${path} cannot be written: ${why}; the log is whole: make room, then --resume`;
    throw new CommandError("SWEEP_WRITE", text);
  }
}
