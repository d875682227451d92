/**
 * Touch: rest at our own side's best price, follow it away, take what waiting is no longer worth.
 *
 * The tactic of every schedule that names no other. When waiting ends: `execution/patience.ts`.
 *
 * | parameter     | default   | meaning                                                        |
 * |---------------|-----------|----------------------------------------------------------------|
 * | cross         | "by-cost" | "by-cost"; "at-once": what is due is taken; "never": waited for |
 * | repegSeconds  | 1         | least time between two moves of a resting order                |
 */
import { type Tactic, type TacticKind, TOUCH } from "../../core/contracts/tactic.ts";
import { invariant } from "../../core/domain/errors.ts";
import { micros, SECOND } from "../../core/domain/units.ts";
import { nameOrNull, numberOf, parameterFaults, type ParameterRules } from "../parameters.ts";

const RULES: ParameterRules = {
  cross: { oneOf: ["by-cost", "at-once", "never"] },
  repegSeconds: { least: 0.1, most: 3_600 },
};

const DEFAULTS = { cross: "by-cost", repegSeconds: 1 };

export const touch: TacticKind = {
  name: "touch",
  summary:
    "Rests at the best price of its own side and takes what has been late for too long; wrong " +
    "where crossing is out of the question, or the market must not see the whole slice.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters): Tactic {
    invariant(parameterFaults(parameters, RULES).length === 0, "touch: unchecked parameters");
    return {
      ...TOUCH,
      cross: nameOrNull(parameters, DEFAULTS, "cross") as Tactic["cross"],
      repegInterval: micros(Math.floor(numberOf(parameters, DEFAULTS, "repegSeconds") * SECOND)),
    };
  },
};
