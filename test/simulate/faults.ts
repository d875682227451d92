/**
 * Faults: what of a run's knobs befalls this message or this request, and how often each did.
 *
 * What must stay true: once `end` was called nothing befalls anybody any more, so that all must
 * converge.
 */
import { Chance } from "./chance.ts";
import { FAULT_NAMES, type FaultName, type Knobs } from "./knobs.ts";

export class Faults {
  readonly counts = new Map<FaultName, number>();
  readonly #knobs: Knobs;
  readonly #luck: Record<FaultName, Chance>;
  #isOver = false;
  #isBegun = false;

  constructor(seed: number, knobs: Knobs) {
    this.#knobs = knobs;
    this.#luck = Object.fromEntries(
      FAULT_NAMES.map((name) => [name, new Chance(seed, `fault/${name}`)]),
    ) as Record<FaultName, Chance>;
  }

  get isActive(): boolean {
    return this.#isBegun && !this.#isOver;
  }

  begin(): void {
    this.#isBegun = true;
  }

  end(): void {
    this.#isOver = true;
  }

  has(name: FaultName): boolean {
    return this.#knobs.faults[name] !== undefined;
  }

  /** Whether it befalls this one; it counts. */
  strikes(name: FaultName): boolean {
    const level = this.#knobs.faults[name];
    if (level === undefined || !this.isActive) return false;
    if (!this.#luck[name].happens(level)) return false;
    this.count(name);
    return true;
  }

  count(name: FaultName): void {
    this.counts.set(name, 1 + (this.counts.get(name) ?? 0));
  }

  /** Draws that belong to a fault: how long, which way. */
  luck(name: FaultName): Chance {
    return this.#luck[name];
  }

  /** Nanoseconds to the next time of a fault that comes so and so often a minute. */
  pause(name: FaultName): number | undefined {
    const level = this.#knobs.faults[name];
    if (level === undefined) return undefined;
    return (-Math.log(1 - this.#luck[name].next()) * 60e9) / level;
  }
}
