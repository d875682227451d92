/**
 * Sound advice: whether what is called advice is what its type says, and of what was offered.
 *
 * Models that write are parsed from text (`answer.ts`); advice that comes as a value, from a file
 * or from somebody else's advisor, goes through here. What must stay true: nothing throws, and what
 * passes holds no member that the type does not have.
 */
import { z } from "zod";
import {
  type Advice,
  type AdviceQuestion,
  FASTEST_RATE,
  IMPACT_FACTORS,
  IMPACT_READINGS,
  SLOWEST_RATE,
  URGENCY_LEVELS,
  WAIT_SECONDS,
} from "../core/contracts/advice.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { MOST_REASONING, MOST_RISK } from "./answer.ts";
import { perOffer } from "./per-offer.ts";
import { oneLine } from "./untrusted-text.ts";

const LEAST_FACTOR = Math.min(...IMPACT_FACTORS);
const MOST_FACTOR = Math.max(...IMPACT_FACTORS);
const MOST_WAIT = Math.max(...WAIT_SECONDS);
const MOST_PRICE_BPS = 10_000;

const factor = z.number().min(LEAST_FACTOR).max(MOST_FACTOR);

const schema = perOffer((question) =>
  z.strictObject({
    action: z.enum(question.actions),
    confidence: z.number().min(0).max(1),
    urgency: z.enum(URGENCY_LEVELS),
    impactFactor: z
      .strictObject({ value: factor, low: factor, high: factor })
      .refine(
        ({ value, low, high }) => low <= value && value <= high,
        "low, value, high must rise",
      ),
    readings: z
      .strictObject({
        informedFlow: z.enum(IMPACT_READINGS.informedFlow).optional(),
        newsPending: z.enum(IMPACT_READINGS.newsPending).optional(),
        liquidity: z.enum(IMPACT_READINGS.liquidity).optional(),
        correlation: z.enum(IMPACT_READINGS.correlation).optional(),
      })
      .optional(),
    rate: z.number().min(SLOWEST_RATE).max(FASTEST_RATE).optional(),
    waitSeconds: z.number().positive().max(MOST_WAIT).optional(),
    strategy: z.enum(question.strategies).optional(),
    proposal: z
      .strictObject({
        quantityShare: z.number().min(0).max(1).optional(),
        orderType: z.enum(["market", "limit", "post-only"]).optional(),
        priceBps: z.number().min(-MOST_PRICE_BPS).max(MOST_PRICE_BPS).optional(),
      })
      .optional(),
    reasoning: z.string().transform((text) => oneLine(text, MOST_REASONING)),
    risk: z.string().transform((text) => oneLine(text, MOST_RISK)),
  }),
);

export function soundAdvice(value: unknown, question: AdviceQuestion): Result<Advice, string> {
  try {
    const parsed = schema(question).safeParse(value);
    // Absent and undefined are one; the type knows only the former.
    if (parsed.success) return ok(withoutUndefined(parsed.data) as Advice);
    const [first] = parsed.error.issues;
    return err(oneLine(`${first!.path.join(".")}: ${first!.message}`, 200));
  } catch {
    // A getter, or a proxy.
    return err("it cannot be read");
  }
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [
        key,
        typeof member === "object" && member !== null ? withoutUndefined(member as object) : member,
      ]),
  );
}
