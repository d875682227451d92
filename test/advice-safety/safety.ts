/**
 * The safety run: orders under advisors that obey attacks, write anything or mean harm, and under a
 * real model: laws, limits and envelope at every step, and the damage against a clean twin.
 *
 * Usage: npm run safety -- [--cases N] [--outputs M] [--advisor NAME] [--workers K] [--seed N]
 * What it shows and what it does not: docs/reference/advice-safety.md.
 */
import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { note, print, printJson, progress } from "../../src/cli/output.ts";
import { Pace } from "../../src/cli/pace.ts";
import { casesOf, judge, type Judged } from "./judged.ts";
import { type Heeded, judgeReal, openReal } from "./real-advisor.ts";
import { MODELS, type ModelName } from "./safety-case.ts";
import type { Share } from "./safety-worker.ts";
import { summaryOf, summaryText, Tally } from "./tally.ts";

const USAGE = `Usage: npm run safety -- [--cases N] [--outputs M] [--advisor NAME] [--workers K] [--seed N]
                         [--runs R] [--json]

  --cases N       attack cases, the covering set first; each is obeyed once at least [2560]
  --outputs M     answers to give at least, of all advisors together [100000]
  --advisor NAME  one of obeying, random, adversary; or a real one, such as local:MODEL,
                  which is shown each case once and asked by one process [the first three]
  --workers K     processes [as many as there are cores]
  --seed N        seed of the first order, a whole number from 0 [1]
  --runs R        so many orders, whatever was answered
  --json          the summary as JSON on standard output

An order of one seed is the same for every advisor. A broken promise is told with its seed.
Exit code 0: all held; 1: not; 130: broken off before the end.
docs/reference/advice-safety.md says what is shown.
`;

type Played = Exclude<ModelName, "real">;
const SHARE = 4;
/** More broken runs than this would say the same. */
const MOST_BROKEN = 20;
const MOST_SHOWN = 3;
const LARGEST = 2 ** 31;

interface Options {
  readonly cases: number;
  readonly outputs: number;
  readonly runs: number | undefined;
  readonly models: readonly Played[];
  /** Undefined: those that are played. */
  readonly real: string | undefined;
  readonly workers: number;
  readonly seed: number;
  readonly isJson: boolean;
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

const parsed = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      cases: { type: "string" },
      outputs: { type: "string" },
      runs: { type: "string" },
      advisor: { type: "string" },
      workers: { type: "string" },
      seed: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  }).values;

function optionsOf(args: readonly string[]): Options | undefined {
  let values: ReturnType<typeof parsed>;
  try {
    values = parsed(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return undefined;
  const { advisor } = values;
  const played = MODELS.find((model) => model === advisor);
  if (advisor !== undefined && played === undefined && !advisor.includes(":")) {
    throw new UsageError(`--advisor must be ${MODELS.join(", ")} or KIND:MODEL, not "${advisor}"`);
  }
  const most = casesOf(LARGEST).length;
  return {
    cases: Math.min(most, wholeNumber("cases", values.cases, 1, most)),
    outputs: wholeNumber("outputs", values.outputs, 1, 100_000),
    runs: values.runs === undefined ? undefined : wholeNumber("runs", values.runs, 1, 1),
    models: played === undefined ? MODELS : [played],
    real: played === undefined ? advisor : undefined,
    workers: wholeNumber("workers", values.workers, 1, availableParallelism()),
    seed: wholeNumber("seed", values.seed, 0, 1),
    isJson: values.json === true,
  };
}

/** Hands out the seeds until enough is answered, too much is broken, or somebody has seen enough. */
class Crew {
  readonly tally = new Tally();
  readonly #options: Options;
  readonly #workers: ChildProcess[] = [];
  readonly #done = Promise.withResolvers<void>();
  readonly #onProgress: () => void;
  #next: number;
  #isStopped = false;

  constructor(options: Options, onProgress: () => void) {
    this.#options = options;
    this.#onProgress = onProgress;
    this.#next = options.seed;
  }

  async run(): Promise<void> {
    for (let k = 0; k < this.#options.workers; k++) {
      const worker = fork(new URL("safety-worker.ts", import.meta.url));
      this.#workers.push(worker);
      worker.on("message", (said: Judged | "done") => {
        if (said === "done") return this.#hand(worker);
        this.tally.add(said);
        this.#onProgress();
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
    const { models, cases } = this.#options;
    if (isEnough(this.#options, this.#next, this.tally) || this.#isStopped) {
      worker.disconnect();
      return;
    }
    const until = Math.min(this.#next + SHARE, endOf(this.#options));
    worker.send({ from: this.#next, until, models, cases } satisfies Share);
    this.#next = until;
  }

  #left(worker: ChildProcess, code: number | null): void {
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    if (code !== 0 && !this.#isStopped) {
      const text = `a worker ended with code ${code}: one of its runs ended the process`;
      this.tally.broken.push({ seed: -1, model: "obeying", attack: "-", text });
    }
    if (this.#workers.length === 0) this.#done.resolve();
  }
}

const endOf = ({ seed, runs }: Options): number => (runs === undefined ? LARGEST : seed + runs);

function isEnough(options: Options, next: number, { broken, answers }: Tally): boolean {
  if (broken.length >= MOST_BROKEN || next >= endOf(options)) return true;
  const isShown = next - options.seed >= options.cases;
  return options.runs === undefined && isShown && answers >= options.outputs;
}

async function playAll(options: Options): Promise<{ tally: Tally; isWhole: boolean }> {
  const { outputs, runs, models, cases, seed, isJson } = options;
  if (runs !== undefined && runs <= SHARE) {
    const tally = new Tally();
    const attacks = casesOf(cases);
    for (let k = 0; k < runs; k++) tally.add(judge(seed + k, models, attacks));
    return { tally, isWhole: true };
  }
  const total = runs === undefined ? outputs : runs * models.length;
  const pace = new Pace(total, runs === undefined ? "answers" : "orders", 1);
  const bar = progress("safety", total, isJson);
  const crew = new Crew(options, () => {
    const done = runs === undefined ? crew.tally.answers : crew.tally.rows.length;
    const { length } = crew.tally.broken;
    bar.update(done, `${pace.text(done)}${length > 0 ? `, ${length} BROKEN` : ""}`);
  });
  let isWhole = true;
  const stop = (): void => {
    isWhole = false;
    crew.stop();
  };
  process.once("SIGINT", stop);
  await crew.run();
  process.off("SIGINT", stop);
  bar.stop();
  return { tally: crew.tally, isWhole };
}

async function askAll(options: Options, name: string) {
  const advisor = await openReal(name);
  const attacks = casesOf(options.runs ?? options.cases);
  const tally = new Tally();
  const heeded = new Map<string, Heeded>();
  const pace = new Pace(attacks.length, "cases", 1);
  const bar = progress(name, attacks.length, options.isJson);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once("SIGINT", stop);
  let done = 0;
  for (const attack of attacks) {
    const {
      row,
      broken,
      heeded: part,
    } = await judgeReal(options.seed + done, attack, advisor, abort.signal);
    if (abort.signal.aborted) break;
    tally.add({
      rows: row === undefined ? [] : [row],
      broken: broken === undefined ? [] : [broken],
    });
    add(heeded, attack.goal, part);
    bar.update(++done, pace.text(done));
  }
  process.off("SIGINT", stop);
  bar.stop();
  await advisor.close();
  return { tally, heeded, isWhole: done === attacks.length };
}

function add(heeded: Map<string, Heeded>, goal: string, part: Heeded): void {
  const sum = heeded.get(goal) ?? { pairs: 0, obeyed: 0, swayed: 0, failed: 0 };
  for (const key of ["pairs", "obeyed", "swayed", "failed"] as const) sum[key] += part[key];
  heeded.set(goal, sum);
}

function heededText(heeded: ReadonlyMap<string, Heeded>): string {
  const rows = [...heeded].sort().map(([goal, it]) => {
    const { pairs, obeyed, swayed, failed } = it;
    return `| ${goal} | ${pairs} | ${obeyed} | ${swayed} | ${failed} |`;
  });
  const head = ["| goal | pairs | obeyed | other action | no answer |", "|---|---|---|---|---|"];
  return [...head, ...rows, ""].join("\n");
}

async function main(options: Options): Promise<number> {
  const pace = new Pace(1, "", 1);
  const heard =
    options.real === undefined
      ? { ...(await playAll(options)), heeded: new Map<string, Heeded>() }
      : await askAll(options, options.real);
  const { tally, isWhole, heeded } = heard;
  for (const { seed, model, attack, text } of tally.broken.slice(0, MOST_SHOWN)) {
    note(`seed ${seed}, ${model}, ${attack}: ${text}\n`);
  }
  const summary = summaryOf(tally);
  const { seconds } = pace;
  if (options.isJson) {
    const { seed } = options;
    printJson({ seed, seconds, ...summary, heeded: Object.fromEntries(heeded) });
  } else {
    print(`seed ${options.seed}, ${seconds.toFixed(1)} s\n${summaryText(summary)}`);
    if (heeded.size > 0) print(heededText(heeded));
  }
  return tally.broken.length > 0 ? 1 : isWhole ? 0 : 130;
}

// A reader that closes its end early is not an error.
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === "EPIPE" ? 0 : 1);
});

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === undefined) print(USAGE);
  else process.exitCode = await main(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  note(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
