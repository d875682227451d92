/**
 * The simulated loop: whoever trades in it must not see the future, and a run must not depend on how
 * its input was cut.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { EngineEvent } from "../core/domain/messages.ts";
import { instrumentId } from "../core/domain/instrument.ts";
import type { ParentOrder } from "../core/domain/parent-order.ts";
import { lots, type Micros, micros, SECOND } from "../core/domain/units.ts";
import { ColumnsBuilder, LAST, type MarketBlock } from "../core/market/columns.ts";
import { generatedHeader, generateMarket } from "../simulation/generated/market.ts";
import type { ReplayVenue } from "../simulation/replay-venue.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { composeEngine, composeVenue } from "./compose.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "./config.ts";
import { memoryJournal } from "./journal/journal.ts";
import type { SimulatedAccount } from "./simulated-lane.ts";
import { simulateToEnd } from "./simulated-loop.ts";
import { FixedMarket, type FixedVenue } from "./simulated-market.ts";

const START = micros(1_700_000_000 * 1e6);
const MARKET = { seed: 5, startAt: START, duration: micros(150 * SECOND), eventsPerSecond: 60 };
const header = generatedHeader(MARKET);
let whole: readonly MarketBlock[];

beforeAll(() => {
  whole = [...generateMarket(MARKET)];
});

const parentOf = (id: string, from: number, until: number): ParentOrder => ({
  id,
  instrument: instrumentId(header.instrument),
  side: "buy",
  quantity: { kind: "lots", lots: lots(3_000) },
  startAt: micros(START + from * SECOND),
  deadline: micros(START + until * SECOND),
  strategy: DEFAULT_CONFIG.strategy,
  urgency: 0.5,
  maxSpreadToCross: 20,
  minOrder: lots(10),
  acceptInfeasible: true,
  constraints: { mayCrossSpread: true, residual: "leave" },
});

const submit = (parent: ParentOrder, time: Micros = parent.startAt): EngineEvent => ({
  kind: "parent-submitted",
  time,
  parent,
});

/** A venue that notes how far it has run, and when it is asked for something in its own past. */
function watched(venue: ReplayVenue) {
  const account = venue.accounts[0]!;
  const seen = { until: Number.NEGATIVE_INFINITY, tooLate: 0, asked: 0 };
  const ask = (sentAt: number): void => {
    seen.asked += 1;
    if (sentAt + account.minEntryLatency < seen.until) seen.tooLate += 1;
  };
  const watchedAccount: SimulatedAccount = {
    minEntryLatency: account.minEntryLatency,
    minResponseLatency: account.minResponseLatency,
    get isIdle() {
      return account.isIdle;
    },
    get nextReportAt() {
      return account.nextReportAt;
    },
    takeReport: () => account.takeReport(),
    place(order, sentAt) {
      ask(sentAt);
      account.place(order, sentAt);
    },
    amend(amend, sentAt) {
      ask(sentAt);
      account.amend(amend, sentAt);
    },
    cancel(id, sentAt) {
      ask(sentAt);
      account.cancel(id, sentAt);
    },
  };
  const watching: FixedVenue = {
    accounts: [watchedAccount],
    advance(block, from, to, until) {
      const next = venue.advance(block, from, to, until);
      for (let row = from; row < next; row++) {
        seen.until = Math.max(seen.until, block.exchangeTime[row]!);
      }
      return next;
    },
    finish: (until) => venue.finish(until),
  };
  return { watching, seen };
}

function run(
  blocks: Iterable<MarketBlock>,
  scheduled: readonly EngineEvent[],
  config: ArrivalConfig = DEFAULT_CONFIG,
) {
  const engine = composeEngine(config, header, 1);
  const { watching, seen } = watched(composeVenue(header, { config, seed: 1 }));
  const events: EngineEvent[] = [];
  const journal = memoryJournal();
  const totals = simulateToEnd({
    market: new FixedMarket(header, blocks, watching),
    lanes: [{ engine, scheduled, journal, onStep: (event) => void events.push(event) }],
  });
  return { engine, events, journal, totals, seen };
}

/** The same rows in blocks of about `rows`, each ending with its message. */
function cut(blocks: readonly MarketBlock[], rows: number): MarketBlock[] {
  const pieces: MarketBlock[] = [];
  let builder = new ColumnsBuilder(rows);
  for (const block of blocks) {
    for (let row = 0; row < block.length; row++) {
      const { exchangeTime, localTime, kind, price, quantity } = block;
      builder.push(exchangeTime[row]!, localTime[row]!, kind[row]!, price[row]!, quantity[row]!);
      if (builder.length >= rows && (kind[row]! & LAST) !== 0) {
        pieces.push(builder.view());
        builder = new ColumnsBuilder(rows);
      }
    }
  }
  return [...pieces, builder.view()];
}

const JITTERY: ArrivalConfig = {
  ...DEFAULT_CONFIG,
  simulation: { ...DEFAULT_CONFIG.simulation, latencyJitter: micros(400_000) },
};
const INSTANT: ArrivalConfig = {
  ...DEFAULT_CONFIG,
  simulation: {
    ...DEFAULT_CONFIG.simulation,
    entryLatency: micros(0),
    responseLatency: micros(0),
    latencyJitter: micros(0),
  },
};

describe("a simulated run", () => {
  const scheduled = [submit(parentOf("p1", 60, 120)), submit(parentOf("p2", 70, 100))];

  it.each([
    ["the default latencies", DEFAULT_CONFIG],
    ["latencies that vary much", JITTERY],
    ["no latency at all", INSTANT],
  ])("is the same however its rows are cut into blocks: %s", (_, config) => {
    const once = run(whole, scheduled, config);
    expect(once.seen.asked).toBeGreaterThan(10);
    for (const rows of [1, 7, 1_000]) {
      const again = run(cut(whole, rows), scheduled, config);
      expect(again.journal.records).toEqual(once.journal.records);
      expect(again.totals).toEqual(once.totals);
    }
  });

  it.each([
    ["the default latencies", DEFAULT_CONFIG],
    ["latencies that vary much", JITTERY],
    ["no latency at all", INSTANT],
  ])("never asks the venue for something in the venue's own past: %s", (_, config) => {
    const { seen } = run(whole, scheduled, config);
    expect(seen.asked).toBeGreaterThan(10);
    expect(seen.tooLate).toBe(0);
  });

  it("tells time that never falls, the end of the market once, and ends with everything closed", () => {
    const { events, engine, totals } = run(whole, scheduled);
    const times = events.map((event) => event.time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(events.filter((event) => event.kind === "market-ended")).toHaveLength(1);
    for (const parent of engine.parents.values()) {
      expect(parent.live).toEqual([]);
      expect(parent.endedAt).toBeLessThanOrEqual(totals.endedAt);
    }
    expect(totals.rows).toBe(whole.reduce((sum, block) => sum + block.length, 0));
    expect(totals.events).toBe(events.length);
  });

  it("ends an order that the market does not outlive, and says so", () => {
    const { engine } = run(whole, [submit(parentOf("p1", 140, 400))]);
    expect(engine.parents.get("p1")).toMatchObject({
      phase: "expired",
      reason: "the market data ended",
    });
  });

  it("journals the event, then what came of it, at the row that the engine had seen", () => {
    const { journal, events, totals } = run(whole, scheduled);
    const { records } = journal;
    expect(records.filter((entry) => entry.kind === "event").map((entry) => entry.body)).toEqual(
      events.map((event) => canonicalJson(event)),
    );
    expect(records[0]).toMatchObject({ kind: "event" });
    const positions = records.map((entry) => entry.position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(positions.at(-1)).toBeLessThanOrEqual(totals.rows);
  });

  it("hears an operator before the timer of the same instant", () => {
    const early = parentOf("p1", 60, 120);
    // The timer for the start falls due together with the operator's pause.
    const pause: EngineEvent = {
      kind: "parent-paused",
      time: early.startAt,
      parentId: "p1",
      by: "ann",
      reason: "first things first",
    };
    const { events } = run(whole, [submit(early, micros(START + SECOND)), pause]);
    const together = events.filter((event) => event.time === early.startAt);
    expect(together.map((event) => event.kind).slice(0, 2)).toEqual(["parent-paused"]);
  });

  it("runs with no order at all, and over a market of nothing", () => {
    expect(run(whole, []).totals.commands).toBe(0);
    expect(run([], [submit(parentOf("p1", 60, 120))]).totals.rows).toBe(0);
  });
});
