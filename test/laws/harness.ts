/**
 * Harness: one schedule run through the engine, with an oracle watching every step.
 *
 * The loop is the engine's contract with any shell, in its plainest form: show the market, step the
 * event, carry out the commands. A law that breaks throws `LawBroken`, and the schedule shrinks.
 */
import { Engine } from "../../src/core/engine.ts";
import { notional } from "../../src/core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../src/core/domain/messages.ts";
import type { ParentAmendment, ParentOrder } from "../../src/core/domain/parent-order.ts";
import { formatDecimal } from "../../src/core/domain/decimal.ts";
import { atTick, lots, type Micros, micros, ticks } from "../../src/core/domain/units.ts";
import { isLive } from "../../src/core/execution/parent-state.ts";
import {
  DEFAULT_EXECUTION_CONFIG,
  DEFAULT_RISK_LIMITS,
  type RiskLimits,
} from "../../src/core/execution/limits.ts";
import { strategies } from "../../src/strategies/registry.ts";
import { EPOCH_MICROS, type Market, marketOf } from "./market.ts";
import { LawBroken, Oracle } from "./oracle.ts";
import {
  GROUNDS,
  type OperatorDraft,
  type ParentDraft,
  type Schedule,
  type StrategyName,
} from "./schedule.ts";
import { AdversarialVenue } from "./venue.ts";

/** More than this, and the engine does not sleep. */
const MOST_STEPS = 40_000;

export interface Step {
  readonly event: EngineEvent;
  /** Market rows taken in before the event. */
  readonly position: number;
  readonly outputs: readonly EngineOutput[];
}

export interface Session {
  readonly market: Market;
  readonly engine: Engine;
  readonly venue: AdversarialVenue;
  readonly oracle: Oracle;
  readonly steps: readonly Step[];
}

export function limitsOf({ limits: draft, venue }: Schedule): RiskLimits {
  const { instrument, start, unit } = GROUNDS[venue]!;
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

export function engineOf(schedule: Schedule, market: Market): Engine {
  return new Engine({
    execution: {
      ...DEFAULT_EXECUTION_CONFIG,
      maxParticipation: 1,
      maxSpreadToCrossBps: 1_000,
      minOrder: "0",
    },
    limits: limitsOf(schedule),
    strategies,
    seed: schedule.seed,
    markets: [{ header: market.header, positionLots: 0 }],
  });
}

/** @throws LawBroken, or whatever the engine throws: it must throw nothing. */
export function runSchedule(schedule: Schedule): Session {
  const market = marketOf(schedule);
  const engine = engineOf(schedule, market);
  const venue = new AdversarialVenue(schedule);
  const oracle = new Oracle(schedule, limitsOf(schedule), market, venue);
  const loop = new Loop(schedule, { market, engine, venue, oracle, steps: [] });
  while (loop.turn());
  oracle.finish(engine);
  return loop.session;
}

class Loop {
  readonly session: Session & { readonly steps: Step[] };
  readonly #stalls: Schedule["stalls"];
  readonly #scheduled: EngineEvent[];
  #now = EPOCH_MICROS;
  #row = 0;
  #hasEnded = false;

  constructor(schedule: Schedule, session: Session & { readonly steps: Step[] }) {
    this.session = session;
    this.#stalls = schedule.stalls;
    this.#scheduled = scheduledEvents(schedule, session.market.instrumentId);
  }

  /** Up to the next event. False when nothing is at work and nothing is owed. */
  turn(): boolean {
    const { engine, venue, market } = this.session;
    if (this.#isOver()) return false;
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

  get #time(): Micros {
    return micros(this.#now);
  }

  /** The end of the stall that `at` lies in, or `at`. */
  #awake(at: number): number {
    const stall = this.#stalls.find((it) => {
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
    for (const output of outputs) {
      oracle.see(output, event);
      if (output.kind === "place-order") venue.place(output.order, this.#now);
      else if (output.kind === "amend-order") venue.amend(output.amend, this.#now);
      else if (output.kind === "cancel-order") venue.cancel(output.clientOrderId, this.#now);
    }
    oracle.after(engine);
  }
}

function scheduledEvents(schedule: Schedule, instrument: string): EngineEvent[] {
  const parents = schedule.parents.map((draft, k) => parentOf(schedule, draft, k, instrument));
  const submitted = parents.map((parent, k): EngineEvent => {
    const early = (schedule.parents[k]!.odd % 2) * 2_000_000;
    return {
      kind: "parent-submitted",
      time: micros(Math.max(EPOCH_MICROS, parent.startAt - early)),
      parent,
    };
  });
  const operated = schedule.operators.map((draft) => operatorEvent(schedule, parents, draft));
  return [...submitted, ...operated].sort((a, b) => a.time - b.time);
}

export function parentOf(
  schedule: Schedule,
  draft: ParentDraft,
  k: number,
  instrument: string,
): ParentOrder {
  const { unit, start, instrument: grid } = GROUNDS[schedule.venue]!;
  const size = lots(Math.max(1, draft.size * unit + draft.odd));
  const startAt = micros(EPOCH_MICROS + draft.startMs * 1000);
  const direction = draft.side === "buy" ? 1 : -1;
  const price = (away: number) => ticks(start + direction * away);
  const quote = formatDecimal(notional(grid, atTick(ticks(start)), size));
  return {
    id: `p${k + 1}`,
    instrument,
    side: draft.side,
    quantity: draft.isNotional ? { kind: "notional", quote } : { kind: "lots", lots: size },
    startAt,
    deadline: micros(startAt + draft.spanMs * 1000),
    strategy: strategyOf(schedule.strategy, draft),
    urgency: draft.urgency,
    maxSpreadToCross: 1_000,
    minOrder: lots(draft.minOrder * unit),
    acceptInfeasible: draft.odd !== 9,
    constraints: {
      mayCrossSpread: draft.mayCross,
      residual: draft.residual,
      ...(draft.limitAway === undefined ? {} : { limitPrice: price(draft.limitAway) }),
      ...(draft.wouldAway === undefined ? {} : { wouldPrice: price(draft.wouldAway) }),
    },
  };
}

const strategyOf = (name: StrategyName, { interval, jitter, rate }: ParentDraft) => ({
  name,
  parameters:
    name === "pov"
      ? { intervalSeconds: interval, rate }
      : { intervalSeconds: interval, randomizeSize: jitter, randomizeTime: jitter },
});

function operatorEvent(
  schedule: Schedule,
  parents: readonly ParentOrder[],
  draft: OperatorDraft,
): EngineEvent {
  const parent = parents[draft.parent % parents.length]!;
  const time = micros(EPOCH_MICROS + draft.atMs * 1000);
  const { act } = draft;
  const base = { time, parentId: parent.id, by: "laws" };
  switch (act.kind) {
    case "pause":
      return { kind: "parent-paused", ...base, reason: "a test" };
    case "resume":
      return { kind: "parent-resumed", ...base };
    case "cancel":
      return { kind: "parent-canceled", ...base, reason: "a test" };
    case "kill":
      return { kind: "kill-switched", time, by: "laws", reason: "a test" };
    case "strategy": {
      const source = schedule.parents[draft.parent % parents.length]!;
      return { kind: "strategy-switched", ...base, strategy: strategyOf(act.name, source) };
    }
    default:
      return { kind: "parent-amended", ...base, amendment: amendmentOf(parent, act) };
  }
}

function amendmentOf(
  { quantity, side, deadline, startAt, constraints }: ParentOrder,
  act: Extract<
    OperatorDraft["act"],
    { kind: "quantity" | "deadline" | "limit" | "urgency" | "participation" }
  >,
): ParentAmendment {
  switch (act.kind) {
    case "quantity":
      return quantity.kind === "lots"
        ? { quantity: { kind: "lots", lots: lots(Math.ceil(quantity.lots * act.factor)) } }
        : {
            quantity: { kind: "notional", quote: (Number(quantity.quote) * act.factor).toFixed(2) },
          };
    case "deadline":
      return { deadline: micros(Math.max(startAt + 1, deadline + act.byMs * 1000)) };
    case "urgency":
      return { urgency: act.urgency };
    case "participation":
      return { maxParticipation: act.share };
    default: {
      const near = constraints.limitPrice ?? constraints.wouldPrice;
      if (act.away === null || near === undefined) return { limitPrice: null };
      return { limitPrice: ticks(near + (side === "buy" ? act.away : -act.away)) };
    }
  }
}
