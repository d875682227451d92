/**
 * Command line: `arrival` with arguments that nobody would type, inside a fence.
 *
 * The true main file is run in this process, with its exit and its output caught. What must stay
 * true: it ends by itself or by Ctrl-C, with a documented exit code and no stack trace, and what it
 * refuses it refuses in words.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { raiseFence } from "../fence.ts";
import { SEPARATOR } from "../mutation.ts";
import { Broken, expectThat, type OpenTarget, rootPath, type Target } from "../target.ts";
import { frameSeeds } from "./recording-seeds.ts";

/** Then Ctrl-C, and once more. */
const PATIENCE_MS = 300;
const MOST_MS = 20_000;
const EXIT_CODES = new Set([0, 1, 2, 130]);

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

interface Heard {
  hasExited: boolean;
  code: number | undefined;
  stdout: string;
  stderr: string;
  stray: unknown;
}

const MOST_TEXT = 1 << 20;

class Terminal {
  #heard: Heard = silence();
  #runs = 0;

  constructor() {
    const catching =
      (name: "stdout" | "stderr") =>
      (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
        const heard = this.#heard;
        // A process that has ended says no more.
        if (!heard.hasExited && heard[name].length < MOST_TEXT)
          heard[name] += Buffer.from(chunk as string).toString();
        const callback = rest.at(-1);
        if (typeof callback === "function") process.nextTick(callback as () => void);
        return true;
      };
    process.stdout.write = catching("stdout") as typeof process.stdout.write;
    process.stderr.write = catching("stderr") as typeof process.stderr.write;
    process.exit = ((code?: number): never => {
      this.#heard.hasExited = true;
      this.#heard.code ??= Number(code ?? process.exitCode ?? 0);
      throw new Exit(this.#heard.code);
    }) as typeof process.exit;
    for (const name of ["uncaughtException", "unhandledRejection"]) {
      process.on(name, (error: unknown) => {
        if (!(error instanceof Exit)) this.#heard.stray ??= error;
      });
    }
  }

  async run(args: readonly string[]): Promise<Heard> {
    const heard = silence();
    this.#heard = heard;
    process.argv = [process.argv[0]!, "arrival", ...args];
    process.exitCode = 0;
    const state = { isOver: false };
    // A module runs once: another query, another run.
    const running = import(`${rootPath("src/cli/main.ts")}?run=${++this.#runs}`).then(
      () => void (state.isOver = true),
      (error: unknown) => {
        state.isOver = true;
        if (!(error instanceof Exit)) heard.stray ??= error;
      },
    );
    const begun = performance.now();
    while (!state.isOver && heard.code === undefined) {
      const before = performance.now() - begun;
      expectThat(before < MOST_MS, () => `does not end: ${args.join(" ")}`);
      const wait = new Promise((go) => setTimeout(go, before < PATIENCE_MS ? PATIENCE_MS : 100));
      await Promise.race([running, wait]);
      if (!state.isOver) interrupt();
    }
    heard.code ??= Number(process.exitCode ?? 0);
    process.exitCode = 0;
    process.stdout.removeAllListeners("error");
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(signal);
    return heard;
  }
}

const silence = (): Heard => ({
  hasExited: false,
  code: undefined,
  stdout: "",
  stderr: "",
  stray: undefined,
});

function interrupt(): void {
  try {
    process.emit("SIGINT", "SIGINT");
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  }
}

function check(args: readonly string[], { code, stderr, stray }: Heard): void {
  const line = JSON.stringify(args);
  if (stray !== undefined) {
    const text = stray instanceof Error ? (stray.stack ?? stray.message) : String(stray);
    throw new Broken(`arrival ${line} throws outside of itself: ${text}`);
  }
  expectThat(EXIT_CODES.has(code ?? -1), () => `arrival ${line} ends with ${code}: ${stderr}`);
  expectThat(
    !/\n\s+at .*:\d+:\d+\)?/.test(stderr),
    () => `arrival ${line} shows a stack: ${stderr}`,
  );
  const isRefused = code === 2;
  expectThat(!isRefused || stderr.trim() !== "", () => `arrival ${line} refuses without a word`);
}

async function wordsOf(): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const file of readdirSync(rootPath("src/cli"))) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const source = readFileSync(rootPath(`src/cli/${file}`), "utf8");
    for (const [option] of source.matchAll(/--[a-z][a-z-]+/g)) names.add(option);
  }
  return [...names];
}

const SEEDS = [
  "--help",
  "--version",
  "backtest --help",
  "backtest --data frames.txt --symbol BTCUSDT --side buy --quantity 0.01 --over 1s",
  "backtest --data nowhere.gz --side sell --notional 1000 --over 3m --strategy pov --param rate=0.1",
  "backtest --data rows.arrival --side buy --quantity 0.01 --over 1s --json --journal new.journal",
  "run --venue paper --symbol BTCUSDT --side buy --quantity 0.5 --over 10m --config config.yaml",
  "run --venue bybit --network local --local-url http://127.0.0.1:9 --symbol X --side buy --over 1m",
  "compare --data frames.txt --strategies twap,is@peg --quantity 10 --over 3s",
  "sweep --strategies twap --data frames.txt --side buy --quantity 1 --over 1m --vary urgency=0.1,0.2",
  "estimate --data frames.txt --side buy --quantity 0.25 --over 3s",
  "calibrate --data frames.txt --model square-root",
  "replay true.journal",
  "replay frames.txt --json",
  "tca fills.csv --symbol BTCUSDT --contract linear --arrival-price 64250",
  "tca fills.csv --symbol BTCUSDT --contract linear --arrival-price 64250 --side buy --json",
  "data verify frames.txt",
  "data verify rows.arrival --json",
  "data import frames.txt --output new.arrival",
  "data export rows.arrival --output new.csv",
  "data query SELECT+count(*)+FROM+events rows.arrival",
  "data record bybit --contract linear --symbols BTCUSDT --output new",
  "data slice rows.arrival --from 2024-08-09T00:00:00Z --output new.arrival",
  "data resample rows.arrival --every 1s --output new.csv",
  "market facts --data frames.txt",
  "market generate --over 1s --output new.arrival",
  "exchange --market linear:BTCUSDT=frames.txt --speed 2",
  "doctor --network testnet --symbol BTCUSDT",
  "nonsense",
];
const CONFIG = "limits:\n  participation: 0.05\nstrategy:\n  name: twap\n";
const FILLS =
  "id,symbol,side,price,qty,fee,feeCoin,time\n1,BTCUSDT,buy,64000.1,0.003,0.07,USDT,2024-08-09T00:00:00Z\n";

/** What the seeds name. */
async function furnish(folder: string): Promise<void> {
  writeFileSync(join(folder, "frames.txt"), (await frameSeeds())[0]!);
  writeFileSync(join(folder, "config.yaml"), CONFIG);
  writeFileSync(join(folder, "fills.csv"), FILLS);
  const { eventFile } = await import("./event-file.ts");
  const rows = (await eventFile.open()).seeds[1]!;
  writeFileSync(join(folder, "rows.arrival"), rows, "latin1");
  const { journalBytes } = await import("./journal.ts");
  const journals = await journalBytes.open();
  writeFileSync(join(folder, "true.journal"), journals.seeds[0]!, "latin1");
  journals.close?.();
}

async function open(): Promise<OpenTarget> {
  const root = mkdtempSync(join(tmpdir(), "arrival-fuzz-"));
  const [truth, folder] = [join(root, "true"), join(root, "here")];
  mkdirSync(truth);
  await furnish(truth);
  const clean = (): void => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(truth, folder, { recursive: true });
  };
  clean();
  process.chdir(folder);
  // No key of whoever runs this is used.
  for (const name of Object.keys(process.env))
    if (name.startsWith("ARRIVAL_")) delete process.env[name];
  words.push(...(await wordsOf()));
  raiseFence(root);
  const terminal = new Terminal();
  return {
    seeds: SEEDS.map((line) => line.replaceAll(" ", SEPARATOR).replaceAll("+", " ")),
    missing: [],
    run: async (input) => {
      const args = input.split(SEPARATOR);
      check(args, await terminal.run(args));
      const isTouched = readdirSync(".").length !== readdirSync(truth).length;
      if (isTouched) clean();
      process.chdir(folder);
    },
    close: () => {
      process.chdir(tmpdir());
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Options are added when it is opened: they stand in the commands. */
const words = [
  ..."frames.txt rows.arrival true.journal fills.csv config.yaml . / new.arrival generated".split(
    " ",
  ),
  ..."BTCUSDT buy sell twap vwap pov is linear spot inverse bybit paper testnet local 1s 3m".split(
    " ",
  ),
  ..."0.01 1e-3 -1 0 64000 urgency=2 a=b http://127.0.0.1:9 2024-08-09T00:00:00Z -- - -x".split(
    " ",
  ),
];

export const commandLine: Target = {
  name: "command-line",
  about: "arguments of every command, in a fenced process",
  kind: "arguments",
  words,
  share: 0.004,
  budgetMs: MOST_MS,
  open,
};
