/**
 * Engine: one event in, commands and facts out.
 *
 * Read `step` top to bottom: it is the data flow of the whole system. It is synchronous and total,
 * with no clock, no IO and no randomness, so a run is a fold over market data and events, and
 * backtest, paper, live and replay differ only in who supplies them and who carries out the
 * commands.
 */
import type { Strategy } from "./contracts/strategy.ts";
import type { TacticKind } from "./contracts/tactic.ts";
import {
  applyReport,
  type ChildOrder,
  leaves,
  NEVER_ARRIVED,
  type OrderReport,
  type Phase,
} from "./domain/child-order.ts";
import { invariant, unreachable } from "./domain/errors.ts";
import { instrumentId } from "./domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "./domain/messages.ts";
import type { ParentOrder } from "./domain/parent-order.ts";
import { atTick, halfTicks, type Micros, NEVER, ticks } from "./domain/units.ts";
import { askAlone } from "./execution/advised.ts";
import { takeAdvice, takeNews } from "./execution/advising.ts";
import { type Context, marketOf, raiseAlert } from "./execution/context.ts";
import { decideParent, watchShortfall } from "./execution/decision-engine.ts";
import { onReject, onWithdrawal } from "./execution/ending.ts";
import { type FeeRates, InstrumentState } from "./execution/instrument-state.ts";
import { type ExecutionConfig, type RiskLimits, strictest } from "./execution/limits.ts";
import { backOffRefused } from "./execution/order-manager.ts";
import { childOf, parentIdOf } from "./execution/order-manager.ts";
import { bookFill, isLive, ParentState } from "./execution/parent-state.ts";
import { RiskGate } from "./execution/risk-gate.ts";
import { endMarket, kill, operate } from "./execution/operators.ts";
import { recallEvent, recallOutput } from "./execution/recall.ts";
import { changeLimits, resumeSession, tellPosition } from "./execution/resuming.ts";
import {
  type Archive,
  archivedSince,
  type ArchiveMarks,
  restoreState,
  type SavedState,
  savedState,
} from "./execution/saved-state.ts";
import { refuseParent } from "./execution/terms.ts";
import type { MarketColumns, MarketHeader } from "./market/columns.ts";
import type { Observer } from "./market/observer.ts";
import { MarkoutClock } from "./tca/markout-clock.ts";

export interface EngineConfig {
  readonly execution: ExecutionConfig;
  readonly limits: RiskLimits;
  readonly strategies: ReadonlyMap<string, Strategy>;
  /** What an order may name as its tactic; absent = each strategy's own alone. */
  readonly tactics?: ReadonlyMap<string, TacticKind>;
  readonly seed: number;
  readonly markets: readonly {
    readonly header: MarketHeader;
    /** Signed position before the session: positive = long. */
    readonly positionLots: number;
    /** As `InstrumentState` has it. */
    readonly executedTo?: Micros | undefined;
    /** What the account pays here; absent = nothing. */
    readonly fees?: FeeRates;
    /** One that several engines share, which see one market; absent = one of its own. */
    readonly observer?: Observer | undefined;
  }[];
}

export class Engine {
  readonly #context: Context;
  readonly #instruments: InstrumentState[];
  readonly #markouts = new MarkoutClock<ParentState>();
  #wakeAt: Micros = NEVER;
  #isWatching = false;

  constructor(config: EngineConfig) {
    this.#instruments = config.markets.map(
      ({ header, positionLots, executedTo, fees, observer }) => {
        const market = new InstrumentState(header, config.limits, positionLots, fees, observer);
        market.executedTo = executedTo;
        return market;
      },
    );
    this.#context = {
      now: 0 as Micros,
      gate: new RiskGate(config.limits),
      config: config.execution,
      strategies: config.strategies,
      tactics: config.tactics ?? new Map(),
      seed: config.seed,
      instruments: new Map(this.#instruments.map((it) => [instrumentId(it.instrument), it])),
      parents: new Map(),
      outputs: [],
    };
  }

  get strategies(): ReadonlyMap<string, Strategy> {
    return this.#context.strategies;
  }

  /** In force now. */
  get limits(): RiskLimits {
    return this.#context.gate.limits;
  }

  /**
   * Takes in market rows [from, to) of instrument number `market` up to local time `until` (ns
   * since the stream's epoch). Returns the first row left: fewer than asked when the engine wants a
   * `touch-moved` event before the rest.
   */
  observe(market: number, columns: MarketColumns, from: number, to: number, until: number): number {
    return this.#instruments[market]!.observer.observe(columns, from, to, until);
  }

  /** Handles one event. What it asks for stands in order; the array belongs to the caller. */
  step(event: EngineEvent): readonly EngineOutput[] {
    const context = this.#context;
    if (event.time < context.now) invariant(false, `time fell: ${context.now}, ${event.time}`);
    context.now = event.time;
    context.outputs = [];
    this.#noteHealth();
    if (this.#markouts.nextAt <= event.time) this.#measureMarkouts();
    const concerned = this.#settle(event); //    reports, operators → orders, fills, terms
    for (const parent of concerned) {
      if (isLive(parent)) decideParent(context, parent); // schedule → tactic → gate → commands
    }
    for (const instrument of this.#instruments) instrument.dropEnded();
    this.#rearm();
    return context.outputs;
  }

  /**
   * Takes in an event with what was journaled of it: nothing is decided. For a restart, which ends
   * with the event `session-resumed`; until then the engine is not to be stepped.
   */
  recall(event: EngineEvent, outputs: readonly EngineOutput[]): void {
    const context = this.#context;
    if (event.time < context.now) invariant(false, `time fell: ${context.now}, ${event.time}`);
    context.now = event.time;
    context.outputs = [];
    this.#recallMarkouts(outputs);
    const isRefused = outputs.some(({ kind }) => kind === "parent-refused");
    if (event.kind === "parent-submitted") {
      if (!isRefused) this.#take(event.parent);
    } else if (!isRefused) this.#settle(event);
    recallEvent(context, event);
    for (const output of outputs) recallOutput(context, event, output);
    for (const instrument of this.#instruments) instrument.dropEnded();
  }

  /** What is at work, as it stands behind the last event. Lent until the next one. */
  save(): SavedState {
    return savedState(this.#context, this.#markouts);
  }

  /** What is done and will not change, since `marks`, which are moved on. Lent likewise. */
  archive(marks: ArchiveMarks): Archive {
    return archivedSince(this.#context, marks);
  }

  /**
   * Takes up what `save` told. Once, before all else. What was archived until then is gone through
   * when somebody first asks for what is done.
   */
  restore(saved: SavedState, archives: Iterable<Archive>): void {
    restoreState(this.#context, this.#markouts, saved, archives);
    for (const instrument of this.#instruments) instrument.dropEnded();
  }

  /** Whether it was killed: then it takes nothing on any more. */
  get isKilled(): boolean {
    return this.#context.gate.killed;
  }

  /** When a `timer-fired` event is wanted; `NEVER` when none is. */
  get wakeAt(): Micros {
    return this.#wakeAt;
  }

  /** Whether the market may wake the engine before `wakeAt`. */
  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Read-only views for whoever reports: dashboards, cost analysis, tests. */
  get parents(): ReadonlyMap<string, ParentState> {
    return this.#context.parents;
  }
  get instruments(): readonly InstrumentState[] {
    return this.#instruments;
  }

  /** Applies the event to the state; returns the parents that should think again. */
  #settle(event: EngineEvent): Iterable<ParentState> {
    switch (event.kind) {
      case "parent-submitted":
        return this.#submit(event);
      case "order-reported":
        return this.#report(event.clientOrderId, event.report);
      case "timer-fired":
        return this.#due(event.time);
      case "touch-moved":
        return this.#context.instruments.get(event.instrument)?.live ?? [];
      case "market-ended":
        return endMarket(this.#context, event.instrument);
      case "kill-switched":
        return kill(this.#context, event.by, event.reason);
      case "limits-changed":
        return changeLimits(this.#context, event);
      case "session-resumed":
        return resumeSession(this.#context, event);
      case "advice-received":
        return takeAdvice(this.#context, event);
      case "news-received":
        takeNews(this.#context, event);
        return [];
      case "market-told":
        return [];
      case "position-told":
        return tellPosition(this.#context, event);
      case "parent-amended":
      case "strategy-switched":
      case "parent-paused":
      case "parent-resumed":
      case "parent-canceled":
        return operate(this.#context, event);
      default:
        return unreachable(event);
    }
  }

  #due(now: Micros): ParentState[] {
    const due: ParentState[] = [];
    for (const market of this.#instruments) {
      for (const parent of market.live) {
        if (parent.wakeAt <= now) due.push(parent);
        else if (parent.advised !== undefined && parent.advised.askAt <= now) {
          askAlone(this.#context, parent, market);
        }
      }
    }
    return due;
  }

  #submit(event: Extract<EngineEvent, { kind: "parent-submitted" }>): ParentState[] {
    const context = this.#context;
    const order = event.parent;
    const refusal = refuseParent(context, order);
    if (refusal !== undefined) {
      context.outputs.push({ kind: "parent-refused", parentId: order.id, refusal });
      return [];
    }
    return [this.#take(order)];
  }

  #take(order: ParentOrder): ParentState {
    const context = this.#context;
    const market = context.instruments.get(order.instrument)!;
    const limits = strictest(order, context.config, context.gate.limits, market.instrument);
    const parent = new ParentState(order, market.instrument, limits);
    context.parents.set(order.id, parent);
    market.add(parent);
    return parent;
  }

  #report(clientOrderId: ChildOrder["terms"]["clientOrderId"], report: OrderReport): ParentState[] {
    const context = this.#context;
    const parent = context.parents.get(parentIdOf(clientOrderId));
    const child = childOf(parent, clientOrderId);
    if (parent === undefined || child === undefined) {
      raiseAlert(context, "critical", "FOREIGN_ORDER", `report for ${clientOrderId}, not ours`);
      return this.#ignore(clientOrderId, "not an order of ours");
    }
    if (report.kind === "filled") {
      const { executionId } = report.fill;
      if (parent.history.hasBooked(clientOrderId, executionId)) {
        return this.#ignore(clientOrderId, `execution ${executionId} seen before`);
      }
    }
    const before = child.phase;
    const applied = applyReport(child, report);
    if (!applied.ok) return this.#ignore(clientOrderId, `${report.kind} in ${child.phase}`);
    if (report.kind === "filled") this.#book(parent, child, report.fill);
    // What is filled in sum and not yet one by one keeps a closed child at work.
    if (child.phase === "closed" && leaves(child) === 0) {
      parent.live = parent.live.filter((it) => it !== child);
      if (before !== "closed" || report.kind === "filled") parent.history.hasClosed(child);
    }
    if (before !== "closed") this.#judge(parent, child, report, before);
    return [parent];
  }

  /** Whether the venue works with us: rejects back off and in the end halt, all else forgives. */
  #judge(parent: ParentState, child: ChildOrder, report: OrderReport, before: Phase): void {
    const context = this.#context;
    switch (report.kind) {
      case "rejected":
      case "amend-rejected":
        // Where the order never came nobody has said no.
        if (report.code === NEVER_ARRIVED) return backOffRefused(parent, context.now);
        return onReject(context, parent, report.code, report.text);
      case "accepted":
        parent.withdrawals = 0;
        return;
      case "filled":
      case "amended":
        parent.rejects = 0;
        parent.withdrawals = 0;
        return;
      case "canceled":
      case "expired":
        parent.rejects = 0;
        if (before === "pending-cancel" || child.aggressive || leaves(child) > 0) return;
        if (child.cumulative === 0) onWithdrawal(context, parent);
        return;
      default:
    }
  }

  #book(
    parent: ParentState,
    child: ChildOrder,
    fill: Extract<OrderReport, { kind: "filled" }>["fill"],
  ): void {
    const context = this.#context;
    const market = marketOf(context, parent);
    const { observer } = market;
    const isTwoSided = observer.bid > 0 && observer.ask > 0;
    const spreadBefore =
      fill.spreadBefore ?? (isTwoSided ? observer.ask - observer.bid : undefined);
    bookFill(parent, {
      fill,
      clientOrderId: child.terms.clientOrderId,
      midBefore: fill.midBefore ?? (isTwoSided ? observer.mid : atTick(fill.price)),
      midSource: fill.midBefore === undefined ? "estimated" : "venue",
      displacement: fill.displacement ?? halfTicks(0),
      ...(fill.permanentDisplacement === undefined
        ? {}
        : { permanentDisplacement: fill.permanentDisplacement }),
      orderKind: child.aggressive ? "aggressive" : "passive",
      ...(spreadBefore === undefined ? {} : { spreadBefore: ticks(spreadBefore) }),
    });
    market.bookOwnFill(context.now, parent.order.side, fill.quantity);
    this.#markouts.add(parent, fill.executionId, context.now);
    watchShortfall(context, parent, market);
    if (isLive(parent)) return;
    raiseAlert(context, "critical", "LATE_FILL", `${parent.order.id}: a fill after its end`);
  }

  #ignore(clientOrderId: string, why: string): ParentState[] {
    this.#context.outputs.push({ kind: "report-ignored", clientOrderId, why });
    return [];
  }

  #noteHealth(): void {
    const { now, gate, outputs } = this.#context;
    for (const market of this.#instruments) {
      const to = market.observer.health(now, gate.limits.staleAfter);
      if (to === market.health || market.live.length === 0) continue;
      const from = market.health;
      market.health = to;
      outputs.push({ kind: "data-health-changed", instrument: market.id, from, to });
    }
  }

  #measureMarkouts(): void {
    const context = this.#context;
    for (const { owner, executionId, after } of this.#markouts.due(context.now)) {
      const { observer } = marketOf(context, owner);
      const health = observer.health(context.now, context.gate.limits.staleAfter);
      if (health !== "healthy") continue; // Unknown is not zero: it is left out.
      const mid = observer.mid;
      owner.history.measured({ executionId, after, mid });
      context.outputs.push({ kind: "markout-measured", executionId, after, mid });
    }
  }

  #recallMarkouts(outputs: readonly EngineOutput[]): void {
    const looks = new Map(
      this.#markouts
        .due(this.#context.now)
        .map(({ owner, executionId, after }) => [`${after} ${executionId}`, owner]),
    );
    for (const output of outputs) {
      if (output.kind !== "markout-measured") continue;
      const { executionId, after, mid } = output;
      looks.get(`${after} ${executionId}`)?.history.measured({ executionId, after, mid });
    }
  }

  /** Gathers when, and by what, all parents want to be woken. */
  #rearm(): void {
    this.#wakeAt = this.#markouts.nextAt;
    this.#isWatching = false;
    for (const instrument of this.#instruments) {
      const { wake } = instrument;
      wake.onHealth = false;
      wake.bidAbove = Number.POSITIVE_INFINITY;
      wake.askBelow = Number.NEGATIVE_INFINITY;
      for (const parent of instrument.live) {
        this.#isWatching = true;
        wake.onHealth = true;
        if (parent.wakeAt < this.#wakeAt) this.#wakeAt = parent.wakeAt;
        const { advised } = parent;
        if (advised !== undefined && advised.askAt < this.#wakeAt) this.#wakeAt = advised.askAt;
        if (parent.wakeBidAbove < wake.bidAbove) wake.bidAbove = parent.wakeBidAbove;
        if (parent.wakeAskBelow > wake.askBelow) wake.askBelow = parent.wakeAskBelow;
      }
    }
  }
}
