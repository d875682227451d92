/**
 * Chase: rest at the touch and go after it, post-only, until the price is out of reach.
 *
 * | parameter     | default | meaning                                                            |
 * |---------------|---------|--------------------------------------------------------------------|
 * | reachBps      | 50      | how far from the arrival price it follows, in the costly direction |
 * | repegSeconds  | 1       | least time between two moves of the order                          |
 *
 * What must stay true: it never crosses the spread, and beyond its reach nothing new is sent and
 * nothing moved: what rests there stays, and may fill if the price comes back.
 */
import { type Tactic, type TacticKind, TOUCH } from "../../core/contracts/tactic.ts";
import { invariant } from "../../core/domain/errors.ts";
import { micros, SECOND } from "../../core/domain/units.ts";
import { numberOf, parameterFaults, type ParameterRules } from "../parameters.ts";

const RULES: ParameterRules = {
  reachBps: { least: 0, most: 10_000 },
  repegSeconds: { least: 0.1, most: 3_600 },
};

const DEFAULTS = { reachBps: 50, repegSeconds: 1 };

export const chase: TacticKind = {
  name: "chase",
  summary:
    "Rests at the touch and goes after it up to a distance, never crossing; wrong in a trend: it " +
    "pays the whole way of the chase, or is left behind at the end of its reach.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters): Tactic {
    invariant(parameterFaults(parameters, RULES).length === 0, "chase: unchecked parameters");
    return {
      ...TOUCH,
      name: "chase",
      reachBps: numberOf(parameters, DEFAULTS, "reachBps"),
      repegInterval: micros(Math.floor(numberOf(parameters, DEFAULTS, "repegSeconds") * SECOND)),
      cross: "never",
    };
  },
};
