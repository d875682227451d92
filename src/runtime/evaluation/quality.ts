/**
 * Quality: how often a decision was within ε of the best one, and what was lost by the others.
 *
 * The best is the best in hindsight of one market, which nobody can know. So a share stands beside
 * what is got by never leaving the plan, and by leaving it as often and at random.
 */
import type { Bps, Fraction } from "../../core/domain/units.ts";
import { type PairedDifference, pairedDifference } from "../../core/tca/paired-difference.ts";
import type { JudgedRow } from "./evaluation-row.ts";
import { CANDIDATES } from "./rollout.ts";

/** A decision that costs at most so much more than the best is called good. */
export const EPSILON_BPS = 0.1;

interface Judgement {
  readonly good: Fraction;
  readonly regretBps: Bps;
}

export interface Quality {
  readonly decisions: number;
  readonly epsilonBps: Bps;
  readonly own: Judgement;
  readonly alwaysProceed: Judgement;
  /** The same actions as often, in any order. */
  readonly atRandom: Judgement;
  /** Cost of the decisions less that of proceeding, decision by decision, counted by market. */
  readonly overProceeding: PairedDifference;
}

export function qualityOf(judged: readonly JudgedRow[], seed: number): Quality | undefined {
  const all = judged.flatMap(({ window, decisions }) =>
    decisions.map((decision) => ({ window, ...decision })),
  );
  if (all.length === 0) return undefined;
  const least = all.map(({ costs, chosen }) => Math.min(chosen, ...costs));
  const judge = (costOf: (i: number) => readonly (readonly [weight: number, cost: Bps])[]) => {
    let [good, regretBps] = [0, 0];
    for (let i = 0; i < all.length; i++) {
      for (const [weight, cost] of costOf(i)) {
        const lost = cost - least[i]!;
        if (lost <= EPSILON_BPS) good += weight;
        regretBps += weight * lost;
      }
    }
    return { good: good / all.length, regretBps: regretBps / all.length };
  };
  const often = CANDIDATES.map(
    ({ action }) => all.filter(({ advice }) => advice.action === action).length / all.length,
  );
  return {
    decisions: all.length,
    epsilonBps: EPSILON_BPS,
    own: judge((i) => [[1, all[i]!.chosen]]),
    alwaysProceed: judge((i) => [[1, all[i]!.costs[0]!]]),
    atRandom: judge((i) => often.map((weight, k) => [weight, all[i]!.costs[k]!] as const)),
    overProceeding: pairedDifference(
      all.map(({ window, chosen, costs }) => ({ cluster: window, difference: chosen - costs[0]! })),
      seed,
    ),
  };
}
