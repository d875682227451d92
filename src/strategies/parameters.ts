/**
 * Parameters: how a strategy checks and reads the plain JSON that it was given.
 *
 * Every fault is reported at once, and a key that nobody reads is a fault: a misspelled setting
 * that is silently ignored trades with a default nobody chose.
 */
import type { ParameterFault } from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a numeric parameter may be. Bounds are part of the range unless said otherwise. */
export interface NumberRule {
  readonly least: number;
  readonly most: number;
  /** The bounds themselves are refused. */
  readonly open?: true;
  readonly whole?: true;
  /** `null` is a value of its own: "not chosen". */
  readonly nullable?: true;
}

/** What a parameter in words may be; and, where `weights` says how many, a list of weights. */
export interface NameRule {
  readonly oneOf: readonly string[];
  /** Most weights of a list: each is 0 or more, their sum above 0. */
  readonly weights?: number;
  readonly nullable?: true;
}

/** Yes or no. */
export interface FlagRule {
  readonly flag: true;
}

type Rule = NumberRule | NameRule | FlagRule;
export type ParameterRules = Readonly<Record<string, Rule>>;

/** Every fault of `parameters` under `rules`. An absent key means the default and is no fault. */
export function parameterFaults(
  parameters: Json,
  rules: ParameterRules,
): readonly ParameterFault[] {
  const faults: ParameterFault[] = [];
  for (const [path, value] of Object.entries(parameters)) {
    const rule = Object.hasOwn(rules, path) ? rules[path] : undefined;
    if (rule === undefined) {
      const known = Object.keys(rules).join(", ");
      faults.push({ path, text: `unknown parameter; known are ${known}` });
    } else if (!satisfies(value, rule)) {
      faults.push({ path, text: `must be ${describeRule(rule)}, not ${show(value)}` });
    }
  }
  return faults;
}

/** The number under `key`, or its default. Only for parameters that passed `parameterFaults`. */
export function numberOf(parameters: Json, defaults: Json, key: string): number {
  const value = numberOrNull(parameters, defaults, key);
  invariant(value !== null, `parameter ${key} has no number`);
  return value;
}

/** As `numberOf`, for a nullable parameter. */
export function numberOrNull(parameters: Json, defaults: Json, key: string): number | null {
  const value = valueOf(parameters, defaults, key);
  invariant(value === null || typeof value === "number", `parameter ${key} was not checked`);
  return value;
}

/** As `numberOrNull`, for a parameter that is a name. */
export function nameOrNull(parameters: Json, defaults: Json, key: string): string | null {
  const value = valueOf(parameters, defaults, key);
  invariant(value === null || typeof value === "string", `parameter ${key} was not checked`);
  return value;
}

/** As `numberOf`, for a yes or no. */
export function flagOf(parameters: Json, defaults: Json, key: string): boolean {
  const value = valueOf(parameters, defaults, key);
  invariant(typeof value === "boolean", `parameter ${key} was not checked`);
  return value;
}

/** As `numberOf`, for a parameter that is a name or a list of weights. */
export function nameOrWeights(
  parameters: Json,
  defaults: Json,
  key: string,
): string | readonly number[] {
  const value = valueOf(parameters, defaults, key);
  invariant(typeof value === "string" || isWeights(value, Infinity), `${key} was not checked`);
  return value;
}

const valueOf = (parameters: Json, defaults: Json, key: string): unknown =>
  parameters[key] === undefined ? defaults[key] : parameters[key];

function satisfies(value: unknown, rule: Rule): boolean {
  if (value === undefined) return true;
  if ("flag" in rule) return typeof value === "boolean";
  if (value === null) return rule.nullable === true;
  if ("oneOf" in rule) {
    if (typeof value === "string") return rule.oneOf.includes(value);
    return rule.weights !== undefined && isWeights(value, rule.weights);
  }
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (rule.whole === true && !Number.isSafeInteger(value)) return false;
  if (rule.open === true) return value > rule.least && value < rule.most;
  return value >= rule.least && value <= rule.most;
}

/** Smaller sums are over 0 too, but a share of them may round to nothing. */
const LEAST_SUM = 1e-200;

function isWeights(value: unknown, most: number): value is readonly number[] {
  if (!Array.isArray(value) || value.length > most) return false;
  let total = 0;
  for (const weight of value as readonly unknown[]) {
    if (typeof weight !== "number" || !(weight >= 0)) return false;
    total += weight;
  }
  return total >= LEAST_SUM && total < Infinity;
}

function describeRule(rule: Rule): string {
  if ("flag" in rule) return "true or false";
  const orNull = rule.nullable === true ? ", or null" : "";
  if ("oneOf" in rule) {
    const names = rule.oneOf.join(" or ");
    if (rule.weights === undefined) return `${names}${orNull}`;
    return `${names}, or 1 to ${rule.weights} weights of 0 or more, their sum over 0${orNull}`;
  }
  const noun = rule.whole === true ? "a whole number" : "a number";
  const range =
    rule.open === true
      ? `over ${rule.least} and under ${rule.most}`
      : `from ${rule.least} to ${rule.most}`;
  return `${noun} ${range}${orNull}`;
}

const show = (value: unknown): string =>
  typeof value === "number" ? String(value) : (JSON.stringify(value)?.slice(0, 40) ?? typeof value);
