/**
 * Metaorders: what large orders that were worked over time did to the price: by their size, on the
 * way, and after the end.
 *
 * A generated market knows its metaorders. A recording does not say who traded, so runs of market
 * orders of one side stand in for them (order-runs.ts), and are called what they are: a run ends
 * because the other side came, which is known only afterwards, and its impact holds whatever else
 * moved the price that way. What must stay true: nothing measured on runs is reported as if it were
 * of metaorders.
 */
import {
  calendarOf,
  GRID_PER_SECOND,
  type MarketTape,
  type OrderRun,
  TRADER_COUNTS,
} from "./tape.ts";

/** What a market says of a metaorder of its own. Times are nanoseconds since the header's epoch. */
export interface MetaorderRecord {
  readonly isBuy: boolean;
  readonly startAt: number;
  readonly endAt: number;
  readonly lots: number;
  readonly filledLots: number;
}

export interface Metaorder {
  /** Which tape, and seconds since its start. */
  readonly tape: number;
  readonly startAt: number;
  readonly duration: number;
  /** Share of a day's volume. */
  readonly size: number;
  /** In bps, positive = the way it traded. */
  readonly peakBps: number;
  /** Shares of the peak time, `PATH_SHARES`, in bps. */
  readonly path: readonly number[];
  /** `AFTER_DURATIONS` times the duration after the start, in bps; NaN where nobody knows. */
  readonly after: readonly number[];
}

export interface MetaorderSample {
  readonly kind: "metaorders" | "runs";
  /** Of runs: to how many traders the orders were dealt out. */
  readonly traders?: number;
  readonly orders: readonly Metaorder[];
  /** Of the mid, bps a day. */
  readonly dailyVolatilityBps: number;
}

export const PATH_SHARES: readonly number[] = [0.25, 0.5, 0.75, 1];
export const AFTER_DURATIONS: readonly number[] = [1.25, 1.5, 2, 3, 5, 10];
/** What is over sooner has no time after it that the samples could tell. */
const LEAST_SECONDS_AFTER = 0.5;
const VOLATILITY_SECONDS = 10;

interface Scale {
  readonly dailyLots: number;
  readonly dailyVolatilityBps: number;
}

/** A day's volume and volatility, scaled up from what was recorded over all tapes. */
export function scaleOf(tapes: readonly MarketTape[]): Scale {
  const { daySeconds } = calendarOf(tapes[0]!.instrument);
  let [seconds, volume, squares, moves] = [0, 0, 0, 0];
  const step = VOLATILITY_SECONDS * GRID_PER_SECOND;
  for (const { mids, cells } of tapes) {
    seconds += mids.length / GRID_PER_SECOND;
    for (const cell of cells) volume += cell.volume;
    for (let at = 0; at + step < mids.length; at += step) {
      const [a, b] = [mids[at]!, mids[at + step]!];
      if (!(a > 0 && b > 0)) continue;
      squares += Math.log(b / a) ** 2;
      moves += 1;
    }
  }
  return {
    dailyLots: (volume / seconds) * daySeconds,
    dailyVolatilityBps: 1e4 * Math.sqrt((squares / moves) * (daySeconds / VOLATILITY_SECONDS)),
  };
}

/** Sample at or before `seconds`, half ticks; 0 outside. */
const midAt = ({ mids }: MarketTape, seconds: number): number =>
  seconds < 0 ? 0 : (mids[Math.floor(seconds * GRID_PER_SECOND + 1e-6)] ?? 0);

function wayBps(isBuy: boolean, from: number, to: number): number {
  if (!(from > 0 && to > 0)) return Number.NaN;
  return (isBuy ? 1 : -1) * 1e4 * Math.log(to / from);
}

/** @param records of each tape, in order. */
export function knownMetaorders(
  tapes: readonly MarketTape[],
  records: readonly Iterable<MetaorderRecord>[],
  epochNanos: readonly bigint[],
): MetaorderSample {
  const { dailyLots, dailyVolatilityBps } = scaleOf(tapes);
  const orders = tapes.flatMap((tape, index) => {
    const origin = Number(tape.startNanos - (epochNanos[index] ?? 0n));
    return [...(records[index] ?? [])].flatMap((record): Metaorder[] => {
      const startAt = (record.startAt - origin) / 1e9;
      const duration = (record.endAt - record.startAt) / 1e9;
      // The sample before the start, so that nothing of it is in there.
      const before = midAt(tape, startAt - 1 / GRID_PER_SECOND);
      const way = (durations: number): number => {
        const seconds = startAt + durations * duration;
        return wayBps(record.isBuy, before, midAt(tape, seconds + 1 / GRID_PER_SECOND));
      };
      const peakBps = way(1);
      if (Number.isNaN(peakBps) || !(record.filledLots > 0) || !(duration > 0)) return [];
      return [
        {
          tape: index,
          startAt,
          duration,
          size: record.filledLots / dailyLots,
          peakBps,
          path: PATH_SHARES.map(way),
          after: AFTER_DURATIONS.map(way),
        },
      ];
    });
  });
  return { kind: "metaorders", orders, dailyVolatilityBps };
}

/** Runs of market orders of one side, for markets that do not say who traded. */
export function pseudoMetaorders(tapes: readonly MarketTape[]): readonly MetaorderSample[] {
  const { dailyLots, dailyVolatilityBps } = scaleOf(tapes);
  return TRADER_COUNTS.map((traders, which) => ({
    kind: "runs" as const,
    traders,
    orders: tapes.flatMap((tape, index) =>
      (tape.runs[which]?.runs ?? []).map((run) => fromRun(tape, index, run, dailyLots)),
    ),
    dailyVolatilityBps,
  }));
}

function fromRun(tape: MarketTape, index: number, run: OrderRun, dailyLots: number): Metaorder {
  const [before, ...reached] = run.mids;
  const duration = run.endAt - run.startAt;
  const path = reached.map((mid) => wayBps(run.isBuy, before, mid));
  return {
    tape: index,
    startAt: run.startAt,
    duration,
    size: run.lots / dailyLots,
    peakBps: path.at(-1)!,
    path,
    after: AFTER_DURATIONS.map((durations) =>
      duration < LEAST_SECONDS_AFTER
        ? Number.NaN
        : wayBps(run.isBuy, before, midAt(tape, run.startAt + durations * duration)),
    ),
  };
}
