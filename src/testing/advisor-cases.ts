/**
 * Advisor cases: what every advisor must get right, each a small story with an end.
 *
 * What must stay true: a case asks only for what the contract promises, never for a certain advice
 * where nobody has said what stands behind the advisor.
 */
import type { AdviceAnswer, AdviceQuestion, NoAdviceReason } from "../core/contracts/advice.ts";
import {
  BARE_QUESTION,
  FULL_QUESTION,
  HOSTILE_QUESTION,
  numberedQuestion,
  rightAnswer,
} from "./advisor-questions.ts";
import type { AdvisorStage, Behaviour, ExchangeUnderTest } from "./advisor-suite.ts";
import { unsoundness } from "./advisor-soundness.ts";
import { requireLaw } from "./law-broken.ts";

export interface AdvisorCase {
  /** Unique; skips name it. */
  readonly name: string;
  readonly needs?: "behave";
  readonly play: <Signal>(stage: AdvisorStage<Signal>) => Promise<void>;
}

/** More than it promises, for a machine that has other things to do. */
const GRACE_MS = 5_000;
const MANY = 8;

const check = (holds: boolean, text: string): void => requireLaw("advisor", holds, text);

/** Asks, and requires an answer in time, sound, kept whole and without a secret. */
async function ask<Signal>(
  stage: AdvisorStage<Signal>,
  question: AdviceQuestion,
  signal: Signal = stage.signal().signal,
): Promise<ExchangeUnderTest> {
  const late = Symbol("late");
  const asked = stage.advisor.ask(question, signal).catch((error: unknown) => {
    requireLaw("advisor", false, `ask was rejected: ${String(error)}`);
    return late;
  });
  const waited = stage.wait(stage.patienceMs + GRACE_MS).then(() => late);
  const exchange = await Promise.race([asked, waited]);
  check(typeof exchange !== "symbol", `no answer within ${stage.patienceMs} ms`);
  const told = exchange as ExchangeUnderTest;
  const unsound = unsoundness(told, question);
  check(unsound === undefined, `not a sound exchange: ${unsound}`);
  const text = JSON.stringify(told);
  for (const secret of stage.secrets ?? []) check(!text.includes(secret), "a key was told");
  return told;
}

const saidOf = (answer: AdviceAnswer): string =>
  answer.kind === "advice" ? `advice: ${answer.advice.action}` : `${answer.reason}: ${answer.text}`;

const none = (
  name: string,
  behaviour: Behaviour,
  reasons: readonly NoAdviceReason[],
): AdvisorCase => ({
  name,
  needs: "behave",
  async play(stage) {
    stage.behave!(behaviour);
    const { answer } = await ask(stage, FULL_QUESTION);
    const isRight = answer.kind === "none" && reasons.includes(answer.reason);
    check(isRight, `${reasons.join(" or ")} was to be answered, not ${saidOf(answer)}`);
  },
});

const writes = (name: string, text: string): AdvisorCase =>
  none(name, { kind: "writes", text }, ["malformed"]);

const plain: readonly AdvisorCase[] = [
  {
    name: "has a name of one line",
    play({ advisor }) {
      check(/^[\x20-\x7e]{1,300}$/.test(advisor.name), `a name that is none: ${advisor.name}`);
      return Promise.resolve();
    },
  },
  {
    name: "answers a full, a bare and a hostile question with a sound exchange",
    async play(stage) {
      for (const question of [FULL_QUESTION, BARE_QUESTION, HOSTILE_QUESTION]) {
        await ask(stage, question);
      }
    },
  },
  {
    name: "answers questions that are asked at once, each with its own exchange",
    async play(stage) {
      const questions = Array.from({ length: MANY }, (_, i) => numberedQuestion(i + 10));
      const exchanges = await Promise.all(questions.map((question) => ask(stage, question)));
      check(new Set(exchanges).size === MANY, "two questions got the same exchange");
    },
  },
  {
    name: "answers at once when it is stopped before it is asked",
    async play(stage) {
      const { signal, abort } = stage.signal();
      abort();
      await ask(stage, FULL_QUESTION, signal);
    },
  },
  {
    name: "answers after it was closed, and is closed twice",
    async play(stage) {
      await stage.advisor.close();
      await ask(stage, FULL_QUESTION);
      await stage.advisor.close();
    },
  },
];

const written: readonly AdvisorCase[] = [
  {
    name: "takes advice that is right",
    needs: "behave",
    async play(stage) {
      stage.behave!({ kind: "writes", text: rightAnswer() });
      const { answer } = await ask(stage, FULL_QUESTION);
      check(answer.kind === "advice", `right advice was not taken: ${saidOf(answer)}`);
      if (answer.kind !== "advice") return;
      const { action, rate, confidence, impactFactor } = answer.advice;
      const isSame = action === "decelerate" && rate === 0.75 && confidence === 0.62;
      check(isSame && impactFactor.value === 1.25, "the advice is not what was written");
    },
  },
  writes("takes no empty text", ""),
  writes("takes no garbage", "As an AI I would sell now!! {{{ ]"),
  writes("takes no JSON that is none of ours", '[{"action":"wait"}]'),
  writes("takes no text that is cut off in the middle", rightAnswer().slice(0, 180)),
  writes("takes no action that was not offered", rightAnswer({ action: "cancel" })),
  writes("takes no strategy that was not offered", rightAnswer({ strategy: "all-in" })),
  writes("takes no action of another type", rightAnswer({ action: 3 })),
  writes("takes no confidence over 1", rightAnswer({ confidence: 1.01 })),
  writes("takes no confidence as text", rightAnswer({ confidence: "high" })),
  writes("takes no infinite number", rightAnswer({ confidence: 0.5 }).replace("0.5", "1e999")),
  writes("takes no NaN", rightAnswer({ confidence: 0.5 }).replace("0.5", "NaN")),
  writes("takes no impact factor out of range", rightAnswer({ impactHigh: "3" })),
  writes("takes no impact factors that do not rise", rightAnswer({ impactLow: "1.5" })),
  writes("takes no rate against its action", rightAnswer({ rate: "2" })),
  writes("takes no wait of a year", rightAnswer({ action: "wait", waitSeconds: 31_536_000 })),
  writes(
    "takes no quantity in lots",
    rightAnswer({ proposal: { quantityShare: 5000, orderType: "market", priceBps: null } }),
  ),
  writes("takes no member that was not asked for", rightAnswer({ side: "sell" })),
  writes("takes no deep nest", "[".repeat(50_000)),
  writes("takes no flood of text", rightAnswer({ reasoning: "why ".repeat(50_000) })),
  {
    name: "takes no key that reaches a prototype",
    needs: "behave",
    async play(stage) {
      const poison = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}},';
      stage.behave!({ kind: "writes", text: poison + rightAnswer().slice(1) });
      const { answer } = await ask(stage, FULL_QUESTION);
      check(answer.kind === "none", `poison was taken: ${saidOf(answer)}`);
      check(!("polluted" in {}), "the prototype of all objects is polluted");
    },
  },
  {
    name: "keeps control characters and endless text out of what people read",
    needs: "behave",
    async play(stage) {
      const reasoning = `\u001B[2Jgone\u0000\u202E\n${"long ".repeat(1000)}`;
      stage.behave!({ kind: "writes", text: rightAnswer({ reasoning }) });
      const { answer } = await ask(stage, FULL_QUESTION);
      check(answer.kind === "advice", `right advice was not taken: ${saidOf(answer)}`);
    },
  },
];

const troubled: readonly AdvisorCase[] = [
  none("tells a refusal", { kind: "refuses" }, ["refused", "malformed"]),
  none("tells an answer that was cut off", { kind: "cut", text: rightAnswer().slice(0, 180) }, [
    "malformed",
  ]),
  none("tells a rate limit", { kind: "limits", afterSeconds: 20 }, ["rate-limited"]),
  none("tells a server that is not there", { kind: "dies" }, ["unreachable", "timed-out"]),
  none("tells a server that is broken", { kind: "fails" }, ["unreachable", "broken"]),
  none("ends by its own race when nothing answers", { kind: "hangs" }, ["timed-out"]),
  {
    name: "waits for a slow start, and takes what comes in time",
    needs: "behave",
    async play(stage) {
      stage.behave!({ kind: "slow", ms: stage.patienceMs / 4, text: rightAnswer() });
      const { answer } = await ask(stage, FULL_QUESTION);
      check(answer.kind === "advice", `what came in time was not taken: ${saidOf(answer)}`);
    },
  },
  {
    name: "ends when it is stopped while it is asked",
    needs: "behave",
    async play(stage) {
      stage.behave!({ kind: "hangs" });
      const { signal, abort } = stage.signal();
      const asked = ask(stage, FULL_QUESTION, signal);
      abort();
      const { answer } = await asked;
      check(answer.kind === "none", `advice from nowhere: ${saidOf(answer)}`);
    },
  },
  {
    name: "is well again after trouble",
    needs: "behave",
    async play(stage) {
      stage.behave!({ kind: "fails" });
      await ask(stage, numberedQuestion(50));
      stage.behave!({ kind: "writes", text: rightAnswer() });
      const { answer } = await ask(stage, numberedQuestion(51));
      check(answer.kind === "advice", `still in trouble: ${saidOf(answer)}`);
    },
  },
];

export const ADVISOR_CASES: readonly AdvisorCase[] = [...plain, ...written, ...troubled];
