/**
 * TWAP (time-weighted average price): equal slices at even times, whatever the market does.
 *
 * It has no parameters of its own: slices and jitter are in `schedule.ts`. What must stay true:
 * without jitter every slice is the same, rounded down so that the last one is never the smaller.
 */
import type { BoundStrategy, Strategy } from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { parameterFaults } from "./parameters.ts";
import { layOut, SLICING_DEFAULTS, SLICING_RULES, targetAt } from "./schedule.ts";

export const twap: Strategy = {
  name: "twap",
  summary:
    "Equal slices at even times, with optional jitter; wrong where volume comes in waves, " +
    "because a quiet hour gets as much of the order as a busy one.",
  defaults: SLICING_DEFAULTS,
  check: (parameters) => parameterFaults(parameters, SLICING_RULES),
  bind(parameters, plan): BoundStrategy {
    const faults = parameterFaults(parameters, SLICING_RULES);
    invariant(faults.length === 0, "twap: unchecked parameters");
    const schedule = layOut("twap", parameters, plan, () => 1);
    return { target: (view) => targetAt(schedule, plan, view, () => "") };
  },
};
