/**
 * Execution observation: one of our own orders, or one whose fills were imported, as a model sees
 * it: its slices as they were really traded, and what it cost beyond the spread and the fees.
 */
import { quantityEstimate } from "../../core/domain/instrument.ts";
import { sign } from "../../core/domain/side.ts";
import type { Lots } from "../../core/domain/units.ts";
import type { PartialExecution, PartialFill } from "../../core/tca/execution.ts";
import type { TradedSlice } from "../../impact/impact-model.ts";
import type { ObservationKind, Unclustered } from "./calibration-observation.ts";
import type { MarketPath } from "./market-path.ts";
import type { StatedMarket } from "./path-observations.ts";

const MICROS_PER_DAY = 86_400e6;
const SLICES_MOST = 20;

export interface ExecutionSource {
  readonly kind: ObservationKind;
  readonly market: string;
  readonly stated: StatedMarket;
  /** The market that it was worked in, where there is a recording of it. */
  readonly path?: MarketPath;
  /**
   * Only what the simulation knows to be ours: how far our own trading had moved the mid, and what
   * walked beyond the touch. What the price did by itself is left out.
   */
  readonly onlyOurs?: boolean;
}

/** Or, in words, why it cannot be one. */
export function executionObservation(
  execution: PartialExecution,
  { kind, market, stated, path, onlyOurs = false }: ExecutionSource,
): Unclustered | string {
  const { fills, instrument, arrivalPrice, startAt, displacementModel } = execution;
  if (fills.length === 0) return "nothing of it was filled";
  if (arrivalPrice === undefined) return "its arrival price is not known";
  const last = fills.reduce((latest, { fill }) => Math.max(latest, fill.exchangeTime), 0);
  const days = (last - startAt) / MICROS_PER_DAY;
  if (!(days > 0)) return "it took no time";
  if (onlyOurs && displacementModel !== "exact" && displacementModel !== "none") {
    return "nobody knows which part of its cost was ours";
  }
  const beyond = beyondSpread(execution, arrivalPrice / 2, onlyOurs);
  if (beyond === undefined) return "the mid before one of its fills is not known";
  const seen = path?.factsBefore(path.timeAt(startAt));
  const dailyVolatility = stated.dailyVolatility ?? seen?.dailyVolatility;
  const dailyVolume = stated.dailyVolume ?? seen?.dailyVolume;
  const spreadBps = stated.spreadBps ?? seen?.spreadBps;
  if (dailyVolatility === undefined || dailyVolume === undefined || spreadBps === undefined) {
    return "too little was seen of the market before it (state it, or give more data)";
  }
  const schedule = scheduleOf(execution, days);
  // Where the market answered, its own path lacks what we did to it.
  const isTold = path !== undefined && execution.displacementModel === "none";
  const moves = isTold ? movesOf(execution, path, last) : {};
  return {
    kind,
    market,
    at: startAt,
    side: execution.side,
    quantity: quantityOf(fills, instrument),
    days,
    schedule,
    dailyVolatility,
    dailyVolume,
    spreadBps,
    realisedBps: beyond,
    ...moves,
    ...(displacementModel === "none" ? { inert: "its market does not react to us" } : {}),
  };
}

const quantityOf = (
  fills: readonly PartialFill[],
  instrument: PartialExecution["instrument"],
): number => fills.reduce((sum, { fill }) => sum + quantityEstimate(instrument, fill.quantity), 0);

/**
 * What was paid over the arrival price, less the half spread that the touch costs (or earns).
 * Walking beyond the touch is impact.
 */
function beyondSpread(
  { fills, side }: PartialExecution,
  arrival: number,
  onlyOurs: boolean,
): number | undefined {
  let [lots, sum] = [0, 0];
  for (const { fill, midBefore, spreadBefore, displacement } of fills) {
    if (midBefore === undefined) return undefined;
    const mid = midBefore / 2;
    const paid = sign(side) * (fill.price - mid);
    const half = (spreadBefore ?? 2 * Math.abs(paid)) / 2;
    const touch = Math.min(half, Math.max(-half, paid));
    lots += fill.quantity;
    const moved = onlyOurs ? displacement / 2 : mid - arrival;
    sum += fill.quantity * (sign(side) * moved + paid - touch);
  }
  return ((sum / lots) * 1e4) / arrival;
}

/** Fills in even stretches of time; a pause is a stretch of no quantity. */
function scheduleOf(
  { fills, startAt, instrument }: PartialExecution,
  days: number,
): readonly TradedSlice[] {
  const count = SLICES_MOST;
  const slices = Array.from({ length: count }, () => ({ quantity: 0, days: days / count }));
  for (const { fill } of fills) {
    const place = Math.floor(((fill.exchangeTime - startAt) / (days * MICROS_PER_DAY)) * count);
    slices[Math.min(count - 1, Math.max(0, place))]!.quantity += quantityEstimate(
      instrument,
      fill.quantity as Lots,
    );
  }
  return slices;
}

function movesOf(
  { startAt, side }: PartialExecution,
  path: MarketPath,
  last: number,
): Pick<Unclustered, "endMoveBps" | "laterMoveBps"> {
  const [from, until] = [path.timeAt(startAt), path.timeAt(last as typeof startAt)];
  const start = path.midBefore(from);
  const move = (time: number): number =>
    (sign(side) * 1e4 * (path.midBefore(time) - start)) / start;
  const [end, later] = [move(until + 1), move(until + Math.max(1e9, until - from))];
  return {
    ...(Number.isFinite(end) ? { endMoveBps: end } : {}),
    ...(Number.isFinite(later) ? { laterMoveBps: later } : {}),
  };
}
