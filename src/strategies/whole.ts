/**
 * Whole: a strategy without a schedule. All of the plan is due from the start, and a tactic that
 * never crosses decides when it trades.
 *
 * The parameters are the tactic's own. What must stay true: the tactic does not cross, and no order
 * names another in its place, or the whole of it would be taken at once.
 */
import type { BoundStrategy, Plan, Strategy, Target } from "../core/contracts/strategy.ts";
import type { TacticKind } from "../core/contracts/tactic.ts";
import { invariant } from "../core/domain/errors.ts";
import { type Micros, NO_LOTS } from "../core/domain/units.ts";

export function wholeBy(tactic: TacticKind): Strategy {
  return {
    name: tactic.name,
    summary: tactic.summary,
    defaults: tactic.defaults,
    isTactic: true,
    check: (parameters) => tactic.check(parameters),
    bind(parameters, plan): BoundStrategy {
      const bound = tactic.bind(parameters, plan);
      invariant(bound.cross === "never", `${tactic.name} would take the whole order at once`);
      return { tactic: bound, target: ({ now }) => allAtOnce(plan, now) };
    },
  };
}

/** Everything is due from the start of the plan to its end. */
export function allAtOnce(plan: Plan, now: Micros): Target {
  if (now < plan.from) {
    const reason = "the plan has not begun";
    return { quantity: NO_LOTS, sliceFrom: now, sliceUntil: plan.from, reason };
  }
  return {
    quantity: plan.quantity,
    sliceFrom: plan.from,
    sliceUntil: plan.until,
    reason: "all of it is due",
  };
}
