/**
 * Signs: how long buying follows on buying, counted in market orders and in single prints.
 */
import { type Curve, type Finding, measure, type Survey } from "./finding.ts";
import { fitShape, parameterOf, power } from "./fit.ts";
import { all, jackknife, liesIn } from "./jackknife.ts";
import { cellSpans } from "./spans.ts";
import { SIGN_LAGS } from "./tape.ts";

/** The first lag is left out of the fit: one order split by the venue's clock looks like two. */
const FIT_FROM = 2;
/** A span holds about so many orders or more, so that the lags of the verdict fit into it. */
const SPAN_ORDERS = 150;
/** A lag needs so many pairs. */
const PAIRS_PER_LAG = 20;
const EXPONENTS: readonly [number, number] = [-3, 0];

interface SignSums {
  readonly n: number;
  readonly signs: number;
  readonly pairs: Float64Array;
  readonly products: Float64Array;
}

/** Of signs so many orders apart, by place in `SIGN_LAGS`; a market that only buys has none. */
function correlationAt(parts: readonly SignSums[], k: number): number {
  let [n, signs, pairs, products] = [0, 0, 0, 0];
  for (const part of parts) {
    n += part.n;
    signs += part.signs;
    pairs += part.pairs[k]!;
    products += part.products[k]!;
  }
  const mean = signs / n;
  return (products / pairs - mean * mean) / (1 - mean * mean);
}

export function signMemory(survey: Survey): Finding {
  const { seed } = survey;
  const whole = cellSpans(survey, 0);
  const orders = whole.reduce((sum, cell) => sum + cell.orders, 0);
  const waits = whole.reduce((sum, cell) => sum + cell.waitSeconds, 0);
  const memory = (SPAN_ORDERS / 5) * (waits / Math.max(1, orders));
  const spans = cellSpans(survey, memory).filter((cell) => cell.orders > 0);
  const byOrder: readonly SignSums[] = spans.map((cell) => ({
    n: cell.orders,
    signs: cell.signs,
    pairs: cell.orderPairs,
    products: cell.orderProducts,
  }));
  const byPrint: readonly SignSums[] = spans.map((cell) => ({
    n: cell.prints,
    signs: cell.printSigns,
    pairs: cell.printPairs,
    products: cell.printProducts,
  }));
  const usable = SIGN_LAGS.filter((lag) => lag * PAIRS_PER_LAG <= orders);
  const inside = SIGN_LAGS.flatMap((lag, k) => (lag >= 10 && lag <= 100 ? [k] : []));
  const mean = jackknife(
    usable.includes(100) ? byOrder : [],
    (some) => inside.reduce((sum, k) => sum + correlationAt(some, k), 0) / inside.length,
    seed,
  );
  const gammaOf = (some: readonly SignSums[]): number => {
    const points = usable.flatMap((lag, k) =>
      lag < FIT_FROM ? [] : [{ x: lag, y: correlationAt(some, k), weight: 1 }],
    );
    return -parameterOf(fitShape(points, power, EXPONENTS));
  };
  const gamma = jackknife(byOrder, gammaOf, seed);
  const range = `fitted over ${FIT_FROM} to ${usable.at(-1) ?? 0} orders`;
  const first = (parts: readonly SignSums[]) =>
    jackknife(parts, (some) => correlationAt(some, 0), seed);
  return {
    fact: "sign-memory",
    holds: all(liesIn(mean, { above: 0 }), liesIn(gamma, { above: 0, below: 1 })),
    effective: gamma?.clusters ?? 0,
    why: `from ${orders} market orders`,
    measures: [
      measure("exponent γ, orders", gamma, { note: range }),
      measure("exponent γ, prints", jackknife(byPrint, gammaOf, seed), { note: range }),
      measure("with the next order", first(byOrder)),
      measure("with the next print", first(byPrint)),
      measure("mean, 10 to 100 orders", mean),
    ],
    curves: [
      signCurve("orders", byOrder, usable, seed),
      signCurve("prints", byPrint, usable, seed),
    ],
  };
}

function signCurve(
  name: string,
  parts: readonly SignSums[],
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
