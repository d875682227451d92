/**
 * Recommendation: the schedule with the least expected cost + λ × price risk that the limits allow.
 *
 * √V and not V, so that λ has no unit: the bps for sure that one bps of standard deviation is
 * worth.
 * The 95 % worst case of n like orders together, per order, is E + 1.645/√n·√V; so λ = 1.645 is one
 * order by itself, 0.3 is thirty of them, and 0 is whoever trades for ever.
 */
import type { Fraction } from "../core/domain/units.ts";
import type { ScheduleEstimate } from "./schedule-estimate.ts";

/** 1.645/√30. */
export const DEFAULT_RISK_AVERSION = 0.3;

export interface Recommendation {
  readonly choice: ScheduleEstimate;
  readonly reason: string;
}

/** Differences under this are no difference to anybody. */
const TIE_BPS = 1e-9;

/** Undefined where the limits allow none of them. */
export function recommend(
  choices: readonly ScheduleEstimate[],
  riskAversion: number,
  mayCrossSpread: boolean,
): Recommendation | undefined {
  // Who never crosses may be left with the order: its cheap fees are not to be had for sure.
  const finishing = mayCrossSpread ? choices.filter(({ urgency }) => urgency > 0) : choices;
  const feasible = finishing.filter(({ hindrances }) => hindrances.length === 0);
  const choice = least(feasible);
  if (choice === undefined) return undefined;
  const next = least(feasible.filter(({ strategy }) => strategy !== choice.strategy));
  const sum =
    `${choice.expectedBps.toFixed(2)} expected + ${riskAversion} × ` +
    `${choice.band.priceBps.toFixed(2)} of price risk = ${choice.objectiveBps.toFixed(2)} bps: ` +
    `the least of ${feasible.length} that the limits allow`;
  return { choice, reason: next === undefined ? sum : `${sum}. ${runnerUp(choice, next)}` };
}

function least(choices: readonly ScheduleEstimate[]): ScheduleEstimate | undefined {
  let best: ScheduleEstimate | undefined;
  for (const choice of choices) {
    if (best === undefined || choice.objectiveBps < best.objectiveBps - TIE_BPS) best = choice;
  }
  return best;
}

function runnerUp(best: ScheduleEstimate, next: ScheduleEstimate): string {
  const gap = next.objectiveBps - best.objectiveBps;
  const doubt: Fraction = Math.hypot(best.band.parametersBps, best.band.placementBps);
  const verdict =
    gap < doubt
      ? `less than the doubt about either (${doubt.toFixed(2)}), so do not read much into it`
      : `more than the doubt about either (${doubt.toFixed(2)})`;
  const who = `${next.strategy} at urgency ${next.urgency}`;
  return `Next is ${who}, ${gap.toFixed(2)} bps behind: ${verdict}`;
}
