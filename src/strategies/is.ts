/**
 * IS (implementation shortfall): fast at first, slower later, as Almgren & Chriss would trade.
 *
 * Of a plan of length T the share sinh(κ(T − t))/sinh(κT) is left at t: the trajectory with the
 * least expected cost + λ·variance where temporary impact is linear (Almgren & Chriss, "Optimal
 * Execution of Portfolio Transactions", 2001), κ = √(λσ²/η) of time.
 *
 * A plan knows no σ and no η, but the trajectory needs κ alone, so that is what is set, in units of
 * the whole order's time: κT = 2u/(1 − u) for urgency u. It stands for the risk aversion that has
 * this trajectory, λ = η·(2u/(1 − u))²/(σ²T²). u = 0 is λ = 0, TWAP; u = 0.5 has a time constant
 * 1/κ of half the order; u = 1 is λ = ∞, all at once, as far as the caps let it.
 *
 * | parameter | default | meaning                                                              |
 * |-----------|---------|----------------------------------------------------------------------|
 * | kappaT    | null    | κ × the order's time, from its arrival to its deadline; null = urgency |
 *
 * and those of `schedule.ts`. Where the alpha behind the order is said to decay, κ is at least
 * ln 2 / half-life: then at most half of the order is left when half of the alpha is.
 *
 * What must stay true: κ does not change when a plan is anchored anew to the same deadline, so that
 * one anchored on schedule goes on along the same trajectory.
 */
import type { BoundStrategy, Plan, Strategy } from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { numberOrNull, parameterFaults, type ParameterRules } from "./parameters.ts";
import { layOut, SLICING_DEFAULTS, SLICING_RULES, targetAt } from "./schedule.ts";

/** From here on everything is due in the first slice, however fine the slices are. */
const MOST_KAPPA_T = 1e9;

const RULES: ParameterRules = {
  kappaT: { least: 0, most: 1_000, nullable: true },
  ...SLICING_RULES,
};

const DEFAULTS = { kappaT: null, ...SLICING_DEFAULTS };

export const is: Strategy = {
  name: "is",
  summary:
    "Front-loaded by urgency along the Almgren–Chriss trajectory; wrong where the price is as " +
    "likely to come back as to go on: it pays more impact early for a risk that was not there.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters, plan): BoundStrategy {
    invariant(parameterFaults(parameters, RULES).length === 0, "is: unchecked parameters");
    const { kappaT, note } = steepness(numberOrNull(parameters, DEFAULTS, "kappaT"), plan);
    const left = (share: number): number => shareLeft(kappaT, share);
    const schedule = layOut("is", parameters, plan, (a, b) => Math.max(0, left(a) - left(b)));
    return { target: (view) => targetAt(schedule, plan, view, () => note) };
  },
};

/** κ × the order's time for an urgency from 0 to 1: 2u/(1 − u), as far as it makes a difference. */
export const kappaTimeOf = (urgency: number): number =>
  Math.min(MOST_KAPPA_T, (2 * urgency) / (1 - urgency));

/** κT of this plan: of what is left, where it was anchored in mid-order. */
function steepness(given: number | null, plan: Plan): { kappaT: number; note: string } {
  const span = plan.until - plan.from;
  const whole = Math.max(1, plan.until - (plan.arrivedAt ?? plan.from));
  const urgency = Math.max(0, Math.min(1, plan.urgency));
  const chosen = given ?? kappaTimeOf(urgency);
  const { alphaHalfLife } = plan;
  const byAlpha = alphaHalfLife === undefined ? 0 : (Math.LN2 * whole) / Math.max(1, alphaHalfLife);
  const kappaT = Math.min(MOST_KAPPA_T, Math.max(chosen, byAlpha));
  const text = kappaT === MOST_KAPPA_T ? "at once" : `kappaT ${kappaT.toFixed(2)}`;
  const why = byAlpha > chosen ? " by the alpha's half-life" : "";
  return { kappaT: (kappaT * span) / whole, note: `, ${text}${why}` };
}

/**
 * sinh(κT(1 − s))/sinh(κT), written with decaying exponentials so that nothing overflows; 1 − s
 * where κT is too small to tell.
 */
function shareLeft(kappaT: number, share: number): number {
  if (kappaT < 1e-9) return 1 - share;
  return (
    (Math.exp(-kappaT * share) * Math.expm1(-2 * kappaT * (1 - share))) / Math.expm1(-2 * kappaT)
  );
}
