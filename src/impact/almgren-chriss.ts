/**
 * Almgren–Chriss: what it costs to trade over time, and the trajectory that balances cost and risk.
 *
 * Almgren & Chriss, "Optimal Execution of Portfolio Transactions", Journal of Risk 3 (2001): linear
 * permanent and temporary impact, a fixed cost per unit, an arithmetic random walk with drift. The
 * discrete model is the paper's own, exactly; the continuous one is its limit for small steps.
 *
 * Written for a sale, as in the paper: holdings fall from X to 0. A purchase is the mirror image
 * with the sign of the drift turned. Costs are positive = paid, in money, against the price at the
 * start. Units of time, quantity and money are the caller's own, the same in every field. What must
 * stay true: the trajectory is the minimum of E + λV, and stays finite from λ = 0 to λ = ∞.
 */
import { invariant } from "../core/domain/errors.ts";
import { decayRatio, sinhRatio } from "./hyperbolic.ts";

export interface AlmgrenChrissModel {
  /** X: to be sold. */
  readonly quantity: number;
  /** T. */
  readonly horizon: number;
  /** N: trades, one in each step of T/N. */
  readonly steps: number;
  /** σ: price / √time. */
  readonly volatility: number;
  /** ε: price; half a spread and fees, whatever the size. */
  readonly fixedCost: number;
  /** γ: price / quantity; what stays. */
  readonly permanentImpact: number;
  /** η: price / (quantity / time); what is paid for speed. */
  readonly temporaryImpact: number;
  /** α: price / time; positive where waiting to sell pays. */
  readonly drift: number;
}

/** One step: what it costs in expectation and how much variance its end holdings bear. */
export interface AlmgrenChrissStep {
  readonly traded: number;
  readonly held: number;
  /** γ·n·x: the impact of this trade on what is still held. */
  readonly permanentCost: number;
  /** ε|n| + (η/τ)·n². */
  readonly temporaryCost: number;
  /** α·τ·x: what the drift brings to what is still held. */
  readonly driftGain: number;
  /** σ²·τ·x². */
  readonly variance: number;
}

export interface CostedTrajectory {
  /** x₀ = X … x_N = 0. */
  readonly holdings: readonly number[];
  readonly steps: readonly AlmgrenChrissStep[];
  /** E: money, positive = paid. */
  readonly expectedCost: number;
  /** V: money². */
  readonly variance: number;
}

/** How fast an optimal trajectory decays. */
export interface Decay {
  /** κ: 1 / time. */
  readonly kappa: number;
  /** κ̃ = √(λσ²/η̃): 1 / time. */
  readonly kappaTilde: number;
  /** 1/κ: the paper calls it the trade's half-life. ∞ where there is no aversion to risk. */
  readonly halfLife: number;
}

export interface FrontierPoint {
  /** λ: 1 / money. */
  readonly riskAversion: number;
  readonly expectedCost: number;
  readonly variance: number;
  /** U = E + λV. */
  readonly objective: number;
  readonly halfLife: number;
}

export interface ValueAtRiskOptimum {
  /** λ of the same trajectory; ∞ where all at once is best. */
  readonly riskAversion: number;
  readonly trajectory: CostedTrajectory;
  /** E + z√V. */
  readonly valueAtRisk: number;
}

/** Everything that is wrong with a model, in words; empty where it may be used. */
export function almgrenChrissFaults(model: AlmgrenChrissModel): readonly string[] {
  const faults: string[] = [];
  const positive = ["quantity", "horizon", "temporaryImpact"] as const;
  const notNegative = ["volatility", "fixedCost", "permanentImpact"] as const;
  for (const name of positive) {
    if (!(model[name] > 0 && model[name] < Infinity)) faults.push(`${name} must be over 0`);
  }
  for (const name of notNegative) {
    if (!(model[name] >= 0 && model[name] < Infinity)) faults.push(`${name} must be 0 or more`);
  }
  if (!Number.isFinite(model.drift)) faults.push("drift must be a number");
  if (!(Number.isSafeInteger(model.steps) && model.steps >= 1)) {
    faults.push("steps must be a whole number of 1 or more");
  } else if (!(netTemporaryImpact(model) > 0)) {
    faults.push("temporaryImpact must exceed half of permanentImpact × the length of a step");
  }
  return faults;
}

/** η̃ = η − γτ/2: the temporary impact beyond what the permanent one takes back in a step. */
export const netTemporaryImpact = (model: AlmgrenChrissModel): number =>
  model.temporaryImpact - (model.permanentImpact * stepOf(model)) / 2;

const stepOf = (model: AlmgrenChrissModel): number => model.horizon / model.steps;

/** κ from 2(cosh κτ − 1)/τ² = κ̃², as 2·asinh(κ̃τ/2)/τ: the same, and exact for small κ too. */
export function decayOf(model: AlmgrenChrissModel, riskAversion: number): Decay {
  check(model, riskAversion);
  const tau = stepOf(model);
  const { volatility } = model;
  const kappaTilde = Math.sqrt(riskAversion / netTemporaryImpact(model)) * volatility;
  const kappa = (2 * Math.asinh((kappaTilde * tau) / 2)) / tau;
  return { kappa, kappaTilde, halfLife: 1 / kappa };
}

/** The λ whose optimal trajectory has this κ: the inverse of `decayOf`. σ must be above 0. */
export function riskAversionFor(model: AlmgrenChrissModel, kappa: number): number {
  check(model, 0);
  const { volatility } = model;
  if (!(kappa >= 0 && volatility > 0)) invariant(false, `no λ for κ ${kappa}, σ ${volatility}`);
  const tau = stepOf(model);
  const kappaTilde = (2 * Math.sinh((kappa * tau) / 2)) / tau;
  return netTemporaryImpact(model) * (kappaTilde / volatility) ** 2;
}

/**
 * The trajectory with the least E + λV, by the paper's closed form with its drift correction.
 * λ = 0 without drift is TWAP. λ = ∞ is all at once.
 */
export function optimalTrajectory(
  model: AlmgrenChrissModel,
  riskAversion: number,
): CostedTrajectory {
  if (riskAversion === Infinity) return immediateTrajectory(model);
  const { kappa } = decayOf(model, riskAversion);
  const { quantity, horizon, steps } = model;
  const holdings = Array.from({ length: steps + 1 }, (_, j) => {
    const left = (horizon * (steps - j)) / steps;
    const base = quantity * sinhRatio(kappa, left, horizon);
    return base + driftCorrection(model, kappa, j);
  });
  return evaluate(model, holdings);
}

/**
 * What the drift adds to x_j: x̄·[1 − (sinh κ(T−t) + sinh κt)/sinh κT] with x̄ = α/(2λσ²).
 *
 * Rearranged so that λ stands in no denominator: with a = κ(T−t), b = κt, c = κτ it is
 * (ατ²/2η̃)·e^−c·(1−e^−a)(1−e^−b) / [(1−e^−c)²·(1+e^−κT)]; for κ → 0 that is αt(T−t)/4η̃.
 */
function driftCorrection(model: AlmgrenChrissModel, kappa: number, j: number): number {
  const { drift, horizon, steps } = model;
  if (drift === 0 || j === 0 || j === steps) return 0;
  const tau = stepOf(model);
  const scale = (drift * tau * tau) / (2 * netTemporaryImpact(model));
  const shape = decayRatio(kappa, (steps - j) * tau, tau) * decayRatio(kappa, j * tau, tau);
  return (scale * shape * Math.exp(-kappa * tau)) / (1 + Math.exp(-kappa * horizon));
}

/** TWAP: the same in each step. */
export const evenTrajectory = (model: AlmgrenChrissModel): CostedTrajectory =>
  evaluate(
    model,
    Array.from(
      { length: model.steps + 1 },
      (_, j) => (model.quantity * (model.steps - j)) / model.steps,
    ),
  );

/** Everything in the first step: the most it can cost, and no risk. */
export const immediateTrajectory = (model: AlmgrenChrissModel): CostedTrajectory =>
  evaluate(
    model,
    Array.from({ length: model.steps + 1 }, (_, j) => (j === 0 ? model.quantity : 0)),
  );

/**
 * E and V of any trajectory from X to 0, step by step.
 *
 * Σ[γnx + ε|n| + (η/τ)n² − ατx] is the paper's ½γX² + εΣ|n| + (η̃/τ)Σn² − ατΣx, told by steps.
 */
export function evaluate(model: AlmgrenChrissModel, holdings: readonly number[]): CostedTrajectory {
  check(model, 0);
  invariant(holdings.length === model.steps + 1, "a trajectory has one figure more than steps");
  const tau = stepOf(model);
  const { volatility, fixedCost, permanentImpact, temporaryImpact, drift } = model;
  let expectedCost = 0;
  let variance = 0;
  const steps = holdings.slice(1).map((held, k): AlmgrenChrissStep => {
    const traded = holdings[k]! - held;
    const permanentCost = permanentImpact * traded * held;
    const temporaryCost = fixedCost * Math.abs(traded) + (temporaryImpact / tau) * traded * traded;
    const driftGain = drift * tau * held;
    const stepVariance = volatility * volatility * tau * held * held;
    expectedCost += permanentCost + temporaryCost - driftGain;
    variance += stepVariance;
    return { traded, held, permanentCost, temporaryCost, driftGain, variance: stepVariance };
  });
  return { holdings, steps, expectedCost, variance };
}

/** The least E for each V: one point for each λ. */
export const efficientFrontier = (
  model: AlmgrenChrissModel,
  riskAversions: readonly number[],
): readonly FrontierPoint[] =>
  riskAversions.map((riskAversion) => {
    const { expectedCost, variance } = optimalTrajectory(model, riskAversion);
    const objective = expectedCost + riskAversion * variance;
    const { halfLife } = decayOf(model, riskAversion);
    return { riskAversion, expectedCost, variance, objective, halfLife };
  });

/**
 * The trajectory with the least E + z√V (liquidity-adjusted value at risk; z = 1.645 for 95 %).
 *
 * E + z√V is convex and its minimum lies on the frontier, where dE = −λ dV; so it is where
 * λ = z/(2√V(λ)). The search halves log λ until the two are the same number.
 */
export function leastValueAtRisk(model: AlmgrenChrissModel, z: number): ValueAtRiskOptimum {
  check(model, z);
  invariant(model.volatility > 0, "without volatility there is no value at risk");
  const at = (riskAversion: number): ValueAtRiskOptimum => {
    const trajectory = optimalTrajectory(model, riskAversion);
    const valueAtRisk = trajectory.expectedCost + z * Math.sqrt(trajectory.variance);
    return { riskAversion, trajectory, valueAtRisk };
  };
  if (z === 0) return at(0);
  const isPatient = (riskAversion: number): boolean =>
    2 * riskAversion * Math.sqrt(optimalTrajectory(model, riskAversion).variance) < z;
  const unit = netTemporaryImpact(model) / (model.volatility * stepOf(model)) ** 2;
  let low = unit * 1e-24;
  let high = unit * 1e12;
  if (isPatient(high)) return at(Infinity);
  while (true) {
    const middle = Math.sqrt(low) * Math.sqrt(high);
    if (middle <= low || middle >= high) return at(high);
    if (isPatient(middle)) low = middle;
    else high = middle;
  }
}

/** κ = √(λσ²/η) of the continuous model. */
export const continuousKappa = (model: AlmgrenChrissModel, riskAversion: number): number =>
  Math.sqrt(riskAversion / model.temporaryImpact) * model.volatility;

/** x(t) = X·sinh(κ(T − t))/sinh(κT), without drift, for 0 ≤ t ≤ T. */
export function continuousHoldings(
  model: AlmgrenChrissModel,
  riskAversion: number,
  time: number,
): number {
  check(model, riskAversion);
  invariant(time >= 0 && time <= model.horizon, `${time} is outside the horizon`);
  const left = model.horizon - time;
  return model.quantity * sinhRatio(continuousKappa(model, riskAversion), left, model.horizon);
}

function check(model: AlmgrenChrissModel, riskAversion: number): void {
  const [fault] = almgrenChrissFaults(model);
  if (fault !== undefined) invariant(false, fault);
  const isAversion = riskAversion >= 0 && riskAversion < Infinity;
  if (!isAversion) invariant(false, `not an aversion to risk: ${riskAversion}`);
}
