/**
 * Liquidity: the spread, the depth of the book, how much is traded, how often, and how that goes
 * with volatility.
 *
 * Spread and depth are averages over time, not over updates: a book that flickers counts no more.
 */
import { lots, MINUTE } from "../../core/domain/units.ts";
import { quantityEstimate } from "../../core/domain/instrument.ts";
import { type Curve, type Finding, measure, type Survey } from "./finding.ts";
import { addPair, correlation, joinPairs, noPairs, type PairSums, slope } from "./fit.ts";
import { type Estimate, jackknife, liesIn } from "./jackknife.ts";
import { cellSpans, returnBps, spansOf } from "./spans.ts";
import {
  BINS_PER_OCTAVE,
  binStart,
  type Cell,
  CELL_SECONDS,
  DEPTH_TICKS,
  GRID_PER_SECOND,
  type MarketTape,
  SPREAD_TICKS,
  sumOf,
} from "./tape.ts";

const total = (cells: readonly Cell[], of: (cell: Cell) => number): number =>
  cells.reduce((sum, cell) => sum + of(cell), 0);
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
const lotOf = ({ tapes }: Survey): number => quantityEstimate(tapes[0]!.instrument, lots(1));

export function spread(survey: Survey): Finding {
  const { seed } = survey;
  const spans = cellSpans(survey, 0).filter((cell) => cell.quotedSeconds > 0);
  const per = (of: (cell: Cell) => number): Estimate | undefined =>
    jackknife(spans, (some) => total(some, of) / total(some, (cell) => cell.quotedSeconds), seed);
  const pairs = minutePairs(survey, ({ spreadTicks, variance }) => [spreadTicks, variance]);
  const together = jackknife(pairs, (some) => correlation(joinPairs(some)), seed);
  const seconds = range(0, SPREAD_TICKS + 1).map((k) => total(spans, (c) => c.spreadSeconds[k]!));
  const all = seconds.reduce((sum, each) => sum + each, 0);
  const widest = seconds.findLastIndex((each) => each > 0);
  return {
    fact: "spread",
    holds: liesIn(together, { above: 0 }),
    effective: together?.clusters ?? 0,
    why: "by the correlation of logarithms, minute by minute",
    measures: [
      measure(
        "mean, by time",
        per((cell) => cell.spreadTickSeconds),
        { unit: "ticks" },
      ),
      measure(
        "mean, by time (relative)",
        per((cell) => cell.spreadBpsSeconds),
        { unit: "bps" },
      ),
      measure(
        "time at one tick",
        per((cell) => cell.spreadSeconds[1]!),
      ),
      measure("with volatility", together),
    ],
    curves: [
      {
        name: "share of time",
        x: range(1, widest + 1),
        y: range(1, widest + 1).map((k) => seconds[k]! / all),
      },
    ],
  };
}

/** A recording of so few levels does not show what is behind the touch. */
const LEAST_LEVELS = 20;

export function depth(survey: Survey): Finding {
  const { seed } = survey;
  const lot = lotOf(survey);
  const spans = cellSpans(survey, 0).filter((cell) => cell.looks > 0);
  const at = (some: readonly Cell[], k: number): number =>
    total(some, (cell) => cell.depthLots[k]!) / total(some, (cell) => cell.looks) / 2;
  const mean = (some: readonly Cell[], from: number, to: number): number =>
    range(from, to + 1).reduce((sum, k) => sum + at(some, k), 0) / (to + 1 - from);
  const rise = jackknife(spans, (some) => mean(some, 6, 25) / mean(some, 1, 2), seed);
  const looks = total(spans, (cell) => cell.looks);
  const levels = total(spans, (cell) => cell.levelsSeen) / looks;
  const touch = (of: (n: number, sum: number, squares: number) => number) =>
    jackknife(
      spans,
      (some) => {
        const n = 2 * total(some, (cell) => cell.looks);
        const [sum, squares] = [
          total(some, (cell) => cell.touchLots),
          total(some, (cell) => cell.touchSquares),
        ];
        return of(n, sum, squares);
      },
      seed,
    );
  const isShallow = !(levels >= LEAST_LEVELS);
  const ticksAway = range(1, DEPTH_TICKS + 1);
  const averages = ticksAway.map((k) => at(spans, k) * lot);
  const deepest = averages.reduce((best, each, i) => (each > averages[best]! ? i : best), 0) + 1;
  return {
    fact: "depth",
    holds: isShallow ? "cannot be told" : liesIn(rise, { above: 1 }),
    effective: rise?.clusters ?? 0,
    why: isShallow
      ? `${levels.toFixed(0)} levels are seen within ${DEPTH_TICKS} ticks of the mid, both sides`
      : "6 to 25 ticks from the mid against 1 and 2",
    measures: [
      measure("6–25 ticks against 1–2", rise),
      measure("deepest at", looks > 0 ? { value: deepest, clusters: spans.length } : undefined, {
        unit: "ticks",
      }),
      measure(
        "at the touch, mean",
        touch((n, sum) => (sum / n) * lot),
      ),
      measure(
        "at the touch, variation",
        touch((n, sum, squares) => Math.sqrt(squares / n - (sum / n) ** 2) / (sum / n)),
        { note: "standard deviation over mean; 1 is an exponential" },
      ),
    ],
    curves: [
      { name: "units a level", x: ticksAway, y: averages },
      exceedance("touch", sumOf(spans).touchCounts, lot),
    ],
  };
}

interface Minute {
  readonly volume: number;
  readonly moveBps: number;
  /** Of the mid, second by second, bps². */
  readonly variance: number;
  readonly spreadTicks: number;
}

function minutesOf(tape: MarketTape): readonly (Minute | undefined)[] {
  const perCell = CELL_SECONDS * GRID_PER_SECOND;
  return tape.cells.map((cell, i) => {
    const [from, to] = [i * perCell, (i + 1) * perCell];
    let [variance, known] = [0, 0];
    for (let at = from; at < to; at += GRID_PER_SECOND) {
      const r = returnBps(tape.mids, at, at + GRID_PER_SECOND);
      if (Number.isNaN(r)) continue;
      variance += r * r;
      known += 1;
    }
    const moveBps = Math.abs(returnBps(tape.mids, from, Math.min(to, tape.mids.length - 1)));
    if (known < CELL_SECONDS * 0.9 || Number.isNaN(moveBps)) return undefined;
    const spreadTicks = cell.spreadTickSeconds / cell.quotedSeconds;
    return { volume: cell.volume, moveBps, variance, spreadTicks };
  });
}

/** Pairs of logarithms, minute by minute, in spans of five; minutes with a zero are left out. */
function minutePairs(
  survey: Survey,
  of: (minute: Minute) => readonly [number, number],
): readonly PairSums[] {
  const minutes = new Map(survey.tapes.map((tape) => [tape, minutesOf(tape)]));
  const perCell = CELL_SECONDS * GRID_PER_SECOND;
  return spansOf(survey, MINUTE / 1e6)
    .map(({ tape, from, cells }) => {
      const sums = noPairs();
      const first = Math.round(from / perCell);
      for (const minute of minutes.get(tape)!.slice(first, first + cells.length)) {
        const [x, y] = minute === undefined ? [0, 0] : of(minute);
        if (x > 0 && y > 0) addPair(sums, Math.log(x), Math.log(y));
      }
      return sums;
    })
    .filter(({ n }) => n > 0);
}

const SCATTER_POINTS = 400;

export function volumeVolatility(survey: Survey): Finding {
  const { seed } = survey;
  const pairs = minutePairs(survey, ({ volume, variance }) => [volume, variance]);
  const moves = minutePairs(survey, ({ volume, moveBps }) => [volume, moveBps]);
  const together = jackknife(pairs, (some) => correlation(joinPairs(some)), seed);
  const minutes = survey.tapes.flatMap(minutesOf).filter((minute) => minute !== undefined);
  const lot = lotOf(survey);
  const every = Math.max(1, Math.ceil(minutes.length / SCATTER_POINTS));
  const shown = minutes.filter((minute, i) => i % every === 0 && minute.volume > 0);
  return {
    fact: "volume-volatility",
    holds: liesIn(together, { above: 0 }),
    effective: together?.clusters ?? 0,
    why: `from ${minutes.length} minutes`,
    measures: [
      measure("variance with volume", together, { note: "logarithms" }),
      measure(
        "slope of variance on volume",
        jackknife(pairs, (some) => slope(joinPairs(some)), seed),
        { note: "logarithms" },
      ),
      measure(
        "|return| with volume",
        jackknife(moves, (some) => correlation(joinPairs(some)), seed),
        { note: "logarithms" },
      ),
    ],
    curves: [
      {
        name: "minutes",
        x: shown.map(({ volume }) => volume * lot),
        y: shown.map(({ variance }) => Math.sqrt(variance)),
      },
    ],
  };
}

/** The share of values at or above the beginning of each bin that was reached. */
function exceedance(name: string, counts: Float64Array, unit: number): Curve {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const [first, last] = [counts.findIndex((n) => n > 0), counts.findLastIndex((n) => n > 0)];
  const bins = first < 0 ? [] : range(first, last + 1);
  let above = all;
  const y = bins.map((bin) => {
    const share = above / all;
    above -= counts[bin]!;
    return share;
  });
  return { name, x: bins.map((bin) => binStart(bin) * unit), y };
}

/** The tail begins where at most this share of the orders is left. */
const TAIL_SHARE = 0.1;
const LEAST_TAIL = 50;

/** Of a Pareto tail that was counted in bins of one ratio: how far above its begin is geometric. */
export function binnedTail(counts: Float64Array, from: number): number {
  let [n, steps] = [0, 0];
  for (let bin = from; bin < counts.length; bin++) {
    n += counts[bin]!;
    steps += counts[bin]! * (bin - from);
  }
  return (Math.log1p(n / steps) * BINS_PER_OCTAVE) / Math.LN2;
}

export function orderSizes(survey: Survey): Finding {
  const { seed } = survey;
  const lot = lotOf(survey);
  const spans = cellSpans(survey, 0).filter((cell) => cell.orders > 0);
  const { sizeCounts: counts, orders, volume } = sumOf(spans);
  let [from, left] = [0, orders];
  while (left > TAIL_SHARE * orders) left -= counts[from++]!;
  const tail =
    left < LEAST_TAIL
      ? undefined
      : jackknife(spans, (some) => binnedTail(sumOf(some).sizeCounts, from), seed);
  const begin = binStart(from) * lot;
  return {
    fact: "order-sizes",
    holds: liesIn(tail, { above: 0.8, below: 3 }),
    effective: tail?.clusters ?? 0,
    why: `from ${left} of ${orders} orders: those of ${begin.toPrecision(2)} and more`,
    measures: [
      measure("tail exponent", tail, { note: `k = ${left}, in half octaves` }),
      measure(
        "mean size",
        orders > 0 ? { value: (volume * lot) / orders, clusters: spans.length } : undefined,
        { note: "volume over market orders" },
      ),
    ],
    curves: [exceedance("orders", counts, lot)],
  };
}

/** Standard deviation of the waits over their mean. */
function variation(some: readonly Cell[]): number {
  const n = total(some, (cell) => cell.waits);
  const mean = total(some, (cell) => cell.waitSeconds) / n;
  return Math.sqrt(total(some, (cell) => cell.waitSquares) / n - mean * mean) / mean;
}

export function bursts(survey: Survey): Finding {
  const spans = cellSpans(survey, 0).filter((cell) => cell.waits > 0);
  const burstiness = jackknife(
    spans,
    (some) => (variation(some) - 1) / (variation(some) + 1),
    survey.seed,
  );
  const rate = jackknife(
    spans,
    (some) => total(some, (cell) => cell.waitSeconds) / total(some, (cell) => cell.waits),
    survey.seed,
  );
  return {
    fact: "bursts",
    holds: liesIn(burstiness, { above: 0 }),
    effective: burstiness?.clusters ?? 0,
    why: "0 is a Poisson flow, 1 the most there can be",
    measures: [measure("burstiness", burstiness), measure("mean wait", rate, { unit: "s" })],
    curves: [exceedance("waits", sumOf(spans).waitCounts, 1e-6)],
  };
}
