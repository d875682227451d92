/**
 * POV (percentage of volume): a fixed share of what the market trades, our own part included.
 *
 * With a rate r of the whole, others trade 1 − r, so the target is r / (1 − r) of others' volume
 * since the plan began: `view.marketVolume` never includes us, or the strategy would chase itself.
 * It follows the market: done early in a busy one, left unfinished in a quiet one.
 *
 * | parameter       | default | meaning                                                        |
 * |-----------------|---------|----------------------------------------------------------------|
 * | rate            | 0.1     | our share of all volume; the plan's participation limit caps it |
 * | intervalSeconds | 10      | length of the windows in which the gap to the target is worked |
 *
 * The target depends on volume alone, and the engine works in each window what it was as that
 * began. It rises by least orders, so that what is smaller is carried forward, and its last step is
 * never dust.
 */
import type {
  BoundStrategy,
  Plan,
  Strategy,
  StrategyView,
  Target,
} from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { floorToLots, type Lots, lots, micros, NO_LOTS, SECOND } from "../core/domain/units.ts";
import { type ParameterRules, numberOf, parameterFaults } from "./parameters.ts";

const RULES: ParameterRules = {
  rate: { least: 0, most: 1, open: true },
  intervalSeconds: { least: 1, most: 86_400 },
};

const DEFAULTS = { rate: 0.1, intervalSeconds: 10 };

export const pov: Strategy = {
  name: "pov",
  summary:
    "A fixed share of the market's volume; wrong where the order must be done by its deadline: " +
    "it ends early in a busy market and may not finish in a quiet one.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters, plan): BoundStrategy {
    invariant(parameterFaults(parameters, RULES).length === 0, "pov: unchecked parameters");
    invariant(plan.until >= plan.from, "a plan ends after it begins");
    const asked = numberOf(parameters, DEFAULTS, "rate");
    const rate = Math.min(asked, Math.max(0, plan.maxParticipation));
    const interval = Math.floor(numberOf(parameters, DEFAULTS, "intervalSeconds") * SECOND);
    const cap = rate < asked ? `, capped from ${asked} by the participation limit` : "";
    return { target: (view) => targetAt(plan, rate, cap, interval, view) };
  },
};

function targetAt(
  plan: Plan,
  rate: number,
  cap: string,
  interval: number,
  view: StrategyView,
): Target {
  if (view.now < plan.from) {
    return {
      quantity: NO_LOTS,
      sliceFrom: view.now,
      sliceUntil: plan.from,
      reason: "the plan has not begun",
    };
  }
  const windows = Math.max(1, Math.ceil((plan.until - plan.from) / interval));
  const window = Math.min(windows - 1, Math.floor((view.now - plan.from) / interval));
  const others = Math.max(0, view.marketVolume - plan.volumeAtFrom);
  const quantity = dueFor(plan, rate, others);
  return {
    quantity,
    sliceFrom: micros(plan.from + window * interval),
    sliceUntil: micros(Math.min(plan.until, plan.from + (window + 1) * interval)),
    reason: `rate ${rate}${cap}, window ${window + 1} of ${windows}`,
  };
}

/** The share of `others`, in steps of the least order, the last step at least one of them. */
function dueFor(plan: Plan, rate: number, others: number): Lots {
  const share = (others * rate) / (1 - rate);
  if (share >= plan.quantity) return plan.quantity;
  const step = Math.max(1, plan.minOrder);
  const due = Math.floor(floorToLots(share) / step) * step;
  return lots(plan.quantity - due < plan.minOrder ? Math.max(0, due - step) : due);
}
