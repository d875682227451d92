/**
 * What a person is shown of a run: in the run, in its replay, and against its own report.
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { ok } from "../core/domain/errors.ts";
import { leaves } from "../core/domain/child-order.ts";
import {
  formatHalfPrice,
  formatPrice,
  formatQuantity,
  instrumentId,
} from "../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput, MarketTold } from "../core/domain/messages.ts";
import { lots, type Micros, micros, MINUTE, SECOND, ticks } from "../core/domain/units.ts";
import type { Engine } from "../core/engine.ts";
import type { MarketBlock } from "../core/market/columns.ts";
import { executionOf } from "../core/execution/execution-record.ts";
import { analyse } from "../core/tca/report.ts";
import { RunViewer } from "../view/run-viewer.ts";
import type { OrderView } from "../view/shapes.ts";
import { WatchedObserver } from "../view/watched-observer.ts";
import { VirtualTime } from "../data/network/virtual-time.ts";
import type { Venue } from "../venues/venue.ts";
import { paperVenue } from "../venues/paper/paper-venue.ts";
import { fedFeed } from "../../test/fed-market.ts";
import { openAdvice } from "./advice/open-advice.ts";
import { type BacktestRequest, type BacktestResult, orderOf, prepareBacktest } from "./backtest.ts";
import { composeEngine, composeMarket, composeVenue, feeRates, headerOf } from "./compose.ts";
import { type ArrivalConfig, configJson, DEFAULT_CONFIG } from "./config.ts";
import { type InstrumentJson, instrumentJson } from "./instrument-file.ts";
import { openJournalView } from "./journal-view.ts";
import { openJournal } from "./journal/reader.ts";
import { createJournal } from "./journal/writer.ts";
import type { LiveRun } from "./live/live-run.ts";
import { openLiveRun, resumeLiveRun } from "./live/open-run.ts";
import { stateText } from "./live/recovery.ts";
import type { RunFollower } from "./live/run-follower.ts";
import { openGenerated, openMarket, type OpenMarket } from "./market-source.ts";
import { NODE_MAJOR, PROGRAM } from "./program.ts";
import { replay } from "./replay.ts";
import { simulateToEnd } from "./simulated-loop.ts";
import { viewerOptions } from "./viewer-options.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-view-"));
afterAll(() => rmSync(folder, { recursive: true }));

const START = micros(1_700_049_600_000_000);

const INVERSE: InstrumentJson = {
  venue: "generated",
  symbol: "BTCUSD",
  kind: "inverse",
  base: "BTC",
  quote: "USD",
  tickSize: "0.1",
  lotSize: "1",
  contractSize: "100",
  minQuantity: "1",
  maxQuantity: "1000000",
  maxMarketQuantity: "1000000",
  minNotional: "0",
};

const generated = (seed: number, instrument?: InstrumentJson): OpenMarket =>
  openGenerated({
    kind: "generated",
    seed,
    startAt: START,
    duration: micros(4 * MINUTE),
    ...(instrument === undefined ? {} : { instrument }),
  });

const by = (name: string, rest: Partial<ArrivalConfig> = {}): ArrivalConfig => ({
  ...DEFAULT_CONFIG,
  strategy: { name, parameters: {} },
  ...rest,
});

const request = (
  config: ArrivalConfig,
  change: Partial<BacktestRequest> = {},
): BacktestRequest => ({
  side: "buy",
  quantity: "12",
  isNotional: false,
  over: micros(90 * SECOND),
  // Long enough that a volatility is known when the order arrives.
  start: micros(90 * SECOND),
  constraints: { mayCrossSpread: true, residual: "cross" },
  acceptInfeasible: true,
  config,
  seed: 7,
  ...change,
});

let count = 0;
const journalName = (): string => join(folder, `${++count}.journal`);

async function backtested(
  market: OpenMarket,
  asked: BacktestRequest,
): Promise<{ readonly path: string; readonly result: BacktestResult }> {
  const path = journalName();
  const prepared = prepareBacktest(market, asked, path);
  if (!prepared.ok) throw new Error(prepared.error.text);
  const { advisors } = prepared.value;
  const steps = prepared.value.run();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return { path, result: step.value };
    for (const advisor of advisors) if (advisor.isThinking) await advisor.thought;
  }
}

async function shown(path: string, record?: number): Promise<OrderView> {
  const opened = await openJournalView(path, { most: Number.POSITIVE_INFINITY });
  if (!opened.ok) throw new Error(opened.error.text);
  const { orders } = await opened.value.at(record);
  expect(opened.value.trouble).toBeNull();
  opened.value.close();
  return orders[0]!;
}

/** What is sent to a page must come there as it left. */
const isPlain = (view: unknown): void => {
  expect(JSON.parse(JSON.stringify(view))).toStrictEqual(view);
};

describe("a journal that is looked at", () => {
  type Case = readonly [string, Partial<BacktestRequest>, InstrumentJson | undefined];
  const cases: readonly Case[] = [
    ["twap", {}, undefined],
    ["vwap", { side: "sell" }, undefined],
    ["is", {}, undefined],
    ["pov", { side: "sell", quantity: "40" }, undefined],
    ["twap", { quantity: "500000", isNotional: true }, undefined],
    ["twap", { quantity: "9000" }, INVERSE],
    ["is", { side: "sell", quantity: "9000" }, INVERSE],
  ];
  it.each(cases)("%s: has the figures of the run's own report (%#)", async (name, change, grid) => {
    const market = generated(11, grid);
    const { path, result } = await backtested(market, request(by(name), change));
    const view = await shown(path);
    const report = result.report!;
    expect(report.metrics.fills).toBeGreaterThan(5);
    expect(view.report).toStrictEqual(report);
    expect(view.row.shortfallBps).toBe(report.shortfall.total.bps);
    expect(view.row).toMatchObject({ phase: result.phase, reason: result.reason });
    expect(view.counts).toMatchObject({ fills: report.metrics.fills });
    expect(view.children).toHaveLength(report.children.length);
    expect(view.fills).toHaveLength(report.metrics.fills);
    expect(view.prices).toMatchObject({
      decision: report.prices.decision,
      arrival: report.prices.arrival,
      vwap: report.prices.vwap,
      marketVwap: report.prices.marketVwapWithoutOwn,
    });
    // Own average price against the shadow's is the difference of the two against the arrival.
    const own = report.metrics.arrivalSlippageBps!;
    expect(view.row.againstTwapBps).toBeCloseTo(own - view.twap!.costBps, 6);
    expect(view.impact.realisedBps).toBe(report.shortfall.parts.impact.bps);
    expect(view.impact.forecastBps).toBeGreaterThan(0);
    isPlain(view);
    const again = await replay(path);
    if (!again.ok) throw new Error(again.error.text);
    const { engine } = again.value;
    const parent = engine.parents.get("p1")!;
    const marketState = engine.instruments[0]!;
    const horizon = parent.midAtEnd ?? marketState.observer.lastMid!;
    expect(view.report).toEqual(
      analyse(executionOf(parent, marketState, parent.endedAt!, horizon)!),
    );
  });

  it("goes forward and back, and shows the same at a record whichever way it came", async () => {
    const { path } = await backtested(generated(11), request(by("twap")));
    const opened = await openJournalView(path);
    if (!opened.ok) throw new Error(opened.error.text);
    const view = opened.value;
    const marks = view.marks.map(({ record }) => record);
    const middle = marks[Math.floor(marks.length / 2)]!;
    const there = await view.at(middle);
    const end = await view.at();
    const back = await view.at(middle);
    const [again, direct] = await Promise.all([view.at(), view.at(middle)]);
    expect(back).toStrictEqual(there);
    expect(direct).toStrictEqual(there);
    expect(again).toStrictEqual(end);
    expect(there.orders[0]!.row.filledShare).toBeLessThan(end.orders[0]!.row.filledShare);
    expect(there.record).toBeGreaterThanOrEqual(middle);
    expect((await view.at(0)).orders).toEqual([]);
    expect((await view.at(middle, ["nobody"])).orders).toEqual([]);
    expect(view.parentIds).toEqual(["p1"]);
    isPlain(end);
    view.close();
  });

  it("on a film shows what a fold shows, to the last figure, wherever somebody goes", async () => {
    const { path } = await backtested(generated(11), request(by("twap")));
    const folded = await openJournalView(path);
    const filmed = await openJournalView(path, { isFilmed: true });
    if (!folded.ok || !filmed.ok) throw new Error("cannot be opened");
    const marks = filmed.value.marks.map(({ record }) => record);
    // Before it is made, and while it is.
    const late = marks.at(-3)!;
    const before = await filmed.value.at(late);
    expect(await filmed.value.at(marks[5]!)).toStrictEqual(await folded.value.at(marks[5]!));
    await filmed.value.filmed;
    expect(await filmed.value.at(late)).toStrictEqual(before);
    for (const record of marks.filter((_, k) => k % 7 === 0)) {
      expect(await filmed.value.at(record)).toStrictEqual(await folded.value.at(record));
    }
    for (const opened of [folded, filmed]) opened.value.close();
  });

  it("holds the market's volume against the curve of the day by which its order trades", async () => {
    const strategy = { name: "vwap", parameters: { curve: "crypto-sessions" } };
    const { path } = await backtested(generated(11), request(by("vwap", { strategy })));
    const opened = await openJournalView(path);
    if (!opened.ok) throw new Error(opened.error.text);
    const { market } = await opened.value.at();
    opened.value.close();
    isPlain(market);
    const { usualFrom, curve, quarters } = market.dayVolume;
    expect([usualFrom, curve]).toEqual(["curve", "crypto-sessions"]);
    // Two regions are at work at 14:00, one at 10:00: three to two.
    expect(quarters[4 * 14]!.usual! / quarters[4 * 10]!.usual!).toBeCloseTo(1.5, 10);
    expect(quarters.filter(({ traded }) => traded !== null)).toHaveLength(1);
  });

  it("shows what it can where this program decides otherwise, and says so", async () => {
    const { path } = await backtested(generated(11), request(by("twap")));
    const whole = openJournal(path);
    if (!whole.ok) throw new Error(whole.error.text);
    const other = journalName();
    const copy = createJournal(other, { ...whole.value.header, seed: 8 });
    if (!copy.ok) throw new Error(copy.error.text);
    for (const { kind, position, body } of whole.value.records()) {
      copy.value.append(kind, position, body);
    }
    copy.value.close();
    whole.value.close();
    const opened = await openJournalView(other);
    if (!opened.ok) throw new Error(opened.error.text);
    const view = opened.value;
    const end = await view.at();
    expect(view.trouble).toMatch(/decides otherwise at record \d+/);
    expect(end.record).toBeLessThan(view.records);
    expect(await view.at()).toStrictEqual(end);
    expect(await view.at(end.record)).toStrictEqual(end);
    view.close();
    await expect(view.at()).rejects.toThrow("has been closed");
  });

  it("says what is missing: no file, or another one", async () => {
    const missing = await openJournalView(join(folder, "none.journal"));
    expect(missing).toMatchObject({ ok: false, error: { code: "JOURNAL_NOT_FOUND" } });
    const text = join(folder, "text.journal");
    writeFileSync(text, "not a journal");
    expect(await openJournalView(text)).toMatchObject({
      ok: false,
      error: { code: "JOURNAL_NOT_A_JOURNAL" },
    });
  });
});

const RECORDED = fileURLToPath(
  new URL("../../../shared/data/binance-hftbacktest/cm_btcusd_perp_20240808.gz", import.meta.url),
);

describe.skipIf(!existsSync(RECORDED))("a recording (needs ../shared/data)", () => {
  it("of an inverse contract: the run's own figures, and where the file is when it moved", async () => {
    const recorded = join(folder, "cm_btcusd_perp_20240808.gz");
    copyFileSync(RECORDED, recorded);
    const market = await openMarket({ kind: "files", paths: [recorded] });
    if (!market.ok) throw new Error(market.error.text);
    const change = { side: "sell", quantity: "150", over: micros(2 * MINUTE) } as const;
    const { path, result } = await backtested(market.value, request(by("vwap"), change));
    const view = await shown(path);
    expect(view.report).toStrictEqual(result.report);
    expect(view.row.shortfallBps).toBe(result.report!.shortfall.total.bps);
    expect(view.fills.length).toBeGreaterThan(5);
    expect(view.twap!.seconds).toBeGreaterThan(100);
    // A recorded market answers nothing: there is no impact that could be told.
    expect(view.impact.realisedBps).toBeNull();
    rmSync(recorded);
    expect(await openJournalView(path)).toMatchObject({ ok: false });
    const found = await openJournalView(path, { paths: [RECORDED] });
    expect(found.ok).toBe(true);
    if (found.ok) found.value.close();
  });
});

interface Watched {
  readonly path: string;
  readonly engine: Engine;
  readonly viewer: RunViewer | undefined;
}

type Look = (
  viewer: RunViewer,
  engine: Engine,
  event: EngineEvent,
  outputs: readonly EngineOutput[],
) => void;

/** Several orders, and operators who meddle; with a viewer on the run itself, or without. */
function operated(look: Look | undefined, name = "twap", grid?: InstrumentJson): Watched {
  const path = journalName();
  const market = generated(11, grid);
  const config = by(name);
  const sight = headerOf(market, config, true);
  const observer =
    look === undefined ? undefined : new WatchedObserver(sight, config.limits.participationWindow);
  const engine = composeEngine(config, sight, 7, undefined, observer);
  const composed = composeMarket(market, { config, seed: 7, isShadowed: true });
  if (!composed.ok) throw new Error(composed.error.text);
  const journal = createJournal(path, {
    format: 2,
    program: PROGRAM,
    nodeMajor: NODE_MAJOR,
    instrument: instrumentJson(market.header.instrument),
    market: JSON.parse(JSON.stringify(market.spec)) as unknown,
    config: configJson(config),
    seed: 7,
  });
  if (!journal.ok) throw new Error(journal.error.text);
  const named = { journal: path.slice(folder.length + 1), venue: "simulated" };
  const { fees } = engine.instruments[0]!;
  const viewer =
    look === undefined ? undefined : new RunViewer(engine, viewerOptions(named, config, fees));
  const scheduled = schedule(market, config, grid === undefined ? "8" : "9000");
  simulateToEnd({
    market: composed.value,
    lanes: [
      {
        engine,
        scheduled,
        journal: journal.value,
        onStep(event, outputs) {
          viewer?.stepped(undefined, event, outputs);
          if (viewer !== undefined) look!(viewer, engine, event, outputs);
        },
      },
    ],
  });
  journal.value.close();
  return { path, engine, viewer };
}

function schedule(market: OpenMarket, config: ArrivalConfig, quantity: string): EngineEvent[] {
  const at = (seconds: number): Micros => micros(START + seconds * SECOND);
  const submitted = (id: string, seconds: number, size: string): EngineEvent => {
    const asked = request(config, { quantity: size });
    const order = orderOf(market.header.instrument, asked, id, at(seconds));
    if (!order.ok) throw new Error(order.error.text);
    return { kind: "parent-submitted", time: at(seconds), parent: order.value, by: "anna" };
  };
  const alone = { parentId: "a1", by: "anna" } as const;
  return [
    submitted("a1", 60, quantity),
    submitted("a2", 70, quantity),
    { kind: "parent-paused", time: at(80), ...alone, reason: "<script>alert(1)</script>" },
    { kind: "parent-resumed", time: at(95), ...alone },
    { kind: "parent-amended", time: at(105), ...alone, amendment: { urgency: 1 } },
    submitted("a1", 110, quantity),
    {
      kind: "strategy-switched",
      time: at(115),
      ...alone,
      strategy: { name: "is", parameters: {} },
    },
    { kind: "parent-canceled", time: at(130), parentId: "a2", by: "anna", reason: "enough" },
  ];
}

const hashOf = (path: string): string =>
  createHash("sha256").update(readFileSync(path)).digest("hex");

describe("a run that is looked at while it works", () => {
  it.each([
    ["linear", undefined],
    ["inverse", INVERSE],
  ] as const)("%s: tells each row what the report tells, at every step", (_, grid) => {
    let looks = 0;
    operated(
      (viewer, _engine, { time }) => {
        viewer.takeChanged().forEach((id) => {
          const view = viewer.order(id, time)!;
          expect(viewer.row(id)).toStrictEqual(view.row);
          expect(view.row.shortfallBps).toBe(view.report?.shortfall.total.bps ?? null);
          looks += 1;
        });
      },
      "twap",
      grid,
    );
    expect(looks).toBeGreaterThan(100);
  });

  it("is shown again by its journal, record for record", async () => {
    const seen: { readonly record: number; readonly moment: unknown }[] = [];
    const momentOf = (viewer: RunViewer, time: Micros): unknown => ({
      record: viewer.record,
      time,
      orders: viewer.rows().map(({ parentId }) => viewer.order(parentId, time)),
      market: viewer.marketView(time),
      timeline: viewer.timeline(),
    });
    let step = 0;
    const { path, viewer } = operated((watching, _, { time }) => {
      if (step++ % 15 !== 0) return;
      seen.push({ record: watching.record, moment: momentOf(watching, time) });
    });
    expect(seen.length).toBeGreaterThan(8);
    const opened = await openJournalView(path);
    if (!opened.ok) throw new Error(opened.error.text);
    expect(opened.value.parentIds).toEqual(["a1", "a2"]);
    expect(opened.value.records).toBe(viewer!.record);
    for (const { record, moment } of seen) {
      expect(await opened.value.at(record)).toStrictEqual(moment);
      isPlain(moment);
    }
    opened.value.close();
  });

  it("is not changed by it: the same state, and a journal of the same bytes", () => {
    let looks = 0;
    const watched = operated((viewer, engine, { time }) => {
      if (looks++ % 20 !== 0) return;
      const before = stateText(engine);
      viewer.rows();
      for (const id of engine.parents.keys()) viewer.order(id, time);
      viewer.marketView(time);
      viewer.timeline();
      expect(stateText(engine)).toBe(before);
    });
    const alone = operated(undefined);
    expect(hashOf(watched.path)).toBe(hashOf(alone.path));
    expect(stateText(watched.engine)).toBe(stateText(alone.engine));
  });

  it("shows the book with our own orders in it, and the last trades", () => {
    let own = 0;
    const { viewer, engine } = operated((watching, { instruments: [market] }, { time }) => {
      const { bids, asks, trades, mid } = watching.marketView(time, 5);
      expect(bids.length).toBeLessThanOrEqual(5);
      const { observer, instrument } = market!;
      expect(bids[0]?.price).toBe(formatPrice(instrument, observer.bid));
      expect(asks[0]?.price).toBe(formatPrice(instrument, observer.ask));
      expect(mid).toBe(formatHalfPrice(instrument, observer.mid));
      expect(trades.map((trade) => trade.time)).toEqual(
        trades.map((trade) => trade.time).toSorted((a, b) => b - a),
      );
      for (const { price, own: ours } of bids) {
        const there = market!.live
          .flatMap(({ live }) => live)
          .filter(({ limitPrice, aggressive, phase }) => {
            const isOurs =
              limitPrice !== undefined && formatPrice(instrument, limitPrice) === price;
            return isOurs && !aggressive && phase !== "pending-new";
          });
        const open = there.reduce((sum, child) => sum + leaves(child), 0);
        expect(ours).toBe(there.length === 0 ? null : formatQuantity(instrument, lots(open)));
        own += there.length;
      }
    });
    expect(own).toBeGreaterThan(20);
    expect(viewer!.marketView()).toMatchObject({ fundingRate: null, liquidations: [] });
    const { positionLots } = engine.instruments[0]!;
    expect(positionLots).toBeGreaterThan(0);
    expect(viewer!.marketView()).toMatchObject({ positionLots, health: expect.any(String) });
  });

  it("tells what people did, and what it refused", () => {
    const { viewer, engine } = operated(() => undefined);
    const texts = viewer!
      .timeline()
      .map(({ parentId, kind, text }) => `${parentId} ${kind}: ${text}`);
    expect(texts).toContain("a1 parent-paused: anna paused it: <script>alert(1)</script>");
    expect(texts).toContain("a1 strategy-switched: anna switched to is");
    expect(texts).toContain("a1 parent-amended: anna changed urgency to 1");
    expect(texts).toContain("a2 parent-canceled: anna canceled it: enough");
    expect(texts).toContain("a1 parent-refused: refused: PARENT_DUPLICATE_ID");
    expect(viewer!.row("a2")).toMatchObject({ phase: "canceled", isLive: false });
    const records = viewer!.timeline().map(({ record }) => record);
    expect(new Set(records).size).toBe(records.length);
    expect(viewer!.timeline(records.at(-3)).map(({ record }) => record)).toEqual(records.slice(-2));
    const { path } = viewer!.marketView();
    expect(path.length).toBeGreaterThan(150);
    const { observer } = engine.instruments[0]!;
    const volume = path.reduce((sum, point) => sum + point.volume, 0);
    expect(volume).toBeCloseTo(observer.volume / 1000, 0);
    const { usualFrom, quarters } = viewer!.marketView().dayVolume;
    expect(usualFrom).toBe("even-day");
    const traded = quarters.map((each) => each.traded ?? { value: 0, coverage: 0 });
    const today = traded.reduce((sum, { value, coverage }) => sum + value * coverage, 0);
    expect(today).toBeCloseTo(observer.volume / 1000, 0);
    expect(instrumentId(engine.instruments[0]!.instrument)).toBe(viewer!.marketView().instrument);
  });
});

const SCRIPT = `
name: a test
rules:
  - { when: { number: 1 }, advise: { action: accelerate, rate: 2, reasoning: "half in 90 s, not 77.7 %" },
      latencyMs: 900 }
  - { when: { number: 2 }, fail: timed-out, latencyMs: 3000 }
  - { when: { number: 3 }, advise: { action: wait, waitSeconds: 15 }, latencyMs: 1 }
  - { advise: { action: aggressive, proposal: { quantityShare: 0.5 } }, latencyMs: 250 }
`;

describe("an advised order that is looked at", () => {
  it("shows what was asked, answered and done, as the journal has it", async () => {
    const script = join(folder, "script.yaml");
    writeFileSync(script, SCRIPT);
    const config = by("twap", {
      execution: { ...DEFAULT_CONFIG.execution, llmQueryInterval: micros(20 * SECOND) },
      advice: {
        ...DEFAULT_CONFIG.advice,
        advisor: `scripted:${script}`,
        influence: { calm: 1, usual: 1, stressed: 1 },
      },
    });
    const opened = await openAdvice(config, { environment: {}, isSimulated: true });
    if (!opened.ok) throw new Error(opened.error.text);
    const asked = request(config, { advisor: opened.value, quantity: "6" });
    const { path, result } = await backtested(generated(5), asked);
    await opened.value!.close();
    const view = await shown(path);
    expect(view.report).toStrictEqual(result.report);
    const advisor = view.advisor!;
    expect(advisor.entries[0]).toMatchObject({
      cause: "start",
      latencyMs: 900,
      weight: 1,
      dropped: null,
      answer: { kind: "advice" },
    });
    expect(advisor.entries[0]!.grounded).toEqual([
      { text: "half in ", mark: "text" },
      { text: "90 s", mark: "found" },
      { text: ", not ", mark: "text" },
      { text: "77.7 %", mark: "not" },
    ]);
    expect(advisor.entries[1]).toMatchObject({ weight: null, dropped: expect.any(String) });
    expect(advisor.asked).toBe(advisor.entries.length);
    expect(advisor.followed).toBeGreaterThan(1);
    expect(advisor.fallbackRate).toBeGreaterThan(0);
    expect(advisor.fallbackRate).toBeLessThan(1);
    expect(advisor.envelope!.variationUsed).toBeGreaterThan(0);
    expect(advisor.envelope!.variationUsed).toBeLessThanOrEqual(advisor.envelope!.variation);
    expect(advisor.envelope!.boundBps![1]).toBeGreaterThan(advisor.envelope!.boundBps![0]);
    expect(advisor.budget.questions).toEqual({
      spent: advisor.asked,
      most: view.advisor!.budget.questions.most,
    });
    expect(advisor.budget).toMatchObject({ tokens: { spent: null }, usd: { spent: null } });
    expect(advisor.influenceSource).not.toBe("");
    // Given by a person, and earned by nobody: nothing was measured before.
    expect(advisor.worth.measured).toBeNull();
    const soFar = advisor.worth.soFar!;
    expect(soFar.bets).toBe(advisor.followed);
    expect(Math.abs(soFar.savedBps)).toBeGreaterThan(0);
    expect(Math.abs(soFar.savedBps)).toBeLessThan(advisor.envelope!.boundBps![1]);
    expect(soFar.luckBps).toBeGreaterThan(5);
    expect(view.decisions.some(({ source }) => source === "llm")).toBe(true);
    const led = view.trajectory.filter(({ low }) => low !== null);
    expect(led.length).toBeGreaterThan(3);
    for (const { planned, low, high } of led) {
      expect(low).toBeLessThanOrEqual(planned!);
      expect(high).toBeGreaterThanOrEqual(planned!);
    }
    isPlain(view);
  });
});

/** The market as who comes late finds it: what was before comes at once. */
function* from(nanos: number, market: OpenMarket): Generator<MarketBlock> {
  const late = (times: Float64Array): Float64Array => times.map((at) => Math.max(at, nanos));
  for (const block of market.blocks) {
    const { exchangeTime, localTime } = block;
    yield { ...block, exchangeTime: late(exchangeTime), localTime: late(localTime) };
  }
}

/** More than a page wants to know: another figure each time, and forty liquidations at once. */
const tells = (nanos: number): MarketTold => ({
  fundingRate: Math.round(nanos / 1e8) / 1e7,
  nextFundingAt: micros(START + 3600 * SECOND),
  openInterest: lots(1_000_000 + Math.round(nanos / 1e9)),
  unusedMessages: 3,
  ...(nanos % 7e9 < 1e8 && {
    liquidations: Array.from({ length: 40 }, (_, k) => ({
      time: micros(START + Math.floor(nanos / 1000)),
      side: "buy" as const,
      price: ticks(600_000 + k),
      quantity: lots(1 + k),
    })),
  }),
});

/** A run on paper, in virtual time, with a viewer on it. */
class Paper {
  readonly path: string;
  readonly time = new VirtualTime();
  readonly #config = by("twap");
  viewer: RunViewer | undefined;

  constructor(path: string) {
    this.path = path;
  }

  #venue(): Venue {
    const market = generated(5);
    const blocks = { [Symbol.iterator]: () => from(this.time.now, market) };
    return paperVenue({
      openFeed: fedFeed({ header: market.header, blocks }, this.time, undefined, tells),
      exchange: (header) => composeVenue(header, { config: this.#config, seed: 1 }),
      fees: feeRates(this.#config.simulation),
      timers: this.time,
    });
  }

  #common() {
    const follower: RunFollower = {
      begun: (engine) => {
        const named = { journal: basename(this.path), venue: "paper" };
        const { fees } = engine.instruments[0]!;
        this.viewer = new RunViewer(engine, viewerOptions(named, this.#config, fees));
      },
      recalled: (...told) => this.viewer?.recalled(...told),
      stepped: (...told) => this.viewer?.stepped(...told),
    };
    return { journal: this.path, timers: this.time, follower };
  }

  async begin(): Promise<LiveRun> {
    const change = { quantity: "2", acceptInfeasible: false, start: micros(0) };
    const opened = await openLiveRun({
      ...this.#common(),
      venue: this.#venue(),
      request: request(this.#config, change),
      parentId: "r1",
    });
    if (!opened.ok) throw new Error(opened.error.text);
    const ready = await this.until(opened.value.ready());
    if (!ready.ok) throw new Error(ready.error.text);
    this.time.runTo(this.time.now + 30e9);
    const begun = opened.value.begin();
    if (!begun.ok) throw new Error(begun.error.text);
    return opened.value;
  }

  async goOn(): Promise<LiveRun> {
    const venue = () => ok(this.#venue());
    const opened = await resumeLiveRun({ ...this.#common(), venue });
    if (!opened.ok) throw new Error(opened.error.text);
    opened.value.goOn();
    return opened.value;
  }

  /** Lets time go by until it has come. */
  async until<Value>(awaited: Promise<Value>): Promise<Value> {
    const state: { done: boolean } = { done: false };
    const settled = awaited.finally(() => {
      state.done = true;
    });
    while (!state.done) {
      this.time.step(this.time.now + 1e9);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return settled;
  }
}

function eventsOf(path: string): EngineEvent[] {
  const journal = openJournal(path);
  if (!journal.ok) throw new Error(journal.error.text);
  const events = [...journal.value.records()]
    .filter(({ kind }) => kind === "event")
    .map(({ body }) => JSON.parse(body) as EngineEvent);
  journal.value.close();
  return events;
}

describe("a live run that is looked at", () => {
  it("is shown by its journal as it was shown while it worked", async () => {
    const path = join(folder, "paper.journal");
    const paper = new Paper(path);
    const run = await paper.begin();
    await paper.until(run.finish());
    const viewer = paper.viewer!;
    const opened = await openJournalView(path);
    if (!opened.ok) throw new Error(opened.error.text);
    const { orders, time, timeline, market } = await opened.value.at();
    expect(opened.value.trouble).toBeNull();
    const [order] = orders;
    expect(order!.row).toMatchObject({ parentId: "r1", venue: "paper", isLive: false });
    expect(order!.report!.metrics.fills).toBeGreaterThan(3);
    expect(order).toStrictEqual(viewer.order("r1", time));
    expect(timeline).toStrictEqual(viewer.timeline());
    const shownLive = viewer.marketView(time);
    expect(market.quality).toStrictEqual(shownLive.quality);
    expect(market.quality.unused).toBe(3);
    // What the venue told besides is the journal's, and no more of it than a person can read.
    const { fundingRate, nextFundingAt, openInterest, liquidations } = market;
    expect({ fundingRate, nextFundingAt, openInterest, liquidations }).toStrictEqual({
      fundingRate: shownLive.fundingRate,
      nextFundingAt: shownLive.nextFundingAt,
      openInterest: shownLive.openInterest,
      liquidations: shownLive.liquidations,
    });
    expect(fundingRate).toBeGreaterThan(1e-5);
    expect(openInterest).toMatch(/^1000\.\d{3} BTC$/);
    expect(liquidations).toHaveLength(20);
    expect(liquidations[0]).toMatchObject({ side: "buy", price: "60003.9", quantity: "0.040" });
    const again = await replay(path);
    expect(again.ok && again.value.identical).toBe(true);
    const told = eventsOf(path).filter(({ kind }) => kind === "market-told");
    expect(told.length).toBeGreaterThan(5);
    const [first, last] = [told[0]!.time, told.at(-1)!.time];
    expect(told.length).toBeLessThanOrEqual(1 + (last - first) / (5 * SECOND));
    expect(market.path).toStrictEqual(shownLive.path.filter((point) => point.time <= time));
    opened.value.close();
    rmSync(join(folder, "paper.market.arrival"));
    const gone = await openJournalView(path);
    expect(gone).toMatchObject({ ok: false, error: { code: expect.stringMatching(/^DATA_/) } });
    expect(gone.ok ? "" : gone.error.text).toContain("paper.market.arrival");
  });

  it("that was left and gone on with is one run, live and in its journal", async () => {
    const path = join(folder, "left.journal");
    const paper = new Paper(path);
    const first = await paper.begin();
    paper.time.runTo(paper.time.now + 45e9);
    const filled = paper.viewer!.row("r1")!.filledShare;
    const before = paper.viewer!.timeline();
    first.interrupt("leave", "anna");
    await paper.until(first.finish());
    paper.time.runTo(paper.time.now + 5e9);
    const second = await paper.goOn();
    await paper.until(second.recovered);
    // What was before the restart is there again.
    expect(paper.viewer!.timeline().slice(0, before.length)).toStrictEqual(before);
    expect(paper.viewer!.row("r1")!.filledShare).toBeGreaterThanOrEqual(filled);
    await paper.until(second.finish());
    const opened = await openJournalView(path);
    if (!opened.ok) throw new Error(opened.error.text);
    const { orders, time, timeline } = await opened.value.at();
    expect(opened.value.trouble).toBeNull();
    const [order] = orders;
    expect(filled).toBeGreaterThan(0.1);
    expect(order!.row.filledShare).toBeGreaterThan(filled);
    expect(timeline.map(({ kind }) => kind)).toContain("session-resumed");
    // A restart does not know the plans of before; the journal's replay makes them again.
    const { trajectory, ...rest } = paper.viewer!.order("r1", time)!;
    expect(order).toStrictEqual({ ...rest, trajectory: order!.trajectory });
    const done = (points: OrderView["trajectory"]) => points.map((at) => [at.time, at.filled]);
    expect(done(trajectory)).toStrictEqual(done(order!.trajectory));
    const resumedAt = timeline.find(({ kind }) => kind === "session-resumed")!.time;
    const since = trajectory.filter((point) => point.time > resumedAt);
    expect(since.filter(({ planned }) => planned !== null).length).toBeGreaterThan(3);
    expect(timeline).toStrictEqual(paper.viewer!.timeline());
    opened.value.close();
  });
});
