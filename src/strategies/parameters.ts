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

export type NumberRules = Readonly<Record<string, NumberRule>>;

/** Every fault of `parameters` under `rules`. An absent key means the default and is no fault. */
export function parameterFaults(parameters: Json, rules: NumberRules): readonly ParameterFault[] {
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
  const value = parameters[key] === undefined ? defaults[key] : parameters[key];
  invariant(value === null || typeof value === "number", `parameter ${key} was not checked`);
  return value;
}

function satisfies(value: unknown, rule: NumberRule): boolean {
  if (value === undefined) return true;
  if (value === null) return rule.nullable === true;
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (rule.whole === true && !Number.isSafeInteger(value)) return false;
  if (rule.open === true) return value > rule.least && value < rule.most;
  return value >= rule.least && value <= rule.most;
}

function describeRule(rule: NumberRule): string {
  const noun = rule.whole === true ? "a whole number" : "a number";
  const range =
    rule.open === true
      ? `over ${rule.least} and under ${rule.most}`
      : `from ${rule.least} to ${rule.most}`;
  return `${noun} ${range}${rule.nullable === true ? ", or null" : ""}`;
}

const show = (value: unknown): string =>
  typeof value === "number" ? String(value) : (JSON.stringify(value)?.slice(0, 40) ?? typeof value);
