/**
 * Report: bench/RESULTS.md, with every figure from the runs at hand.
 *
 * Whether an aim was reached is said by the figures, in the same words whichever way it comes out.
 */
import type { Agreement, KindAgreement } from "./agreement.ts";
import type { Cause } from "./causes.ts";
import type { Engine, Run } from "./engines.ts";
import type { MarketFiles } from "./market-files.ts";
import {
  differences,
  fileNote,
  installNote,
  replayNote,
  scriptInWords,
  sharedNote,
  unequal,
} from "./report-words.ts";

export interface Result {
  readonly engine: Engine;
  readonly runs: readonly Run[];
}

export interface Compared {
  readonly engine: Engine;
  readonly agreement: Agreement;
  readonly causes: ReadonlyMap<Cause, readonly number[]>;
  /** Whether all looks saw the same touch and sizes; `undefined` where it ran a part only. */
  readonly sameBooks: boolean | undefined;
}

export interface ReportInput {
  readonly machine: string;
  readonly date: string;
  readonly results: readonly Result[];
  /** What was left out, and why. */
  readonly absent: readonly string[];
  readonly compared: readonly Compared[];
  readonly files: MarketFiles;
  readonly loops: number;
  readonly rounds: number;
  readonly command: string;
  readonly recording: string;
}

/** What the issue of this work set out to reach. */
const AIMS = [
  { peer: "hftbacktest-rust-", what: "the fastest hftbacktest in Rust", times: 1.5 },
  // No aim of its own: that the same core may be faster from Python must not go unsaid.
  { peer: "hftbacktest-", what: "the fastest hftbacktest of all", times: undefined },
  { peer: "nautilus", what: "NautilusTrader", times: 5 },
];

export function writeReport(input: ReportInput): string {
  const { absent, compared } = input;
  return [
    "# Peers side by side",
    heading(input),
    aims(input),
    "## Replay, all data in memory",
    replayTable(input),
    replayNote,
    "## From the compressed file to the end",
    fileTable(input),
    fileNote,
    "## Agreement of fills",
    agreementTable(compared),
    unequal,
    "## Why they differ",
    ...compared.filter(({ engine }) => engine.name === "hftbacktest-rust-hashmap").map(causeList),
    differences,
    "## What was run",
    scriptInWords(input.files.work, input.recording, input.loops),
    versions(input),
    `Command: \`${input.command}\`. ${installNote}`,
    ...(absent.length > 0 ? ["## Left out", absent.map((line) => `- ${line}`).join("\n")] : []),
    "",
  ].join("\n\n");
}

/** The fastest run of an engine over its slowest: beyond this the machine was not ours alone. */
const QUIET = 1.3;

const heading = ({ date, machine, rounds, results }: ReportInput): string =>
  `Written by \`npm run bench:peers\` on ${date}; do not edit. ${machine}.
${rounds} runs each, in turns, every run a fresh process; medians (minimum to maximum).${
    results.some(({ runs }) => spreadOf(runs) > QUIET) ? `\n\n${sharedNote}` : ""
  }`;

function aims({ results }: ReportInput): string {
  const own = find(results, "arrival");
  if (own === undefined) return "Arrival itself was not run: there are no ratios.";
  const lines = AIMS.map(({ peer, what, times }) => {
    const peers = results.filter(({ engine }) => engine.name.startsWith(peer));
    if (peers.length === 0) return `- ${what}: not run here.`;
    const best = peers.reduce((a, b) => (rateOf(a) >= rateOf(b) ? a : b));
    const ratio = rateOf(own) / rateOf(best);
    const perCpu = cpuRateOf(own) / cpuRateOf(best);
    const beside = Number.isFinite(perCpu) ? ` (by processor time ${perCpu.toFixed(2)} ×)` : "";
    const verdict = ratio >= (times ?? 0) ? "reached" : "missed";
    const aim = times === undefined ? "." : `; the aim of ${times} × is ${verdict}.`;
    const said = `**${ratio.toFixed(2)} ×**${beside}${aim}`;
    return `- ${what} (${best.engine.title}): ${said}`;
  });
  const opening = `Arrival does the same work at ${rateOf(own).toFixed(1)} M events/s. Against`;
  return [opening, lines.join("\n")].join("\n\n");
}

function replayTable({ results }: ReportInput): string {
  const own = find(results, "arrival");
  const rows = results.map((result) => {
    const rates = result.runs.map((run) => run.rows / run.replaySeconds / 1e6);
    const ratio = own === undefined ? "" : (rateOf(own) / rateOf(result)).toFixed(2);
    return [
      result.engine.title,
      `${digits(medianOf(rates))} (${digits(Math.min(...rates))} to ${digits(Math.max(...rates))})`,
      result === own ? "" : ratio,
      Number.isFinite(cpuRateOf(result)) ? digits(cpuRateOf(result)) : "not told",
      millions(result.runs[0]!.rows),
    ];
  });
  return table(
    ["engine", "M events/s", "Arrival is × as fast", "M events per CPU s", "events"],
    rows,
  );
}

function fileTable({ results }: ReportInput): string {
  const rows = results
    .filter(({ engine }) => engine.seenPath !== undefined)
    .map(({ engine, runs }) => {
      const load = medianOf(runs.map(({ loadSeconds }) => loadSeconds));
      const whole = medianOf(runs.map((run) => run.rows / (run.loadSeconds + run.replaySeconds)));
      const process = medianOf(runs.map(({ processSeconds }) => processSeconds));
      const isStream = engine.name === "arrival-cold";
      return [
        engine.title,
        isStream ? "while it replays" : `${load.toFixed(2)} s`,
        digits(whole / 1e6),
        `${process.toFixed(1)} s for ${millions(runs[0]!.rows)} events`,
      ];
    });
  return table(["engine", "load", "load and replay, M events/s", "whole process"], rows);
}

function agreementTable(compared: readonly Compared[]): string {
  const rows = compared.map(({ engine, agreement, sameBooks }) => [
    engine.title,
    sameBooks === undefined ? "a part only" : sameBooks ? "all equal" : "differ",
    `${agreement.sameOrders} of ${agreement.orders}`,
    fillsInWords(agreement.aggressive),
    fillsInWords(agreement.passive),
    `${lotsOf(agreement, "ourLots")} and ${lotsOf(agreement, "theirLots")}`,
  ]);
  const head = [
    "Arrival and",
    "touch and sizes at the looks",
    "orders sent alike",
    "taking orders filled alike",
    "resting orders filled alike",
    "lots filled, ours and theirs",
  ];
  return table(head, rows);
}

function fillsInWords({ filled, equal, sameLots, onlyOurs, onlyTheirs }: KindAgreement): string {
  const rest = [
    [sameLots, "same lots, other time or parts"],
    [onlyOurs, "by Arrival alone"],
    [onlyTheirs, "by the peer alone"],
    [filled - equal - sameLots - onlyOurs - onlyTheirs, "other lots or price"],
  ] as const;
  const said = rest.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [`${equal} of ${filled}`, ...said].join("; ");
}

const lotsOf = ({ passive, aggressive }: Agreement, which: "ourLots" | "theirLots"): number =>
  passive[which] + aggressive[which];

function causeList({ causes, agreement }: Compared): string {
  if (agreement.different.length === 0) return "No order was filled differently by hftbacktest.";
  const lines = [...causes]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([cause, orders]) => {
      return [cause, String(orders.length), orders.slice(0, 5).join(", ")];
    });
  const what = "what the recording shows at the first instant that differs";
  const titles = [what, "orders", "for example"];
  return `hftbacktest (Rust, HashMap):\n\n${table(titles, lines)}`;
}

function versions({ results }: ReportInput): string {
  const lines = new Set(results.map(({ engine }) => `- ${engine.version}`));
  return `Versions:\n\n${[...lines].join("\n")}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(tableLine).join("\n");
}

const tableLine = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function spreadOf(runs: readonly Run[]): number {
  const seconds = runs.map(({ replaySeconds }) => replaySeconds);
  return Math.max(...seconds) / Math.min(...seconds);
}

const find = (results: readonly Result[], name: string): Result | undefined =>
  results.find(({ engine }) => engine.name === name);

const rateOf = ({ runs }: Result): number =>
  medianOf(runs.map((run) => run.rows / run.replaySeconds / 1e6));

/** Of processor time: what another process's load distorts less. */
const cpuRateOf = ({ runs }: Result): number =>
  medianOf(runs.map((run) => run.rows / (run.cpuSeconds ?? NaN) / 1e6));

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const digits = (rate: number): string => (rate >= 1 ? rate.toFixed(1) : rate.toFixed(2));
const millions = (rows: number): string => `${(rows / 1e6).toFixed(1)} M`;
