/**
 * Engines: how each of them is run once over the work, in a process of its own.
 *
 * Every run prints one line of JSON and writes what it sent and saw; nothing else of it counts.
 */
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Measurement } from "../measure.ts";
import { type Installed, installPython, installRust } from "./installs.ts";
import type { MarketFiles } from "./market-files.ts";
import type { Sums } from "./script.ts";

export interface Engine {
  readonly name: string;
  /** What it is and runs, for the table. */
  readonly title: string;
  readonly version: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What it sent and saw; absent where it runs other orders. */
  readonly seenPath?: string;
}

export interface Run {
  readonly rows: number;
  readonly loadSeconds: number;
  readonly replaySeconds: number;
  /** Of the replay; `null` where the system does not tell. */
  readonly cpuSeconds: number | null;
  /** From the start of the process to its end. */
  readonly processSeconds: number;
  readonly sums?: Sums;
  /** Of what it wrote: two runs of one engine must have the same. */
  readonly digest: string;
}

/** `bench/run.ts` gives its figures the same. */
const NODE_FLAGS = ["--expose-gc", "--max-semi-space-size=256"];
/** NautilusTrader takes a minute for what the others do in seconds: it gets the first passes. */
export const NAUTILUS_PASSES = 3;
const LIMIT_MS = 300_000;
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const NAMES = [
  "arrival",
  "arrival-cold",
  "arrival-whole",
  "hftbacktest-rust-hashmap",
  "hftbacktest-rust-roivector",
  "hftbacktest-rust-btree",
  "hftbacktest-python-hashmap",
  "hftbacktest-python-roivector",
  "nautilus",
] as const;

export interface EngineOptions {
  readonly scratch: string;
  readonly files: MarketFiles;
  readonly python: string | undefined;
  readonly chosen: ReadonlySet<string>;
  readonly arrivalVersion: string;
  /** Whether the work is that of the bench's own figures. */
  readonly isDefaultWork: boolean;
  readonly tell: (line: string) => void;
}

/** Those that were chosen and are here; the reasons in words for those that are not. */
export function findEngines(options: EngineOptions): { engines: Engine[]; absent: string[] } {
  const absent: string[] = [];
  const engines = [
    ...ownEngines(options, absent),
    ...rustEngines(options, absent),
    ...pythonEngines(options, absent),
    ...nautilusEngine(options, absent),
  ];
  return { engines, absent };
}

const seenPath = (scratch: string, name: string): string => join(scratch, `seen-${name}.csv`);

function ownEngines(options: EngineOptions, absent: string[]): Engine[] {
  const { scratch, files, chosen, arrivalVersion: version } = options;
  const command = process.execPath;
  const script = (name: string, title: string, more: readonly string[]): Engine => {
    const path = seenPath(scratch, name);
    const args = [
      ...NODE_FLAGS,
      here("arrival.ts"),
      files.workPath,
      files.eventFile,
      path,
      ...more,
    ];
    return { name, title, version, command, args, seenPath: path };
  };
  const found: Engine[] = [
    script("arrival", "Arrival, the script", []),
    script("arrival-cold", "Arrival, the script, streamed from the file, nothing warmed up", [
      "--stream",
    ]),
  ];
  if (options.isDefaultWork) {
    const args = [...NODE_FLAGS, here("../measure.ts"), "./backtest.ts", "backtest-recorded"];
    const title = "Arrival, whole engine: other orders, with strategy, tactic and risk gate";
    found.push({ name: "arrival-whole", title, version, command, args });
  } else if (chosen.has("arrival-whole")) {
    absent.push("arrival-whole: is the figure backtest-recorded, which has its own recording");
  }
  return found.filter(({ name }) => chosen.has(name));
}

function rustEngines({ scratch, files, chosen, tell }: EngineOptions, absent: string[]): Engine[] {
  const depths = { hashmap: "HashMap", roivector: "ROIVector", btree: "BTree" };
  const wanted = Object.entries(depths)
    .map(([depth, title]) => ({ depth, title, name: `hftbacktest-rust-${depth}` }))
    .filter(({ name }) => chosen.has(name));
  if (wanted.length === 0) return [];
  const installed = installRust(scratch, tell);
  if (isAbsent(installed, "hftbacktest (Rust)", absent)) return [];
  return wanted.map(({ depth, title, name }) => ({
    name,
    title: `hftbacktest, Rust, ${title}MarketDepth`,
    version: installed.version,
    command: installed.command,
    args: [files.workPath, files.npz, depth, seenPath(scratch, name)],
    seenPath: seenPath(scratch, name),
  }));
}

function pythonEngines(options: EngineOptions, absent: string[]): Engine[] {
  const { scratch, files, chosen, python, tell } = options;
  const wanted = ["hashmap", "roivector"].filter((depth) =>
    chosen.has(`hftbacktest-python-${depth}`),
  );
  if (wanted.length === 0) return [];
  const installed = installPython("hftbacktest", scratch, python, tell);
  if (isAbsent(installed, "hftbacktest (Python)", absent)) return [];
  return wanted.map((depth) => {
    const name = `hftbacktest-python-${depth}`;
    const path = seenPath(scratch, name);
    return {
      name,
      title: `hftbacktest, Python and numba, ${depth === "hashmap" ? "HashMap" : "ROIVector"}`,
      version: installed.version,
      command: installed.command,
      args: [here("hftbacktest-peer.py"), files.workPath, files.npz, depth, path],
      seenPath: path,
    };
  });
}

function nautilusEngine(options: EngineOptions, absent: string[]): Engine[] {
  const { scratch, files, chosen, python, tell } = options;
  const name = "nautilus";
  if (!chosen.has(name)) return [];
  const installed = installPython("nautilus", scratch, python, tell);
  if (isAbsent(installed, "NautilusTrader", absent)) return [];
  const path = seenPath(scratch, name);
  const rows = String(Math.min(NAUTILUS_PASSES * files.passRows, files.work.rows));
  return [
    {
      name,
      title: `NautilusTrader, BacktestEngine, L2_MBP, the first ${NAUTILUS_PASSES} passes`,
      version: installed.version,
      command: installed.command,
      args: [here("nautilus-peer.py"), files.workPath, files.npz, "batches", path, rows],
      seenPath: path,
    },
  ];
}

function isAbsent(
  installed: Installed,
  what: string,
  absent: string[],
): installed is { readonly absent: string } {
  if (!("absent" in installed)) return false;
  absent.push(`${what}: ${installed.absent}`);
  return true;
}

/** @throws Error with the last words of an engine that failed. */
export function runOnce(engine: Engine): Run {
  const start = performance.now();
  const ran = spawnSync(engine.command, engine.args, { encoding: "utf8", timeout: LIMIT_MS });
  const processSeconds = (performance.now() - start) / 1000;
  const line = ran.stdout?.trim().split("\n").at(-1) ?? "";
  if (ran.status !== 0 || !line.startsWith("{")) {
    const why = ran.error?.message ?? ran.stderr.trim().split("\n").slice(-8).join("\n");
    throw new Error(`${engine.name} failed (${ran.status ?? ran.signal}): ${why}`);
  }
  const said = JSON.parse(line) as Run & Measurement;
  if (engine.seenPath === undefined) {
    const { units: rows, seconds: replaySeconds, cpuSeconds, proof } = said as Measurement;
    const digest = digestOf(JSON.stringify(proof));
    return { rows, loadSeconds: NaN, replaySeconds, cpuSeconds, processSeconds, digest };
  }
  const digest = digestOf(readFileSync(engine.seenPath, "utf8") + JSON.stringify(said.sums));
  return { ...said, processSeconds, digest };
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
