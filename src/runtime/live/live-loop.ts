/**
 * Live loop: journal the event, step, journal what comes of it, make it durable, act. In real time.
 *
 * It mirrors the simulated loop: rows, reports, timers and operators are the events, and the
 * session carries out the commands. It awaits nothing and reads no clock but the session's, so it
 * runs in virtual time as well. What must stay true: nothing is sent whose reason is not durable;
 * time never falls, and is never before the last row seen; and whatever breaks (the journal, the
 * engine), what rests at the venue is withdrawn and nothing new is sent.
 */
import type { ClientOrderId, OrderReport } from "../../core/domain/child-order.ts";
import { instrumentId } from "../../core/domain/instrument.ts";
import type {
  EngineCommand,
  EngineEvent,
  EngineOutput,
  MarketTold,
} from "../../core/domain/messages.ts";
import { type Micros, micros, NEVER } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import type { ArchiveMarks } from "../../core/execution/saved-state.ts";
import type { MarketBlock } from "../../core/market/columns.ts";
import type { Observer, TouchWake } from "../../core/market/observer.ts";
import type { Timers } from "../../data/network/timers.ts";
import type { VenueNotice, VenueSession, VenueSink } from "../../venues/venue.ts";
import { canonicalJson } from "../../core/domain/canonical-json.ts";
import { StreamClock } from "../simulated-lane.ts";
import { archiveText } from "./archive-text.ts";
import { BookLag } from "./book-lag.ts";
import { stateText } from "./recovery.ts";
import { MarketTellings } from "./market-tellings.ts";
import type { RunFollower } from "./run-follower.ts";
import type { RunJournal, Tape } from "./run-store.ts";
import type { TickToOrder } from "./tick-to-order.ts";

export interface LiveLoopOptions {
  readonly engine: Engine;
  readonly session: VenueSession;
  readonly timers: Timers;
  readonly tape?: Tape | undefined;
  readonly meter?: TickToOrder | undefined;
  /** It goes on when no parent is at work, until `standDown` or a kill. */
  readonly isStanding?: boolean | undefined;
  /** Told of each event with what came of it, once that has been acted on. */
  readonly onStep?: ((event: EngineEvent, outputs: readonly EngineOutput[]) => void) | undefined;
  /** Told of the same at once, before the next row is seen. */
  readonly follower?: Pick<RunFollower, "stepped" | "rowsSeen"> | undefined;
  readonly onNotice?: ((notice: VenueNotice) => void) | undefined;
  /** The loop goes on for so long after the last parent has ended: markouts. Nanoseconds. */
  readonly lingerNanos?: number | undefined;
  /** Of what was journaled before: time does not fall behind it. */
  readonly lastTime?: Micros | undefined;
  /** Records from one checkpoint to the next; absent: as many as pay. */
  readonly checkpointRecords?: number | undefined;
  /** What the journal's checkpoints have archived. */
  readonly archived?: ArchiveMarks | undefined;
}

export type LiveEnd =
  /** Every parent has come to its end. `unwithdrawn`: of a kill, why orders may still rest. */
  | { readonly kind: "over"; readonly unwithdrawn?: string }
  /** Somebody left it; what rests at the venue stays there. */
  | { readonly kind: "left" }
  /** Something broke. `unwithdrawn`: why orders may still rest at the venue. */
  | { readonly kind: "halted"; readonly error: unknown; readonly unwithdrawn: string | undefined };

const SECOND_NANOS = 1e9;
const CHECKPOINT_RECORDS = 4096;
/** So many are folded in less than half a second. */
const MOST_CHECKPOINT_RECORDS = 3 << 14;
/** Bytes of state to each record: they cost a fiftieth of what the record costs. */
const CHECKPOINT_BYTES = 16;

type Step = readonly [event: EngineEvent, outputs: readonly EngineOutput[]];

export class LiveLoop implements VenueSink {
  readonly ended: Promise<LiveEnd>;
  readonly #options: LiveLoopOptions;
  readonly #engine: Engine;
  readonly #session: VenueSession;
  readonly #timers: Timers;
  readonly #observer: Observer;
  readonly #wake: TouchWake;
  readonly #clock: StreamClock;
  readonly #instrument: string;
  readonly #lag: BookLag;
  readonly #tellings = new MarketTellings();
  readonly #resolve: (end: LiveEnd) => void;
  #journal: RunJournal | undefined;
  #isOver = false;
  #isEnding = false;
  /** Orders may still come: it does not end where none is at work. */
  #isStanding: boolean;
  #stopLooking: (() => void) | undefined;
  /** Of a kill, while it goes on, and what came of the last one. */
  #withdrawal: Promise<string | undefined> | undefined;
  #unwithdrawn: string | undefined;
  #lastTime = 0 as Micros;
  #record: number | undefined;
  /** Of the events in hand: sent once their reasons are durable. */
  #commands: EngineCommand[] = [];
  #steps: Step[] = [];
  /** Nanoseconds that the journal took of the events in hand. */
  #journaling = 0;
  /** Whether something is journaled that is not durable. */
  #isPending = false;
  #commitIsDue = false;
  /** Records since the last checkpoint, and how many make another. */
  #sinceCheckpoint = 0;
  #checkpointEvery: number;
  readonly #archived: ArchiveMarks;
  #takeBack: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #stopTicking: (() => void) | undefined;

  constructor(options: LiveLoopOptions) {
    this.#options = options;
    this.#isStanding = options.isStanding === true && !options.engine.isKilled;
    this.#checkpointEvery = options.checkpointRecords ?? CHECKPOINT_RECORDS;
    this.#engine = options.engine;
    this.#session = options.session;
    this.#timers = options.timers;
    const market = options.engine.instruments[0]!;
    this.#observer = market.observer;
    this.#wake = market.wake;
    this.#clock = new StreamClock(options.session.header);
    this.#instrument = instrumentId(options.session.header.instrument);
    this.#lastTime = options.lastTime ?? this.#lastTime;
    this.#archived = options.archived ?? new Map();
    this.#lag = new BookLag({
      observer: this.#observer,
      mostNanos: () => this.#engine.limits.staleAfter * 1000,
      notice: (notice) => options.onNotice?.(notice),
    });
    const { promise, resolve } = Promise.withResolvers<LiveEnd>();
    this.ended = promise;
    this.#resolve = resolve;
  }

  /** Rows begin: the engine looks on, and trades once `begin` is called. */
  watch(): void {
    this.#session.start(this);
    this.#tick();
  }

  /** From here on all is journaled. `make` is told the time of the event. */
  begin(journal: RunJournal, make: (time: Micros) => EngineEvent): void {
    this.#journal = journal;
    this.operate(make);
  }

  /** An operator's event; before `begin` there is nothing to operate. */
  operate(make: (time: Micros) => EngineEvent): void {
    if (this.#journal === undefined) return;
    this.#guard(() => {
      // As a replay will read it: the order of its keys, too.
      this.#step(JSON.parse(canonicalJson(make(this.now))) as EngineEvent);
      this.#settle();
    });
  }

  /** Stops every parent; the feed may be dead, and the engine beside itself. */
  kill(by: string, reason: string): void {
    this.operate((time) => ({ kind: "kill-switched", time, by, reason }));
    void this.#withdraw();
    this.cutLinger();
  }

  /** Ends the loop where it only looks on. @returns whether it did. */
  cutLinger(): boolean {
    if (this.#isEnding) this.#finishEnding();
    return this.#isEnding;
  }

  /** No more orders come: it ends once the last parent has. */
  standDown(): void {
    this.#isStanding = false;
    this.#guard(() => this.#lookForEnd());
  }

  /** Ends the loop as it stands: what rests at the venue stays there. */
  leave(): void {
    this.#guard(() => {
      this.#journal?.commit();
      this.#end({ kind: "left" });
    });
  }

  /** Something outside has broken, on which the run hangs. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#stop();
    void this.#withdraw().then((unwithdrawn) =>
      this.#resolve({ kind: "halted", error, unwithdrawn }),
    );
  }

  /** Of the last event, in the journal; undefined where that has no numbers. */
  get record(): number | undefined {
    return this.#record;
  }

  /** The session's time as the engine is told it: it never falls, nor is it before a row seen. */
  get now(): Micros {
    const nanos = Math.max(this.#session.now(), this.#observer.time);
    const time = this.#clock.toMicros(nanos);
    if (time > this.#lastTime) this.#lastTime = time;
    return this.#lastTime;
  }

  /** So long the engine's time stands still: the session's clock is behind what was journaled. */
  get behind(): Micros {
    return micros(Math.max(0, this.#lastTime - this.#clock.toMicros(this.#session.now())));
  }

  rows(block: MarketBlock): void {
    if (this.#isOver) return;
    this.#guard(() => this.#lag.pass(block, this.#take));
  }

  readonly #take = (block: MarketBlock, mayAct: boolean): void => {
    for (let row = 0; row < block.length;) {
      const from = row;
      row = this.#engine.observe(0, block, from, block.length, Number.POSITIVE_INFINITY);
      // First: what is decided on these rows becomes durable with them or behind them.
      this.#options.tape?.take(block, from, row);
      if (!mayAct || !this.#observer.wokeUp || !this.#wake.isDue) continue;
      this.#step({ kind: "touch-moved", time: this.now, instrument: this.#instrument });
    }
    this.#options.follower?.rowsSeen?.();
    if (this.#steps.length > 0) this.#settle(block.localTime[block.length - 1]);
  };

  report(clientOrderId: ClientOrderId, report: OrderReport): void {
    if (this.#isOver || this.#journal === undefined) return;
    this.#guard(() => {
      this.#step({ kind: "order-reported", time: this.now, clientOrderId, report });
      this.#settle();
    });
  }

  notice(notice: VenueNotice): void {
    if (!this.#isOver) this.#guard(() => this.#options.onNotice?.(notice));
  }

  told(told: MarketTold): void {
    if (!this.#isOver) this.#tellings.hear(told);
  }

  #step(event: EngineEvent): void {
    const journal = this.#journal;
    if (journal === undefined || this.#isOver) return;
    const { position } = this.#observer;
    this.#isPending = true;
    const before = this.#session.now();
    journal.append("event", position, canonicalJson(event));
    this.#record = journal.sequence;
    this.#sinceCheckpoint += 1;
    const begun = this.#session.now();
    const outputs = this.#engine.step(event);
    const done = this.#session.now();
    if (event.kind === "kill-switched") this.#isStanding = false;
    for (const output of outputs) {
      journal.append("output", position, canonicalJson(output));
      this.#sinceCheckpoint += 1;
      if (isSent(output)) this.#commands.push(output);
    }
    this.#journaling += begun - before + (this.#session.now() - done);
    this.#steps.push([event, outputs]);
    this.#options.follower?.stepped(this.#record, event, outputs);
  }

  /**
   * Ends a turn: all events of it become durable together, then their commands are sent. A turn
   * that sends nothing need not wait for the disk.
   *
   * @param receivedAt nanoseconds: when the row came that caused it, where a row did.
   */
  #settle(receivedAt?: number): void {
    if (this.#commands.length > 0) this.#send(receivedAt);
    else if (this.#isPending) this.#commitSoon();
    const steps = this.#steps;
    this.#steps = [];
    this.#journaling = 0;
    for (const [event, outputs] of steps) this.#options.onStep?.(event, outputs);
    this.#arm();
    this.#lookForEnd();
  }

  #send(receivedAt: number | undefined): void {
    const before = this.#session.now();
    this.#commit();
    const after = this.#session.now();
    const commands = this.#commands;
    this.#commands = [];
    for (const command of commands) this.#act(command);
    if (receivedAt === undefined) return;
    const durable = this.#journaling + after - before;
    this.#options.meter?.record(this.#session.now() - receivedAt, durable);
  }

  #act(command: EngineCommand): void {
    if (command.kind === "place-order") this.#session.place(command.order);
    else if (command.kind === "amend-order") this.#session.amend(command.amend);
    else if (command.kind === "cancel-order") this.#session.cancel(command.clientOrderId);
  }

  #commit(): void {
    this.#journal?.commit();
    this.#isPending = false;
  }

  #commitSoon(): void {
    if (this.#commitIsDue) return;
    this.#commitIsDue = true;
    this.#timers.after(0, () => {
      this.#commitIsDue = false;
      if (this.#isOver || !this.#isPending) return;
      this.#guard(() => {
        this.#checkpoint();
        this.#commit();
      });
    });
  }

  /** Now and then, in a turn that nothing waits for: what a restart need not fold again. */
  #checkpoint(): void {
    if (this.#sinceCheckpoint < this.#checkpointEvery) return;
    const state = stateText(this.#engine);
    const archive = archiveText(this.#engine.archive(this.#archived));
    this.#journal!.checkpoint(this.#observer.position, state, archive);
    this.#sinceCheckpoint = 0;
    if (this.#options.checkpointRecords !== undefined) return;
    // The larger the state, the rarer; but what is behind it is folded at the next restart.
    const worth = Math.min(MOST_CHECKPOINT_RECORDS, state.length / CHECKPOINT_BYTES);
    this.#checkpointEvery = Math.max(CHECKPOINT_RECORDS, worth);
  }

  /** One timer at most. One that is set too early looks, and is set again. */
  #arm(): void {
    const { wakeAt } = this.#engine;
    if (this.#isOver || wakeAt === NEVER) return;
    const at = this.#clock.toNanos(wakeAt);
    if (at >= this.#armedFor) return;
    this.#takeBack?.();
    this.#armedFor = at;
    // Time 0 would be a turn without a pause: a timer that is due waits for a turn of the loop.
    this.#takeBack = this.#timers.after(Math.max(1, at - this.#session.now()), () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      if (!this.#isOver) this.#guard(() => this.#due());
    });
  }

  /** Never early; however late, it is one event. */
  #due(): void {
    const { now } = this;
    if (this.#engine.wakeAt > now) return this.#arm();
    this.#step({ kind: "timer-fired", time: now });
    this.#settle();
  }

  #tick(): void {
    this.#stopTicking = this.#timers.after(SECOND_NANOS, () => {
      if (this.#isOver) return;
      const now = this.#session.now();
      this.#guard(() => this.#options.tape?.tick(now));
      const told = this.#journal === undefined ? undefined : this.#tellings.take(now);
      const instrument = this.#instrument;
      if (told) this.operate((time) => ({ kind: "market-told", time, instrument, told }));
      this.#tick();
    });
  }

  #lookForEnd(): void {
    const [market] = this.#engine.instruments;
    if (this.#isStanding || this.#isEnding || this.#isOver) return;
    if (market!.live.length > 0) return;
    this.#isEnding = true;
    const linger = this.#options.lingerNanos ?? 0;
    this.#stopLooking = this.#timers.after(linger, () => this.#finishEnding());
  }

  /** A withdrawal that goes on is waited for, reports are taken meanwhile. */
  #finishEnding(): void {
    if (this.#withdrawal !== undefined) {
      void this.#withdrawal.then(() => this.#finishEnding());
      return;
    }
    this.#guard(() => {
      this.#commit();
      const unwithdrawn = this.#unwithdrawn;
      this.#end({ kind: "over", ...(unwithdrawn === undefined ? {} : { unwithdrawn }) });
    });
  }

  /** Nobody may carry on with what threw: what rests is withdrawn, and the run has failed. */
  #guard(work: () => void): void {
    if (this.#isOver) return;
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  /** One at a time. @returns why orders may still rest, where they may. */
  #withdraw(): Promise<string | undefined> {
    this.#withdrawal ??= this.#withdrawAll().then((unwithdrawn) => {
      this.#withdrawal = undefined;
      this.#unwithdrawn = unwithdrawn;
      return unwithdrawn;
    });
    return this.#withdrawal;
  }

  async #withdrawAll(): Promise<string | undefined> {
    try {
      const done = await this.#session.cancelAll();
      return done.ok ? undefined : done.error.text;
    } catch (error) {
      return `orders could not be withdrawn: ${String(error)}`;
    }
  }

  #end(end: LiveEnd): void {
    this.#stop();
    this.#resolve(end);
  }

  #stop(): void {
    this.#isOver = true;
    this.#commands = [];
    this.#takeBack?.();
    this.#stopTicking?.();
    this.#stopLooking?.();
  }
}

const isSent = (output: EngineOutput): output is EngineCommand =>
  output.kind === "place-order" || output.kind === "amend-order" || output.kind === "cancel-order";
