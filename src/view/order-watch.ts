/**
 * Order watch: what is gathered of one order while its run is followed, beside the engine's state.
 *
 * Figures that the engine does not keep: the market's touch at the order's arrival and end, what
 * was planned when, decisions in words, the advice. What must stay true: it is told and never asks
 * anything that could change the order.
 */
import type { Micros } from "../core/domain/units.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import { AdviceLog, type FindNumbers } from "./advice-log.ts";
import { DecisionLog } from "./decision-log.ts";
import type { MarketPath, TouchTotals } from "./market-path.ts";
import { filledShare } from "./order-row.ts";
import { RunningCost } from "./running-cost.ts";
import type { OrderRow } from "./shapes.ts";
import { Trajectory } from "./trajectory.ts";

export class OrderWatch {
  readonly parent: ParentState;
  readonly cost: RunningCost;
  readonly trajectory = new Trajectory();
  readonly decisions = new DecisionLog();
  readonly advice: AdviceLog;
  /** What the market's touch summed up to at the arrival and at the end. */
  touchFrom: TouchTotals | undefined;
  touchTo: TouchTotals | undefined;
  /** By a model of impact, at the arrival; undefined: not known. */
  forecastBps: number | undefined;
  updatedAt: Micros;
  /** As it was made last; undefined: something has changed since. */
  row: OrderRow | undefined;
  #planned: number | null = null;
  #hasArrived = false;
  #hasEnded = false;

  constructor(
    parent: ParentState,
    at: Micros,
    mayLoad: boolean,
    findNumbers: FindNumbers | undefined,
  ) {
    this.parent = parent;
    this.cost = new RunningCost(parent, mayLoad);
    this.advice = new AdviceLog(findNumbers);
    this.updatedAt = at;
  }

  /** @returns whether it has arrived just now. */
  lookAt(path: MarketPath): boolean {
    const { arrivedAt, endedAt } = this.parent;
    const arrives = !this.#hasArrived && arrivedAt !== undefined;
    if (arrives) {
      this.#hasArrived = true;
      this.touchFrom = path.totalsAt(arrivedAt);
      this.#note(arrivedAt, 0);
    }
    if (!this.#hasEnded && endedAt !== undefined) {
      this.#hasEnded = true;
      this.touchTo = path.totalsAt(endedAt);
      this.#note(endedAt, this.#planned);
    }
    return arrives;
  }

  /** @param target lots since the plan began; undefined: as it was told last. */
  noteProgress(at: Micros, target?: number): void {
    const planned = target === undefined ? this.#planned : this.#plannedShare(target);
    this.#note(at, planned);
  }

  #note(at: Micros, planned: number | null): void {
    this.#planned = planned;
    this.trajectory.note(at, planned, this.#corridor, filledShare(this.parent));
  }

  /**
   * Of the plan without advice: what is aimed at on advice stands in the target. Of events that a
   * restart has recalled nothing is planned: the plans of before are learned later, if at all.
   */
  #plannedShare(target: number): number | null {
    const { order, plan, filledAtAnchor, advised } = this.parent;
    if (plan === undefined) return null;
    const aimed = advised?.envelope.aimed ?? 0;
    const own = Math.min(plan.quantity, Math.max(0, target - aimed));
    const total =
      order.quantity.kind === "lots" ? order.quantity.lots : filledAtAnchor + plan.quantity;
    return total > 0 ? Math.min(1, (filledAtAnchor + own) / total) : null;
  }

  get #corridor(): number | null {
    const { advised, order } = this.parent;
    if (advised === undefined || order.advice === undefined) return null;
    const most = Math.max(...Object.values(order.advice.influence));
    return most > 0 ? advised.terms.envelope.corridor : null;
  }
}
