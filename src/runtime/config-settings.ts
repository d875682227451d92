/**
 * Config settings: the kinds of setting that a config file has, each with what it must be in words.
 *
 * What must stay true: a value that is not exactly what a kind says is refused with the value in
 * the message, never bent into one that it might have meant.
 */
import { z } from "zod";
import { compareDecimal, decimal, parseDecimal } from "../core/domain/decimal.ts";
import { invariant } from "../core/domain/errors.ts";
import type { TacticChoice } from "../core/domain/parent-order.ts";
import { parseDuration } from "./duration.ts";

export type JsonObject = { readonly [key: string]: unknown };

/** A key added to a type and forgotten here does not compile. */
export type Shape<Section, Other = never> = {
  readonly [Key in keyof Section]-?: z.ZodType<Section[Key] | Other>;
};

/** One setting: what it must be, in words, and how it is read. `undefined` = it is not that. */
export function setting<Value>(
  must: string,
  read: (raw: unknown) => Value | undefined,
  hint: (raw: unknown) => string = () => "",
) {
  return z.unknown().transform((raw, context): Value => {
    const value = read(raw);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `must be ${must}, got ${show(raw)}${hint(raw)}` });
    return z.NEVER;
  });
}

export const numberWhere = (must: string, holds: (value: number) => boolean) =>
  setting(
    must,
    (raw) => (typeof raw === "number" && Number.isFinite(raw) && holds(raw) ? raw : undefined),
    numberHint,
  );
export const share = () => numberWhere("a fraction in (0, 1]", (value) => value > 0 && value <= 1);
export const unitInterval = () =>
  numberWhere("a number in [0, 1]", (value) => value >= 0 && value <= 1);
export const bps = () =>
  numberWhere("basis points in [0, 10000]", (value) => value >= 0 && value <= 10_000);
export const multiple = () =>
  numberWhere("a number in [0, 10]", (value) => value >= 0 && value <= 10);
export const amount = () =>
  numberWhere("an amount above 0 in the quote coin", (value) => value > 0 && value <= 1e15);
export const count = () =>
  numberWhere(
    "a whole number in [1, 1000000]",
    (value) => Number.isInteger(value) && value >= 1 && value <= 1_000_000,
  );
export const flag = () =>
  setting("true or false", (raw) => (typeof raw === "boolean" ? raw : undefined));
export const oneOf = <const Name extends string>(...names: readonly Name[]) =>
  setting(names.join(" or "), (raw) => names.find((name) => name === raw));

/** @param most as text too, so that the message says what is checked. */
export const span = (least: string, most = "24h") => {
  const [from, to] = [least, most].map((text) => parseDuration(text));
  invariant(from?.ok === true && to?.ok === true, "bounds are durations");
  const must = `a duration with its unit in [${least}, ${most}], such as 5s`;
  return setting(must, (raw) => {
    if (typeof raw !== "string") return undefined;
    const parsed = parseDuration(raw);
    if (!parsed.ok || parsed.value < from.value || parsed.value > to.value) return undefined;
    return parsed.value;
  });
};

/** Exact decimal text. An unquoted number is taken where its digits are surely those written. */
function decimalText(raw: unknown): string | undefined {
  const text = typeof raw === "number" ? String(raw) : raw;
  if (typeof text !== "string" || !parseDecimal(text).ok) return undefined;
  const digits = text.replace(/^[+-]?[0.]*/, "").replace(".", "").length;
  return typeof raw === "number" && digits > 15 ? undefined : text;
}
export const size = () =>
  setting('a decimal above 0, such as "0.01"', (raw) => {
    const text = decimalText(raw);
    return text !== undefined && decimal(text).mantissa > 0n ? text : undefined;
  });
export const feeRate = () =>
  setting('a decimal fraction in [-0.1, 0.1], such as "0.0002"', (raw) => {
    const text = decimalText(raw);
    if (text === undefined) return undefined;
    const rate = decimal(text);
    const magnitude = { ...rate, mantissa: rate.mantissa < 0n ? -rate.mantissa : rate.mantissa };
    return compareDecimal(magnitude, decimal("0.1")) > 0 ? undefined : text;
  });
/** Null: none. */
export const filePath = () =>
  setting("null, or a path", (raw): string | null | undefined => {
    if (raw === null) return null;
    const isPath = typeof raw === "string" && raw.length > 0 && raw.length <= 4096;
    return isPath && !raw.includes("\0") ? raw : undefined;
  });
export const strategyName = () =>
  setting("a strategy's name", (raw) =>
    typeof raw === "string" && /^[a-z][a-z0-9-]{0,39}$/.test(raw) ? raw : undefined,
  );
export const parameters = () =>
  setting("a map of plain values", (raw) => {
    const parsed = z.json().safeParse(raw);
    return isObject(raw) && parsed.success ? raw : undefined;
  });

export const tactic = () =>
  setting("null, or a map of name and parameters", (raw): TacticChoice | null | undefined => {
    if (raw === null) return null;
    if (!isObject(raw) || typeof raw["name"] !== "string") return undefined;
    const { name, parameters: given = {}, ...others } = raw;
    const parsed = z.json().safeParse(given);
    if (!isObject(given) || !parsed.success || Object.keys(others).length > 0) return undefined;
    return { name, parameters: given };
  });

/** The two slips that the number itself gives away. */
function numberHint(raw: unknown): string {
  if (typeof raw !== "string") return "";
  const sign = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(raw);
  if (sign !== null)
    return ` (write a fraction: ${Number((Number(sign[1]) / 100).toPrecision(12))})`;
  return raw.trim() !== "" && Number.isFinite(Number(raw)) ? " (write it unquoted)" : "";
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const show = (value: unknown): string =>
  value === undefined ? "nothing" : typeof value === "number" ? String(value) : cut(value);

function cut(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
