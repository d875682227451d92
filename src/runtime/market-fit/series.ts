/**
 * Series: the mean of figures that follow each other in time, and how many of them count.
 *
 * Neighbours resemble each other, so n of them are worth fewer: n / (1 + 2 Σ ρ), the sum ending
 * where pairs of correlations cease to be positive (Geyer 1992).
 */

export interface Mean {
  readonly value: number;
  readonly standardError: number;
  /** How many independent figures would be as sure. */
  readonly effective: number;
}

/** Of the figures that are known; undefined of fewer than two. */
export function meanOfSeries(series: ArrayLike<number>): Mean | undefined {
  const known = Array.from(series).filter(Number.isFinite);
  const n = known.length;
  if (n < 2) return undefined;
  const value = known.reduce((sum, each) => sum + each, 0) / n;
  const apart = known.map((each) => each - value);
  const variance = apart.reduce((sum, each) => sum + each * each, 0) / n;
  // A spread that never changes: what is left of the sum is rounding.
  if (variance <= 1e-20 * value * value) return { value, standardError: 0, effective: n };
  const at = (lag: number): number => {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += apart[i]! * apart[i - lag]!;
    return sum / n / variance;
  };
  let inflation = 1;
  for (let lag = 1; lag + 1 < n / 3; lag += 2) {
    const pair = at(lag) + at(lag + 1);
    if (pair <= 0) break;
    inflation += 2 * pair;
  }
  const effective = Math.max(1, n / inflation);
  return { value, standardError: Math.sqrt(variance / effective), effective };
}
