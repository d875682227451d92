/**
 * Continuation: goes on with an event file that was cut off, behind one of its whole blocks.
 *
 * The file is not copied: what stands before that block stays as it is, what stands behind it goes.
 * What must stay true: whatever ends it, the file can be gone on with again from the same block.
 */
import { closeSync, existsSync, ftruncateSync, openSync } from "node:fs";
import { basename } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { DataFault } from "../fault.ts";
import { EventFileError } from "./damage.ts";
import { type EventFile, openEventFile } from "./reader.ts";
import { RowCheck } from "./row-check.ts";
import { SnapshotKeeper } from "./snapshot.ts";
import { EventFileWriter, partialOf, writeFault, type WriterOptions } from "./writer.ts";

/**
 * Of the partial file of `path`, of which the first `blocks` blocks are kept.
 *
 * @returns a fault where a block from the last snapshot on is damaged (those before are not read),
 *   or the disk does not take it.
 */
export function continueEventFile(
  path: string,
  blocks: number,
  options: WriterOptions = {},
): Result<EventFileWriter, DataFault> {
  if (existsSync(path)) {
    const text = `${path} exists; nothing is written over: choose another name`;
    return err({ code: "DATA_TAKEN", text, file: basename(path) });
  }
  const partial = partialOf(path);
  const opened = openEventFile(partial);
  if (!opened.ok) return opened;
  if (blocks > opened.value.blocks.length) {
    const text = `${basename(partial)} has fewer than ${blocks} whole blocks: take the original`;
    return err({ code: "DATA_DAMAGED", text, file: basename(partial) });
  }
  let file: number | undefined;
  try {
    const start = startOf(opened.value, blocks);
    file = openSync(partial, "r+");
    ftruncateSync(file, start.bytes);
    return ok(new EventFileWriter(path, file, start, options));
  } catch (error) {
    if (file !== undefined) closeSync(file);
    return err(error instanceof EventFileError ? error.fault : writeFault(path, error));
  }
}

/** The clocks and the books as the blocks leave them, from the last snapshot on. */
function startOf(file: EventFile, blocks: number) {
  const check = new RowCheck();
  const books = new SnapshotKeeper();
  for (const block of file.from(file.snapshotBefore(blocks), blocks)) {
    check.take(block);
    books.take(block);
  }
  return { ...file.sectionsBefore(blocks), check, books };
}
