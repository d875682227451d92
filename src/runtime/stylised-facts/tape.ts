/**
 * Tape: what is kept of a market to measure its stylised facts: the mid and the last price ten
 * times a second, and sums of everything else minute by minute.
 *
 * It grows with the time that was recorded (about 20 MB a day), not with the rows. What must stay
 * true: a fact is a function of sums over spans of time, so that leaving out a span (the jackknife)
 * needs no second pass.
 */
import type { Instrument } from "../../core/domain/instrument.ts";

/** Between two samples of the price. */
export const GRID_SECONDS = 0.1;
export const GRID_PER_SECOND = 10;
export const CELL_SECONDS = 60;

/** In market orders; about even on a logarithmic axis. */
export const SIGN_LAGS: readonly number[] = [
  1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 79, 100, 126, 158, 200, 251, 316, 398,
  501, 631, 794, 1000,
];

/** Seconds after a market order at which the mid is looked at again. */
export const RESPONSE_SECONDS: readonly number[] = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60];

/** Depth is kept to this distance from the mid, in ticks. */
export const DEPTH_TICKS = 50;
/** Spreads wider than this are counted as this wide. */
export const SPREAD_TICKS = 200;

/** Half octaves: sizes and waits are counted in bins of a factor of √2. */
export const BINS_PER_OCTAVE = 2;
const SIZE_BINS = 84;
/** Waits from a microsecond up. */
const WAIT_BINS = 84;

export const binOf = (value: number, bins: number): number =>
  value < 1 ? 0 : Math.min(bins - 1, Math.floor(BINS_PER_OCTAVE * Math.log2(value)));
/** The least value of a bin. */
export const binStart = (bin: number): number => 2 ** (bin / BINS_PER_OCTAVE);

/** Sums over a span of time. Signed sums are positive where the price went the order's way. */
export class Cell {
  /** Lots traded, hidden executions included, block trades not. */
  volume = 0;
  prints = 0;
  orders = 0;
  signs = 0;
  /** Seconds in which there was a healthy book, and integrals over them. */
  quotedSeconds = 0;
  spreadTickSeconds = 0;
  spreadBpsSeconds = 0;
  readonly spreadSeconds = new Float64Array(SPREAD_TICKS + 1);
  /** Between market orders, in seconds. */
  waits = 0;
  waitSeconds = 0;
  waitSquares = 0;
  readonly waitCounts = new Float64Array(WAIT_BINS);
  /** Products of signs by lag of `SIGN_LAGS`: of market orders, then of single prints. */
  readonly orderPairs = new Float64Array(SIGN_LAGS.length);
  readonly orderProducts = new Float64Array(SIGN_LAGS.length);
  readonly printPairs = new Float64Array(SIGN_LAGS.length);
  readonly printProducts = new Float64Array(SIGN_LAGS.length);
  printSigns = 0;
  /** The mid's way in bps by delay of `RESPONSE_SECONDS`. */
  readonly responseCounts = new Float64Array(RESPONSE_SECONDS.length);
  readonly responseBps = new Float64Array(RESPONSE_SECONDS.length);
  readonly sizeCounts = new Float64Array(SIZE_BINS);
  /** By size: lots, and the mid's way in bps after the order's own instant and a second on. */
  readonly sizeLots = new Float64Array(SIZE_BINS);
  readonly sizeMovedCounts = new Float64Array(SIZE_BINS);
  readonly sizeMovedLots = new Float64Array(SIZE_BINS);
  readonly sizeAtOnceBps = new Float64Array(SIZE_BINS);
  readonly sizeLaterBps = new Float64Array(SIZE_BINS);
  /** Looks at the book, one a second, and the lots seen at each distance, both sides together. */
  looks = 0;
  levelsSeen = 0;
  readonly depthLots = new Float64Array(DEPTH_TICKS + 1);
  touchLots = 0;
  touchSquares = 0;
  readonly touchCounts = new Float64Array(SIZE_BINS);

  add(other: Cell): void {
    for (const name of SCALARS) this[name] += other[name];
    for (const name of COLUMNS) {
      const [mine, theirs] = [this[name], other[name]];
      for (let i = 0; i < mine.length; i++) mine[i]! += theirs[i]!;
    }
  }
}

const SCALARS = [
  "volume",
  "prints",
  "orders",
  "signs",
  "quotedSeconds",
  "spreadTickSeconds",
  "spreadBpsSeconds",
  "waits",
  "waitSeconds",
  "waitSquares",
  "printSigns",
  "looks",
  "levelsSeen",
  "touchLots",
  "touchSquares",
] as const satisfies readonly (keyof Cell)[];

const COLUMNS = [
  "spreadSeconds",
  "waitCounts",
  "orderPairs",
  "orderProducts",
  "printPairs",
  "printProducts",
  "responseCounts",
  "responseBps",
  "sizeCounts",
  "sizeLots",
  "sizeMovedCounts",
  "sizeMovedLots",
  "sizeAtOnceBps",
  "sizeLaterBps",
  "depthLots",
  "touchCounts",
] as const satisfies readonly (keyof Cell)[];

export function sumOf(cells: readonly Cell[]): Cell {
  const sum = new Cell();
  for (const cell of cells) sum.add(cell);
  return sum;
}

/** Market orders of one side in a row, of a trader to whom they were dealt. */
export interface OrderRun {
  readonly isBuy: boolean;
  /** Seconds since the tape's start. */
  readonly startAt: number;
  readonly endAt: number;
  readonly orders: number;
  readonly lots: number;
  /** Half ticks: before the first order, after a quarter, half, three quarters, and all of it. */
  readonly mids: readonly [number, number, number, number, number];
}

/** How many traders the orders are dealt out to. */
export const TRADER_COUNTS: readonly number[] = [1, 4, 20];

export interface DealtRuns {
  readonly traders: number;
  readonly runs: readonly OrderRun[];
  /** One of so many was kept. */
  readonly thinnedBy: number;
}

export interface MarketTape {
  readonly instrument: Instrument;
  /** Nanoseconds since the Unix epoch of the first sample. */
  readonly startNanos: bigint;
  /** Half ticks, one a `GRID_SECONDS`; 0 where nobody knew. */
  readonly mids: Int32Array;
  /** Ticks: the last price traded; 0 before the first trade and where the stream was broken. */
  readonly lastPrices: Int32Array;
  readonly cells: readonly Cell[];
  /** One of each of `TRADER_COUNTS`. */
  readonly runs: readonly DealtRuns[];
  readonly rows: number;
}

/** Seconds of a trading day and days of a year: what "daily" and "annual" mean for this market. */
export function calendarOf(instrument: Instrument): { daySeconds: number; yearDays: number } {
  // The one venue with a session among those that can be read.
  if (instrument.venue === "nasdaq") return { daySeconds: 23_400, yearDays: 252 };
  return { daySeconds: 86_400, yearDays: 365 };
}
