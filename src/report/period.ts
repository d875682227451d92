/**
 * Period: many orders together: how their costs are spread, by what they differ, and what may be
 * concluded from that.
 *
 * Orders that were at work on one stretch of market share its luck: they are one block, and blocks
 * are what an interval is counted by. What must stay true: strategies are held against each other
 * only pair by pair, on equal terms on the same market; and too few is said to be too few.
 */
import { holm, CLUSTERS_MIN, type Pair, pairedDifference } from "../core/tca/paired-difference.ts";
import type { PairedDifference } from "../core/tca/paired-difference.ts";
import { micros } from "../core/domain/units.ts";
import { bpsText, counted, countText, pText, shareText, withBps } from "./figure-text.ts";
import type { GroupFigures, OrderSummary, PairFigures, PeriodReport } from "./report-data.ts";

/** Draws of the bootstrap are a function of it: the same journals give the same report. */
const SEED = 1;
const SIGNIFICANT = 0.05;

/** @param assumed what the markets of these orders assume. */
export function periodOf(
  orders: readonly OrderSummary[],
  assumed: readonly string[] = [],
): PeriodReport {
  const blocks = blocksOf(orders);
  const all = figuresOf("all", "all orders", orders, blocks);
  const groups = (["strategy", "symbol", "side", "market"] as const).flatMap((by) => {
    const parts = [...Map.groupBy(orders, (order) => nameOf(by, order))];
    return parts.length < 2 ? [] : parts.map(([name, own]) => figuresOf(by, name, own, blocks));
  });
  const pairs = pairsOf(orders, blocks);
  const starts = orders.map(({ startAt }) => startAt);
  const ends = orders.map(({ startAt, seconds }) => startAt + (seconds ?? 0) * 1e6);
  return {
    from: micros(Math.min(...starts)),
    until: micros(Math.max(...ends)),
    summary: summaryOf(orders, all, pairs),
    all,
    groups,
    pairs,
    unpaired: pairs.length > 0 || groups.every(({ by }) => by !== "strategy") ? null : UNPAIRED,
    assumptions: [...kindsText(orders), ...assumed],
  };
}

const UNPAIRED =
  "No two strategies worked the same terms on the same market, so none is held against " +
  "another: what their means differ by may be the market's doing, or the orders'. " +
  "`arrival compare` pairs them.";

export const strategyOf = ({ strategy, isAdvised }: OrderSummary): string =>
  isAdvised ? `${strategy}, advised` : strategy;

function nameOf(by: "strategy" | "symbol" | "side" | "market", order: OrderSummary): string {
  if (by === "strategy") return strategyOf(order);
  return by === "market" ? order.marketKind : order[by];
}

/** Number of the block of each order: those of one market whose times overlap. */
function blocksOf(orders: readonly OrderSummary[]): ReadonlyMap<OrderSummary, number> {
  const blocks = new Map<OrderSummary, number>();
  let block = 0;
  for (const [, own] of Map.groupBy(orders, (order) => order.block)) {
    let until = Number.NEGATIVE_INFINITY;
    for (const order of own.toSorted((a, b) => a.startAt - b.startAt)) {
      if (order.startAt >= until) block += 1;
      until = Math.max(until, order.startAt + (order.seconds ?? 0) * 1e6);
      blocks.set(order, block);
    }
  }
  return blocks;
}

function figuresOf(
  by: GroupFigures["by"],
  name: string,
  orders: readonly OrderSummary[],
  blocks: ReadonlyMap<OrderSummary, number>,
): GroupFigures {
  const known = orders.filter(({ shortfallBps }) => shortfallBps !== null);
  const costs = known.map(({ shortfallBps }) => shortfallBps!);
  const difference = differenceOf(
    known.map((order) => ({ cluster: blocks.get(order)!, difference: order.shortfallBps! })),
  );
  const sorted = costs.toSorted((a, b) => a - b);
  const at = (share: number): number => quantile(sorted, share);
  return {
    by,
    name,
    orders: orders.length,
    measured: known.length,
    independent: new Set(known.map((order) => blocks.get(order))).size,
    meanBps: difference?.mean ?? null,
    low: difference?.interval?.low ?? null,
    high: difference?.interval?.high ?? null,
    quantilesBps:
      costs.length === 0
        ? null
        : { p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) },
    standardDeviationBps: difference?.standardDeviation ?? null,
    filled:
      orders.length === 0
        ? null
        : orders.reduce((sum, { filledShare }) => sum + filledShare, 0) / orders.length,
    costs,
  };
}

const differenceOf = (pairs: readonly Pair[]): PairedDifference | undefined =>
  pairs.length === 0 ? undefined : pairedDifference(pairs, SEED);

/** Linear between order statistics. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (at - below);
}

/** Each two strategies over the terms that both worked; the first of several with equal terms. */
function pairsOf(
  orders: readonly OrderSummary[],
  blocks: ReadonlyMap<OrderSummary, number>,
): readonly PairFigures[] {
  const found = new Map<string, { one: string; other: string; pairs: Pair[] }>();
  for (const [, same] of Map.groupBy(orders, ({ terms }) => terms)) {
    const known = same.filter(({ shortfallBps }) => shortfallBps !== null);
    const first = new Map(known.toReversed().map((order) => [strategyOf(order), order]));
    const names = [...first.keys()].sort();
    for (const [k, one] of names.entries()) {
      for (const other of names.slice(k + 1)) {
        const [a, b] = [first.get(one)!, first.get(other)!];
        const entry = found.get(`${one}|${other}`) ?? { one, other, pairs: [] };
        entry.pairs.push({
          cluster: blocks.get(a)!,
          difference: a.shortfallBps! - b.shortfallBps!,
        });
        found.set(`${one}|${other}`, entry);
      }
    }
  }
  const measured = [...found.values()].map(({ pairs }) => pairedDifference(pairs, SEED));
  const corrected = holm(measured.flatMap(({ pValue }) => (pValue === undefined ? [] : [pValue])));
  let tested = 0;
  return [...found.values()].map(({ one, other }, k) => {
    const difference = measured[k]!;
    const p = difference.pValue === undefined ? null : corrected[tested++]!;
    const figures = { one, other, p, ...differenceFigures(difference) };
    return Object.assign(figures, { text: pairText(figures) });
  });
}

const differenceFigures = (difference: PairedDifference) => ({
  pairs: difference.pairs,
  clusters: difference.clusters,
  meanBps: difference.mean,
  low: difference.interval?.low ?? null,
  high: difference.interval?.high ?? null,
  pairsNeeded: difference.pairsNeeded ?? null,
});

function pairText(pair: Omit<PairFigures, "text">): string {
  const { one, other, meanBps, clusters, low, high, p, pairsNeeded } = pair;
  const over = `over ${counted(pair.pairs, "pair")}`;
  const how = meanBps > 0 ? "more" : "less";
  const size = bpsText(Math.abs(meanBps)).replace("+", "");
  const mean = `${one} cost ${size} bps ${how} than ${other} ${over}`;
  if (p === null || low === null) {
    const stretches = counted(clusters, "independent stretch", "independent stretches");
    return clusters < CLUSTERS_MIN
      ? `${mean}: ${stretches} of market are too few to tell that from luck ` +
          `(it takes ${CLUSTERS_MIN}).`
      : `${mean}: nearly all pairs agree exactly, so no interval can be given.`;
  }
  const interval = `95 % ${bpsText(low)} to ${bpsText(high)}, p ${pText(p)}`;
  if (p < SIGNIFICANT) return `${mean}: significant (${interval}).`;
  const needed =
    pairsNeeded === null ? "" : `; about ${countText(pairsNeeded)} pairs would show it`;
  return `${mean}: not significant (${interval}${needed}).`;
}

const noInterval = (independent: number): string =>
  independent < CLUSTERS_MIN
    ? `${counted(independent, "independent stretch", "independent stretches")} are too few for ` +
      `an interval (it takes ${CLUSTERS_MIN})`
    : "no interval can be given";

function summaryOf(
  orders: readonly OrderSummary[],
  all: GroupFigures,
  pairs: readonly PairFigures[],
): readonly string[] {
  const { measured, independent, meanBps, quantilesBps: quantiles, low, high } = all;
  const left = orders.filter(({ filledShare }) => filledShare < 0.999).length;
  return [
    `${counted(orders.length, "order")} in ` +
      `${counted(new Set(orders.map((one) => one.symbol)).size, "instrument")}; ` +
      `the cost of ${countText(measured)} is known, on ` +
      `${counted(independent, "independent stretch", "independent stretches")} of market.`,
    ...(meanBps === null || quantiles === null
      ? ["Nothing was measured."]
      : [
          `The mean order cost ${withBps(meanBps)}, fees included` +
            (low === null
              ? `; ${noInterval(independent)}.`
              : ` (95 %: ${bpsText(low)} to ${bpsText(high)}).`),
          `Half of them cost between ${withBps(quantiles.p25)} and ${withBps(quantiles.p75)}; ` +
            `one in twenty more than ${withBps(quantiles.p95)}.`,
        ]),
    `${countText(left)} of ${countText(orders.length)} were not filled in full; ` +
      `${shareText(all.filled)} of what was asked for was done on average.`,
    ...pairs.map(({ text }) => text),
  ];
}

function kindsText(orders: readonly OrderSummary[]): readonly string[] {
  const kinds = [...Map.groupBy(orders, ({ marketKind }) => marketKind)];
  return [
    kinds.map(([kind, own]) => `${counted(own.length, "order")}: ${kind}`).join("; ") + ".",
    ...(kinds.length > 1
      ? ["Means over several kinds of market mix what was measured with what was simulated."]
      : []),
    "Orders count alike, whatever their size. Orders whose times overlap on one market are one " +
      "independent stretch.",
  ];
}
