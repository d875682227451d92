/**
 * Pace formulas: a second opinion on laws 5 and 6 for TWAP and POV, in closed form.
 *
 * They share no code with the strategies: what may be committed at a moment is said by elementary
 * arithmetic, generous by a few slices, because plans that were given up for being late begin with
 * a slice of their own.
 */
import type { PaceQuestion } from "../../src/testing/index.ts";
import { SLICING_DEFAULTS } from "../../src/strategies/schedule.ts";
import { pov } from "../../src/strategies/pov.ts";

const MICROS = 1e6;

/** How far ahead of the schedule: in slices, in volumes of others, in even slices. */
const GIVE = {
  anchor: { slices: 2.5, volumes: 1, even: 0 },
  stall: { slices: 4, volumes: 4, even: 4 },
} as const;

export function twapPace(question: PaceQuestion): number {
  const { parameters, elapsed, span, rest, restLots, leastLots, since } = question;
  const numberOf = (key: "intervalSeconds" | "randomizeSize" | "randomizeTime"): number =>
    Number(parameters[key] ?? SLICING_DEFAULTS[key]);
  const asked = parameters["slices"] ?? Math.round(span / (numberOf("intervalSeconds") * MICROS));
  const most = Math.floor(restLots / Math.max(1, leastLots));
  const slices = Math.max(1, Math.min(Number(asked), most));
  const ahead = GIVE[since].slices + numberOf("randomizeTime") / 2;
  const x = Math.min(1, elapsed / span + ahead / slices);
  const jitter = numberOf("randomizeSize");
  return (rest * (x * (1 + jitter))) / (x * (1 + jitter) + (1 - x) * (1 - jitter));
}

export function povPace(question: PaceQuestion): number {
  const { parameters, span, rest, lots, volume, participation, since } = question;
  const numberOf = (key: "rate" | "intervalSeconds"): number =>
    Number(parameters[key] ?? pov.defaults[key]);
  const rate = Math.min(numberOf("rate"), participation);
  const traded = (rate / (1 - rate)) * (volume / lots);
  const even = rest * Math.min(1, (numberOf("intervalSeconds") * MICROS) / span);
  const { volumes, even: slack } = GIVE[since];
  return volumes * traded + slack * even;
}
