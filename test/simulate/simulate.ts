/**
 * The fault simulator: engine, live run, Bybit adapter and exchange in virtual time, under faults.
 *
 * Usage: npm run simulate -- [--seed N] [--runs M] [--workers K] [--json] [--trace] [--planted]
 * Run k has seed N + k. What it simulates and how to read a failure:
 * docs/reference/fault-simulator.md.
 */
import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { note, print, printJson, progress } from "../../src/cli/output.ts";
import { Pace } from "../../src/cli/pace.ts";
import { failureText } from "./failure-text.ts";
import { hunt } from "./hunt.ts";
import { planOf } from "./plan.ts";
import { PLANTED } from "./planted-bug.ts";
import { countsText, runText } from "./run-text.ts";
import { shrink } from "./shrink.ts";
import { addTo, count, newTally, type Tally } from "./tally.ts";
import type { Share } from "./worker.ts";
import { runWorld } from "./world.ts";

const USAGE = `Usage: npm run simulate -- [--seed N] [--runs M] [--workers K] [--json]
       npm run simulate -- --seed N --runs 1 [--trace]
       npm run simulate -- --planted [--seed N] [--runs M]

  --seed N     seed of the first run, a whole number from 0 [1]
  --runs M     as many runs, with seeds N, N + 1, … [1000]
  --workers K  processes [as many as there are cores]
  --json       the summary as JSON on standard output
  --trace      of one run: its journal in short
  --planted    bugs that are planted on purpose: at which seed is each found, in M runs at most?

One run tells what it was. A broken run is shown with its seed, made as small as it gets.
Exit code 0: all held, or all planted bugs were found; 1: not; 130: broken off before the end.
docs/reference/fault-simulator.md says what is simulated.
`;

const SHARE = 25;
/** More broken runs than this would say the same. */
const MOST_BROKEN = 20;
const MOST_SHOWN = 3;
const LARGEST = 2 ** 31;

interface Options {
  readonly seed: number;
  readonly runs: number;
  readonly workers: number;
  readonly isJson: boolean;
  readonly isPlanted: boolean;
  readonly isTraced: boolean;
}

class UsageError extends Error {}

function wholeNumber(name: string, text: string | undefined, least: number, usual: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= least && value <= LARGEST) return value;
  throw new UsageError(
    `--${name} must be a whole number from ${least} to ${LARGEST}, not "${text}"`,
  );
}

function optionsOf(args: readonly string[]): Options | undefined {
  let values: ReturnType<typeof parsed>;
  try {
    values = parsed(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return undefined;
  const runs = wholeNumber("runs", values.runs, 1, 1_000);
  const isPlanted = values.planted === true;
  if (values.trace === true && (runs !== 1 || isPlanted)) {
    throw new UsageError("--trace shows the journal of one run: it goes with --runs 1");
  }
  return {
    seed: wholeNumber("seed", values.seed, 0, 1),
    runs,
    workers: wholeNumber("workers", values.workers, 1, availableParallelism()),
    isJson: values.json === true,
    isPlanted,
    isTraced: values.trace === true,
  };
}

const parsed = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      workers: { type: "string" },
      json: { type: "boolean" },
      planted: { type: "boolean" },
      trace: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  }).values;

/** Hands out the seeds until all are run, too many are broken, or somebody has seen enough. */
class Crew {
  readonly tally = newTally();
  readonly #options: Options;
  readonly #workers: ChildProcess[] = [];
  readonly #done = Promise.withResolvers<void>();
  #next: number;
  #isStopped = false;

  constructor(options: Options) {
    this.#options = options;
    this.#next = options.seed;
  }

  async run(onProgress: (tally: Tally) => void): Promise<void> {
    const { workers, runs } = this.#options;
    const most = Math.min(workers, Math.ceil(runs / SHARE));
    for (let k = 0; k < most; k++) {
      const worker = fork(new URL("worker.ts", import.meta.url));
      this.#workers.push(worker);
      worker.on("message", (part: Tally) => {
        addTo(this.tally, part);
        onProgress(this.tally);
        this.#hand(worker);
      });
      worker.on("exit", (code) => this.#left(worker, code));
      this.#hand(worker);
    }
    await this.#done.promise;
    for (const worker of this.#workers) worker.kill("SIGKILL");
  }

  stop(): void {
    this.#isStopped = true;
    this.#done.resolve();
  }

  #hand(worker: ChildProcess): void {
    const { seed, runs } = this.#options;
    const end = seed + runs;
    if (this.#next >= end || this.#isStopped || this.tally.broken.length >= MOST_BROKEN) {
      worker.disconnect();
      return;
    }
    const until = Math.min(end, this.#next + SHARE);
    worker.send({ from: this.#next, until } satisfies Share);
    this.#next = until;
  }

  #left(worker: ChildProcess, code: number | null): void {
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    if (code !== 0 && !this.#isStopped) {
      const text = `a worker ended with code ${code}: one of its runs ended the process`;
      this.tally.broken.push({ seed: -1, text });
    }
    if (this.#workers.length === 0) this.#done.resolve();
  }
}

async function simulate(options: Options): Promise<Tally> {
  const { runs, seed, isJson, isTraced } = options;
  const pace = new Pace(runs, "runs", 1);
  const bar = progress("simulate", runs, isJson);
  let tally: Tally;
  let story: string | undefined;
  if (runs <= SHARE) {
    tally = newTally();
    for (let k = 0; k < runs; k++) {
      const plan = planOf(seed + k);
      const outcome = await runWorld(plan);
      count(tally, plan.seed, outcome);
      bar.update(tally.runs, pace.text(tally.runs));
      if (runs === 1 && !isJson) story = runText(plan, outcome, isTraced);
    }
  } else {
    const crew = new Crew(options);
    tally = crew.tally;
    const stop = (): void => crew.stop();
    process.once("SIGINT", stop);
    await crew.run(({ runs: done, broken }) =>
      bar.update(done, `${pace.text(done)}${broken.length > 0 ? `, ${broken.length} BROKEN` : ""}`),
    );
    process.off("SIGINT", stop);
  }
  bar.stop();
  await showBroken(tally);
  if (story !== undefined) print(`${story}${verdict(tally)}\n`);
  else if (isJson) printJson({ seed, seconds: pace.seconds, ...tally });
  else print(summary(options, tally, pace.seconds));
  return tally;
}

async function showBroken({ broken }: Tally): Promise<void> {
  for (const { seed, text } of broken.slice(0, MOST_SHOWN)) {
    if (seed < 0) {
      note(text);
      continue;
    }
    const plan = planOf(seed);
    const outcome = await runWorld(plan);
    const shrunk = await shrink(plan, outcome);
    note(failureText(plan, outcome.broken ?? text, shrunk));
  }
  const more = broken.slice(MOST_SHOWN).map(({ seed }) => seed);
  if (more.length > 0) note(`broken as well: seeds ${more.join(", ")}`);
}

/** @returns how many were not found. */
async function huntPlanted({ seed, runs, isJson }: Options): Promise<number> {
  const found: Record<string, { readonly seed: number; readonly text: string } | null> = {};
  for (const [name, bug] of Object.entries(PLANTED)) {
    const caught = await hunt(bug, seed, runs);
    found[name] = caught ?? null;
    const text = caught === undefined ? "NOT FOUND" : `seed ${caught.seed}: ${caught.text}`;
    if (!isJson) print(`${name}: ${text}\n`);
  }
  if (isJson) printJson(found);
  return Object.values(found).filter((caught) => caught === null).length;
}

function summary({ seed, runs }: Options, tally: Tally, seconds: number): string {
  const isWhole = tally.runs === runs;
  const hours = (tally.virtualSeconds / 3600).toFixed(1);
  const rate = (tally.runs / seconds).toFixed(1);
  const lines = [
    `${tally.runs} ${isWhole ? "" : `of ${runs} `}runs from seed ${seed} in ` +
      `${seconds.toFixed(1)} s (${rate} a second): ${hours} hours of trading`,
    `orders ${tally.orders}, fills ${tally.fills}, crashes ${tally.crashes}, ` +
      `processes started again ${tally.restarts}`,
    `faults: ${countsText(new Map(Object.entries(tally.faults)))}`,
    `ended: ${countsText(new Map(Object.entries(tally.ends)))}`,
    verdict(tally),
  ];
  return `${lines.join("\n")}\n`;
}

const verdict = ({ broken }: Tally): string =>
  broken.length === 0 ? "all held" : `BROKEN: ${broken.length} of the runs`;

// A reader that closes its end early is not an error.
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === "EPIPE" ? 0 : 1);
});

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === undefined) print(USAGE);
  else if (options.isPlanted) process.exitCode = (await huntPlanted(options)) > 0 ? 1 : 0;
  else {
    const { broken, runs } = await simulate(options);
    process.exitCode = broken.length > 0 ? 1 : runs < options.runs ? 130 : 0;
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  note(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
