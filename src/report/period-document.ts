/**
 * Period document: the report of many orders, section by section.
 */
import { intervalText } from "./baseline-section.ts";
import { column, costTone, pictures, type ReportDocument, type Section, text } from "./document.ts";
import {
  bpsText,
  counted,
  countText,
  pText,
  shareText,
  spanText,
  timeText,
  withBps,
} from "./figure-text.ts";
import { shortened } from "./order-document.ts";
import { strategyOf } from "./period.ts";
import { forestPicture, histogramPicture, spreadPicture } from "./pictures/comparison-pictures.ts";
import type { GroupFigures, OrderSummary, PeriodReport, ReportData } from "./report-data.ts";

export function periodDocument(period: PeriodReport, data: ReportData): ReportDocument {
  const { all } = period;
  const tone = costTone(all.meanBps);
  return {
    title: [counted(all.orders, "order"), counted(data.journals.length, "journal")].join(", "),
    subtitle: `${timeText(period.from)} to ${timeText(period.until)}`,
    headlines: [
      { name: "orders", value: countText(all.orders), note: `${countText(all.measured)} measured` },
      {
        name: "mean cost",
        value: withBps(all.meanBps),
        note:
          all.low === null ? "no interval" : `95 %: ${bpsText(all.low)} to ${bpsText(all.high)}`,
        ...(tone === undefined ? {} : { tone }),
      },
      {
        name: "median cost",
        value: withBps(all.quantilesBps?.p50 ?? null),
        note: "half of the orders cost less",
      },
      { name: "filled", value: shareText(all.filled), note: "mean over the orders" },
    ],
    sections: [
      { title: "Summary", blocks: [{ kind: "list", items: period.summary }] },
      distributionSection(period),
      pairSection(period),
      { title: "What this assumes", blocks: [{ kind: "list", items: period.assumptions }] },
      orderSection(data.summaries),
    ],
    footer: [
      `Made by ${data.program} from ${data.journals.map(({ journal }) => journal).join(", ")}.`,
      "Costs are signed: + is paid, − is earned; bps of each order's decision notional. Times " +
        "are UTC.",
    ],
  };
}

function distributionSection({ all, groups }: PeriodReport): Section {
  return {
    title: "How the costs are spread",
    blocks: [
      ...pictures(histogramPicture(all), spreadPicture([all, ...groups])),
      {
        kind: "table",
        caption: "Cost in bps, fees included",
        columns: [
          column("by", "text"),
          column("", "text"),
          column("orders"),
          column("independent"),
          column("mean"),
          column("95 % of the mean"),
          column("sd"),
          column("5 %"),
          column("median"),
          column("95 %"),
          column("filled"),
        ],
        rows: [all, ...groups].map((group) => groupRow(group)),
        note:
          "Groups that were not worked on equal terms on the same market differ by more than " +
          "their name: see the pairs below. 5 % and 95 % are of the orders, the interval is of " +
          "the mean.",
      },
    ],
  };
}

function groupRow(group: GroupFigures) {
  const { quantilesBps: quantiles } = group;
  return [
    text(group.by, "dim"),
    text(group.name),
    text(`${countText(group.measured)} of ${countText(group.orders)}`),
    text(countText(group.independent)),
    text(bpsText(group.meanBps), costTone(group.meanBps)),
    text(group.low === null ? "not known" : `${bpsText(group.low)} … ${bpsText(group.high)}`),
    text(group.standardDeviationBps === null ? "" : group.standardDeviationBps.toFixed(2)),
    text(bpsText(quantiles?.p5 ?? null)),
    text(bpsText(quantiles?.p50 ?? null)),
    text(bpsText(quantiles?.p95 ?? null)),
    text(shareText(group.filled)),
  ];
}

function pairSection({ pairs, unpaired }: PeriodReport): Section {
  const title = "Strategy against strategy, pair by pair";
  if (pairs.length === 0) {
    const why = unpaired ?? "All orders were worked by one strategy: there is nothing to pair.";
    return { title, blocks: [{ kind: "text", text: why }] };
  }
  return {
    title,
    blocks: [
      ...pictures(
        forestPicture(
          "Difference of the cost, on equal terms",
          "bps, + the first was dearer",
          pairs.map(({ one, other, meanBps, low, high }) => ({
            name: `${one} − ${other}`,
            meanBps,
            low,
            high,
          })),
        ),
      ),
      {
        kind: "table",
        caption: "Same side, quantity, time and market",
        columns: [
          column("strategies", "text"),
          column("pairs"),
          column("independent"),
          column("difference, bps"),
          column("95 %"),
          column("p"),
          column("what it says", "text"),
        ],
        rows: pairs.map((pair) => [
          text(`${pair.one} − ${pair.other}`),
          text(countText(pair.pairs)),
          text(countText(pair.clusters)),
          text(bpsText(pair.meanBps), costTone(pair.meanBps)),
          text(intervalText(pair)),
          text(pText(pair.p)),
          text(pair.text),
        ]),
        note: "95 % by cluster bootstrap-t over independent stretches; p corrected by Holm.",
      },
    ],
  };
}

function orderSection(orders: readonly OrderSummary[]): Section {
  const { shown, note } = shortened(orders);
  return {
    title: `Orders (${countText(orders.length)})`,
    blocks: [
      {
        kind: "table",
        caption: "Each order",
        columns: [
          column("started", "text"),
          column("journal, order", "text"),
          column("what", "text"),
          column("strategy", "text"),
          column("took"),
          column("filled"),
          column("cost, bps"),
          column("before fees"),
          column("TWAP's shadow"),
          column("ended", "text"),
        ],
        rows: shown.map((order) => [
          text(timeText(order.startAt)),
          text(`${order.journal}, ${order.parentId}`),
          text(`${order.side} ${order.quantity}, ${order.symbol}`),
          text(strategyOf(order)),
          text(order.seconds === null ? "at work" : spanText(order.seconds)),
          text(shareText(order.filledShare)),
          text(bpsText(order.shortfallBps), costTone(order.shortfallBps)),
          text(bpsText(order.beforeFeesBps)),
          text(bpsText(order.againstTwapBps)),
          text(order.phase),
        ]),
        ...(note === "" ? {} : { note }),
      },
    ],
  };
}
