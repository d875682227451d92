/**
 * VWAP (volume-weighted average price): slices in proportion to the volume that is expected.
 *
 * The target is the quantity times the share of the volume curve that has elapsed. The curve is
 * given, not watched: the order ends with its plan, whatever the market really trades. Berkowitz,
 * Logue & Noser, "The Total Cost of Transactions on the NYSE", Journal of Finance 43 (1988), made
 * the market's VWAP a measure of execution; this trades towards it.
 *
 * | parameter       | default   | meaning                                                       |
 * |-----------------|-----------|---------------------------------------------------------------|
 * | curve           | "u-shape" | "u-shape", "crypto-sessions", or weights of equal buckets     |
 * | over            | null      | what the weights span: "plan", "day" (UTC, repeats), or null  |
 *
 * and those of `schedule.ts`. A named curve knows what it spans; a list spans the plan where
 * nothing else is said. Where the curve expects no volume at all in what is left of the plan, the
 * slices are even, and the reason says so.
 */
import type { BoundStrategy, ParameterFault, Plan, Strategy } from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { nameOrNull, nameOrWeights, parameterFaults, type ParameterRules } from "./parameters.ts";
import { layOut, SLICING_DEFAULTS, SLICING_RULES, targetAt } from "./schedule.ts";
import { NAMED_CURVES, type VolumeCurve, volumeBetween } from "./volume-curve.ts";

/** Minutes of a day: finer curves are noise. */
const MOST_WEIGHTS = 1_440;

const RULES: ParameterRules = {
  curve: { oneOf: [...NAMED_CURVES.keys()], weights: MOST_WEIGHTS },
  over: { oneOf: ["plan", "day"], nullable: true },
  ...SLICING_RULES,
};

const DEFAULTS = { curve: "u-shape", over: null, ...SLICING_DEFAULTS };

export const vwap: Strategy = {
  name: "vwap",
  summary:
    "Slices in proportion to an expected volume curve; wrong where the day does not follow the " +
    "curve, and where the price runs away: it waits for volume that others traded earlier.",
  defaults: DEFAULTS,
  check: vwapFaults,
  bind(parameters, plan): BoundStrategy {
    invariant(vwapFaults(parameters).length === 0, "vwap: unchecked parameters");
    const curve = curveOf(parameters);
    const { weightOf, note } = weighing(curve, plan);
    const schedule = layOut("vwap", parameters, plan, weightOf);
    return { target: (view) => targetAt(schedule, plan, view, () => note) };
  },
};

function vwapFaults(parameters: Readonly<Record<string, unknown>>): readonly ParameterFault[] {
  const faults = parameterFaults(parameters, RULES);
  if (faults.some(({ path }) => path === "curve" || path === "over")) return faults;
  const over = nameOrNull(parameters, DEFAULTS, "over");
  const curve = curveOf(parameters);
  if (over === null || over === curve.over) return faults;
  const text = `must be ${curve.over}, or null, for ${curve.name}, not ${over}`;
  return [...faults, { path: "over", text }];
}

function curveOf(parameters: Readonly<Record<string, unknown>>): VolumeCurve {
  const curve = nameOrWeights(parameters, DEFAULTS, "curve");
  if (typeof curve === "string") return NAMED_CURVES.get(curve)!;
  const over = nameOrNull(parameters, DEFAULTS, "over") === "day" ? "day" : "plan";
  return { name: `given ${over}`, over, weights: curve };
}

function weighing(curve: VolumeCurve, plan: Plan) {
  const between = volumeBetween(curve, plan);
  return between(0, 1) > 0
    ? { weightOf: between, note: ` by the ${curve.name} curve` }
    : { weightOf: () => 1, note: `, even: the ${curve.name} curve expects no volume` };
}
