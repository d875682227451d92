/**
 * Arrival: one run of the script in a process of its own, as every peer's run is.
 *
 *   node bench/peers/arrival.ts WORK MARKET.arrival FILLS.csv [--stream]
 *
 * Prints one line of JSON. Loading and replay are timed apart, after a warm-up on other state;
 * `--stream` goes from the compressed file to the end in one pass, cold.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { MarketBlock } from "../../src/core/market/columns.ts";
import { type EventFile, openEventFile } from "../../src/data/event-file/reader.ts";
import { runScript, type ScriptOutcome } from "./script.ts";
import { parseWork, type Work } from "./work.ts";

interface Timed {
  readonly outcome: ScriptOutcome;
  readonly loadSeconds: number;
  readonly replaySeconds: number;
  /** Of the replay, with whatever the compiler and the collector did beside it. */
  readonly cpuSeconds: number;
}

function inMemory(path: string): Timed {
  const loading = performance.now();
  const file = open(path);
  const blocks = [...file.sequence()];
  const loadSeconds = since(loading);
  warmUp(file, blocks);
  globalThis.gc?.();
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const outcome = runScript(file.header, blocks, work);
  return { outcome, loadSeconds, replaySeconds: since(start), cpuSeconds: cpuSince(cpu) };
}

/** Every CRC is held as the blocks come. */
function stream(path: string): Timed {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const file = open(path);
  const outcome = runScript(file.header, file.sequence(), work);
  return { outcome, loadSeconds: 0, replaySeconds: since(start), cpuSeconds: cpuSince(cpu) };
}

function warmUp(file: EventFile, blocks: readonly MarketBlock[]): void {
  const few = blocks.slice(0, 8);
  const last = few.at(-1)!;
  const end = last.localTime[last.length - 1]!;
  const begin = Number(work.firstLook - file.header.epochNanos);
  const short: Work = { ...work, looks: Math.floor((end - begin) / work.lookNanos) };
  for (let pass = 0; pass < 3; pass++) runScript(file.header, few, short);
}

function open(path: string): EventFile {
  const opened = openEventFile(path);
  if (!opened.ok) throw new Error(opened.error.text);
  return opened.value;
}

const since = (start: number): number => (performance.now() - start) / 1000;

function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** Lines as the peers write them: see `agreement.ts`. */
function linesOf({ orders, fills, executions }: ScriptOutcome): string {
  const sent = orders.map(
    (each) => `order,${each.order},${each.kind},${each.side},${each.priceTick}`,
  );
  const seen = fills.map(
    (each) => `fill,${each.order},${each.exchangeMicros},${each.priceTick},${each.lots}`,
  );
  const executed = executions.map(
    (each) => `execution,${each.order},${each.exchangeMicros},${each.priceTick},${each.lots}`,
  );
  return [...sent, ...seen, ...executed, ""].join("\n");
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { stream: { type: "boolean", default: false } },
});
const [workPath, market, fillsPath] = positionals;
if (workPath === undefined || market === undefined || fillsPath === undefined) {
  throw new Error("usage: arrival.ts WORK MARKET.arrival FILLS.csv [--stream]");
}
const work = parseWork(readFileSync(workPath, "utf8"));
const { outcome, ...times } = values.stream ? stream(market) : inMemory(market);
writeFileSync(fillsPath, linesOf(outcome));
const { rows, sums } = outcome;
process.stdout.write(`${JSON.stringify({ rows, ...times, sums })}\n`);
