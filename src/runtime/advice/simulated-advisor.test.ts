/** A backtest that is advised: virtual time waits, and a replay needs nobody. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Advisor } from "../../advisors/advisor.ts";
import { micros, MINUTE } from "../../core/domain/units.ts";
import { type BacktestRequest, type BacktestResult, prepareBacktest } from "../backtest.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../config.ts";
import { openJournal } from "../journal/reader.ts";
import { openGenerated, type OpenMarket } from "../market-source.ts";
import { replay } from "../replay.ts";
import { explain } from "./explanation.ts";
import { adviceFileOf, openAdvice } from "./open-advice.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-advised-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SCRIPT = `
name: a test
rules:
  - { when: { number: 1 }, advise: { action: accelerate, rate: 2 }, latencyMs: 900 }
  - { when: { number: 2 }, fail: timed-out, latencyMs: 3000 }
  - { when: { number: 3 }, advise: { action: wait, waitSeconds: 15 }, latencyMs: 1 }
  - { advise: { action: aggressive, proposal: { quantityShare: 0.5 } }, latencyMs: 250 }
`;
const script = join(folder, "script.yaml");
writeFileSync(script, SCRIPT);

const config = (advisor: string): ArrivalConfig => ({
  ...DEFAULT_CONFIG,
  execution: { ...DEFAULT_CONFIG.execution, llmQueryInterval: micros(20_000_000) },
  advice: {
    ...DEFAULT_CONFIG.advice,
    advisor,
    influence: { calm: 1, usual: 1, stressed: 1 },
  },
});

const market = (): OpenMarket =>
  openGenerated({
    kind: "generated",
    seed: 5,
    startAt: micros(1_700_049_600_000_000),
    duration: micros(4 * MINUTE),
  });

const request = (advisor: string): BacktestRequest => ({
  side: "buy",
  quantity: "6",
  isNotional: false,
  over: micros(2 * MINUTE),
  constraints: { mayCrossSpread: true, residual: "cross" },
  acceptInfeasible: true,
  config: config(advisor),
  seed: 7,
});

/** @param slow how long the advisor takes in real time: it must not matter. */
async function run(name: string, journal: string, slow: () => number): Promise<BacktestResult> {
  const opened = await openAdvice(config(name), {
    environment: {},
    isSimulated: true,
    recordTo: adviceFileOf(journal),
  });
  if (!opened.ok) throw new Error(opened.error.text);
  const inner = opened.value!;
  const advisor: Advisor = {
    name: inner.name,
    check: (signal) => inner.check(signal),
    close: () => inner.close(),
    ask: async (question, signal) => {
      await new Promise((resolve) => setTimeout(resolve, slow()));
      return inner.ask(question, signal);
    },
  };
  const prepared = prepareBacktest(market(), { ...request(name), advisor }, journal);
  if (!prepared.ok) throw new Error(prepared.error.text);
  const { advisors } = prepared.value;
  const steps = prepared.value.run();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      await inner.close();
      return step.value;
    }
    for (const each of advisors) if (each.isThinking) await each.thought;
  }
}

function bodies(journal: string): string[] {
  const opened = openJournal(journal);
  if (!opened.ok) throw new Error(opened.error.text);
  const all = [...opened.value.records()].map(({ body }) => body);
  opened.value.close();
  return all;
}

describe("an advised backtest", () => {
  it("is the same however long the advisor thinks, replays without it, and by its recording", async () => {
    const [first, second, third] = ["a", "b", "c"].map((name) => join(folder, `${name}.journal`));
    const result = await run(`scripted:${script}`, first!, () => 0);
    expect(result.phase).toBe("complete");
    let turn = 0;
    await run(`scripted:${script}`, second!, () => (turn++ % 3) * 7);
    const told = bodies(first!);
    expect(bodies(second!)).toEqual(told);
    expect(told.filter((body) => body.includes('"ask-advisor"')).length).toBeGreaterThan(3);
    expect(told.some((body) => body.includes('"advice-taken"'))).toBe(true);
    expect(told.some((body) => body.includes("timed-out"))).toBe(true);
    expect(told.some((body) => body.includes('"source":"llm"'))).toBe(true);

    const placed = (all: string[]) => all.filter((body) => body.includes('"kind":"place-order"'));
    const again = await replay(first!);
    expect(again.ok && again.value).toMatchObject({ identical: true });

    const explained = await explain(first!, adviceFileOf(first!));
    if (!explained.ok) throw new Error(explained.error.text);
    const { stories, children } = explained.value;
    // What the guard says by itself was exchanged with nobody.
    expect(stories[0]).toMatchObject({
      question: { id: "p1-q1", cause: "start" },
      answer: { latency: 900_000, grounding: { isGrounded: true } },
      outcome: { kind: "taken", weight: 1 },
    });
    expect(stories[0]!.transcript?.question).toEqual(stories[0]!.question);
    expect(stories[1]!.outcome).toMatchObject({ kind: "dropped" });
    expect(stories[3]!.outcome).toMatchObject({
      clamps: [{ what: "quantity", asked: "0.5", allowed: "0.05" }],
    });
    expect(children).toHaveLength(placed(told).length);
    expect(children.some(({ onAdvice }) => onAdvice === "p1-q1")).toBe(true);

    const recording = `recorded:${adviceFileOf(first!)}`;
    await run(recording, third!, () => 1);
    // The guard's own word (a time-out) is no exchange, so it is not in the recording.
    expect(placed(bodies(third!)).length).toBeGreaterThan(0);
  }, 30_000);
});
