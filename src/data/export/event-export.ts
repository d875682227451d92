/**
 * Event export: a recording as a file that other tools read.
 *
 * What must stay true: the rows are written as they come, a block at a time, and what bears the
 * name is the whole recording.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type MarketBlock, type MarketHeader, sliceOf } from "../../core/market/columns.ts";
import { EventFileError } from "../event-file/damage.ts";
import type { DataFault } from "../fault.ts";
import { writeHftbacktest } from "../hftbacktest-npz.ts";
import { type BatchFormat, batchFiles } from "./batch-file.ts";
import { EventBatches } from "./event-batch.ts";
import { type EventGrid, eventGrid } from "./event-columns.ts";
import { EventText } from "./event-text.ts";
import { guarded, OutputFile } from "./output-file.ts";
import { TextFile } from "./text-file.ts";

export type ExportFormat = BatchFormat | "csv" | "hftbacktest";

export interface ExportRequest {
  readonly header: MarketHeader;
  readonly blocks: Iterable<MarketBlock>;
  /** Of all blocks. */
  readonly rows: number;
  readonly path: string;
  readonly format: ExportFormat;
  /** After every so many rows: how many there are. A pause in it lets others have a turn. */
  readonly onRows?: (rows: number) => Promise<void>;
  readonly isStopped?: () => boolean;
}

export interface Exported {
  readonly rows: number;
  readonly bytes: number;
}

/** Rows that are handed on at once; the writers work in parts of about this size. */
const ROWS_AT_ONCE = 1 << 16;

export async function exportEvents(request: ExportRequest): Promise<Result<Exported, DataFault>> {
  return request.format === "hftbacktest" ? exportNpz(request) : exportColumns(request);
}

/** Thrown to leave a writer that is not ours. */
class Stopped extends Error {
  override readonly name = "Stopped";
}

async function exportNpz(request: ExportRequest): Promise<Result<Exported, DataFault>> {
  const afterRows = async (rows: number): Promise<void> => {
    await request.onRows?.(rows);
    if (request.isStopped?.() === true) throw new Stopped();
  };
  try {
    return await writeHftbacktest(request, request.path, { afterRows });
  } catch (error) {
    if (error instanceof Stopped) return err(stoppedFault(request.path));
    if (error instanceof EventFileError) return err(error.fault);
    throw error;
  }
}

async function exportColumns(request: ExportRequest): Promise<Result<Exported, DataFault>> {
  const grid = eventGrid(request.header.instrument);
  if (!grid.ok) return grid;
  const opener = await openerOf(request, grid.value);
  if (!opener.ok) return opener;
  const created = OutputFile.create(request.path);
  if (!created.ok) return created;
  const output = created.value;
  const sink = opener.value(output);
  const written = await guarded(async () => {
    let rows = 0;
    for (const part of partsOf(request.blocks, ROWS_AT_ONCE)) {
      await sink.take(part);
      rows += part.length;
      await request.onRows?.(rows);
      if (request.isStopped?.() === true) return undefined;
    }
    await sink.finish();
    output.seal();
    return { rows, bytes: output.bytes };
  }).finally(async () => {
    await sink.abandon();
    output.abandon();
  });
  if (!written.ok) return written;
  return written.value === undefined ? err(stoppedFault(request.path)) : ok(written.value);
}

export const stoppedFault = (path: string): DataFault => ({
  code: "DATA_ABORTED",
  text: `stopped; nothing was left behind of ${path}`,
});

interface Sink {
  take(block: MarketBlock): Promise<void>;
  finish(): Promise<void>;
  /** After `finish` nothing happens. */
  abandon(): Promise<void>;
}

async function openerOf(
  { header, format }: ExportRequest,
  grid: EventGrid,
): Promise<Result<(output: OutputFile) => Sink, DataFault>> {
  if (format !== "parquet" && format !== "arrow") {
    return ok((output) => textSink(output, new EventText(header, grid)));
  }
  const files = await batchFiles(format);
  if (!files.ok) return files;
  const { arrow, open } = files.value;
  const batches = new EventBatches(arrow, header, grid);
  return ok((output) => {
    const file = open(output, batches.schema);
    let isDone = false;
    return {
      take: (block) => file.write(batches.of(block)),
      finish: async () => {
        isDone = true;
        await file.finish();
      },
      abandon: async () => (isDone ? undefined : file.abandon()),
    };
  });
}

/** Lines that are joined before they are written. */
const LINES_AT_ONCE = 4096;

function textSink(output: OutputFile, rows: EventText): Sink {
  const file = new TextFile(output);
  let isDone = false;
  let isBegun = false;
  return {
    take: async (block) => {
      if (!isBegun) await file.write(rows.head);
      isBegun = true;
      for (let from = 0; from < block.length; from += LINES_AT_ONCE) {
        await file.write(rows.lines(block, from, Math.min(block.length, from + LINES_AT_ONCE)));
      }
    },
    finish: async () => {
      isDone = true;
      await file.finish();
    },
    abandon: async () => (isDone ? undefined : file.abandon()),
  };
}

/** Blocks of a recording that was read whole may have millions of rows. */
export function* partsOf(blocks: Iterable<MarketBlock>, most: number): Generator<MarketBlock> {
  for (const block of blocks) {
    for (let from = 0; from < block.length; from += most) {
      const until = Math.min(block.length, from + most);
      yield sliceOf(block, from, until);
    }
  }
}
