/**
 * Tape repair: makes the market file of a session that was cut off whole, from what the file has on
 * the disk and what the journal keeps of the rows behind.
 *
 * What must stay true: nothing that is on the disk is given up before the whole file is, so that a
 * repair that is cut off itself can be done again; and a file that is damaged is left as it is, for
 * whoever wants to look at it.
 */
import { existsSync, statSync, unlinkSync } from "node:fs";
import { type MarketBlock, sliceOf, VENUE_ONLY } from "../../core/market/columns.ts";
import { Damage, EventFileError } from "../../data/event-file/damage.ts";
import { decodeHeader } from "../../data/event-file/header.ts";
import { type EventFile, openEventFile } from "../../data/event-file/reader.ts";
import { giveName, partialOf, syncFolder, writeFault } from "../../data/event-file/writer.ts";
import type { DataFault } from "../../data/fault.ts";
import type { KeptRows, KeptTape } from "../journal/side-tables.ts";
import { unpackRows } from "./kept-rows.ts";
import { newRecorder, recordRows } from "./market-tape.ts";

/** What is kept is seconds of rows: mostly one block has room for them. */
const MOST_BLOCK_ROWS = 1 << 14;

/**
 * @returns why the disk does not take it. Rows that cannot be had any more are no fault: they end
 *   where they end.
 */
export function mendTape(
  path: string,
  tape: KeptTape,
  kept: readonly KeptRows[],
): DataFault | undefined {
  try {
    const fault = mend(path, tape, kept);
    return fault?.code === "DATA_DAMAGED" ? undefined : fault;
  } catch (error) {
    if (error instanceof EventFileError) return undefined;
    if (error instanceof Error && "code" in error) return writeFault(path, error);
    throw error;
  }
}

function mend(path: string, tape: KeptTape, kept: readonly KeptRows[]): DataFault | undefined {
  const partial = partialOf(path);
  if (existsSync(path)) {
    if (existsSync(partial) && statSync(partial).ino === statSync(path).ino) unlinkSync(partial);
    return undefined;
  }
  const rows = rowsBehind(kept, tape.onDisk);
  if (!existsSync(partial)) {
    // Where rows had been on the disk and are gone, those behind them are of no use.
    return tape.onDisk > 0 || rows.length === 0 ? undefined : write(path, tape, rows);
  }
  const opened = openEventFile(partial);
  if (!opened.ok) {
    if (tape.onDisk > 0) return undefined;
    // Nothing of it had been on the disk for sure.
    remove(partial);
    return rows.length === 0 ? undefined : write(path, tape, rows);
  }
  const file = opened.value;
  // Its index says that it is whole; but that may have come to the disk before its blocks.
  if (file.cut === undefined && file.verify().fault === undefined) {
    giveName(partial, path);
    return undefined;
  }
  const blocks = blocksOf(file, tape);
  if (blocks === undefined) return undefined;
  if (tape.onDisk === 0 && rows.length === 0) {
    remove(partial);
    return undefined;
  }
  return write(path, tape, rows, { blocks, epochNanos: file.header.epochNanos });
}

function write(
  path: string,
  { header }: KeptTape,
  rows: readonly MarketBlock[],
  goesOn?: { readonly blocks: number; readonly epochNanos: bigint },
): DataFault | undefined {
  let fault: DataFault | undefined;
  const { origin, ...market } = headerOf(header);
  const onFault = (why: DataFault): void => void (fault = why);
  const count = rows.reduce((sum, { length }) => sum + length, 0);
  const recorder = newRecorder(market, path, origin.format, onFault, {
    blockRows: Math.min(Math.max(count, 1), MOST_BLOCK_ROWS),
    ...(goesOn === undefined ? {} : { goesOn }),
  });
  for (const block of rows) recordRows(recorder, block, 0);
  recorder.close();
  return fault;
}

function headerOf(bytes: Uint8Array) {
  try {
    return decodeHeader(Buffer.from(bytes)).header;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    const text = `the journal does not say what the rows it keeps are of: ${error.message}`;
    throw new EventFileError({ code: "DATA_DAMAGED", text });
  }
}

function remove(partial: string): void {
  unlinkSync(partial);
  syncFolder(partial);
}

/** From row `onDisk` of the session on, without a gap. */
function rowsBehind(kept: readonly KeptRows[], onDisk: number): readonly MarketBlock[] {
  const blocks: MarketBlock[] = [];
  let next = onDisk;
  for (const { first, rows } of kept) {
    const block = unpackRows(rows, first);
    if (block === undefined || first > next) break;
    const skipped = next - first;
    if (skipped >= block.length) continue;
    blocks.push(sliceOf(block, skipped, block.length));
    next = first + block.length;
  }
  return blocks;
}

/**
 * How many blocks have the first `onDisk` rows that the engine reads: what is behind them was not
 * yet on the disk for sure, and the journal has it. Undefined where the file does not have them.
 * Only the last of them is decoded: the others' CRCs fit, or the file would be cut there.
 */
function blocksOf(file: EventFile, { onDisk, inFile }: KeptTape): number | undefined {
  if (onDisk === 0) return 0;
  if (inFile === null) return blocksWith(file, onDisk);
  const last = file.blocks.findIndex(({ rowsBefore, rows }) => rowsBefore + rows === inFile);
  if (last < 0) return undefined;
  file.read(last);
  return last + 1;
}

/** The same of the tape of an older version, which has not told how many rows its file has. */
function blocksWith(file: EventFile, onDisk: number): number | undefined {
  let sum = 0;
  for (let number = 0; number < file.blocks.length && sum < onDisk; number++) {
    const { kind, length } = file.read(number);
    for (let row = 0; row < length; row++) if ((kind[row]! & VENUE_ONLY) === 0) sum += 1;
    if (sum === onDisk) return number + 1;
  }
  return undefined;
}
