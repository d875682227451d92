/**
 * Fit: the few curves that the stylised facts are described by.
 *
 * Each is a scale times a shape of one parameter, so the scale follows from least squares and one
 * parameter is left to be searched (variable projection: Golub and Pereyra 1973). Fitted to the
 * values themselves and not to their logarithms, so that noise below zero costs nothing.
 */

export interface Fit {
  readonly scale: number;
  readonly parameter: number;
  /** Weighted sum of squares that is left. */
  readonly residual: number;
  /** It lies at the end of the range that was searched: there is no such curve in the data. */
  readonly isAtEnd: boolean;
}

export type Shape = (x: number, parameter: number) => number;

/** `x` to the power of the parameter. */
export const power: Shape = (x, exponent) => x ** exponent;
export const decay: Shape = (x, span) => Math.exp(-x / span);

const STEPS = 80;
const REFINEMENTS = 48;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** @returns undefined of fewer than three points with weight, or of nothing but zeros. */
export function fitShape(
  points: readonly { readonly x: number; readonly y: number; readonly weight: number }[],
  shape: Shape,
  [low, high]: readonly [number, number],
): Fit | undefined {
  const used = points.filter(({ weight, y }) => weight > 0 && Number.isFinite(y));
  if (used.length < 3 || used.every(({ y }) => y === 0)) return undefined;
  const at = (parameter: number): { scale: number; residual: number } => {
    let [cross, square, total] = [0, 0, 0];
    for (const { x, y, weight } of used) {
      const value = shape(x, parameter);
      cross += weight * value * y;
      square += weight * value * value;
      total += weight * y * y;
    }
    return { scale: cross / square, residual: total - (cross * cross) / square };
  };
  const grid = Array.from({ length: STEPS + 1 }, (_, i) => low + ((high - low) * i) / STEPS);
  const best = grid.reduce((a, b) => (at(b).residual < at(a).residual ? b : a));
  const step = (high - low) / STEPS;
  let [from, to] = [Math.max(low, best - step), Math.min(high, best + step)];
  for (let i = 0; i < REFINEMENTS; i++) {
    const span = (to - from) * GOLDEN;
    if (at(to - span).residual < at(from + span).residual) to = from + span;
    else from = to - span;
  }
  const parameter = (from + to) / 2;
  const isAtEnd = parameter - low < step / 100 || high - parameter < step / 100;
  return { parameter, isAtEnd, ...at(parameter) };
}

/** NaN where the data has no such curve. */
export const parameterOf = (fit: Fit | undefined): number =>
  fit === undefined || fit.isAtEnd || !(fit.scale > 0) ? Number.NaN : fit.parameter;

/**
 * Where the tail of the `k` largest begins: between the k-th and the next smaller value, so that
 * values on a grid of ticks are not all counted as the beginning.
 * @param sorted largest first, none negative, more than k of them.
 */
export function tailEdge(sorted: ArrayLike<number>, k: number): number {
  const last = sorted[k - 1]!;
  let next = k;
  while (next < sorted.length && sorted[next] === last) next++;
  const below = sorted[next] ?? 0;
  return below > 0 ? Math.sqrt(last * below) : last / 2;
}

export interface Excess {
  readonly n: number;
  /** Of ln(value / edge) over the values beyond the edge. */
  readonly logs: number;
}

export function excessOver(values: ArrayLike<number>, edge: number): Excess {
  let [n, logs] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! > edge)) continue;
    n += 1;
    logs += Math.log(values[i]! / edge);
  }
  return { n, logs };
}

/** Hill's estimate of a tail exponent (1975): the inverse of the mean logarithm beyond the edge. */
export const hill = (parts: readonly Excess[]): number =>
  parts.reduce((sum, { n }) => sum + n, 0) / parts.reduce((sum, { logs }) => sum + logs, 0);

/** Pearson's correlation and the slope of y on x, from sums. */
export interface PairSums {
  n: number;
  x: number;
  y: number;
  xx: number;
  yy: number;
  xy: number;
}

export const noPairs = (): PairSums => ({ n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 });

export function addPair(sums: PairSums, x: number, y: number): void {
  sums.n += 1;
  sums.x += x;
  sums.y += y;
  sums.xx += x * x;
  sums.yy += y * y;
  sums.xy += x * y;
}

export function joinPairs(parts: readonly PairSums[]): PairSums {
  const sum = noPairs();
  for (const part of parts) {
    for (const key of ["n", "x", "y", "xx", "yy", "xy"] as const) sum[key] += part[key];
  }
  return sum;
}

export function correlation({ n, x, y, xx, yy, xy }: PairSums): number {
  return (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y));
}

export const slope = ({ n, x, y, xx, xy }: PairSums): number => (n * xy - x * y) / (n * xx - x * x);
