/**
 * Value path: the fundamental value within each second, where the world gives one figure a second.
 *
 * A Brownian bridge on a grid of sixteenths between the world's figures, with the variance that the
 * world has at the time, so that the value moves at every instant and not once a second.
 *
 * What must stay true: at each whole second it is the world's own figure.
 */
import { Draws } from "./draws.ts";

export const STEPS_PER_SECOND = 16;

export class ValuePath {
  readonly #draws: Draws;
  #step = 0;
  #left = 0;
  #target: number;
  #deviation = 0;
  value: number;

  constructor(seed: number, value: number) {
    this.#draws = new Draws(seed, "value-path");
    this.value = value;
    this.#target = value;
  }

  /** In `steps` steps it will be at `target`; `deviation` is of a whole second. */
  aim(target: number, steps: number, deviation: number): void {
    this.#target = target;
    this.#left = steps;
    this.#deviation = deviation / Math.sqrt(STEPS_PER_SECOND);
  }

  /** Takes the next step. */
  advance(): void {
    const left = this.#left;
    if (left <= 1) {
      this.value = this.#target;
      this.#left = 0;
      return;
    }
    const noise = this.#draws.at(this.#step++).normal();
    this.value += (this.#target - this.value) / left;
    this.value += this.#deviation * Math.sqrt((left - 1) / left) * noise;
    this.#left = left - 1;
  }
}
