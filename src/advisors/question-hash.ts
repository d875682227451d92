/**
 * Question hash: names what a question asks, whoever asks it and for which order.
 *
 * A recording is looked up by it, and a fresh answer is used again by it. What must stay true: two
 * questions of one hash are shown to a model in the same words, or, for the fresh key, in words
 * that differ in times alone.
 */
import { createHash } from "node:crypto";
import type { AdviceQuestion } from "../core/contracts/advice.ts";
import { canonicalJson } from "../core/domain/canonical-json.ts";
import { situationFigures } from "./figures.ts";

/** Everything that a model is shown, its figures as they are shown; no ids, no instrument. */
export const questionHash = (question: AdviceQuestion): string =>
  hashOf({ ...wordsOf(question), figures: figuresOf(question, false) });

/** Without times: for answers that are used again while they are fresh. */
export const freshKey = (question: AdviceQuestion): string =>
  hashOf({ ...wordsOf(question), figures: figuresOf(question, true) });

const hashOf = (value: unknown): string =>
  createHash("sha256").update(canonicalJson(value)).digest("hex");

function wordsOf({ cause, actions, strategies, situation }: AdviceQuestion) {
  return {
    cause,
    actions: [...actions],
    strategies: [...strategies],
    strategy: situation.order.strategy,
    regime: situation.market.regime,
    ...(situation.market.hours === undefined
      ? {}
      : {
          hours: situation.market.hours.session,
          isWeekend: situation.market.hours.isWeekend,
        }),
    takers: situation.market.trades.map(({ isWithUs }) => isWithUs),
    news: situation.news.map(({ source, kind, headline, flags }) => ({
      source,
      kind,
      headline,
      flags: [...flags],
    })),
    ...(situation.isNewsTurned === true ? { isNewsTurned: true } : {}),
    past: situation.past.map(({ action }) => action),
  };
}

/** What time alone changes. */
const ELAPSED = new Set(["elapsed", "elapsedSeconds"]);

const figuresOf = (question: AdviceQuestion, isTimeless: boolean) =>
  situationFigures(question)
    .filter(({ name, kind }) => !isTimeless || !(kind === "seconds" || ELAPSED.has(name)))
    .map(({ name, value }) => [name, value]);
