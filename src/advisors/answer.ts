/**
 * Answer: what a model wrote, made into advice or refused.
 *
 * A model is a stranger: it may be cut off, mad, or in somebody else's service. What must stay
 * true: whatever the text, an answer comes back and nothing throws; what is called advice has every
 * member as its type says, finite, in its range, and of what was offered.
 */
import { z } from "zod";
import {
  type Advice,
  type AdviceAnswer,
  type AdviceQuestion,
  FASTEST_RATE,
  IMPACT_FACTORS,
  IMPACT_READINGS,
  type ImpactReadings,
  SLOWEST_RATE,
  URGENCY_LEVELS,
  WAIT_SECONDS,
} from "../core/contracts/advice.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { perOffer } from "./per-offer.ts";
import { questionSet } from "./question-set.ts";
import { oneLine } from "./untrusted-text.ts";

/** Letters that are kept for people to read. */
export const MOST_REASONING = 2_000;
export const MOST_RISK = 1_000;
/** A longer answer is not looked at. */
const MOST_TEXT = 64_000;
const MOST_COMPLAINT = 300;
/** From the mid, either way. */
const MOST_PRICE_BPS = 10_000;

const LEAST_FACTOR = Math.min(...IMPACT_FACTORS);
const MOST_FACTOR = Math.max(...IMPACT_FACTORS);
const ORDER_TYPES = ["market", "limit", "post-only"] as const;

/**
 * The form that providers are told. Every member must be there and what does not apply is null,
 * because that is what their strict modes understand; ranges they do not, so numbers are choices.
 */
export const answerForm = perOffer((question) => {
  const items = Object.fromEntries(
    questionSet(question).map(({ key, options, onlyFor }) => {
      // Not z.enum: it would sort labels that look like whole numbers to the front.
      const labels = z.literal(options.map(({ label }) => label));
      return [key, onlyFor === undefined && key !== "strategy" ? labels : labels.nullable()];
    }),
  );
  const { action, urgency, rate, waitSeconds, strategy, ...impact } = items;
  return z.strictObject({
    ...impact,
    reasoning: z.string(),
    risk: z.string(),
    action: action!,
    confidence: z.number(),
    urgency: urgency!,
    ...(rate === undefined ? {} : { rate }),
    ...(waitSeconds === undefined ? {} : { waitSeconds }),
    ...(strategy === undefined ? {} : { strategy }),
    proposal: z
      .strictObject({
        quantityShare: z.number().nullable(),
        orderType: z.enum(ORDER_TYPES).nullable(),
        priceBps: z.number().nullable(),
      })
      .nullable(),
  });
});

/** A number, or the label of a choice that is one. Infinity (1e999) and NaN are none. */
const level = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d{1,3}(?:\.\d{1,4})?$/)
    .transform(Number),
]);
const factor = level.pipe(z.number().min(LEAST_FACTOR).max(MOST_FACTOR));
const word = z.string().max(40).nullish();

/** What is believed. Stricter than the form in ranges, and patient with what may be left out. */
const believed = perOffer((question) =>
  z.strictObject({
    informedFlow: word,
    newsPending: word,
    liquidity: word,
    correlation: word,
    impactFactor: factor,
    impactLow: factor,
    impactHigh: factor,
    reasoning: z.string(),
    risk: z.string(),
    action: z.enum(question.actions),
    confidence: z.number().min(0).max(1),
    urgency: z.enum(URGENCY_LEVELS),
    rate: level.nullish(),
    waitSeconds: level.nullish(),
    strategy: z.enum(question.strategies).nullish(),
    proposal: z
      .strictObject({
        quantityShare: z.number().min(0).max(1).nullish(),
        orderType: z.enum(ORDER_TYPES).nullish(),
        priceBps: z.number().min(-MOST_PRICE_BPS).max(MOST_PRICE_BPS).nullish(),
      })
      .nullish(),
  }),
);
type Believed = z.infer<ReturnType<typeof believed>>;

/** @param text what the model wrote, whole. */
export function parseAnswer(text: string, question: AdviceQuestion): AdviceAnswer {
  const json = jsonOf(text);
  if (!json.ok) return malformed(json.error);
  const parsed = believed(question).safeParse(json.value);
  if (!parsed.success) return malformed(complaintOf(parsed.error));
  const advice = adviceOf(parsed.data);
  return advice.ok
    ? { kind: "advice", advice: advice.value, source: "llm" }
    : malformed(advice.error);
}

const malformed = (why: string): AdviceAnswer => ({
  kind: "none",
  reason: "malformed",
  text: oneLine(why, MOST_COMPLAINT),
});

/** Keys that could reach an object's prototype. */
const POISON = new Set(["__proto__", "constructor", "prototype"]);

function jsonOf(text: string): Result<unknown, string> {
  if (text.length > MOST_TEXT) return err(`${text.length} letters: too long to be an answer`);
  const bare = bareOf(text);
  if (bare === "") return err("the answer is empty");
  let poison: string | undefined;
  try {
    const value: unknown = JSON.parse(bare, (key, member: unknown) => {
      if (POISON.has(key)) poison = key;
      return member;
    });
    return poison === undefined ? ok(value) : err(`a member is called ${poison}`);
  } catch {
    return err(`no JSON, or cut off: ${bare.slice(0, 80)}`);
  }
}

/** Without the thoughts before it and the fence around it that some models write. */
function bareOf(text: string): string {
  let bare = text.trim();
  if (bare.startsWith("<think>")) {
    const end = bare.indexOf("</think>");
    if (end >= 0) bare = bare.slice(end + "</think>".length).trim();
  }
  const fence = /^```(?:json)?\r?\n([\s\S]*?)\r?\n?```$/.exec(bare);
  return fence === null ? bare : fence[1]!.trim();
}

const complaintOf = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length === 0 ? "the answer" : path.join(".")}: ${message}`)
    .join("; ");

function adviceOf(said: Believed): Result<Advice, string> {
  const { action, impactFactor: value, impactLow: low, impactHigh: high } = said;
  if (!(low <= value && value <= high)) {
    return err(`impactLow ${low}, impactFactor ${value}, impactHigh ${high} do not rise`);
  }
  const rate = rateOf(said);
  if (!rate.ok) return rate;
  const wait = waitOf(said);
  if (!wait.ok) return wait;
  const proposal = proposalOf(said.proposal);
  const readings = readingsOf(said);
  return ok({
    action,
    confidence: said.confidence,
    urgency: said.urgency,
    impactFactor: { value, low, high },
    ...(Object.keys(readings).length === 0 ? {} : { readings }),
    ...(rate.value === undefined ? {} : { rate: rate.value }),
    ...(wait.value === undefined ? {} : { waitSeconds: wait.value }),
    ...(typeof said.strategy === "string" ? { strategy: said.strategy } : {}),
    ...(proposal === undefined ? {} : { proposal }),
    reasoning: oneLine(said.reasoning, MOST_REASONING),
    risk: oneLine(said.risk, MOST_RISK),
  });
}

/** They only explain: another word than those offered says nothing, and harms nothing. */
function readingsOf(said: Believed): ImpactReadings {
  return Object.fromEntries(
    Object.entries(IMPACT_READINGS).flatMap(([key, labels]) => {
      const written = said[key as keyof ImpactReadings];
      const label = labels.find((one) => one === written);
      return label === undefined ? [] : [[key, label]];
    }),
  );
}

/** Of other actions a rate means nothing and is left out. */
function rateOf({ action, rate }: Believed): Result<number | undefined, string> {
  if (action !== "accelerate" && action !== "decelerate") return ok(undefined);
  if (typeof rate !== "number") return err(`${action} without a rate`);
  const isFaster = action === "accelerate";
  const [low, high] = isFaster ? [1, FASTEST_RATE] : [SLOWEST_RATE, 1];
  if (rate >= low && rate <= high && rate !== 1) return ok(rate);
  return err(`${action} at ${rate}: a rate between ${low} and ${high} was asked for`);
}

function waitOf({ action, waitSeconds }: Believed): Result<number | undefined, string> {
  if (action !== "wait") return ok(undefined);
  if (typeof waitSeconds !== "number") return err("wait without its seconds");
  const isOffered = WAIT_SECONDS.some((span) => span === waitSeconds);
  if (isOffered) return ok(waitSeconds);
  return err(`wait for ${waitSeconds} s: one of ${WAIT_SECONDS.join(", ")} was asked for`);
}

function proposalOf(said: Believed["proposal"]): Advice["proposal"] {
  if (said === null || said === undefined) return undefined;
  const { quantityShare, orderType, priceBps } = said;
  const proposal = {
    ...(typeof quantityShare === "number" ? { quantityShare } : {}),
    ...(typeof orderType === "string" ? { orderType } : {}),
    ...(typeof priceBps === "number" ? { priceBps } : {}),
  };
  return Object.keys(proposal).length === 0 ? undefined : proposal;
}
