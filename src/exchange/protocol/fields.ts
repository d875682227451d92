/**
 * Fields: single values out of a request that anybody may have written.
 *
 * By hand and not by a schema library, because orders pass here twenty thousand times a second.
 * What must stay true: whatever the JSON is, the outcome is a value of the type that is named or a
 * refusal, and text is never longer than a client can have a reason for.
 */
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Category, ExchangeFault } from "../exchange-types.ts";
import { ILLEGAL_CATEGORY, MALFORMED, parameterFault } from "./faults.ts";

export type Fields = Readonly<Record<string, unknown>>;
export type Parsed<Value> = Result<Value, ExchangeFault>;

const TEXT_LIMIT = 100;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A refusal that travels inside one parser as an exception, and never out of it. */
export class Refusal {
  readonly fault: ExchangeFault;
  constructor(fault: ExchangeFault) {
    this.fault = fault;
  }
}

/** Runs a parser whose pieces refuse by throwing a `Refusal`. */
export function parsed<Value>(run: () => Value): Parsed<Value> {
  try {
    return ok(run());
  } catch (refusal) {
    if (refusal instanceof Refusal) return err(refusal.fault);
    throw refusal;
  }
}

export const refuse = (words: string): never => {
  throw new Refusal(parameterFault(words));
};

/** Text, or undefined where it is absent, null or empty: Bybit takes these for the same. */
export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw new Refusal(MALFORMED);
  if (value.length > TEXT_LIMIT) refuse(`params error: ${name} is too long`);
  return value;
}

export const neededText = (fields: Fields, name: string): string =>
  text(fields, name) ?? refuse(`params error: ${name} is required`);

export function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw new Refusal(MALFORMED);
  return value;
}

/** A whole number in [from, until], as JSON number or digits. */
export function integer(
  fields: Fields,
  name: string,
  from: number,
  until: number,
): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === "") return undefined;
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) throw new Refusal(MALFORMED);
  if (number < from || number > until) refuse(`params error: ${name} is invalid`);
  return number;
}

export function oneOf<Value extends string>(
  fields: Fields,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const value = text(fields, name);
  if (value === undefined) return undefined;
  return (values as readonly string[]).includes(value)
    ? (value as Value)
    : refuse(`params error: ${name} is invalid`);
}

export function categoryOf(fields: Fields): Category {
  const value = fields["category"];
  if (value === "linear" || value === "spot" || value === "inverse") return value;
  throw new Refusal(ILLEGAL_CATEGORY);
}

/** A query as fields: of a name that stands twice, the last counts. */
export const queryFields = (query: URLSearchParams): Fields => {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [name, value] of query) fields[name] = value;
  return fields;
};
