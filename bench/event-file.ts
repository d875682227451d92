/**
 * Event file: rows per second written, read, and worked through a whole backtest from the disk.
 *
 * The true recording, looped, in a file of the temporary folder; it was just written, so what is
 * measured is the program and not the disk. Compressed = the level that `arrival data import` uses.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { blockOf } from "../src/core/market/columns.ts";
import { type EventFile, openEventFile } from "../src/data/event-file/reader.ts";
import { createEventFile, DEFAULT_LEVEL } from "../src/data/event-file/writer.ts";
import { openRecording, readRecording } from "../src/data/recording.ts";
import { type Laid, layLooped, LOOPS, RECORDING, runBlocks } from "./backtest.ts";
import type { Figure, Preparation, Prepared } from "./measure.ts";

const decoding = {
  "prototype, raw": 106,
  "prototype, gzip": 37,
  "Parquet from Node": 12,
  "JSON lines": 1.5,
};
const input = `Binance USD-M BTCUSDT 2024-08-08, looped ${LOOPS} times`;

export const figures: readonly Figure[] = [
  figure("event-file-encode", `event file, compressed and written, ${input}`, {}, encode),
  figure("event-file-decode-raw", `event file, not compressed, read, ${input}`, decoding, (laid) =>
    decode(laid, 0),
  ),
  figure("event-file-decode", `event file, compressed, read, ${input}`, decoding, (laid) =>
    decode(laid, DEFAULT_LEVEL),
  ),
  figure(
    "event-file-backtest",
    `whole backtest from the compressed event file, verified first, ${input}`,
    { "aim of the design": 12 },
    backtest,
  ),
];

function figure(
  name: string,
  summary: string,
  references: Figure["references"],
  prepare: (laid: Laid) => Prepared | Promise<Prepared>,
): Figure {
  const prepareLaid = async (): Promise<Preparation> => {
    if (!existsSync(RECORDING)) return { skip: "../shared/data is not here" };
    const read = await readRecording([fileURLToPath(RECORDING)]);
    if (!read.ok) throw new Error(read.error.text);
    return prepare(layLooped(read.value.header, read.value.blocks, LOOPS));
  };
  return { name, summary, unit: "rows", references, prepare: prepareLaid };
}

/** A place for one file, which goes with the process. */
function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "arrival-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "bench.arrival");
}

/** Returns the bytes of the file. */
function write({ header, block }: Laid, path: string, level: number): number {
  const origin = { format: "bench", sources: [], notes: [], counts: {} };
  const created = createEventFile(path, { ...header, origin }, { level });
  if (!created.ok) throw new Error(created.error.text);
  created.value.append(block);
  created.value.seal();
  return created.value.bytes;
}

function open(path: string): EventFile {
  const opened = openEventFile(path);
  if (!opened.ok) throw new Error(opened.error.text);
  return opened.value;
}

/** Of one pass over the recording, so that warming up stays short. */
function firstRows({ header, block }: Laid, rows: number): Laid {
  let length = Math.min(rows, block.length);
  while ((block.kind[length - 1]! & 8) === 0) length -= 1;
  return { header, block: blockOf(block, length) };
}

function encode(laid: Laid): Prepared {
  const path = place();
  let bytes = 0;
  return {
    warmUp: () => void write(firstRows(laid, 400_000), `${path}.warm-up`, DEFAULT_LEVEL),
    run: () => {
      bytes = write(laid, path, DEFAULT_LEVEL);
      return laid.block.length;
    },
    proof: () => ({ bytes, bytesPerRow: (bytes / laid.block.length).toFixed(3) }),
  };
}

function decode(laid: Laid, level: number): Prepared {
  const path = place();
  const bytes = write(laid, path, level);
  const bytesPerRow = (bytes / laid.block.length).toFixed(3);
  let lots = 0;
  let last = 0;
  const pass = (file: EventFile): number => {
    let rows = 0;
    for (const block of file.scan()) {
      rows += block.length;
      lots += block.quantity[block.length - 1]!;
      last = block.localTime[block.length - 1]!;
    }
    return rows;
  };
  return {
    warmUp: () => {
      const file = open(path);
      pass(file);
      lots = 0;
    },
    run: () => pass(open(path)),
    proof: () => ({ bytesPerRow, lotsAtBlockEnds: lots, lastTime: last }),
  };
}

async function backtest(laid: Laid): Promise<Prepared> {
  const path = place();
  write(laid, path, DEFAULT_LEVEL);
  const warmUpPath = `${path}.warm-up`;
  write(firstRows(laid, 500_000), warmUpPath, DEFAULT_LEVEL);
  const [opened, short] = await Promise.all([openRecording([path]), openRecording([warmUpPath])]);
  if (!opened.ok || !short.ok) throw new Error("the bench's own file cannot be opened");
  let proof: Readonly<Record<string, number>> = {};
  return {
    warmUp: () => {
      const { header, blocks, from, until } = short.value;
      for (let pass = 0; pass < 3; pass++) runBlocks(header, blocks, from, until);
    },
    run: () => {
      const { header, blocks, from, until } = opened.value;
      const { fault } = open(path).verify();
      if (fault !== undefined) throw new Error(fault.text);
      const { engine, totals } = runBlocks(header, blocks, from, until);
      let fills = 0;
      for (const parent of engine.parents.values()) fills += parent.fills.length;
      const { bid, ask } = engine.instruments[0]!.observer;
      proof = { events: totals.events, commands: totals.commands, fills, bid, ask };
      return totals.rows;
    },
    proof: () => proof,
  };
}
