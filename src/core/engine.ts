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
  type OrderReport,
  type Phase,
} from "./domain/child-order.ts";
import { invariant, unreachable } from "./domain/errors.ts";
import { instrumentId } from "./domain/instrument.ts";
import type { EngineEvent, EngineOutput } from "./domain/messages.ts";
import { atTick, halfTicks, type Micros, NEVER, ticks } from "./domain/units.ts";
import { type Context, marketOf, raiseAlert } from "./execution/context.ts";
import { decideParent, watchShortfall } from "./execution/decision-engine.ts";
import { closeTo, onReject, onWithdrawal } from "./execution/ending.ts";
import { type FeeRates, InstrumentState } from "./execution/instrument-state.ts";
import { type ExecutionConfig, type RiskLimits, strictest } from "./execution/limits.ts";
import { bookFill, isLive, newParentState, type ParentState } from "./execution/parent-state.ts";
import { RiskGate } from "./execution/risk-gate.ts";
import { refuseAdjustment, refuseParent } from "./execution/terms.ts";
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
  readonly #seenExecutions = new Set<string>();
  #wakeAt: Micros = NEVER;
  #isWatching = false;

  constructor(config: EngineConfig) {
    this.#instruments = config.markets.map(
      ({ header, positionLots, fees, observer }) =>
        new InstrumentState(header, config.limits, positionLots, fees, observer),
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
      orders: new Map(),
      outputs: [],
    };
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
        return this.#endMarket(event.instrument);
      case "kill-switched":
        return this.#kill(event.by, event.reason);
      case "parent-amended":
      case "strategy-switched":
      case "parent-paused":
      case "parent-resumed":
      case "parent-canceled":
        return this.#operate(event);
      default:
        return unreachable(event);
    }
  }

  #due(now: Micros): ParentState[] {
    const due: ParentState[] = [];
    for (const { live } of this.#instruments) {
      for (const parent of live) if (parent.wakeAt <= now) due.push(parent);
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
    const market = context.instruments.get(order.instrument)!;
    const limits = strictest(order, context.config, context.gate.limits, market.instrument);
    const parent = newParentState(order, market.instrument, limits);
    context.parents.set(order.id, parent);
    market.add(parent);
    return [parent];
  }

  #operate(
    event: Extract<
      EngineEvent,
      {
        kind:
          | "parent-amended"
          | "strategy-switched"
          | "parent-paused"
          | "parent-resumed"
          | "parent-canceled";
      }
    >,
  ): ParentState[] {
    const context = this.#context;
    const parent = context.parents.get(event.parentId);
    if (parent === undefined || !isLive(parent) || parent.closing !== undefined) {
      const text = "no such parent is at work";
      const refusal = { code: "PARENT_TERMS", text } as const;
      context.outputs.push({ kind: "parent-refused", parentId: event.parentId, refusal });
      return [];
    }
    switch (event.kind) {
      case "parent-amended":
      case "strategy-switched":
        this.#adjust(parent, event);
        break;
      case "parent-paused":
        parent.operatorPause = `${event.reason} (${event.by})`;
        break;
      case "parent-resumed":
        parent.operatorPause = undefined;
        break;
      case "parent-canceled":
        closeTo(context, parent, { to: "canceled", reason: `${event.reason} (${event.by})` });
        break;
      default:
        return unreachable(event);
    }
    return [parent];
  }

  #adjust(
    parent: ParentState,
    event: Extract<EngineEvent, { kind: "parent-amended" | "strategy-switched" }>,
  ): void {
    const refusal = refuseAdjustment(this.#context, parent, event);
    if (refusal !== undefined) {
      this.#context.outputs.push({ kind: "parent-refused", parentId: parent.order.id, refusal });
      return;
    }
    parent.adjustment =
      event.kind === "parent-amended"
        ? {
            ...parent.adjustment,
            amendment: { ...parent.adjustment?.amendment, ...event.amendment },
            by: event.by,
          }
        : { ...parent.adjustment, strategy: event.strategy, by: event.by };
  }

  #kill(by: string, reason: string): ParentState[] {
    const context = this.#context;
    context.gate.killed = true;
    raiseAlert(context, "critical", "KILLED", `killed by ${by}: ${reason}`);
    const live = this.#instruments.flatMap((instrument) => instrument.live);
    for (const parent of live) {
      closeTo(context, parent, { to: "canceled", reason: `killed by ${by}: ${reason}` });
    }
    return live;
  }

  #endMarket(instrument: string): ParentState[] {
    const context = this.#context;
    const live = [...(context.instruments.get(instrument)?.live ?? [])];
    for (const parent of live) {
      closeTo(context, parent, { to: "expired", reason: "the market data ended" });
    }
    return live;
  }

  #report(clientOrderId: ChildOrder["terms"]["clientOrderId"], report: OrderReport): ParentState[] {
    const context = this.#context;
    const parent = context.orders.get(clientOrderId);
    const child = parent?.children.get(clientOrderId);
    if (parent === undefined || child === undefined) {
      raiseAlert(context, "critical", "FOREIGN_ORDER", `report for ${clientOrderId}, not ours`);
      return this.#ignore(clientOrderId, "not an order of ours");
    }
    if (report.kind === "filled") {
      if (this.#seenExecutions.has(report.fill.executionId)) {
        return this.#ignore(clientOrderId, `execution ${report.fill.executionId} seen before`);
      }
      this.#seenExecutions.add(report.fill.executionId);
    }
    const before = child.phase;
    const applied = applyReport(child, report);
    if (!applied.ok) return this.#ignore(clientOrderId, `${report.kind} in ${child.phase}`);
    if (report.kind === "filled") this.#book(parent, child, report.fill);
    // What is filled in sum and not yet one by one keeps a closed child at work.
    parent.live = parent.live.filter((it) => it.phase !== "closed" || leaves(it) > 0);
    if (before !== "closed") this.#judge(parent, child, report, before);
    return [parent];
  }

  /** Whether the venue works with us: rejects back off and in the end halt, all else forgives. */
  #judge(parent: ParentState, child: ChildOrder, report: OrderReport, before: Phase): void {
    const context = this.#context;
    switch (report.kind) {
      case "rejected":
      case "amend-rejected":
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
      owner.markouts.push({ executionId, after, mid });
      context.outputs.push({ kind: "markout-measured", executionId, after, mid });
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
      wake.askBelow = 0;
      for (const parent of instrument.live) {
        this.#isWatching = true;
        wake.onHealth = true;
        if (parent.wakeAt < this.#wakeAt) this.#wakeAt = parent.wakeAt;
        if (parent.wakeBidAbove < wake.bidAbove) wake.bidAbove = parent.wakeBidAbove;
        if (parent.wakeAskBelow > wake.askBelow) wake.askBelow = parent.wakeAskBelow;
      }
    }
  }
}
