/**
 * Run viewer: follows one engine, live or in a replay, and tells what a person is shown of it.
 *
 * It is told of the market's seconds and of every event with what came of it, in their order, and
 * answers with plain JSON (`shapes.ts`). What must stay true: it reads, and whatever it is asked
 * changes neither the engine nor what it tells later; the same rows and events give the same views.
 *
 * Who hosts it makes the engine with a `WatchedObserver` (then seconds are told by themselves) and
 * calls `stepped` behind each `Engine.step`, before any later row is observed.
 */
import type { DayCurve } from "../core/contracts/strategy.ts";
import type { Engine } from "../core/engine.ts";
import type { ClientOrderId } from "../core/domain/child-order.ts";
import type { DataHealth } from "../core/domain/decision.ts";
import type { EngineEvent, EngineOutput, MarketTold } from "../core/domain/messages.ts";
import type { Bps, Micros } from "../core/domain/units.ts";
import type { InstrumentState } from "../core/execution/instrument-state.ts";
import { parentIdOf } from "../core/execution/order-manager.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import type { FindNumbers } from "./advice-log.ts";
import { MarketPath } from "./market-path.ts";
import { marketView, toldTogether } from "./market-view.ts";
import { orderRow, type RowSource } from "./order-row.ts";
import { type AdviceKnowledge, type ForecastRest, orderView } from "./order-view.ts";
import { OrderWatch } from "./order-watch.ts";
import type { MarketView, OrderRow, OrderView, TimelineEntry, TrajectoryPoint } from "./shapes.ts";
import { Timeline } from "./timeline.ts";
import { WatchedObserver } from "./watched-observer.ts";

const LEVELS = 20;
const MOST_ROWS = 500;
/** Fills in archives of a run before: orders that are at work do not wait for more. */
const MOST_LOADED_FILLS = 5000;

export interface RunViewerOptions {
  /** File name of the journal. */
  readonly journal: string;
  readonly venue: string;
  /** What the order is forecast to cost by its impact, asked once, at its arrival. */
  readonly forecast?:
    ((parent: ParentState, market: InstrumentState) => Bps | undefined) | undefined;
  readonly findNumbers?: FindNumbers | undefined;
  readonly advice?: AdviceKnowledge | undefined;
  readonly forecastRest?: ForecastRest | undefined;
}

export class RunViewer {
  readonly #engine: Engine;
  readonly #options: RunViewerOptions;
  readonly #market: InstrumentState;
  readonly #path: MarketPath;
  readonly #timeline: Timeline;
  readonly #watches = new Map<string, OrderWatch>();
  readonly #changed = new Set<string>();
  readonly #quality = { gaps: 0, crossed: 0, stale: 0, rowsLost: 0 };
  /** As it was seen last, at the end of a second or behind an event. */
  #health: DataHealth = "no-data";
  #healthSince: Micros | undefined;
  /** Whether what archives of a run before tell is little enough to be loaded meanwhile. */
  readonly #mayLoad: boolean;
  #told: MarketTold = {};
  #wasRecalled = false;
  /** Looked up anew when another order has come. */
  #curve: { readonly parents: number; readonly newest: DayCurve | undefined } = {
    parents: 0,
    newest: undefined,
  };
  /** Number of the last record that it was told of. */
  #record = 0;
  #now = 0 as Micros;

  constructor(engine: Engine, options: RunViewerOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#market = engine.instruments[0]!;
    this.#mayLoad = archivedFills(engine) <= MOST_LOADED_FILLS;
    const { observer, instrument } = this.#market;
    this.#timeline = new Timeline(instrument, (parentId) => engine.parents.has(parentId));
    this.#path = new MarketPath(observer);
    if (observer instanceof WatchedObserver) observer.onRows = (time) => this.rowsAt(time);
  }

  /** Number of the last record that it was told of, outputs included. */
  get record(): number {
    return this.#record;
  }

  /** Rows of this time are about to be observed: closes the seconds before. */
  rowsAt(time: Micros): void {
    const second = (time - (time % 1e6)) as Micros;
    if (second > this.#now) this.#now = second;
    if (!this.#path.advanceTo(time, this.#engine.limits.staleAfter)) return;
    this.#lookAtHealth(second);
    // What is open is marked at a mid that may have moved.
    for (const parent of this.#market.live) this.#changes(parent.order.id);
  }

  /**
   * An event was stepped, and this came of it.
   *
   * @param record the event's number in the journal; absent: counted on.
   */
  stepped(record: number | undefined, event: EngineEvent, outputs: readonly EngineOutput[]): void {
    this.rowsAt(event.time);
    if (event.time > this.#now) this.#now = event.time;
    this.#lookAtHealth(event.time);
    const number = record ?? this.#record + 1;
    this.#record = number + outputs.length;
    this.#takeEvent(number, event);
    outputs.forEach((output, k) => this.#takeOutput(number + 1 + k, event.time, output));
    const concerned = concernedBy(event);
    if (concerned !== undefined) this.#touch(concerned, event.time);
    // What holds for the account may have changed any of those at work.
    if (isOfAccount(event)) {
      for (const { order } of this.#market.live) this.#touch(order.id, event.time);
    }
    this.#noteProgress(event, outputs);
    this.#options.advice?.worth?.step(event, outputs, this.#engine);
  }

  /** The same of an event that a restart takes from the journal, behind `Engine.recall`. */
  recalled(record: number | undefined, event: EngineEvent, outputs: readonly EngineOutput[]): void {
    this.#wasRecalled = true;
    this.stepped(record, event, outputs);
  }

  /** Whether it was told of events of a session before: their plans it does not know. */
  get wasRecalled(): boolean {
    return this.#wasRecalled;
  }

  /** What a fold of the whole journal says of an order's plan, where it is not known here. */
  learnPlan(parentId: string, told: readonly TrajectoryPoint[]): void {
    this.#watch(parentId)?.trajectory.learn(told);
    this.#changes(parentId);
  }

  /** In the order in which they came. */
  rows(): readonly OrderRow[] {
    return [...this.#engine.parents.keys()].map((parentId) => this.row(parentId)!);
  }

  row(parentId: string): OrderRow | undefined {
    const watch = this.#watch(parentId);
    if (watch === undefined) return undefined;
    watch.row ??= orderRow(watch, this.#source(this.#now));
    return watch.row;
  }

  /** @param most rows of each of its tables, the newest. */
  order(parentId: string, now: Micros = this.#now, most = MOST_ROWS): OrderView | undefined {
    const watch = this.#watch(parentId);
    if (watch === undefined) return undefined;
    const { advice, forecastRest } = this.#options;
    return orderView(watch, { ...this.#source(now), most, advice, forecastRest });
  }

  marketView(now: Micros = this.#now, levels = LEVELS): MarketView {
    return marketView({
      market: this.#market,
      path: this.#path,
      now,
      levels,
      staleAfter: this.#engine.limits.staleAfter,
      seen: { health: this.#health, since: this.#healthSince },
      quality: { ...this.#quality },
      told: this.#told,
      dayCurve: this.#dayCurve(),
    });
  }

  /** Of the newest order that goes by one. */
  #dayCurve(): DayCurve | undefined {
    const { parents, strategies } = this.#engine;
    if (this.#curve.parents === parents.size) return this.#curve.newest;
    const curves = [...parents.values()].map(({ order: { strategy } }) =>
      strategies.get(strategy.name)?.dayCurve?.(strategy.parameters),
    );
    const newest = curves.findLast((curve) => curve !== undefined);
    this.#curve = { parents: parents.size, newest };
    return newest;
  }

  /** Oldest first, the newest 5,000; only those behind record `after`, where it is given. */
  timeline(after?: number): readonly TimelineEntry[] {
    return this.#timeline.entries(after);
  }

  /** Ids of the orders that are another than when this was asked last. */
  takeChanged(): readonly string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #source(now: Micros): RowSource {
    const { journal, venue } = this.#options;
    const { staleAfter } = this.#engine.limits;
    return { journal, venue, now, market: this.#market, staleAfter, touch: this.#path.totals };
  }

  #watch(parentId: string): OrderWatch | undefined {
    const known = this.#watches.get(parentId);
    if (known !== undefined) return known;
    const parent = this.#engine.parents.get(parentId);
    if (parent === undefined) return undefined;
    const watch = new OrderWatch(parent, this.#now, this.#mayLoad, this.#options.findNumbers);
    this.#watches.set(parentId, watch);
    this.#lookAt(watch);
    return watch;
  }

  #lookAt(watch: OrderWatch): void {
    if (!watch.lookAt(this.#path)) return;
    watch.forecastBps = this.#options.forecast?.(watch.parent, this.#market);
  }

  #touch(parentId: string, at: Micros): void {
    const watch = this.#watch(parentId);
    if (watch === undefined) return;
    watch.updatedAt = at;
    this.#lookAt(watch);
    this.#changes(parentId);
  }

  #changes(parentId: string): void {
    const watch = this.#watches.get(parentId);
    if (watch !== undefined) watch.row = undefined;
    this.#changed.add(parentId);
  }

  #noteProgress(event: EngineEvent, outputs: readonly EngineOutput[]): void {
    if (event.kind === "order-reported" && event.report.kind === "filled") {
      this.#watch(parentIdOf(event.clientOrderId))?.noteProgress(event.time);
    }
    for (const output of outputs) {
      if (output.kind !== "decision-made") continue;
      const { parentId, slice } = output.decision;
      this.#watch(parentId)?.noteProgress(event.time, slice.target);
    }
  }

  #lookAtHealth(at: Micros): void {
    const health = this.#market.observer.health(at, this.#engine.limits.staleAfter);
    if (health === this.#health) return;
    this.#health = health;
    this.#healthSince = at;
  }

  #takeEvent(record: number, event: EngineEvent): void {
    if (event.kind === "session-resumed") this.#quality.rowsLost += event.rowsLost;
    if (event.kind === "advice-received") this.#watch(event.parentId)?.advice.answered(event);
    if (event.kind === "market-told") this.#told = toldTogether(this.#told, event.told);
    this.#timeline.event(record, event);
  }

  #takeOutput(record: number, time: Micros, output: EngineOutput): void {
    this.#timeline.output(record, time, output);
    if (output.kind === "data-health-changed") this.#count(output.to);
    const parentId = parentOf(output);
    const watch = parentId === undefined ? undefined : this.#watch(parentId);
    if (watch === undefined) return;
    this.#takeFact(watch, time, output);
    this.#touch(watch.parent.order.id, time);
  }

  #takeFact(watch: OrderWatch, time: Micros, output: EngineOutput): void {
    switch (output.kind) {
      case "decision-made":
        return watch.decisions.add(output.decision);
      case "order-refused":
        return watch.decisions.refused(output.decision, output.refusal);
      case "ask-advisor":
        return watch.advice.asked(output.question, time);
      case "advice-taken":
      case "advice-dropped":
        return watch.advice.cameOf(output);
      default:
    }
  }

  #count(health: DataHealth): void {
    if (health === "gapped") this.#quality.gaps += 1;
    if (health === "crossed") this.#quality.crossed += 1;
    if (health === "stale") this.#quality.stale += 1;
  }
}

function archivedFills({ parents }: Engine): number {
  let fills = 0;
  for (const { history } of parents.values()) if (history.isArchived) fills += history.done.fills;
  return fills;
}

const isOfAccount = ({ kind }: EngineEvent): boolean =>
  kind === "kill-switched" ||
  kind === "limits-changed" ||
  kind === "session-resumed" ||
  kind === "position-told" ||
  kind === "market-ended";

function concernedBy(event: EngineEvent): string | undefined {
  if (event.kind === "parent-submitted") return event.parent.id;
  if (event.kind === "order-reported") return parentIdOf(event.clientOrderId);
  return "parentId" in event ? event.parentId : undefined;
}

/** Whose order it is about, where it is about one. */
function parentOf(output: EngineOutput): string | undefined {
  switch (output.kind) {
    case "decision-made":
      return output.decision.parentId;
    case "place-order":
      return parentIdOf(output.order.clientOrderId);
    case "amend-order":
      return parentIdOf(output.amend.clientOrderId);
    case "cancel-order":
    case "report-ignored":
      return parentIdOf(output.clientOrderId as ClientOrderId);
    case "ask-advisor":
      return output.question.parentId;
    default:
      return "parentId" in output ? output.parentId : undefined;
  }
}
