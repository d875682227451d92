/**
 * Silent: an advisor that has nothing to say. The classical algorithm is worked, and the machinery
 * of asking is there all the same: for comparing runs with and without advice.
 */
import { ok } from "../core/domain/errors.ts";
import { type Advisor, exchangeOf, noAdvice } from "./advisor.ts";
import { PROMPT_VERSION } from "./prompt.ts";
import { questionHash } from "./question-hash.ts";

export const SILENT: Advisor = {
  name: "none",
  check: () => Promise.resolve(ok(undefined)),
  ask: (question) =>
    Promise.resolve(
      exchangeOf(noAdvice("not-recorded", "nobody is asked"), 0, {
        advisor: "none",
        provider: "none",
        model: "none",
        promptVersion: PROMPT_VERSION,
        question,
        questionHash: questionHash(question),
      }),
    ),
  close: () => Promise.resolve(),
};
