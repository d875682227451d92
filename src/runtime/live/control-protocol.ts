/**
 * Control protocol: what an operator may tell a run that is at work, and what it answers.
 *
 * Each request and each answer is one line of JSON. What must stay true: nothing becomes an event
 * that is not exactly one of these requests, every field within its bounds; a line is refused with
 * words for the one who wrote it, whatever is in it.
 */
import { z } from "zod";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { isObject, type JsonObject } from "../config-settings.ts";
import { parseDuration } from "../duration.ts";

/** Bytes, the line's end included. */
export const LONGEST_LINE = 65_536;
const LONGEST_TEXT = 500;
const LONGEST_NAME = 64;
const DEEPEST = 8;

/** Letters that no terminal and no log is upset by. */
export const isPrintable = (text: string): boolean =>
  text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);

const words = (longest: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(longest, `must have ${longest} letters at most`)
    .refine(isPrintable, "must have no control characters");
const decimalText = () =>
  z.string().regex(/^\d{1,20}(?:\.\d{1,20})?$/, 'must be a decimal as text, such as "0.5"');
const name = () => z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, "must be a name, such as twap");
const span = () =>
  z
    .string()
    .max(40)
    .refine((text) => parseDuration(text).ok, "must be a span with its unit, such as 5m");

/** Plain data that a journal can hold, and not a maze of brackets. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value === "boolean" || value === null) return true;
  if (depth <= 0 || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every((each) => isPlain(each, depth - 1));
  return Object.entries(value).every(
    ([key, each]) => key !== "__proto__" && key.isWellFormed() && isPlain(each, depth - 1),
  );
}
const map = () =>
  z.custom<JsonObject>(
    (value) => isObject(value) && isPlain(value, DEEPEST),
    `must be a map of plain values, ${DEEPEST} levels deep at most`,
  );

const base = {
  /** Given back with the answer. */
  id: z.int().nonnegative().optional(),
  /** Who it is, for the journal. */
  by: words(LONGEST_NAME),
};
/** Which order; absent: the only one. */
const ofOrder = {
  ...base,
  parent: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,20}$/, "must be an order's id")
    .optional(),
};
const reason = words(LONGEST_TEXT).optional();

const AMEND = z.strictObject({
  ...ofOrder,
  command: z.literal("amend"),
  /** Units of the instrument, all of the order; or money, where the order was given in money. */
  quantity: decimalText().optional(),
  notional: decimalText().optional(),
  deadline: z.iso
    .datetime({ offset: true, error: "must be a time with its zone, such as 2026-05-01T14:00:00Z" })
    .optional(),
  /** From now on. */
  over: span().optional(),
  urgency: z
    .number("must be a number")
    .min(0, "must be 0 to 1")
    .max(1, "must be 0 to 1")
    .optional(),
  /** Null: none. */
  limit: decimalText().nullable().optional(),
  maxParticipation: z
    .number("must be a number")
    .gt(0, "must be above 0 and at most 1")
    .max(1, "must be above 0 and at most 1")
    .nullable()
    .optional(),
});

const REQUEST = z.discriminatedUnion("command", [
  z.strictObject({ ...ofOrder, command: z.literal("status") }),
  z.strictObject({ ...ofOrder, command: z.literal("pause"), reason }),
  z.strictObject({ ...ofOrder, command: z.literal("resume") }),
  AMEND,
  z.strictObject({
    ...ofOrder,
    command: z.literal("switch"),
    strategy: name(),
    parameters: map().optional(),
    tactic: z.strictObject({ name: name(), parameters: map().optional() }).optional(),
  }),
  z.strictObject({ ...ofOrder, command: z.literal("cancel"), reason }),
  z.strictObject({ ...base, command: z.literal("kill"), reason }),
  z.strictObject({ ...base, command: z.literal("limits"), set: map() }),
]);

export type ControlRequest = z.infer<typeof REQUEST>;
export type AmendRequest = z.infer<typeof AMEND>;
export const CONTROL_COMMANDS = REQUEST.options.map(({ shape }) => shape.command.value);

export interface ControlFault {
  /** One of ours, or the engine's own word, such as `PARENT_TERMS`. */
  readonly code: string;
  readonly text: string;
}

const ORDER_STATUS = z.object({
  parentId: z.string(),
  side: z.string(),
  phase: z.string(),
  quantity: z.string(),
  filled: z.string(),
  /** Of the whole, by quantity or by money. */
  filledShare: z.number().optional(),
  strategy: z.string(),
});

const STATUS = z.object({
  parentId: z.string(),
  pid: z.number(),
  journal: z.string(),
  venue: z.string(),
  symbol: z.string(),
  side: z.string(),
  phase: z.string(),
  reason: z.string(),
  quantity: z.string(),
  filled: z.string(),
  filledShare: z.number().optional(),
  /** Child orders that are not known to have ended. */
  working: z.number(),
  market: z.string(),
  strategy: z.string(),
  urgency: z.number(),
  limit: z.string().nullable(),
  maxParticipation: z.number().nullable(),
  now: z.string(),
  startAt: z.string(),
  deadline: z.string(),
  killed: z.boolean(),
  limits: z.record(z.string(), z.unknown()),
  /** Of a run that works several: those that have not ended, the newest 500. */
  orders: z.array(ORDER_STATUS).optional(),
});
export type ControlStatus = z.infer<typeof STATUS>;

const TAKEN = z.object({
  id: z.int().optional(),
  ok: z.literal(true),
  command: z.string(),
  /** What has come of it so far, in words. */
  text: z.string(),
  /** Of the event in the journal: microseconds since the Unix epoch. */
  time: z.int().optional(),
  /** Its number there: what `arrival replay` names it by. */
  record: z.int().optional(),
  status: STATUS.optional(),
});
const REFUSED = z.object({
  id: z.int().optional(),
  ok: z.literal(false),
  code: z.string(),
  text: z.string(),
});
const ANSWER = z.discriminatedUnion("ok", [TAKEN, REFUSED]);

export type ControlAnswer = z.infer<typeof ANSWER>;

/** @param line without its end. */
export function parseRequest(line: string): Result<ControlRequest, ControlFault> {
  return parseLine(line, REQUEST, `a request is one of ${CONTROL_COMMANDS.join(", ")}`);
}

export function parseAnswer(line: string): Result<ControlAnswer, ControlFault> {
  return parseLine(line, ANSWER, "no answer of a run");
}

const refuse = (text: string) => err({ code: "CONTROL_REQUEST", text });

function parseLine<Value>(
  line: string,
  schema: z.ZodType<Value>,
  what: string,
): Result<Value, ControlFault> {
  let value: unknown;
  try {
    value = JSON.parse(line);
    if (!isPlain(value, DEEPEST + 2)) return refuse(`${what}: not plain data`);
    const parsed = schema.safeParse(value);
    if (parsed.success) return ok(parsed.data);
    return refuse(parsed.error.issues.slice(0, 5).map(issueText).join("; "));
  } catch {
    return refuse(`${what}, as one line of JSON`);
  }
}

function issueText({ path, message, code }: z.core.$ZodIssue): string {
  if (code === "invalid_union") return `command: must be one of ${CONTROL_COMMANDS.join(", ")}`;
  const at = path.map(String).join(".");
  return cut(at === "" ? message : `${at}: ${message}`);
}

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 197)}...` : text);
