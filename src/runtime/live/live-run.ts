/**
 * Live run: orders worked on a true venue or on paper, from the first row to the end: one parent
 * order, or, where the run stands, many that come and go.
 *
 * The steps are apart so that whoever runs it may look, ask and stop between them: `openLiveRun`
 * (the venue is asked, nothing is sent), `ready` (a healthy book), `preflight` (what it would
 * mean), `begin` (the order is taken on, everything is journaled from here), `ended`, `finish`. One
 * that was cut off: `resumeLiveRun`, `goOn`, `recovered`, and on as any other. One that stands:
 * `openStandingRun`, `ready`, `stand`, then orders by `operate`, and `standDown`.
 * What must stay true: however it ends, the journal is readable, and the rows that it counts lie
 * beside it.
 */
import { err, invariant, ok, type Result } from "../../core/domain/errors.ts";
import { formatQuantity } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { ParentOrder } from "../../core/domain/parent-order.ts";
import { addMicros, lots, type Micros, SECOND } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import type { ParentState } from "../../core/execution/parent-state.ts";
import { SYSTEM_TIMERS, type Timers } from "../../data/network/timers.ts";
import type { VenueNotice, VenueSession } from "../../venues/venue.ts";
import { orderOf } from "../backtest.ts";
import { LiveAdvisor } from "../advice/live-advisor.ts";
import type { ArrivalConfig } from "../config.ts";
import { Interruption } from "./interruption.ts";
import type { InterruptPolicy } from "./live-config.ts";
import { type LiveEnd, LiveLoop } from "./live-loop.ts";
import { type Preflight, preflight } from "./preflight.ts";
import { Reconciler } from "./reconciler.ts";
import { boundsSince, type RunOrigin } from "./run-origin.ts";
import type { RunJournal, RunStore, Tape } from "./run-store.ts";
import { RunTally } from "./run-tally.ts";
import {
  type Interrupted,
  type LiveFault,
  type LiveRequest,
  type LiveResult,
  type LiveRunOptions,
} from "./live-terms.ts";
import { TickToOrder } from "./tick-to-order.ts";
import { untilAborted } from "./until-aborted.ts";

export type * from "./live-terms.ts";

/** How long a book may take to come. */
const BOOK_NANOS = 30e9;
const LOOK_NANOS = 20e6;
/** How long the account is asked for in the end. */
const RECONCILE_NANOS = 10e9;

/** `run.journal` has `run.market.arrival` beside it. */
export const marketFileOf = (journal: string): string =>
  `${journal.replace(/\.journal$/, "")}.market.arrival`;

type Watching = Pick<
  LiveRunOptions,
  | "journal"
  | "timers"
  | "linger"
  | "checkpointRecords"
  | "advisor"
  | "news"
  | "isStanding"
  | "onStep"
  | "follower"
  | "onNotice"
>;

export class LiveRun {
  readonly session: VenueSession;
  readonly engine: Engine;
  readonly config: ArrivalConfig;
  readonly parentId: string;
  readonly marketFile: string;
  /** Of a run that is gone on with: resolves once the venue has told the fate of every order. */
  readonly recovered: Promise<void>;
  readonly #options: Watching;
  readonly #origin: RunOrigin;
  readonly #store: RunStore;
  readonly #timers: Timers;
  readonly #loop: LiveLoop;
  readonly #tape: Tape;
  readonly #reconciler: Reconciler;
  readonly #advisor: LiveAdvisor | undefined;
  readonly #newsEnd = new AbortController();
  readonly #interruption: Interruption;
  readonly #meter = new TickToOrder();
  readonly #tally = new RunTally();
  readonly #onRecovered: () => void;
  #journal: RunJournal | undefined;
  #tapeFault: LiveFault | undefined;
  /** Of the event told last. */
  #outcome: readonly EngineOutput[] | undefined;

  /** @internal Use `openLiveRun` or `resumeLiveRun`. */
  constructor(
    origin: RunOrigin,
    session: VenueSession,
    store: RunStore,
    venue: string,
    options: Watching,
  ) {
    this.#options = options;
    this.#origin = origin;
    this.#store = store;
    this.session = session;
    this.#timers = options.timers ?? SYSTEM_TIMERS;
    this.parentId = origin.parentId;
    this.config = origin.config;
    this.engine = origin.engine;
    this.marketFile = marketFileOf(options.journal);
    this.#journal = origin.past?.journal;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.recovered = promise;
    this.#onRecovered = resolve;
    this.#tape = store.tape({
      header: session.header,
      format: `${venue}-live`,
      onFault: ({ text }) => this.#tapeFailed(text),
    });
    this.#loop = new LiveLoop({
      engine: this.engine,
      session,
      timers: this.#timers,
      tape: this.#tape,
      meter: this.#meter,
      lastTime: origin.past?.recovered.lastTime,
      archived: origin.past?.recovered.marks,
      lingerNanos: (options.linger ?? 0) * 1000,
      checkpointRecords: options.checkpointRecords,
      isStanding: options.isStanding,
      onStep: (event, outputs) => this.#note(event, outputs),
      follower: options.follower,
      onNotice: (notice) => options.onNotice?.(notice),
    });
    this.#interruption = new Interruption(this.#loop, this.engine, this.#timers);
    const { advisor } = options;
    this.#advisor =
      advisor && new LiveAdvisor({ advisor, tell: (make) => this.#loop.operate(make) });
    const instrument = this.engine.instruments[0]!.id;
    this.#reconciler = new Reconciler({
      engine: this.engine,
      session,
      timers: this.#timers,
      notice: (notice) => options.onNotice?.(notice),
      tell: (told) =>
        this.#loop.operate((time) => ({ kind: "position-told", time, instrument, ...told })),
    });
  }

  get ended(): Promise<LiveEnd> {
    return this.#loop.ended;
  }

  /** The engine's time. */
  get now(): Micros {
    return this.#loop.now;
  }

  /** Of the last event, in the journal. */
  get record(): number | undefined {
    return this.#loop.record;
  }

  get parent(): ParentState | undefined {
    return this.engine.parents.get(this.parentId);
  }

  /** Rows begin; resolves when the book is whole. */
  ready(signal?: AbortSignal): Promise<Result<void, LiveFault>> {
    this.#loop.watch();
    const until = this.session.now() + BOOK_NANOS;
    const { observer } = this.engine.instruments[0]!;
    return new Promise((resolve) => {
      const look = (): void => {
        const health = observer.health(this.now, this.config.limits.staleAfter);
        if (health === "healthy") return resolve(ok(undefined));
        if (signal?.aborted === true) return resolve(err(noBook("it was stopped first")));
        if (this.session.now() >= until) return resolve(err(noBook(`it is still ${health}`)));
        this.#timers.after(LOOK_NANOS, look);
      };
      look();
    });
  }

  /** The order as it would begin now. Where several are worked it has to be said which. */
  order(
    request: LiveRequest | undefined = this.#origin.request,
    id = this.parentId,
  ): Result<ParentOrder, LiveFault> {
    if (request === undefined) return ok(this.parent!.order);
    const startAt = addMicros(this.now, request.start ?? 0);
    const config = { ...request.config, limits: this.config.limits };
    const made = orderOf(this.session.header.instrument, { ...request, config }, id, startAt);
    if (!made.ok) return err({ code: "RUN_QUANTITY", text: made.error.text });
    return ok(request.reduceOnly === true ? { ...made.value, reduceOnly: true } : made.value);
  }

  /**
   * What the order would mean if it began now. The account is asked anew; nothing is sent.
   *
   * @param signal nobody wants to know any more: a silent venue is not waited for.
   * @param asked what the account is like, where somebody has asked just now.
   */
  async preflight(
    signal?: AbortSignal,
    request?: LiveRequest,
    asked = this.session.refresh(),
  ): Promise<Result<Preflight, LiveFault>> {
    const account = await untilAborted(asked, signal);
    if (account === undefined) return err(STOPPED);
    if (!account.ok) return account;
    // Before the order is made: the engine's time must not lie behind the order's start.
    const { now } = this;
    const order = this.order(request);
    if (!order.ok) return order;
    const { observer } = this.engine.instruments[0]!;
    const health = observer.health(this.now, this.config.limits.staleAfter);
    if (health !== "healthy") return err(noBook(`it came, and is ${health} now`));
    const probe = this.#probe(now);
    const looked = preflight({
      order: order.value,
      config: { ...this.config, limits: this.engine.limits },
      observer,
      account: account.value,
      fees: this.session.fees,
      now: this.now,
      probe,
    });
    observer.dropWake(probe.instruments[0]!.wake);
    return ok(looked);
  }

  /** An engine on the same market that works nothing, and stands where this one does. */
  #probe(now: Micros): Engine {
    const { observer, positionLots } = this.engine.instruments[0]!;
    const probe = this.#origin.probe(observer);
    const { limits } = this.engine;
    probe.instruments[0]!.positionLots = positionLots;
    probe.step({ kind: "limits-changed", time: now, limits, by: "preflight" });
    return probe;
  }

  /** Takes the order on. From here on everything is journaled, and orders are sent. */
  begin(): Result<ParentOrder, LiveFault> {
    const order = this.order();
    if (!order.ok) return order;
    if (this.#tapeFault !== undefined) return err(this.#tapeFault);
    const created = this.#store.create(this.#origin.header);
    if (!created.ok) return err(created.error);
    this.#journal = created.value;
    const parent = order.value;
    this.#loop.begin(created.value, (time) => ({ kind: "parent-submitted", time, parent }));
    this.#reconciler.start();
    void this.#followNews();
    return ok(parent);
  }

  /**
   * Stands: from here on everything is journaled, and orders come and go. What the account holds is
   * the first that is told.
   */
  stand(): Result<void, LiveFault> {
    if (this.#tapeFault !== undefined) return err(this.#tapeFault);
    const created = this.#store.create(this.#origin.header);
    if (!created.ok) return err(created.error);
    this.#journal = created.value;
    const { id, positionLots } = this.engine.instruments[0]!;
    this.#loop.begin(created.value, (time) => ({
      kind: "position-told",
      time,
      instrument: id,
      positionLots,
    }));
    this.#reconciler.start();
    void this.#followNews();
    return ok(undefined);
  }

  /** No more orders come: it ends once the last has. */
  standDown(): void {
    this.#loop.standDown();
  }

  async #followNews(): Promise<void> {
    const { news, onNotice } = this.#options;
    if (news === undefined || news.length === 0) return;
    const { followNews } = await import("../advice/news.ts");
    followNews({
      feeds: news,
      instrument: this.session.header.instrument,
      tell: (make) => this.#loop.operate(make),
      onFault: ({ code, feed, text }) =>
        onNotice?.({ severity: "warning", code, text: `${feed}: ${text}` }),
      signal: this.#newsEnd.signal,
    });
  }

  /** Goes on with a run before: the engine is told first, and rows and reports begin then. */
  goOn(): void {
    const { past } = this.#origin;
    invariant(past !== undefined, "this run was begun just now");
    const { session, rowsLost, lostFrom, stateHash } = past.recovered;
    const { begun } = this.engine.instruments[0]!;
    this.#loop.begin(past.journal, (time) => ({
      kind: "session-resumed",
      time,
      session,
      rowsLost,
      ...(lostFrom === undefined ? {} : { lostFrom }),
      stateHash,
      ...boundsSince(begun, this.session.header.instrument),
    }));
    this.#loop.watch();
    this.#reconciler.start();
    if (this.#options.isStanding === true) void this.#followNews();
    const { behind } = this.#loop;
    if (behind > this.engine.limits.staleAfter) this.#options.onNotice?.(clockWasAhead(behind));
  }

  /**
   * What somebody has the run do, of a parent order or of all.
   *
   * @returns what came of it, refusals included; undefined where nothing is at work.
   */
  operate(
    make: (time: Micros, parentId: string) => EngineEvent,
    parentId = this.parentId,
  ): readonly EngineOutput[] | undefined {
    this.#outcome = undefined;
    this.#loop.operate((time) => make(time, parentId));
    return this.#outcome;
  }

  /** Stops everything at once, whatever state the feed is in. */
  kill(by: string, reason: string): void {
    this.#loop.kill(by, reason);
    this.#interruption.endSoon();
  }

  /** Something outside the run has broken: what rests is withdrawn, and it ends. */
  fail(error: unknown): void {
    this.#loop.fail(error);
  }

  /** Where its orders have ended, and the run only looks on, it ends at once. */
  interrupt(policy: InterruptPolicy, by: string): Interrupted {
    return this.#interruption.begin(policy, by);
  }

  /** Leaves the venue and closes the files. After `ended`, or instead of `begin`. */
  async finish(): Promise<LiveResult> {
    const end = await this.ended;
    this.#advisor?.close();
    this.#newsEnd.abort();
    this.#reconciler.close();
    await this.#reconcile();
    await this.session.close();
    this.#tape.close();
    try {
      // What was done before a restart stands in the journal, and cannot be had from a closed one.
      for (const parent of this.engine.parents.values()) parent.history.load();
    } finally {
      this.#journal?.close();
    }
    return {
      // A desk tells of its orders by its view, and may have had thousands of them.
      ...this.#tally.result(this.engine, this.parentId, this.now, this.#options.isStanding),
      end,
      tickToOrder: this.#meter.figures,
      journal: this.#options.journal,
      marketFile: this.marketFile,
    };
  }

  /** Asks the venue once more, and says where the account is not what it should be. */
  async #reconcile(): Promise<void> {
    if (this.engine.parents.size === 0) return;
    const waited = Promise.withResolvers<undefined>();
    const stop = this.#timers.after(RECONCILE_NANOS, () => waited.resolve(undefined));
    const text = await Promise.race([this.#reconciler.lastLook(), waited.promise]);
    stop();
    if (text === undefined) return;
    const alert = { severity: "warning", code: "RUN_POSITION", text } as const;
    this.#tally.alerts.push(alert);
    this.#options.onNotice?.(alert);
  }

  /** Nothing was begun: leaves the venue and keeps nothing. */
  async discard(): Promise<void> {
    this.#reconciler.close();
    this.#loop.leave();
    await this.session.close();
    this.#tape.close();
    this.#origin.past?.journal.close();
  }

  #note(event: EngineEvent, outputs: readonly EngineOutput[]): void {
    this.#outcome = outputs;
    for (const output of outputs) {
      if (output.kind === "ask-advisor") this.#advisor?.ask(output.question);
      if (output.kind === "raise-alert" && output.code === "RECOVERED") this.#onRecovered();
      this.#tally.note(output);
    }
    this.#options.onStep?.(event, outputs);
  }

  /** Without its rows the run cannot be explained: it does not go on, in order. */
  #tapeFailed(text: string): void {
    const alert = { severity: "critical", code: "RUN_MARKET_FILE", text } as const;
    this.#tapeFault = { code: alert.code, text };
    this.#tally.alerts.push(alert);
    this.#options.onNotice?.(alert);
    if (this.#journal === undefined) return;
    // In a turn of its own: the disk failed in the middle of a row.
    this.#timers.after(0, () => this.kill("arrival", `the market cannot be recorded: ${text}`));
  }
}

/** @param by a span: so far ahead of the venue's clock was the process before. */
const clockWasAhead = (by: Micros): VenueNotice => ({
  severity: "warning",
  code: "VENUE_CLOCK",
  text:
    `the clock of the process before was ${Math.ceil(by / SECOND)} s ahead of the venue's: ` +
    "until its time has come the orders are looked after, and nothing new is sent",
});

const STOPPED: LiveFault = {
  code: "VENUE_UNREACHABLE",
  text: "it was stopped before the venue had told of the account",
};

const noBook = (why: string): LiveFault => ({
  code: "RUN_NO_BOOK",
  text: `without a whole order book nothing begins (it has ${BOOK_NANOS / 1e9} s to come): ${why}`,
});

/** What still rests, for whoever leaves it there: child ids with what is open of each. */
export const restingOf = ({ engine }: LiveRun): readonly string[] =>
  engine.instruments[0]!.live.flatMap(({ live, instrument }) =>
    live.map(
      ({ terms, quantity, cumulative }) =>
        `${terms.clientOrderId} (${formatQuantity(instrument, lots(quantity - cumulative))})`,
    ),
  );
