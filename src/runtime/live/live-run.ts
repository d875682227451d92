/**
 * Live run: one parent order worked on a true venue or on paper, from the first row to the report.
 *
 * The steps are apart so that whoever runs it may look, ask and stop between them: `openLiveRun`
 * (the venue is asked, nothing is sent), `ready` (a healthy book), `preflight` (what it would
 * mean), `begin` (the order is taken on, everything is journaled from here), `ended`, `finish`.
 * What must stay true: however it ends, the journal is readable, and the rows that it counts lie
 * beside it.
 */
import { existsSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { formatQuantity } from "../../core/domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "../../core/domain/messages.ts";
import type { ParentOrder } from "../../core/domain/parent-order.ts";
import { addMicros, lots, type Micros, micros, SECOND } from "../../core/domain/units.ts";
import type { Engine } from "../../core/engine.ts";
import { executionOf } from "../../core/execution/execution-record.ts";
import type { ParentState } from "../../core/execution/parent-state.ts";
import { analyse } from "../../core/tca/report.ts";
import { partialOf } from "../../data/event-file/writer.ts";
import { SYSTEM_TIMERS, type Timers } from "../../venues/timers.ts";
import type { VenueSession } from "../../venues/venue.ts";
import { orderOf } from "../backtest.ts";
import { composeEngine, strategiesWith } from "../compose.ts";
import { type ArrivalConfig, configJson } from "../config.ts";
import { instrumentJson } from "../instrument-file.ts";
import type { JournalHeader, JournalSink } from "../journal/journal.ts";
import { createJournal } from "../journal/writer.ts";
import { noteOf } from "../plugin.ts";
import { NODE_MAJOR, PROGRAM } from "../program.ts";
import { type InterruptPolicy, liveLimits } from "./live-config.ts";
import { liveHeader, type LiveMarketSpec } from "./live-market.ts";
import { type LiveEnd, LiveLoop } from "./live-loop.ts";
import { MarketTape } from "./market-tape.ts";
import { newParentId } from "./parent-id.ts";
import { type Preflight, preflight } from "./preflight.ts";
import { positionDifference } from "./reconcile.ts";
import {
  type Alert,
  type Interrupted,
  type LiveFault,
  LiveHalt,
  type LiveRequest,
  type LiveResult,
  type LiveRunOptions,
} from "./live-terms.ts";
import { TickToOrder } from "./tick-to-order.ts";

export type * from "./live-terms.ts";

/** How long a book may take to come. */
const BOOK_NANOS = 30e9;
const LOOK_NANOS = 20e6;
/** What has not ended so long after it was told to is left as it is. */
const ENDING_NANOS = 60e9;
/** How long the account is asked for in the end. */
const RECONCILE_NANOS = 10e9;

export async function openLiveRun(options: LiveRunOptions): Promise<Result<LiveRun, LiveFault>> {
  const market = marketFileOf(options.journal);
  const taken = [options.journal, market, partialOf(market)].find((path) => existsSync(path));
  if (taken !== undefined) {
    const text = `${taken} is there already, and nothing is written over: name another --journal`;
    return err({ code: "JOURNAL_EXISTS", text });
  }
  const session = await options.venue.open(options.signal ?? new AbortController().signal);
  if (!session.ok) return session;
  const { request } = options;
  try {
    const { instrument } = session.value.header;
    const made = typeof request === "function" ? request(instrument) : request;
    return ok(new LiveRun(session.value, { ...options, request: made }));
  } catch (error) {
    await session.value.close();
    throw error;
  }
}

/** `run.journal` has `run.market.arrival` beside it. */
export const marketFileOf = (journal: string): string =>
  `${journal.replace(/\.journal$/, "")}.market.arrival`;

export class LiveRun {
  readonly session: VenueSession;
  readonly engine: Engine;
  readonly config: ArrivalConfig;
  readonly parentId: string;
  readonly marketFile: string;
  readonly #options: LiveRunOptions & { readonly request: LiveRequest };
  readonly #spec: LiveMarketSpec;
  readonly #timers: Timers;
  readonly #loop: LiveLoop;
  readonly #tape: MarketTape;
  readonly #meter = new TickToOrder();
  readonly #alerts: Alert[] = [];
  readonly #refusals = new Map<string, number>();
  #journal: JournalSink | undefined;
  #tapeFault: LiveFault | undefined;
  #giveUp: (() => void) | undefined;

  /** @internal Use `openLiveRun`. */
  constructor(session: VenueSession, options: LiveRunOptions & { readonly request: LiveRequest }) {
    const { request, venue, journal } = options;
    this.#options = options;
    this.session = session;
    this.#timers = options.timers ?? SYSTEM_TIMERS;
    this.parentId = options.parentId ?? newParentId(Date.now(), Math.random);
    const { config } = request;
    this.config = { ...config, limits: liveLimits(config.limits, config.live) };
    this.marketFile = marketFileOf(journal);
    this.#spec = specOf(session, venue.name, this.marketFile);
    this.engine = this.#newEngine();
    this.#tape = new MarketTape({
      header: session.header,
      path: this.marketFile,
      format: `${venue.name}-live`,
      onFault: ({ text }) => this.#tapeFailed(text),
    });
    this.#loop = new LiveLoop({
      engine: this.engine,
      session,
      timers: this.#timers,
      tape: this.#tape,
      meter: this.#meter,
      lingerNanos: (options.linger ?? 0) * 1000,
      mostLagNanos: this.config.limits.staleAfter * 1000,
      onStep: (event, outputs) => this.#note(event, outputs),
      onNotice: (notice) => options.onNotice?.(notice),
    });
  }

  get ended(): Promise<LiveEnd> {
    return this.#loop.ended;
  }

  /** The engine's time. */
  get now(): Micros {
    return this.#loop.now;
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

  /** The order as it would begin now. */
  order(): Result<ParentOrder, LiveFault> {
    const { request } = this.#options;
    const startAt = addMicros(this.now, request.start ?? 0);
    const made = orderOf(
      this.session.header.instrument,
      { ...request, config: this.config },
      this.parentId,
      startAt,
    );
    if (!made.ok) return err({ code: "RUN_QUANTITY", text: made.error.text });
    return ok(request.reduceOnly === true ? { ...made.value, reduceOnly: true } : made.value);
  }

  /**
   * What the order would mean if it began now. The account is asked anew; nothing is sent.
   *
   * @param signal nobody wants to know any more: a silent venue is not waited for.
   */
  async preflight(signal?: AbortSignal): Promise<Result<Preflight, LiveFault>> {
    const account = await untilAborted(this.session.refresh(), signal);
    if (account === undefined) return err(STOPPED);
    if (!account.ok) return account;
    const order = this.order();
    if (!order.ok) return order;
    const { observer } = this.engine.instruments[0]!;
    const health = observer.health(this.now, this.config.limits.staleAfter);
    if (health !== "healthy") return err(noBook(`it came, and is ${health} now`));
    return ok(
      preflight({
        order: order.value,
        config: this.config,
        observer,
        account: account.value,
        fees: this.session.fees,
        now: this.now,
        probe: this.#newEngine(observer),
      }),
    );
  }

  /** Takes the order on. From here on everything is journaled, and orders are sent. */
  begin(): Result<ParentOrder, LiveFault> {
    const order = this.order();
    if (!order.ok) return order;
    if (this.#tapeFault !== undefined) return err(this.#tapeFault);
    const created = createJournal(this.#options.journal, this.#header());
    if (!created.ok) return err(created.error);
    this.#journal = created.value;
    const parent = order.value;
    this.#loop.begin(created.value, (time) => ({ kind: "parent-submitted", time, parent }));
    return ok(parent);
  }

  pause(by: string, reason: string): void {
    const { parentId } = this;
    this.#loop.operate((time) => ({ kind: "parent-paused", time, parentId, by, reason }));
  }

  resume(by: string): void {
    const { parentId } = this;
    this.#loop.operate((time) => ({ kind: "parent-resumed", time, parentId, by }));
  }

  /** Stops everything at once, whatever state the feed is in. */
  kill(by: string, reason: string): void {
    this.#loop.kill(by, reason);
    this.#endSoon();
  }

  /** Something outside the run has broken: what rests is withdrawn, and it ends. */
  fail(error: unknown): void {
    this.#loop.fail(error);
  }

  /** Where the order has ended, and the run only looks on, it ends at once. */
  interrupt(policy: InterruptPolicy, by: string): Interrupted {
    if (this.#loop.cutLinger()) return "ended";
    if (policy === "leave") {
      this.#loop.leave();
      return "left";
    }
    const hasStarted = (this.parent?.order.startAt ?? 0) <= this.now;
    // What has not started has nothing to finish.
    const isCanceled = policy === "cancel" || !hasStarted;
    if (isCanceled) this.#cancel(by);
    else this.#hurry(by);
    this.#endSoon();
    return isCanceled ? "canceling" : "finishing";
  }

  #cancel(by: string): void {
    const { parentId } = this;
    const reason = "interrupted";
    this.#loop.operate((time) => ({ kind: "parent-canceled", time, parentId, by, reason }));
  }

  /** The deadline is now: what is left is the residual policy's. */
  #hurry(by: string): void {
    const { parentId, parent } = this;
    this.#loop.operate((time) => {
      const soonest = Math.max(time, parent?.order.startAt ?? time) + HURRY;
      const deadline = micros(Math.min(soonest, parent?.order.deadline ?? soonest));
      return { kind: "parent-amended", time, parentId, by, amendment: { deadline } };
    });
  }

  /** Gives the ending its time, then withdraws by every way there is and stops waiting. */
  #endSoon(): void {
    if (this.#giveUp !== undefined) return;
    const cancel = this.#timers.after(ENDING_NANOS, () => {
      const waited = `${ENDING_NANOS / 1e9} s`;
      this.#loop.fail(
        new LiveHalt(`after ${waited} the venue has not told the end of every order`),
      );
    });
    this.#giveUp = cancel;
    void this.ended.then(cancel);
  }

  /** Leaves the venue and closes the files. After `ended`, or instead of `begin`. */
  async finish(): Promise<LiveResult> {
    const end = await this.ended;
    await this.#reconcile();
    await this.session.close();
    this.#tape.close();
    this.#journal?.close();
    const { parent, engine, parentId } = this;
    const market = engine.instruments[0]!;
    const horizon = parent?.midAtEnd ?? market.observer.lastMid;
    const execution =
      parent === undefined || horizon === undefined
        ? undefined
        : executionOf(parent, market, this.now, horizon);
    return {
      parentId,
      phase: parent?.phase ?? "failed",
      reason: parent?.reason ?? "refused",
      end,
      report: execution === undefined ? null : analyse(execution),
      rows: market.observer.position,
      alerts: this.#alerts,
      refusals: [...this.#refusals].map(([code, count]) => ({ code, count })),
      tickToOrder: this.#meter.figures,
      journal: this.#options.journal,
      marketFile: this.marketFile,
    };
  }

  /** Asks the venue once more, and says where the account is not what it should be. */
  async #reconcile(): Promise<void> {
    const { parent, session } = this;
    if (parent === undefined) return;
    const waited = Promise.withResolvers<undefined>();
    const stop = this.#timers.after(RECONCILE_NANOS, () => waited.resolve(undefined));
    const now = await Promise.race([session.refresh(), waited.promise]);
    stop();
    if (now === undefined || !now.ok) return;
    const text = positionDifference(parent, session.account, now.value);
    if (text === undefined) return;
    const alert = { severity: "warning", code: "RUN_POSITION", text } as const;
    this.#alerts.push(alert);
    this.#options.onNotice?.(alert);
  }

  /** Nothing was begun: leaves the venue and keeps nothing. */
  async discard(): Promise<void> {
    this.#loop.leave();
    await this.session.close();
    this.#tape.close();
    if (this.#tape.hasFile) rmSync(this.marketFile, { force: true });
  }

  #newEngine(observer?: Engine["instruments"][number]["observer"]): Engine {
    const { request } = this.#options;
    const { header, fees, account } = this.session;
    return composeEngine(
      this.config,
      liveHeader(header, this.#spec),
      request.seed,
      strategiesWith(request.plugins),
      observer,
      { positionLots: account.positionLots, fees },
    );
  }

  #header(): JournalHeader {
    const { plugins = [], seed } = this.#options.request;
    return {
      format: 1,
      program: PROGRAM,
      nodeMajor: NODE_MAJOR,
      instrument: instrumentJson(this.session.header.instrument),
      market: this.#spec,
      config: configJson(this.config),
      seed,
      ...(plugins.length === 0 ? {} : { plugins: plugins.map(noteOf) }),
    };
  }

  #note(event: EngineEvent, outputs: readonly EngineOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "raise-alert") this.#alerts.push(output);
      if (output.kind !== "order-refused" && output.kind !== "parent-refused") continue;
      const { code } = output.refusal;
      this.#refusals.set(code, 1 + (this.#refusals.get(code) ?? 0));
    }
    this.#options.onStep?.(event, outputs);
  }

  /** Without its rows the run cannot be explained: it does not go on, in order. */
  #tapeFailed(text: string): void {
    const alert = { severity: "critical", code: "RUN_MARKET_FILE", text } as const;
    this.#tapeFault = { code: alert.code, text };
    this.#alerts.push(alert);
    this.#options.onNotice?.(alert);
    if (this.#journal === undefined) return;
    // In a turn of its own: the disk failed in the middle of a row.
    this.#timers.after(0, () => this.kill("arrival", `the market cannot be recorded: ${text}`));
  }
}

const STOPPED: LiveFault = {
  code: "VENUE_UNREACHABLE",
  text: "it was stopped before the venue had told of the account",
};

/** @returns undefined where the signal came first. */
async function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value | undefined> {
  if (signal === undefined) return promise;
  const aborted = Promise.withResolvers<undefined>();
  const stop = (): void => aborted.resolve(undefined);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Long enough for the last child to be withdrawn before the residual policy is asked. */
const HURRY = SECOND;

const noBook = (why: string): LiveFault => ({
  code: "RUN_NO_BOOK",
  text: `without a whole order book nothing begins (it has ${BOOK_NANOS / 1e9} s to come): ${why}`,
});

const specOf = (
  { header, fees, account }: VenueSession,
  venue: string,
  marketFile: string,
): LiveMarketSpec => ({
  kind: "live",
  paths: [basename(marketFile)],
  venue,
  epochSeconds: Number(header.epochNanos / 1_000_000_000n),
  // Our own trades stand in a true market's prints, and nobody tells what they moved.
  isImpactUnknown: header.ownTradesPrinted,
  account: { positionLots: account.positionLots, maker: fees.maker, taker: fees.taker },
});

/** What still rests, for whoever leaves it there: child ids with what is open of each. */
export const restingOf = ({ parent }: LiveRun): readonly string[] =>
  (parent?.live ?? []).map(
    ({ terms, quantity, cumulative }) =>
      `${terms.clientOrderId} (${formatQuantity(parent!.instrument, lots(quantity - cumulative))})`,
  );
