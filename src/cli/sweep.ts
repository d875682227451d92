/**
 * `arrival sweep`: strategies by parameters by markets, on all cores; stopped and gone on with.
 */
import { existsSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type ContractKind, type Instrument, instrumentId } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { type Micros, micros } from "../core/domain/units.ts";
import { QUEUES } from "../runtime/comparison.ts";
import { nativeNames, strategyNames, tacticNames } from "../runtime/compose.ts";
import { noteOf } from "../runtime/plugin.ts";
import { runSweep, type SweepProgress, type SweepRun } from "../runtime/sweep.ts";
import { checkMarkets, type CheckedMarkets } from "../runtime/sweep-check.ts";
import {
  armsOfGrid,
  GRID_KEYS,
  type GridAxis,
  gridSize,
  type SweepArm,
} from "../runtime/sweep-grid.ts";
import { type SweepMarket, type SweepRequest, unitCount } from "../runtime/sweep-request.ts";
import { heatMap, summariseSweep } from "../runtime/sweep-summary.ts";
import { armsOf, splitOutside } from "./arms.ts";
import { GENERATED_START } from "./backtest.ts";
import { generatedKnobs } from "./generated-data.ts";
import { heatSvg } from "./heat-picture.ts";
import {
  addOrderOptions,
  configOf,
  contractOption,
  type OrderFlags,
  parameter,
  requestOf,
} from "./order-options.ts";
import { CommandError, EXIT, interruptible, note, print, printJson, progress } from "./output.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";
import { checkOutput, openStore, pathsOf, writeResults, writeSummary } from "./sweep-output.ts";
import { failureText, sweepCells, sweepColumns, sweepText } from "./sweep-page.ts";

interface Flags extends Omit<OrderFlags, "over">, PluginFlags {
  readonly data: readonly string[];
  readonly join?: boolean;
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly strategies: string;
  readonly grid: readonly string[];
  readonly over?: Micros;
  readonly parents: number;
  readonly sides: "both" | Side;
  readonly workers: number;
  readonly output?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly svg?: string;
}

/** Options of an order that a sweep decides otherwise, with how. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  start: "windows are spread over the data",
  strategy: "strategies are named by --strategies",
  param: "write --strategies is:kappaT=3, or --grid param.kappaT=1,3",
  tactic: "write --strategies is@peg, or --grid tactic=peg",
  tacticParam: "write --strategies is@peg:to=mid, or --grid tactic.to=mid,near",
  decisionPrice: "every order is decided when it arrives",
  alphaHalfLife: "every order is worked without it",
  acceptInfeasible: "orders are taken on although they may not finish: see the column filled",
  queue: "every order is worked under both",
};

export function addSweep(program: Command): void {
  const command = program
    .command("sweep")
    .description("strategies by parameters by markets, on all cores; can be stopped and gone on")
    .requiredOption(
      "--data <file...>",
      'recordings, each a market of its own, or "generated" (a new market for each window)',
    )
    .option("--join", "the recordings follow each other and are one market")
    .option("--symbol <name>", "which instrument, where a recording holds several")
    .addOption(contractOption())
    .requiredOption(
      "--strategies <arms>",
      "comma-separated, the first is the baseline: [label=]strategy[:key=value]…[@tactic…]",
    )
    .option("--grid <key=values>", "values of one key, comma-separated; may be repeated", more, [])
    .option("--quantity <n>", "how much each parent trades, in units of the instrument")
    .option("--notional <n>", "how much, in quote coin")
    .option("--parents <n>", "how many windows in each market", wholeNumber, 100)
    .addOption(
      new Option("--sides <which>", "which way").choices(["both", "buy", "sell"]).default("both"),
    )
    .option("--workers <n>", "threads [all cores]", workerCount, availableParallelism())
    .option("-o, --output <path>", "keep the results: NAME.csv, NAME.parquet, or a folder")
    .option("--resume", "go on with what is in the output")
    .option("--dry-run", "check everything, say how many runs it would be, and run nothing");
  addOrderOptions(command, {})
    .addOption(pluginOption())
    .option("--json", "print one JSON document")
    .option("--svg <file>", "draw the costs over the grid")
    .addHelpText("after", help)
    .action(run);
  for (const option of command.options) {
    const name = option.attributeName();
    if (Object.hasOwn(ELSEWHERE, name)) option.hideHelp();
    if (name === "over") option.makeOptionMandatory(false);
  }
}

const help = (): string => `
Grid keys: ${GRID_KEYS.join(", ")}
  a star stands for the name of a parameter: param.kappaT=1,2,4
Strategies: ${strategyNames().join(", ")}; tactics: ${tacticNames().join(", ")}
  of the exchange, emulated, outside our limits: ${nativeNames().join(", ")}

Examples:
  arrival sweep --data generated --strategies twap,pov --grid urgency=0.1,0.5,0.9 \\
    --quantity 10 --over 3m --parents 30
  arrival sweep --data monday.gz tuesday.gz --strategies is --grid param.kappaT=1,2,4 \\
    --grid over=1m,3m --notional 100000 -o kappa/
  arrival sweep … -o kappa/ --resume`;

async function run(flags: Flags, command: Command): Promise<void> {
  refuseElsewhere(flags, command);
  await checkOutput(flags.output);
  const plugins = await pluginsOf(flags);
  const config = configOf({ ...flags, over: micros(0) }, plugins);
  const axes = flags.grid.map(axisOf);
  const sides: readonly Side[] = flags.sides === "both" ? ["buy", "sell"] : [flags.sides];
  const arms = armsFor(flags, axes, plugins);
  const asked = { markets: marketsOf(flags), arms, parents: flags.parents, seed: flags.seed };
  const checked = await checkedMarkets(asked, flags.json === true);
  const { constraints } = requestOf(
    { ...flags, side: "buy", over: arms[0]!.over, ...sizeOf(arms[0]!) },
    config,
    oneGrid(flags, checked.instruments),
  );
  const request: SweepRequest = {
    ...asked,
    markets: checked.markets,
    axes: axes.map(({ key }) => key),
    sides,
    constraints,
    config,
    plugins: plugins.map(noteOf),
    pluginPaths: flags.plugin ?? [],
  };
  note(planText(request, axes, flags));
  if (flags.dryRun === true) return;
  await report(request, flags, await worked(request, flags, checked.first));
}

function refuseElsewhere(flags: Flags, command: Command): void {
  for (const [name, how] of Object.entries(ELSEWHERE)) {
    if (command.getOptionValueSource(name) !== "cli") continue;
    const option = command.options.find((it) => it.attributeName() === name)!;
    throw new CommandError("USAGE", `${option.long ?? name} is not for a sweep: ${how}`);
  }
  if (flags.resume === true && flags.output === undefined) {
    throw new CommandError("USAGE", "--resume goes on with an output: name it with -o");
  }
  if (flags.join === true && flags.data.some((one) => /^generated(:|$)/.test(one))) {
    throw new CommandError("USAGE", "--join is for recordings");
  }
  if (flags.urgency !== undefined && flags.grid.some((text) => text.startsWith("urgency="))) {
    throw new CommandError("USAGE", "urgency is in the grid: leave out --urgency");
  }
  if (flags.quantity !== undefined && flags.notional !== undefined) {
    throw new CommandError("USAGE", "give either --quantity or --notional");
  }
  if (flags.svg === undefined) return;
  // After a night of work is too late to say so.
  if (flags.grid.length === 0) throw new CommandError("USAGE", "--svg draws a grid: give --grid");
  if (existsSync(flags.svg)) {
    throw new CommandError("USAGE", `--svg ${flags.svg} is there already: name another file`);
  }
}

/** `key=value,value`: commas in brackets or quotes belong to the value. */
function axisOf(text: string): GridAxis {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new CommandError("USAGE", `--grid ${text}: write key=value,value, as in urgency=0.1,0.9`);
  }
  const values = splitOutside(text.slice(at + 1), ",").map((value) => {
    try {
      return { text: value, value: parameter(`value=${value}`)["value"] };
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new CommandError("USAGE", `--grid ${text}: ${value}: ${error.message}`);
    }
  });
  return { key: text.slice(0, at), values };
}

/** A result table of more rows than this is no table any more. */
const MOST_UNITS = 5_000_000;

function armsFor(
  flags: Flags,
  axes: readonly GridAxis[],
  plugins: Parameters<typeof armsOfGrid>[3],
): readonly SweepArm[] {
  const bases = armsOf(flags.strategies, plugins);
  const sides = flags.sides === "both" ? 2 : 1;
  const markets = flags.join === true ? 1 : flags.data.length;
  const windows = markets * flags.parents;
  const count = bases.length * gridSize(axes) * windows * sides * QUEUES.length;
  if (count > MOST_UNITS) {
    const text = `that would be ${count.toLocaleString("en-US")} runs`;
    throw new CommandError("USAGE", `${text}; at most 5,000,000: ask for less at a time`);
  }
  const size = flags.quantity ?? flags.notional;
  const arms = armsOfGrid(
    bases,
    axes,
    {
      ...(size === undefined ? {} : { quantity: size, isNotional: flags.notional !== undefined }),
      ...(flags.over === undefined ? {} : { over: flags.over }),
    },
    plugins,
  );
  if (!arms.ok) throw new CommandError("SWEEP_GRID", gridText(arms.error));
  return arms.value;
}

const MOST_FAULTS = 30;

function gridText(faults: readonly string[]): string {
  const more = faults.length - MOST_FAULTS;
  const lines = faults.slice(0, MOST_FAULTS);
  return `nothing was run:\n${lines.join("\n")}${more > 0 ? `\nand ${more} more` : ""}`;
}

function marketsOf(flags: Flags): readonly SweepMarket[] {
  const knobs = generatedKnobs(flags.data);
  if (knobs !== undefined) {
    const [name = ""] = flags.data;
    return [{ kind: "generated", name, startAt: micros(GENERATED_START), knobs }];
  }
  const which = {
    ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
    ...(flags.contract === undefined ? {} : { contract: flags.contract }),
  };
  const groups = flags.join === true ? [flags.data] : flags.data.map((path) => [path]);
  return groups.map((paths) => ({
    kind: "recorded",
    name: paths.map((path) => basename(path)).join("+"),
    files: { kind: "files", paths, ...which },
  }));
}

async function checkedMarkets(
  asked: Parameters<typeof checkMarkets>[0],
  quiet: boolean,
): Promise<CheckedMarkets> {
  const { markets } = asked;
  const hasFiles = markets.some(({ kind }) => kind === "recorded");
  const bar = progress("reading", hasFiles ? markets.length : 0, quiet);
  const checked = await checkMarkets(asked, (market, done) =>
    bar.update(market + done, markets[market]!.name),
  ).finally(() => bar.stop());
  if (checked.ok) return checked.value;
  const { code, text } = checked.error;
  throw new CommandError(code, code === "SWEEP_GRID" ? gridText(text.split("\n")) : text);
}

/** Prices on the command line are in ticks of one instrument. */
function oneGrid(flags: Flags, instruments: readonly Instrument[]): Instrument {
  const ids = new Set(instruments.map(instrumentId));
  if (ids.size > 1 && (flags.limit !== undefined || flags.would !== undefined)) {
    const text = `--limit and --would are prices of one instrument, not ${[...ids].join(", ")}`;
    throw new CommandError("USAGE", text);
  }
  return instruments[0]!;
}

/** Any size will do to read the constraints: those of the arms have been checked. */
const sizeOf = ({ quantity, isNotional }: SweepArm) =>
  isNotional ? { notional: quantity } : { quantity };

function planText(request: SweepRequest, axes: readonly GridAxis[], flags: Flags): string {
  const { arms, markets, parents, sides } = request;
  const bases = new Set(arms.map(({ base }) => base)).size;
  const grid = axes.map(({ key, values }) => ` × ${values.length} ${key}`).join("");
  const factors = [
    `${counted(bases, "strategy", "strategies")}${grid} = ${counted(arms.length, "arm")}`,
    counted(markets.length, "market"),
    counted(parents, "window"),
    counted(sides.length, "side"),
    `${QUEUES.length} queues = ${unitCount(request).toLocaleString("en-US")} runs`,
  ];
  return `${factors.join(" × ")} on ${counted(flags.workers, "worker")}`;
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

async function worked(
  request: SweepRequest,
  flags: Flags,
  first: CheckedMarkets["first"],
): Promise<SweepRun> {
  const store =
    flags.output === undefined
      ? undefined
      : openStore(flags.output, request, flags.resume === true);
  if (flags.resume === true && store !== undefined)
    note(resumedText(store.done.size, store.damaged));
  const bar = progress("sweep", 1, flags.json === true);
  const startedAt = performance.now();
  const before = store?.done.size ?? 0;
  try {
    const result = await interruptible(async (isStopped) => {
      const ended = await runSweep(request, {
        workers: flags.workers,
        isStopped,
        onProgress: (at) =>
          bar.update((at.done + at.failed) / at.total, progressText(at, before, startedAt)),
        ...(store === undefined ? {} : { store }),
        ...(first === undefined ? {} : { first }),
      });
      bar.stop();
      return ended;
    });
    if (!result.ok) throw new CommandError(result.error.code, result.error.text);
    const swept = result.value;
    if (!swept.isWhole) {
      throw new CommandError("INTERRUPTED", stopText(swept, flags), EXIT.interrupted);
    }
    return swept;
  } finally {
    bar.stop();
    store?.close();
  }
}

function resumedText(done: number, damaged: number): string {
  const again = damaged === 0 ? "" : `; ${damaged} damaged lines are worked again`;
  return `${done.toLocaleString("en-US")} runs are there already${again}`;
}

function progressText(at: SweepProgress, before: number, startedAt: number): string {
  const seconds = (performance.now() - startedAt) / 1000;
  const rate = (at.done + at.failed - before) / Math.max(seconds, 1e-3);
  const left = rate > 0 ? Math.ceil((at.total - at.done - at.failed) / rate) : undefined;
  const failed = at.failed > 0 ? `, ${at.failed} failed` : "";
  const [done, total] = [at.done, at.total].map((count) => count.toLocaleString("en-US"));
  return (
    `${done} of ${total} orders${failed}, ${rate.toFixed(0)}/s` +
    (left === undefined ? "" : `, ${spanText(left)} left`)
  );
}

function spanText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function stopText({ rows }: SweepRun, { output }: Flags): string {
  if (output === undefined) return "stopped; nothing was kept: name an output with -o";
  const args = process.argv.slice(2).filter((arg) => arg !== "--resume");
  const words = [...args, "--resume"].map((arg) =>
    /^[\w./:=,@+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`,
  );
  return (
    `stopped; ${rows.length.toLocaleString("en-US")} runs are kept in ${pathsOf(output).log}; ` +
    `go on with: arrival ${words.join(" ")}`
  );
}

async function report(
  request: SweepRequest,
  flags: Flags,
  { rows, failures }: SweepRun,
): Promise<void> {
  const paths = flags.output === undefined ? undefined : pathsOf(flags.output);
  if (paths !== undefined) {
    await writeResults(paths.table, sweepColumns(request), sweepCells(request, rows));
    note(`written: ${paths.table}`);
  }
  const summary = summariseSweep(request, rows);
  if (summary !== undefined) {
    const heat = heatMap(request, summary);
    const document = {
      runs: rows.length,
      failures: failures.length,
      markets: request.markets.map(({ name }) => name),
      ...summary,
      heat: heat ?? null,
    };
    if (paths?.summary !== undefined) {
      writeSummary(paths.summary, JSON.stringify(document, undefined, 2));
      note(`written: ${paths.summary}`);
    }
    if (flags.svg !== undefined && heat !== undefined) {
      writeSvg(flags.svg, heatSvg(heat, pictureTitle(request)));
    }
    if (flags.json === true) printJson(document);
    else print(sweepText(request, summary));
  }
  if (failures.length > 0) {
    const text = `${failures.length} runs failed:\n${failureText(request, failures)}\n`;
    throw new CommandError("SWEEP_FAILED", `${text}--resume tries them again`, EXIT.no);
  }
}

function pictureTitle({ markets, axes, parents, seed }: SweepRequest): string {
  const [first] = markets;
  const where = markets.length === 1 ? first!.name : `${markets.length} markets`;
  return `Cost over ${axes.join(" and ")} · ${where}, ${parents} windows each, seed ${seed}`;
}

/** Never over a file that is there. */
function writeSvg(path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: "wx" });
    note(`written: ${path}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("USAGE", `--svg ${path}: ${why}`);
  }
}

const more = (text: string, before: readonly string[]): readonly string[] => [...before, text];

function wholeNumber(value: string): number {
  const count = Number(value);
  if (/^\d{1,6}$/.test(value) && count >= 1) return count;
  throw new InvalidArgumentError("A whole number above zero.");
}

const MOST_WORKERS = 256;

function workerCount(value: string): number {
  const count = wholeNumber(value);
  if (count <= MOST_WORKERS) return count;
  throw new InvalidArgumentError(`At most ${MOST_WORKERS}.`);
}
