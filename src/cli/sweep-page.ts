/**
 * Sweep page: what `arrival sweep` prints, and the rows of its table.
 *
 * The best of many arms is never told without how many it was chosen from: luck chooses too.
 */
import type { Bps } from "../core/domain/units.ts";
import { CLUSTERS_MIN } from "../core/tca/paired-difference.ts";
import type { Cell, TableColumn } from "../data/export/table.ts";
import { type ArmSummary, QUEUES } from "../runtime/comparison.ts";
import { formatDuration } from "../runtime/duration.ts";
import type { SweepFailure } from "../runtime/sweep.ts";
import { longestOf, type SweepRequest, unitAt, unitText } from "../runtime/sweep-request.ts";
import {
  FILLED_TOLERANCE,
  heatMap,
  type HeatMap,
  type HeldOut,
  type SweepSummary,
} from "../runtime/sweep-summary.ts";
import type { SweepRow } from "../runtime/sweep-unit.ts";

/** More arms than this are shown by their cost, the cheapest of them; the files have them all. */
const MOST_LINES = 40;

export function sweepText(request: SweepRequest, summary: SweepSummary): string {
  const { comparison } = summary;
  const { windows, effectiveWindows, baseline } = comparison;
  const lines = [
    `${windows} windows of ${formatDuration(longestOf(request))}, ` +
      `${effectiveWindows} of them independent; ${comparison.entered.length} arms`,
    "cost in bps of the decision notional, fees included; + is paid",
    "",
    ...armTable(comparison.arms, baseline),
    "",
    `pessimistic queue; kinder: cost under the other one (${QUEUES[1]!})`,
    `difference: cost less that of ${baseline} on the same parent; 95 % by cluster bootstrap-t; ` +
      "p corrected by Holm over all arms and both queues",
  ];
  if (effectiveWindows < CLUSTERS_MIN) {
    lines.push(
      `no interval: ${effectiveWindows} independent windows are fewer than ${CLUSTERS_MIN}; ` +
        "what you see may be luck",
    );
  }
  if (summary.incomplete > 0) {
    lines.push(`left out: ${summary.incomplete} parents that not every arm could work`);
  }
  const heat = heatMap(request, summary);
  if (heat !== undefined) lines.push("", ...heatTable(heat));
  lines.push("", ...bestLines(request, summary));
  lines.push("what this market can tell and what it cannot: docs/what-the-backtest-assumes.md");
  return `${lines.join("\n")}\n`;
}

const TITLES = ["arm", "cost", "no fees", "sd", "filled", "maker", "kinder", "difference", "p"];
const WIDTHS = [8, 8, 7, 8, 8, 8, 24, 7] as const;

function armTable(arms: readonly ArmSummary[], baseline: string): readonly string[] {
  const kinder = new Map(
    arms.filter(({ queue }) => queue === QUEUES[1]).map(({ arm, meanBps }) => [arm, meanBps]),
  );
  const own = arms.filter(({ queue }) => queue === QUEUES[0]);
  const shown =
    own.length <= MOST_LINES
      ? own
      : own
          .toSorted((a, b) => a.meanBps - b.meanBps)
          .filter(({ arm }, i) => i < MOST_LINES - 1 || arm === baseline);
  const width = Math.max(...shown.map(({ arm }) => arm.length), "arm".length);
  const lines = [joined(width, TITLES)];
  for (const arm of shown) lines.push(armLine(width, arm, kinder.get(arm.arm)!));
  if (shown.length < own.length) {
    lines.push(`… and ${own.length - shown.length} dearer ones: see --json or the output folder`);
  }
  return lines;
}

function armLine(width: number, arm: ArmSummary, kinder: Bps): string {
  const { difference } = arm;
  const interval = intervalText(difference?.interval);
  return joined(width, [
    arm.arm,
    signed(arm.meanBps),
    signed(arm.beforeFeesBps),
    arm.standardDeviation.toFixed(2),
    share(arm.filled),
    share(arm.makerShare),
    signed(kinder),
    difference === undefined ? "baseline" : `${signed(difference.mean)}${interval}`,
    probability(difference?.corrected),
  ]);
}

const joined = (width: number, [first = "", ...cells]: readonly string[]): string =>
  [first.padEnd(width), ...cells.map((cell, i) => cell.padStart(WIDTHS[i]!))].join(" ").trimEnd();

const SHADES = [" ", "░", "▒", "▓", "█"] as const;

/** One line a strategy (and value of the other keys), one column a value of the last key. */
function heatTable({ key, values, lines }: HeatMap): readonly string[] {
  const costs = lines.flatMap(({ cells }) => cells.filter((cell) => cell !== undefined));
  const [low, high] = [Math.min(...costs), Math.max(...costs)];
  const shade = (cost: Bps): string => {
    const at = high === low ? 0 : (cost - low) / (high - low);
    return SHADES[Math.min(SHADES.length - 1, Math.floor(at * SHADES.length))]!;
  };
  const width = Math.max(...lines.map(({ label }) => label.length), key.length + 1);
  const column = Math.max(9, ...values.map((value) => value.length));
  return [
    `cost over the grid, cheapest ${signed(low)}, darker is dearer, █ ${signed(high)}`,
    [`${key}=`.padEnd(width), ...values.map((value) => value.padStart(column))].join(" "),
    ...lines.map(({ label, cells }) => {
      const texts = cells.map((cell) =>
        cell === undefined ? "" : `${signed(cell)} ${shade(cell)}`,
      );
      return [label.padEnd(width), ...texts.map((text) => text.padStart(column))]
        .join(" ")
        .trimEnd();
    }),
  ];
}

function bestLines(request: SweepRequest, { best, comparison }: SweepSummary): readonly string[] {
  const lines = [`cheapest: ${best.arm}, ${signed(best.meanBps)}`];
  if (best.among < best.tried) {
    lines.push(
      `  of the ${best.among} arms that filled as much as any ` +
        `(within ${share(FILLED_TOLERANCE)}); what is not traded costs nothing`,
    );
  }
  if (best.tried > 1) {
    lines.push(
      `  chosen from ${best.tried} by looking: the best of many looks better than it is, because ` +
        "luck chose it too",
      ...heldOutLines(best.heldOut, comparison.baseline),
    );
  }
  const sizes = new Set(request.arms.map(({ quantity }) => quantity));
  if (sizes.size > 1) {
    lines.push("  arms differ in size, and a smaller order costs less: compare like with like");
  }
  return lines;
}

function heldOutLines(heldOut: HeldOut | undefined, baseline: string): readonly string[] {
  if (heldOut === undefined) {
    return [
      `  fewer than ${2 * CLUSTERS_MIN} independent windows: too few to choose on one half and ` +
        "measure on the other; try it on data that it was not chosen on",
    ];
  }
  const { arm, chosenBps, measuredBps, difference } = heldOut;
  const against =
    difference === undefined
      ? "that is the baseline"
      : `${signed(difference.mean)}${intervalText(difference.interval)} against ${baseline}`;
  return [
    `  chosen on every other window it would be ${arm} (${signed(chosenBps)}); on the windows ` +
      `between it costs ${signed(measuredBps)}, ${against}`,
  ];
}

const MOST_FAILURES = 10;

/** What could not be worked, one line each, and how many more. */
export function failureText(request: SweepRequest, failures: readonly SweepFailure[]): string {
  const shown = failures.slice(0, MOST_FAILURES);
  const lines = shown.map(({ unit, text }) => `  ${unitText(request, unit)}: ${text}`);
  const more = failures.length - shown.length;
  return [...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n");
}

/** The table: the same columns as CSV and as Parquet. */
export function sweepColumns({ axes }: SweepRequest): readonly TableColumn[] {
  return [
    ...COLUMNS_BEFORE,
    ...axes.map((name): TableColumn => ({ name, type: "text" })),
    ...COLUMNS_BEHIND,
  ];
}

/** Its rows, in the order of `sweepColumns`. */
export function* sweepCells(
  request: SweepRequest,
  rows: readonly SweepRow[],
): Generator<readonly Cell[]> {
  for (const row of rows) {
    const { market, window, side, arm, queue } = unitAt(request, row.unit);
    yield [
      request.markets[market]!.name,
      window,
      row.cluster,
      side,
      arm.label,
      arm.base,
      ...arm.values,
      arm.strategy.name,
      queue,
      row.costBps,
      row.beforeFeesBps,
      row.filled,
      row.makerShare,
      row.completionSeconds,
      row.phase,
    ];
  }
}

const COLUMNS_BEFORE: readonly TableColumn[] = [
  { name: "market", type: "text" },
  { name: "window", type: "integer" },
  { name: "cluster", type: "integer" },
  { name: "side", type: "text" },
  { name: "arm", type: "text" },
  { name: "of", type: "text" },
];
const COLUMNS_BEHIND: readonly TableColumn[] = [
  { name: "strategy", type: "text" },
  { name: "queue", type: "text" },
  { name: "costBps", type: "number" },
  { name: "beforeFeesBps", type: "number" },
  { name: "filled", type: "number" },
  { name: "makerShare", type: "number" },
  { name: "completionSeconds", type: "number" },
  { name: "phase", type: "text" },
];

const intervalText = (interval: { low: Bps; high: Bps } | undefined): string =>
  interval === undefined ? "" : ` (${signed(interval.low)} … ${signed(interval.high)})`;

function probability(p: number | undefined): string {
  if (p === undefined) return "";
  return p < 0.001 ? "<0.001" : p.toFixed(3);
}

const share = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`;
const signed = (bps: number): string => `${bps >= 0 ? "+" : ""}${bps.toFixed(2)}`;
