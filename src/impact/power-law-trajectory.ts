/**
 * Power-law trajectory: the schedule with the least cost + λ·variance where speed costs a power.
 *
 * Almgren, "Optimal execution with nonlinear impact functions and trading-enhanced risk", Applied
 * Mathematical Finance 10 (2003), states the problem; here it is solved for N steps: cost
 * c·Σ n^(1+β), risk Σ x², x what is held after each step. The sinh of 2001 is the case β = 1.
 *
 * What must stay true: no schedule of these N steps has a lower c·Σ n^(1+β) + w·Σ x².
 */
import { invariant } from "../core/domain/errors.ts";

export interface PowerLawProblem {
  readonly quantity: number;
  readonly steps: number;
  /** c > 0. */
  readonly cost: number;
  /** β > 0. */
  readonly exponent: number;
  /** w ≥ 0; what holding one unit through one step weighs. */
  readonly risk: number;
}

/** ln of the least last trade that is looked for: a smaller one is nothing. */
const LEAST_LOG = -690;
/** The halves of its interval that still differ as doubles. */
const HALVINGS = 64;

/**
 * x₀ = X … x_N = 0.
 *
 * At the optimum (1+β)c·n_k^β = (1+β)c·n_(k+1)^β + 2w·x_k. So the last trade fixes the one before,
 * and so on back to the start; the quantity that they add up to rises with the last trade, which is
 * found by halving.
 */
export function powerLawTrajectory(problem: PowerLawProblem): readonly number[] {
  const { quantity, steps, cost, exponent, risk } = problem;
  const isPosed = quantity > 0 && steps >= 1 && cost > 0 && exponent > 0 && risk >= 0;
  if (!isPosed || !Number.isFinite(risk / cost)) invariant(false, "no power-law problem");
  const even = quantity / steps;
  if (risk === 0) return Array.from({ length: steps + 1 }, (_, k) => even * (steps - k));
  // In units of the order: marginal costs of a tiny last trade must not underflow.
  const weight = ((2 * risk) / ((1 + exponent) * cost)) * quantity ** (1 - exponent);
  let low = LEAST_LOG;
  let high = -Math.log(steps);
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (backwards(Math.exp(middle), steps, exponent, weight)[steps]! > 1) high = middle;
    else low = middle;
  }
  const found = backwards(Math.exp(low), steps, exponent, weight);
  const whole = found[steps]!;
  // Even the least last trade is too much: all but nothing goes in the first step.
  if (!(whole <= 1)) return [quantity, ...Array<number>(steps).fill(0)];
  return found.map((share) => (quantity * share) / whole).reverse();
}

/** Holdings from the end to the start, for a last trade of this size. */
function backwards(last: number, steps: number, exponent: number, weight: number): number[] {
  const holdings = [0, last];
  let marginal = last ** exponent;
  for (let k = 2; k <= steps; k++) {
    marginal += weight * holdings[k - 1]!;
    holdings.push(holdings[k - 1]! + marginal ** (1 / exponent));
  }
  return holdings;
}
