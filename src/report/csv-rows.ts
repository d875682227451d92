/**
 * CSV rows: every figure of a report as a row of its own, for a spreadsheet or a data frame.
 *
 * `order, section, item, figure, value, unit`: long rather than wide, so that each kind of thing
 * (parts of the cost, fills, child orders, groups) fits in one table. What must stay true: values
 * are the model's own, unrounded; what is not known is empty.
 */
import type { OrderReport, OrderSummary, PeriodReport, ReportData } from "./report-data.ts";

export const CSV_COLUMNS = ["order", "section", "item", "figure", "value", "unit"] as const;

export type CsvCell = string | number | boolean | null;
export type CsvRow = readonly [
  order: string,
  section: string,
  item: string,
  figure: string,
  value: CsvCell,
  unit: string,
];

export function* csvRows({ orders, summaries, period }: ReportData): Generator<CsvRow> {
  for (const summary of summaries) yield* rowsOf(nameOf(summary), "order", "", figuresOf(summary));
  for (const order of orders) yield* orderRows(order);
  if (period !== null) yield* periodRows(period);
}

const nameOf = ({ journal, parentId }: Pick<OrderSummary, "journal" | "parentId">): string =>
  `${journal} ${parentId}`;

function figuresOf(summary: OrderSummary): object {
  const { journal: _journal, parentId: _parentId, block: _block, terms: _terms, ...rest } = summary;
  return rest;
}

function* orderRows({ journal, view, ...order }: OrderReport): Generator<CsvRow> {
  const name = nameOf({ journal, parentId: view.row.parentId });
  const { report } = view;
  if (report !== null) {
    const { parts, impact, total, beforeFees, whileTrading, filledPart } = report.shortfall;
    const costs = { ...parts, whileTrading, beforeFees, total, filledPart };
    for (const [item, cost] of Object.entries({ ...costs, ...impact })) {
      yield [name, "cost", item, "bps", cost.bps, "bps"];
      yield [name, "cost", item, "cash", cost.cash, report.instrument.settle];
    }
    yield* rowsOf(name, "price", "", report.prices);
    const { markoutGainsBps, vwapSlippageBps, spreadCapturedGain, ...metrics } = report.metrics;
    yield* rowsOf(name, "metric", "", metrics);
    yield* rowsOf(name, "metric", "vwapSlippageBps", vwapSlippageBps);
    yield* rowsOf(name, "metric", "spreadCapturedGain", spreadCapturedGain);
    for (const { afterMicros, ...markout } of markoutGainsBps) {
      yield* rowsOf(name, "markout", `${afterMicros / 1e6} s`, markout);
    }
  }
  for (const { name: item, ...target } of order.targets)
    yield* rowsOf(name, "target", item, target);
  for (const { by, name: item, ...split } of order.splits) {
    yield* rowsOf(name, "split", `${by}: ${item}`, split);
  }
  if (order.advice !== null) yield* rowsOf(name, "advice", "", order.advice);
  if (order.baselines.kind === "compared") {
    for (const { arm, ...here } of order.baselines.here) yield* rowsOf(name, "baseline", arm, here);
    for (const { arm, saving, ...mean } of order.baselines.windows?.arms ?? []) {
      yield* rowsOf(name, "baseline windows", arm, { ...mean, ...saving });
    }
  }
  for (const { id, ...child } of report?.children ?? []) yield* rowsOf(name, "child", id, child);
  for (const { number, ...decision } of view.decisions) {
    yield* rowsOf(name, "decision", String(number), decision);
  }
  for (const { executionId, ...fill } of view.fills) yield* rowsOf(name, "fill", executionId, fill);
  for (const { record, ...event } of order.timeline) {
    yield* rowsOf(name, "event", String(record), event);
  }
}

function* periodRows({ all, groups, pairs }: PeriodReport): Generator<CsvRow> {
  for (const { by, name, quantilesBps, costs: _costs, ...group } of [all, ...groups]) {
    yield* rowsOf("", "group", `${by}: ${name}`, { ...group, ...quantilesBps });
  }
  for (const { one, other, ...pair } of pairs) {
    yield* rowsOf("", "pair", `${one} - ${other}`, pair);
  }
}

/** Members that are plain values; the unit stands in the name of what has one. */
function* rowsOf(order: string, section: string, item: string, figures: object): Generator<CsvRow> {
  for (const [figure, value] of Object.entries(figures) as [string, unknown][]) {
    if (value !== null && typeof value === "object") continue;
    yield [order, section, item, figure, value as CsvCell, unitOf(figure)];
  }
}

function unitOf(figure: string): string {
  if (/bps$/i.test(figure)) return "bps";
  if (/(?:At|time|Micros|deadline)$/.test(figure)) return "microseconds";
  if (/(?:share|rate|participation)$/i.test(figure)) return "fraction";
  return "";
}
