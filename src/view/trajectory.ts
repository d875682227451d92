/**
 * Trajectory: what an order's plan asked for and what was filled, noted as it happened.
 *
 * The plan is told by the decisions at their time; nobody asks the strategy again. Bounded: when
 * there are too many points every other one goes, the first and the last stay.
 */
import type { Fraction, Micros } from "../core/domain/units.ts";
import type { TrajectoryPoint } from "./shapes.ts";

const MOST_POINTS = 600;

export class Trajectory {
  /** Every `#stride`-th of those that came. */
  #kept: TrajectoryPoint[] = [];
  #stride = 1;
  #count = 0;
  /** The newest stays, whatever its number. */
  #last: TrajectoryPoint | undefined;

  get points(): readonly TrajectoryPoint[] {
    return this.#last === undefined ? [] : [...this.#kept, this.#last];
  }

  /** @param corridor how far advice may lead from the plan; null: it may not. */
  note(time: Micros, planned: Fraction | null, corridor: Fraction | null, filled: Fraction): void {
    const isLed = planned !== null && corridor !== null;
    // Of one instant the last word counts.
    if (this.#last !== undefined && this.#last.time !== time) this.#keep(this.#last);
    this.#last = {
      time,
      planned,
      low: isLed ? Math.max(0, planned - corridor) : null,
      high: isLed ? Math.min(1, planned + corridor) : null,
      filled,
    };
  }

  /** Fills in what was not known, where the same instants are told of with more. */
  learn(told: readonly TrajectoryPoint[]): void {
    const known = new Map(told.map((point) => [point.time, point]));
    const learned = (point: TrajectoryPoint): TrajectoryPoint => {
      const { planned = null, low = null, high = null } = known.get(point.time) ?? {};
      return point.planned === null && planned !== null ? { ...point, planned, low, high } : point;
    };
    this.#kept = this.#kept.map(learned);
    if (this.#last !== undefined) this.#last = learned(this.#last);
  }

  #keep(point: TrajectoryPoint): void {
    if (this.#count++ % this.#stride !== 0) return;
    this.#kept.push(point);
    if (this.#kept.length < MOST_POINTS) return;
    this.#kept = this.#kept.filter((_, k) => k % 2 === 0);
    this.#stride *= 2;
  }
}
