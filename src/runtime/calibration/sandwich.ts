/**
 * Sandwich: how sure fitted parameters are, where orders of one cluster share their luck.
 *
 * The covariance robust to clusters in its jackknife form, CR3 (Bell and McCaffrey 2002): what
 * leaving out one cluster after the other does to the parameters. The plain form of Liang and Zeger
 * promises too much where a few clusters hold most of what is known; this one rather too little.
 * Clusters of unequal weight count for fewer than there are: the effective number is (Σh)²/Σh² of
 * their leverages, and Student's t has one degree of freedom for each of these but one.
 */
import { LuDecomposition, Matrix } from "ml-matrix";
import type { Fraction } from "../../core/domain/units.ts";

export interface Sandwich {
  /** Of the parameters, in the order of the columns. */
  readonly covariance: Matrix;
  readonly clusters: number;
  readonly effectiveClusters: number;
}

/**
 * @param columns ∂prediction/∂parameter over one sigma, a column for each parameter.
 * @param residuals Over one sigma.
 * @param clusters One name for each observation.
 */
export function sandwich(
  columns: readonly Float64Array[],
  residuals: Float64Array,
  clusters: readonly string[],
): Sandwich | undefined {
  const width = columns.length;
  const bread = inverseOf(crossed(columns, [...residuals.keys()]));
  if (bread === undefined) return undefined;
  const groups = Map.groupBy(clusters.keys(), (i) => clusters[i]!);
  let covariance = Matrix.zeros(width, width);
  const leverages: number[] = [];
  for (const rows of groups.values()) {
    const score = columns.map((column) => rows.reduce((s, i) => s + column[i]! * residuals[i]!, 0));
    const own = crossed(columns, rows).mmul(bread);
    leverages.push(own.trace());
    const left = inverseOf(Matrix.eye(width).sub(own));
    // One cluster alone holds some parameter: without it there would be no fit.
    if (left === undefined) return undefined;
    const moved = bread.mmul(left.mmul(Matrix.columnVector(score)));
    covariance = covariance.add(moved.mmul(moved.transpose()));
  }
  const sum = leverages.reduce((total, one) => total + one, 0);
  const squares = leverages.reduce((total, one) => total + one * one, 0);
  return {
    covariance: covariance.mul((groups.size - 1) / groups.size),
    clusters: groups.size,
    effectiveClusters: (sum * sum) / squares,
  };
}

/** Σ over the rows of column a times column b. */
function crossed(columns: readonly Float64Array[], rows: readonly number[]): Matrix {
  const product = Matrix.zeros(columns.length, columns.length);
  columns.forEach((a, i) => {
    columns.forEach((b, j) => {
      let sum = 0;
      for (const row of rows) sum += a[row]! * b[row]!;
      product.set(i, j, sum);
    });
  });
  return product;
}

function inverseOf(matrix: Matrix): Matrix | undefined {
  const lu = new LuDecomposition(matrix);
  if (lu.isSingular()) return undefined;
  const inverted = lu.solve(Matrix.eye(matrix.rows));
  return inverted.to1DArray().every(Number.isFinite) ? inverted : undefined;
}

/** z of 0.95, and so of a two-sided interval of 90 %. */
export const Z_90 = 1.6448536269514722;
export const COVERAGE: Fraction = 0.9;

/**
 * Student's t at 0.95, by its expansion in the normal's (Abramowitz and Stegun 26.7.5): right to
 * three digits from five degrees of freedom on.
 */
export function student90(degrees: number): number {
  if (!(degrees >= 1)) return Number.POSITIVE_INFINITY;
  const [z, v] = [Z_90, degrees];
  return (
    z +
    (z ** 3 + z) / (4 * v) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * v ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * v ** 3)
  );
}
