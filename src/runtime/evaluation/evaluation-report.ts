/**
 * Evaluation report: the facts of an evaluation as text for a page: Markdown, and the same for a
 * terminal.
 *
 * What must stay true: a target stands beside a result as a target, and a loss is told as plainly
 * as a gain.
 */
import { CLUSTERS_MIN } from "../../core/tca/paired-difference.ts";
import type { AnswerFacts } from "./answer-facts.ts";
import type { Calibration } from "./calibration-of-confidence.ts";
import type { EvaluationRequest } from "./evaluation-request.ts";
import type { Quality } from "./quality.ts";
import type { ArmDifference, EvaluationFacts, MirrorFacts } from "./statistics.ts";

export interface ReportHead {
  readonly advisor: string;
  /** As it was typed. */
  readonly command: string;
  /** Of the machine and the program. */
  readonly program: string;
  readonly date: string;
  /** False: it was interrupted, and these are the rows so far. */
  readonly isWhole: boolean;
}

type Row = readonly string[];

const NO_INTERVAL = `No interval is told of fewer than ${CLUSTERS_MIN} markets: it may be luck.`;

export function reportOf(
  request: EvaluationRequest,
  facts: EvaluationFacts,
  head: ReportHead,
): string {
  const { quality, calibration, twins } = facts;
  return [
    `## ${head.advisor}`,
    headText(request, facts, head),
    "### Cost",
    "bps of the decision notional, fees included; + is paid. Tail: the mean of the dearest " +
      "twentieth (CVaR 95).",
    armTable(facts),
    "### Differences",
    "Cost of the one less cost of the other on the same parents: under zero, the first was " +
      "cheaper. 95 % by cluster bootstrap-t over markets; p after Holm over all rows.",
    differenceTable(facts.differences),
    ...(request.windows < CLUSTERS_MIN ? [NO_INTERVAL] : []),
    ...(facts.answers.length === 0 ? [] : ["### Answers", answerTable(facts.answers)]),
    ...(quality === undefined ? [] : ["### Decisions", qualityText(quality)]),
    ...(calibration === undefined ? [] : ["### Confidence", calibrationText(calibration)]),
    ...(twins === undefined ? [] : ["### Twins", twinText(twins)]),
    "### Targets",
    targetTable(facts),
  ].join("\n\n");
}

function headText(request: EvaluationRequest, facts: EvaluationFacts, head: ReportHead): string {
  const { windows, sides, over, quantity, regimes, words, eventsPerSecond, seed } = request;
  const { corridor, variation, crossing } = request.config.advice.envelope;
  return [
    `- ${head.date}, ${head.program}`,
    `- \`${head.command}\``,
    ...(head.isWhole ? [] : ["- **Interrupted**: these are the rows that were done by then."]),
    `- ${windows} generated markets × ${sides.join(" and ")}: ${quantity} over ${over / 60e6} ` +
      `minutes, regimes ${regimes.join(", ")}, each with and without a headline that tells ` +
      `something; ${eventsPerSecond} events a second, words of the ${words} split, seed ${seed}`,
    `- baseline under advice: ${facts.base}; envelope: corridor ${corridor}, variation ` +
      `${variation}, crossing ${crossing}; strongest classical arm here: ${facts.strongest}`,
    `- decisions were judged in ${request.rollouts} of the markets; the tabular model learned ` +
      `from ${facts.training} questions of ${request.training} others`,
  ].join("\n");
}

function armTable({ arms }: EvaluationFacts): string {
  return table(
    ["arm", "parents", "mean", "tail", "filled"],
    arms.map(({ arm, parents, meanBps, tailBps, filled }) => [
      arm,
      String(parents),
      signed(meanBps),
      signed(tailBps),
      percent(filled),
    ]),
  );
}

function differenceTable(all: readonly ArmDifference[]): string {
  return table(
    ["arm", "against", "of", "pairs", "mean", "95 %", "p", "tail"],
    all.map(({ arm, against, of, pairs, mean, interval, corrected, tail }) => [
      arm,
      against,
      of,
      String(pairs),
      signed(mean),
      interval === undefined ? "–" : `${signed(interval.low)} … ${signed(interval.high)}`,
      probability(corrected),
      signed(tail),
    ]),
  );
}

function answerTable(all: readonly AnswerFacts[]): string {
  const rows = all.map((one): Row => [
    one.arm,
    String(one.questions),
    percent(one.fallback),
    Object.entries(one.actions)
      .map(([action, share]) => `${action} ${percent(share)}`)
      .join(", "),
    one.adaptations.toFixed(1),
    percent(one.clamped),
    one.grounded === undefined ? "–" : percent(one.grounded),
    one.coherent === undefined ? "–" : percent(one.coherent),
    `${one.latencySeconds.p50.toFixed(2)}, ${one.latencySeconds.p95.toFixed(2)}`,
    `${one.inputTokens}, ${one.outputTokens}`,
    one.usd === 0 ? "–" : `$${one.usd.toFixed(2)}`,
  ]);
  const titles = [
    "arm",
    "questions",
    "fallback",
    "actions",
    "adaptations an order",
    "clamped",
    "grounded",
    "coherent",
    "latency p50, p95 (s)",
    "tokens in, out",
    "cost",
  ];
  const whys = all.flatMap(({ arm, reasons }) => {
    const told = Object.entries(reasons).map(([why, count]) => `${why} ${count}`);
    return told.length === 0 ? [] : [`Fallbacks of ${arm}: ${told.join(", ")}.`];
  });
  return [table(titles, rows), ...whys].join("\n\n");
}

function qualityText({ decisions, epsilonBps, own, ...others }: Quality): string {
  const { alwaysProceed, atRandom, overProceeding } = others;
  const { mean, interval } = overProceeding;
  const sure =
    interval === undefined ? "" : ` (95 %: ${signed(interval.low)} … ${signed(interval.high)})`;
  return [
    `${decisions} decisions, each beside what six actions would have led to in the same market. ` +
      "Good: at most " +
      `${epsilonBps} bps of the whole order dearer than the best of them in hindsight.`,
    table(
      ["who", "good", "regret"],
      [
        ["the advisor", percent(own.good), bps(own.regretBps)],
        ["who always proceeds", percent(alwaysProceed.good), bps(alwaysProceed.regretBps)],
        ["the same actions at random", percent(atRandom.good), bps(atRandom.regretBps)],
      ],
    ),
    `One decision costs ${signed(mean)} bps more than to proceed${sure}.`,
  ].join("\n\n");
}

function calibrationText(found: Calibration): string {
  return [
    `Told ${percent(found.confidence)} on average, right ${percent(found.right)}. Expected ` +
      `calibration error ${found.expectedError.toFixed(3)}; Brier ${found.brier.toFixed(3)}, ` +
      `and ${found.brierOfShare.toFixed(3)} of who always tells the share that is right.`,
    table(
      ["confidence from", "decisions", "told", "right"],
      found.bins.map((bin) => [
        bin.from.toFixed(1),
        String(bin.decisions),
        percent(bin.confidence),
        percent(bin.right),
      ]),
    ),
    `Regret of the surest: ${found.riskCoverage
      .map(({ coverage, regretBps }) => `${percent(coverage)}: ${bps(regretBps)}`)
      .join("; ")}.`,
  ].join("\n\n");
}

function twinText({ headline, side }: NonNullable<EvaluationFacts["twins"]>): string {
  return [
    "The same question twice, all figures alike: with the opposite headline, and of a sale in " +
      "place of a purchase. Mirrored: faster where it gets dearer, slower where it gets cheaper.",
    table(
      ["turned round", "pairs", "mirrored", "leaning so", "alike", "wrong way"],
      [twinRow("the headline", headline), twinRow("the side", side)],
    ),
  ].join("\n\n");
}

const twinRow = (what: string, { pairs, mirrored, leaning, alike, wrongWay }: MirrorFacts): Row => [
  what,
  ...[pairs, mirrored, leaning, alike, wrongWay].map(String),
];

function targetTable(facts: EvaluationFacts): string {
  const own = facts.answers.find(({ arm }) => arm === "advised");
  const overBase = (name: string): ArmDifference | undefined =>
    facts.differences.find(
      ({ arm, against, of }) => arm === name && against === facts.base && of === "all",
    );
  const [added, most] = [overBase("advised"), overBase("oracle")];
  const { quality, savingAgainstTwap: saving } = facts;
  return table(
    ["what", "target", "measured"],
    [
      ["value added over the baseline", "> 3 bps", told(added && addedText(added))],
      ["… by the oracle", "", told(most && addedText(most))],
      ["saving against TWAP", "> 20 %", told(saving === undefined ? undefined : percent(saving))],
      ["decision latency, p95", "< 5 s", told(own && `${own.latencySeconds.p95.toFixed(2)} s`)],
      ["decision quality", "> 80 %", told(quality && percent(quality.own.good))],
      ["adaptations an order", "2–5", told(own?.adaptations.toFixed(1))],
      [
        "grounded reasoning",
        "> 90 %",
        told(own?.grounded === undefined ? undefined : percent(own.grounded)),
      ],
      ["fallback rate", "< 10 %", told(own && percent(own.fallback))],
    ],
  );
}

const addedText = ({ mean, interval }: ArmDifference): string =>
  interval === undefined
    ? `${signed(-mean)} bps`
    : `${signed(-mean)} bps (${signed(-interval.high)} … ${signed(-interval.low)})`;
const told = (value: string | undefined): string => value ?? "not measured";

/** Columns as wide as their widest cell, so that it reads as text, too. */
function table(titles: Row, rows: readonly Row[]): string {
  const widths = titles.map((title, k) =>
    Math.max(3, title.length, ...rows.map((row) => row[k]!.length)),
  );
  const line = (cells: Row): string => {
    const padded = cells.map((cell, k) =>
      k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!),
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, k) =>
    k === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(titles), line(rule), ...rows.map(line)].join("\n");
}

const signed = (value: number): string => `${value >= 0 ? "+" : ""}${value.toFixed(2)}`;
const bps = (value: number): string => `${value.toFixed(3)} bps`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const probability = (p: number | undefined): string =>
  p === undefined ? "–" : p < 0.001 ? "<0.001" : p.toFixed(3);
