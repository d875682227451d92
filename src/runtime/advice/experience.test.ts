/**
 * What a user loses if this fails: an estimate that says it knows what an advisor made of the
 * moment and does not, or an advisor who is told of orders that never were.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseScript, scripted } from "../../advisors/scripted.ts";
import { micros, MINUTE } from "../../core/domain/units.ts";
import { prepareBacktest } from "../backtest.ts";
import { type ArrivalConfig, loadConfig } from "../config.ts";
import { openJournalView } from "../journal-view.ts";
import { openGenerated } from "../market-source.ts";
import { replay } from "../replay.ts";
import { experienceIn, experienceOf } from "./experience.ts";
import { lastFactor } from "./last-factor.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-estimates-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SCRIPT = `
name: a test
latencyMs: 300
rules:
  - when: { number: 1 }
    advise: { action: proceed, impactFactor: { value: 1.25, low: 1, high: 1.5 } }
  - { advise: { action: proceed, impactFactor: { value: 1.5, low: 1.25, high: 2 } } }
`;

function configOf(influence: number): ArrivalConfig {
  const loaded = loadConfig(undefined, {
    execution: { llmQueryInterval: "30s" },
    advice: {
      advisor: "scripted:a test",
      influence: { calm: influence, usual: influence, stressed: influence },
    },
  });
  if (loaded.ok) return loaded.value;
  throw new Error(JSON.stringify(loaded.error));
}

async function worked(
  name: string,
  influence: number,
  more: Partial<Parameters<typeof prepareBacktest>[1]> = {},
): Promise<string> {
  const script = parseScript(SCRIPT);
  if (!script.ok) throw new Error(script.error);
  const market = openGenerated({
    kind: "generated",
    seed: 4,
    startAt: micros(1_700_049_600_000_000),
    duration: micros(7 * MINUTE),
    eventsPerSecond: 10,
  });
  const path = join(folder, `${name}.journal`);
  const order = {
    side: "buy" as const,
    quantity: "2",
    isNotional: false,
    over: micros(3 * MINUTE),
    start: micros(3 * MINUTE),
    constraints: { mayCrossSpread: true, residual: "cross" as const },
    acceptInfeasible: true,
    config: configOf(influence),
    seed: 1,
    advisor: scripted(script.value),
    ...more,
  };
  const prepared = prepareBacktest(market, order, path);
  if (!prepared.ok) throw new Error(prepared.error.text);
  const steps = prepared.value.run();
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    for (const advisor of prepared.value.advisors) if (advisor.isThinking) await advisor.thought;
  }
  return path;
}

let led: string;
beforeAll(async () => void (led = await worked("led", 0.5)), 60_000);

async function views(path: string) {
  const opened = await openJournalView(path);
  if (!opened.ok) throw new Error(opened.error.text);
  const view = opened.value;
  const half = (await view.at(Math.floor(view.records / 2))).orders[0]!;
  const end = (await view.at()).orders[0]!;
  view.close();
  return { half, end };
}

describe("the impact factor in force", () => {
  it("scales the forecast of the rest by its weight, its ends too, and nothing once it is over", async () => {
    const { half, end } = await views(led);
    const { rest } = half.impact;
    expect(rest).toMatchObject({ factor: { value: 1.5, low: 1.25, high: 2 }, weight: 0.5 });
    expect(rest!.baseBps).toBeGreaterThan(0);
    expect(rest!.bps).toBeCloseTo(rest!.baseBps * 1.25, 9);
    expect(rest!.lowBps).toBeCloseTo(rest!.baseBps * 1.125, 9);
    expect(rest!.highBps).toBeCloseTo(rest!.baseBps * 1.5, 9);
    // What is left is less than the whole, and was forecast at the arrival.
    expect(half.row.filledShare).toBeGreaterThan(0.1);
    expect(rest!.baseBps).not.toBe(half.impact.forecastBps);
    expect(end.impact.rest).toBeNull();
    expect(end.impact.forecastBps).toBe(half.impact.forecastBps);
  });

  it("scales nothing where advice is only watched", async () => {
    const { half } = await views(await worked("watched", 0));
    const { rest } = half.impact;
    expect(half.advisor?.answered).toBeGreaterThan(1);
    expect(rest).toMatchObject({ factor: null, weight: 0, bps: rest!.baseBps });
  }, 60_000);

  it("is read from a journal for an estimate: the last that was named, whatever its weight", () => {
    expect(lastFactor(led)).toEqual({
      ok: true,
      value: {
        factor: 1.5,
        low: 1.25,
        high: 2,
        source: expect.stringMatching(/^scripted:a test, p1-q\d+$/) as string,
      },
    });
    expect(lastFactor(join(folder, "none.journal"))).toMatchObject({ ok: false });
  });
});

describe("experience", () => {
  it("is how the orders of a folder went, of this market and strategy alone", async () => {
    writeFileSync(join(folder, "broken.journal"), "no journal");
    const { end } = await views(led);
    const found = await experienceIn(folder, { symbol: "BTCUSDT", strategy: "twap" });
    if (!found.ok) throw new Error(found.error.text);
    const rows = found.value.orders.map(({ row }) => row);
    const all = new Map(found.value.orders.map(({ row, view }) => [row, view]));
    const kind = { instrument: end.row.instrument, strategy: "twap" };
    const known = experienceOf(rows, (row) => all.get(row), kind);
    expect(known).toHaveLength(2);
    expect(known[0]).toEqual({
      spanSeconds: Math.round((end.row.endedAt! - end.row.startAt) / 1e6),
      executed: 1,
      shortfallBps: expect.closeTo(end.row.shortfallBps!, 2) as number,
      forecastBps: expect.closeTo(end.impact.forecastBps!, 2) as number,
      participation: expect.closeTo(end.participation!, 4) as number,
    });
    for (const other of [{ strategy: "pov" }, { instrument: "elsewhere" }]) {
      expect(experienceOf(rows, () => undefined, { ...kind, ...other })).toEqual([]);
    }
    const live = rows.map((row) => ({ ...row, isLive: true }));
    expect(experienceOf(live, () => undefined, kind)).toEqual([]);
    expect(await experienceIn(folder, { symbol: "BTCUSDT", strategy: "pov" })).toMatchObject({
      value: { orders: [] },
    });
    expect(await experienceIn(join(folder, "nowhere"), { symbol: "", strategy: "" })).toMatchObject(
      { ok: false, error: { code: "ADVICE_EXPERIENCE" } },
    );
    // It stands in the order's terms, five at most, and the run is replayed by that alone.
    const experience = Array.from({ length: 9 }, () => known[0]!);
    const told = await worked("told", 0, { experience });
    expect(await replay(told)).toMatchObject({ ok: true, value: { identical: true } });
    const { explain } = await import("./explanation.ts");
    const explained = await explain(told, undefined);
    if (!explained.ok) throw new Error(explained.error.text);
    const [story] = explained.value.stories;
    expect(story!.question.situation.executions).toEqual(
      known.slice(0, 1).concat(experience.slice(0, 4)),
    );
  }, 60_000);
});
