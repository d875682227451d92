/**
 * Wandering: what moves by chance alone around a market, one second at a time.
 *
 * `MeanReverting` is a level that forgets (Ornstein and Uhlenbeck 1930), exact at any memory;
 * `CorrelatedNoise` is the one noise of a symbol that it shares with others: factors drawn by
 * (seed, factor's name), its own part by (seed, symbol).
 *
 * What must stay true: a draw depends on the seed, the names and the second of the Unix clock, not
 * on which symbols are simulated or in what order; and both are standard normal (the noise) or of
 * the given spread (the level) at every second, the first included.
 */
import { Draws } from "../generated/draws.ts";

/** How strongly a symbol follows a common factor: the correlation of its noise with it. */
export interface FactorLoading {
  readonly name: string;
  /** From −1 to 1; the squares of a symbol's loadings sum to at most 1. */
  readonly loading: number;
}

/** Loadings under which any two symbols' noises have this correlation: one factor, all alike. */
export const equallyCorrelated = (correlation: number): readonly FactorLoading[] => [
  { name: "market", loading: Math.sqrt(correlation) },
];

/** Standard normal draws, correlated over symbols by Σ of the products of their loadings. */
export class CorrelatedNoise {
  readonly #factors: readonly { readonly draws: Draws; readonly loading: number }[];
  readonly #own: Draws;
  readonly #ownLoading: number;

  /** Without factors all of it is the symbol's own. */
  constructor(
    seed: number,
    symbol: string,
    purpose: string,
    factors: readonly FactorLoading[] = [],
  ) {
    this.#factors = factors.map(({ name, loading }) => ({
      draws: new Draws(seed, `world/${purpose}/factor/${name}`),
      loading,
    }));
    this.#own = new Draws(seed, `world/${purpose}/symbol/${symbol}`);
    const shared = factors.reduce((sum, { loading }) => sum + loading ** 2, 0);
    this.#ownLoading = Math.sqrt(Math.max(0, 1 - shared));
  }

  at(second: number): number {
    let noise = this.#ownLoading * this.#own.at(second).normal();
    for (const { draws, loading } of this.#factors) noise += loading * draws.at(second).normal();
    return noise;
  }
}

/** A level around 0 of standard deviation `spread`, with a memory of `memorySeconds`. */
export class MeanReverting {
  readonly #noise: CorrelatedNoise;
  readonly #kept: number;
  readonly #shock: number;
  level: number;

  /** Begins at `second`, since the Unix epoch, with the level of one that has lived for long. */
  constructor(noise: CorrelatedNoise, spread: number, memorySeconds: number, second: number) {
    this.#noise = noise;
    this.#kept = Math.exp(-1 / memorySeconds);
    this.#shock = spread * Math.sqrt(-Math.expm1(-2 / memorySeconds));
    this.level = spread * noise.at(second - 1);
  }

  /** Lives through one second. */
  step(second: number): void {
    this.level = this.level * this.#kept + this.#shock * this.#noise.at(second);
  }
}

/** What is wrong with the loadings, by path. */
export function factorFaults(factors: readonly FactorLoading[]): { path: string; text: string }[] {
  const faults: { path: string; text: string }[] = [];
  for (const [i, { name, loading }] of factors.entries()) {
    if (!(Math.abs(loading) <= 1)) {
      faults.push({ path: `${i}.loading`, text: `must be from -1 to 1, got ${loading}` });
    }
    if (factors.findIndex((factor) => factor.name === name) !== i) {
      faults.push({ path: `${i}.name`, text: `${name} is there twice` });
    }
  }
  const shared = factors.reduce((sum, { loading }) => sum + loading ** 2, 0);
  if (shared > 1 + 1e-9) {
    const text = `the squares of the loadings must sum to at most 1, got ${shared.toFixed(4)}`;
    faults.push({ path: "", text });
  }
  return faults;
}
