/**
 * Day: a day of 30 million rows from a compressed event file, opened, verified and worked through,
 * in a process that has seen nothing of it: what a user waits for, and the memory it takes.
 *
 * The file is written by another process, so that the peak is the backtest's own.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createEventFile } from "../src/data/event-file/writer.ts";
import { openRecording } from "../src/data/recording.ts";
import { layRecorded, RECORDING, runBlocks } from "./backtest.ts";
import type { Figure, Prepared } from "./measure.ts";

/** 29.9 million rows. */
const DAY_LOOPS = 64;
const WARM_UP_LOOPS = 1;

export const figures: readonly Figure[] = [
  {
    name: "day-from-file",
    summary: `30 M rows from a compressed file, opening and verifying included, ${DAY_LOOPS} loops`,
    unit: "rows",
    references: { "aim, 3 s": 10 },
    prepare: () => (existsSync(RECORDING) ? prepare() : { skip: "../shared/data is not here" }),
  },
];

async function prepare(): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), "arrival-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const written = (loops: number): string => {
    const path = join(folder, `${loops}.arrival`);
    const self = fileURLToPath(import.meta.url);
    execFileSync(process.execPath, ["--max-old-space-size=8192", self, path, String(loops)]);
    return path;
  };
  const day = written(DAY_LOOPS);
  const short = await openRecording([written(WARM_UP_LOOPS)]);
  if (!short.ok) throw new Error(short.error.text);
  let opened: Awaited<ReturnType<typeof openRecording>> | undefined;
  let proof: Readonly<Record<string, number>> = {};
  return {
    warmUp: () => {
      const { header, blocks, from, until } = short.value;
      for (let pass = 0; pass < 3; pass++) runBlocks(header, blocks, from, until);
    },
    run: async () => {
      opened = await openRecording([day]);
      if (!opened.ok) throw new Error(opened.error.text);
      const { header, blocks, from, until } = opened.value;
      const { engine, totals } = runBlocks(header, blocks, from, until);
      let fills = 0;
      for (const parent of engine.parents.values()) fills += parent.fills.length;
      proof = { events: totals.events, commands: totals.commands, fills };
      return totals.rows;
    },
    proof: () => proof,
  };
}

/** `node bench/day.ts PATH LOOPS`: the other process. */
async function write(path: string, loops: number): Promise<void> {
  const { header, block } = await layRecorded(loops);
  const origin = { format: "bench", sources: [], notes: [], counts: {} };
  const created = createEventFile(path, { ...header, origin });
  if (!created.ok) throw new Error(created.error.text);
  created.value.append(block);
  created.value.seal();
}

const [script, path, loops] = process.argv.slice(1);
if (script === fileURLToPath(import.meta.url)) await write(path!, Number(loops));
