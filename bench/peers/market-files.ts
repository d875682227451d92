/**
 * Market files: one recording, looped, as our event file and as hftbacktest's npz: the same rows.
 *
 * The npz is what `arrival data export` writes. A row that only our engine or only our venue looks
 * at is one that only hftbacktest's local or exchange processor looks at, so both sides keep the
 * same two orders of time. Files are made once for a recording and a count of loops.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  Kind,
  KIND_MASK,
  type MarketBlock,
  type MarketHeader,
} from "../../src/core/market/columns.ts";
import { createEventFile, DEFAULT_LEVEL } from "../../src/data/event-file/writer.ts";
import { writeHftbacktest } from "../../src/data/hftbacktest-npz.ts";
import { readRecording } from "../../src/data/recording.ts";
import { layLooped } from "../backtest.ts";
import { type Work, workOf, writeWork } from "./work.ts";

export interface MarketFiles {
  readonly work: Work;
  readonly workPath: string;
  readonly eventFile: string;
  readonly npz: string;
  /** Rows of one pass over the recording. */
  readonly passRows: number;
}

/** @param tell is told what is being done, in words. */
export async function prepareMarket(
  recording: string,
  loops: number,
  scratch: string,
  tell: (line: string) => void,
): Promise<MarketFiles> {
  const bytes = readFileSync(recording);
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const read = await readRecording([recording]);
  if (!read.ok) throw new Error(`${recording}: ${read.error.text}`);
  const { header, blocks } = read.value;
  const passRows = blocks.reduce((sum, block) => sum + block.length, 0);
  refuseGaps(blocks, recording);
  const laid = layLooped(header, blocks, loops);
  const work = workOf(header, [laid.block]);
  const folder = join(scratch, `market-${digest}-${loops}`);
  mkdirSync(folder, { recursive: true });
  const files = {
    work,
    workPath: join(folder, "work.txt"),
    eventFile: join(folder, "market.arrival"),
    npz: join(folder, "market.npz"),
    passRows,
  };
  writeWork(files.workPath, work);
  if (!existsSync(files.eventFile)) {
    tell(`writing ${files.eventFile}`);
    writeEventFile(files.eventFile, header, laid.block);
  }
  if (!existsSync(files.npz)) {
    tell(`writing ${files.npz}`);
    await writeNpz(files.npz, header, laid.block);
  }
  return files;
}

function refuseGaps(blocks: readonly MarketBlock[], recording: string): void {
  for (const { kind, length } of blocks) {
    if (kind.subarray(0, length).some((each) => (each & KIND_MASK) === Kind.GAP)) {
      throw new Error(`${recording} has a gap, and the peers have no word for one: take another`);
    }
  }
}

function writeEventFile(path: string, header: MarketHeader, block: MarketBlock): void {
  const partial = `${path}.making`;
  rmSync(partial, { force: true });
  const origin = { format: "bench", sources: [], notes: [], counts: {} };
  const created = createEventFile(partial, { ...header, origin }, { level: DEFAULT_LEVEL });
  if (!created.ok) throw new Error(created.error.text);
  created.value.append(block);
  created.value.seal();
  renameSync(partial, path);
}

async function writeNpz(path: string, header: MarketHeader, block: MarketBlock): Promise<void> {
  const source = { header, blocks: [block], rows: block.length };
  const written = await writeHftbacktest(source, path);
  if (!written.ok) throw new Error(written.error.text);
}
