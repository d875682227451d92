/**
 * Path observations: large orders of others, read off a market's path.
 *
 * Two kinds. A metaorder is one that a generated market's own trader worked: who, when and how much
 * is known. A pseudo-metaorder is a run of market orders of one side in a recording: nobody knows
 * whose they were, and a run ends when the other side trades, which is no accident. So it says how
 * prices and flow go together, and is called what it is. What must stay true: what an order cost
 * follows from mids before and prices paid, and its market facts from before its start.
 */
import { quantityEstimate } from "../../core/domain/instrument.ts";
import type { Lots } from "../../core/domain/units.ts";
import type { TradedSlice } from "../../impact/impact-model.ts";
import { leaveOut, type Unclustered } from "./calibration-observation.ts";
import type { MarketOrder, MarketPath } from "./market-path.ts";

/**
 * A large order of a generated market's own trader; times in nanoseconds since the epoch, `endAt`
 * that of its last slice. It changes while the market runs.
 */
export interface MetaorderRecord {
  readonly isBuy: boolean;
  readonly startAt: number;
  readonly endAt: number;
  readonly lots: number;
  readonly filledLots: number;
}

export interface PathObservations {
  readonly observations: readonly Unclustered[];
  readonly leftOut: ReadonlyMap<string, number>;
}

/** What a person states of the market; it wins over what is measured. */
export interface StatedMarket {
  readonly dailyVolatility?: number;
  readonly dailyVolume?: number;
  readonly spreadBps?: number;
}

const NANOS = 1e9;
const DAY = 86_400 * NANOS;
/** A longer pause ends a run: whoever comes then is somebody else. */
const PAUSE_MOST = 5 * NANOS;
/** Runs that are over sooner have no speed that could be measured. */
const LEAST_NANOS = 1e7;
const SLICES_MOST = 20;
/** What is left is looked at as long after the end as the order took, within these. */
const LATER = { least: 1 * NANOS, most: 300 * NANOS } as const;

const UNKNOWN_FACTS = "too little was seen of the market before it (state it, or give more data)";
const UNKNOWN_MID = "no healthy book before, during or after it";

/** Runs of two or more market orders of one side. */
export function pseudoMetaorders(
  path: MarketPath,
  market: string,
  stated: StatedMarket = {},
): PathObservations {
  const observations: Unclustered[] = [];
  const leftOut = new Map<string, number>();
  for (const run of runsOf(path.orders)) {
    const made = observe(path, run, market, stated);
    if (typeof made === "string") leaveOut(leftOut, made);
    else observations.push(made);
  }
  return { observations, leftOut };
}

function* runsOf(orders: readonly MarketOrder[]): Generator<readonly MarketOrder[]> {
  let run: MarketOrder[] = [];
  for (const order of orders) {
    const last = run.at(-1);
    const goesOn =
      last !== undefined && last.isBuy === order.isBuy && order.time - last.time <= PAUSE_MOST;
    if (!goesOn) {
      if (run.length > 0) yield run;
      run = [];
    }
    run.push(order);
  }
  if (run.length > 0) yield run;
}

function observe(
  path: MarketPath,
  run: readonly MarketOrder[],
  market: string,
  stated: StatedMarket,
): Unclustered | string {
  const [first, last] = [run[0]!, run.at(-1)!];
  const span = last.time - first.time;
  if (run.length < 2) return "a single market order, which has no duration";
  if (span < LEAST_NANOS) return "over in less than 10 ms: its speed cannot be measured";
  const sign = first.isBuy ? 1 : -1;
  let [lots, beyond] = [0, 0];
  for (const order of run) {
    const price = order.turnover / order.lots;
    // Half the spread is the touch's own price; what an order walks beyond it is impact.
    const paid = Math.min(
      order.spread / 2,
      Math.max(-order.spread / 2, sign * (price - order.mid)),
    );
    lots += order.lots;
    beyond += order.lots * (sign * (price - first.mid) - paid);
  }
  const later = path.midBefore(last.time + within(span));
  const end = path.midBefore(last.time + 1);
  const facts = factsOf(path, first.time, stated);
  if (facts === undefined) return UNKNOWN_FACTS;
  if (!Number.isFinite(beyond) || !(first.mid > 0) || !(end > 0)) return UNKNOWN_MID;
  const toBps = 1e4 / first.mid;
  return {
    kind: "pseudo-metaorder",
    market,
    at: path.microsAt(first.time),
    side: first.isBuy ? "buy" : "sell",
    quantity: quantityEstimate(path.instrument, lots as Lots),
    days: span / DAY,
    schedule: scheduleOf(path, run, span),
    ...facts,
    realisedBps: (beyond / lots) * toBps,
    endMoveBps: sign * (end - first.mid) * toBps,
    ...(later > 0 ? { laterMoveBps: sign * (later - first.mid) * toBps } : {}),
  };
}

const within = (span: number): number => Math.min(LATER.most, Math.max(LATER.least, span));

function factsOf(
  path: MarketPath,
  time: number,
  { dailyVolatility, dailyVolume, spreadBps }: StatedMarket,
): Required<StatedMarket> | undefined {
  const seen = path.factsBefore(time);
  const facts = {
    dailyVolatility: dailyVolatility ?? seen?.dailyVolatility,
    dailyVolume: dailyVolume ?? seen?.dailyVolume,
    spreadBps: spreadBps ?? seen?.spreadBps,
  };
  const isKnown = Object.values(facts).every((fact) => fact !== undefined);
  return isKnown ? (facts as Required<StatedMarket>) : undefined;
}

/** Market orders in even stretches of time; the last instant belongs to the last stretch. */
function scheduleOf(
  path: MarketPath,
  run: readonly MarketOrder[],
  span: number,
): readonly TradedSlice[] {
  const count = Math.min(SLICES_MOST, run.length - 1);
  const quantities = Array.from({ length: count }, () => 0);
  for (const { time, lots } of run) {
    const place = Math.floor(((time - run[0]!.time) / span) * count);
    quantities[Math.min(count - 1, place)]! += lots;
  }
  return quantities.map((lots) => ({
    quantity: quantityEstimate(path.instrument, lots as Lots),
    days: span / DAY / count,
  }));
}

/** As its trader worked it: evenly, so it paid the mean mid while it lasted. */
export function metaorderObservations(
  path: MarketPath,
  metaorders: Iterable<MetaorderRecord>,
  market: string,
  stated: StatedMarket = {},
): PathObservations {
  const observations: Unclustered[] = [];
  const leftOut = new Map<string, number>();
  for (const { isBuy, startAt, endAt, filledLots } of metaorders) {
    const span = endAt - startAt;
    if (!(filledLots > 0) || !(span > 0)) {
      leaveOut(leftOut, "nothing of it was filled, or it took no time");
      continue;
    }
    const facts = factsOf(path, startAt, stated);
    if (facts === undefined) {
      leaveOut(leftOut, UNKNOWN_FACTS);
      continue;
    }
    const sign = isBuy ? 1 : -1;
    const start = path.midBefore(startAt);
    const [mean, end] = [path.meanMid(startAt, endAt), path.midBefore(endAt + 1)];
    const later = path.midBefore(endAt + within(span));
    if (!(start > 0) || !(mean > 0) || !(end > 0)) {
      leaveOut(leftOut, UNKNOWN_MID);
      continue;
    }
    const toBps = (sign * 1e4) / start;
    const quantity = quantityEstimate(path.instrument, filledLots as Lots);
    const days = span / DAY;
    observations.push({
      kind: "metaorder",
      market,
      at: path.microsAt(startAt),
      side: isBuy ? "buy" : "sell",
      quantity,
      days,
      schedule: Array.from({ length: SLICES_MOST }, () => ({
        quantity: quantity / SLICES_MOST,
        days: days / SLICES_MOST,
      })),
      ...facts,
      realisedBps: (mean - start) * toBps,
      endMoveBps: (end - start) * toBps,
      ...(later > 0 ? { laterMoveBps: (later - start) * toBps } : {}),
    });
  }
  return { observations, leftOut };
}
