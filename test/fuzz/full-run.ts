/**
 * The full run of the fuzzer: a million inputs to everything that takes what comes from outside.
 *
 * Each target is run twice in processes of its own: first guided by V8's block coverage, which is
 * slow and finds inputs that lead further, then at full speed from what was found. It ends with 1
 * where something is broken, and has then written each input to a file that `--replay` takes.
 *
 * Usage: npm run fuzz -- [--inputs N] [--seed S] [--target NAME …] [--out FOLDER] [--json]
 *        npm run fuzz -- --list | --replay FILE | --planted [NAME]
 */
import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { progress, type Progress } from "../../src/cli/output.ts";
import { inputInHand, type Message, type Task } from "./child.ts";
import { PLANTS } from "./plants.ts";
import type { Finding } from "./campaign.ts";

const INPUTS = 1_000_000;
/** Of a target's inputs, those that are run with coverage. */
const GUIDED = 0.1;
/** Nothing heard for so long: the input in hand hangs. */
const SILENCE_MS = 60_000;
/** Inputs until a planted fault must have been found. */
const PLANTED_INPUTS = 30_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

class UsageError extends Error {}

interface Outcome {
  readonly target: string;
  readonly inputs: number;
  readonly guided: number;
  readonly kept: number;
  readonly blocks: number;
  readonly seconds: number;
  readonly slowestMs: number;
  readonly missing: readonly string[];
  readonly findings: readonly Finding[];
}

type Done = Extract<Message, { kind: "done" }>;

/** One process, to its end. What it dies of is a finding of its own. */
function runChild(task: Task, onProgress: (done: number) => void): Promise<Done | Finding> {
  const child = fork(fileURLToPath(new URL("child.ts", import.meta.url)), {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: ["--no-warnings"],
    // A command line that is fuzzed sees no key and no terminal of whoever runs this.
    env: { PATH: process.env["PATH"], HOME: tmpdir(), TMPDIR: process.env["TMPDIR"], TZ: "UTC" },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (piece: Buffer) => {
      said = (said + piece.toString()).slice(-4_000);
    });
  }
  return new Promise((resolve) => {
    let done: Done | undefined;
    let isHung = false;
    let last = 0;
    const hang = (): void => {
      isHung = true;
      child.kill("SIGKILL");
    };
    let watch = setTimeout(hang, SILENCE_MS);
    child.on("message", (message: Message) => {
      clearTimeout(watch);
      watch = setTimeout(hang, SILENCE_MS);
      if (message.kind === "done") done = message;
      else onProgress((last = message.done));
    });
    child.on("close", (code, signal) => {
      clearTimeout(watch);
      if (done !== undefined) return resolve(done);
      const why = isHung
        ? `hangs: nothing heard for ${SILENCE_MS / 1000} s`
        : `dies: ${code ?? signal}`;
      const { target, seed } = task;
      const input = inputInHand(task.inputFile);
      resolve({ target, seed, number: last, input, error: `${why}\n${said}` });
    });
    child.send(task);
  });
}

interface Plan {
  readonly target: string;
  readonly inputs: number;
  readonly seed: number;
  readonly plant?: string;
}

/** Guided first, then at full speed; a planted fault ends it as soon as it is found. */
async function runTarget(plan: Plan, onProgress: (done: number) => void): Promise<Outcome> {
  const { target, inputs, seed } = plan;
  const folder = mkdtempSync(join(tmpdir(), "arrival-fuzz-"));
  const begun = performance.now();
  const findings: Finding[] = [];
  const total = { inputs: 0, guided: 0, kept: 0, blocks: 0, slowestMs: 0 };
  let [corpus, missing]: [readonly string[], readonly string[]] = [[], []];
  const guided = Math.ceil(inputs * GUIDED);
  for (const isGuided of [true, false]) {
    const count = isGuided ? guided : inputs - guided;
    if (count <= 0 || (plan.plant !== undefined && findings.length > 0)) continue;
    const task: Task = {
      ...plan,
      inputs: count,
      seed: isGuided ? seed : seed ^ 0x5eed,
      isGuided,
      withGrowth: !isGuided && plan.plant === undefined,
      corpus,
      inputFile: join(folder, "input"),
    };
    const before = total.inputs;
    const ended = await runChild(task, (done) => onProgress(before + Math.min(done, count)));
    if (!("kind" in ended)) {
      findings.push(ended);
      continue;
    }
    const { result, growth } = ended;
    total.inputs += result.inputs;
    if (isGuided) {
      total.guided = result.inputs;
      total.kept = result.kept;
      total.blocks = result.blocks ?? 0;
    }
    total.slowestMs = Math.max(total.slowestMs, result.slowestMs);
    ({ corpus, missing } = ended);
    findings.push(...result.findings);
    for (const { how, input, error } of growth) {
      findings.push({ target, seed, number: -1, input, error: `growing, ${how}: ${error}` });
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return { target, ...total, seconds: (performance.now() - begun) / 1000, missing, findings };
}

interface Options {
  readonly inputs: number;
  readonly seed: number;
  readonly targets: readonly string[];
  readonly out: string | undefined;
  readonly json: boolean;
  readonly list: boolean;
  readonly replay: string | undefined;
  readonly planted: boolean;
  readonly names: readonly string[];
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}

function optionsOf(args: readonly string[]): Options {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        inputs: { type: "string", default: String(INPUTS) },
        seed: { type: "string" },
        target: { type: "string", multiple: true, default: [] },
        out: { type: "string" },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        replay: { type: "string" },
        planted: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (positionals.length > 0 && !values.planted) {
    throw new UsageError(`what is ${positionals.join(" ")}? Name a target with --target`);
  }
  const drawn = String(Math.floor(Math.random() * 2 ** 31));
  return {
    inputs: wholeNumber("inputs", values.inputs, 1, 1_000_000_000),
    seed: wholeNumber("seed", values.seed ?? drawn, 0, 2 ** 31 - 1),
    targets: values.target,
    out: values.out,
    json: values.json,
    list: values.list,
    replay: values.replay,
    planted: values.planted,
    names: positionals,
  };
}

/** Writes each finding to a file that `--replay` takes; @returns its path. */
function keep(finding: Finding, folder: string, number: number): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${finding.target}-${finding.seed}-${number}.json`);
  writeFileSync(path, `${JSON.stringify(finding, undefined, 2)}\n`, { flag: "wx" });
  return path;
}

const count = (value: number): string => Math.round(value).toLocaleString("en-US");

function row(outcome: Outcome): string {
  const { target, inputs, guided, kept, blocks, seconds, slowestMs, findings } = outcome;
  return [
    target.padEnd(18),
    count(inputs).padStart(9),
    count(guided).padStart(9),
    count(blocks).padStart(7),
    count(kept).padStart(6),
    count(inputs / seconds).padStart(8),
    seconds.toFixed(1).padStart(7),
    slowestMs.toFixed(0).padStart(8),
    String(findings.length).padStart(9),
  ].join("");
}
const HEAD =
  "target               inputs   guided blocks  kept  inputs/s seconds  slowest findings";

async function fuzz(options: Options): Promise<number> {
  const { TARGETS } = await import("./targets.ts");
  for (const name of options.targets) {
    if (!TARGETS.some((target) => target.name === name)) {
      throw new UsageError(`no target "${name}": ${TARGETS.map((one) => one.name).join(", ")}`);
    }
  }
  const { seed, inputs } = options;
  const chosen = TARGETS.filter(
    ({ name }) => options.targets.length === 0 || options.targets.includes(name),
  );
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const folder = options.out ?? mkdtempSync(join(tmpdir(), "arrival-fuzz-findings-"));
  if (!options.json) say(`seed ${seed}\n${HEAD}`);
  const bar: Progress = progress("fuzzing", inputs, options.json);
  const outcomes: Outcome[] = [];
  const paths: string[] = [];
  let before = 0;
  for (const { name, share } of chosen) {
    const plan = { target: name, inputs: Math.ceil((inputs * share) / shares), seed };
    const outcome = await runTarget(plan, (done) => bar.update(before + done, name));
    before += outcome.inputs;
    outcomes.push(outcome);
    for (const finding of outcome.findings) paths.push(keep(finding, folder, paths.length));
    bar.update(before, name);
    if (!options.json) say(row(outcome));
  }
  bar.stop();
  if (options.out === undefined && paths.length === 0) rmSync(folder, { recursive: true });
  report(options, outcomes, paths);
  return paths.length > 0 ? 1 : 0;
}

function report(options: Options, outcomes: readonly Outcome[], paths: readonly string[]): void {
  const findings = outcomes.flatMap((outcome) => outcome.findings);
  if (options.json) {
    const { seed } = options;
    say(JSON.stringify({ seed, outcomes, paths }, undefined, 2));
    return;
  }
  const total = outcomes.reduce((sum, { inputs }) => sum + inputs, 0);
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const missing = new Set(outcomes.flatMap((outcome) => outcome.missing));
  for (const path of missing) say(`without ${path}: only the built-in inputs in its shape`);
  for (const [index, { error, target }] of findings.entries()) {
    say(`\n${target}: ${error.split("\n").slice(0, 6).join("\n")}`);
    say(`  npm run fuzz -- --replay ${paths[index]}`);
  }
  const speed = `${seconds.toFixed(0)} s, ${count(total / seconds)} a second`;
  say(`${count(total)} inputs in ${speed}: ${findings.length} findings`);
}

/** Shows that faults of this kind are found: each is put into a copy and looked for. */
async function planted(options: Options): Promise<number> {
  const unknown = options.names.find((name) => !PLANTS.some((plant) => plant.name === name));
  if (unknown !== undefined) {
    const known = PLANTS.map(({ name }) => name).join(", ");
    throw new UsageError(`no planted fault "${unknown}": ${known}`);
  }
  const chosen = PLANTS.filter(
    ({ name }) => options.names.length === 0 || options.names.includes(name),
  );
  let missed = 0;
  for (const { name, about, target } of chosen) {
    const plan = { target, inputs: PLANTED_INPUTS, seed: options.seed, plant: name };
    const { findings, seconds } = await runTarget(plan, () => undefined);
    const found = findings[0];
    if (found === undefined) missed += 1;
    const how = found === undefined ? "NOT FOUND" : `found at input ${count(found.number)}`;
    say(`${name.padEnd(22)} ${target.padEnd(18)} ${how}, ${seconds.toFixed(1)} s: ${about}`);
    if (found !== undefined)
      say(`  ${found.error.split("\n").slice(0, 2).join(" ").slice(0, 200)}`);
  }
  say(`${chosen.length - missed} of ${chosen.length} planted faults found, seed ${options.seed}`);
  return missed > 0 ? 1 : 0;
}

/** The input of a file once more, in this process: a debugger can look on. */
async function replay(path: string): Promise<number> {
  const finding = JSON.parse(readFileSync(path, "utf8")) as Finding;
  const { TARGETS } = await import("./targets.ts");
  const target = TARGETS.find(({ name }) => name === finding.target);
  if (target === undefined) throw new UsageError(`${path} names no target that there is`);
  const stdout = process.stdout.write.bind(process.stdout);
  const open = await target.open();
  const before = performance.now();
  let error: unknown;
  try {
    await open.run(finding.input);
  } catch (thrown) {
    error = thrown;
  }
  const took = Math.round(performance.now() - before);
  open.close?.();
  const text = error instanceof Error ? error.stack : String(error);
  stdout(`${finding.target}, ${took} ms: ${error === undefined ? "nothing is wrong" : text}\n`);
  return error === undefined ? 0 : 1;
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options.list) {
    const { TARGETS } = await import("./targets.ts");
    for (const { name, about, share } of TARGETS) {
      say(`${name.padEnd(18)} ${String(Math.round(share * 1000) / 10).padStart(5)} %  ${about}`);
    }
  } else if (options.replay !== undefined) process.exitCode = await replay(options.replay);
  else if (options.planted) process.exitCode = await planted(options);
  else process.exitCode = await fuzz(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
