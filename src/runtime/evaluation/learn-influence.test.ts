/** Weights are learned of known effects, and of rows that can be worked again alone. */
import { beforeAll, describe, expect, it } from "vitest";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { streamOf, uniformAt } from "../../core/domain/random.ts";
import { micros } from "../../core/domain/units.ts";
import { configJson, DEFAULT_CONFIG } from "../config.ts";
import { parseTable, tableText } from "../influence/influence-table.ts";
import type { Decider } from "./deciders.ts";
import { type EvaluationRequest, marketOf, WIDEST } from "./evaluation-request.ts";
import { type EvaluationRow, parentRow } from "./evaluation-row.ts";
import { learnedOf, learnInfluence } from "./learn-influence.ts";
import { parentsOf, PromptAdvisor, type Way, workNow } from "./parent-run.ts";
import { answered, CANDIDATES, PROCEED } from "./rollout.ts";
import { storedRequest } from "./stored-request.ts";

const REQUEST: EvaluationRequest = {
  config: {
    ...DEFAULT_CONFIG,
    strategy: { name: "twap", parameters: {} },
    execution: { ...DEFAULT_CONFIG.execution, llmQueryInterval: micros(15e6) },
    advice: { ...DEFAULT_CONFIG.advice, envelope: WIDEST },
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
const BY = { advisor: "test prompt 1", model: "test", prompt: "1" };
const HOW = { at: "2026-01-01T00:00:00.000Z", program: "a test" };
const FAST = CANDIDATES.find(({ action }) => action === "accelerate")!;
const SLOW = CANDIDATES.find(({ action }) => action === "decelerate")!;

/** Told what the planted news means for the order. */
type Effect = (isDearer: boolean) => Decider;
const reader =
  (isRight: boolean): Effect =>
  (isDearer) =>
  ({ situation }) =>
    answered(situation.news.length === 0 ? PROCEED : isDearer === isRight ? FAST : SLOW);
const EFFECTS = { helps: reader(true), harms: reader(false) };
const rowsOf: Record<keyof typeof EFFECTS, EvaluationRow[]> = { helps: [], harms: [] };

/** Markets with news that tells something, sides by turns; each a cluster. */
beforeAll(() => {
  const { strategy } = REQUEST.config;
  const way: Way = { strategy, envelope: WIDEST };
  for (let window = 1; window < REQUEST.windows; window += 2) {
    const parents = parentsOf(REQUEST, window);
    if (!parents.ok) throw new Error(parents.error.text);
    const parent = parents.value[((window - 1) / 2) % 2]!;
    const shock = marketOf(REQUEST, window).scenario?.events.find(({ kind }) => kind === "shock");
    const isUp = shock?.kind === "shock" && shock.direction === "up";
    const own = parentRow(parent, "twap", workNow(REQUEST, parent, { strategy }));
    for (const name of ["helps", "harms"] as const) {
      const decide = EFFECTS[name](isUp === (parent.side === "buy"));
      const worked = workNow(REQUEST, parent, way, new PromptAdvisor(decide));
      rowsOf[name].push(own, { ...parentRow(parent, "advised", worked), by: BY });
    }
  }
}, 90_000);

const learn = (rows: readonly EvaluationRow[], request = REQUEST) =>
  learnInfluence(request, rows, HOW);

describe("what is learned", () => {
  it("gives weight to advice that helps, and none to advice that harms", async () => {
    const [helps, harms] = [await learn(rowsOf.helps), await learn(rowsOf.harms)];
    if (!helps.ok || !harms.ok) throw new Error("not learned");
    const { usual } = helps.value.regimes;
    expect(usual.markets).toBeGreaterThanOrEqual(20);
    expect(usual.saved!.low).toBeGreaterThan(0);
    expect(usual.weight).toBeGreaterThan(0);
    expect(usual.weight).toBeLessThan(1);
    expect(usual.weight).toBeCloseTo(usual.saved!.low / usual.saved!.mean, 1);
    expect(Object.values(harms.value.regimes).map(({ weight }) => weight)).toEqual([0, 0, 0]);
    expect(harms.value.regimes.usual.saved!.mean).toBeLessThan(0);
    expect(helps.value).toMatchObject({ advisor: BY.advisor, prompt: "1", model: null });
    const read = parseTable(tableText(helps.value));
    expect(read).toEqual({ ok: true, value: helps.value });
  }, 90_000);

  it("keeps what the confidence was worth, by the decisions that were judged, and only its own", async () => {
    const rows = rowsOf.helps.slice(0, 4);
    const judged = (arm: string, told: readonly (readonly [confidence: number, gain: number])[]) =>
      ({
        kind: "judged",
        window: 1,
        side: "buy",
        arm,
        decisions: told.map(([confidence, gain], number) => ({
          number,
          advice: { ...FAST, confidence },
          costs: [1, 2, 3, 4, 5, 6],
          chosen: 1 - gain,
        })),
      }) as const;
    const own = [0.9, 0.95, 0.2].map((sure, k) => [sure, k === 0 ? -0.5 : 0.5] as const);
    const found = await learn([...rows, judged("advised", own), judged("raw", [[0.5, 1]])]);
    if (!found.ok) throw new Error(found.error.text);
    expect(found.value.reliability).toEqual({
      decisions: 3,
      right: 2 / 3,
      bins: [
        { from: 0.2, decisions: 1, confidence: 0.2, right: 1 },
        { from: 0.9, decisions: 2, confidence: 0.925, right: 0.5 },
      ],
    });
    expect(parseTable(tableText(found.value))).toEqual(found);
    const without = await learn(rows);
    expect(without.ok && without.value.reliability).toBe(null);
  }, 30_000);

  it("refuses rows that cannot be worked again, of two advisors, and of nobody", async () => {
    const rows = rowsOf.helps.slice(0, 4);
    const changed = rows.map((row) =>
      row.kind === "parent" && row.arm === "advised" ? { ...row, costBps: row.costBps - 1 } : row,
    );
    expect(await learn(changed)).toMatchObject({
      ok: false,
      error: { code: "INFLUENCE_ROWS", text: expect.stringContaining("changed by hand") },
    });
    const two = rows.map((row, i) =>
      row.kind === "parent" && i === 1 ? { ...row, by: { ...BY, prompt: "0" } } : row,
    );
    expect(await learn(two)).toMatchObject({
      error: { text: expect.stringContaining("more than one advisor or prompt") },
    });
    const unknown = rows.map((row) => {
      if (row.kind !== "parent") return row;
      const { by: _, ...rest } = row;
      return rest;
    });
    expect(await learn(unknown)).toMatchObject({
      error: { text: expect.stringContaining("does not say who was asked") },
    });
    expect(await learn([])).toMatchObject({ error: { code: "INFLUENCE_ROWS" } });
  }, 30_000);

  it("seldom gives weight to what has no effect", () => {
    const stream = streamOf("evaluation");
    const noise = (seed: number, k: number): number =>
      uniformAt(seed, stream, 2 * k) + uniformAt(seed, stream, 2 * k + 1) - 1;
    let given = 0;
    for (let seed = 0; seed < 100; seed++) {
      const pairs = Array.from({ length: 30 }, (_, k) => ({
        cluster: k,
        difference: noise(seed, k),
      }));
      given += learnedOf(pairs, seed).weight > 0 ? 1 : 0;
    }
    // One side of a two-sided 1.67 % is expected to be over: 0.8 of 100.
    expect(given).toBeLessThanOrEqual(4);
  }, 60_000);

  it("gives nothing where there are too few markets to tell", () => {
    const few = Array.from({ length: 19 }, (_, cluster) => ({
      cluster,
      difference: -1 - cluster / 100,
    }));
    expect(learnedOf(few, 1)).toEqual({ weight: 0, orders: 19, markets: 19, saved: null });
    const enough = [...few, { cluster: 19, difference: -1 }];
    expect(learnedOf(enough, 1).weight).toBeGreaterThan(0.9);
    expect(learnedOf([], 1).weight).toBe(0);
  });
});

describe("a stored request", () => {
  it("is read from the first line of the rows, and nothing else is", () => {
    const { rollouts: _, isRawToo: _raw, config, ...rest } = REQUEST;
    const head = { evaluation: 1, ...rest, advisor: "x", config: configJson(config) };
    const read = storedRequest(JSON.parse(canonicalJson(head)) as unknown);
    expect(read).toEqual({ ok: true, value: REQUEST });
    for (const other of [null, 7, [], {}, { ...head, seed: -1 }, { ...head, config: { a: 1 } }]) {
      expect(storedRequest(other).ok).toBe(false);
    }
    expect(storedRequest({ ...head, influence: { calm: 0 } }).ok).toBe(false);
  });
});
