/**
 * Scripted: answers by rules from a file, for tests and demonstrations.
 *
 * The first rule that fits answers; its latency is told, not taken, so that a backtest by a script
 * runs at full speed and the same way each time. What must stay true: the file is hostile until
 * parsed, and its advice goes the way of any model's.
 */
import { readFile, stat } from "node:fs/promises";
import { parseDocument } from "yaml";
import { z } from "zod";
import {
  ADVISED_ACTIONS,
  type AdviceAnswer,
  type AdviceQuestion,
  URGENCY_LEVELS,
} from "../core/contracts/advice.ts";
import { err, ok, type Result } from "../core/domain/errors.ts";
import { type Advisor, type AdvisorFault, type Exchange, exchangeOf, noAdvice } from "./advisor.ts";
import { parseAnswer } from "./answer.ts";
import { fileFault } from "./file-fault.ts";
import { PROMPT_VERSION } from "./prompt.ts";
import { questionHash } from "./question-hash.ts";
import { soundAdvice } from "./sound-advice.ts";
import { oneLine } from "./untrusted-text.ts";

const MOST_BYTES = 1_000_000;
const MICROS_PER_MS = 1_000;

const WHEN = z.strictObject({
  cause: z.enum(["start", "interval", "regime", "behind", "news"]).optional(),
  regime: z.enum(["calm", "usual", "stressed"]).optional(),
  /** Of the question: 1 is the first of its order. */
  number: z.int().min(1).optional(),
  /** Every so many questions. */
  every: z.int().min(1).optional(),
  /** A part of a headline, whatever the letters' case. */
  headline: z.string().min(1).max(200).optional(),
});

const factor = z.number().min(0.5).max(2);
const ADVISE = z.strictObject({
  action: z.enum(ADVISED_ACTIONS),
  confidence: z.number().min(0).max(1).default(0.5),
  urgency: z.enum(URGENCY_LEVELS).default("own"),
  impactFactor: z
    .union([
      factor.transform((value) => ({ value, low: value, high: value })),
      z.strictObject({ value: factor, low: factor, high: factor }),
    ])
    .default({ value: 1, low: 1, high: 1 }),
  rate: z.number().optional(),
  waitSeconds: z.number().optional(),
  strategy: z.string().optional(),
  proposal: z
    .strictObject({
      quantityShare: z.number().optional(),
      orderType: z.enum(["market", "limit", "post-only"]).optional(),
      priceBps: z.number().optional(),
    })
    .optional(),
  reasoning: z.string().default("as the script says"),
  risk: z.string().default("the script knows nothing of the market"),
});

const FAIL = z.enum(["timed-out", "unreachable", "rate-limited", "refused", "malformed", "broken"]);

const RULE = z
  .strictObject({
    when: WHEN.default({}),
    advise: ADVISE.optional(),
    /** What a model would have written, word by word. */
    write: z.string().max(100_000).optional(),
    fail: FAIL.optional(),
    latencyMs: z.number().min(0).max(3_600_000).optional(),
  })
  .refine(
    ({ advise, write, fail }) =>
      [advise, write, fail].filter((one) => one !== undefined).length === 1,
    "exactly one of advise, write and fail",
  );

const SCRIPT = z.strictObject({
  name: z.string().regex(/^[\w .-]{1,60}$/),
  latencyMs: z.number().min(0).max(3_600_000).default(500),
  rules: z.array(RULE).min(1).max(10_000),
});

export type Script = z.infer<typeof SCRIPT>;
type Rule = Script["rules"][number];

export async function openScripted(path: string): Promise<Result<Advisor, AdvisorFault>> {
  let text: string;
  try {
    const found = await stat(path);
    // A device has no size and no end.
    if (!found.isFile()) return unusable(path, "it is no file");
    const { size } = found;
    if (size > MOST_BYTES) return unusable(path, `${size} bytes: too long for a script`);
    text = await readFile(path, "utf8");
  } catch (error) {
    return unusable(path, fileFault(error));
  }
  const script = parseScript(text);
  return script.ok ? ok(scripted(script.value)) : unusable(path, script.error);
}

/** YAML, and so JSON. */
export function parseScript(text: string): Result<Script, string> {
  let value: unknown;
  try {
    const document = parseDocument(text, { maxAliasCount: 0 } as object);
    const [error] = document.errors;
    if (error !== undefined) return err(oneLine(error.message, 300));
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    return err(oneLine(error instanceof Error ? error.message : "no YAML", 300));
  }
  const parsed = SCRIPT.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const issues = parsed.error.issues.slice(0, 3);
  return err(oneLine(issues.map((one) => `${one.path.join(".")}: ${one.message}`).join("; "), 300));
}

const unusable = (path: string, why: string): Result<never, AdvisorFault> =>
  err({ code: "ADVISOR_FILE", text: `${path} is no script of an advisor: ${why}` });

export function scripted(script: Script): Advisor {
  const name = `scripted:${script.name}`;
  const answerTo = (question: AdviceQuestion): Exchange => {
    const rule = script.rules.find(({ when }) => fits(when, question));
    const latency = (rule?.latencyMs ?? script.latencyMs) * MICROS_PER_MS;
    return exchangeOf(answerOf(rule, question), latency, {
      advisor: name,
      provider: "scripted",
      model: script.name,
      promptVersion: PROMPT_VERSION,
      question,
      questionHash: questionHash(question),
      ...(rule?.write === undefined ? {} : { received: { text: rule.write } }),
    });
  };
  return {
    name,
    check: () => Promise.resolve(ok(undefined)),
    ask: (question) => Promise.resolve(answerTo(question)),
    close: () => Promise.resolve(),
  };
}

function fits(when: Rule["when"], question: AdviceQuestion): boolean {
  const { situation, cause } = question;
  const number = numberOf(question.id);
  const heard = when.headline?.toLowerCase();
  return (
    (when.cause === undefined || when.cause === cause) &&
    (when.regime === undefined || when.regime === situation.market.regime) &&
    (when.number === undefined || when.number === number) &&
    (when.every === undefined || (number > 0 && number % when.every === 0)) &&
    (heard === undefined ||
      situation.news.some(({ headline }) => headline.toLowerCase().includes(heard)))
  );
}

/** `PARENT-qN`; 0 = it says none. */
const numberOf = (id: string): number => Number(/-q(\d{1,9})$/.exec(id)?.[1] ?? 0);

function answerOf(rule: Rule | undefined, question: AdviceQuestion): AdviceAnswer {
  if (rule === undefined) return noAdvice("not-recorded", "no rule of the script fits");
  if (rule.fail !== undefined) return noAdvice(rule.fail, "as the script says");
  if (rule.write !== undefined) return parseAnswer(rule.write, question);
  const advice = soundAdvice(withoutUndefined(rule.advise!), question);
  if (!advice.ok) return noAdvice("malformed", advice.error);
  return { kind: "advice", advice: advice.value, source: "llm" };
}

const withoutUndefined = (value: object): object => JSON.parse(JSON.stringify(value)) as object;
