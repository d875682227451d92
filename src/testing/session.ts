/**
 * Session: one schedule run through the engine, with an oracle watching every step.
 *
 * The loop is the engine's contract with any shell, in its plainest form: show the market, step the
 * event, carry out the commands. A law that breaks throws `LawBroken`, and the schedule shrinks.
 */
import { formatDecimal } from "../core/domain/decimal.ts";
import { notional } from "../core/domain/instrument.ts";
import type { EngineEvent } from "../core/domain/messages.ts";
import { atTick, lots, type Micros, micros, ticks } from "../core/domain/units.ts";
import { Engine } from "../core/engine.ts";
import {
  DEFAULT_EXECUTION_CONFIG,
  DEFAULT_RISK_LIMITS,
  type RiskLimits,
} from "../core/execution/limits.ts";
import { isLive } from "../core/execution/parent-state.ts";
import { LawBroken, requireLaw } from "./law-broken.ts";
import type { Lineup } from "./lineup.ts";
import { EPOCH_MICROS, type Market, marketOf } from "./market.ts";
import { Oracle } from "./oracle.ts";
import { refold } from "./refold.ts";
import { type Ground, GROUNDS, type Schedule } from "./schedule.ts";
import { scheduledEvents } from "./session-events.ts";
import { type Step, stepText } from "./step.ts";
import { AdversarialVenue } from "./venue.ts";
import { type Anchor, watched } from "./watched.ts";

/** More than this, and the engine does not sleep. */
const MOST_STEPS = 40_000;
/** As many of the last steps stand in a failure's text. */
const STEPS_SHOWN = 8;

export interface Session {
  readonly market: Market;
  /** The one at work: a restart replaces it. */
  engine: Engine;
  readonly venue: AdversarialVenue;
  readonly oracle: Oracle;
  readonly steps: readonly Step[];
}

/** What a schedule's drafts mean on a ground of its own or another. */
export function limitsOf(
  draft: Schedule["limits"],
  { instrument, start, unit }: Ground,
): RiskLimits {
  const worth = Number(formatDecimal(notional(instrument, atTick(ticks(start)), lots(unit))));
  return {
    ...DEFAULT_RISK_LIMITS,
    participation: draft.participation,
    participationWindow: micros(draft.windowSeconds * 1e6),
    orderNotional: draft.orderUnits * worth * 1.01,
    aggressiveSpacing: micros(draft.spacingMs * 1000),
    ordersPerMinute: draft.ordersPerMinute,
    amendsPerMinute: draft.amendsPerMinute,
    spreadToCrossBps: draft.spreadBps,
    orderImpactBps: draft.impactBps,
    benchmarkDeviationBps: draft.deviationBps,
    positionNotional: draft.positionUnits * worth,
  };
}

export function engineOf(
  schedule: Schedule,
  market: Market,
  lineup: Lineup,
  onAnchor: (anchor: Anchor) => void = () => undefined,
): Engine {
  return new Engine({
    execution: {
      ...DEFAULT_EXECUTION_CONFIG,
      maxParticipation: 1,
      maxSpreadToCrossBps: 1_000,
      minOrder: "0",
    },
    limits: limitsOf(schedule.limits, groundOf(schedule)),
    strategies: watched(lineup.strategies, onAnchor),
    tactics: lineup.tactics,
    seed: schedule.seed,
    markets: [{ header: market.header, positionLots: 0, fees: schedule.fees }],
  });
}

const groundOf = ({ venue }: Schedule): Ground => GROUNDS[venue]!;

/** @throws LawBroken, with the last steps in its text. */
export function runSchedule(schedule: Schedule, lineup: Lineup): Session {
  const market = marketOf(schedule);
  const venue = new AdversarialVenue(schedule);
  const limits = limitsOf(schedule.limits, groundOf(schedule));
  const oracle = new Oracle(limits, market, venue, lineup);
  const engine = engineOf(schedule, market, lineup, (anchor) => oracle.anchored(anchor));
  const session = { market, engine, venue, oracle, steps: [] };
  const loop = new Loop(schedule, session, lineup);
  try {
    while (loop.turn());
    oracle.finish(session.engine);
  } catch (error) {
    throw told(error, loop.session.steps);
  }
  return session;
}

/** The engine must throw nothing, and neither may a strategy. */
export function told(error: unknown, steps: readonly Step[]): LawBroken {
  const law = error instanceof LawBroken ? error.law : "0";
  const text =
    error instanceof LawBroken
      ? error.message.slice(`law ${law}: `.length)
      : `something was thrown: ${error instanceof Error ? (error.stack ?? error.message) : "?"}`;
  const last = steps.slice(-STEPS_SHOWN).map((step) => `  ${stepText(step)}`);
  return new LawBroken(law, `${text}\nthe last steps:\n${last.join("\n")}`);
}

type OpenSession = Session & { readonly steps: Step[] };

class Loop {
  readonly session: OpenSession;
  readonly #schedule: Schedule;
  readonly #lineup: Lineup;
  readonly #scheduled: EngineEvent[];
  readonly #restarts: Schedule["restarts"][number][];
  #now = EPOCH_MICROS;
  #row = 0;
  #hasEnded = false;

  constructor(schedule: Schedule, session: OpenSession, lineup: Lineup) {
    this.session = session;
    this.#schedule = schedule;
    this.#lineup = lineup;
    this.#restarts = [...schedule.restarts];
    this.#scheduled = scheduledEvents(schedule, groundOf(schedule), session.market.instrumentId);
  }

  /** Up to the next event. False when nothing is at work and nothing is owed. */
  turn(): boolean {
    if (this.#isOver()) return false;
    this.#restartIfDue();
    const { engine, venue, market } = this.session;
    const scheduled = this.#scheduled[0]?.time ?? Infinity;
    const wake = Math.min(engine.wakeAt, venue.nextAt, scheduled);
    const until = this.#awake(Math.max(this.#now, wake));
    const { block } = market;
    const nanos = (until - EPOCH_MICROS) * 1000;
    const { observer } = engine.instruments[0]!;
    this.#row = engine.observe(0, block, this.#row, block.length, nanos);
    if (observer.wokeUp) {
      this.#now = this.#awake(Math.max(this.#now, observer.lastAt));
      this.#step({ kind: "touch-moved", time: this.#time, instrument: market.instrumentId });
    } else if (this.#row === block.length && !this.#hasEnded) {
      this.#hasEnded = true;
      this.#now = this.#awake(Math.max(this.#now, observer.lastAt));
      this.#step({ kind: "market-ended", time: this.#time, instrument: market.instrumentId });
    } else {
      this.#now = until;
      this.#deliver();
    }
    return true;
  }

  /** The engine is thrown away; a new one folds what was recorded and carries the session on. */
  #restartIfDue(): void {
    const next = this.#restarts[0];
    if (next === undefined || this.#now < EPOCH_MICROS + next.atMs * 1000) return;
    this.#restarts.shift();
    const { market, oracle, steps, engine: old } = this.session;
    let isFolding = true;
    const engine = engineOf(this.#schedule, market, this.#lineup, (anchor) => {
      if (!isFolding) oracle.anchored(anchor);
    });
    refold(engine, steps, market.block, this.#row, next.rows);
    isFolding = false;
    const text = `a restarted engine wakes at ${engine.wakeAt}, the old one at ${old.wakeAt}`;
    requireLaw("9", engine.wakeAt === old.wakeAt, text);
    this.session.engine = engine;
    oracle.restarted();
  }

  get #time(): Micros {
    return micros(this.#now);
  }

  /** The end of the stall that `at` lies in, or `at`. */
  #awake(at: number): number {
    const stall = this.#schedule.stalls.find((it) => {
      const from = EPOCH_MICROS + it.atMs * 1000;
      return at > from && at < from + it.spanMs * 1000;
    });
    return stall === undefined ? at : EPOCH_MICROS + (stall.atMs + stall.spanMs) * 1000;
  }

  #isOver(): boolean {
    const { engine, venue } = this.session;
    const isIdle = [...engine.parents.values()].every((parent) => !isLive(parent));
    const mayStart = this.#scheduled.some((event) => event.kind === "parent-submitted");
    return isIdle && !mayStart && venue.nextAt === Infinity;
  }

  /** Reports first, then operators, then timers. */
  #deliver(): void {
    const { engine, venue } = this.session;
    const delivery = venue.take(this.#now);
    if (delivery !== undefined) {
      const { clientOrderId, report } = delivery;
      return this.#step({ kind: "order-reported", time: this.#time, clientOrderId, report });
    }
    if (this.#scheduled.length > 0 && this.#scheduled[0]!.time <= this.#now) {
      return this.#step({ ...this.#scheduled.shift()!, time: this.#time });
    }
    if (engine.wakeAt <= this.#now) this.#step({ kind: "timer-fired", time: this.#time });
  }

  #step(event: EngineEvent): void {
    const { engine, venue, oracle, steps } = this.session;
    if (steps.length > MOST_STEPS) throw new LawBroken("sleep", `${MOST_STEPS} steps`);
    oracle.before(event, this.#row);
    const outputs = engine.step(event);
    steps.push({ event, position: this.#row, outputs });
    oracle.plansBound(outputs, event);
    for (const output of outputs) {
      oracle.see(output, event);
      if (output.kind === "place-order") venue.place(output.order, this.#now);
      else if (output.kind === "amend-order") venue.amend(output.amend, this.#now);
      else if (output.kind === "cancel-order") venue.cancel(output.clientOrderId, this.#now);
    }
    oracle.after(engine);
  }
}
