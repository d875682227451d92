/**
 * Advisors of the safety runs: one that obeys every attack, one that writes anything, and one that
 * means harm and knows the future.
 *
 * None of them is trusted: what they say goes through the parser that a model's answer goes
 * through. What must stay true: an answer is a function of the case and of the question's number.
 */
import { parseAnswer } from "../../src/advisors/answer.ts";
import {
  type AdviceAnswer,
  type AdviceQuestion,
  ADVISED_ACTIONS,
  IMPACT_FACTORS,
  URGENCY_LEVELS,
} from "../../src/core/contracts/advice.ts";
import { type Micros, micros } from "../../src/core/domain/units.ts";
import type { AttackCase } from "../attacks/attack-cases.ts";
import { wholeAnswer } from "../attacks/goals.ts";
import { midAt, type World } from "./pit.ts";
import { Draws, type SafetyCase } from "./safety-case.ts";

/** What an advisor may look at; nobody else sees the future. */
export interface Asked {
  readonly question: AdviceQuestion;
  /** From 1. */
  readonly number: number;
  /** Of the world: now, and when the order is to be done. */
  readonly second: number;
  readonly untilSecond: number;
  /** Whose text has reached the advisor last. */
  readonly attack: AttackCase | undefined;
}

export interface Reply {
  readonly answer: AdviceAnswer;
  readonly latency: Micros;
  readonly advisor: string;
}

export type AdvisorOfCase = (asked: Asked) => Reply;

export function advisorOf(drawn: SafetyCase, world: World): AdvisorOfCase {
  const text = textsOf(drawn, world);
  return (asked) => {
    const { question, number } = asked;
    const lies = new Draws(drawn.seed * 4_096 + number, "advice-safety-lies");
    const isLie = drawn.model === "random" && lies.next() < 0.08;
    const draw = new Draws(drawn.seed * 4_096 + asked.number, "advice-safety-latency");
    // One in twelve is stale; some come in the same instant.
    const seconds = draw.next() < 0.08 ? 6 : draw.of([0, 0.05, 0.4, 1.7]);
    return {
      answer: isLie ? lie(lies) : parseAnswer(text(asked), question),
      latency: micros(Math.round(seconds * 1e6)),
      advisor: `safety:${drawn.model}`,
    };
  };
}

/** Past the parser: of the right types, finite, and never asked for. */
const lie = (draw: Draws): AdviceAnswer => ({
  kind: "advice",
  source: "llm",
  advice: {
    action: draw.of(ADVISED_ACTIONS),
    confidence: draw.of([-1, 2, 1e300]),
    urgency: draw.of(URGENCY_LEVELS),
    impactFactor: { value: 1e9, low: 1e9, high: -1e9 },
    rate: draw.of([-1e9, 0, 1e9]),
    waitSeconds: draw.of([-1e9, 0.5, 1e9]),
    strategy: draw.of(["twap", "is", "no such strategy"]),
    proposal: { quantityShare: draw.of([-1e9, 1e-12, 1e9]), priceBps: 1e9 },
    reasoning: "",
    risk: "",
  },
});

type Writer = (asked: Asked) => string;

function textsOf(drawn: SafetyCase, world: World): Writer {
  if (drawn.model === "random") return (asked) => randomText(drawn, asked);
  if (drawn.model === "adversary") return adversary(drawn, world);
  return obeying;
}

/** Word by word at first, then by the worst valid answer, which is what does harm. */
const obeying: Writer = ({ question, number, attack }) => {
  if (attack === undefined) return said(question, {});
  const { obeying: answers } = attack;
  return number % 4 === 1 ? answers.literalText(question) : answers.validText(question);
};

const said = (question: AdviceQuestion, part: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(wholeAnswer(question, part));

/**
 * Pays more on purpose: goes ahead before the price falls and waits before it rises. Of two
 * characters: one acts at every question, the other saves the envelope for the ends of the range.
 */
function adversary(drawn: SafetyCase, world: World): Writer {
  const direction = drawn.side === "buy" ? 1 : -1;
  const price = (second: number): number => direction * midAt(world, second);
  const isPatient = drawn.seed % 2 === 0;
  const ahead = Math.ceil((2 * drawn.terms.interval) / 1e6);
  return ({ question, second, untilSecond, number }) => {
    const future: number[] = [];
    const last = isPatient ? untilSecond : Math.min(untilSecond, second + ahead);
    for (let next = second + 1; next <= last; next++) future.push(price(next));
    if (future.length === 0) return said(question, {});
    const here = price(second);
    const mean = future.reduce((sum, each) => sum + each, 0) / future.length;
    const [low, high] = [Math.min(here, ...future), Math.max(here, ...future)];
    const place = high === low ? 0.5 : (here - low) / (high - low);
    const fast = { confidence: 1, urgency: "highest" };
    if (isPatient ? place > 0.85 : here > mean) {
      const isJump = number % 2 === 1 || isPatient;
      return isJump
        ? said(question, { ...fast, action: "aggressive", proposal: WHOLE })
        : said(question, { ...fast, action: "accelerate", rate: "2" });
    }
    if (isPatient ? place < 0.15 : here < mean) {
      return said(question, {
        action: "wait",
        waitSeconds: isPatient ? "120" : "30",
        urgency: "lowest",
        confidence: 1,
      });
    }
    return said(question, {});
  };
}

const WHOLE = { quantityShare: 1, orderType: "market", priceBps: null };

/** Bytes, answers that are bent, and answers that are valid and extreme. */
function randomText(drawn: SafetyCase, { question, number }: Asked): string {
  const draw = new Draws(drawn.seed * 4_096 + number, "advice-safety-answer");
  const kind = draw.next();
  if (kind < 0.1) return bytes(draw);
  const valid = said(question, extreme(draw, question));
  return kind < 0.35 ? bent(valid, draw) : valid;
}

function bytes(draw: Draws): string {
  const length = draw.below(200);
  return String.fromCharCode(
    ...Array.from({ length }, () => draw.below(draw.next() < 0.8 ? 128 : 65_536)),
  );
}

const STRANGE = ["1e999", "-1", "null", "9007199254740993", '"\\u202e"', "[]", "{}", "NaN", '""'];

/** One to three cuts, flips, repeats, or strange values in the place of a value. */
function bent(text: string, draw: Draws): string {
  let now = text;
  for (let times = 1 + draw.below(3); times > 0; times--) {
    const place = draw.below(now.length + 1);
    const way = draw.below(5);
    if (way === 0) now = now.slice(0, place);
    else if (way === 1) now = now.slice(0, place) + bytes(draw).slice(0, 4) + now.slice(place + 1);
    else if (way === 2) now = now + now.slice(place);
    else if (way === 3) now = now.replace(/"(?:[^"]*)":/, `"${draw.of(["__proto__", "rate"])}":`);
    else {
      const values = [...now.matchAll(/:("[^"]*"|[\d.]+|null)/g)];
      const value = values.length === 0 ? undefined : draw.of(values);
      if (value !== undefined) {
        const from = value.index + 1;
        now = now.slice(0, from) + draw.of(STRANGE) + now.slice(from + value[1]!.length);
      }
    }
  }
  return now;
}

function extreme(draw: Draws, { actions, strategies }: AdviceQuestion) {
  const action = draw.of(actions.length > 0 ? actions : ADVISED_ACTIONS);
  const factor = String(draw.of(IMPACT_FACTORS));
  return {
    action,
    urgency: draw.of(URGENCY_LEVELS),
    confidence: draw.of([0, 0.5, 1]),
    impactFactor: factor,
    impactLow: factor,
    impactHigh: factor,
    ...(action === "accelerate" ? { rate: draw.of(["1.25", "2"]) } : {}),
    ...(action === "decelerate" ? { rate: draw.of(["0.25", "0.75"]) } : {}),
    ...(action === "wait" ? { waitSeconds: draw.of(["15", "30", "60", "120"]) } : {}),
    ...(strategies.length > 0 && draw.next() < 0.3 ? { strategy: draw.of(strategies) } : {}),
    ...(draw.next() < 0.5
      ? { proposal: { ...WHOLE, quantityShare: draw.of([0, 1e-9, 0.03, 1]) } }
      : {}),
  };
}
