/**
 * Influence record: what became of the orders that a table's weights led, one a line, beside it.
 *
 * `influence.json` has `influence.record.jsonl`. A line is written by one append, so two runs may
 * end at once. What must stay true: an order counts once, however often it is told; a last line
 * that was cut off is dropped and said, and any other that cannot be read is refused.
 */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { z } from "zod";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { type InfluenceFault, REGIME_NAMES } from "./influence-table.ts";
import { readSmallFile } from "./small-file.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const words = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u);
const regimeName = z.enum(REGIME_NAMES);

const worthSchema = z.strictObject({
  cost: z.number(),
  squares: z.number().min(0),
  bets: z.number().int().min(1),
});
const outcomeSchema = z.strictObject({
  kind: z.literal("outcome"),
  /** Hash of the table that had earned the weights. */
  table: hash,
  /** Which run: see `runHash`. */
  run: hash,
  order: z.string().regex(/^[A-Za-z0-9-]{1,20}$/),
  endedAt: z.iso.datetime(),
  regimes: z.partialRecord(regimeName, worthSchema),
});
const raisedSchema = z.strictObject({
  kind: z.literal("raised"),
  table: hash,
  regime: regimeName,
  weight: z.number().min(0).max(1),
  by: words,
  why: words.optional(),
  at: z.iso.datetime(),
});
const entrySchema = z.discriminatedUnion("kind", [outcomeSchema, raisedSchema]);

export type Outcome = z.infer<typeof outcomeSchema>;
export type Raise = z.infer<typeof raisedSchema>;
export type RecordEntry = z.infer<typeof entrySchema>;

export interface InfluenceRecord {
  readonly entries: readonly RecordEntry[];
  /** A last line that was cut off: what it said does not count. */
  readonly isTorn: boolean;
}

const MOST_BYTES = 64 << 20;

export const recordPathOf = (table: string): string =>
  `${table.replace(/\.json$/, "")}.record.jsonl`;

/** Empty where there is no such file. */
export function readRecord(path: string): Result<InfluenceRecord, InfluenceFault> {
  if (!existsSync(path)) return ok({ entries: [], isTorn: false });
  const text = readSmallFile(path, MOST_BYTES);
  if (!text.ok) return refuse(`${path} ${text.error}`);
  const lines = text.value.split("\n");
  const isTorn = lines.pop() !== "";
  const entries: RecordEntry[] = [];
  for (const [index, line] of lines.entries()) {
    const entry = entryOf(line);
    if (entry === undefined) {
      const way = "take the line out, or learn the table anew, which begins another record";
      return refuse(`${path}:${index + 1} is no outcome and no raise: ${way}`);
    }
    entries.push(entry);
  }
  return ok({ entries, isTorn });
}

function entryOf(line: string): RecordEntry | undefined {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** On the disk when it returns. What was cut off before it is taken away. */
export function appendEntry(path: string, entry: RecordEntry): Result<void, InfluenceFault> {
  try {
    const whole = wholeBytes(path);
    const file = openSync(path, "a", 0o600);
    try {
      if (whole !== undefined) ftruncateSync(file, whole);
      writeSync(file, `${canonicalJson(entry)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return ok(undefined);
  } catch (error) {
    return refuse(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Where its last whole line ends; undefined: all of it is whole. */
function wholeBytes(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const text = readSmallFile(path, MOST_BYTES);
  if (!text.ok) throw new Error(text.error);
  const bytes = Buffer.from(text.value);
  const end = bytes.lastIndexOf(0x0a) + 1;
  return end === bytes.length ? undefined : end;
}

const refuse = (text: string): Result<never, InfluenceFault> =>
  err({ code: "INFLUENCE_RECORD", text });
