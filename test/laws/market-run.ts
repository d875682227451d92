/**
 * Market run: one case in one of the three markets, through the loop that users' runs go through,
 * with the conformance suite's oracle watching every step.
 */
import { instrumentId } from "../../src/core/domain/instrument.ts";
import { micros } from "../../src/core/domain/units.ts";
import type { Engine } from "../../src/core/engine.ts";
import type { RiskLimits } from "../../src/core/execution/limits.ts";
import type { MarketBlock } from "../../src/core/market/columns.ts";
import { composeEngine, composeMarket, headerOf } from "../../src/runtime/compose.ts";
import type { ArrivalConfig } from "../../src/runtime/config.ts";
import { instrumentJson } from "../../src/runtime/instrument-file.ts";
import { memoryJournal } from "../../src/runtime/journal/journal.ts";
import { openGenerated, type OpenMarket } from "../../src/runtime/market-source.ts";
import { rerun } from "../../src/runtime/rerun.ts";
import { simulateToEnd } from "../../src/runtime/simulated-loop.ts";
import { requireLaw } from "../../src/testing/law-broken.ts";
import type { Lineup } from "../../src/testing/lineup.ts";
import { EPOCH_MICROS } from "../../src/testing/market.ts";
import { Oracle } from "../../src/testing/oracle.ts";
import { refold } from "../../src/testing/refold.ts";
import { told } from "../../src/testing/session.ts";
import { scheduledEvents } from "../../src/testing/session-events.ts";
import type { Step } from "../../src/testing/step.ts";
import type { Tally } from "../../src/testing/tally.ts";
import { ToldVenue } from "../../src/testing/told-venue.ts";
import { type Anchor, watched } from "../../src/testing/watched.ts";
import {
  configOf,
  GRIDS,
  groundOf,
  MARKET_SPAN,
  type MarketCase,
  type MarketKind,
} from "./market-case.ts";
import { checkMarket } from "./market-watch.ts";
import { TapedMarket } from "./taped-market.ts";

export interface MarketRun {
  readonly tally: Tally;
  readonly steps: readonly Step[];
  readonly venue: ToldVenue;
}

/** No price of so short a market falls under this share of where it began. */
const LOWEST_SHARE = 0.7;
/** More than this, and the engine does not sleep. */
const MOST_STEPS = 10_000;
/** Of so many runs one is made a second time, venue and all. */
const RERUN_EVERY = 4;

/** @throws LawBroken, with the last steps in its text. */
export function runInMarket(kind: MarketKind, drawn: MarketCase, lineup: Lineup): MarketRun {
  const config = configOf(kind, drawn);
  const open = openMarketOf(kind, drawn);
  const ground = groundOf(drawn);
  const tape = new TapedMarket(
    composed(open, config, drawn),
    headerOf(open, config, drawn.isShadowed),
    LOWEST_SHARE * ground.start,
  );
  const venue = new ToldVenue();
  const oracle = new Oracle(limitsIn(config), tape, venue, lineup);
  const known = watched(lineup.strategies, (anchor: Anchor) => oracle.anchored(anchor));
  const engine = composeEngine(config, tape.header, drawn.seed, known);
  const watch = new Watch(engine, oracle, venue, tape);
  const journal = memoryJournal();
  const scheduled = scheduledEvents(drawn, ground, instrumentId(ground.instrument));
  try {
    const onStep = watch.onStep.bind(watch);
    simulateToEnd({ market: tape, lanes: [{ engine, scheduled, journal, onStep }] });
    oracle.finish(engine);
    checkPosition(engine, venue, tape);
    const source = kind === "generated" ? undefined : blockOf(open);
    checkMarket({ kind, tape, venue, steps: watch.steps, source, reaction: drawn.reaction });
    const again = composeEngine(config, tape.header, drawn.seed, lineup.strategies);
    const { position } = engine.instruments[0]!.observer;
    refold(again, watch.steps, tape.block, position, drawn.rows);
    if (drawn.seed % RERUN_EVERY === 0) checkRerun(open, config, drawn, lineup, journal.records);
  } catch (error) {
    throw told(error, watch.steps);
  }
  return { tally: oracle.tally, steps: watch.steps, venue };
}

/** The strictest voice of those that the oracle does not hear one by one. */
function limitsIn({ execution, limits }: ArrivalConfig): RiskLimits {
  return {
    ...limits,
    participation: Math.min(limits.participation, execution.maxParticipation),
    spreadToCrossBps: Math.min(limits.spreadToCrossBps, execution.maxSpreadToCrossBps),
  };
}

class Watch {
  readonly steps: Step[] = [];
  readonly #engine: Engine;
  readonly #oracle: Oracle;
  readonly #venue: ToldVenue;
  readonly #tape: TapedMarket;
  /** When the engine asked to be woken at the latest. */
  #awaited = Number.POSITIVE_INFINITY;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(engine: Engine, oracle: Oracle, venue: ToldVenue, tape: TapedMarket) {
    this.#engine = engine;
    this.#oracle = oracle;
    this.#venue = venue;
    this.#tape = tape;
  }

  onStep(event: Step["event"], outputs: Step["outputs"]): void {
    const { position } = this.#engine.instruments[0]!.observer;
    this.steps.push({ event, position, outputs });
    requireLaw("sleep", this.steps.length <= MOST_STEPS, `${MOST_STEPS} steps`);
    this.#checkTime(event, position);
    if (event.kind === "order-reported") {
      this.#venue.tell(event.clientOrderId, event.report, event.time);
    }
    const oracle = this.#oracle;
    oracle.before(event, position);
    oracle.plansBound(outputs, event);
    for (const output of outputs) oracle.see(output, event);
    oracle.after(this.#engine);
    this.#awaited = this.#engine.wakeAt;
  }

  /** Local time never falls, nobody is woken late, and nothing of the future has been seen. */
  #checkTime(event: Step["event"], position: number): void {
    const { time, kind } = event;
    const latest = Math.max(this.#awaited, this.#lastAt);
    requireLaw("time", time >= this.#lastAt, `${kind} at ${time}, after ${this.#lastAt}`);
    requireLaw("time", time <= latest, `${kind} at ${time}, to be woken at ${latest}`);
    this.#lastAt = time;
    if (position === 0) return;
    const seen = EPOCH_MICROS + Math.floor(this.#tape.block.localTime[position - 1]! / 1_000);
    requireLaw("time", seen <= time, `${kind} at ${time} after a row of ${seen}`);
  }
}

/** Lots told of, lots of the engine's own books, and lots of the venue's are the same. */
function checkPosition(engine: Engine, { executions, orders }: ToldVenue, tape: TapedMarket): void {
  let position = 0;
  for (const { orderId, quantity } of executions) {
    position += orders.get(orderId)!.terms.side === "buy" ? quantity : -quantity;
  }
  const account = tape.accounts[0];
  requireLaw("lots", account.nextReportAt === Number.POSITIVE_INFINITY, "a report was never told");
  const booked = engine.instruments[0]!.positionLots;
  requireLaw("lots", booked === position, `told of ${position}, the engine has ${booked}`);
  const there = tape.finalPosition(position);
  requireLaw("lots", there === position, `told of ${position}, the venue has ${there}`);
}

/** Law 10, venue and all: the same operators in the same market, and everything comes again. */
function checkRerun(
  open: OpenMarket,
  config: ArrivalConfig,
  drawn: MarketCase,
  { strategies }: Lineup,
  records: ReturnType<typeof memoryJournal>["records"],
): void {
  const engine = composeEngine(
    config,
    headerOf(open, config, drawn.isShadowed),
    drawn.seed,
    strategies,
  );
  const journal = { count: records.length, sealed: true, records: () => records };
  const { difference } = rerun(composed(open, config, drawn), engine, journal);
  requireLaw("10", difference === undefined, `run again: ${JSON.stringify(difference)}`);
}

function composed(open: OpenMarket, config: ArrivalConfig, { seed, isShadowed }: MarketCase) {
  const market = composeMarket(open, { config, seed, isShadowed });
  if (!market.ok) throw new Error(market.error.text);
  return market.value;
}

/** A slow market: rows are what a run costs. */
const EVENTS_PER_SECOND = 20;
const opened = new Map<string, OpenMarket>();

/** One that is only read is made once. */
function openMarketOf(kind: MarketKind, { world, grid }: MarketCase): OpenMarket {
  const spec = {
    kind: "generated",
    seed: world,
    startAt: micros(EPOCH_MICROS),
    duration: MARKET_SPAN,
    eventsPerSecond: EVENTS_PER_SECOND,
    instrument: instrumentJson(GRIDS[grid]!),
  } as const;
  if (kind === "generated") return openGenerated(spec);
  const key = `${world} ${grid}`;
  const before = opened.get(key);
  if (before !== undefined) return before;
  const made = openGenerated(spec);
  const market = { ...made, blocks: [...made.blocks] };
  opened.set(key, market);
  return market;
}

/** Its only block: so short a market has no other. */
function blockOf({ blocks }: OpenMarket): MarketBlock {
  const [block, ...others] = blocks;
  if (block === undefined || others.length > 0) throw new Error("not a market of one block");
  return block;
}
