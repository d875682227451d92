/** What is told of advice: late and missing answers count, and the log is bounded. */
import { describe, expect, it } from "vitest";
import type { Advice, AdviceQuestion } from "../core/contracts/advice.ts";
import type { Micros } from "../core/domain/units.ts";
import { AdviceLog } from "./advice-log.ts";

const question = (number: number): AdviceQuestion => ({
  id: `p-q${number}`,
  parentId: "p",
  instrument: "x",
  cause: "interval",
  situation: {} as AdviceQuestion["situation"],
  actions: ["proceed"],
  strategies: [],
});
const ADVICE: Advice = {
  action: "wait",
  confidence: 0.6,
  urgency: "own",
  impactFactor: { value: 1, low: 1, high: 1 },
  reasoning: "3 of 4 bps",
  risk: "none",
};
const answered = (number: number, latency: number, answer = ADVICE) =>
  ({
    kind: "advice-received",
    time: (1000 * number + 1) as Micros,
    parentId: "p",
    questionId: `p-q${number}`,
    answer: { kind: "advice", advice: answer, source: "llm" },
    advisor: "scripted",
    latency: latency as Micros,
  }) as const;
const taken = (number: number, weight: number) =>
  ({
    kind: "advice-taken",
    parentId: "p",
    questionId: `p-q${number}`,
    weight,
    until: 9 as Micros,
    clamps: [],
  }) as const;
const dropped = (number: number, why: string) =>
  ({ kind: "advice-dropped", parentId: "p", questionId: `p-q${number}`, why }) as const;

describe("an advice log", () => {
  it("counts what came of each question, and what never came", () => {
    const log = new AdviceLog(undefined);
    expect(log.figures).toMatchObject({ asked: 0, fallbackRate: null, latencyMs: null });
    log.asked(question(1), 1 as Micros);
    expect(log.figures.fallbackRate).toBeNull();
    expect(log.spent).toEqual({ tokens: null, usd: null });
    log.answered({ ...answered(1, 500_000), usage: { tokens: 900 } });
    expect(log.spent).toEqual({ tokens: 900, usd: null });
    log.cameOf(taken(1, 1));
    log.asked(question(2), 2 as Micros);
    log.answered({ ...answered(2, 900_000), usage: { tokens: 100, usd: 0.25 } });
    expect(log.spent).toEqual({ tokens: 1000, usd: 0.25 });
    log.cameOf(dropped(2, "too late"));
    log.asked(question(3), 3 as Micros); // nobody answers
    log.asked(question(4), 4 as Micros);
    log.answered(answered(4, 100_000));
    log.cameOf(taken(4, 0));
    log.cameOf(taken(99, 1)); // of no question that was asked
    const { entries, ...figures } = log.figures;
    expect(figures).toEqual({
      asked: 4,
      answered: 3,
      advised: 3,
      followed: 1,
      clamped: 0,
      dropped: 2,
      grounded: 3,
      confidence: 0.6,
      fallbackRate: 0.5,
      latencyMs: { p50: 500, p95: 900 },
    });
    expect(entries.map((entry) => [entry.weight, entry.dropped])).toEqual([
      [1, null],
      [null, "too late"],
      [null, "no answer came in time"],
      [0, null],
    ]);
    expect(entries[0]!.grounded).toEqual([{ text: "3 of 4 bps", mark: "text" }]);
  });

  it("cuts the reasoning at its numbers, whatever else stands in it", () => {
    const log = new AdviceLog((text) => [
      { at: text.indexOf("7"), text: "7 bps", isFound: true },
      { at: text.indexOf("9"), text: "9", isFound: false },
    ]);
    log.asked(question(1), 1 as Micros);
    const reasoning = "7 bps <b>9</b>";
    log.answered(answered(1, 1, { ...ADVICE, reasoning }));
    const { grounded } = log.figures.entries[0]!;
    expect(grounded).toEqual([
      { text: "7 bps", mark: "found" },
      { text: " <b>", mark: "text" },
      { text: "9", mark: "not" },
      { text: "</b>", mark: "text" },
    ]);
    expect(grounded.map(({ text }) => text).join("")).toBe(reasoning);
  });

  it("keeps the newest 50 entries, and counts them all", () => {
    const log = new AdviceLog(undefined);
    for (let number = 1; number <= 120; number++) {
      log.asked(question(number), number as Micros);
      log.answered(answered(number, number));
      log.cameOf(taken(number, 1));
    }
    const { entries, asked, followed } = log.figures;
    expect(entries).toHaveLength(50);
    expect(entries[0]!.askedAt).toBe(71);
    expect([asked, followed]).toEqual([120, 120]);
  });

  it("counts all of them, though it keeps the newest 50", () => {
    const log = new AdviceLog((text) => [{ at: 0, text, isFound: text !== "77 bps" }]);
    const clamp = { what: "rate", asked: "9", allowed: "3", why: "the most" };
    for (let number = 1; number <= 180; number++) {
      log.asked(question(number), number as Micros);
      const reasoning = number % 3 === 0 ? "77 bps" : "4 bps";
      log.answered(
        answered(number, 1000, { ...ADVICE, confidence: (number % 2) * 0.8, reasoning }),
      );
      const clamps = number % 4 === 0 ? [clamp] : [];
      if (number % 6 === 0) log.cameOf(dropped(number, "too late"));
      else log.cameOf({ ...taken(number, 1), clamps });
    }
    const { entries, ...figures } = log.figures;
    expect(entries).toHaveLength(50);
    expect(figures).toMatchObject({ asked: 180, advised: 180, followed: 150, dropped: 30 });
    // A third has a number that was not shown; a quarter was cut, but for those that were dropped.
    expect(figures).toMatchObject({ grounded: 120, clamped: 30 });
    expect(figures.confidence).toBeCloseTo(0.4, 12);
  });
});
