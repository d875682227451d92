/**
 * Simulated loop: journal the event, step, journal what comes of it, act. In virtual time.
 *
 * Two sides run apart: the venue by exchange time, the engine by local time. The engine never acts
 * before it is woken, and an order takes at least the entry latency to arrive; so far ahead the
 * venue may run, and as far as the venue is known the engine may follow. At one local instant
 * market data comes first, then reports, then scheduled events, then timers: nothing else decides
 * the order.
 */
import type { Engine } from "../core/engine.ts";
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import { instrumentId } from "../core/domain/instrument.ts";
import type { AmendTerms, EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import { type Micros, micros, NEVER } from "../core/domain/units.ts";
import {
  ENGINE_ONLY,
  type MarketBlock,
  type MarketHeader,
  VENUE_ONLY,
} from "../core/market/columns.ts";
import { type BlockCursor, BlockFeed } from "./block-feed.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { JournalSink } from "./journal/journal.ts";
import type { Observer } from "../core/market/observer.ts";

/** What the loop needs of a simulated venue. Times are nanoseconds since the stream's epoch. */
export interface SimulatedVenue {
  /** An order sent at t arrives no sooner than t plus this … */
  readonly minEntryLatency: number;
  /** … and what the venue does at t is known here no sooner than t plus this. */
  readonly minResponseLatency: number;
  /** Whether no report can come of market rows alone. */
  readonly isIdle: boolean;
  readonly nextReportAt: number;
  takeReport(): { readonly clientOrderId: ClientOrderId; readonly report: OrderReport };
  place(order: OrderTerms, sentAt: number): void;
  amend(amend: AmendTerms, sentAt: number): void;
  cancel(clientOrderId: ClientOrderId, sentAt: number): void;
  advance(block: MarketBlock, from: number, to: number, until: number): number;
  finish(until: number): void;
}

export interface SimulatedRun {
  readonly engine: Engine;
  readonly venue: SimulatedVenue;
  readonly header: MarketHeader;
  readonly blocks: Iterable<MarketBlock>;
  /** Operators' events, in order of time. */
  readonly scheduled: readonly EngineEvent[];
  readonly journal?: JournalSink;
  /** Called after each event with what came of it; must not change anything. */
  readonly onStep?: (event: EngineEvent, outputs: readonly EngineOutput[]) => void;
}

export interface RunTotals {
  /** Market rows that the engine took in. */
  readonly rows: number;
  readonly events: number;
  readonly commands: number;
  /** Local time when the run ended. */
  readonly endedAt: Micros;
}

/** Steps of a run, so that a caller may draw progress or stop between them. */
export function* simulate(run: SimulatedRun): Generator<Micros, RunTotals> {
  const loop = new SimulatedLoop(run);
  while (loop.advance()) yield loop.now;
  run.journal?.commit();
  return loop.totals;
}

/** The whole run at once. */
export function simulateToEnd(run: SimulatedRun): RunTotals {
  const steps = simulate(run);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

class SimulatedLoop {
  readonly #run: SimulatedRun;
  readonly #observer: Observer;
  readonly #engineSide: BlockCursor;
  readonly #venueSide: BlockCursor;
  readonly #epochMicros: number;
  readonly #instrument: string;
  /** Local time up to which the engine has seen everything. */
  #time = 0;
  /** Local time of the next timer or scheduled event; reports come on top. */
  #ownWake = 0;
  #nextScheduled = 0;
  #marketEnded = false;
  #events = 0;
  #commands = 0;

  constructor(run: SimulatedRun) {
    this.#run = run;
    const feed = new BlockFeed(run.blocks);
    this.#observer = run.engine.instruments[0]!.observer;
    this.#engineSide = feed.cursor();
    this.#venueSide = feed.cursor();
    this.#epochMicros = Number(run.header.epochNanos / 1000n);
    this.#instrument = instrumentId(run.header.instrument);
    this.#setOwnWake();
  }

  get now(): Micros {
    return this.#toMicros(this.#time);
  }

  get totals(): RunTotals {
    const rows = this.#observer.position;
    return { rows, events: this.#events, commands: this.#commands, endedAt: this.now };
  }

  /** Up to the next event, and through it. False when all is over. */
  advance(): boolean {
    const { venue } = this.#run;
    for (;;) {
      const known = venue.isIdle ? Number.POSITIVE_INFINITY : this.#advanceVenue();
      const wake = Math.min(this.#ownWake, venue.nextReportAt);
      const until = Math.min(wake, known);
      if (this.#observe(until)) {
        this.#step({ kind: "touch-moved", time: this.now, instrument: this.#instrument });
        return true;
      }
      const isDue = wake <= this.#observer.time;
      if (this.#engineSide.block === undefined && !this.#marketEnded && !isDue) {
        return this.#endMarket();
      }
      if (until === Number.POSITIVE_INFINITY) return false;
      this.#time = Math.max(this.#time, until);
      if (until !== wake) continue;
      this.#deliver(wake);
      return true;
    }
  }

  /**
   * Brings the venue as far as no order of ours can arrive any more that is not sent yet. Returns
   * the local time before which no further report than `nextReportAt` can arrive.
   */
  #advanceVenue(): number {
    const { venue } = this.#run;
    const { minEntryLatency, minResponseLatency } = venue;
    const soonest = this.#soonestAct();
    for (;;) {
      const until = Math.min(soonest, venue.nextReportAt) + minEntryLatency;
      const { block, row } = this.#venueSide;
      if (block === undefined) {
        venue.finish(until);
        if (until <= Math.min(soonest, venue.nextReportAt) + minEntryLatency) {
          return until + minResponseLatency;
        }
        continue;
      }
      const next = venue.advance(block, row, block.length, until);
      const isThrough = next < block.length && isAfter(block, next, until);
      this.#venueSide.advanceTo(next);
      if (isThrough) return until + minResponseLatency;
      // Otherwise a report was made, or the block ended: look again.
    }
  }

  /**
   * No order is sent before this, reports apart: our own wake-up, or the next row if it may wake
   * us.
   */
  #soonestAct(): number {
    if (!this.#run.engine.isWatching) return this.#ownWake;
    const { block, row } = this.#engineSide;
    if (block === undefined) return this.#ownWake;
    let at = row;
    while (at < block.length && (block.kind[at]! & VENUE_ONLY) !== 0) at += 1;
    const next = at < block.length ? block.localTime[at]! : this.#time;
    return Math.min(this.#ownWake, Math.max(this.#time, next));
  }

  /** Shows the engine the market up to `until`; true when it wants to be woken before that. */
  #observe(until: number): boolean {
    const observer = this.#observer;
    for (;;) {
      const { block, row } = this.#engineSide;
      if (block === undefined) return false;
      const next = observer.observe(block, row, block.length, until);
      this.#engineSide.advanceTo(next);
      if (observer.wokeUp) {
        this.#time = Math.max(this.#time, observer.time);
        return true;
      }
      if (next < block.length) return false;
    }
  }

  /** All that is due at `wake`: reports first, then what was scheduled, then timers. */
  #deliver(wake: number): void {
    const { engine, venue, scheduled } = this.#run;
    const time = this.#toMicros(wake);
    if (venue.nextReportAt <= wake) {
      const { clientOrderId, report } = venue.takeReport();
      this.#step({ kind: "order-reported", time, clientOrderId, report });
      return;
    }
    const next = scheduled[this.#nextScheduled];
    if (next !== undefined && this.#toNanos(next.time) <= wake) {
      this.#nextScheduled += 1;
      this.#step(next);
      return;
    }
    if (engine.wakeAt <= time) this.#step({ kind: "timer-fired", time });
  }

  /** The last row is read: says so once, and goes on only for what the venue still owes. */
  #endMarket(): boolean {
    this.#marketEnded = true;
    this.#time = Math.max(this.#time, this.#observer.time);
    this.#step({ kind: "market-ended", time: this.now, instrument: this.#instrument });
    return true;
  }

  #step(event: EngineEvent): void {
    const { engine, journal, onStep } = this.#run;
    const { position } = this.#observer;
    journal?.append("event", position, canonicalJson(event));
    const outputs = engine.step(event);
    this.#events += 1;
    for (const output of outputs) journal?.append("output", position, canonicalJson(output));
    for (const output of outputs) this.#act(output);
    this.#setOwnWake();
    onStep?.(event, outputs);
  }

  #setOwnWake(): void {
    const { engine, scheduled } = this.#run;
    const next = scheduled[this.#nextScheduled];
    const timer = engine.wakeAt === NEVER ? Number.POSITIVE_INFINITY : this.#toNanos(engine.wakeAt);
    this.#ownWake =
      next === undefined ? timer : Math.min(timer, Math.max(this.#time, this.#toNanos(next.time)));
  }

  #act(output: EngineOutput): void {
    const { venue } = this.#run;
    const sentAt = this.#time;
    if (output.kind === "place-order") venue.place(output.order, sentAt);
    else if (output.kind === "amend-order") venue.amend(output.amend, sentAt);
    else if (output.kind === "cancel-order") venue.cancel(output.clientOrderId, sentAt);
    else return;
    this.#commands += 1;
  }

  #toMicros(nanos: number): Micros {
    return micros(this.#epochMicros + Math.floor(nanos / 1000));
  }

  #toNanos(at: Micros): number {
    return (at - this.#epochMicros) * 1000;
  }
}

/** Whether the first row that the venue would read lies after `until`. */
function isAfter(block: MarketBlock, row: number, until: number): boolean {
  let at = row;
  while (at < block.length && (block.kind[at]! & ENGINE_ONLY) !== 0) at += 1;
  return at < block.length && block.exchangeTime[at]! > until;
}
