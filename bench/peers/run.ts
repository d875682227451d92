/**
 * Peers: the same data, orders and questions through Arrival, hftbacktest and NautilusTrader.
 *
 *   npm run bench:peers -- [--scratch DIR] [--python PATH] [--data FILE] [--loops N] [--runs N]
 *                          [--only NAME,…] [--out FILE]
 *
 * Installs exact versions into a scratch folder outside the repository, checks which orders were
 * filled alike, and writes bench/RESULTS.md (with `--only` it prints instead, unless `--out` says
 * where). Peers are never needed by `npm test`. Engines take turns, each run a fresh process.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openEventFile } from "../../src/data/event-file/reader.ts";
import { LOOPS, RECORDING } from "../backtest.ts";
import { type Agreement, compareSeen, parseSeen } from "./agreement.ts";
import { type Cause, explain } from "./causes.ts";
import { type Engine, findEngines, NAMES, type Run, runOnce } from "./engines.ts";
import { arrivalVersion, describeMachine } from "./machine.ts";
import { type MarketFiles, prepareMarket } from "./market-files.ts";
import { type Compared, type Result, writeReport } from "./report.ts";

const options = readOptions();

const RESULTS = fileURLToPath(new URL("../RESULTS.md", import.meta.url));

if (options.help) {
  tell(`node bench/peers/run.ts [--scratch DIR] [--python PATH] [--data FILE] [--loops N]
       [--runs N] [--only NAME,…] [--out FILE]
engines: ${NAMES.join(", ")}`);
} else {
  try {
    await main();
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

async function main(): Promise<void> {
  const started = performance.now();
  const rounds = wholeNumber("runs", options.runs);
  const loops = wholeNumber("loops", options.loops);
  const chosen = chosenNames();
  if (!existsSync(options.data)) throw new Error(`${options.data} is not here: give --data FILE`);
  const scratch = scratchFolder();
  const files = await prepareMarket(resolve(options.data), loops, scratch, tell);
  const { engines, absent } = findEngines({
    scratch,
    files,
    python: options.python,
    chosen,
    arrivalVersion: arrivalVersion(),
    isDefaultWork: resolve(options.data) === fileURLToPath(RECORDING) && loops === LOOPS,
    tell,
  });
  for (const line of absent) tell(`left out: ${line}`);
  const results = takeTurns(engines, rounds, absent);
  tell("comparing fills");
  const report = writeReport({
    machine: describeMachine(),
    date: new Date().toISOString().slice(0, 10),
    results,
    absent,
    compared: compareAll(results, files),
    files,
    loops,
    rounds,
    command: commandInWords(),
    recording: options.data.split(/[\\/]/).slice(-2).join("/"),
  });
  const out = options.out ?? (options.only === undefined ? RESULTS : undefined);
  if (out === undefined) process.stdout.write(report);
  else {
    writeFileSync(out, report);
    tell(`wrote ${out}`);
  }
  tell(`done in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** Round by round, and each round begins with another engine. One that fails is left out. */
function takeTurns(engines: readonly Engine[], rounds: number, absent: string[]): Result[] {
  const runs = new Map<Engine, Run[]>(engines.map((engine) => [engine, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < engines.length; turn++) {
      const engine = engines[(turn + round) % engines.length]!;
      const before = runs.get(engine);
      if (before === undefined) continue;
      let run: Run;
      try {
        run = runOnce(engine);
      } catch (error) {
        absent.push((error as Error).message);
        tell(`left out: ${absent.at(-1)}`);
        runs.delete(engine);
        continue;
      }
      if (before.length > 0 && before[0]!.digest !== run.digest) {
        throw new Error(`${engine.name}: two runs over the same data filled differently`);
      }
      before.push(run);
      const rate = (run.rows / run.replaySeconds / 1e6).toFixed(2);
      tell(`round ${round + 1}/${rounds} ${engine.name}: ${rate} M events/s`);
    }
  }
  return [...runs].map(([engine, taken]) => ({ engine, runs: taken }));
}

/** Arrival against every other engine that ran the script. */
function compareAll(results: readonly Result[], files: MarketFiles): Compared[] {
  const own = results.find(({ engine }) => engine.name === "arrival");
  if (own === undefined) return [];
  const ours = parseSeen(readFileSync(own.engine.seenPath!, "utf8"));
  const compared: Compared[] = [];
  for (const { engine, runs } of results) {
    if (engine === own.engine || engine.seenPath === undefined) continue;
    const text = readFileSync(engine.seenPath, "utf8");
    const theirs = parseSeen(text);
    const agreement = compareSeen(ours, theirs);
    const sameBooks = sameSums(own.runs[0]!, runs[0]!);
    const causes =
      engine.name.startsWith("hftbacktest") && agreement.different.length > 0
        ? causesOf(ours, theirs, agreement, files)
        : new Map<Cause, readonly number[]>();
    compared.push({ engine, agreement, causes, sameBooks });
  }
  return compared;
}

/** `undefined` where the engine ran over the beginning only. */
function sameSums(own: Run, other: Run): boolean | undefined {
  if (own.sums?.looks !== other.sums?.looks) return undefined;
  return JSON.stringify(own.sums) === JSON.stringify(other.sums);
}

type Seen = ReturnType<typeof parseSeen>;

function causesOf(
  ours: Seen,
  theirs: Seen,
  { different }: Agreement,
  { eventFile, work }: MarketFiles,
): ReadonlyMap<Cause, readonly number[]> {
  const opened = openEventFile(eventFile);
  if (!opened.ok) throw new Error(opened.error.text);
  const { header } = opened.value;
  const life = ((work.passiveFor + 1) * work.lookNanos) / 1000;
  return explain(header, opened.value.scan(), ours, theirs, different, life);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        scratch: { type: "string", default: join(tmpdir(), "arrival-bench-peers") },
        python: { type: "string" },
        data: { type: "string", default: fileURLToPath(RECORDING) },
        loops: { type: "string", default: String(LOOPS) },
        runs: { type: "string", default: "5" },
        only: { type: "string" },
        out: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    tell(`${(error as Error).message}: see --help`);
    process.exit(1);
  }
}

function chosenNames(): ReadonlySet<string> {
  const names = options.only?.split(",") ?? [...NAMES];
  for (const name of names) {
    if (!(NAMES as readonly string[]).includes(name)) {
      throw new Error(`--only ${name}: no engine is named so; there are ${NAMES.join(", ")}`);
    }
  }
  return new Set(names);
}

/** As it was given, but for places that mean nothing elsewhere. */
function commandInWords(): string {
  const places: Readonly<Record<string, string>> = {
    scratch: "DIR",
    python: "PATH",
    data: "FILE",
    out: "FILE",
  };
  const given = Object.entries(options).filter(([name]) =>
    process.argv.some((each) => each.startsWith(`--${name}`)),
  );
  const words = given.map(([name, value]) => `--${name} ${places[name] ?? value}`);
  return ["npm run bench:peers", ...(words.length > 0 ? ["--", ...words] : [])].join(" ");
}

function scratchFolder(): string {
  const scratch = resolve(options.scratch);
  const repository = fileURLToPath(new URL("../../", import.meta.url));
  if (`${scratch}/`.startsWith(repository)) {
    throw new Error(`--scratch ${scratch}: must lie outside the repository`);
  }
  mkdirSync(scratch, { recursive: true });
  return scratch;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} ${text}: 1 or more`);
  return value;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
