/**
 * Harm runs: bets of advice whose effect is known, and what the test makes of them.
 *
 * What must stay true: it looks after each order, as a desk does, and stops at the first alarm.
 */
import { streamOf, uniformAt } from "../../src/core/domain/random.ts";
import { isHarmful, NO_BETS, sumOf } from "../../src/runtime/influence/harm-test.ts";

export const LAWS = [
  "normal",
  "heavy tails",
  "rare losses",
  "rare gains",
  "raised stakes",
] as const;
export type Law = (typeof LAWS)[number];

export interface Runs {
  readonly runs: number;
  readonly orders: number;
  readonly betsAnOrder: number;
  readonly seed: number;
}

/** The share of runs with an alarm, where advice has no effect on average. */
export function falseShare(law: Law, { runs, orders, betsAnOrder, seed }: Runs): number {
  let lowered = 0;
  for (let run = 0; run < runs; run++) {
    const draws = new Draws(seed, run);
    let stake = 1;
    const bet = (): number => {
      const result = stake * betOf(law, draws);
      // Bolder after a loss: what a gambler does.
      if (law === "raised stakes") stake = result > 0 ? Math.min(8, stake * 1.5) : 1;
      return result;
    };
    lowered += ordersUntilAlarm(orders, betsAnOrder, bet) === undefined ? 0 : 1;
  }
  return lowered / runs;
}

function betOf(law: Law, draws: Draws): number {
  const z = draws.normal();
  // Student's t with three degrees of freedom: most moves are small, some are very large.
  if (law === "heavy tails") return z / Math.sqrt(draws.chiSquared(3) / 3);
  // Mean zero, and not symmetric as the test assumes: a skewness of 1.75, either way.
  if (law === "rare losses") return Math.exp(z / 2) - Math.exp(1 / 8);
  if (law === "rare gains") return Math.exp(1 / 8) - Math.exp(z / 2);
  return z;
}

export interface Loss extends Runs {
  /** What advice costs an order on average, and how widely that scatters, bps. */
  readonly loss: number;
  readonly spread: number;
}

/** Orders until the loss is seen, the median over runs. */
export function ordersToSee({ loss, spread, runs, orders, betsAnOrder, seed }: Loss): number {
  const counts = Array.from({ length: runs }, (_, run) => {
    const draws = new Draws(seed, run);
    const bet = (): number =>
      loss / betsAnOrder + (spread / Math.sqrt(betsAnOrder)) * draws.normal();
    return ordersUntilAlarm(orders, betsAnOrder, bet) ?? orders;
  });
  return counts.sort((a, b) => a - b)[Math.floor(runs / 2)]!;
}

function ordersUntilAlarm(most: number, bets: number, bet: () => number): number | undefined {
  let sums = NO_BETS;
  for (let order = 1; order <= most; order++) {
    for (let k = 0; k < bets; k++) {
      const cost = bet();
      sums = sumOf(sums, { cost, squares: cost * cost });
    }
    if (isHarmful(sums)) return order;
  }
  return undefined;
}

/** Of one run: the n-th draw is a function of the seed, the run and n. */
class Draws {
  readonly #seed: number;
  readonly #stream = streamOf("evaluation");
  #count = 0;

  constructor(seed: number, run: number) {
    this.#seed = (seed + 7919 * run) >>> 0;
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#uniform()));
    return radius * Math.cos(2 * Math.PI * this.#uniform());
  }

  chiSquared(freedom: number): number {
    let sum = 0;
    for (let k = 0; k < freedom; k++) sum += this.normal() ** 2;
    return sum;
  }

  #uniform(): number {
    return uniformAt(this.#seed, this.#stream, this.#count++);
  }
}
