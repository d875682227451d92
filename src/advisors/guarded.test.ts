import { describe, expect, it } from "vitest";
import { AdvisorClock, Puppet, signalStage } from "../../test/advisors/puppet.ts";
import { micros, MINUTE, SECOND } from "../core/domain/units.ts";
import { FULL_QUESTION, numberedQuestion, rightAnswer } from "../testing/advisor-questions.ts";
import { advisorSuite } from "../testing/advisor-suite.ts";
import type { Advisor, Exchange } from "./advisor.ts";
import { GUARD_DEFAULTS, guarded, type GuardOptions } from "./guarded.ts";

const never = new AbortController().signal;

function stage(options: Partial<GuardOptions> = {}) {
  const clock = new AdvisorClock();
  const puppet = new Puppet(clock);
  const late: Exchange[] = [];
  const guard = guarded(puppet, {
    freshFor: micros(0),
    ...options,
    time: clock,
    onLate: (exchange) => late.push(exchange),
  });
  const ask = async (number: number, signal = never, waitMs = 11_000): Promise<Exchange> => {
    const asked = guard.ask(numberedQuestion(number), signal);
    await clock.wait(waitMs);
    return asked;
  };
  return { clock, puppet, guard, late, ask };
}

const reasonOf = ({ answer }: Exchange): string =>
  answer.kind === "none" ? answer.reason : answer.source;

describe("a guarded puppet passes the advisor suite", () => {
  const cases = advisorSuite({
    name: "puppet",
    open() {
      const { clock, puppet, guard } = stage();
      return Promise.resolve({
        advisor: guard,
        patienceMs: GUARD_DEFAULTS.timeout / 1000,
        signal: signalStage,
        wait: (ms: number) => clock.wait(ms),
        behave: (behaviour: Puppet["behaviour"]) => {
          puppet.behaviour = behaviour;
        },
        close: () => Promise.resolve(),
      });
    },
  });
  for (const { name, run } of cases) it(name, run);
});

describe("the time-out", () => {
  it("is ours: the advisor is told to stop, and whether it does is all the same", async () => {
    const { puppet, guard, clock } = stage();
    puppet.behaviour = { kind: "hangs" };
    const asked = guard.ask(FULL_QUESTION, never);
    await clock.wait(11_000);
    const exchange = await asked;
    expect(reasonOf(exchange)).toBe("timed-out");
    expect(exchange.latency).toBe(10 * SECOND);
    expect(puppet.stopped).toBe(1);
  });

  it("drops what comes late, and records it", async () => {
    const { puppet, ask, late, guard } = stage();
    puppet.behaviour = { kind: "slow", ms: 12_000, text: rightAnswer() };
    expect(reasonOf(await ask(1, never, 20_000))).toBe("timed-out");
    expect(late.map(({ answer, latency }) => [answer.kind, latency])).toEqual([
      ["advice", 12 * SECOND],
    ]);
    // What the late answer cost is known by now.
    expect(guard.spent("suite")).toEqual({ calls: 1, tokens: 1000, usd: 0.01 });
  });

  it("holds for a latency that is told and not taken", async () => {
    const { clock } = stage();
    const inner = new Puppet(clock);
    const told: Advisor = {
      name: "told",
      check: () => inner.check(),
      close: () => inner.close(),
      ask: async (question, signal) => ({
        ...(await inner.ask(question, signal)),
        latency: micros(30 * SECOND),
      }),
    };
    const exchange = await guarded(told, { time: clock }).ask(FULL_QUESTION, never);
    expect(reasonOf(exchange)).toBe("timed-out");
    expect(exchange.latency).toBe(10 * SECOND);
  });
});

describe("the circuit breaker", () => {
  it("opens after five failures in a row, and asks nobody then", async () => {
    const { puppet, ask } = stage();
    puppet.behaviour = { kind: "dies" };
    for (let number = 1; number <= 5; number++) {
      expect(reasonOf(await ask(number, never, 1))).toBe("unreachable");
    }
    expect(reasonOf(await ask(6, never, 1))).toBe("circuit-open");
    expect(puppet.asked).toBe(5);
  });

  it("lets one question through after a while, and closes when it is answered", async () => {
    const { puppet, ask, guard, clock } = stage();
    puppet.behaviour = { kind: "dies" };
    for (let number = 1; number <= 5; number++) await ask(number, never, 1);
    await clock.wait(MINUTE / 1000);
    puppet.behaviour = { kind: "slow", ms: 2_000, text: rightAnswer() };
    const probe = guard.ask(numberedQuestion(7), never);
    const beside = guard.ask(numberedQuestion(8), never);
    await clock.wait(3_000);
    expect(reasonOf(await probe)).toBe("llm");
    expect(reasonOf(await beside)).toBe("circuit-open");
    expect(reasonOf(await ask(9))).toBe("llm");
  });

  it("stays open twice as long after each probe that fails", async () => {
    const { puppet, ask, clock } = stage();
    puppet.behaviour = { kind: "dies" };
    for (let number = 1; number <= 5; number++) await ask(number, never, 1);
    await clock.wait(MINUTE / 1000);
    expect(reasonOf(await ask(6, never, 1))).toBe("unreachable");
    await clock.wait(MINUTE / 1000);
    expect(reasonOf(await ask(7, never, 1))).toBe("circuit-open");
    await clock.wait(MINUTE / 1000);
    expect(reasonOf(await ask(8, never, 1))).toBe("unreachable");
  });

  it("counts failures in a row only, and no answer that was stopped by whoever asked", async () => {
    const { puppet, ask } = stage();
    for (let number = 0; number < 20; number++) {
      puppet.behaviour =
        number % 5 === 4 ? { kind: "writes", text: rightAnswer() } : { kind: "dies" };
      expect(["unreachable", "llm"]).toContain(reasonOf(await ask(number, never, 1)));
    }
    puppet.behaviour = { kind: "hangs" };
    for (let number = 20; number < 30; number++) {
      const { signal, abort } = signalStage();
      const asked = ask(number, signal, 1);
      abort();
      expect(reasonOf(await asked)).toBe("timed-out");
    }
    puppet.behaviour = { kind: "writes", text: rightAnswer() };
    expect(reasonOf(await ask(31, never, 1))).toBe("llm");
  });

  it("lives by the run's time, so that a fast machine backtests the same", async () => {
    let now = 0;
    const { puppet, ask } = stage({ runNow: () => now });
    puppet.behaviour = { kind: "dies" };
    for (let number = 1; number <= 5; number++) await ask(number, never, 1);
    await ask(6, never, 10 * 60_000);
    expect(puppet.asked).toBe(5);
    now += MINUTE;
    await ask(7, never, 1);
    expect(puppet.asked).toBe(6);
  });
});

describe("the budget", () => {
  it.each([
    ["calls", { calls: 3, tokens: 1e9, usd: 1e9 }],
    ["tokens", { calls: 1e9, tokens: 2_500, usd: 1e9 }],
    ["money", { calls: 1e9, tokens: 1e9, usd: 0.025 }],
  ])("of %s ends the asking of one order, and of no other", async (_, budget) => {
    const { puppet, ask, guard } = stage({ budget });
    for (let number = 1; number <= 3; number++) expect(reasonOf(await ask(number))).toBe("llm");
    expect(reasonOf(await ask(4))).toBe("budget");
    expect(puppet.asked).toBe(3);
    const other = await guard.ask({ ...numberedQuestion(5), parentId: "another" }, never);
    expect(reasonOf(other)).toBe("llm");
  });

  it("counts a call that was given up as dear, until it is known better", async () => {
    const { puppet, ask, guard } = stage();
    puppet.behaviour = { kind: "hangs" };
    await ask(1);
    expect(guard.spent("suite")).toEqual({ calls: 1, tokens: 4000, usd: 0 });
    puppet.behaviour = { kind: "writes", text: rightAnswer() };
    await ask(2);
    puppet.behaviour = { kind: "hangs" };
    await ask(3);
    expect(guard.spent("suite")).toEqual({ calls: 3, tokens: 6000, usd: 0.02 });
  });
});

describe("fresh answers", () => {
  it("are used again for the same situation while they are fresh", async () => {
    const { puppet, clock, guard } = stage({ freshFor: micros(15 * SECOND) });
    const first = await guard.ask(FULL_QUESTION, never);
    await clock.wait(10_000);
    const later = {
      ...FULL_QUESTION,
      id: "other-q9",
      parentId: "other",
      situation: {
        ...FULL_QUESTION.situation,
        order: { ...FULL_QUESTION.situation.order, secondsLeft: 1250 },
      },
    };
    const second = await guard.ask(later, never);
    expect([reasonOf(first), reasonOf(second)]).toEqual(["llm", "cache"]);
    expect(second.latency).toBe(0);
    expect(puppet.asked).toBe(1);
    await clock.wait(6_000);
    expect(reasonOf(await guard.ask(later, never))).toBe("llm");
    expect(reasonOf(await guard.ask(numberedQuestion(1), never))).toBe("llm");
  });

  it("are never failures", async () => {
    const { puppet, guard } = stage({ freshFor: micros(15 * SECOND) });
    puppet.behaviour = { kind: "dies" };
    await guard.ask(FULL_QUESTION, never);
    puppet.behaviour = { kind: "writes", text: rightAnswer() };
    expect(reasonOf(await guard.ask(FULL_QUESTION, never))).toBe("llm");
  });
});

describe("a rate limit", () => {
  it("is kept for as long as the server asks", async () => {
    const { puppet, ask, clock } = stage();
    puppet.behaviour = { kind: "limits", afterSeconds: 20 };
    expect(reasonOf(await ask(1, never, 1))).toBe("rate-limited");
    puppet.behaviour = { kind: "writes", text: rightAnswer() };
    expect(reasonOf(await ask(2, never, 1))).toBe("rate-limited");
    expect(puppet.asked).toBe(1);
    await clock.wait(20_000);
    expect(reasonOf(await ask(3, never, 1))).toBe("llm");
  });

  it("is waited out in a backtest, whose time stands still", async () => {
    const { puppet, ask, clock } = stage({ onRateLimit: "wait" });
    puppet.behaviour = { kind: "limits", afterSeconds: 20 };
    clock.after(15e9, () => {
      puppet.behaviour = { kind: "writes", text: rightAnswer() };
    });
    const exchange = await ask(1, never, 30_000);
    expect(reasonOf(exchange)).toBe("llm");
    // The wait is the server's, not the model's.
    expect(exchange.latency).toBe(0);
    expect(puppet.asked).toBe(2);
  });

  it("is waited out a few times only", async () => {
    const { puppet, ask } = stage({ onRateLimit: "wait" });
    puppet.behaviour = { kind: "limits", afterSeconds: 1 };
    expect(reasonOf(await ask(1, never, 60_000))).toBe("rate-limited");
    expect(puppet.asked).toBe(6);
  });
});

describe("somebody else's advisor", () => {
  const strange: readonly (readonly [string, unknown])[] = [
    ["undefined", undefined],
    ["a number", 7],
    ["an empty object", {}],
    ["no latency", { answer: { kind: "none", reason: "refused", text: "" }, transcript: {} }],
    [
      "a latency of NaN",
      {
        answer: { kind: "none", reason: "refused", text: "" },
        latency: Number.NaN,
        transcript: { version: 1, advisor: "x" },
      },
    ],
    [
      "a transcript that is no JSON",
      {
        answer: { kind: "none", reason: "refused", text: "" },
        latency: 1,
        transcript: { version: 1, advisor: "x", at: 1n },
      },
    ],
    [
      "a reason that there is not",
      {
        answer: { kind: "none", reason: "bored", text: "" },
        latency: 1,
        transcript: { version: 1, advisor: "x" },
      },
    ],
  ];

  it.each(strange)("that gives back %s is broken", async (_, value) => {
    const { clock, puppet } = stage();
    const advisor: Advisor = {
      name: "strange",
      check: () => puppet.check(),
      close: () => Promise.reject(new Error("no")),
      ask: () => Promise.resolve(value as Exchange),
    };
    const guard = guarded(advisor, { time: clock });
    expect(reasonOf(await guard.ask(FULL_QUESTION, never))).toBe("broken");
    await guard.close();
  });

  it("that gives advice which is none is malformed", async () => {
    const { clock, puppet } = stage();
    const good = await puppet.ask(FULL_QUESTION, never);
    if (good.answer.kind !== "advice") throw new Error("a puppet without advice");
    for (const change of [
      { confidence: Number.POSITIVE_INFINITY },
      { action: "cancel" },
      { rate: 40 },
      { waitSeconds: -1 },
      { impactFactor: { value: 1, low: 1.5, high: 0.5 } },
      { extra: "member" },
    ]) {
      const answer = { ...good.answer, advice: { ...good.answer.advice, ...change } };
      const advisor = { ...puppet, check: puppet.check, close: puppet.close, name: "strange" };
      const guard = guarded(
        { ...advisor, ask: () => Promise.resolve({ ...good, answer } as Exchange) },
        { time: clock },
      );
      expect(reasonOf(await guard.ask(FULL_QUESTION, never))).toBe("malformed");
    }
  });

  it("that never closes is left behind", async () => {
    const { clock, puppet } = stage();
    const advisor: Advisor = {
      name: "stuck",
      check: () => puppet.check(),
      ask: (question, signal) => puppet.ask(question, signal),
      close: () => new Promise(() => undefined),
    };
    const closed = guarded(advisor, { time: clock }).close();
    await clock.wait(6_000);
    await closed;
  });
});
