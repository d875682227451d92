/**
 * Exponential kernel: what a trade moves and what then heals, as a sum of exponentials.
 *
 * One term is the book of Obizhaeva & Wang (2013). A completely monotone kernel, such as the power
 * law of Bouchaud et al. (2004), is a mixture of such terms with weights above 0; so its cost needs
 * one pass over a schedule and not a pass for each pair of trades.
 *
 * Displacements are in any unit, per unit of quantity. What must stay true: weights and rates are
 * 0 or more; then the kernel is of positive type and no round trip earns (Gatheral, Schied &
 * Slynko, "Transient linear price impact and Fredholm integral equations", 2012).
 */
import type { SignedSlice } from "./impact-model.ts";

/** weight·e^(−rate·t): what is left, after a time, of one unit's push. */
export interface KernelTerm {
  readonly weight: number;
  /** Per day, ≥ 0; 0 stays. */
  readonly perDay: number;
}

/** A slice's mean displacement and the one that it leaves. */
export interface Displaced {
  readonly mean: number;
  readonly after: number;
}

/** (1 − e^−y)/y: the mean of e^−t over [0, y]. */
const meanDecay = (y: number): number => (y > 0 ? -Math.expm1(-y) / y : 1);

/** (1 − meanDecay)/y: what an even trade meets of itself. Under 1e-4 as its series in y. */
const ownShape = (y: number, mean: number): number =>
  y < 1e-4 ? 1 / 2 - y / 6 + (y * y) / 24 : (1 - mean) / y;

/** Of slices of one length, by term. */
class Shapes {
  days = Number.NaN;
  /** What is left at the end of a slice of what was there before it. */
  readonly decay: Float64Array;
  /** The mean over the slice of what was there, and at its end of what it pushes. */
  readonly mean: Float64Array;
  /** The mean over the slice of what it pushes itself. */
  readonly own: Float64Array;

  constructor(count: number) {
    [this.decay, this.mean, this.own] = [0, 1, 2].map(() => new Float64Array(count)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
  }

  make(kernel: readonly KernelTerm[], days: number): void {
    this.days = days;
    for (let i = 0; i < kernel.length; i++) {
      const y = kernel[i]!.perDay * days;
      const mean = meanDecay(y);
      this.mean[i] = mean;
      this.decay[i] = 1 - y * mean;
      this.own[i] = ownShape(y, mean);
    }
  }
}

/** Where each slice finds the price and leaves it, exactly, for slices that are traded evenly. */
export function displaced(
  kernel: readonly KernelTerm[],
  slices: readonly SignedSlice[],
): readonly Displaced[] {
  const count = kernel.length;
  const weights = Float64Array.from(kernel, ({ weight }) => weight);
  const left = new Float64Array(count);
  // Trading and pausing take turns, mostly with the same lengths: both shapes are kept.
  let shapes = new Shapes(count);
  let others = new Shapes(count);
  return slices.map(({ quantity, days }) => {
    if (shapes.days !== days) {
      [shapes, others] = [others, shapes];
      if (shapes.days !== days) shapes.make(kernel, days);
    }
    const { decay, mean, own } = shapes;
    let sum = 0;
    let after = 0;
    for (let i = 0; i < count; i++) {
      const push = weights[i]! * quantity;
      const before = left[i]!;
      sum += before * mean[i]! + push * own[i]!;
      const now = before * decay[i]! + push * mean[i]!;
      left[i] = now;
      after += now;
    }
    return { mean: sum, after };
  });
}

/**
 * The cost of even slices as a form n′·K·n with K = Toeplitz: first what a slice pays for itself,
 * then, by distance, what each pair costs (once, not twice).
 */
export function pairCosts(
  kernel: readonly KernelTerm[],
  steps: number,
  stepDays: number,
): Float64Array {
  const costs = new Float64Array(steps);
  for (const { weight, perDay } of kernel) {
    const y = perDay * stepDays;
    const mean = meanDecay(y);
    const decay = Math.exp(-y);
    costs[0]! += weight * ownShape(y, mean);
    let left = weight * mean * mean;
    for (let distance = 1; distance < steps; distance++) {
      costs[distance]! += left;
      left *= decay;
    }
  }
  return costs;
}

/** Of ln s: the trapezoids of this width are exact to nine digits, because e^(−e^u) is smooth. */
const WIDTH = 0.4;
/** e^−s is nothing beyond. */
const MOST_LOG = Math.log(45);
/** Terms slower than the longest time by so many powers of e count as one that stays. */
const LEAST_LOG = 10;

/**
 * (1 + t/t₀)^−γ as such a sum, from (1 + x)^−γ = ∫ s^(γ−1)·e^−s·e^−sx ds / Γ(γ), by the trapezoidal
 * rule in ln s, scaled to 1 at t = 0. Good to 2e-6 of itself for t up to the longest.
 */
export function powerLawKernel(
  exponent: number,
  scaleDays: number,
  longestDays: number,
): readonly KernelTerm[] {
  const terms: KernelTerm[] = [];
  let sum = 0;
  const least = -Math.log1p(longestDays / scaleDays) - LEAST_LOG;
  let u = MOST_LOG;
  for (; u > least; u -= WIDTH) {
    const s = Math.exp(u);
    const weight = WIDTH * Math.exp(exponent * u - s);
    terms.push({ weight, perDay: s / scaleDays });
    sum += weight;
  }
  // What lies below is a geometric series of terms that do not decay at all in this time.
  const stays = (WIDTH * Math.exp(exponent * u)) / -Math.expm1(-exponent * WIDTH);
  terms.push({ weight: stays, perDay: 0 });
  sum += stays;
  return terms.map(({ weight, perDay }) => ({ weight: weight / sum, perDay }));
}
