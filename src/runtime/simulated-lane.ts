/**
 * Simulated lane: one engine in a simulated run, its account at the venue, and when it is woken.
 *
 * What must stay true: an event and all that comes of it are journaled before anything is acted on.
 */
import type { AdviceQuestion } from "../core/contracts/advice.ts";
import type { ClientOrderId, OrderReport, OrderTerms } from "../core/domain/child-order.ts";
import { invariant } from "../core/domain/errors.ts";
import type { AmendTerms, EngineEvent, EngineOutput } from "../core/domain/messages.ts";
import { type Micros, micros, NEVER } from "../core/domain/units.ts";
import type { Engine } from "../core/engine.ts";
import type { MarketHeader } from "../core/market/columns.ts";
import type { TouchWake } from "../core/market/observer.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import type { JournalSink } from "./journal/journal.ts";

/** What the loop needs of an account at a simulated venue. Nanoseconds since the stream's epoch. */
export interface SimulatedAccount {
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
}

/** Whoever answers an engine's questions in virtual time. */
export interface LaneAdvisor {
  ask(question: AdviceQuestion, at: Micros): void;
  /** The lane may not go on: when an answer comes is not known yet. */
  readonly isThinking: boolean;
  /** When the next answer is due; `NEVER` when none is. */
  readonly nextAt: Micros;
  /** That one. */
  take(): EngineEvent;
}

/** One engine, and what is its alone. */
export interface SimulatedLane {
  readonly engine: Engine;
  /** Operators' events, in order of time. */
  readonly scheduled: readonly EngineEvent[];
  readonly journal?: JournalSink;
  readonly advisor?: LaneAdvisor;
  /**
   * Called after each event with what came of it; must not change anything.
   * @returns true when nobody wants to know what becomes of the lane.
   */
  readonly onStep?: (event: EngineEvent, outputs: readonly EngineOutput[]) => boolean | void;
}

/** An engine, its account, and when it must be woken. Times are nanoseconds of the stream. */
export class Lane {
  readonly engine: Engine;
  readonly account: SimulatedAccount;
  readonly wake: TouchWake;
  /** Local time of the next timer or scheduled event; reports come on top. */
  ownWake = 0;
  isOver = false;
  readonly #lane: SimulatedLane;
  readonly #clock: StreamClock;
  #nextScheduled = 0;
  #hasAsked = false;

  constructor(lane: SimulatedLane, account: SimulatedAccount, clock: StreamClock) {
    this.#lane = lane;
    this.#clock = clock;
    this.engine = lane.engine;
    this.account = account;
    this.wake = lane.engine.instruments[0]!.wake;
    this.#rearm(0);
  }

  get nextWake(): number {
    const { nextReportAt } = this.account;
    return nextReportAt < this.ownWake ? nextReportAt : this.ownWake;
  }

  /** The first of what is due at `wake`, when something is. */
  takeDue(wake: number, time: Micros): EngineEvent {
    const { account } = this;
    if (account.nextReportAt <= wake) {
      const { clientOrderId, report } = account.takeReport();
      return { kind: "order-reported", time, clientOrderId, report };
    }
    const { advisor } = this.#lane;
    const next = this.#lane.scheduled[this.#nextScheduled];
    const answerAt = advisor?.nextAt ?? NEVER;
    if (next !== undefined && next.time <= answerAt && this.#clock.toNanos(next.time) <= wake) {
      this.#nextScheduled += 1;
      return next;
    }
    if (answerAt !== NEVER && this.#clock.toNanos(answerAt) <= wake) return advisor!.take();
    return { kind: "timer-fired", time };
  }

  /** @returns how many commands were sent, at local time `now`. */
  step(event: EngineEvent, position: number, now: number): number {
    const { journal, onStep, advisor } = this.#lane;
    journal?.append("event", position, canonicalJson(event));
    const outputs = this.engine.step(event);
    for (const output of outputs) journal?.append("output", position, canonicalJson(output));
    let commands = 0;
    for (const output of outputs) {
      if (this.#act(output, now)) commands += 1;
      else if (output.kind === "ask-advisor" && advisor !== undefined) {
        advisor.ask(output.question, event.time);
        this.#hasAsked = true;
      }
    }
    this.#rearm(now);
    this.isOver = onStep?.(event, outputs) === true;
    return commands;
  }

  /**
   * What the advisor was asked is answered: when that is due is known from here on.
   *
   * @throws InvariantError while it thinks: virtual time has to wait for it.
   */
  takeUpAnswer(now: number): void {
    if (!this.#hasAsked) return;
    invariant(this.#lane.advisor?.isThinking !== true, "virtual time waits for the advisor");
    this.#hasAsked = false;
    this.#rearm(now);
  }

  #rearm(now: number): void {
    const next = this.#lane.scheduled[this.#nextScheduled];
    const timer = this.#nanosOf(this.engine.wakeAt);
    const answerAt = this.#lane.advisor?.nextAt ?? NEVER;
    const outside = next !== undefined && next.time < answerAt ? next.time : answerAt;
    this.ownWake = Math.min(timer, Math.max(now, this.#nanosOf(outside)));
  }

  #nanosOf(at: Micros): number {
    return at === NEVER ? Number.POSITIVE_INFINITY : this.#clock.toNanos(at);
  }

  #act(output: EngineOutput, sentAt: number): boolean {
    const { account } = this;
    if (output.kind === "place-order") account.place(output.order, sentAt);
    else if (output.kind === "amend-order") account.amend(output.amend, sentAt);
    else if (output.kind === "cancel-order") account.cancel(output.clientOrderId, sentAt);
    else return false;
    return true;
  }
}

/** Engine time and the stream's own. */
export class StreamClock {
  readonly #epochMicros: number;

  constructor({ epochNanos }: MarketHeader) {
    this.#epochMicros = Number(epochNanos / 1000n);
  }

  toMicros(nanos: number): Micros {
    return micros(this.#epochMicros + Math.floor(nanos / 1000));
  }

  toNanos(at: Micros): number {
    return (at - this.#epochMicros) * 1000;
  }
}
