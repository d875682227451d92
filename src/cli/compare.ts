/**
 * `arrival compare`: several strategies on the same market, paired, with what the differences are
 * worth.
 */
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import type { ContractKind } from "../core/domain/instrument.ts";
import type { Side } from "../core/domain/side.ts";
import { micros, SECOND } from "../core/domain/units.ts";
import { CLUSTERS_MIN } from "../core/tca/paired-difference.ts";
import { csvCell } from "../data/export/csv-cell.ts";
import { isNative } from "../runtime/arm.ts";
import { compare, type CompareRequest } from "../runtime/compare.ts";
import { type ArmSummary, type Comparison, QUEUES } from "../runtime/comparison.ts";
import { kindOf, nativeNames, strategyNames, tacticNames } from "../runtime/compose.ts";
import { armsOf } from "./arms.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import { distributionSvg } from "./distribution-picture.ts";
import { formatDuration } from "../runtime/duration.ts";
import { openGenerated, openMarket } from "../runtime/market-source.ts";
import { type OnMarket, rank } from "../runtime/ranking.ts";
import { generatedWindow, type Windows } from "../runtime/window.ts";
import { GENERATED_START } from "./backtest.ts";
import { generatedKnobs } from "./generated-data.ts";
import {
  addOrderOptions,
  configOf,
  contractOption,
  type OrderFlags,
  requestOf,
} from "./order-options.ts";
import { rankingText } from "./ranking-page.ts";
import { type PluginFlags, pluginOption, pluginsOf } from "./plugins.ts";
import {
  breathe,
  CommandError,
  EXIT,
  interruptible,
  note,
  print,
  printJson,
  progress,
} from "./output.ts";

interface Flags extends OrderFlags, PluginFlags {
  readonly data: readonly string[];
  readonly symbol?: string;
  readonly contract?: ContractKind;
  readonly strategies: string;
  readonly parents: number;
  readonly sides: "both" | Side;
  readonly json?: boolean;
  readonly csv?: string;
  readonly svg?: string;
}

export function addCompare(program: Command): void {
  const command = program
    .command("compare")
    .description("the same parents through several strategies, paired, with intervals")
    .requiredOption("--data <file...>", 'recordings that follow each other, or "generated"')
    .option("--symbol <name>", "which instrument, where a recording holds several")
    .addOption(contractOption())
    .requiredOption(
      "--strategies <arms>",
      "comma-separated, the first is the baseline; an arm is a strategy, or " +
        "[label=]strategy[:key=value]…[@tactic[:key=value]…]",
    )
    .option("--quantity <n>", "how much each parent trades, in units of the instrument")
    .option("--notional <n>", "how much, in quote coin")
    .option("--parents <n>", "how many windows", wholeNumber, 100)
    .addOption(
      new Option("--sides <which>", "which way").choices(["both", "buy", "sell"]).default("both"),
    );
  addOrderOptions(command, {})
    .addOption(pluginOption())
    .option("--json", "print one JSON document, every outcome included")
    .option("--csv <file>", "write every outcome as a row")
    .option("--svg <file>", "draw the distributions")
    .addHelpText("after", help)
    .action(run);
}

const help = (): string => `
Arms:
  strategies: ${strategyNames().join(", ")}
  tactics: ${tacticNames().join(", ")}
  of the exchange, emulated, outside our limits: ${nativeNames().join(", ")}
  urgency is a key of every strategy: twap:urgency=1

Markets: several, separated by commas, are compared as well: --market recorded,reactive

Generated markets: generated:pressure=0.3,eventsPerSecond=50 trends upwards in a quiet market.

Examples:
  arrival compare --data generated --strategies twap,vwap,pov --quantity 25 --over 3m
  arrival compare --data generated --strategies twap,fast=is:kappaT=4:urgency=1,is@peg:to=mid \\
    --quantity 25 --over 3m --parents 200 --seed 7 --svg costs.svg
  arrival compare --data generated --strategies twap,bybit-twap,bybit-chase --quantity 9 --over 5m`;

async function run(flags: Flags): Promise<void> {
  const plugins = await pluginsOf(flags);
  const kinds = (flags.market ?? "auto").split(",");
  // All of them are checked before any is worked.
  const configs = kinds.map((market) => configOf({ ...flags, market }, plugins));
  const arms = armsOf(flags.strategies, plugins);
  const windows = await windowsOf(flags);
  const first = windows.kind === "recorded" ? windows.market : windows.open(0);
  const results: OnMarket[] = [];
  for (const config of configs) {
    const market = kindOf(first, config);
    if (results.some((one) => one.market === market)) {
      throw new CommandError("USAGE", `--market ${kinds.join(",")}: ${market} is there twice`);
    }
    const request = {
      ...requestOf({ ...flags, side: "buy" }, config, first.header.instrument),
      windows,
      arms,
      sides: flags.sides === "both" ? (["buy", "sell"] as const) : [flags.sides],
      parents: flags.parents,
      plugins,
    };
    const title = configs.length === 1 ? "comparing" : market;
    results.push({ market, comparison: await compared(request, title, flags.json === true) });
  }
  tell(results, flags);
}

async function compared(
  request: CompareRequest,
  title: string,
  isQuiet: boolean,
): Promise<Comparison> {
  const steps = compare(request);
  const bar = progress(title, 1, isQuiet);
  const result = await interruptible(async (isInterrupted) => {
    let drawnAt = 0;
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (performance.now() - drawnAt < 50) continue;
      drawnAt = performance.now();
      const { done, total } = step.value;
      bar.update(done / total, `${done} of ${total} orders worked`);
      await breathe();
      if (isInterrupted()) throw new CommandError("INTERRUPTED", "interrupted", EXIT.interrupted);
    }
  }).finally(() => bar.stop());
  if (!result.ok) throw new CommandError(result.error.code, result.error.text);
  return result.value;
}

function tell(results: readonly OnMarket[], flags: Flags): void {
  const [only, ...others] = results;
  if (flags.csv !== undefined) write("--csv", flags.csv, csv(results));
  if (flags.svg !== undefined) {
    for (const { market, comparison } of results) {
      const path =
        others.length === 0 ? flags.svg : flags.svg.replace(/(\.svg)?$/, `-${market}.svg`);
      write("--svg", path, picture(comparison, market, flags));
    }
  }
  if (others.length === 0) {
    if (flags.json === true) printJson({ market: only!.market, ...only!.comparison });
    else print(text(only!, flags));
    return;
  }
  const ranking = rank(results);
  if (flags.json === true) {
    printJson({
      ranking,
      markets: results.map(({ market, comparison }) => ({ market, ...comparison })),
    });
    return;
  }
  for (const result of results) print(`${text(result, flags)}\n`);
  print(rankingText(ranking));
}

async function windowsOf(flags: Flags): Promise<Windows> {
  const knobs = generatedKnobs(flags.data);
  if (knobs !== undefined) {
    const first = { startAt: micros(GENERATED_START), ...knobs };
    return {
      kind: "generated",
      open: (window) => openGenerated(generatedWindow(first, flags.over, flags.seed, window)),
    };
  }
  const market = await openMarket({
    kind: "files",
    paths: flags.data,
    ...(flags.symbol === undefined ? {} : { symbol: flags.symbol }),
    ...(flags.contract === undefined ? {} : { contract: flags.contract }),
  });
  if (!market.ok) throw new CommandError(market.error.code, market.error.text);
  return { kind: "recorded", market: market.value };
}

function text({ market, comparison }: OnMarket, flags: Flags): string {
  const { windows, effectiveWindows, arms, baseline } = comparison;
  const width = Math.max(...arms.map(({ arm }) => arm.length), "arm".length);
  const lines = [
    `market: ${market}, which ${ANSWERS[market]}`,
    `${windows} windows of ${formatDuration(flags.over)}, ${effectiveWindows} of them independent`,
    "cost in bps of the decision notional, fees included; + is paid",
    ...(market === "generated" ? QUEUES.slice(0, 1) : QUEUES).flatMap((queue) =>
      tableOf(
        arms,
        queue,
        market === "generated" ? REAL_QUEUE : `${queue}: ${QUEUE_NOTES[queue]}`,
        width,
      ),
    ),
    "",
    "done, time: share of parents done in full; by when half of them were",
    `difference: cost less that of ${baseline} on the same parent; 95 % by cluster bootstrap-t; ` +
      "p corrected by Holm",
    "needed: about how many pairs show a difference of that size (5 %, power 80 %)",
  ];
  if (effectiveWindows < CLUSTERS_MIN) {
    lines.push(
      `no interval: ${effectiveWindows} independent windows are fewer than ${CLUSTERS_MIN}; ` +
        "what you see may be luck",
    );
  }
  lines.push(...unequal(comparison), ...natives(comparison));
  lines.push("what this market can tell and what it cannot: docs/what-the-backtest-assumes.md");
  return `${lines.join("\n")}\n`;
}

const ANSWERS: Readonly<Record<OnMarket["market"], string>> = {
  recorded: "does not answer our orders",
  reactive: "is a recording that answers our orders by a model",
  generated: "has traders of its own, among whom our orders stand",
};

function tableOf(
  arms: readonly ArmSummary[],
  queue: QueueModelName,
  title: string,
  width: number,
): string[] {
  const lines = ["", `queue ${title}`, joined(width, TITLES)];
  for (const arm of arms) if (arm.queue === queue) lines.push(armLine(width, arm));
  return lines;
}

const REAL_QUEUE = "as it is: our orders stand in it";
const QUEUE_NOTES: Readonly<Record<QueueModelName, string>> = {
  "risk-averse": "the pessimistic estimate of passive fills",
  probabilistic: "the kinder one",
};

/** Whoever trades less pays less: said of every arm that filled less than its baseline. */
function unequal({ arms, baseline }: Comparison): readonly string[] {
  return arms.flatMap((arm) => {
    const base = arms.find((it) => it.arm === baseline && it.queue === arm.queue)!;
    if (Math.abs(arm.filled - base.filled) <= FILLED_TOLERANCE) return [];
    return [
      `not a fair race: ${arm.arm} (${arm.queue}) filled ${share(arm.filled)}, ` +
        `${baseline} ${share(base.filled)}; what is not traded costs no spread and no fee`,
    ];
  });
}

function natives({ entered }: Comparison): readonly string[] {
  const labels = entered.filter(isNative).map(({ label }) => label);
  if (labels.length === 0) return [];
  return [
    `${labels.join(", ")}: the exchange's own, emulated from its documents; no limit of ours ` +
      "holds for it: docs/concepts/exchange-native-orders.md",
  ];
}

/** Filled shares further apart than this are not compared without a word. */
const FILLED_TOLERANCE = 0.01;
const share = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`;

const TITLES = [
  "arm",
  "cost",
  "no fees",
  "sd",
  "filled",
  "done",
  "time",
  "maker",
  "difference",
  "p",
  "needed",
];
/** Widths of the columns behind the first. */
const COLUMNS = [8, 8, 7, 8, 8, 7, 8, 24, 7, 9] as const;

function armLine(width: number, arm: ArmSummary): string {
  const { difference, medianCompletionSeconds: time } = arm;
  const interval =
    difference?.interval === undefined
      ? ""
      : ` (${signed(difference.interval.low)} … ${signed(difference.interval.high)})`;
  return joined(width, [
    arm.arm,
    signed(arm.meanBps),
    signed(arm.beforeFeesBps),
    arm.standardDeviation.toFixed(2),
    share(arm.filled),
    share(arm.completed),
    time === null ? "–" : formatDuration(micros(Math.round(time) * SECOND)),
    share(arm.makerShare),
    difference === undefined ? "baseline" : `${signed(difference.mean)}${interval}`,
    probability(difference?.corrected),
    difference?.pairsNeeded?.toLocaleString("en-US") ?? "",
  ]);
}

const joined = (width: number, [first = "", ...cells]: readonly string[]): string =>
  [first.padEnd(width), ...cells.map((cell, i) => cell.padStart(COLUMNS[i]!))].join(" ").trimEnd();

function probability(p: number | undefined): string {
  if (p === undefined) return "";
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}

const signed = (bps: number): string => `${bps >= 0 ? "+" : ""}${bps.toFixed(2)}`;

function csv(results: readonly OnMarket[]): string {
  const rows = results.flatMap(({ market, comparison }) =>
    comparison.outcomes.map((outcome) =>
      [market, ...CSV_KEYS.map((key) => csvCell(outcome[key]))].join(","),
    ),
  );
  return `${[["market", ...CSV_KEYS].join(","), ...rows].join("\n")}\n`;
}

const CSV_KEYS = [
  "window",
  "cluster",
  "side",
  "arm",
  "strategy",
  "queue",
  "costBps",
  "beforeFeesBps",
  "filled",
  "makerShare",
  "completionSeconds",
  "phase",
] as const;

function picture(comparison: Comparison, kind: OnMarket["market"], flags: Flags): string {
  const order = flags.quantity ?? `${flags.notional ?? ""} quote`;
  const market = flags.data.map((path) => basename(path)).join(", ");
  const over = formatDuration(flags.over);
  return distributionSvg(
    comparison,
    `${order} over ${over} on ${market} (${kind}), seed ${flags.seed}`,
  );
}

/** Never over a file that is there. */
function write(flag: string, path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: "wx" });
    note(`written: ${path}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError("USAGE", `${flag} ${path}: ${why}`);
  }
}

function wholeNumber(value: string): number {
  const count = Number(value);
  if (/^\d{1,6}$/.test(value) && count >= 1) return count;
  throw new CommandError("USAGE", `not a whole number above zero: ${value}`);
}
