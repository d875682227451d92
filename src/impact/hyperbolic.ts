/**
 * Hyperbolic: ratios of sinh that neither overflow nor lose digits.
 *
 * Every optimal trajectory with linear impact is made of sinh. Written down as they stand in the
 * papers, sinh(a)/sinh(b) is ∞/∞ above 710 and 0/0 at zero, both of which a patient or an urgent
 * order meets. What must stay true: the result is finite, between 0 and 1, for 0 ≤ a ≤ b < ∞.
 */

/** The smallest number with all its digits: below it a quotient is rounding error. */
const LEAST_NORMAL = 2 ** -1022;

/**
 * sinh(scale·a) / sinh(scale·b) for 0 ≤ a ≤ b and b > 0. `scale` ≥ 0; at 0 the limit, a/b.
 *
 * sinh y = −e^y·expm1(−2y)/2, so that only the difference a − b ever stands in an exponent.
 */
export function sinhRatio(scale: number, a: number, b: number): number {
  const y = 2 * scale * b;
  if (y < LEAST_NORMAL) return a / b;
  return Math.exp(scale * (a - b)) * (Math.expm1(-2 * scale * a) / Math.expm1(-y));
}

/** (1 − e^(−scale·a)) / (1 − e^(−scale·b)) for a, b > 0 and `scale` ≥ 0; at 0 the limit, a/b. */
export function decayRatio(scale: number, a: number, b: number): number {
  if (scale * Math.min(a, b) < LEAST_NORMAL) return a / b;
  return Math.expm1(-scale * a) / Math.expm1(-scale * b);
}
