/**
 * Iceberg: show a small part at a time; when it is filled, show the next.
 *
 * | parameter     | default | meaning                                                            |
 * |---------------|---------|--------------------------------------------------------------------|
 * | showShare     | 0.1     | most that is shown at a time, as a share of the plan's quantity    |
 * | follow        | true    | whether what is shown follows the touch when that moves away       |
 * | repegSeconds  | 1       | least time between two moves of it                                 |
 *
 * The parts are ordinary orders, one after the other, not an order type of the venue: each new one
 * goes to the end of the queue. A limit price on the parent makes it the classic iceberg at a
 * price. What must stay true: never more is shown than that (the venue's least order apart).
 */
import { type Tactic, type TacticKind, TOUCH } from "../../core/contracts/tactic.ts";
import { invariant } from "../../core/domain/errors.ts";
import { lots, micros, SECOND } from "../../core/domain/units.ts";
import { flagOf, numberOf, parameterFaults, type ParameterRules } from "../parameters.ts";

const RULES: ParameterRules = {
  showShare: { least: 0, most: 1 },
  follow: { flag: true },
  repegSeconds: { least: 0.1, most: 3_600 },
};

const DEFAULTS = { showShare: 0.1, follow: true, repegSeconds: 1 };

export const iceberg: TacticKind = {
  name: "iceberg",
  summary:
    "Shows a small part at a time and never crosses; wrong where the queue is long: every part " +
    "starts again at its end.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters, plan): Tactic {
    invariant(parameterFaults(parameters, RULES).length === 0, "iceberg: unchecked parameters");
    const share = numberOf(parameters, DEFAULTS, "showShare");
    return {
      ...TOUCH,
      name: "iceberg",
      follow: flagOf(parameters, DEFAULTS, "follow") ? "away" : "never",
      repegInterval: micros(Math.floor(numberOf(parameters, DEFAULTS, "repegSeconds") * SECOND)),
      display: lots(Math.max(1, plan.minOrder, Math.floor(share * plan.quantity))),
      cross: "never",
    };
  },
};
