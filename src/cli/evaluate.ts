/**
 * `arrival evaluate`: what an advisor is worth, measured on generated markets against others.
 */
import { statSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ADVISOR_FORMS } from "../advisors/advisor-forms.ts";
import type { Side } from "../core/domain/side.ts";
import { type Micros, MINUTE } from "../core/domain/units.ts";
import { type ArrivalConfig, configJson } from "../runtime/config.ts";
import { parseDuration } from "../runtime/duration.ts";
import { evaluate } from "../runtime/evaluation/evaluate.ts";
import { reportOf } from "../runtime/evaluation/evaluation-report.ts";
import {
  type EvaluationRequest,
  type MarketRegimeName,
  type NewsWords,
  REGIMES,
} from "../runtime/evaluation/evaluation-request.ts";
import { faultOf } from "../runtime/evaluation/parent-run.ts";
import { openEvaluated } from "../runtime/evaluation/open-evaluated.ts";
import { RowStore } from "../runtime/evaluation/row-store.ts";
import { factsOf } from "../runtime/evaluation/statistics.ts";
import type { EarnedTerms } from "../runtime/influence/earned-influence.ts";
import { PROGRAM } from "../runtime/program.ts";
import { assertEarned } from "./advised.ts";
import { addEvaluateInfluence, assertNew, learnedText, learnTable } from "./evaluate-influence.ts";
import { configOf, weightOrTable } from "./order-options.ts";
import { CommandError, EXIT, note, print, printJson, progress } from "./output.ts";
import { Pace } from "./pace.ts";
import { Signals } from "./signals.ts";

interface Flags {
  readonly advisor: string;
  readonly markets: number;
  readonly sides: "both" | Side;
  readonly over: Micros;
  readonly quantity: string;
  readonly strategy: string;
  readonly regimes: readonly MarketRegimeName[];
  readonly words: NewsWords;
  readonly events: number;
  readonly rollouts: number;
  readonly training: number;
  readonly raw: boolean;
  readonly atOnce: number;
  readonly seed: number;
  readonly config?: string;
  readonly store?: string;
  readonly record?: string;
  readonly write?: string;
  readonly influence?: number | string;
  readonly learn?: string;
  readonly json?: boolean;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command("evaluate")
    .description("what an advisor is worth, against others on the same orders");
  addEvaluateInfluence(command);
  command
    .command("advisor")
    .description("paired orders by every arm, decisions against rollouts, confidence, twins")
    .option("--advisor <who>", `who is measured: ${ADVISOR_FORMS}`, "none")
    .option("--markets <n>", "generated markets; each is a cluster", whole(1), 40)
    .addOption(
      new Option("--sides <which>", "which way").choices(["both", "buy", "sell"]).default("both"),
    )
    .addOption(
      new Option("--over <span>", "time to work each order in")
        .argParser(duration)
        .default(duration("5m"), "5m"),
    )
    .option("--quantity <n>", "how much each order trades, in coins", "2")
    .option("--strategy <name>", "the baseline that advice starts from", "is")
    .addOption(
      new Option("--regimes <names>", `of ${REGIMES.join(", ")}, comma-separated`)
        .argParser(regimes)
        .default(REGIMES, "all"),
    )
    .addOption(
      new Option("--words <split>", "whose words the news is told in")
        .choices(["training", "validation", "test"])
        .default("test"),
    )
    .option("--events <n>", "of a market, a second", whole(1), 10)
    .option("--rollouts <n>", "markets in which every decision is judged", whole(0), 10)
    .option("--training <n>", "further markets that the tabular model learns from", whole(0), 20)
    .option("--no-raw", "do not ask it again with the widest envelope")
    .option("--at-once <n>", "orders that it is asked about at a time", whole(1), 1)
    .option("--seed <n>", "seed of everything that is drawn", whole(0), 1)
    .option("--config <file>", "settings, YAML or JSON: envelope, interval, time-out, prices")
    .option("--store <file>", "keep what is done, and go on with it")
    .option("--record <file>", "keep every exchange, for recorded:FILE")
    .option("--write <file>", "append the report to this page")
    .option("--influence <0..1|file>", "how much of its advice is done [1: all]", weightOrTable)
    .option("--learn <file>", "write down what weight it has earned in each regime")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  arrival evaluate advisor --markets 20
  arrival evaluate advisor --advisor local:smollm2-135m --store smollm2.jsonl \\
    --write docs/reference/advisor-results.md
  arrival evaluate advisor --advisor anthropic:MODEL --at-once 8 --no-raw`,
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const request = requestOf(flags);
  const fault = faultOf(request);
  if (fault !== undefined) throw new CommandError(fault.code, fault.text);
  if (flags.write !== undefined) append(flags.write, "");
  if (flags.learn !== undefined) assertLearnable(flags, flags.learn);
  const signals = new Signals();
  const store = storeOf(flags, request);
  try {
    const isWhole = await worked(flags, request, store, signals);
    if (!isWhole) note("interrupted: what follows is of what was done");
    tell(flags, request, store, isWhole);
    if (isWhole && flags.learn !== undefined) {
      const how = { signal: signals.aborted, json: flags.json === true };
      const table = await learnTable(request, store.rows, flags.learn, how);
      if (flags.json !== true) print(learnedText(table));
    }
    if (!isWhole) process.exitCode = EXIT.interrupted;
  } finally {
    store.close();
    signals.close();
  }
}

/** Known before hours go by. */
function assertLearnable({ advisor, influence }: Flags, learn: string): void {
  if (advisor === "none") throw new CommandError("USAGE", "--learn needs an --advisor");
  if (influence !== undefined) {
    throw new CommandError("USAGE", "--learn measures at full influence: leave --influence out");
  }
  assertNew(learn);
}

/** @returns whether all of it was done. */
async function worked(
  flags: Flags,
  request: EvaluationRequest,
  store: RowStore,
  signals: Signals,
): Promise<boolean> {
  const opened = await openEvaluated(flags.advisor, request.config, {
    environment: process.env,
    onFault: note,
    signal: signals.aborted,
    ...(flags.record === undefined ? {} : { recordTo: flags.record }),
  });
  if (!opened.ok) throw new CommandError(opened.error.code, opened.error.text);
  const advisor = opened.value;
  const pace = new Pace(1, "orders", 1);
  const bar = progress("evaluating", 1, flags.json === true);
  signals.onEach = (count) => void (count > 1 && process.exit(EXIT.interrupted));
  try {
    if (advisor !== undefined) assertEarned(request.config, advisor.name);
    await evaluate({
      request,
      advisor,
      store,
      signal: signals.aborted,
      atOnce: flags.atOnce,
      onProgress: (done, total, what) =>
        bar.update(done / total, `${what} · ${pace.text(done, total)}`),
    });
    return true;
  } catch (error) {
    if (!signals.aborted.aborted) throw error;
    return false;
  } finally {
    bar.stop();
    await advisor?.close();
  }
}

function tell(flags: Flags, request: EvaluationRequest, store: RowStore, isWhole: boolean): void {
  if (!store.rows.some(({ kind }) => kind === "parent")) return;
  const facts = factsOf(request, store.rows);
  const report = reportOf(request, facts, {
    advisor: flags.advisor === "none" ? "No advisor: the other arms alone" : flags.advisor,
    command: commandOf(process.argv.slice(2)),
    program: `${PROGRAM}, Node ${process.version}`,
    date: new Date().toISOString().slice(0, 10),
    isWhole,
  });
  if (flags.json === true) printJson({ advisor: flags.advisor, isWhole, facts });
  else print(`${report}\n`);
  if (flags.write === undefined) return;
  const head = statSync(flags.write).size === 0 ? PAGE_HEAD : "";
  append(flags.write, `${head}\n${report}\n`);
  note(`appended to ${flags.write}`);
}

function append(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "a" });
  } catch (error) {
    throw new CommandError("USAGE", `--write ${path}: ${(error as Error).message}`);
  }
}

const PAGE_HEAD = [
  "# What advisors are worth",
  "",
  "Appended by `arrival evaluate advisor --write`, one section a run, losses included. How to read",
  "them and what they cannot show: [evaluate an advisor](../how-to/evaluate-an-advisor.md).",
  "Targets are targets, not results.",
  "",
].join("\n");

/** Where files are on this machine is nobody's business. */
const commandOf = (words: readonly string[]): string =>
  ["arrival", ...words.map((word) => word.replace(/^(?:\/[^/]+)+\//, ""))].join(" ");

function requestOf(flags: Flags): EvaluationRequest {
  const config = configOf({
    side: "buy",
    over: flags.over,
    cross: true,
    residual: "cross",
    seed: flags.seed,
    strategy: flags.strategy,
    ...(flags.config === undefined ? {} : { config: flags.config }),
    ...(flags.influence === undefined ? {} : { influence: flags.influence }),
  });
  if (!/^\d+(?:\.\d+)?$/.test(flags.quantity) || Number(flags.quantity) <= 0) {
    throw new CommandError("USAGE", `--quantity ${flags.quantity}: not an amount above zero`);
  }
  return {
    config,
    seed: flags.seed,
    windows: flags.markets,
    sides: flags.sides === "both" ? ["buy", "sell"] : [flags.sides],
    regimes: flags.regimes,
    quantity: flags.quantity,
    over: flags.over,
    eventsPerSecond: flags.events,
    words: flags.words,
    rollouts: Math.min(flags.rollouts, flags.markets),
    training: flags.training,
    isRawToo: flags.raw,
    ...(flags.influence === undefined ? {} : { influence: earnedOf(config) }),
  };
}

const earnedOf = ({ advice }: ArrivalConfig): EarnedTerms => ({
  influence: advice.influence,
  influenceSource: advice.influenceSource,
});

function storeOf(flags: Flags, request: EvaluationRequest): RowStore {
  if (flags.store === undefined) return RowStore.inMemory();
  // More rollouts, or the raw arm, go on with the same file; what else there is hangs on the rest.
  const { rollouts: _, isRawToo: _raw, config, ...rest } = request;
  const identity = { ...rest, advisor: flags.advisor, config: configJson(config) };
  const opened = RowStore.open(flags.store, identity);
  if (opened.ok) return opened.value;
  throw new CommandError(opened.error.code, opened.error.text);
}

function whole(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`not a whole number of at least ${least}`);
  };
}

function duration(text: string): Micros {
  const span = parseDuration(text);
  if (span.ok && span.value >= MINUTE / 2 && span.value <= 6 * 60 * MINUTE) return span.value;
  throw new InvalidArgumentError("a time from 30s to 6h, such as 5m");
}

function regimes(text: string): readonly MarketRegimeName[] {
  const names = text.split(",");
  const known = names.flatMap((name) => REGIMES.filter((one) => one === name));
  if (known.length === names.length && known.length > 0) return known;
  throw new InvalidArgumentError(`of ${REGIMES.join(", ")}`);
}
