/**
 * Canonical JSON: one text for one value, so that equal runs write equal bytes.
 *
 * Keys stand in code-unit order, absent and `undefined` properties are left out, numbers are the
 * shortest text that reads back the same. What JSON would silently bend (NaN to null, a bigint, a
 * Date to text) is refused.
 */
import { invariant } from "./errors.ts";

/** @throws InvariantError for what is not plain JSON data: the caller built it wrong. */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) invariant(false, `not a JSON number: ${value}`);
      return String(value);
    case "object":
      return value === null ? "null" : canonicalObject(value);
    default:
      invariant(false, `not JSON data: ${typeof value}`);
      return "";
  }
}

/** What JSON writes as it is: a checkpoint has tens of thousands of them in a row. */
const isFlat = (member: unknown): boolean =>
  typeof member === "string" || (typeof member === "number" && Number.isFinite(member));

function canonicalArray(members: readonly unknown[]): string {
  if (members.every(isFlat)) return JSON.stringify(members);
  let text = "";
  for (const member of members) {
    text = text === "" ? canonicalJson(member) : `${text},${canonicalJson(member)}`;
  }
  return `[${text}]`;
}

function canonicalObject(value: object): string {
  if (Array.isArray(value)) return canonicalArray(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  invariant(prototype === Object.prototype || prototype === null, "not a plain object");
  const parts: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${parts.join(",")}}`;
}
