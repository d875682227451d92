/**
 * Summary: an order in plain sentences.
 *
 * Every sentence is made of figures that stand in the report; what is not known is said to be so,
 * and nothing is praised.
 */
import type { ExecutionReport } from "../core/tca/report.ts";
import type { OrderView, TimelineEntry } from "../view/shapes.ts";
import {
  bpsText,
  counted,
  countText,
  listText,
  moneyDigits,
  moneyText,
  shareText,
  spanText,
  whereText,
  withBps,
} from "./figure-text.ts";
import type { AdviceReport, BaselineReport, TargetRow } from "./report-data.ts";

export interface Summarised {
  readonly view: OrderView;
  readonly timeline: readonly TimelineEntry[];
  readonly targets: readonly TargetRow[];
  readonly advice: AdviceReport | null;
  readonly baselines: BaselineReport;
}

export function summaryOf(order: Summarised): readonly string[] {
  const { view, advice } = order;
  const { report } = view;
  return [
    askedText(view),
    doneText(view),
    ...(report === null ? ["Nothing was measured: the order never arrived."] : costTexts(report)),
    ...shadowText(view),
    ...(advice === null ? [] : [adviceText(advice)]),
    ...baselineText(order.baselines),
    ...standsOut(order),
  ];
}

function askedText({ row, terms }: OrderView): string {
  const limits = [
    terms.limitPrice === null ? "" : `not beyond ${terms.limitPrice}`,
    terms.mayCrossSpread ? "" : "without crossing the spread",
    terms.maxParticipation === null ? "" : `at most ${shareText(terms.maxParticipation)} of volume`,
  ].filter((one) => one !== "");
  return (
    `Asked: ${row.side} ${row.quantity}, ${row.symbol} ${whereText(row.venue)}, over ` +
    `${spanText((row.deadline - row.startAt) / 1e6)}, strategy ${row.strategy}, urgency ` +
    `${terms.urgency}` +
    `${limits.length === 0 ? "" : `, ${listText(limits)}`}.`
  );
}

function doneText({ row, report }: OrderView): string {
  const took = row.endedAt === null ? "" : ` after ${spanText((row.endedAt - row.startAt) / 1e6)}`;
  const by =
    report === null
      ? ""
      : `, by ${counted(report.children.length, "child order")} and ` +
        `${counted(report.metrics.fills, "fill")}`;
  const end =
    row.endedAt === null
      ? `It is still ${row.phase}.`
      : `It ended ${row.phase}${took}: ${row.reason}.`;
  return `Done: ${row.filled} of ${row.quantity} (${shareText(row.filledShare)})${by}. ${end}`;
}

const MEANING: Readonly<Record<string, string>> = {
  delay: "the market moved between decision and start",
  spread: "fill prices against the mid just before each fill",
  impact: "our own trading had moved the price",
  timing: "the market moved by itself while we traded",
  opportunity: "what was not filled, marked at the end",
  fees: "",
  funding: "",
};

function costTexts(report: ExecutionReport): readonly string[] {
  const { shortfall, instrument } = report;
  const { total, beforeFees, parts } = shortfall;
  if (total.bps === null)
    return ["Its cost is not known: something that the sum needs is missing."];
  const verb = total.bps > 0 ? "It cost" : "It came out better than the decision price by";
  const amount = total.bps > 0 ? bpsText(total.bps) : bpsText(-total.bps).replace("+", "");
  const known = Object.entries(parts).filter(([, { bps }]) => bps !== null);
  const [name, largest] = known.toSorted(
    ([, a], [, b]) => Math.abs(b.bps ?? 0) - Math.abs(a.bps ?? 0),
  )[0] ?? ["", { bps: null }];
  const why = MEANING[name] === "" ? "" : ` (${MEANING[name]})`;
  return [
    `Cost: ${verb} ${amount} bps of the decision notional ` +
      `(${moneyText(total.cash, moneyDigits(report))} ${instrument.settle}), fees included; ` +
      `${withBps(beforeFees.bps)} before fees, ${withBps(parts.fees.bps)} of fees.`,
    ...(largest.bps === null || largest.bps === 0
      ? []
      : [`The largest part is ${name} with ${withBps(largest.bps)}${why}.`]),
  ];
}

function shadowText({ row, twap }: OrderView): readonly string[] {
  if (row.againstTwapBps === null || twap === null) return [];
  const how = row.againstTwapBps > 0 ? "worse" : "better";
  return [
    `Its average price was ${bpsText(Math.abs(row.againstTwapBps)).replace("+", "")} bps ` +
      `${how} than taking evenly over ${countText(twap.seconds)} s would have been, had that ` +
      "moved nothing and paid no fee.",
  ];
}

function adviceText({ asked, answered, followed, clamped, fallbackRate }: AdviceReport): string {
  if (asked === 0) return "An advisor was at hand and was not asked.";
  return (
    `An advisor was asked ${counted(asked, "time")}, answered ${countText(answered)}, and was ` +
    `followed ${countText(followed)}; ${counted(clamped, "answer")} had to be cut back to what ` +
    `is allowed, and ${shareText(fallbackRate)} could not be used.`
  );
}

function baselineText(baselines: BaselineReport): readonly string[] {
  if (baselines.kind === "none") return [];
  const others = baselines.here.filter(({ isOwn }) => !isOwn);
  if (others.length === 0) return [];
  const told = others.map(({ arm, savingBps }) => `${withBps(savingBps)} against ${arm}`);
  return [
    `On the same stretch of market this order saved ${listText(told)} (one stretch: this may be ` +
      "luck).",
    ...(baselines.windows === null ? [] : [baselines.windows.text]),
  ];
}

/** What a reader should not miss. */
function standsOut({ view, timeline, targets }: Summarised): readonly string[] {
  const missed = targets.filter(({ verdict }) => verdict === "missed").map(({ name }) => name);
  const judged = targets.filter(({ verdict }) => verdict !== "not judged").length;
  const critical = timeline.filter(({ severity }) => severity === "critical").length;
  const { report, row } = view;
  const lines = [
    ...(judged === 0
      ? []
      : [
          missed.length === 0
            ? `All ${judged} targets that can be judged were met.`
            : `Of ${judged} targets that can be judged, ${missed.length} ` +
              `${missed.length === 1 ? "was" : "were"} missed: ${listText(missed)}.`,
        ]),
    ...(row.halt === null ? [] : [`It stands still until somebody looks: ${row.halt}.`]),
    ...(critical === 0
      ? []
      : [`${counted(critical, "critical event")} stand in the list of events.`]),
  ];
  if (report === null) return lines;
  const { shortfall, metrics } = report;
  const rejects = metrics.rejects ?? 0;
  return [
    ...lines,
    ...(rejects > 0 ? [`The venue rejected ${counted(rejects, "order")}.`] : []),
    ...(shortfall.fundingKnown
      ? []
      : ["Funding was not recorded: the total counts it as nothing."]),
    ...shortfall.unpricedFees.map(
      ({ coin, amount }) =>
        `Fees of ${amount} ${coin} are not in the total: their rate is not known.`,
    ),
    ...(shortfall.estimatedMids > 0
      ? [
          `At ${counted(shortfall.estimatedMids, "fill")} the mid is an estimate, and so is ` +
            "the spread.",
        ]
      : []),
  ];
}
