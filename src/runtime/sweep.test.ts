import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { micros, SECOND } from "../core/domain/units.ts";
import { createEventFile } from "../data/event-file/writer.ts";
import { generatedHeader, generateMarket } from "../simulation/generated/market.ts";
import { compare } from "./compare.ts";
import { DEFAULT_CONFIG } from "./config.ts";
import { type FileMarket, openGenerated, openMarket, type OpenMarket } from "./market-source.ts";
import { loadPlugins, noteOf } from "./plugin.ts";
import { runSweep, type SweepOptions, type SweepRun } from "./sweep.ts";
import type { SweepArm } from "./sweep-grid.ts";
import {
  type SweepMarket,
  type SweepRequest,
  sweepWindow,
  unitCount,
  windowOf,
} from "./sweep-request.ts";
import { createStore, resumeStore, type SweepStore } from "./sweep-store.ts";
import { outcomeOf, placeWindow, workUnits } from "./sweep-unit.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-sweep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MARKET: Extract<SweepMarket, { kind: "generated" }> = {
  kind: "generated",
  name: "generated",
  startAt: micros(Date.UTC(2026, 0, 5, 14) * 1000),
  knobs: { eventsPerSecond: 60 },
};

const arm = (name: string, more: Partial<SweepArm> = {}): SweepArm => ({
  label: name,
  base: name,
  values: [],
  strategy: { name, parameters: {} },
  quantity: "0.5",
  isNotional: false,
  over: micros(20 * SECOND),
  ...more,
});

const REQUEST: SweepRequest = {
  markets: [MARKET],
  axes: [],
  arms: [arm("twap"), arm("pov", { urgency: 0.9 })],
  sides: ["buy", "sell"],
  parents: 5,
  constraints: { mayCrossSpread: true, residual: "leave" },
  config: {
    ...DEFAULT_CONFIG,
    simulation: { ...DEFAULT_CONFIG.simulation, market: "recorded" },
  },
  seed: 1,
  plugins: [],
  pluginPaths: [],
};

async function swept(
  request: SweepRequest,
  options: Partial<SweepOptions> = {},
): Promise<SweepRun> {
  const result = await runSweep(request, { workers: 1, ...options });
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

function opened(result: ReturnType<typeof createStore>): SweepStore {
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

/** A result is kept as JSON, which has one zero. */
const positiveZero = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

const one = await swept(REQUEST, { workers: 1 });

describe("runSweep", () => {
  it("gives the same rows whatever the number of workers", async () => {
    expect(one).toMatchObject({ isWhole: true, failures: [] });
    expect(one.rows.map(({ unit }) => unit)).toEqual([...Array(unitCount(REQUEST)).keys()]);
    expect(await swept(REQUEST, { workers: 3 })).toEqual(one);
  });

  it("gives the outcomes of a comparison of the same arms, to the last digit", () => {
    const { arms, sides, parents, constraints, config, seed } = REQUEST;
    const steps = compare({
      windows: {
        kind: "generated",
        open: (window) => openGenerated(sweepWindow(MARKET, REQUEST, window)),
      },
      arms,
      sides,
      quantity: "0.5",
      isNotional: false,
      over: micros(20 * SECOND),
      parents,
      constraints,
      config,
      seed,
    });
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    if (!step.value.ok) throw new Error(step.value.error.text);
    const outcomes = one.rows.map((row) => outcomeOf(REQUEST, row));
    expect(outcomes).toEqual(positiveZero(step.value.value.outcomes));
  });

  it("gives every arm the windows of the longest one", async () => {
    const arms = [arm("twap"), arm("long", { ...arm("twap"), over: micros(40 * SECOND) })];
    const labelled = arms.map((each, i) => ({ ...each, label: `arm ${i}` }));
    const { rows } = await swept({ ...REQUEST, parents: 2, arms: labelled });
    const short = rows.filter(({ unit }) => Math.floor(unit / 2) % 2 === 0);
    expect(rows).toHaveLength(16);
    expect(short.every((each) => (each.completionSeconds ?? 0) <= 20)).toBe(true);
    expect(rows.some((each) => (each.completionSeconds ?? 0) > 20)).toBe(true);
  });

  it("stops when told to, keeps what it has, and goes on to the same rows", async () => {
    const path = join(folder, "stopped.sweep");
    const first = opened(createStore(path, REQUEST));
    let seen = 0;
    const counting: SweepStore = {
      ...first,
      path,
      done: first.done,
      damaged: 0,
      append: (row) => {
        seen += 1;
        return first.append(row);
      },
      sync: () => first.sync(),
      close: () => first.close(),
    };
    const stopped = await swept(REQUEST, {
      workers: 1,
      store: counting,
      isStopped: () => seen > 2,
    });
    first.close();
    const again = opened(resumeStore(path, REQUEST));
    expect([...again.done.values()].sort((a, b) => a.unit - b.unit)).toEqual(stopped.rows);
    expect(again.done.size).toBeGreaterThan(2);
    expect(await swept(REQUEST, { workers: 2, store: again })).toEqual(one);
    again.close();
    const whole = opened(resumeStore(path, REQUEST));
    expect(whole.done.size).toBe(unitCount(REQUEST));
    expect(await swept(REQUEST, { store: whole })).toEqual(one);
    whole.close();
  });

  it("ends with the fault of a store that cannot be written further", async () => {
    const full: SweepStore = {
      path: "full",
      done: new Map(),
      damaged: 0,
      append: () => ({ ok: false, error: { code: "SWEEP_WRITE", text: "no room" } }),
      sync: () => ({ ok: true, value: undefined }),
      close: () => undefined,
    };
    expect(await runSweep(REQUEST, { workers: 1, store: full })).toEqual({
      ok: false,
      error: { code: "SWEEP_WRITE", text: "no room" },
    });
  });

  it("names a recording that is gone", async () => {
    const files = { kind: "files", paths: [join(folder, "gone.gz")] } as const;
    const markets: readonly SweepMarket[] = [{ kind: "recorded", name: "gone.gz", files }];
    expect(await runSweep({ ...REQUEST, markets }, { workers: 1 })).toMatchObject({
      ok: false,
      error: { code: "SWEEP_MARKET", text: expect.stringContaining("gone.gz") },
    });
  });
});

const PLUGIN = `export default {
  name: "fragile",
  summary: "throws, or ends its thread, where a parameter says so",
  defaults: { dies: false, throws: false },
  check: (given) =>
    Object.keys(given)
      .filter((key) => key !== "dies" && key !== "throws")
      .map((path) => ({ path, text: "unknown" })),
  bind: ({ dies, throws }, { from, until, quantity }) => {
    if (dies) process.exit(7);
    if (throws) throw new Error("not today");
    return {
      target: () => ({ quantity, sliceFrom: from, sliceUntil: until, reason: "all" }),
    };
  },
};
`;

async function fragile(arms: readonly SweepArm[], parents: number): Promise<SweepRequest> {
  const path = join(folder, "fragile.mjs");
  writeFileSync(path, PLUGIN);
  const plugins = await loadPlugins([path], []);
  if (!plugins.ok) throw new Error(plugins.error.text);
  const notes = plugins.value.map(noteOf);
  return { ...REQUEST, arms, parents, sides: ["buy"], plugins: notes, pluginPaths: [path] };
}

const dying = arm("dying", { strategy: { name: "fragile", parameters: { dies: true } } });

describe("a unit that throws", () => {
  it("fails alone and says why; those of its pass are worked as without it", async () => {
    const throwing = arm("throwing", {
      strategy: { name: "fragile", parameters: { throws: true } },
    });
    const request = await fragile([arm("fragile"), throwing, arm("twap")], 2);
    const { rows, failures, isWhole } = await swept(request);
    expect(isWhole).toBe(true);
    expect(failures.map(({ unit }) => unit)).toEqual([2, 3, 8, 9]);
    for (const { text } of failures) expect(text).toContain("not today");
    const without = await swept(await fragile([arm("fragile"), arm("twap")], 2));
    const costs = (run: SweepRun): readonly number[] => run.rows.map(({ costBps }) => costBps);
    expect(costs({ rows, failures, isWhole })).toEqual(costs(without));
  });
});

/** A file of four minutes and a half: windows of twenty seconds lie side by side in it. */
async function recorded(): Promise<OpenMarket> {
  const path = join(folder, "recorded.arrival");
  const startAt = micros(Date.UTC(2026, 0, 5, 14) * 1000);
  const config = { seed: 4, startAt, duration: micros(270 * SECOND), eventsPerSecond: 60 };
  const origin = { format: "test", sources: [], notes: [], counts: {} };
  const created = createEventFile(path, { ...generatedHeader(config), origin });
  if (!created.ok) throw new Error(created.error.text);
  for (const block of generateMarket(config)) created.value.append(block);
  created.value.seal();
  const open = await openMarket({ kind: "files", paths: [path] });
  if (!open.ok) throw new Error(open.error.text);
  return open.value;
}

describe("a sweep over a recording", async () => {
  const market = await recorded();
  const files = { ...market.spec, paths: [join(folder, "recorded.arrival")] } as FileMarket;
  const markets: readonly SweepMarket[] = [{ kind: "recorded", name: "recorded", files }];
  // More parents than lie side by side: some are worked again from the same start.
  const request: SweepRequest = { ...REQUEST, markets, parents: 12 };

  it("gives the rows of one worker, whatever their number, and those of a comparison", async () => {
    const rows = await swept(request);
    expect(rows).toMatchObject({ isWhole: true, failures: [] });
    expect(rows.rows.map(({ unit }) => unit)).toEqual([...Array(unitCount(request)).keys()]);
    expect(await swept(request, { workers: 3 })).toEqual(rows);
    const { arms, sides, parents, constraints, config, seed } = request;
    const steps = compare({
      windows: { kind: "recorded", market },
      arms,
      sides,
      quantity: "0.5",
      isNotional: false,
      over: micros(20 * SECOND),
      parents,
      constraints,
      config,
      seed,
    });
    const told: number[] = [];
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) told.push(step.value.done);
    if (!step.value.ok) throw new Error(step.value.error.text);
    const { outcomes } = step.value.value;
    expect(rows.rows.map((row) => outcomeOf(request, row))).toEqual(positiveZero(outcomes));
    expect(new Set(outcomes.map(({ cluster }) => cluster)).size).toBeGreaterThan(7);
    expect(told.at(-1)).toBe(outcomes.length);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it("gives those of windows that are worked one by one", async () => {
    const { rows } = await swept(request);
    const placed = placeWindow(request, { market: 0, window: 9 }, market);
    if (!placed.ok) throw new Error(placed.error.text);
    const units = rows.map(({ unit }) => unit).filter((unit) => windowOf(request, unit) === 9);
    expect(units).toHaveLength(8);
    const alone = workUnits(request, placed.value, units, []);
    expect(positiveZero(alone.map((row) => row.ok && row.value))).toEqual(
      rows.filter(({ unit }) => units.includes(unit)),
    );
  });

  it("names units that throw and units that end their thread; the others are worked", async () => {
    const throwing = arm("throwing", {
      strategy: { name: "fragile", parameters: { throws: true } },
    });
    const broken = { ...(await fragile([arm("twap"), throwing, dying], 4)), markets };
    const once = { ...broken, arms: [arm("twap"), throwing] };
    const { rows, failures, isWhole } = await swept(once);
    expect([rows.length, failures.length, isWhole]).toEqual([8, 8, true]);
    for (const { text } of failures) expect(text).toContain("not today");
    expect(await runSweep(broken, { workers: 1 })).toMatchObject({
      ok: false,
      error: { code: "SWEEP_WORKER", text: expect.stringContaining("3 workers have died") },
    });
    const few = await fragile([arm("twap"), dying], 1);
    const single = await swept({ ...few, markets });
    expect(single.rows.map(({ unit }) => unit)).toEqual([0, 1]);
    expect(single.failures.map(({ unit }) => unit)).toEqual([2, 3]);
  });
});

describe("a worker that dies", () => {
  it("costs its unit, which is named; all others are worked", async () => {
    const request = await fragile([arm("fragile"), dying, arm("twap")], 1);
    const { rows, failures, isWhole } = await swept(request);
    expect(isWhole).toBe(true);
    expect(rows.map(({ unit }) => unit)).toEqual([0, 1, 4, 5]);
    expect(failures).toEqual([
      { unit: 2, text: "its worker died: it exited with 7" },
      { unit: 3, text: "its worker died: it exited with 7" },
    ]);
  });

  it("stops the sweep when it is not the only one", async () => {
    const request = await fragile([dying], 2);
    expect(await runSweep(request, { workers: 1 })).toMatchObject({
      ok: false,
      error: { code: "SWEEP_WORKER", text: expect.stringContaining("3 workers have died") },
    });
  });

  it("stops it when it has not even begun: the plugin is not the one that was checked", async () => {
    const request = await fragile([arm("fragile")], 1);
    writeFileSync(request.pluginPaths[0]!, `${PLUGIN}// changed\n`);
    expect(await runSweep(request, { workers: 1 })).toMatchObject({
      ok: false,
      error: { code: "SWEEP_WORKER", text: expect.stringContaining("fragile.mjs has changed") },
    });
  });
});
