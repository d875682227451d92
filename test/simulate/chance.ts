/**
 * Chance: what a simulation draws, one stream of draws for each purpose.
 *
 * What must stay true: a draw depends on the seed, the purpose and how often that purpose has drawn,
 * so a fault that is switched off leaves the luck of all others as it was.
 */
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";

export class Chance {
  readonly #seed: number;
  readonly #stream: number;
  #draws = 0;

  constructor(seed: number, purpose: string) {
    this.#seed = seed;
    this.#stream = streamOf(`simulate/${purpose}`);
  }

  /** In [0, 1). */
  next(): number {
    return uniformAt(this.#seed, this.#stream, this.#draws++);
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  between(from: number, until: number): number {
    return from + (until - from) * this.next();
  }

  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor((to - from + 1) * this.next());
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[Math.floor(values.length * this.next())]!;
  }
}
