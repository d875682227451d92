/**
 * Price impact: how prices wander at each time scale, and what one market order does to the mid.
 */
import { lots } from "../../core/domain/units.ts";
import { quantityEstimate } from "../../core/domain/instrument.ts";
import { type Curve, type Finding, measure, type Survey } from "./finding.ts";
import { fitShape, parameterOf, power } from "./fit.ts";
import { type Estimate, jackknife, liesIn } from "./jackknife.ts";
import { cellSpans, returnBps, type Span, spansOf } from "./spans.ts";
import { type Cell, GRID_PER_SECOND, RESPONSE_SECONDS } from "./tape.ts";

export const SAMPLING_SECONDS: readonly number[] = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60];

interface Wandering {
  readonly counts: readonly number[];
  readonly squares: readonly number[];
}

/** Squared moves from each sample, which overlap: spans, not samples, are what is counted. */
function wanderingOf({ tape, from, until }: Span, of: "mids" | "lastPrices"): Wandering {
  const prices = tape[of];
  const counts: number[] = [];
  const squares: number[] = [];
  for (const seconds of SAMPLING_SECONDS) {
    const step = Math.round(seconds * GRID_PER_SECOND);
    const end = Math.min(until, prices.length - step);
    let [count, sum] = [0, 0];
    for (let at = from; at < end; at++) {
      const r = returnBps(prices, at, at + step);
      if (Number.isNaN(r)) continue;
      count += 1;
      sum += r * r;
    }
    counts.push(count);
    squares.push(sum);
  }
  return { counts, squares };
}

/** Variance a second, bps², when prices are looked at this often. */
const varianceAt = (parts: readonly Wandering[], k: number): number => {
  const count = parts.reduce((sum, part) => sum + part.counts[k]!, 0);
  const squares = parts.reduce((sum, part) => sum + part.squares[k]!, 0);
  return squares / count / SAMPLING_SECONDS[k]!;
};

const placeOf = (seconds: number): number => SAMPLING_SECONDS.indexOf(seconds);

const signatureCurve = (name: string, parts: readonly Wandering[]): Curve => ({
  name,
  x: SAMPLING_SECONDS,
  y: SAMPLING_SECONDS.map((_, k) => varianceAt(parts, k)),
});

export function signature(survey: Survey): Finding {
  const { seed } = survey;
  const spans = spansOf(survey, 60);
  const mids = spans.map((span) => wanderingOf(span, "mids"));
  const trades = spans.map((span) => wanderingOf(span, "lastPrices"));
  const ratio = (parts: readonly Wandering[], short: number, long: number) =>
    jackknife(
      parts,
      (some) => varianceAt(some, placeOf(short)) / varianceAt(some, placeOf(long)),
      seed,
    );
  const flat = ratio(mids, 5, 60);
  return {
    fact: "signature",
    holds: liesIn(flat, { above: 0.7, below: 1.4 }),
    effective: flat?.clusters ?? 0,
    why: "by the mid at 5 s against 60 s",
    measures: [
      measure("mid, 5 s against 60 s", flat),
      measure("mid, 1 s against 10 s", ratio(mids, 1, 10)),
      measure("mid, 0.1 s against 10 s", ratio(mids, 0.1, 10)),
      measure("trades, 0.1 s against 10 s", ratio(trades, 0.1, 10)),
    ],
    curves: [signatureCurve("mid", mids), signatureCurve("trades", trades)],
  };
}

interface Response {
  readonly counts: Float64Array;
  readonly bps: Float64Array;
}

export function response(survey: Survey): Finding {
  const { seed } = survey;
  const spans: readonly Response[] = cellSpans(survey, 10)
    .filter((cell) => cell.orders > 0)
    .map((cell) => ({ counts: cell.responseCounts, bps: cell.responseBps }));
  const after = (k: number): Estimate | undefined =>
    jackknife(
      spans,
      (some) =>
        some.reduce((sum, part) => sum + part.bps[k]!, 0) /
        some.reduce((sum, part) => sum + part.counts[k]!, 0),
      seed,
    );
  const estimates = RESPONSE_SECONDS.map((_, k) => after(k));
  const at = (seconds: number): Estimate | undefined =>
    estimates[RESPONSE_SECONDS.indexOf(seconds)];
  return {
    fact: "response",
    holds: liesIn(at(10), { above: 0 }),
    effective: at(10)?.clusters ?? 0,
    measures: [0.1, 1, 10, 60].map((seconds) =>
      measure(`R(${seconds} s)`, at(seconds), { unit: "bps" }),
    ),
    curves: [
      {
        name: "R",
        x: RESPONSE_SECONDS,
        y: estimates.map((estimate) => estimate?.value ?? Number.NaN),
        low: estimates.map((estimate) => estimate?.interval?.low ?? null),
        high: estimates.map((estimate) => estimate?.interval?.high ?? null),
      },
    ],
  };
}

/** A size needs so many orders. */
const LEAST_ORDERS = 20;
const EXPONENTS: readonly [number, number] = [-0.5, 2];

interface BySize {
  readonly counts: Float64Array;
  readonly lots: Float64Array;
  readonly atOnce: Float64Array;
  readonly later: Float64Array;
}

export function orderImpact(survey: Survey): Finding {
  const { seed } = survey;
  const lot = quantityEstimate(survey.tapes[0]!.instrument, lots(1));
  const spans: readonly BySize[] = cellSpans(survey, 1)
    .filter((cell) => cell.orders > 0)
    .map((cell: Cell) => ({
      counts: cell.sizeMovedCounts,
      lots: cell.sizeMovedLots,
      atOnce: cell.sizeAtOnceBps,
      later: cell.sizeLaterBps,
    }));
  const bins = Array.from(spans[0]?.counts ?? [], (_, bin) => bin);
  const points = (some: readonly BySize[], of: "atOnce" | "later") =>
    bins.flatMap((bin) => {
      const sum = (name: keyof BySize): number =>
        some.reduce((total, part) => total + part[name][bin]!, 0);
      const n = sum("counts");
      if (n < LEAST_ORDERS) return [];
      return [{ x: (sum("lots") / n) * lot, y: sum(of) / n, weight: n }];
    });
  const exponent = (of: "atOnce" | "later"): Estimate | undefined =>
    jackknife(spans, (some) => parameterOf(fitShape(points(some, of), power, EXPONENTS)), seed);
  const later = exponent("later");
  const curve = (name: string, of: "atOnce" | "later"): Curve => {
    const all = points(spans, of);
    return { name, x: all.map(({ x }) => x), y: all.map(({ y }) => y) };
  };
  return {
    fact: "order-impact",
    holds: liesIn(later, { below: 0.6 }),
    effective: later?.clusters ?? 0,
    why: "by the mid a second later; feeds that show the book late show nothing at once",
    measures: [
      measure("exponent, a second later", later),
      measure("exponent, at once", exponent("atOnce")),
    ],
    curves: [curve("a second later", "later"), curve("at once", "atOnce")],
  };
}
