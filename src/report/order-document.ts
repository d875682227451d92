/**
 * Order document: the report of one order, section by section.
 */
import type { Cost, ExecutionReport } from "../core/tca/report.ts";
import type { TimelineEntry } from "../view/shapes.ts";
import { adviceSection } from "./advice-section.ts";
import { baselineSection } from "./baseline-section.ts";
import {
  type Block,
  type Cell,
  column,
  costTone,
  type Headline,
  pictures,
  type ReportDocument,
  type Section,
  text,
} from "./document.ts";
import {
  amountText,
  bpsText,
  clockText,
  counted,
  countText,
  moneyDigits,
  moneyText,
  numberText,
  priceText,
  shareText,
  timeText,
  whereText,
  withBps,
} from "./figure-text.ts";
import {
  markoutPicture,
  pricePicture,
  trajectoryPicture,
  waterfallPicture,
} from "./pictures/order-pictures.ts";
import type { JournalNote, OrderReport, ReportData, SplitRow, TargetRow } from "./report-data.ts";

export function orderDocument(order: OrderReport, data: ReportData): ReportDocument {
  const { view } = order;
  const { row, report } = view;
  const note = data.journals.find(({ journal }) => journal === order.journal)!;
  const done = row.side === "buy" ? "Buy" : "Sell";
  return {
    title: `${done} ${row.quantity}: ${row.symbol}, ${whereText(row.venue)}`,
    subtitle:
      `${timeText(row.startAt)}, ${row.strategy}, order ${row.parentId} in ${order.journal}; ` +
      `market: ${note.market.text}`,
    headlines: headlinesOf(order),
    sections: [
      { title: "Summary", blocks: [{ kind: "list", items: order.summary }] },
      targetSection(order.targets),
      ...(report === null ? [] : [costSection(report)]),
      executionSection(order),
      ...(order.splits.length === 0 ? [] : [splitSection(order.splits, view.report)]),
      ...(order.advice === null ? [] : [adviceSection(order.advice, view.advisor)]),
      baselineSection(order.baselines),
      { title: "What this assumes", blocks: [{ kind: "list", items: order.assumptions }] },
      ...(report === null ? [] : [childSection(report)]),
      eventSection(order),
    ],
    footer: footerOf(data, note),
  };
}

export const footerOf = ({ program }: ReportData, note: JournalNote): readonly string[] => [
  `Made by ${program} from ${note.journal}: ${countText(note.records)} records, written by ` +
    `${note.program} on Node ${note.nodeMajor}, seed ${note.seed}. Every figure is that of its ` +
    `replay: arrival replay ${note.journal}`,
  "Costs are signed: + is paid, − is earned. Times are UTC. What is not known is said to be " +
    "so, and is never counted as 0.",
];

function costHeadline(name: string, bps: number | null, note: string): Headline {
  const tone = costTone(bps);
  return { name, value: withBps(bps), note, ...(tone === undefined ? {} : { tone }) };
}

function headlinesOf({ view }: OrderReport): readonly Headline[] {
  const { row, report, prices } = view;
  const total = report?.shortfall.total ?? null;
  return [
    {
      name: "filled",
      value: shareText(row.filledShare),
      note: `${row.filled} of ${row.quantity}`,
    },
    costHeadline(
      "shortfall",
      total?.bps ?? null,
      total === null
        ? ""
        : `${moneyText(total.cash, moneyDigits(report))} ${report!.instrument.settle}, with fees`,
    ),
    costHeadline(
      "before fees",
      report?.shortfall.beforeFees.bps ?? null,
      "against the decision mid",
    ),
    costHeadline(
      "against TWAP's shadow",
      row.againstTwapBps,
      "taking evenly, moving nothing, no fee",
    ),
    {
      name: "average price",
      value: priceText(prices.vwap),
      note: `arrival mid ${priceText(prices.arrival)}`,
    },
  ];
}

const VERDICT_TONE = { met: "met", missed: "missed", "not judged": "dim" } as const;

function targetSection(rows: readonly TargetRow[]): Section {
  return {
    title: "Targets against results",
    blocks: [
      {
        kind: "table",
        caption: "What this program aims at, and what this order came to",
        columns: [
          column("measure", "text"),
          column("result"),
          column("target (an aim)"),
          column("verdict", "text"),
          column("of what", "text"),
        ],
        rows: rows.map((row) => [
          text(row.name),
          text(resultText(row), row.value === null ? "dim" : "strong"),
          text(row.target, "dim"),
          text(row.verdict, VERDICT_TONE[row.verdict]),
          text(row.note, "dim"),
        ]),
        note: "Targets are aims, not results. One order meets or misses them by luck as well.",
      },
    ],
  };
}

export function resultText({ unit, value }: Pick<TargetRow, "unit" | "value">): string {
  if (unit === "bps") return withBps(value);
  if (unit === "share") return shareText(value);
  if (value === null) return "not known";
  if (unit === "yes") return value === 1 ? "yes" : "no";
  return unit === "seconds" ? `${numberText(value)} s` : countText(value);
}

const PART_NOTES = {
  delay: "the market moved between decision and start",
  spread: "fill prices against the mid just before each fill",
  impact: "our own earlier trading had moved the mid",
  timing: "the market moved by itself while we traded",
  opportunity: "what was not filled, marked at the horizon mid",
  fees: "rebates are under zero",
  funding: "paid while the position was held",
} as const;

interface CostNote {
  readonly note: string;
  readonly isStrong: boolean;
  readonly digits: number;
}

const costRow = (
  name: string,
  cost: Cost,
  { note, isStrong, digits }: CostNote,
): readonly Cell[] => [
  text(name, isStrong ? "strong" : undefined),
  text(bpsText(cost.bps, 3), costTone(cost.bps)),
  text(moneyText(cost.cash, digits), costTone(cost.bps)),
  text(note, "dim"),
];

function costSection(report: ExecutionReport): Section {
  const { shortfall, instrument } = report;
  const { parts, impact } = shortfall;
  const digits = moneyDigits(report);
  const line = (name: string, cost: Cost, note: string, isStrong = false) =>
    costRow(name, cost, { note, isStrong, digits });
  const isSplit = parts.spread.bps !== null;
  return {
    title: "What it cost, and where that came from",
    blocks: [
      ...pictures(waterfallPicture(report)),
      {
        kind: "table",
        caption: "Parts of the shortfall",
        columns: [
          column("part", "text"),
          column("bps"),
          column(instrument.settle),
          column("what it is", "text"),
        ],
        rows: [
          line("delay", parts.delay, PART_NOTES.delay),
          line("spread", parts.spread, PART_NOTES.spread),
          line("impact", parts.impact, impactNote(report)),
          ...(impact === null || shortfall.displacementModel === "none"
            ? []
            : [
                line("· temporary", impact.temporary, "gone again with time"),
                line("· permanent", impact.permanent, "here to stay"),
              ]),
          line("timing", parts.timing, PART_NOTES.timing),
          ...(isSplit
            ? []
            : [line("while trading", shortfall.whileTrading, "spread, impact and timing in one")]),
          line("opportunity", parts.opportunity, PART_NOTES.opportunity),
          line("before fees", shortfall.beforeFees, "the sum of the parts above", true),
          line("fees", parts.fees, PART_NOTES.fees),
          shortfall.fundingKnown
            ? line("funding", parts.funding, PART_NOTES.funding)
            : line("funding", { bps: null, cash: null }, "nobody recorded it; 0 in the total"),
          line("total", shortfall.total, "exactly the sum of the parts", true),
        ],
        note:
          `Bps of the decision notional, ${amountText(report.decisionNotional, digits)} ` +
          `${instrument.settle}. The filled part alone, fees apart: ` +
          `${withBps(shortfall.filledPart.bps)}.`,
      },
    ],
  };
}

function impactNote({ shortfall }: ExecutionReport): string {
  const model = shortfall.displacementModel;
  if (model === "none") return "by assumption: this market does not react to us";
  if (model === "unknown") return "fills alone cannot tell it: it is inside timing";
  return model === "exact" ? PART_NOTES.impact : `${PART_NOTES.impact}, estimated`;
}

const figureRow = (name: string, value: string, note: string): readonly Cell[] => [
  text(name),
  text(value, "strong"),
  text(note, "dim"),
];

function executionSection(order: OrderReport): Section {
  const { view } = order;
  const { report, prices } = view;
  const metrics = report?.metrics;
  const blocks: readonly Block[] = [
    ...pictures(
      trajectoryPicture(order),
      pricePicture(order),
      report === null ? undefined : markoutPicture(report),
    ),
    {
      kind: "table",
      caption: "Prices and volume",
      columns: [column("measure", "text"), column("value"), column("", "text")],
      rows: [
        figureRow("our average", priceText(prices.vwap), "over all fills"),
        figureRow("decision mid", priceText(prices.decision), "when it was decided"),
        figureRow("arrival mid", priceText(prices.arrival), "when the order started"),
        figureRow("market VWAP", numberText(prices.marketVwap, 4), "without our trades"),
        figureRow(
          "TWAP's shadow",
          numberText(view.twap?.averagePrice ?? null, 4),
          "see the summary",
        ),
        figureRow("participation", shareText(view.participation), "own / (own + others)"),
        figureRow("maker share", shareText(metrics?.makerShare ?? null), "of the filled quantity"),
        figureRow(
          "impact: forecast, realised",
          `${bpsText(view.impact.forecastBps)}, ${withBps(view.impact.realisedBps)}`,
          "forecast by the square-root law at the arrival",
        ),
      ],
    },
  ];
  return { title: "How it was worked", blocks };
}

function splitSection(rows: readonly SplitRow[], report: ExecutionReport | null): Section {
  const unit = report?.instrument.quantityUnit ?? "";
  return {
    title: "By order type, liquidity and venue",
    blocks: [
      {
        kind: "table",
        caption: "What was filled, and how",
        columns: [
          column("by", "text"),
          column("kind", "text"),
          column("orders"),
          column("fills"),
          column(`filled, ${unit}`),
          column("share"),
          column("average price"),
          column("bps against arrival"),
        ],
        rows: rows.map((row) => [
          text(row.by, "dim"),
          text(row.name),
          text(row.orders === null ? "" : countText(row.orders)),
          text(countText(row.fills)),
          text(amountText(row.quantity)),
          text(shareText(row.share)),
          text(numberText(row.vwap, 2)),
          text(bpsText(row.costBps), costTone(row.costBps)),
        ]),
        note: "Fees apart. Within each kind the quantities add up to what was filled.",
      },
    ],
  };
}

/** More would be a long print; the JSON and the CSV have all. */
const MOST_ROWS = 400;

/** The first and the last of them, and how many are left out between. */
export function shortened<Item>(items: readonly Item[]): {
  readonly shown: readonly Item[];
  readonly note: string;
} {
  if (items.length <= MOST_ROWS) return { shown: items, note: "" };
  const half = MOST_ROWS / 2;
  return {
    shown: [...items.slice(0, half), ...items.slice(-half)],
    note:
      `${countText(items.length - MOST_ROWS)} between the first and the last ${half} are left ` +
      "out here: --format json and csv have all.",
  };
}

function childSection({ children }: ExecutionReport): Section {
  const { shown, note } = shortened(children);
  return {
    title: `Child orders (${countText(children.length)})`,
    blocks: [
      {
        kind: "table",
        caption: "What was sent, and why",
        columns: [
          column("time", "text"),
          column("type", "text"),
          column("quantity"),
          column("price"),
          column("filled"),
          column("status", "text"),
          column("bps"),
          column("reasoning", "text"),
        ],
        rows: shown.map((child) => [
          text(clockText(child.timeMicros)),
          text(`${child.kind}, ${child.timeInForce}`),
          text(amountText(child.quantity)),
          text(child.limitPrice === null ? "market" : priceText(child.limitPrice)),
          text(amountText(child.filled)),
          text(child.closeText === null ? child.status : `${child.status}: ${child.closeText}`),
          text(child.costBps === null ? "" : bpsText(child.costBps), costTone(child.costBps)),
          text(child.reasoning),
        ]),
        note: ["Bps: what it filled against the arrival mid, fees apart.", note].join(" ").trim(),
      },
    ],
  };
}

const SEVERITY_TONE = { info: undefined, warning: "missed", critical: "missed" } as const;

/** What comes and goes with each child order, or is told of the advisor, has a table of its own. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set([
  "place-order",
  "amend-order",
  "cancel-order",
  "accepted",
  "filled",
  "amended",
  "canceled",
  "expired",
  "ask-advisor",
  "advice-received",
  "advice-taken",
  "advice-dropped",
]);

const isTelling = ({ kind, severity, text: words }: TimelineEntry): boolean =>
  severity !== "info" ||
  !(TOLD_ELSEWHERE.has(kind) || (kind === "parent-moved" && /^(?:active|executing):/.test(words)));

function eventSection({ timeline, view }: OrderReport): Section {
  const telling = timeline.filter(isTelling);
  const { shown, note } = shortened(telling);
  const waits = view.counts.decisions - view.counts.children;
  const left = timeline.length - telling.length;
  const notes = [
    left === 0
      ? ""
      : `${counted(left, "event")} of child orders and of the advisor stand in their own tables.`,
    waits > 0 ? `${counted(waits, "decision")} sent nothing (waits and refusals).` : "",
    left > 0 || waits > 0
      ? `--format json and csv have the newest ${countText(timeline.length)} events and ` +
        `${countText(view.decisions.length)} decisions; the journal has all of them.`
      : "",
    note,
  ];
  return {
    title: `Events (${countText(telling.length)})`,
    blocks: [
      {
        kind: "table",
        caption: "What happened, in order",
        columns: [
          column("time", "text"),
          column("record"),
          column("severity", "text"),
          column("what", "text"),
        ],
        rows: shown.map((entry) => [
          text(clockText(entry.time)),
          text(String(entry.record)),
          text(entry.severity, SEVERITY_TONE[entry.severity]),
          text(entry.text),
        ]),
        note: notes.filter((one) => one !== "").join(" "),
      },
    ],
  };
}
