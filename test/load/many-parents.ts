/**
 * Many parents: a thousand orders at once in one process, worked on paper in a made market at true
 * pace, every step journaled on the disk.
 *
 * What it tells: how late the engine's own timers are handled (from the instant that was asked for
 * to the event), how busy the process is, and that the books of engine and venue agree at the end.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StrategyChoice } from "../../src/core/domain/parent-order.ts";
import { instrumentId } from "../../src/core/domain/instrument.ts";
import { lots, type Micros, micros, NEVER, SECOND } from "../../src/core/domain/units.ts";
import type { Engine } from "../../src/core/engine.ts";
import { isLive } from "../../src/core/execution/parent-state.ts";
import { SYSTEM_TIMERS, type Timers } from "../../src/data/network/timers.ts";
import { composeEngine, composeVenue, feeRates } from "../../src/runtime/compose.ts";
import { type ArrivalConfig, DEFAULT_CONFIG } from "../../src/runtime/config.ts";
import { fileStore } from "../../src/runtime/live/file-store.ts";
import { LiveLoop } from "../../src/runtime/live/live-loop.ts";
import { openGenerated } from "../../src/runtime/market-source.ts";
import { paperVenue } from "../../src/venues/paper/paper-venue.ts";
import type { VenueSession } from "../../src/venues/venue-session.ts";
import { fedFeed } from "../fed-market.ts";

export type LoadTime = Timers & { readonly now: number };

export interface LoadTerms {
  readonly parents: number;
  readonly seconds: number;
  readonly seed: number;
  /** Absent: the system's. */
  readonly time?: LoadTime;
}

export interface LoadOutcome {
  readonly parents: number;
  readonly ended: number;
  readonly complete: number;
  readonly events: number;
  readonly orders: number;
  readonly fills: number;
  /** Microseconds from the asked instant to the event, of every timer. */
  readonly delays: {
    readonly count: number;
    readonly p50: number;
    readonly p99: number;
    readonly most: number;
  };
  readonly cpuShare: number;
  readonly journalBytes: number;
  /** Lots: by the engine's fills, and by the account. */
  readonly position: { readonly engine: number; readonly venue: number };
}

class SystemTime implements Timers {
  readonly #start = process.hrtime.bigint();
  get now(): number {
    return Number(process.hrtime.bigint() - this.#start);
  }
  after(nanos: number, call: () => void): () => void {
    return SYSTEM_TIMERS.after(nanos, call);
  }
}

const BARE_HEADER = {
  format: 1 as const,
  program: "load",
  nodeMajor: 0,
  instrument: {},
  market: {},
  config: {},
};

/** All of an account: what one parent may do is bounded by its own size. */
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

const CHOICES: readonly StrategyChoice[] = [
  { name: "twap", parameters: {} },
  { name: "vwap", parameters: {} },
  { name: "is", parameters: {} },
  { name: "pov", parameters: { rate: 0.001 } },
];

export async function manyParents(terms: LoadTerms): Promise<LoadOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "arrival-load-"));
  try {
    return await manyIn(folder, terms);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function manyIn(folder: string, terms: LoadTerms): Promise<LoadOutcome> {
  const { parents, seconds, seed } = terms;
  const time = terms.time ?? new SystemTime();
  const session = await openPaper(terms, time);
  const path = join(folder, "load.journal");
  const store = fileStore(path);
  const engine = composeEngine(CONFIG, session.header, seed);
  const tape = store.tape({ header: session.header, format: "load", onFault: fail });
  const delays = watchDelays(engine);
  let events = 0;
  let orders = 0;
  const loop = new LiveLoop({
    engine,
    session,
    timers: time,
    tape,
    onStep: (_, outputs) => {
      events += 1;
      for (const { kind } of outputs) if (kind === "place-order") orders += 1;
    },
  });
  loop.watch();
  const journal = store.create({ ...BARE_HEADER, seed });
  if (!journal.ok) throw new Error(journal.error.text);
  await pause(time, 5e9);
  const cpu = process.cpuUsage();
  const began = time.now;
  const submitted = (number: number) => (at: Micros) => ({
    kind: "parent-submitted" as const,
    time: at,
    parent: parentOrder(number, at, session, seconds),
  });
  loop.begin(journal.value, submitted(0));
  for (let number = 1; number < parents; number++) loop.operate(submitted(number));
  await loop.ended;
  const used = process.cpuUsage(cpu);
  const spent = (time.now - began) / 1000;
  const account = await session.refresh();
  await session.close();
  tape.close();
  journal.value.close();
  const all = [...engine.parents.values()];
  return {
    parents,
    ended: all.filter((parent) => !isLive(parent)).length,
    complete: all.filter(({ phase }) => phase.startsWith("complete")).length,
    events,
    orders,
    fills: all.reduce((sum, { fills }) => sum + fills.length, 0),
    delays: spread(delays),
    cpuShare: (used.user + used.system) / spent,
    journalBytes: statSync(path).size,
    position: {
      engine: engine.instruments[0]!.positionLots,
      venue: account.ok ? account.value.positionLots : Number.NaN,
    },
  };
}

async function openPaper({ seconds, seed }: LoadTerms, time: LoadTime): Promise<VenueSession> {
  const market = openGenerated({
    kind: "generated",
    seed,
    startAt: micros(Date.UTC(2026, 0, 5, 14) * 1000),
    duration: micros((seconds + 60) * SECOND),
  });
  const venue = paperVenue({
    openFeed: fedFeed(market, time),
    exchange: (header) => composeVenue(header, { config: CONFIG, seed }),
    fees: feeRates(CONFIG.simulation),
    timers: time,
  });
  const opened = await venue.open(new AbortController().signal);
  if (!opened.ok) throw new Error(opened.error.text);
  return opened.value;
}

/** @returns how late each timer was, microseconds: filled while the engine runs. */
function watchDelays(engine: Engine): number[] {
  const delays: number[] = [];
  const step = engine.step.bind(engine);
  // The instant that the engine asked for, before the event that answers it.
  engine.step = (event) => {
    if (event.kind === "timer-fired" && engine.wakeAt !== NEVER) {
      delays.push(event.time - engine.wakeAt);
    }
    return step(event);
  };
  return delays;
}

const parentOrder = (number: number, at: Micros, session: VenueSession, seconds: number) => ({
  id: `p${number}`,
  instrument: instrumentId(session.header.instrument),
  side: "buy" as const,
  quantity: { kind: "lots" as const, lots: lots(20 + (number % 50)) },
  startAt: micros(at + (number % 1000) * 1000),
  deadline: micros(at + (seconds - 5) * SECOND),
  strategy: CHOICES[number % CHOICES.length]!,
  urgency: 0.5,
  maxSpreadToCross: 10,
  minOrder: lots(1),
  constraints: { mayCrossSpread: true, residual: "cross" as const },
});

function spread(delays: number[]): LoadOutcome["delays"] {
  delays.sort((a, b) => a - b);
  const at = (share: number): number => delays[Math.floor((delays.length - 1) * share)] ?? 0;
  return { count: delays.length, p50: at(0.5), p99: at(0.99), most: at(1) };
}

function fail({ text }: { readonly text: string }): never {
  throw new Error(text);
}

const pause = (time: Timers, nanos: number): Promise<void> =>
  new Promise((resolve) => void time.after(nanos, resolve));
