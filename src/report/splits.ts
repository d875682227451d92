/**
 * Splits: what was filled, by the kind of order that got it, by who had waited, and by venue.
 *
 * What must stay true: within each of the three the quantities add up to what was filled.
 */
import { type Decimal, decimal, formatDecimal, rescale, toNumber } from "../core/domain/decimal.ts";
import type { ChildRow, ExecutionReport } from "../core/tca/report.ts";
import type { FillView, OrderView } from "../view/shapes.ts";
import type { SplitRow } from "./report-data.ts";

export function splitsOf({ report, fills, children, row }: OrderView): readonly SplitRow[] {
  if (report === null || fills.length === 0) return [];
  const kinds = new Map(report.children.map((child) => [child.id, kindOf(child)]));
  const sent = Map.groupBy(report.children, kindOf);
  const whole = sum(fills.map(quantityOf));
  const rows = (
    by: SplitRow["by"],
    nameOf: (fill: FillView) => string,
    orders: (name: string) => number | null,
  ): readonly SplitRow[] =>
    [...Map.groupBy(fills, nameOf)].map(([name, own]) =>
      Object.assign({ by, name, orders: orders(name) }, figuresOf(report, own, whole)),
    );
  return [
    ...rows(
      "order type",
      ({ childId }) => kinds.get(childId) ?? "not known",
      (name) => sent.get(name)?.length ?? null,
    ),
    ...rows(
      "liquidity",
      ({ liquidity }) => (liquidity === "maker" ? "resting (maker)" : "taking (taker)"),
      () => null,
    ),
    ...rows(
      "venue",
      () => row.venue,
      () => children.length,
    ),
  ];
}

const kindOf = ({ kind, timeInForce }: ChildRow): string => `${kind}, ${timeInForce}`;

/** Decimal text; its unit may stand behind it. */
export const quantityOf = ({ quantity }: Pick<FillView, "quantity">): Decimal =>
  decimal(quantity.split(" ")[0]!);

function figuresOf(
  report: ExecutionReport,
  fills: readonly FillView[],
  whole: Decimal,
): Pick<SplitRow, "fills" | "quantity" | "share" | "vwap" | "costBps"> {
  const quantity = sum(fills.map(quantityOf));
  const size = toNumber(quantity);
  const isInverse = report.instrument.kind === "inverse";
  const arrival = report.prices.arrival === null ? null : Number(report.prices.arrival);
  let [spent, cost] = [0, 0];
  for (const fill of fills) {
    const [price, lots] = [Number(fill.price), toNumber(quantityOf(fill))];
    spent += isInverse ? lots / price : lots * price;
    if (arrival === null) continue;
    cost += lots * (isInverse ? 1 - arrival / price : price / arrival - 1);
  }
  const side = report.side === "buy" ? 1 : -1;
  return {
    fills: fills.length,
    quantity: formatDecimal(quantity),
    share: size / toNumber(whole),
    vwap: isInverse ? size / spent : spent / size,
    costBps: arrival === null ? null : (side * cost * 1e4) / size,
  };
}

function sum(quantities: readonly Decimal[]): Decimal {
  const scale = Math.max(0, ...quantities.map((one) => one.scale));
  return { mantissa: quantities.reduce((total, one) => total + rescale(one, scale), 0n), scale };
}
