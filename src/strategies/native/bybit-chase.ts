/**
 * Bybit's chase limit order: the whole order rests at the touch, post-only, and follows it.
 *
 * | parameter   | default | documented                                                          |
 * |-------------|---------|---------------------------------------------------------------------|
 * | behindTicks | 0       | `chaseDistance`, a distance from the touch that is kept both ways    |
 * | reachBps    | null    | `maxChasePrice`, said as a distance from the arrival price           |
 *
 * What must stay true: it never takes, moves at most once a second, and ends when the exchange has
 * refused five post-only orders in a row.
 */
import type { BoundStrategy } from "../../core/contracts/strategy.ts";
import { type Tactic, TOUCH } from "../../core/contracts/tactic.ts";
import { invariant } from "../../core/domain/errors.ts";
import { SECOND } from "../../core/domain/units.ts";
import { numberOf, numberOrNull, parameterFaults, type ParameterRules } from "../parameters.ts";
import { allAtOnce } from "../whole.ts";
import { type NativeOrder, seconds } from "./native-order.ts";

const RULES: ParameterRules = {
  behindTicks: { least: 0, most: 1_000_000, whole: true },
  reachBps: { least: 0, most: 10_000, nullable: true },
};
const DEFAULTS = { behindTicks: 0, reachBps: null };

const REJECTS_MAX = 5;

export const bybitChase: NativeOrder = {
  strategy: {
    name: "bybit-chase",
    summary:
      "Bybit's own chase limit order, emulated: the whole order at the touch, moved each second; " +
      "a baseline, not for trading.",
    defaults: DEFAULTS,
    check: (parameters) => parameterFaults(parameters, RULES),
    bind(parameters, plan): BoundStrategy {
      invariant(parameterFaults(parameters, RULES).length === 0, "bybit-chase: unchecked");
      const behindTicks = numberOf(parameters, DEFAULTS, "behindTicks");
      const tactic: Tactic = {
        ...TOUCH,
        name: "bybit-chase",
        behindTicks,
        follow: behindTicks > 0 ? "both" : "away",
        repegInterval: SECOND,
        reachBps: numberOrNull(parameters, DEFAULTS, "reachBps") ?? Number.POSITIVE_INFINITY,
        cross: "never",
        withdrawalsMax: REJECTS_MAX,
      };
      return { tactic, target: ({ now }) => allAtOnce(plan, now) };
    },
  },
  refuse: () => undefined,
  spacing: () => SECOND,
  window: () => seconds(60),
};
