/**
 * Draws: the luck of a fuzzing campaign, one number after the other.
 *
 * What must stay true: the same seed and purpose give the same draws, so that a campaign can be run
 * again.
 */
import { bitsAt, streamOf } from "../../src/core/domain/random.ts";

export class Draws {
  readonly #seed: number;
  readonly #stream: number;
  #count = 0;

  constructor(seed: number, purpose: string) {
    this.#seed = seed;
    this.#stream = streamOf(purpose);
  }

  /** A whole number in [0, end). */
  below(end: number): number {
    this.#count += 1;
    return Math.floor((bitsAt(this.#seed, this.#stream, this.#count) / 0x1_0000_0000) * end);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<Value>(list: readonly Value[]): Value {
    return list[this.below(list.length)]!;
  }

  /** Small numbers far more often than large ones; in [1, most]. */
  length(most: number): number {
    const bits = this.below(Math.max(1, Math.floor(Math.log2(most)) + 1));
    return Math.min(most, 1 + this.below(2 ** (bits + 1) - 1));
  }
}
