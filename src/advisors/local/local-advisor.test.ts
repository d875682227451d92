/**
 * The local advisor with a model of this test behind it, in virtual time. What a user loses if this
 * fails: an order that waits for a model, or advice that no model gave.
 */
import { describe, expect, it } from "vitest";
import { AdvisorClock } from "../../../test/advisors/puppet.ts";
import { ADVISED_ACTIONS, type AdviceQuestion } from "../../core/contracts/advice.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { grounded } from "../grounding.ts";
import { soundAdvice } from "../sound-advice.ts";
import { LocalAdvisor, type LocalOptions } from "./local-advisor.ts";
import type { Ask, LabelScorer, ScoreFault } from "./model-host.ts";
import type { ModelInfo, Scored } from "./model-messages.ts";
import { sampleQuestion } from "./sample-questions.ts";

const SIGNAL = new AbortController().signal;
const INFO = { contextTokens: 4096, form: "plain" } as ModelInfo;
const MODEL = {
  name: "test",
  path: "/nowhere",
  bytes: 1,
  sha256: "ab".repeat(32),
  licence: "MIT",
  title: "test",
  source: "test",
};

const NEVER = new Promise<never>(() => undefined);

/** Scores what it is told to, and tells what it was asked. */
class FakeScorer implements LabelScorer {
  readonly asks: Ask[] = [];
  busy = 0;
  mostBusy = 0;
  isClosed = false;
  score1: (ask: Ask) => Promise<Result<readonly number[], ScoreFault>>;

  constructor(score: (ask: Ask) => Promise<Result<readonly number[], ScoreFault>>) {
    this.score1 = score;
  }
  open(): ReturnType<LabelScorer["open"]> {
    return Promise.resolve(ok(INFO));
  }
  async score(ask: Ask): ReturnType<LabelScorer["score"]> {
    this.asks.push(ask);
    this.mostBusy = Math.max(this.mostBusy, ++this.busy);
    const scored = await this.score1(ask);
    this.busy--;
    return scored.ok ? ok({ logs: scored.value, computed: 1 } as Scored) : scored;
  }
  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** Likes the letter at which a word stands, where there is a situation to judge. */
const liking =
  (...words: readonly string[]) =>
  ({ user, item, letters }: Ask): Promise<Result<readonly number[], ScoreFault>> => {
    const lines = item.split("\n").filter((line) => /^[A-Z]\. /.test(line));
    const score = (line: string): number =>
      user !== "N/A" && words.some((word) => line.slice(3).split(":")[0] === word) ? 0 : -3;
    expect(lines).toHaveLength(letters);
    return Promise.resolve(ok(lines.map(score)));
  };

const opened = (scorer: FakeScorer, options: LocalOptions = {}) =>
  new LocalAdvisor(MODEL, scorer, options);

describe("the local advisor", () => {
  it("makes sound advice of the labels that are scored highest", async () => {
    const scorer = new FakeScorer(liking("wait", "high", "1.25", "60"));
    const { answer, transcript } = await opened(scorer).ask(sampleQuestion(0), SIGNAL);
    expect(answer).toMatchObject({
      kind: "advice",
      advice: { action: "wait", urgency: "high", waitSeconds: 60, impactFactor: { value: 1.25 } },
    });
    expect(Object.keys(transcript.labels!)).toEqual([
      "informedFlow",
      "newsPending",
      "liquidity",
      "correlation",
      "impactFactor",
      "action",
      "urgency",
      "waitSeconds",
    ]);
    if (answer.kind === "advice") {
      expect(answer.advice.confidence).toBeCloseTo(1 / (1 + 5 * Math.exp(-3)), 9);
    }
  });

  it("asks for the factor what it has read of the market, and asks nothing that is known", async () => {
    const scorer = new FakeScorer(liking("proceed", "yes", "thin"));
    const question = sampleQuestion(0);
    const { answer } = await opened(scorer).ask(question, SIGNAL);
    expect(answer).toMatchObject({
      advice: {
        readings: {
          informedFlow: "yes",
          newsPending: "yes",
          liquidity: "thin",
          correlation: "unclear",
        },
      },
    });
    const told = scorer.asks.filter(({ user }) => user !== "N/A").map(({ item }) => item);
    const factor = told.find((item) => item.includes("trading cost now"));
    expect(factor).toContain(
      "Informed flow: yes. News that changes liquidity: yes. Liquidity: thin.",
    );
    // No other market is seen, so that nobody is asked about them.
    expect(told.some((item) => item.includes("other assets"))).toBe(false);
    const quiet = { ...question, situation: { ...question.situation, news: [] } };
    const again = await opened(scorer).ask(quiet, SIGNAL);
    expect(again.answer).toMatchObject({ advice: { readings: { newsPending: "no" } } });
    const shown = { ...quiet.situation, others: [{ minute5Bps: 4, correlation: 0.8 }] };
    const beside = await opened(new FakeScorer(liking("against"))).ask(
      { ...quiet, situation: shown },
      SIGNAL,
    );
    expect(beside.answer).toMatchObject({ advice: { readings: { correlation: "against" } } });
  });

  it.each([
    ["accelerate", "0.25", (rate: number) => rate > 1],
    ["decelerate", "2", (rate: number) => rate < 1],
  ] as const)("%s goes the way it says, whatever rate is liked", async (action, liked, isRight) => {
    const scorer = new FakeScorer(liking(action, liked));
    const { answer } = await opened(scorer).ask(sampleQuestion(0), SIGNAL);
    expect(answer.kind === "advice" && isRight(answer.advice.rate!)).toBe(true);
  });

  it("changes the strategy only where one is clearly liked", async () => {
    const question: AdviceQuestion = { ...sampleQuestion(0), strategies: ["twap", "pov", "vwap"] };
    const asked = (words: readonly string[]) =>
      opened(new FakeScorer(liking("proceed", ...words))).ask(question, SIGNAL);
    expect((await asked(['"pov"'])).answer).toMatchObject({ advice: { strategy: "pov" } });
    const unclear = await asked([]);
    expect(unclear.answer.kind === "advice" && "strategy" in unclear.answer.advice).toBe(false);
  });

  it("gives sound advice with grounded reasoning for each action", async () => {
    for (const action of ADVISED_ACTIONS) {
      const question = { ...sampleQuestion(3), actions: ADVISED_ACTIONS };
      const { answer } = await opened(new FakeScorer(liking(action))).ask(question, SIGNAL);
      if (answer.kind !== "advice") throw new Error(answer.text);
      expect(soundAdvice(answer.advice, question)).toEqual(ok(answer.advice));
      const { numbers } = grounded(answer.advice.reasoning, question);
      expect(numbers.length).toBeGreaterThan(3);
      expect(numbers.filter(({ isFound }) => !isFound)).toEqual([]);
    }
  });

  it("asks an empty situation once, and reads each situation for all its items in one go", async () => {
    const scorer = new FakeScorer(liking("proceed"));
    const advisor = opened(scorer);
    for (const k of [0, 1]) await advisor.ask(sampleQuestion(k), SIGNAL);
    expect(scorer.asks.filter(({ user }) => user === "N/A")).toHaveLength(7);
    const users = scorer.asks.map(({ user }) => user);
    expect(new Set(users).size).toBe(3);
    expect(users.filter((user, i) => user !== users[i - 1])).toHaveLength(3);
  });

  it("asks one thing at a time", async () => {
    const scorer = new FakeScorer(async (ask) => {
      await new Promise((resolve) => setImmediate(resolve));
      return liking("proceed")(ask);
    });
    const advisor = opened(scorer);
    await Promise.all([0, 1, 2].map((k) => advisor.ask(sampleQuestion(k), SIGNAL)));
    expect(scorer.mostBusy).toBe(1);
  });

  it("ends at its time-out when the model hangs, and at once when it is given up", async () => {
    const time = new AdvisorClock();
    const advisor = opened(new FakeScorer(() => NEVER), { time, timeoutMs: 2_000 });
    const asked = advisor.ask(sampleQuestion(0), SIGNAL);
    await time.wait(2_000);
    const { answer, latency } = await asked;
    expect(answer).toMatchObject({ kind: "none", reason: "timed-out" });
    expect(latency).toBe(2_000_000);
    const stop = new AbortController();
    const second = advisor.ask(sampleQuestion(1), stop.signal);
    stop.abort();
    expect((await second).answer).toMatchObject({ kind: "none" });
  });

  it.each([
    ["its process is gone", err({ kind: "gone", text: "it died" } as const), "unreachable"],
    ["it refuses", err({ kind: "refused", text: "too long" } as const), "broken"],
    ["it scores no numbers", ok([Number.NaN, 0, 0, 0, 0, 0]), "broken"],
    ["it scores too few", ok([0]), "broken"],
  ])("has no advice when %s", async (_, scored, reason) => {
    const advisor = opened(new FakeScorer(() => Promise.resolve(scored)));
    expect((await advisor.ask(sampleQuestion(0), SIGNAL)).answer).toMatchObject({ reason });
  });

  it("has no advice when something throws, and answers the next one", async () => {
    const scorer = new FakeScorer(() => Promise.reject(new Error("planted")));
    const advisor = opened(scorer);
    expect((await advisor.ask(sampleQuestion(0), SIGNAL)).answer).toMatchObject({
      kind: "none",
      reason: "broken",
    });
    scorer.score1 = liking("proceed");
    expect((await advisor.ask(sampleQuestion(0), SIGNAL)).answer.kind).toBe("advice");
  });

  it("with every option at every letter, the order of the list means nothing", async () => {
    const firstLetter = ({ letters }: Ask) =>
      Promise.resolve(ok(Array.from({ length: letters }, (_, i) => (i === 0 ? 0 : -9))));
    const bias = { orders: "all", contextual: false } as const;
    const { transcript } = await opened(new FakeScorer(firstLetter), { bias }).ask(
      sampleQuestion(0),
      SIGNAL,
    );
    for (const each of Object.values(transcript.labels!["action"]!)) {
      expect(each).toBeCloseTo(1 / 6, 9);
    }
  });
});
