/**
 * OW (Obizhaeva–Wang): a block, a constant rate, and a block.
 *
 * Where impact heals exponentially at rate ρ, the cheapest way to trade X in T is X/(ρT + 2) at
 * once, the same at the end, and an even rate between (Obizhaeva & Wang, "Optimal Trading Strategy
 * and Supply/Demand Dynamics", 2013). The first block moves the price to where the book refills at
 * the rate that the order then takes.
 *
 * | parameter                 | default | meaning                                              |
 * |---------------------------|---------|------------------------------------------------------|
 * | resilienceHalfLifeSeconds | 30      | the time in which half of a displacement has healed  |
 *
 * and those of `schedule.ts`. ρ = ln 2 / half-life belongs to the market and not to the order; the
 * default is an assumption. The first block is due in the first slice and the last block in the
 * last one; both are worked inside every cap. What the caps hold back is not made up by another
 * block: a plan anchored in mid-order has a rate and a last block only, X/(ρT + 1), which is how
 * the same trajectory goes on once the price has been displaced. What must stay true: there is one
 * first block in the life of an order, so that no stall is answered with a burst.
 */
import type { BoundStrategy, Strategy } from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { SECOND } from "../core/domain/units.ts";
import { numberOf, parameterFaults, type ParameterRules } from "./parameters.ts";
import { layOut, SLICING_DEFAULTS, SLICING_RULES, targetAt } from "./schedule.ts";

const RULES: ParameterRules = {
  resilienceHalfLifeSeconds: { least: 0.01, most: 604_800 },
  ...SLICING_RULES,
};

const DEFAULTS = { resilienceHalfLifeSeconds: 30, ...SLICING_DEFAULTS };

export const ow: Strategy = {
  name: "ow",
  summary:
    "A block, an even rate and a block, for a book that heals after a trade; wrong where it does " +
    "not heal in the order's time, and where others read a block as the news of a large order.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters, plan): BoundStrategy {
    invariant(parameterFaults(parameters, RULES).length === 0, "ow: unchecked parameters");
    const isFresh = plan.arrivedAt === undefined || plan.arrivedAt === plan.from;
    const halfLife = numberOf(parameters, DEFAULTS, "resilienceHalfLifeSeconds") * SECOND;
    const rateTime = (Math.LN2 * (plan.until - plan.from)) / halfLife;
    // In units of one block: 1 first, ρT in between, 1 last.
    const schedule = layOut("ow", parameters, plan, (a, b) => {
      const first = a === 0 && isFresh ? 1 : 0;
      return first + rateTime * (b - a) + (b === 1 ? 1 : 0);
    });
    const noteOf = (slice: number, count: number): string => {
      const isLast = slice === count - 1;
      if (slice > 0 || !isFresh) return isLast ? " with the last block" : "";
      return isLast ? " with both blocks" : " with the first block";
    };
    return { target: (view) => targetAt(schedule, plan, view, noteOf) };
  },
};
