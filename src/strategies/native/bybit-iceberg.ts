/**
 * Bybit's iceberg order with the preference "chase limit": one part at the touch at a time,
 * post-only; when it is filled, the next.
 *
 * | parameter   | default | documented                                                          |
 * |-------------|---------|---------------------------------------------------------------------|
 * | orderCount  | 10      | number of parts, 2 or more; 5 to 20 % of the whole is recommended    |
 * | behindTicks | 0       | `chaseDistance`, a distance from the touch that is kept both ways    |
 *
 * How often a part follows the touch is not documented: each second, as the chase does. What must
 * stay true: it never takes, and never shows more than one part.
 */
import type { BoundStrategy } from "../../core/contracts/strategy.ts";
import { type Tactic, TOUCH } from "../../core/contracts/tactic.ts";
import { invariant } from "../../core/domain/errors.ts";
import { formatQuantity } from "../../core/domain/instrument.ts";
import { lots, SECOND } from "../../core/domain/units.ts";
import { numberOf, parameterFaults, type ParameterRules } from "../parameters.ts";
import { allAtOnce } from "../whole.ts";
import { type NativeOrder, seconds } from "./native-order.ts";

const RULES: ParameterRules = {
  orderCount: { least: 2, most: 10_000, whole: true },
  behindTicks: { least: 0, most: 1_000_000, whole: true },
};
const DEFAULTS = { orderCount: 10, behindTicks: 0 };

export const bybitIceberg: NativeOrder = {
  strategy: {
    name: "bybit-iceberg",
    summary:
      "Bybit's own iceberg order, emulated: part after part at the touch; " +
      "a baseline, not for trading.",
    defaults: DEFAULTS,
    check: (parameters) => parameterFaults(parameters, RULES),
    bind(parameters, plan): BoundStrategy {
      invariant(parameterFaults(parameters, RULES).length === 0, "bybit-iceberg: unchecked");
      const behindTicks = numberOf(parameters, DEFAULTS, "behindTicks");
      const parts = numberOf(parameters, DEFAULTS, "orderCount");
      const tactic: Tactic = {
        ...TOUCH,
        name: "bybit-iceberg",
        behindTicks,
        follow: behindTicks > 0 ? "both" : "away",
        repegInterval: SECOND,
        display: lots(Math.max(1, Math.ceil(plan.quantity / parts))),
        cross: "never",
      };
      return { tactic, target: ({ now }) => allAtOnce(plan, now) };
    },
  },
  refuse(parameters, { instrument, quantity }) {
    const part = lots(Math.ceil(quantity / numberOf(parameters, DEFAULTS, "orderCount")));
    if (part >= instrument.minLots) return undefined;
    return `would show ${formatQuantity(instrument, part)}, under the minimum: fewer parts`;
  },
  spacing: () => SECOND,
  window: () => seconds(60),
};
