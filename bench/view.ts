/**
 * View: what it costs a run that somebody looks on.
 *
 *   node bench/view.ts [--parents 1000] [--minutes 5] [--rounds 3] [--json]
 *
 * Many orders at once in one made market, in virtual time, three ways in turn: alone; followed by a
 * viewer that nobody asks; and looked at, with the rows of all orders that have changed made anew
 * each second of the market, ten orders and the market shown whole. Processor time of this thread:
 * others use the machine as well.
 */
import { parseArgs } from "node:util";
import { instrumentId } from "../src/core/domain/instrument.ts";
import type { EngineEvent } from "../src/core/domain/messages.ts";
import { lots, type Micros, micros, MINUTE, SECOND } from "../src/core/domain/units.ts";
import { composeEngine, composeMarket, headerOf } from "../src/runtime/compose.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../src/runtime/config.ts";
import { openGenerated } from "../src/runtime/market-source.ts";
import { simulateToEnd } from "../src/runtime/simulated-loop.ts";
import { viewerOptions } from "../src/runtime/viewer-options.ts";
import { RunViewer } from "../src/view/run-viewer.ts";
import { WatchedObserver } from "../src/view/watched-observer.ts";

const { values } = parseArgs({
  options: {
    parents: { type: "string", default: "1000" },
    minutes: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const parents = Number(values.parents);
const minutes = Number(values.minutes);
const SHOWN_ORDERS = 10;
const START = micros(Date.UTC(2026, 0, 5, 14) * 1000);

const CONFIG: ArrivalConfig = {
  ...DEFAULT_CONFIG,
  limits: {
    ...DEFAULT_CONFIG.limits,
    participation: 1,
    ordersPerMinute: 1e6,
    amendsPerMinute: 1e6,
    positionNotional: 1e12,
    volatilityStopPerHour: 10,
    benchmarkDeviationBps: 1e6,
  },
  execution: { ...DEFAULT_CONFIG.execution, maxParticipation: 1, minOrder: "0" },
};

type Way = "alone" | "followed" | "looked at";

interface Looks {
  rows: number;
  rowMs: number;
  orders: number;
  orderMs: number;
  markets: number;
  marketMs: number;
  longestMs: number;
}

interface Outcome {
  readonly ms: number;
  readonly events: number;
  readonly live: number;
  readonly fills: number;
  readonly looks: Looks;
  /** Microseconds of each call that told it of an event, by the clock on the wall. */
  readonly told: readonly number[];
}

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

function run(way: Way): Outcome {
  const market = openGenerated({
    kind: "generated",
    seed: 3,
    startAt: START,
    duration: micros((minutes + 2) * MINUTE),
  });
  const account = { config: CONFIG, seed: 1 };
  const composed = composeMarket(market, account);
  if (!composed.ok) throw new Error(composed.error.text);
  const sight = headerOf(market, CONFIG);
  const isAlone = way === "alone";
  const observer = isAlone
    ? undefined
    : new WatchedObserver(sight, CONFIG.limits.participationWindow);
  const engine = composeEngine(CONFIG, sight, 1, undefined, observer);
  const { fees } = engine.instruments[0]!;
  const named = { journal: "bench.journal", venue: "simulated" };
  const viewer = isAlone ? undefined : new RunViewer(engine, viewerOptions(named, CONFIG, fees));
  const looks = nothing();
  let [events, second, live] = [0, 0, 0];
  const told: number[] = [];
  const begun = cpuMs();
  simulateToEnd({
    market: composed.value,
    lanes: [
      {
        engine,
        scheduled: scheduled(),
        onStep(event, outputs) {
          events += 1;
          if (viewer !== undefined) {
            const before = performance.now();
            viewer.stepped(undefined, event, outputs);
            told.push(1000 * (performance.now() - before));
          }
          const now = Math.floor(event.time / 1e6);
          if (now === second) return;
          second = now;
          live = Math.max(live, engine.instruments[0]!.live.length);
          if (viewer !== undefined && way === "looked at") look(viewer, event.time, looks);
        },
      },
    ],
  });
  const ms = cpuMs() - begun;
  let fills = 0;
  for (const parent of engine.parents.values()) fills += parent.fills.length;
  return { ms, events, live, fills, looks, told };
}

/** As a page with a list, an order in each of ten windows, and a market would have it. */
function look(viewer: RunViewer, now: Micros, looks: Looks): void {
  const begun = cpuMs();
  const changed = viewer.takeChanged();
  for (const id of changed) viewer.row(id);
  looks.rows += changed.length;
  const rowed = cpuMs();
  for (const id of changed.slice(0, SHOWN_ORDERS)) if (viewer.order(id, now)) looks.orders += 1;
  const ordered = cpuMs();
  viewer.marketView(now);
  looks.markets += 1;
  const done = cpuMs();
  looks.rowMs += rowed - begun;
  looks.orderMs += ordered - rowed;
  looks.marketMs += done - ordered;
  looks.longestMs = Math.max(looks.longestMs, done - begun);
}

const nothing = (): Looks => ({
  rows: 0,
  rowMs: 0,
  orders: 0,
  orderMs: 0,
  markets: 0,
  marketMs: 0,
  longestMs: 0,
});

function scheduled(): EngineEvent[] {
  const { header } = openGenerated({
    kind: "generated",
    seed: 3,
    startAt: START,
    duration: micros(2 * SECOND),
  });
  return Array.from({ length: parents }, (_, k) => {
    const time = micros(START + MINUTE + k * 10_000);
    return {
      kind: "parent-submitted",
      time,
      parent: {
        id: `p${k}`,
        instrument: instrumentId(header.instrument),
        side: "buy",
        quantity: { kind: "lots", lots: lots(100) },
        startAt: time,
        deadline: micros(time + minutes * MINUTE - MINUTE),
        strategy: { name: "twap", parameters: {} },
        urgency: 0.5,
        maxSpreadToCross: 10,
        minOrder: lots(1),
        acceptInfeasible: true,
        constraints: { mayCrossSpread: true, residual: "cross" },
      },
    };
  });
}

const WAYS: readonly Way[] = ["alone", "followed", "looked at"];
const taken = new Map<Way, Outcome[]>(WAYS.map((way) => [way, []]));
run("looked at"); // so that the compiler has seen it all
for (let round = 0; round < Number(values.rounds); round++) {
  for (const way of WAYS) taken.get(way)!.push(run(way));
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;
const quantile = (all: readonly number[], share: number): number => {
  const sorted = all.toSorted((a, b) => a - b);
  return +sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1);
};
const msOf = (way: Way): number => median(taken.get(way)!.map(({ ms }) => ms));
const { events, live, fills, looks } = taken.get("looked at")!.at(-1)!;
const alone = msOf("alone");
const told = taken.get("followed")!.flatMap((outcome) => outcome.told);
const figures = {
  parents,
  events,
  fills,
  liveAtOnce: live,
  cpuMs: Object.fromEntries(WAYS.map((way) => [way, Math.round(msOf(way))])),
  ratio: {
    followed: +(msOf("followed") / alone).toFixed(3),
    lookedAt: +(msOf("looked at") / alone).toFixed(3),
  },
  microsToldOfAnEvent: { p50: quantile(told, 0.5), p99: quantile(told, 0.99) },
  microsPerRow: +((1000 * looks.rowMs) / looks.rows).toFixed(1),
  microsPerOrderView: +((1000 * looks.orderMs) / looks.orders).toFixed(0),
  microsPerMarketView: +((1000 * looks.marketMs) / looks.markets).toFixed(0),
  longestLookMs: +looks.longestMs.toFixed(1),
};
if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else {
  const lines = Object.entries(figures).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}
