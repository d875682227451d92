/**
 * Open advice: brings up who is asked about an order, as the configuration says.
 *
 * What must stay true: what cannot be asked is told before anything starts, and so is that somebody
 * else has earned the weights; and whoever is opened
 * stands inside the guard, so a run never waits longer for it than `limits.llmTimeout`.
 */
import type { AdvisorFault } from "../../advisors/advisor.ts";
import type { GuardedAdvisor } from "../../advisors/guarded.ts";
import { ok, type Result } from "../../core/domain/errors.ts";
import { micros } from "../../core/domain/units.ts";
import type { ArrivalConfig } from "../config.ts";
import { earnedBy } from "../influence/influence-fit.ts";
import { adviceTerms } from "./advice-config.ts";

export interface AdviceNeeds {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Microseconds of the run's own time; absent: real time. */
  readonly runNow?: () => number;
  /** Where every exchange is kept; absent: nowhere. */
  readonly recordTo?: string;
  /** A backtest's time stands still: a server that is busy is waited for. */
  readonly isSimulated: boolean;
  readonly onFault?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** `run.journal` has `run.advice.jsonl` beside it. */
export const adviceFileOf = (journal: string): string =>
  `${journal.replace(/\.journal$/, "")}.advice.jsonl`;

/** Undefined: nobody is asked. */
export async function openAdvice(
  config: ArrivalConfig,
  needs: AdviceNeeds,
): Promise<Result<GuardedAdvisor | undefined, AdvisorFault>> {
  if (adviceTerms(config) === undefined) return ok(undefined);
  const { advisor, budget, prices } = config.advice;
  // Whoever asks nobody need not load them.
  const { openAdvisor, parseAdvisor } = await import("../../advisors/registry.ts");
  const choice = parseAdvisor(advisor);
  if (!choice.ok) return choice;
  const { isSimulated, ...rest } = needs;
  const opened = await openAdvisor(choice.value, {
    ...rest,
    ...(prices === null ? {} : { prices }),
    guard: {
      timeout: micros(config.limits.llmTimeout),
      budget: {
        calls: budget.questions,
        tokens: budget.tokens,
        usd: budget.usd ?? Number.POSITIVE_INFINITY,
      },
      onRateLimit: isSimulated ? "wait" : "answer",
    },
  });
  if (!opened.ok) return opened;
  const earned = earnedBy(config.advice, opened.value.name);
  if (earned.ok) return opened;
  await opened.value.close();
  return earned;
}
