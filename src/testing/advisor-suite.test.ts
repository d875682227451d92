/**
 * The advisor suite must be able to fail: each promise is broken here by an advisor that is
 * otherwise whole, and the suite has to say which.
 */
import { describe, expect, it } from "vitest";
import { instantStage } from "../../test/advisors/instant-stage.ts";
import { AdvisorClock, Puppet } from "../../test/advisors/puppet.ts";
import type { AdviceQuestion } from "../core/contracts/advice.ts";
import { ADVISOR_CASES } from "./advisor-cases.ts";
import {
  type AdvisorStage,
  advisorSuite,
  type AdvisorUnderTest,
  type Behaviour,
  type ExchangeUnderTest,
} from "./advisor-suite.ts";

type Ask = AdvisorUnderTest<AbortSignal>["ask"];

/** A guarded puppet of which one thing is bent. */
function bent(
  bend: (ask: Ask, behaviour: () => Behaviour) => Partial<AdvisorUnderTest<AbortSignal>>,
  secrets: readonly string[] = [],
): AdvisorStage<AbortSignal> {
  const clock = new AdvisorClock();
  const puppet = new Puppet(clock);
  const stage = instantStage(puppet, (behaviour) => {
    puppet.behaviour = behaviour;
  });
  const { advisor } = stage;
  const ask: Ask = (question, signal) => advisor.ask(question, signal);
  return {
    ...stage,
    secrets,
    wait: (ms) => clock.wait(ms).then(() => stage.wait(ms)),
    advisor: {
      name: advisor.name,
      ask,
      close: () => advisor.close(),
      ...bend(ask, () => puppet.behaviour),
    },
  };
}

const told =
  (change: (exchange: ExchangeUnderTest, question: AdviceQuestion) => ExchangeUnderTest) =>
  (ask: Ask): Partial<AdvisorUnderTest<AbortSignal>> => ({
    ask: async (question, signal) => change(await ask(question, signal), question),
  });

/** Advice whose members are changed; an answer that is none is left as it is. */
const advised = (change: object) =>
  told((exchange) =>
    exchange.answer.kind === "none"
      ? exchange
      : {
          ...exchange,
          answer: { ...exchange.answer, advice: { ...exchange.answer.advice, ...change } },
        },
  );

const SOUND = "answers a full, a bare and a hostile question with a sound exchange";
const RIGHT = "takes advice that is right";

const faults: readonly (readonly [string, string, Parameters<typeof bent>[0], RegExp])[] = [
  ["a name of two lines", "has a name of one line", () => ({ name: "a\nb" }), /a name/],
  ["a rejection", SOUND, () => ({ ask: () => Promise.reject(new Error("no")) }), /rejected/],
  ["no answer", SOUND, () => ({ ask: () => new Promise(() => undefined) }), /no answer within/],
  ["a latency of NaN", SOUND, told((one) => ({ ...one, latency: Number.NaN })), /latency/],
  ["a latency under 0", SOUND, told((one) => ({ ...one, latency: -1 })), /latency/],
  [
    "a transcript of big numbers",
    SOUND,
    told((one) => ({ ...one, transcript: { a: 1n } })),
    /JSON/,
  ],
  [
    "a question that is written on",
    SOUND,
    told((one, question) => {
      (question as { id: string }).id = "mine";
      return one;
    }),
    /rejected/,
  ],
  [
    "an exchange that is shared",
    "answers questions that are asked at once, each with its own exchange",
    (ask) => {
      let first: Promise<ExchangeUnderTest> | undefined;
      return { ask: (question, signal) => (first ??= ask(question, signal)) };
    },
    /same exchange/,
  ],
  ["an infinite confidence", RIGHT, advised({ confidence: Infinity }), /confidence/],
  ["an action that was not offered", RIGHT, advised({ action: "cancel" }), /not offered/],
  ["a strategy that was not offered", RIGHT, advised({ strategy: "all-in" }), /not offered/],
  ["a rate of 40", RIGHT, advised({ rate: 40 }), /rate/],
  ["a wait of a year", RIGHT, advised({ waitSeconds: 31_536_000 }), /wait/],
  ["a factor of 3", RIGHT, advised({ impactFactor: { value: 3, low: 1, high: 3 } }), /factors/],
  ["a reading of its own", RIGHT, advised({ readings: { liquidity: "oily" } }), /reading/],
  ["a quantity in lots", RIGHT, advised({ proposal: { quantityShare: 5000 } }), /quantity/],
  ["a member more", RIGHT, advised({ side: "sell" }), /member/],
  ["escape sequences", RIGHT, advised({ reasoning: "\u001B[2J" }), /nobody sees/],
  ["endless reasoning", RIGHT, advised({ reasoning: "x".repeat(5000) }), /letters/],
  ["other advice than was written", RIGHT, advised({ confidence: 0.99 }), /not what was written/],
  [
    "a key that is told",
    RIGHT,
    told((one) => ({ ...one, transcript: { header: "planted-key" } })),
    /key was told/,
  ],
  [
    "advice out of garbage",
    "takes no garbage",
    (ask, behaviour) => ({
      async ask(question, signal) {
        const exchange = await ask(question, signal);
        return behaviour().kind === "writes" ? { ...exchange, answer: goodAnswer } : exchange;
      },
    }),
    /malformed was to be answered/,
  ],
];

const goodAnswer: ExchangeUnderTest["answer"] = {
  kind: "advice",
  source: "llm",
  advice: {
    action: "proceed",
    confidence: 0.5,
    urgency: "own",
    impactFactor: { value: 1, low: 1, high: 1 },
    reasoning: "",
    risk: "",
  },
};

describe("the advisor suite", () => {
  it.each(faults)("finds %s", async (_, title, bend, words) => {
    const cases = advisorSuite({
      name: "bent",
      open: () => Promise.resolve(bent(bend, ["planted-key"])),
    });
    const found = cases.find(({ name }) => name === `bent: ${title}`);
    expect(found, title).toBeDefined();
    await expect(found!.run()).rejects.toThrow(words);
  });

  it("fails a stage that cannot behave, unless somebody wrote down why", async () => {
    const clock = new AdvisorClock();
    const open = () => Promise.resolve(instantStage(new Puppet(clock)));
    const needy = ADVISOR_CASES.find(({ needs }) => needs === "behave");
    const run = (skips: Readonly<Record<string, string>>) =>
      advisorSuite({ name: "x", open, skips }).find(({ name }) => name.endsWith(needy!.name))!;
    await expect(run({}).run()).rejects.toThrow(/needs a stage that can behave/);
    expect(run({ [needy!.name]: "a recording" }).skipped).toBe("a recording");
    await run({ [needy!.name]: "a recording" }).run();
    expect(() => run({ [needy!.name]: " " })).toThrow(/without a reason/);
    expect(() => run({ "no such case": "why" })).toThrow(/names no case/);
  });

  it("has cases with names of their own", () => {
    const names = ADVISOR_CASES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(30);
  });
});
