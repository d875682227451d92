/** From an order under a table to its line on the record, by the journal alone. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { learned, tableContent } from "../../../test/influence/table-content.ts";
import { micros, MINUTE } from "../../core/domain/units.ts";
import { openAdvice } from "../advice/open-advice.ts";
import { prepareBacktest } from "../backtest.ts";
import { type ArrivalConfig, loadConfig } from "../config.ts";
import { openGenerated } from "../market-source.ts";
import { advisedOrders, countOutcomes } from "./count-outcomes.ts";
import { readInfluence } from "./earned-influence.ts";
import { recordPathOf } from "./influence-record.ts";
import { sealed, tableText } from "./influence-table.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-outcomes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const script = join(folder, "script.yaml");
const SCRIPT = `
name: a test
rules:
  - { when: { every: 4 }, advise: { action: accelerate, rate: 2 }, latencyMs: 300 }
  - { when: { every: 3 }, advise: { action: wait, waitSeconds: 15 }, latencyMs: 300 }
  - { when: { every: 2 }, advise: { action: aggressive }, latencyMs: 300 }
  - { advise: { action: decelerate, rate: 0.25 }, latencyMs: 300 }
`;
writeFileSync(script, SCRIPT);

const whole = learned(1, 1, 1);
const TABLE = sealed(
  tableContent({
    advisor: "scripted:a test",
    regimes: { calm: whole, usual: whole, stressed: whole },
  }),
);
const table = join(folder, "influence.json");
writeFileSync(table, tableText(TABLE));

function configOf(market: string, influence: string): ArrivalConfig {
  const loaded = loadConfig(undefined, {
    simulation: { market },
    execution: { llmQueryInterval: "15s" },
    advice: { advisor: `scripted:${script}`, influence },
  });
  if (loaded.ok) return loaded.value;
  throw new Error(JSON.stringify(loaded.error));
}

async function work(seed: number, config: ArrivalConfig, journal: string): Promise<void> {
  const opened = await openAdvice(config, { environment: {}, isSimulated: true });
  if (!opened.ok) throw new Error(opened.error.text);
  const market = openGenerated({
    kind: "generated",
    seed,
    startAt: micros(1_700_049_600_000_000),
    duration: micros(4 * MINUTE),
    eventsPerSecond: 5,
  });
  const order = {
    side: seed % 2 === 0 ? ("buy" as const) : ("sell" as const),
    quantity: "2",
    isNotional: false,
    over: micros(2 * MINUTE),
    constraints: { mayCrossSpread: true, residual: "cross" as const },
    acceptInfeasible: true,
    config,
    seed,
    ...(opened.value === undefined ? {} : { advisor: opened.value }),
  };
  const prepared = prepareBacktest(market, order, journal);
  if (!prepared.ok) throw new Error(prepared.error.text);
  const steps = prepared.value.run();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return opened.value?.close();
    for (const advisor of prepared.value.advisors) if (advisor.isThinking) await advisor.thought;
  }
}

describe("the outcome of an advised order", () => {
  it("is read off the journal of a recorded market, where advice led the order", async () => {
    const path = join(folder, "recorded.journal");
    await work(3, configOf("recorded", table), path);
    const read = await advisedOrders(path);
    if (!read.ok) throw new Error(read.error.text);
    const [order] = read.value.orders;
    expect(Object.values(order!.byRegime).some(({ squares }) => squares > 0)).toBe(true);
  }, 60_000);

  it("is counted once, of orders under this table alone, in a market that answers as well", async () => {
    const journal = join(folder, "generated.journal");
    await work(9, configOf("generated", table), journal);
    const first = await countOutcomes(table, journal);
    if (!first.ok) throw new Error(first.error.text);
    expect(first.value).toMatchObject({ known: 0, foreign: 0, added: [{ order: "p1" }] });
    const [outcome] = first.value.added;
    const bets = Object.values(outcome!.regimes).reduce((sum, one) => sum + one.bets, 0);
    expect(bets).toBeGreaterThan(3);
    const again = await countOutcomes(table, journal);
    expect(again).toMatchObject({ ok: true, value: { added: [], known: 1 } });
    const state = readInfluence(table);
    if (!state.ok) throw new Error(state.error.text);
    expect(state.value.entries).toHaveLength(1);
    const orders = Object.values(state.value.earned).map((one) => one.orders);
    expect(Math.max(...orders)).toBe(1);

    const other = join(folder, "other.json");
    const { hash: _, ...content } = TABLE;
    writeFileSync(other, tableText(sealed({ ...content, learnedAt: "2026-01-02T00:00:00.000Z" })));
    expect(await countOutcomes(other, journal)).toMatchObject({
      value: { added: [], known: 0, foreign: 1 },
    });
    expect(readInfluence(other)).toMatchObject({ value: { entries: [] } });
    expect(recordPathOf(other)).toBe(join(folder, "other.record.jsonl"));
    const nowhere = await countOutcomes(table, join(folder, "nowhere.journal"));
    expect(nowhere).toMatchObject({ ok: false, error: { code: "JOURNAL_NOT_FOUND" } });
  }, 60_000);
});
