import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Advisor, exchangeOf } from "../../advisors/advisor.ts";
import type { Advice, AdviceQuestion } from "../../core/contracts/advice.ts";
import { micros } from "../../core/domain/units.ts";
import { DEFAULT_CONFIG } from "../config.ts";
import { coherent } from "./coherence.ts";
import { type Decider, TabularModel } from "./deciders.ts";
import { evaluate } from "./evaluate.ts";
import { reportOf } from "./evaluation-report.ts";
import { type EvaluationRequest, marketOf, WIDEST } from "./evaluation-request.ts";
import { type EvaluationRow, keyOf, parentRow } from "./evaluation-row.ts";
import { type Parent, parentsOf, PromptAdvisor, type Way, workNow } from "./parent-run.ts";
import { answered, CANDIDATES, costAfter, PROCEED } from "./rollout.ts";
import { RowStore } from "./row-store.ts";
import { factsOf } from "./statistics.ts";

const REQUEST: EvaluationRequest = {
  config: {
    ...DEFAULT_CONFIG,
    strategy: { name: "twap", parameters: {} },
    execution: { ...DEFAULT_CONFIG.execution, llmQueryInterval: micros(15e6) },
  },
  seed: 11,
  windows: 44,
  sides: ["buy", "sell"],
  regimes: ["normal"],
  quantity: "0.6",
  over: micros(45e6),
  eventsPerSecond: 4,
  words: "test",
  rollouts: 0,
  training: 0,
  isRawToo: false,
};

const FAST = CANDIDATES.find(({ action }) => action === "accelerate")!;
const SLOW = CANDIDATES.find(({ action }) => action === "decelerate")!;

const QUIET: AdviceQuestion["situation"] = {
  order: {
    strategy: "twap",
    urgency: 0.5,
    spanSeconds: 60,
    secondsLeft: 60,
    executed: 0,
    planned: 0,
    atVenue: 0,
  },
  cost: { midBps: 0, shortfallBps: 0 },
  market: { regime: "usual", spreadBps: 0, imbalance: 0, far: [], near: [], trades: [] },
  news: [],
  past: [],
};

/** Whether the planted news of a market makes its order dearer. */
function isDearer(request: EvaluationRequest, window: number, side: string): boolean {
  const shock = marketOf(request, window).scenario?.events.find(({ kind }) => kind === "shock");
  return shock?.kind === "shock" && (shock.direction === "up") === (side === "buy");
}

/** Knows what the news means, and acts on it or against it. */
const reader =
  (isRight: boolean) =>
  ({ window, side }: Parent): Decider =>
  ({ situation }) => {
    if (situation.news.length === 0) return answered(PROCEED);
    return answered(isDearer(REQUEST, window, side) === isRight ? FAST : SLOW);
  };
const coin = ({ window }: Parent): Decider => {
  return (_, number) => answered((window * 7 + number * 3) % 2 === 0 ? FAST : SLOW);
};

describe("a tabular model", () => {
  it("learns which action the figures speak for, and proceeds where they do not", () => {
    const samples = Array.from({ length: 200 }, (_, i) => {
      const features = Array.from({ length: 17 }, (_x, k) => Math.sin(i * (k + 1)));
      // The seventh figure, the imbalance, says whether to hurry or to hold back.
      const lean = features[6]!;
      return { features, costs: [5, 5 - lean, 5 + lean, 9, 9, 9] };
    });
    const model = TabularModel.learn(samples)!;
    const actionAt = (imbalance: number) => {
      const situation = { ...QUIET, market: { ...QUIET.market, imbalance } };
      const { answer } = model.decide({ situation } as AdviceQuestion, 0);
      return answer.kind === "advice" && [answer.advice.action, answer.advice.confidence > 0.5];
    };
    expect(actionAt(0.9)).toEqual(["accelerate", true]);
    expect(actionAt(-0.9)).toEqual(["decelerate", true]);
    expect(TabularModel.learn(samples.slice(0, 10))).toBeUndefined();
  });
});

describe("coherent", () => {
  it("finds what speaks for the opposite, and lets stand what speaks for both or for neither", () => {
    expect(coherent("Go faster before it rises.", 1)).toBe(true);
    expect(coherent("Go faster before it rises.", -1)).toBe(false);
    expect(coherent("Wait for it to come back.", 1)).toBe(false);
    expect(coherent("No reason to go faster.", -1)).toBe(true);
    expect(coherent("Slower here, then faster.", 1)).toBe(true);
    expect(coherent("The spread is 0.2 bps.", -1)).toBe(true);
  });
});

describe("an evaluation", () => {
  it("finds a reader of news to help, a perverse one to harm, and a coin to do neither", () => {
    const informed = Array.from({ length: REQUEST.windows / 2 }, (_, k) => 2 * k + 1);
    const strategy = REQUEST.config.strategy;
    const way: Way = { strategy, envelope: WIDEST };
    const rows: EvaluationRow[] = [];
    for (const window of informed) {
      const parents = parentsOf(REQUEST, window);
      if (!parents.ok) throw new Error(parents.error.text);
      // Sides by turns: 24 markets, each one cluster.
      const parent = parents.value[((window - 1) / 2) % 2]!;
      const work = (arm: string, decide?: Decider): void => {
        const asked = decide && new PromptAdvisor(decide);
        rows.push(
          parentRow(parent, arm, workNow(REQUEST, parent, asked ? way : { strategy }, asked)),
        );
      };
      work("twap");
      work("advised", reader(true)(parent));
      work("perverse", reader(false)(parent));
      work("random", coin(parent));
    }
    const facts = factsOf(REQUEST, rows);
    const over = (arm: string) =>
      facts.differences.find(
        (one) => one.arm === arm && one.against === "twap" && one.of === "all",
      )!;
    expect(over("advised").interval!.high).toBeLessThan(0);
    expect(over("advised").corrected).toBeLessThan(0.05);
    expect(over("perverse").interval!.low).toBeGreaterThan(0);
    expect(over("random").interval!.low).toBeLessThan(0);
    expect(over("random").interval!.high).toBeGreaterThan(0);
    const own = facts.answers.find(({ arm }) => arm === "advised");
    expect(own).toMatchObject({ parents: informed.length, fallback: 0 });
  }, 30_000);

  it("plays the same answers to the same end, so that a rollout tells of the action alone", () => {
    const parents = parentsOf(REQUEST, 1);
    if (!parents.ok) throw new Error(parents.error.text);
    const [parent] = parents.value;
    const way: Way = { strategy: REQUEST.config.strategy, envelope: WIDEST };
    const answers = [answered(SLOW), answered(FAST)];
    const rest = answered(PROCEED);
    const first = workNow(
      REQUEST,
      parent!,
      way,
      new PromptAdvisor((_, number) => answers[number] ?? rest),
    );
    expect(costAfter(REQUEST, parent!, way, answers)).toBe(first.costBps);
    expect(costAfter(REQUEST, parent!, way, [answered(FAST)])).not.toBe(first.costBps);
  });

  it("asks, judges, mirrors, reports, and goes on where it was cut off", async () => {
    const request = {
      ...REQUEST,
      windows: 2,
      sides: ["sell"] as const,
      rollouts: 1,
      training: 1,
      over: micros(30e6),
    };
    const path = join(mkdtempSync(join(tmpdir(), "arrival-evaluation-")), "rows.jsonl");
    let asked = 0;
    const advisor = readerAsAdvisor(request, () => (asked += 1));
    const run = async (most: number): Promise<readonly EvaluationRow[]> => {
      const opened = RowStore.open(path, { name: "test" });
      if (!opened.ok) throw new Error(opened.error.text);
      const abort = new AbortController();
      const given = {
        request,
        advisor,
        store: opened.value,
        signal: abort.signal,
        atOnce: 2,
        onProgress: (done: number) => void (done >= most && abort.abort()),
      };
      await evaluate(given).catch((error: unknown) => {
        if (!abort.signal.aborted) throw error;
      });
      opened.value.close();
      return opened.value.rows;
    };
    const some = await run(12);
    // A crash in the middle of a line.
    writeFileSync(path, readFileSync(path, "utf8").slice(0, -20));
    const all = await run(Number.POSITIVE_INFINITY);
    expect(all.length).toBeGreaterThan(some.length);
    const before = asked;
    const again = await run(Number.POSITIVE_INFINITY);
    expect(JSON.stringify(again.map(keyOf))).toBe(JSON.stringify(all.map(keyOf)));
    expect(asked).toBe(before);

    const facts = factsOf(request, all);
    expect(facts.twins).toMatchObject({
      headline: { pairs: 1, mirrored: 1 },
      side: { pairs: 1, mirrored: 1 },
    });
    expect(facts.quality!.decisions).toBeGreaterThan(1);
    expect(facts.calibration!.decisions).toBe(facts.quality!.decisions);
    expect(facts.arms.map(({ arm }) => arm)).toContain("oracle");
    const head = { advisor: "test", command: "c", program: "p", date: "d", isWhole: true };
    expect(reportOf(request, facts, head)).toContain("| value added over the baseline");
    expect(RowStore.open(path, { name: "another" }).ok).toBe(false);
  }, 30_000);
});

/** Knows the words of the two headlines that there are in window 1. */
function readerAsAdvisor(request: EvaluationRequest, onAsk: () => void): Advisor {
  const good = goodHeadlines(request);
  const decide = ({ situation }: AdviceQuestion): Advice => {
    const told = situation.news.find(({ headline }) => good.has(headline));
    if (told === undefined) return PROCEED;
    const isUp = good.get(told.headline) === true;
    return isUp === (situation.isNewsTurned !== true) ? FAST : SLOW;
  };
  return {
    name: "reader",
    check: () => Promise.resolve({ ok: true, value: undefined }),
    close: () => Promise.resolve(),
    ask: (question) => {
      onAsk();
      return Promise.resolve(
        exchangeOf({ kind: "advice", advice: decide(question), source: "llm" }, 300_000, {
          advisor: "reader",
          provider: "test",
          model: "test",
          promptVersion: "1",
          question,
          questionHash: question.id,
        }),
      );
    },
  };
}

/** By headline: whether it lifts the asset. */
function goodHeadlines(request: EvaluationRequest): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (const turned of [false, true]) {
    const told = parentsOf(request, 1, turned);
    if (!told.ok) throw new Error(told.error.text);
    const shock = marketOf(request, 1, turned).scenario!.events.find(
      ({ kind }) => kind === "shock",
    );
    for (const event of told.value[0]!.news) {
      if (event.kind !== "news-received" || !event.item.id.endsWith("-2")) continue;
      found.set(event.item.headline, shock?.kind === "shock" && shock.direction === "up");
    }
  }
  return found;
}
