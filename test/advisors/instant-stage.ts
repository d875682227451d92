/**
 * Instant stage: an advisor suite's stage around an advisor whose latency is told, not taken.
 */
import type { Advisor } from "../../src/advisors/advisor.ts";
import { GUARD_DEFAULTS, guarded } from "../../src/advisors/guarded.ts";
import { micros } from "../../src/core/domain/units.ts";
import { ADVISOR_CASES } from "../../src/testing/advisor-cases.ts";
import type { AdvisorStage, Behaviour } from "../../src/testing/advisor-suite.ts";
import { AdvisorClock, signalStage } from "./puppet.ts";

export function instantStage(
  inner: Advisor,
  behave?: (behaviour: Behaviour) => void,
): AdvisorStage<AbortSignal> {
  const clock = new AdvisorClock();
  return {
    advisor: guarded(inner, { time: clock, freshFor: micros(0) }),
    patienceMs: GUARD_DEFAULTS.timeout / 1000,
    signal: signalStage,
    wait: (ms) => clock.wait(ms),
    ...(behave === undefined ? {} : { behave }),
    close: () => Promise.resolve(),
  };
}

/** Of an advisor that nothing stands behind. */
export const behaviourSkips = (reason: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ADVISOR_CASES.filter(({ needs }) => needs === "behave").map(({ name }) => [name, reason]),
  );
