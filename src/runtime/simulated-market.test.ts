/** A run in a market that answers: against plain replay, against itself, and from its journal. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { micros, MINUTE } from "../core/domain/units.ts";
import { constantLatency } from "../simulation/latency.ts";
import { NO_REACTION } from "../simulation/reaction.ts";
import { ReactiveVenue } from "../simulation/reactive-venue.ts";
import { type BacktestRequest, prepareBacktest, prepareOrder } from "./backtest.ts";
import { composeEngine, composeMarket, composeVenue } from "./compose.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "./config.ts";
import type { JournalSink } from "./journal/journal.ts";
import { openJournal } from "./journal/reader.ts";
import { openGenerated, type OpenMarket } from "./market-source.ts";
import { replay } from "./replay.ts";
import { rerun } from "./rerun.ts";
import { simulateToEnd } from "./simulated-loop.ts";
import { FixedMarket, ReactingMarket, type SimulatedMarket } from "./simulated-market.ts";

const folder = mkdtempSync(join(tmpdir(), "arrival-reacting-"));
afterAll(() => rmSync(folder, { recursive: true }));

const market = (seed: number): OpenMarket =>
  openGenerated({
    kind: "generated",
    seed,
    startAt: micros(1_700_049_600_000_000),
    duration: micros(4 * MINUTE),
  });

const { simulation } = DEFAULT_CONFIG;
const calm = { ...simulation, latencyJitter: micros(0) };

function requestOf(urgency: number, change: Partial<ArrivalConfig["simulation"]> = {}) {
  return {
    side: "buy",
    quantity: "12",
    isNotional: false,
    over: micros(2 * MINUTE),
    constraints: { mayCrossSpread: true, residual: "cross" },
    acceptInfeasible: true,
    config: {
      ...DEFAULT_CONFIG,
      execution: { ...DEFAULT_CONFIG.execution, urgency },
      simulation: { ...calm, ...change },
    },
    seed: 7,
  } satisfies BacktestRequest;
}

/** Every record of a run, with the rows that had been seen. */
function recordsOf(
  open: OpenMarket,
  request: BacktestRequest,
  compose: (open: OpenMarket) => SimulatedMarket,
): string[] {
  const prepared = prepareOrder(open, request);
  if (!prepared.ok) throw new Error(prepared.error.text);
  const { engine, submitted } = prepared.value;
  const records: string[] = [];
  const journal: JournalSink = {
    append: (kind, position, body) => void records.push(`${position} ${kind} ${body}`),
    commit: () => undefined,
    close: () => undefined,
  };
  simulateToEnd({ market: compose(open), lanes: [{ engine, scheduled: [submitted], journal }] });
  return records;
}

describe("a market whose answer is nothing", () => {
  it.each([1, 2, 3])("is plain replay, record for record (market %i)", (seed) => {
    for (const urgency of [0.3, 1]) {
      const request = requestOf(urgency);
      const plain = recordsOf(market(seed), request, ({ header, blocks }) => {
        return new FixedMarket(header, blocks, composeVenue(header, request));
      });
      const silent = recordsOf(market(seed), request, ({ header, blocks }) => {
        const { instrument, epochNanos } = header;
        const { fees, queue } = simulation;
        const latency = constantLatency(10e6, 10e6);
        const config = { instrument, epochNanos, fees, queue, latency, seed: request.seed };
        return new ReactingMarket(header, new ReactiveVenue(config, NO_REACTION, blocks));
      });
      // A fill tells of a displacement of nothing, which plain replay does not speak of.
      const told = silent.map((record) =>
        record.replaceAll(/"displacement":0,|"permanentDisplacement":0,/g, ""),
      );
      expect(plain.length).toBeGreaterThan(50);
      expect(told.findIndex((record, k) => record !== plain[k])).toBe(-1);
      expect(told.length).toBe(plain.length);
    }
  });
});

describe("a reactive backtest", () => {
  it("costs more the more its market answers, and says what part of that is impact", () => {
    const impacts = [0, 1, 4].map((strength) => {
      const reaction = { ...simulation.reaction, permanent: strength, transient: strength };
      const prepared = prepareBacktest(market(5), requestOf(1, { market: "reactive", reaction }));
      if (!prepared.ok) throw new Error(prepared.error.text);
      const steps = prepared.value.run();
      for (;;) {
        const step = steps.next();
        if (step.done !== true) continue;
        const { shortfall } = step.value.report!;
        expect(shortfall.displacementModel).toBe("exact");
        return shortfall.parts.impact.bps!;
      }
    });
    expect(impacts[0]).toBeLessThan(impacts[1]!);
    expect(impacts[1]).toBeLessThan(impacts[2]! / 2);
    expect(impacts[2]).toBeGreaterThan(0.5);
  });

  it("is replayed with its venue, and differs in another world", async () => {
    const path = join(folder, "run.journal");
    const prepared = prepareBacktest(market(6), requestOf(0.5, { market: "reactive" }), path);
    if (!prepared.ok) throw new Error(prepared.error.text);
    for (const steps = prepared.value.run(); steps.next().done !== true;);
    const again = await replay(path);
    expect(again).toMatchObject({ ok: true, value: { identical: true, difference: undefined } });
    if (again.ok) expect(again.value.rows).toBeGreaterThan(20_000);

    const { config } = requestOf(0.5, { market: "reactive", latencyJitter: micros(1) });
    const opened = openJournal(path);
    const composed = composeMarket(market(6), { config, seed: 7 });
    if (!opened.ok || !composed.ok) throw new Error("cannot be opened");
    const engine = composeEngine(config, composed.value.header, 7);
    const { difference, events } = rerun(composed.value, engine, opened.value);
    opened.value.close();
    expect(events).toBeGreaterThan(0);
    expect(difference?.journaled).toContain("order-reported");
  });
});
