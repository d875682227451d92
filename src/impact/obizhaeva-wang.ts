/**
 * Obizhaeva–Wang: impact that heals. A block, a constant rate, and a block.
 *
 * Obizhaeva & Wang, "Optimal Trading Strategy and Supply/Demand Dynamics", Journal of Financial
 * Markets 16 (2013): a block-shaped book whose displacement decays exponentially at rate ρ. The
 * first block moves the price off its resting place, the constant rate ρ·x₀ keeps it there while
 * the book refills, and the last block leaves a displacement that nobody has to pay for any more.
 *
 * Costs are money, positive = paid, without the permanent part unless said. Units of time, quantity
 * and money are the caller's own. What must stay true: x₀ + rate·T + x_T = X, and no other
 * schedule costs less.
 */
import { invariant } from "../core/domain/errors.ts";

export interface ObizhaevaWangModel {
  /** X. */
  readonly quantity: number;
  /** T. */
  readonly horizon: number;
  /** ρ: 1 / time; the displacement halves in ln 2/ρ. */
  readonly resilience: number;
  /** κ: price / quantity; what a trade moves the price by at once and what then heals. */
  readonly transientImpact: number;
  /** λ: price / quantity; what stays. The schedule does not depend on it. */
  readonly permanentImpact: number;
}

export interface BlockSchedule {
  /** x₀, at the start. */
  readonly firstBlock: number;
  /** Quantity / time in between. */
  readonly rate: number;
  /** rate × T. */
  readonly continuous: number;
  /** x_T, at the end. */
  readonly lastBlock: number;
  /** κX²/(ρT + 2). */
  readonly transientCost: number;
  /** λX²/2: the same for every schedule. */
  readonly permanentCost: number;
}

/** Everything that is wrong with a model, in words; empty where it may be used. */
export function obizhaevaWangFaults(model: ObizhaevaWangModel): readonly string[] {
  const faults: string[] = [];
  for (const name of ["quantity", "horizon", "transientImpact"] as const) {
    if (!(model[name] > 0 && model[name] < Infinity)) faults.push(`${name} must be over 0`);
  }
  for (const name of ["resilience", "permanentImpact"] as const) {
    if (!(model[name] >= 0 && model[name] < Infinity)) faults.push(`${name} must be 0 or more`);
  }
  return faults;
}

/** The cheapest schedule: x₀ = x_T = X/(ρT + 2), and ρ·x₀ per unit of time in between. */
export function blockSchedule(model: ObizhaevaWangModel): BlockSchedule {
  check(model);
  const { quantity, horizon, resilience, transientImpact, permanentImpact } = model;
  const block = quantity / (resilience * horizon + 2);
  return {
    firstBlock: block,
    rate: resilience * block,
    continuous: resilience * block * horizon,
    lastBlock: block,
    transientCost: transientImpact * quantity * block,
    permanentCost: (permanentImpact * quantity * quantity) / 2,
  };
}

/** What an even rate would cost: κX²/(ρT)·[1 − (1 − e^−ρT)/(ρT)]; without resilience κX²/2. */
export function evenTransientCost(model: ObizhaevaWangModel): number {
  check(model);
  const y = model.resilience * model.horizon;
  // Below 1e-4 the difference loses more digits than its series in y.
  const shape = y < 1e-4 ? 1 / 2 - y / 6 + (y * y) / 24 : (1 + Math.expm1(-y) / y) / y;
  return model.transientImpact * model.quantity ** 2 * shape;
}

/** One trade of a schedule, at a time since its start. */
export interface TimedTrade {
  readonly time: number;
  readonly quantity: number;
}

/** What any schedule of single trades costs: Σ n·(D + κn/2), D the displacement that is left. */
export function transientCost(model: ObizhaevaWangModel, trades: readonly TimedTrade[]): number {
  check(model);
  let cost = 0;
  let displacement = 0;
  let before = 0;
  for (const { time, quantity } of trades) {
    invariant(time >= before, "trades are in the order of time");
    displacement *= Math.exp(-model.resilience * (time - before));
    cost += quantity * (displacement + (model.transientImpact * quantity) / 2);
    displacement += model.transientImpact * quantity;
    before = time;
  }
  return cost;
}

function check(model: ObizhaevaWangModel): void {
  const [fault] = obizhaevaWangFaults(model);
  if (fault !== undefined) invariant(false, fault);
}
