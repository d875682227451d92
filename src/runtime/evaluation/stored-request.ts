/**
 * Stored request: what evaluation the rows of a file are of, read from its first line.
 *
 * What must stay true: a line of anything else is refused in words, whatever stands in it.
 */
import { z } from "zod";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { micros, MINUTE } from "../../core/domain/units.ts";
import { formatConfigFaults, parseConfig } from "../config.ts";
import { type EvaluationRequest, REGIMES } from "./evaluation-request.ts";

const whole = (most: number) => z.number().int().min(0).max(most);
const identitySchema = z.strictObject({
  evaluation: z.literal(1),
  advisor: z.string(),
  config: z.unknown(),
  seed: whole(1e9),
  windows: whole(1e6),
  sides: z
    .array(z.enum(["buy", "sell"]))
    .min(1)
    .max(2),
  regimes: z.array(z.enum(REGIMES)).min(1).max(3),
  quantity: z.string().regex(/^\d{1,12}(?:\.\d{1,12})?$/),
  over: whole(6 * 60 * MINUTE),
  eventsPerSecond: whole(1e4),
  words: z.enum(["training", "validation", "test"]),
  training: whole(1e6),
});

/** As far as the rows of orders hang on it. */
export function storedRequest(identity: unknown): Result<EvaluationRequest, string> {
  const parsed = identitySchema.safeParse(identity);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue?.path.join(".") ?? "";
    const led = "rows of an evaluation at full influence are learned from";
    return err(`no rows of an evaluation (${at}: ${issue?.message ?? ""}); ${led}`);
  }
  const { evaluation: _, advisor: _advisor, config: raw, over, ...rest } = parsed.data;
  const config = parseConfig(raw);
  if (!config.ok) return err(`its configuration: ${formatConfigFaults(config.error)}`);
  return ok({ ...rest, over: micros(over), config: config.value, rollouts: 0, isRawToo: false });
}
