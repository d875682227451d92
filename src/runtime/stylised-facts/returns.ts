/**
 * Returns: how far the mid moves over a second to five minutes, how heavy the tails are, and what
 * one return says of the next.
 *
 * Returns follow each other without overlap, so none is counted twice.
 */
import { type Curve, type Finding, measure, type Survey } from "./finding.ts";
import { decay, excessOver, fitShape, hill, parameterOf, power, tailEdge } from "./fit.ts";
import { type Estimate, jackknife, liesIn } from "./jackknife.ts";
import { returnsIn, spansOf } from "./spans.ts";
import { calendarOf } from "./tape.ts";

export const HORIZONS: readonly number[] = [1, 10, 60, 300];
/** Hill's k as a share of the returns that moved: a mid that rests says nothing of its jumps. */
const TAIL_SHARE = 0.05;
const LEAST_TAIL = 20;
const CLUSTER_LAGS: readonly number[] = [
  1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 500, 800, 1200, 1800,
];
/** A correlation over more than this share of what was recorded says nothing. */
const LONGEST_SHARE = 0.1;

const horizonText = (seconds: number): string =>
  seconds < 60 ? `${seconds} s` : `${seconds / 60} min`;

/** Sums of the powers of returns. */
type Moments = readonly [n: number, s1: number, s2: number, s3: number, s4: number];

const momentsOf = (returns: Float64Array): Moments => {
  const sums: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  for (const r of returns) {
    if (Number.isNaN(r)) continue;
    for (let k = 0; k < 5; k++) sums[k]! += r ** k;
  }
  return sums;
};

function central(parts: readonly Moments[]): { n: number; m2: number; m3: number; m4: number } {
  const [n, a, b, c, d] = [0, 1, 2, 3, 4].map((k) =>
    parts.reduce((sum, part) => sum + part[k]!, 0),
  ) as unknown as Moments;
  const mean = a / n;
  return {
    n,
    m2: b / n - mean ** 2,
    m3: c / n - (3 * mean * b) / n + 2 * mean ** 3,
    m4: d / n - (4 * mean * c) / n + (6 * mean ** 2 * b) / n - 3 * mean ** 4,
  };
}

/** Fewer returns than this are noise whatever the span. */
const LEAST_RETURNS = 10;
/** On 120 returns of a Gaussian walk intervals of the kurtosis missed it 1 time in 10. */
const LEAST_FOR_TAILS = 200;

export const excessKurtosis = (parts: readonly Moments[]): number => {
  const { n, m2, m4 } = central(parts);
  if (n < LEAST_FOR_TAILS) return Number.NaN;
  return m4 / (m2 * m2) - 3;
};
const skewness = (parts: readonly Moments[]): number => {
  const { n, m2, m3 } = central(parts);
  return n < LEAST_RETURNS ? Number.NaN : m3 / m2 ** 1.5;
};
const deviation = (parts: readonly Moments[]): number => {
  const { n, m2 } = central(parts);
  return n < LEAST_RETURNS ? Number.NaN : Math.sqrt(m2);
};

const momentParts = (survey: Survey, seconds: number, memory = seconds): readonly Moments[] =>
  spansOf(survey, memory)
    .map((span) => momentsOf(returnsIn(span, seconds)))
    .filter(([n]) => n > 0);

export function fatTails(survey: Survey): Finding {
  const { seed } = survey;
  const { daySeconds, yearDays } = calendarOf(survey.tapes[0]!.instrument);
  const perHorizon = HORIZONS.map((seconds) => {
    const parts = momentParts(survey, seconds);
    const text = horizonText(seconds);
    const perYear = Math.sqrt((daySeconds * yearDays) / seconds) / 1e4;
    return {
      kurtosis: jackknife(parts, excessKurtosis, seed),
      measures: [
        measure(`volatility ${text}`, jackknife(parts, deviation, seed), { unit: "bps" }),
        measure(
          `volatility ${text}, annual`,
          jackknife(parts, (some) => deviation(some) * perYear, seed),
          { note: `${yearDays} days of ${daySeconds} s` },
        ),
        measure(`skew ${text}`, jackknife(parts, skewness, seed)),
        measure(`excess kurtosis ${text}`, jackknife(parts, excessKurtosis, seed)),
      ],
    };
  });
  const tail = tailOf(survey);
  return {
    fact: "fat-tails",
    holds: liesIn(perHorizon[1]!.kurtosis, { above: 0 }),
    effective: perHorizon[1]!.kurtosis?.clusters ?? 0,
    why: "by the excess kurtosis of 10 s",
    measures: [
      ...perHorizon.flatMap(({ measures }) => measures),
      measure("tail exponent 1 s", tail.estimate, { note: tail.note }),
    ],
    curves: HORIZONS.slice(0, 3).map((seconds) => exceedance(survey, seconds)),
  };
}

/** Hill's estimate over both tails of the returns of a second, beyond one threshold for all. */
function tailOf(survey: Survey): { estimate: Estimate | undefined; note: string } {
  const parts = spansOf(survey, 1).map((span) =>
    returnsIn(span, 1)
      .map(Math.abs)
      .filter((size) => size > 0),
  );
  const sorted = join(parts).sort().reverse();
  const k = Math.floor(sorted.length * TAIL_SHARE);
  const note = `Hill, k = ${k} of ${sorted.length} that moved`;
  if (k < LEAST_TAIL) return { estimate: undefined, note: `${note}: too few` };
  const edge = tailEdge(sorted, k);
  const excesses = parts.map((sizes) => excessOver(sizes, edge));
  return { estimate: jackknife(excesses, hill, survey.seed), note };
}

function join(arrays: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}

/** The share of |returns| beyond so many standard deviations. */
function exceedance(survey: Survey, seconds: number): Curve {
  const sizes = join(spansOf(survey, seconds).map((span) => returnsIn(span, seconds)))
    .filter((r) => !Number.isNaN(r))
    .map(Math.abs)
    .sort();
  const n = sizes.length;
  const sigma = Math.sqrt(sizes.reduce((sum, size) => sum + size * size, 0) / n);
  const points = sigma > 0 ? Array.from({ length: 36 }, (_, i) => 0.5 * 1.12 ** i) : [];
  let at = 0;
  const shares = points.map((x) => {
    while (at < n && sizes[at]! <= x * sigma) at++;
    return (n - at) / n;
  });
  const seen = shares.findIndex((share) => share === 0);
  const count = seen < 0 ? points.length : seen;
  return { name: horizonText(seconds), x: points.slice(0, count), y: shares.slice(0, count) };
}

export function aggregation(survey: Survey): Finding {
  const fallTo = (seconds: number): Estimate | undefined => {
    const parts = spansOf(survey, seconds)
      .map((span) => ({
        short: momentsOf(returnsIn(span, 1)),
        long: momentsOf(returnsIn(span, seconds)),
      }))
      .filter(({ short }) => short[0] > 0);
    return jackknife(
      parts,
      (some) =>
        excessKurtosis(some.map(({ short }) => short)) -
        excessKurtosis(some.map(({ long }) => long)),
      survey.seed,
    );
  };
  const fall = fallTo(10);
  return {
    fact: "aggregational-gaussianity",
    holds: liesIn(fall, { above: 0 }),
    effective: fall?.clusters ?? 0,
    measures: [
      measure("kurtosis 1 s less 10 s", fall),
      measure("kurtosis 1 s less 1 min", fallTo(60)),
    ],
    curves: [],
  };
}

interface Products {
  readonly n: number;
  readonly square: number;
  readonly pairs: readonly number[];
  readonly products: readonly number[];
}

/** Products of a series with itself, span by span; the mean is that of the whole series. */
function productParts(
  survey: Survey,
  seconds: number,
  lags: readonly number[],
  memory: number,
  of: (value: number) => number,
): readonly Products[] {
  const spans = spansOf(survey, memory);
  const series = spans.map((span) => returnsIn(span, seconds).map(of));
  const known = join(series).filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return spans.map((span, i) => {
    // A pair belongs to the span of its first return; the second may lie in the next ones.
    let ahead: Float64Array = series[i]!;
    for (let j = i + 1; j < spans.length && spans[j]!.tape === span.tape; j++) {
      if (ahead.length >= series[i]!.length + lags.at(-1)!) break;
      ahead = join([ahead, series[j]!]);
    }
    return productsOf(ahead, series[i]!.length, lags, mean);
  });
}

function productsOf(
  values: Float64Array,
  own: number,
  lags: readonly number[],
  mean: number,
): Products {
  let [n, square] = [0, 0];
  const pairs = lags.map(() => 0);
  const products = lags.map(() => 0);
  for (let t = 0; t < own; t++) {
    const value = values[t]! - mean;
    if (Number.isNaN(value)) continue;
    n += 1;
    square += value * value;
    for (let k = 0; k < lags.length; k++) {
      const other = (values[t + lags[k]!] ?? Number.NaN) - mean;
      if (Number.isNaN(other)) continue;
      pairs[k]! += 1;
      products[k]! += value * other;
    }
  }
  return { n, square, pairs, products };
}

function correlationAt(parts: readonly Products[], lag: number): number {
  let [n, square, pairs, products] = [0, 0, 0, 0];
  for (const part of parts) {
    n += part.n;
    square += part.square;
    pairs += part.pairs[lag]!;
    products += part.products[lag]!;
  }
  return products / pairs / (square / n);
}

function correlationCurve(
  name: string,
  parts: readonly Products[],
  lags: readonly number[],
  seed: number,
): Curve {
  const estimates = lags.map((_, k) => jackknife(parts, (some) => correlationAt(some, k), seed));
  return {
    name,
    x: lags,
    y: estimates.map((estimate) => estimate?.value ?? Number.NaN),
    low: estimates.map((estimate) => estimate?.interval?.low ?? null),
    high: estimates.map((estimate) => estimate?.interval?.high ?? null),
  };
}

const same = (value: number): number => value;

export function returnMemory(survey: Survey): Finding {
  const { seed } = survey;
  const next = (seconds: number): Estimate | undefined => {
    const parts = productParts(survey, seconds, [1], seconds * 2, same);
    return jackknife(parts, (some) => correlationAt(some, 0), seed);
  };
  const [second, ten, minute] = [next(1), next(10), next(60)];
  const lags = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30];
  return {
    fact: "no-autocorrelation",
    holds: liesIn(ten, { above: -0.1, below: 0.1 }),
    effective: ten?.clusters ?? 0,
    measures: [
      measure("with the next, 1 s", second),
      measure("with the next, 10 s", ten),
      measure("with the next, 1 min", minute),
    ],
    curves: [correlationCurve("returns", productParts(survey, 1, lags, 30, same), lags, seed)],
  };
}

export function clustering(survey: Survey): Finding {
  const { seed } = survey;
  const recorded = survey.tapes[0]!.mids.length / 10;
  const lags = CLUSTER_LAGS.filter((lag) => lag <= recorded * LONGEST_SHARE);
  const parts = productParts(survey, 1, lags, 60, Math.abs);
  const near = lags.flatMap((lag, k) => (lag >= 10 && lag <= 60 ? [k] : []));
  const mean = jackknife(
    near.length === 0 ? [] : parts,
    (some) => near.reduce((sum, k) => sum + correlationAt(some, k), 0) / near.length,
    seed,
  );
  const fitted = (some: readonly Products[], shape: typeof power, range: [number, number]) =>
    fitShape(
      lags.map((lag, k) => ({ x: lag, y: correlationAt(some, k), weight: 1 })),
      shape,
      range,
    );
  const asPower = fitted(parts, power, [-2, 0]);
  const asDecay = fitted(parts, decay, [0.5, 5_000]);
  const better =
    (asPower?.residual ?? 0) <= (asDecay?.residual ?? 0) ? "a power" : "an exponential";
  const note = `over lags of ${lags[0] ?? 0} to ${lags.at(-1) ?? 0} s; ${better} fits better`;
  const exponent = jackknife(parts, (some) => -parameterOf(fitted(some, power, [-2, 0])), seed);
  const span = jackknife(parts, (some) => parameterOf(fitted(some, decay, [0.5, 5_000])), seed);
  return {
    fact: "volatility-clustering",
    holds: liesIn(mean, { above: 0 }),
    effective: mean?.clusters ?? 0,
    why: "by the mean correlation of |returns| of 1 s over lags of 10 to 60 s",
    measures: [
      measure("mean correlation, 10 to 60 s", mean),
      measure("power of the fall", exponent, { note }),
      measure("exponential span", span, { unit: "s", note }),
    ],
    curves: [correlationCurve("|returns|", parts, lags, seed)],
  };
}
