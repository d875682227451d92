/**
 * Influence table: how much weight an advisor has earned in each regime, and what that rests on.
 *
 * It is learned from the rows of an evaluation (`learn-influence.ts`) and kept as a file. What must
 * stay true: a weight is in [0, 1] and follows from the figures beside it by `weightOf`; a file
 * that was changed by hand, or that some other program made, is refused.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { MarketRegime } from "../../core/contracts/advice.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import type { Bps, Fraction } from "../../core/domain/units.ts";
import { RELIABILITY_BINS } from "../../view/reliability.ts";
import { readSmallFile } from "./small-file.ts";

export const REGIME_NAMES = ["calm", "usual", "stressed"] as const satisfies MarketRegime[];

export interface InfluenceFault {
  readonly code: "INFLUENCE_FILE" | "INFLUENCE_ROWS" | "INFLUENCE_RECORD" | "INFLUENCE_JOURNAL";
  readonly text: string;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const line = z
  .string()
  .min(1)
  .max(300)
  .regex(/^\P{Cc}*$/u);
const fraction = z.number().min(0).max(1);
const countOf = z.number().int().min(0);
const bps = z.number();

const savedSchema = z.strictObject({ mean: bps, low: bps, high: bps });
const regimeSchema = z.strictObject({
  weight: fraction,
  orders: countOf,
  markets: countOf,
  /** Against the unadvised twin, bps of the order; positive = cheaper. Null: too few to tell. */
  saved: savedSchema.nullable(),
});

const contentShape = {
  influence: z.literal(2),
  /** Its name, with the model, its weights' hash and the prompt's version where it has them. */
  advisor: line,
  prompt: line,
  /** SHA-256 of the model's weights; null: they lie with a provider, or there are none. */
  model: hash.nullable(),
  /** The plan that it was measured against. */
  strategy: line,
  envelope: z.strictObject({
    corridor: fraction,
    variation: z.number().min(0).max(2),
    crossing: fraction,
  }),
  strategies: z.array(line).max(16),
  learnedAt: z.iso.datetime(),
  program: line,
  /** With which all intervals hold at once. */
  confidence: z.number().min(0.5).max(1),
  from: z.strictObject({
    /** SHA-256 of the advised rows and their twins, and of the judged ones. */
    rows: hash,
    seed: countOf,
    markets: countOf,
    orders: countOf,
    kinds: z.array(line).max(8),
    words: line,
    quantity: line,
    overSeconds: z.number().min(0),
  }),
  regimes: z.strictObject({ calm: regimeSchema, usual: regimeSchema, stressed: regimeSchema }),
  /** What its confidence is worth; null: no decision of it was judged. It moves no weight. */
  reliability: z
    .strictObject({
      decisions: z.number().int().min(1),
      right: fraction,
      bins: z
        .array(
          z.strictObject({
            from: fraction,
            decisions: z.number().int().min(1),
            confidence: fraction,
            right: fraction,
          }),
        )
        .max(RELIABILITY_BINS),
    })
    .nullable(),
};
const contentSchema = z.strictObject(contentShape);
const fileSchema = z.strictObject({ ...contentShape, hash });

export type TableContent = z.infer<typeof contentSchema>;
export type InfluenceTable = z.infer<typeof fileSchema>;
export type LearnedRegime = TableContent["regimes"]["calm"];

/**
 * The share of what was measured that is sure: the lower end over the mean. To follow advice by
 * this weight is to count on the lower end and on nothing more, which is soft thresholding at the
 * half width of the interval (Donoho and Johnstone 1994). 0 where the lower end is not above 0.
 */
export function weightOf(saved: { readonly mean: Bps; readonly low: Bps } | null): Fraction {
  if (saved === null || !(saved.low > 0) || !(saved.mean > 0)) return 0;
  return Math.min(1, Math.floor((saved.low / saved.mean) * 100) / 100);
}

export function sealed(content: TableContent): InfluenceTable {
  return { ...content, hash: hashOf(content) };
}

export const tableText = (table: InfluenceTable): string =>
  `${JSON.stringify(table, undefined, 2)}\n`;

const hashOf = (content: TableContent): string =>
  createHash("sha256").update(canonicalJson(content)).digest("hex");

const MOST_BYTES = 64 << 10;

export function readTable(path: string): Result<InfluenceTable, InfluenceFault> {
  const text = readSmallFile(path, MOST_BYTES);
  if (!text.ok) return refuse(`${path} ${text.error}`);
  const parsed = parseTable(text.value);
  return parsed.ok ? parsed : refuse(`${path} ${parsed.error}; ${ANEW}`);
}

export const ANEW = "learn it anew: arrival evaluate influence --store ROWS -o FILE";

/** The fault in the middle of a sentence that begins with the file's name. */
export function parseTable(text: string): Result<InfluenceTable, string> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return err("is not JSON");
  }
  const parsed = fileSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue?.path.join(".") ?? "";
    return err(`is no table of influence (${at === "" ? "" : `${at}: `}${issue?.message ?? ""})`);
  }
  const { hash: told, ...content } = parsed.data;
  if (told !== hashOf(content)) return err("was changed since it was learned");
  for (const regime of REGIME_NAMES) {
    const { weight, saved } = content.regimes[regime];
    if (weight !== weightOf(saved)) return err(`gives ${regime} a weight that its figures do not`);
  }
  return ok(parsed.data);
}

const refuse = (text: string): Result<never, InfluenceFault> =>
  err({ code: "INFLUENCE_FILE", text });
