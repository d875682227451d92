/**
 * Bench: takes every figure in a process of its own, several times, and prints the medians.
 *
 *   node bench/run.ts [--runs N] [--only NAME[,NAME…]] [--list] [--json]
 *
 * The rounds go over all figures in turn, so that a busy minute of the machine falls on each of
 * them. Nothing here judges a time: a benchmark reports, a person decides.
 */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import type { Figure, Measurement, Outcome } from "./measure.ts";

/** A new bench file is added here; what it must export is in measure.ts. */
const FILES = [
  "./book.ts",
  "./backtest.ts",
  "./variants.ts",
  "./journal.ts",
  "./event-file.ts",
  "./day.ts",
  "./import.ts",
  "./sweep.ts",
  "./matching.ts",
  "./generated-market.ts",
  "./exchange-orders.ts",
];

const USAGE = `Usage: npm run bench -- [--runs N] [--only NAME[,NAME…]] [--list] [--json]

  --runs N     processes for each figure; the median counts [5]
  --only NAME  figures by their names, or by how these begin
  --list       the names, and what each measures
  --json       one JSON document on standard output
`;

/** The young generation is large, so that the timed part is over before a collection is due. */
const NODE_FLAGS = ["--expose-gc", "--max-semi-space-size=256"];

interface Task {
  readonly file: string;
  readonly figure: Figure;
}

interface Report {
  readonly name: string;
  readonly summary: string;
  readonly unit: string;
  /** Millions of units per second. */
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Millions of units per second of processor time, the median. */
  readonly perCpuSecond: number;
  readonly references: Readonly<Record<string, number>>;
  readonly runs: readonly Measurement[];
}

const options = readOptions();
const rounds = Number(options.runs);
if (!Number.isInteger(rounds) || rounds < 1) refuse(`--runs ${options.runs}: 1 or more`);

const skipped: string[] = [];
const chosen = await findTasks(options.only);
if (options.list) {
  for (const { figure } of chosen) print(`${figure.name.padEnd(26)} ${figure.summary}`);
  process.exit(0);
}
const reports = takeAll(chosen);
if (options.json) {
  print(JSON.stringify({ machine: describeMachine(), rounds, reports, skipped }, null, 2));
} else {
  printTables();
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: "string", default: "5" },
        only: { type: "string" },
        list: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (!values.help) return values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  print(USAGE.trimEnd());
  return process.exit(0);
}

function refuse(text: string): never {
  process.stderr.write(`${text}\n\n${USAGE}`);
  process.exit(2);
}

function takeAll(tasks: readonly Task[]): readonly Report[] {
  const runs = new Map<Task, Measurement[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const task of tasks) {
      const outcome = runChild(task);
      if ("skip" in outcome) {
        if (round === 1) skipped.push(`${task.figure.name} skipped: ${outcome.skip}`);
        continue;
      }
      runs.set(task, [...(runs.get(task) ?? []), outcome]);
      progress(`round ${round}/${rounds} ${task.figure.name} ${digits(rate(outcome))} M/s`);
    }
  }
  return [...runs].map(([task, measurements]) => reportOf(task.figure, measurements));
}

async function findTasks(only: string | undefined): Promise<readonly Task[]> {
  const found: Task[] = [];
  for (const file of FILES) {
    const bench = (await import(file)) as { figures: readonly Figure[] };
    for (const figure of bench.figures) found.push({ file, figure });
  }
  if (only === undefined) return found;
  return only.split(",").flatMap((name) => {
    const exact = found.filter(({ figure }) => figure.name === name);
    const named =
      exact.length > 0 ? exact : found.filter((one) => one.figure.name.startsWith(name));
    return named.length > 0 ? named : refuse(`no figure is named ${name}: --list tells all`);
  });
}

function runChild({ file, figure }: Task): Outcome {
  const script = fileURLToPath(new URL("./measure.ts", import.meta.url));
  const output = execFileSync(process.execPath, [...NODE_FLAGS, script, file, figure.name], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(output) as Outcome;
}

function rate(run: Measurement): number {
  return run.units / run.seconds / 1e6;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function reportOf(figure: Figure, measurements: readonly Measurement[]): Report {
  const rates = measurements.map(rate);
  const proofs = new Set(measurements.map(({ proof }) => JSON.stringify(proof)));
  if (proofs.size > 1) throw new Error(`${figure.name}: runs differ: ${[...proofs].join(" ")}`);
  return {
    name: figure.name,
    summary: figure.summary,
    unit: figure.unit,
    median: medianOf(rates),
    minimum: Math.min(...rates),
    maximum: Math.max(...rates),
    perCpuSecond: medianOf(measurements.map((run) => run.units / run.cpuSeconds / 1e6)),
    references: figure.references,
    runs: measurements,
  };
}

function describeMachine(): string {
  const all = cpus();
  const model = all[0]?.model.trim() ?? "unknown processor";
  return `${model}, ${all.length} cores, node ${process.version}`;
}

function printTables(): void {
  const head = [
    "figure",
    "M/s median",
    "min",
    "max",
    "per CPU s",
    "heap B/unit",
    "collections",
    "peak MB",
    "references, M/s",
  ];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const report of reports) {
    const heap = medianOf(report.runs.map(({ heapBytes, units }) => heapBytes / units));
    const collections = report.runs.reduce((sum, run) => sum + run.collections, 0);
    const references = Object.entries(report.references).map(([what, value]) => `${what} ${value}`);
    table.push([
      `${report.name} (${report.unit})`,
      ...[report.median, report.minimum, report.maximum, report.perCpuSecond].map((value) =>
        digits(value),
      ),
      heap.toFixed(3),
      String(collections),
      (medianOf(report.runs.map(({ peakBytes }) => peakBytes)) / 1e6).toFixed(0),
      references.join("\n"),
    ]);
  }
  print(`${describeMachine()}; one process per run, ${rounds} runs\n${table.toString()}`);
  for (const { name, summary, runs: taken } of reports) {
    const facts = Object.entries(taken[0]!.proof).map(([what, value]) => `${what} ${value}`);
    print(`${name}: ${summary}; ${taken[0]!.units} units; left ${facts.join(", ")}`);
  }
  for (const line of skipped) print(line);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One digit after the point of millions, more of less. */
function digits(millions: number): string {
  return millions >= 1 ? millions.toFixed(1) : millions.toPrecision(2);
}
