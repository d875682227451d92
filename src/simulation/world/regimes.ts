/**
 * Regimes: calm, normal and wild spells of a market, after one another by chance.
 *
 * A Markov chain in continuous time, looked at once a second (regime switching of volatility:
 * Hamilton and Susmel 1994). It is drawn by (seed, "regimes") alone, so all symbols of a seed are
 * wild together, as markets are. How long a spell lasts and how wild it is are assumptions: hours,
 * with a wild spell some four times as volatile as a calm one.
 *
 * What must stay true: weighted by how often each regime is there, the mean of the squared
 * volatility and the mean of the activity are both 1, whatever the settings.
 */
import { invariant } from "../../core/domain/errors.ts";
import { Draws } from "../generated/draws.ts";

export interface Regime {
  readonly name: string;
  /** Multiples of one another: what comes out is scaled to a mean of 1. */
  readonly volatility: number;
  readonly activity: number;
  /** How long a spell lasts on average. */
  readonly meanHours: number;
  /** What follows: weights by name. */
  readonly next: Readonly<Record<string, number>>;
}

export const DEFAULT_REGIMES: readonly Regime[] = [
  { name: "calm", volatility: 0.6, activity: 0.6, meanHours: 6, next: { normal: 1 } },
  { name: "normal", volatility: 1, activity: 1, meanHours: 4, next: { calm: 0.7, wild: 0.3 } },
  { name: "wild", volatility: 2.4, activity: 2.8, meanHours: 1.5, next: { normal: 1 } },
];

/** How often each regime is there in the long run: the chain's stationary law. */
export function stationaryLaw(regimes: readonly Regime[]): Float64Array {
  const count = regimes.length;
  const fastest = Math.max(...regimes.map(({ meanHours }) => 1 / meanHours));
  let step = regimes.map((from, i) => {
    const weights = regimes.map((to) => from.next[to.name] ?? 0);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const leaves = total === 0 ? 0 : 1 / from.meanHours / (2 * fastest);
    return weights.map(
      (weight, j) => (i === j ? 1 - leaves : 0) + (leaves * weight) / (total || 1),
    );
  });
  // A power of two that is beyond every memory of the chain: each row is then the law.
  for (let round = 0; round < 40; round++) {
    step = step.map((row) =>
      row.map((_, j) => row.reduce((sum, share, k) => sum + share * step[k]![j]!, 0)),
    );
    step = step.map((row) => {
      const sum = row.reduce((total, share) => total + share, 0);
      return row.map((share) => share / sum);
    });
  }
  return Float64Array.from({ length: count }, (_, j) => step[0]![j]!);
}

export class Regimes {
  readonly #regimes: readonly Regime[];
  readonly #draws: Draws;
  readonly #volatilityScale: number;
  readonly #activityScale: number;
  /** The chance to leave within a second. */
  readonly #leaving: Float64Array;
  #state: number;

  /** `second` since the Unix epoch: the first state is drawn from the stationary law. */
  constructor(seed: number, regimes: readonly Regime[], second: number) {
    invariant(regimes.length > 0, "a market has at least one regime");
    this.#regimes = regimes;
    this.#draws = new Draws(seed, "world/regimes");
    const law = stationaryLaw(regimes);
    const mean = (of: (regime: Regime) => number): number =>
      regimes.reduce((sum, regime, i) => sum + law[i]! * of(regime), 0);
    this.#volatilityScale = 1 / Math.sqrt(mean(({ volatility }) => volatility ** 2));
    this.#activityScale = 1 / mean(({ activity }) => activity);
    this.#leaving = Float64Array.from(regimes, (r) => -Math.expm1(-1 / (r.meanHours * 3_600)));
    this.#state = pick(law, this.#draws.at(second).uniform());
  }

  get name(): string {
    return this.#regimes[this.#state]!.name;
  }

  /** Multiple of the average; its square has a mean of 1. */
  get volatility(): number {
    return this.volatilityOf(this.#state);
  }

  get activity(): number {
    return this.activityOf(this.#state);
  }

  /** The number of a regime by its name, −1 where there is none. */
  indexOf(name: string): number {
    return this.#regimes.findIndex((regime) => regime.name === name);
  }

  volatilityOf(state: number): number {
    return this.#regimes[state]!.volatility * this.#volatilityScale;
  }

  activityOf(state: number): number {
    return this.#regimes[state]!.activity * this.#activityScale;
  }

  nameOf(state: number): string {
    return this.#regimes[state]!.name;
  }

  /** Lives through one second. */
  step(second: number): void {
    const draws = this.#draws.at(second);
    draws.uniform(); // the first draw of a second is for a market that begins there
    if (!draws.chance(this.#leaving[this.#state]!)) return;
    const { next } = this.#regimes[this.#state]!;
    const weights = this.#regimes.map(({ name }) => next[name] ?? 0);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total > 0) this.#state = pick(weights, draws.uniform() * total);
  }
}

/** The index at which the running sum of the weights passes `at`. */
function pick(weights: ArrayLike<number>, at: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!;
    if (at < sum) return i;
  }
  return weights.length - 1;
}

/** What is wrong with the settings, by path. */
export function regimeFaults(regimes: readonly Regime[]): { path: string; text: string }[] {
  const faults: { path: string; text: string }[] = [];
  const names = regimes.map(({ name }) => name);
  if (regimes.length === 0) faults.push({ path: "", text: "must hold at least one regime" });
  for (const [i, regime] of regimes.entries()) {
    if (names.indexOf(regime.name) !== i) {
      faults.push({ path: `${i}.name`, text: `${regime.name} is there twice` });
    }
    for (const key of ["volatility", "activity", "meanHours"] as const) {
      if (!(regime[key] > 0 && regime[key] < 1e6)) {
        faults.push({ path: `${i}.${key}`, text: `must be above 0, got ${regime[key]}` });
      }
    }
    for (const [name, weight] of Object.entries(regime.next)) {
      const path = `${i}.next.${name}`;
      if (!names.includes(name)) faults.push({ path, text: `no such regime: ${names.join(", ")}` });
      if (!(weight >= 0)) faults.push({ path, text: `must not be negative, got ${weight}` });
    }
  }
  return faults;
}
