/**
 * Targets: what this program aims at, and what one order came to.
 *
 * An aim is never shown as a result. What must stay true: where a figure is not known, or the aim
 * does not speak of such an order, it is not judged.
 */
import type { ExecutionReport } from "../core/tca/report.ts";
import type { OrderView } from "../view/shapes.ts";
import { counted } from "./figure-text.ts";
import type { AdviceReport, BaselineReport, TargetRow } from "./report-data.ts";

/** Aims for whoever advises (requirement I2), beside those of the execution (`TARGETS`). */
export const ADVICE_TARGETS = {
  latencySeconds: { below: 5 },
  decisionQuality: { above: 0.8 },
  adaptations: { from: 2, to: 5 },
  grounded: { above: 0.9 },
  fallback: { below: 0.1 },
  savingOfTwap: { above: 0.2 },
  valueAddedBps: { above: 3 },
} as const;

export function targetsOf(
  { report, row, advisor }: OrderView,
  advice: AdviceReport | null,
  baselines: BaselineReport,
): readonly TargetRow[] {
  return [
    ...(report === null ? [] : executionRows(report, row.endedAt !== null)),
    ...savingRows(baselines),
    ...(advice === null ? [] : adviceRows(advice, advisor?.isFollowed === true)),
  ];
}

function executionRows(report: ExecutionReport, isOver: boolean): readonly TargetRow[] {
  const { targets, shortfall, metrics } = report;
  const { spreadCapturedGain: captured, vwapSlippageBps: slippage } = metrics;
  const inTime = metrics.completedInTime;
  return [
    below("shortfall", targets.shortfall, shortfall.beforeFees.bps),
    below("VWAP slippage", targets.vwapSlippage, slippage.withoutOwn),
    below("arrival slippage", targets.arrivalSlippage, metrics.arrivalSlippageBps),
    between("participation", targets.participation, metrics.participation),
    {
      ...above("fill rate", targets.fillRate, metrics.fillRate),
      ...(isOver ? {} : { verdict: "not judged", note: "still at work" }),
    },
    {
      name: "complete in time",
      target: "yes",
      value: inTime === null ? null : Number(inTime),
      unit: "yes",
      verdict: inTime === null || !isOver ? "not judged" : inTime ? "met" : "missed",
      note: isOver ? "filled within the deadline" : "still at work",
    },
    {
      ...above("spread captured", targets.spreadCaptured, captured.value),
      note:
        captured.of === 0
          ? "no passive fill to capture any"
          : `gain over spread, ${captured.fills} of ${counted(captured.of, "passive fill")}`,
    },
  ];
}

const below = (
  name: string,
  aim: { readonly below: number; readonly of: string },
  value: number | null,
): TargetRow => ({
  name,
  target: `< ${aim.below} bps`,
  value,
  unit: "bps",
  verdict: value === null ? "not judged" : value < aim.below ? "met" : "missed",
  note: aim.of,
});

const above = (
  name: string,
  aim: { readonly above: number; readonly of?: string },
  value: number | null,
): TargetRow => ({
  name,
  target: `> ${aim.above * 100} %`,
  value,
  unit: "share",
  verdict: value === null ? "not judged" : value > aim.above ? "met" : "missed",
  note: aim.of ?? "",
});

const between = (
  name: string,
  aim: { readonly from: number; readonly to: number; readonly of: string },
  value: number | null,
): TargetRow => ({
  name,
  target: `${aim.from * 100} to ${aim.to * 100} %`,
  value,
  unit: "share",
  verdict: value === null ? "not judged" : value >= aim.from && value <= aim.to ? "met" : "missed",
  note: aim.of,
});

/** As a ratio only where TWAP's own cost is significantly above zero. */
function savingRows(baselines: BaselineReport): readonly TargetRow[] {
  const windows = baselines.kind === "compared" ? baselines.windows : null;
  const value = windows?.savingOfTwap ?? null;
  const why =
    baselines.kind === "none"
      ? `not compared: ${baselines.why}`
      : windows === null
        ? "one stretch of market cannot tell"
        : windows.strategy === "twap"
          ? "the order is a TWAP itself"
          : "TWAP's own cost is not shown to be above zero, so it has no share that is saved";
  return [
    {
      ...above("saving against TWAP", ADVICE_TARGETS.savingOfTwap, value),
      note: value === null ? why : "mean over the stretches compared below",
    },
  ];
}

function adviceRows(advice: AdviceReport, isFollowed: boolean): readonly TargetRow[] {
  const { latencySeconds: fast, adaptations, fallback, grounded } = ADVICE_TARGETS;
  const seconds = advice.latencyMs === null ? null : advice.latencyMs.p95 / 1000;
  const { followed, asked, reasonings } = advice;
  const ratio = reasonings === 0 ? null : advice.grounded / reasonings;
  const notJudged = "one order cannot tell; see `arrival evaluate advisor`";
  return [
    {
      name: "advice latency",
      target: `< ${fast.below} s`,
      value: seconds,
      unit: "seconds",
      verdict: seconds === null ? "not judged" : seconds < fast.below ? "met" : "missed",
      note: "95th percentile of the answers",
    },
    {
      name: "adaptations",
      target: `${adaptations.from} to ${adaptations.to} an order`,
      value: followed,
      unit: "count",
      verdict:
        asked === 0 || !isFollowed
          ? "not judged"
          : followed >= adaptations.from && followed <= adaptations.to
            ? "met"
            : "missed",
      note: isFollowed ? "answers that changed how the order was worked" : "it was only watched",
    },
    {
      ...above("grounded reasoning", grounded, ratio),
      note: `every number stands in the question: ${advice.grounded} of ${reasonings}`,
    },
    {
      name: "fallback",
      target: `< ${fallback.below * 100} %`,
      value: advice.fallbackRate,
      unit: "share",
      verdict:
        advice.fallbackRate === null
          ? "not judged"
          : advice.fallbackRate < fallback.below
            ? "met"
            : "missed",
      note: "questions without an answer that could be used",
    },
    {
      ...above("decision quality", ADVICE_TARGETS.decisionQuality, null),
      note: notJudged,
    },
    {
      name: "value added by advice",
      target: `> ${ADVICE_TARGETS.valueAddedBps.above} bps`,
      value: null,
      unit: "bps",
      verdict: "not judged",
      note: notJudged,
    },
  ];
}
