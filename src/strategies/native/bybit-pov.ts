/**
 * Bybit's POV in the mode `TradedVolume`: every interval a market order of a share of what traded
 * in the window before.
 *
 * | parameter     | default | documented                                                        |
 * |---------------|---------|-------------------------------------------------------------------|
 * | rate          | 0.1     | 0.01 to 1, in steps of 0.001 (`participationRate` 1 to 100)        |
 * | windowSeconds | 60      | both `referenceWindow` (60 to 14,400) and `interval` (5 to 3,600)  |
 *
 * The exchange lets the window be longer than the interval, and then counts the same volume several
 * times: its rate is a share of the market only where the two are equal, which is what is emulated.
 * Nothing says that own trades are left out of the volume, so they count. What must stay true: the
 * target is that rate of the volume since one window before the plan began, and of nothing else.
 */
import type { BoundStrategy, Plan, StrategyView, Target } from "../../core/contracts/strategy.ts";
import { TOUCH } from "../../core/contracts/tactic.ts";
import { invariant } from "../../core/domain/errors.ts";
import { floorToLots, lots, micros, NO_LOTS, SECOND } from "../../core/domain/units.ts";
import { numberOf, parameterFaults, type ParameterRules } from "../parameters.ts";
import { type NativeOrder, seconds } from "./native-order.ts";

type Json = Readonly<Record<string, unknown>>;

const RULES: ParameterRules = {
  rate: { least: 0.01, most: 1 },
  windowSeconds: { least: 60, most: 3_600, whole: true },
};
const DEFAULTS = { rate: 0.1, windowSeconds: 60 };

const windowOf = (parameters: Json): number =>
  numberOf(parameters, DEFAULTS, "windowSeconds") * SECOND;

const faultsOf = (parameters: Json) => {
  const faults = parameterFaults(parameters, RULES);
  if (faults.length > 0) return faults;
  const thousandths = numberOf(parameters, DEFAULTS, "rate") * 1000;
  if (Math.abs(thousandths - Math.round(thousandths)) < 1e-9) return [];
  return [{ path: "rate", text: "must be a multiple of 0.001" }];
};

export const bybitPov: NativeOrder = {
  strategy: {
    name: "bybit-pov",
    summary:
      "Bybit's own POV, emulated: market orders of a share of the volume that has just traded; a " +
      "baseline, not for trading.",
    defaults: DEFAULTS,
    check: faultsOf,
    bind(parameters, plan): BoundStrategy {
      invariant(faultsOf(parameters).length === 0, "bybit-pov: unchecked parameters");
      const rate = numberOf(parameters, DEFAULTS, "rate");
      const tactic = { ...TOUCH, name: "bybit-pov", cross: "at-once", marketOrders: true } as const;
      return { tactic, target: (view) => targetAt(rate, windowOf(parameters), plan, view) };
    },
  },
  refuse: (_parameters, { instrument }) =>
    instrument.kind === "spot" ? "is for perpetual contracts alone, not for spot" : undefined,
  // One order an interval, of the volume up to then: what trades meanwhile is for the next.
  spacing: (parameters) => micros(windowOf(parameters)),
  window: (parameters) => seconds(windowOf(parameters) / SECOND),
};

function targetAt(rate: number, window: number, plan: Plan, view: StrategyView): Target {
  const { now, marketVolume, done } = view;
  if (now < plan.from) {
    const reason = "the order has not begun";
    return { quantity: NO_LOTS, sliceFrom: now, sliceUntil: plan.from, reason };
  }
  const count = Math.floor((now - plan.from) / window);
  const others = Math.max(0, marketVolume - plan.volumeAtFrom) + (plan.volumeBefore ?? 0);
  const quantity = Math.min(plan.quantity, floorToLots(rate * (others + done)));
  return {
    quantity: lots(quantity),
    sliceFrom: micros(plan.from + count * window),
    sliceUntil: micros(Math.min(plan.until, plan.from + (count + 1) * window)),
    reason: `rate ${rate} of the volume traded, order ${count + 1}`,
  };
}
