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
 * | curve           | "u-shape" | "u-shape", "crypto-sessions", weights of equal buckets, or a  |
 * |                 |           | map `{ over, weights }` as `arrival data volume-curve` learns |
 * | over            | null      | what the weights span: "plan", "day" (UTC, repeats), or null  |
 *
 * and those of `schedule.ts`. A named curve and a map know what they span; a list spans the plan
 * where nothing else is said. Where the curve expects no volume at all in what is left of the plan,
 * the slices are even, and the reason says so.
 */
import type { BoundStrategy, ParameterFault, Plan, Strategy } from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { nameOrNull, nameOrWeights, parameterFaults, type ParameterRules } from "./parameters.ts";
import { layOut, SLICING_DEFAULTS, SLICING_RULES, targetAt } from "./schedule.ts";
import {
  CURVE_SPANS,
  dayCurveOf,
  NAMED_CURVES,
  type VolumeCurve,
  volumeBetween,
} from "./volume-curve.ts";

type Json = Readonly<Record<string, unknown>>;

/** Minutes of a day: finer curves are noise. */
const MOST_WEIGHTS = 1_440;

const RULES: ParameterRules = {
  curve: { oneOf: [...NAMED_CURVES.keys()], weights: MOST_WEIGHTS },
  over: { oneOf: CURVE_SPANS, nullable: true },
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
  dayCurve: (parameters) => dayCurveOf(curveOf(parameters)),
};

function vwapFaults(parameters: Json): readonly ParameterFault[] {
  const { curve } = parameters;
  const faults = isMap(curve)
    ? [...mapFaults(curve), ...parameterFaults({ ...parameters, curve: undefined }, RULES)]
    : parameterFaults(parameters, RULES);
  if (faults.some(({ path }) => path === "over" || path.startsWith("curve"))) return faults;
  const over = nameOrNull(parameters, DEFAULTS, "over");
  const chosen = curveOf(parameters);
  if (over === null || over === chosen.over) return faults;
  const text = `must be ${chosen.over}, or null, for ${chosen.name}, not ${over}`;
  return [...faults, { path: "over", text }];
}

/** What a learned curve's file holds. `learned` says where it is from: for people, not read. */
const MAP_KEYS = ["over", "weights", "learned"];

/** Faults of a curve that is a map, with their paths in it. */
function mapFaults(curve: Json): readonly ParameterFault[] {
  const known = `known are ${MAP_KEYS.join(", ")}`;
  const faults = Object.keys(curve)
    .filter((key) => !MAP_KEYS.includes(key))
    .map((key) => ({ path: `curve.${key}`, text: `unknown key; ${known}` }));
  const { over, weights } = curve;
  if (!CURVE_SPANS.some((span) => span === over)) {
    faults.push({ path: "curve.over", text: `must be ${CURVE_SPANS.join(" or ")}` });
  }
  const isList = Array.isArray(weights) && parameterFaults({ curve: weights }, RULES).length === 0;
  if (isList) return faults;
  const text = `must be 1 to ${MOST_WEIGHTS} weights of 0 or more, their sum over 0`;
  return [...faults, { path: "curve.weights", text }];
}

function curveOf(parameters: Json): VolumeCurve {
  const { curve: given } = parameters;
  if (isMap(given)) {
    const over = nameOrNull(given, DEFAULTS, "over") === "day" ? "day" : "plan";
    const weights = nameOrWeights(given, {}, "weights");
    invariant(typeof weights !== "string", "a map's weights are a list");
    return {
      name: `${given["learned"] === undefined ? "given" : "learned"} ${over}`,
      over,
      weights,
    };
  }
  const curve = nameOrWeights(parameters, DEFAULTS, "curve");
  if (typeof curve === "string") return NAMED_CURVES.get(curve)!;
  const over = nameOrNull(parameters, DEFAULTS, "over") === "day" ? "day" : "plan";
  return { name: `given ${over}`, over, weights: curve };
}

const isMap = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Less than this share of a whole curve is rounding, and no volume. */
const LEAST_SHARE = 1e-12;

function weighing(curve: VolumeCurve, plan: Plan) {
  const between = volumeBetween(curve, plan);
  const whole = curve.weights.reduce((sum, weight) => sum + weight, 0);
  return between(0, 1) > LEAST_SHARE * whole
    ? { weightOf: between, note: ` by the ${curve.name} curve` }
    : { weightOf: () => 1, note: `, even: the ${curve.name} curve expects no volume` };
}
