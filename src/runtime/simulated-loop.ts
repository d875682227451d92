/**
 * Simulated loop: journal the event, step, journal what comes of it, act. In virtual time.
 *
 * Two sides run apart: the venue by exchange time, the engines by local time. No engine acts before
 * it is woken, and an order takes at least the entry latency to arrive; so far ahead the venue may
 * run, and as far as the venue is known the engines may follow. At one local instant market data
 * comes first, then reports, then scheduled events, then timers: nothing else decides the order.
 *
 * Several engines may run over one pass of the market, each in a lane of its own, because none of
 * them moves it. What must stay true: a lane's events are those that it would have alone.
 */
import { invariant } from "../core/domain/errors.ts";
import { instrumentId } from "../core/domain/instrument.ts";
import type { EngineEvent } from "../core/domain/messages.ts";
import type { Micros } from "../core/domain/units.ts";
import { ASLEEP, type Observer } from "../core/market/observer.ts";
import { Lane, type SimulatedAccount, type SimulatedLane, StreamClock } from "./simulated-lane.ts";
import type { SimulatedMarket } from "./simulated-market.ts";

export interface SimulatedRun {
  readonly market: SimulatedMarket;
  /** Lane k trades on account k. Several must have one observer, and a market that is fixed. */
  readonly lanes: readonly SimulatedLane[];
}

/** Lanes of a fixed market that begin one after the other, each made when its time has come. */
export interface SimulatedTour {
  readonly market: SimulatedMarket;
  readonly observer: Observer;
  /** In order of their beginning. */
  readonly coming: readonly ComingLane[];
}

export interface ComingLane {
  /** Its engine does nothing before. */
  readonly beginsAt: Micros;
  open(): { readonly lane: SimulatedLane; readonly account: SimulatedAccount };
  /** It is over; `error`: because its engine threw that, which is nothing to the others. */
  close(account: SimulatedAccount, error?: unknown): void;
}

export interface RunTotals {
  /** Market rows that the engines took in. */
  readonly rows: number;
  /** Of all lanes. */
  readonly events: number;
  readonly commands: number;
  /** Local time when the run ended. */
  readonly endedAt: Micros;
}

/** Steps of a run, so that a caller may draw progress or stop between them. */
export function* simulate(run: SimulatedRun | SimulatedTour): Generator<Micros, RunTotals> {
  const loop = new SimulatedLoop(run);
  try {
    while (loop.advance()) yield loop.now;
  } finally {
    loop.close();
  }
  if ("lanes" in run) for (const { journal } of run.lanes) journal?.commit();
  return loop.totals;
}

/** The whole run at once. */
export function simulateToEnd(run: SimulatedRun | SimulatedTour): RunTotals {
  const steps = simulate(run);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A market that makes its rows does not run further ahead of the engines than this. */
const ROWS_AHEAD_NANOS = 1e9;

class SimulatedLoop {
  readonly #market: SimulatedMarket;
  readonly #clock: StreamClock;
  readonly #observer: Observer;
  /** Those that somebody still wants to know of. */
  #lanes: Lane[];
  /** Those that have not begun, the next one last; and of those that have, what closes them. */
  readonly #coming: ComingLane[];
  readonly #closing = new Map<Lane, ComingLane>();
  readonly #errors = new Map<Lane, unknown>();
  readonly #instrument: string;
  /** Local time up to which the engines have seen everything. */
  #time = 0;
  #marketEnded = false;
  #events = 0;
  #commands = 0;

  constructor(run: SimulatedRun | SimulatedTour) {
    const { market } = run;
    const lanes = "lanes" in run ? run.lanes : [];
    this.#coming = "lanes" in run ? [] : run.coming.toReversed();
    this.#market = market;
    this.#clock = new StreamClock(market.header);
    this.#observer = "lanes" in run ? lanes[0]!.engine.instruments[0]!.observer : run.observer;
    for (const { engine } of lanes) {
      const { observer } = engine.instruments[0]!;
      invariant(observer === this.#observer, "lanes of one run look at one observer");
    }
    this.#lanes = lanes.map((lane, k) => new Lane(lane, market.accounts[k]!, this.#clock));
    this.#instrument = instrumentId(market.header.instrument);
  }

  get now(): Micros {
    return this.#clock.toMicros(this.#time);
  }

  close(): void {
    this.#market.close();
  }

  get totals(): RunTotals {
    const rows = this.#observer.position;
    return { rows, events: this.#events, commands: this.#commands, endedAt: this.now };
  }

  /** Up to the next event, and through what happens at that instant. False when all is over. */
  advance(): boolean {
    const market = this.#market;
    for (const lane of this.#lanes) lane.takeUpAnswer(this.#time);
    while (this.#lanes.length > 0 || this.#coming.length > 0) {
      const isIdle = market.isFixed && this.#isIdle();
      const known = isIdle ? Number.POSITIVE_INFINITY : this.#advanceVenue();
      const wake = this.#nextWake();
      const until = Math.min(wake, known);
      if (this.#observe(until)) return this.#touchMoved();
      const isDue = wake <= this.#observer.time;
      const isRead = market.isOver && market.rows.block === undefined;
      if (isRead && !this.#marketEnded && !isDue) {
        return this.#endMarket();
      }
      if (until === Number.POSITIVE_INFINITY) return false;
      this.#time = Math.max(this.#time, until);
      if (until !== wake) continue;
      return this.#deliver(wake);
    }
    return false;
  }

  #comingAt(): number {
    const next = this.#coming.at(-1);
    return next === undefined ? Number.POSITIVE_INFINITY : this.#clock.toNanos(next.beginsAt);
  }

  #isIdle(): boolean {
    for (const { account } of this.#lanes) if (!account.isIdle) return false;
    return true;
  }

  #nextWake(): number {
    let wake = this.#comingAt();
    for (const lane of this.#lanes) {
      const { nextWake } = lane;
      if (nextWake < wake) wake = nextWake;
    }
    return wake;
  }

  /**
   * Brings the venue as far as no order of ours can arrive any more that is not sent yet. Returns
   * the local time before which no further report than those under way can arrive.
   */
  #advanceVenue(): number {
    const market = this.#market;
    const nextRow = market.nextRowAt(this.#time);
    const most = market.isFixed ? Number.POSITIVE_INFINITY : nextRow + ROWS_AHEAD_NANOS;
    for (;;) {
      const until = Math.min(this.#safeUntil(nextRow), most);
      if (market.advance(until)) return this.#knownAfter(until);
    }
  }

  /** Exchange time before which nothing arrives at the venue that has not been sent yet. */
  #safeUntil(nextRow: number): number {
    let until = this.#comingAt();
    for (const lane of this.#lanes) {
      // Reports apart, none is sent before the lane's own wake-up, or a row that may wake it.
      const own = lane.engine.isWatching ? Math.min(lane.ownWake, nextRow) : lane.ownWake;
      const soonest = Math.min(own, lane.account.nextReportAt) + lane.account.minEntryLatency;
      if (soonest < until) until = soonest;
    }
    return until;
  }

  #knownAfter(until: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { account } of this.#lanes) {
      if (account.minResponseLatency < least) least = account.minResponseLatency;
    }
    return Math.min(until + least, this.#market.rowsKnownTo);
  }

  /** Shows the engines the market up to `until`; true when one wants to be woken before that. */
  #observe(until: number): boolean {
    const observer = this.#observer;
    const market = this.#market;
    const { rows } = market;
    for (;;) {
      const { block, row } = rows;
      if (block === undefined) return false;
      const next = observer.observe(block, row, block.length, until);
      rows.advanceTo(next);
      if (next === block.length && market.isFixed && this.#isIdle()) market.catchUp(observer.time);
      if (observer.wokeUp) {
        this.#time = Math.max(this.#time, observer.time);
        return true;
      }
      if (next < block.length) return false;
    }
  }

  #touchMoved(): true {
    const event = { kind: "touch-moved", time: this.now, instrument: this.#instrument } as const;
    for (const lane of this.#lanes) if (lane.wake.isDue) this.#step(lane, event);
    this.#dropOver();
    return true;
  }

  /** In each lane the first of what is due at `wake`: a report, what was scheduled, a timer. */
  #deliver(wake: number): true {
    const time = this.#clock.toMicros(wake);
    this.#begin(wake);
    for (const lane of this.#lanes) {
      if (lane.nextWake > wake) continue;
      this.#step(lane, lane.takeDue(wake, time));
    }
    this.#dropOver();
    return true;
  }

  /** Makes the lanes whose time has come. */
  #begin(wake: number): void {
    while (this.#comingAt() <= wake) {
      const coming = this.#coming.pop()!;
      const { lane, account } = coming.open();
      const begun = new Lane(lane, account, this.#clock);
      this.#lanes.push(begun);
      this.#closing.set(begun, coming);
    }
  }

  /** The last row is read: says so once, and goes on only for what the venue still owes. */
  #endMarket(): true {
    this.#marketEnded = true;
    this.#time = Math.max(this.#time, this.#observer.time);
    const event = { kind: "market-ended", time: this.now, instrument: this.#instrument } as const;
    for (const lane of this.#lanes) this.#step(lane, event);
    this.#dropOver();
    return true;
  }

  #step(lane: Lane, event: EngineEvent): void {
    this.#events += 1;
    try {
      this.#commands += lane.step(event, this.#observer.position, this.#time);
    } catch (error) {
      if (!this.#closing.has(lane)) throw error;
      lane.isOver = true;
      this.#errors.set(lane, error);
    }
  }

  #dropOver(): void {
    if (this.#lanes.every(({ isOver }) => !isOver)) return;
    for (const lane of this.#lanes) {
      if (!lane.isOver) continue;
      Object.assign(lane.wake, ASLEEP);
      const coming = this.#closing.get(lane);
      if (coming === undefined) continue;
      this.#closing.delete(lane);
      this.#observer.dropWake(lane.wake);
      coming.close(lane.account, this.#errors.get(lane));
      this.#errors.delete(lane);
    }
    this.#lanes = this.#lanes.filter(({ isOver }) => !isOver);
  }
}
