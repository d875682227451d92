/**
 * Harm test: whether what advice has cost so far shows that it harms, looked at as often as one
 * likes.
 *
 * A piece of advice is a bet: it cost so much, or saved so much. Where advice knows nothing, each
 * bet is as likely to lose an amount as to win it, and exp(λS − λ²V/2) is a supermartingale for
 * every λ (S: sum of what the bets cost, V: sum of their squares; de la Peña 1999).
 * Mixed over a half-normal λ > 0 it has the closed form below (Robbins 1970; Howard, Ramdas,
 * McAuliffe and Sekhon 2021), and by Ville's inequality (1939) it exceeds 1/α ever with
 * a chance of at most α.
 *
 * Pure. What must stay true: what is told hangs on the two sums alone, and looking costs nothing.
 */
import type { Bps } from "../../core/domain/units.ts";

/** Sums over bets, of shares of the whole order. */
export interface BetSums {
  /** Positive = advice cost so much. */
  readonly cost: Bps;
  /** Of their squares, bps². */
  readonly squares: number;
}

export const NO_BETS: BetSums = { cost: 0, squares: 0 };

export const sumOf = (one: BetSums, other: BetSums): BetSums => ({
  cost: one.cost + other.cost,
  squares: one.squares + other.squares,
});

/** Chance that a harmless advisor ever loses weight anywhere. */
export const FALSE_LOWERING = 0.05;
/** Each regime has its own test: a third of it each (Bonferroni). */
export const REGIMES_TESTED = 3;
/** Evidence at which it harms. */
export const HARM_AT = REGIMES_TESTED / FALSE_LOWERING;

/**
 * One over the variance of λ, bps²: the test is sharpest where the squares have come to some ten
 * times as much. Inside the default envelope an order of five minutes leaves behind about a half.
 */
const RHO = 5;
const MOST = 1e12;

/** 1 at the start; multiplied by what a fair bet against the advisor has won. */
export function harmEvidence({ cost, squares }: BetSums): number {
  const spread = squares + RHO;
  const z = cost / Math.sqrt(spread);
  const scale = 2 * Math.sqrt(RHO / spread);
  return Math.min(MOST, scale * Math.exp(Math.min(700, (z * z) / 2)) * normalBelow(z));
}

export const isHarmful = (sums: BetSums): boolean => harmEvidence(sums) >= HARM_AT;

/** Chance that luck alone ever leads an order's bets out of `luckOf`. */
const OUT_OF_LUCK = 0.05;

/**
 * How far luck alone leads the sum of such bets, to either side: with a chance of 0.95 it never
 * leaves this, however often one looks. The same mixture as above, over λ of both signs.
 */
export function luckOf({ squares }: Pick<BetSums, "squares">): Bps {
  const spread = squares + RHO;
  return Math.sqrt(spread * (2 * Math.log(1 / OUT_OF_LUCK) + Math.log(spread / RHO)));
}

/** Standard normal distribution function; relative error under 1.2e-7 in both tails. */
function normalBelow(z: number): number {
  const tail = 0.5 * complement(Math.abs(z) / Math.SQRT2);
  return z > 0 ? 1 - tail : tail;
}

/** Of Chebyshev's fit of exp(x²)·erfc(x) (Press and others, Numerical Recipes, 6.2). */
const FIT = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
] as const;

/** erfc(x), x ≥ 0. */
function complement(x: number): number {
  const t = 1 / (1 + x / 2);
  let power = 0;
  for (const term of FIT.toReversed()) power = power * t + term;
  return t * Math.exp(-x * x + power);
}
