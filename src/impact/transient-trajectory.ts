/**
 * Transient trajectory: the schedule with the least cost + λ·variance where impact heals.
 *
 * For even steps the cost is a quadratic form of what each trades, positive definite for a kernel
 * of positive type, so there is one optimum (Gatheral, Schied & Slynko 2012). Without aversion to
 * risk a convex decreasing kernel asks for no sale in a purchase (Alfonsi, Schied & Slynko, "Order
 * Book Resilience, Price Manipulation, and the Positive Portfolio Problem", 2012); other kernels
 * do. Here a trade against the order is ruled out whatever the kernel.
 *
 * What must stay true: no schedule of these steps without a trade against the order has a lower
 * Σ K·n·n + w·Σ x².
 */
import { invariant } from "../core/domain/errors.ts";

export interface TransientProblem {
  readonly quantity: number;
  /** By distance: a slice's own cost, then what each pair costs, from `pairCosts`. */
  readonly costs: Float64Array;
  /** w ≥ 0: what holding one unit through one step weighs. */
  readonly risk: number;
}

/** Beyond this the risk is all that counts, and the sums below would lose the cost. */
const MOST_RISK = 1e13;
/** Where nothing heals in its time, every schedule costs the same: this makes it the even one. */
const RIDGE = 1e-12;
/** A trade of less than this share of the order is none. */
const NOTHING = 1e-13;

/** x₀ = X … x_N = 0. */
export function transientTrajectory({ quantity, costs, risk }: TransientProblem): number[] {
  const steps = costs.length;
  if (!(quantity > 0 && steps >= 1 && risk >= 0 && costs[0]! > 0)) {
    invariant(false, "no transient problem");
  }
  const weight = risk / costs[0]!;
  if (steps === 1 || !(weight < MOST_RISK)) {
    return [quantity, ...Array<number>(steps).fill(0)];
  }
  return holdingsAlong(tradesOf(costs, weight), quantity);
}

/**
 * Shares of the order, by active sets: solve, drop what would trade against the order, solve again;
 * then take back in what the optimum would rather trade.
 */
function tradesOf(costs: Float64Array, weight: number): Float64Array {
  const steps = costs.length;
  const isFree = Array.from({ length: steps }, () => true);
  let shares: Float64Array = new Float64Array(steps);
  // Each round changes the set; as many as there are steps is far more than was ever needed.
  for (let round = 0; round < steps; round++) {
    shares = solved(costs, weight, isFree);
    let isChanged = false;
    for (let i = 0; i < steps; i++) {
      if (isFree[i] === true && shares[i]! < 0) {
        isFree[i] = false;
        isChanged = true;
      }
    }
    if (isChanged) continue;
    const missed = mostMissed(costs, weight, isFree, shares);
    if (missed === undefined) return shares;
    isFree[missed] = true;
  }
  return shares.map((share) => Math.max(0, share));
}

/** The step held at nothing that would lower the objective most; undefined at the optimum. */
function mostMissed(
  costs: Float64Array,
  weight: number,
  isFree: readonly boolean[],
  shares: Float64Array,
): number | undefined {
  const gradient = gradientOf(costs, weight, shares);
  const free = isFree.indexOf(true);
  const price = gradient[free]!;
  let missed: number | undefined;
  let most = price * 1e-9;
  for (let i = 0; i < isFree.length; i++) {
    if (isFree[i] === true || price - gradient[i]! <= most) continue;
    most = price - gradient[i]!;
    missed = i;
  }
  return missed;
}

function gradientOf(costs: Float64Array, weight: number, shares: Float64Array): Float64Array {
  return shares.map((_, i) =>
    shares.reduce((sum, share, j) => sum + entry(costs, weight, i, j) * share, 0),
  );
}

/** Half of the second derivative: of a pair, which counts once, a half stands at each side. */
function entry(costs: Float64Array, weight: number, i: number, j: number): number {
  const own = i === j ? costs[0]! * (1 + RIDGE) : costs[Math.abs(i - j)]! / 2;
  // Step k's holdings are what is traded after it: both i and j count in those before either.
  return own / costs[0]! + weight * Math.min(i, j);
}

/** M·y = 1 over the free steps, by Cholesky; scaled so that the shares sum to one. */
function solved(costs: Float64Array, weight: number, isFree: readonly boolean[]): Float64Array {
  const free = isFree.flatMap((is, i) => (is ? [i] : []));
  const count = free.length;
  const factor = new Float64Array(count * count);
  const found = new Float64Array(count).fill(1);
  for (let a = 0; a < count; a++) {
    const row = a * count;
    for (let b = 0; b <= a; b++) {
      const other = b * count;
      let sum = entry(costs, weight, free[a]!, free[b]!);
      for (let k = 0; k < b; k++) sum -= factor[row + k]! * factor[other + k]!;
      factor[row + b] =
        a === b ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / factor[other + b]!;
    }
    let sum = found[a]!;
    for (let k = 0; k < a; k++) sum -= factor[row + k]! * found[k]!;
    found[a] = sum / factor[row + a]!;
  }
  for (let a = count - 1; a >= 0; a--) {
    let sum = found[a]!;
    for (let k = a + 1; k < count; k++) sum -= factor[k * count + a]! * found[k]!;
    found[a] = sum / factor[a * count + a]!;
  }
  const whole = found.reduce((sum, each) => sum + each, 0);
  const shares = new Float64Array(isFree.length);
  free.forEach((step, a) => {
    const share = found[a]! / whole;
    shares[step] = Math.abs(share) < NOTHING ? 0 : share;
  });
  return shares;
}

/** From the end, so that what is held never falls below nothing. */
function holdingsAlong(shares: Float64Array, quantity: number): number[] {
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const holdings = [0];
  for (let k = shares.length - 1; k >= 0; k--) {
    holdings.push(holdings.at(-1)! + (shares[k]! / whole) * quantity);
  }
  holdings[holdings.length - 1] = quantity;
  return holdings.reverse();
}
