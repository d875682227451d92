/**
 * Draws: the luck of one agent of a generated market.
 *
 * Every draw is a pure function of (seed, agent, k, i): the agent's own event number k, and the
 * number i of the draw within that event. So two runs that differ only by somebody else's orders
 * share every agent's luck, event by event (common random numbers), however much one event needs.
 *
 * 32 bits a draw, from two words of key; the mixing is the finaliser of MurmurHash3, as in
 * `core/domain/random.ts`, which makes the agent's key.
 */
import { bitsAt, streamOf } from "../../core/domain/random.ts";

const GOLDEN = 0x9e3779b9;
const TWO_32 = 0x1_0000_0000;

function mix(word: number): number {
  let x = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

export class Draws {
  readonly #high: number;
  readonly #low: number;
  #key = 0;
  #salt = 0;
  #i = 0;

  /** `agent` names the stream: draws of two names never meet. Stands at event 0. */
  constructor(seed: number, agent: string) {
    const stream = streamOf(`generated/${agent}`);
    this.#high = bitsAt(seed, stream, 0) | 0;
    this.#low = bitsAt(seed, stream, 1) | 0;
    this.at(0);
  }

  /** Turns to the draws of event `k` (a whole number from 0 to 2^53), the first of them next. */
  at(k: number): this {
    const word = mix((k | 0) ^ this.#high);
    this.#key = mix(word + Math.imul(Math.floor(k / TWO_32) | 0, GOLDEN) + this.#low);
    this.#salt = word ^ this.#low;
    this.#i = 0;
    return this;
  }

  /** Uniform in [0, 1), 32 bits fine. */
  uniform(): number {
    const word = mix(this.#key + Math.imul(this.#i, GOLDEN));
    this.#i += 1;
    return (mix(word ^ this.#salt) >>> 0) / TWO_32;
  }

  /** Uniform whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log(1 - this.uniform());
  }

  /** Standard normal (Box and Muller 1958): two uniforms, one of the two results. */
  normal(): number {
    const radius = Math.sqrt(2 * this.exponential());
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Pareto: P(X > x) = (least / x)^exponent for x ≥ least. */
  pareto(least: number, exponent: number): number {
    return least * (1 - this.uniform()) ** (-1 / exponent);
  }

  /** Pareto given that it is at most `most`: the tail beyond is left out, not piled up at it. */
  paretoWithin(least: number, most: number, exponent: number): number {
    const cut = 1 - (least / most) ** exponent;
    return least * (1 - this.uniform() * cut) ** (-1 / exponent);
  }
}
