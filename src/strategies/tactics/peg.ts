/**
 * Peg: rest at a fixed distance from the touch or the mid, and keep that distance both ways.
 *
 * | parameter     | default | meaning                                                            |
 * |---------------|---------|--------------------------------------------------------------------|
 * | to            | "touch" | "touch" (own side's best price) or "mid"                           |
 * | behindTicks   | 0       | ticks behind it; negative = ahead, never across the spread         |
 * | repegSeconds  | 1       | least time between two moves of the order                          |
 *
 * What must stay true: it never crosses the spread; what is left at the deadline is for the
 * residual policy.
 */
import { type Tactic, type TacticKind, TOUCH } from "../../core/contracts/tactic.ts";
import { invariant } from "../../core/domain/errors.ts";
import { micros, SECOND } from "../../core/domain/units.ts";
import { nameOrNull, numberOf, parameterFaults, type ParameterRules } from "../parameters.ts";

const RULES: ParameterRules = {
  to: { oneOf: ["touch", "mid"] },
  behindTicks: { least: -1_000_000, most: 1_000_000, whole: true },
  repegSeconds: { least: 0.1, most: 3_600 },
};

const DEFAULTS = { to: "touch", behindTicks: 0, repegSeconds: 1 };

export const peg: TacticKind = {
  name: "peg",
  summary:
    "Rests at a fixed distance from the touch or the mid and never crosses; wrong where the " +
    "order must be done: in a market that runs away it fills nothing.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters): Tactic {
    invariant(parameterFaults(parameters, RULES).length === 0, "peg: unchecked parameters");
    return {
      ...TOUCH,
      name: "peg",
      peg: nameOrNull(parameters, DEFAULTS, "to") === "mid" ? "mid" : "touch",
      behindTicks: numberOf(parameters, DEFAULTS, "behindTicks"),
      follow: "both",
      repegInterval: micros(Math.floor(numberOf(parameters, DEFAULTS, "repegSeconds") * SECOND)),
      cross: "never",
    };
  },
};
