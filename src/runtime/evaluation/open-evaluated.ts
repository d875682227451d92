/**
 * Open evaluated: brings up the advisor that is measured.
 *
 * Each question is put to it anew: nothing is answered from what it said before, and a failure ends
 * nothing, because how often it fails is among what is measured. What must stay true: it stands
 * inside the guard, and no answer is waited for longer than `limits.llmTimeout`.
 */
import type { AdvisorFault } from "../../advisors/advisor.ts";
import { GUARD_DEFAULTS, type GuardedAdvisor } from "../../advisors/guarded.ts";
import { openAdvisor, parseAdvisor } from "../../advisors/registry.ts";
import { ok, type Result } from "../../core/domain/errors.ts";
import { micros } from "../../core/domain/units.ts";
import type { AdviceNeeds } from "../advice/open-advice.ts";
import type { ArrivalConfig } from "../config.ts";

/** Undefined: nobody is asked. */
export async function openEvaluated(
  name: string,
  { limits, advice }: ArrivalConfig,
  needs: Pick<AdviceNeeds, "environment" | "recordTo" | "onFault" | "signal">,
): Promise<Result<GuardedAdvisor | undefined, AdvisorFault>> {
  const choice = parseAdvisor(name);
  if (!choice.ok) return choice;
  if (choice.value.kind === "none") return ok(undefined);
  const { budget, prices } = advice;
  return openAdvisor(choice.value, {
    ...needs,
    ...(prices === null ? {} : { prices }),
    guard: {
      timeout: micros(limits.llmTimeout),
      freshFor: micros(0),
      breaker: { ...GUARD_DEFAULTS.breaker, failures: Number.POSITIVE_INFINITY },
      budget: {
        calls: budget.questions,
        tokens: budget.tokens,
        usd: budget.usd ?? Number.POSITIVE_INFINITY,
      },
      onRateLimit: "wait",
    },
  });
}
