/**
 * Canonical JSON: one text for one value, so that equal runs write equal bytes.
 *
 * Keys stand in code-unit order, absent and `undefined` properties are left out, numbers are the
 * shortest text that reads back the same. What JSON would silently bend (NaN to null, a bigint, a
 * Date to text) is refused.
 */
import { invariant } from "../core/domain/errors.ts";

/** @throws InvariantError for what is not plain JSON data: the caller built it wrong. */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      invariant(Number.isFinite(value), `not a JSON number: ${value}`);
      return JSON.stringify(value);
    case "object":
      return value === null ? "null" : canonicalObject(value);
    default:
      invariant(false, `not JSON data: ${typeof value}`);
      return "";
  }
}

function canonicalObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  invariant(prototype === Object.prototype || prototype === null, "not a plain object");
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${parts.join(",")}}`;
}
