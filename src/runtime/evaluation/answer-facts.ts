/**
 * Answer facts: how an arm was answered: how often, how fast, at what price, and how well reasoned.
 */
import type { Advice } from "../../core/contracts/advice.ts";
import type { Fraction } from "../../core/domain/units.ts";
import type { AnswerRow, ParentRow } from "./evaluation-row.ts";

export interface AnswerFacts {
  readonly arm: string;
  readonly parents: number;
  readonly questions: number;
  /** Of the answers that came: none, malformed, too late. The classical algorithm carried on. */
  readonly fallback: Fraction;
  readonly reasons: Readonly<Record<string, number>>;
  /** Of the answers. */
  readonly actions: Readonly<Record<string, Fraction>>;
  readonly clamped: Fraction;
  /** Accepted changes of strategy, rate or urgency, of one order. */
  readonly adaptations: number;
  /** Of the answers with reasoning; undefined: there was none. */
  readonly grounded: Fraction | undefined;
  readonly coherent: Fraction | undefined;
  readonly latencySeconds: { readonly p50: number; readonly p95: number };
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
}

/** Empty of an arm that nobody was asked about. */
export function answerFacts(arm: string, rows: readonly ParentRow[]): readonly AnswerFacts[] {
  const asked = rows.flatMap(({ answers }) => answers);
  // The last may be answered when the order is done already: nobody fell back on anything.
  const all = asked.filter(({ advice, reason }) => advice !== undefined || reason !== undefined);
  if (all.length === 0) return [];
  const given = all.filter(({ advice }) => advice !== undefined);
  const reasoned = given.filter(({ isGrounded }) => isGrounded !== undefined);
  const latencies = all.map(({ latency }) => latency / 1e6).sort((a, b) => a - b);
  const sum = (of: (one: AnswerRow) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return [
    {
      arm,
      parents: rows.length,
      questions: asked.length,
      fallback: all.filter(({ isTaken }) => !isTaken).length / all.length,
      reasons: counts(all.filter(({ isTaken }) => !isTaken).map(whyNot)),
      actions: shares(given.map(({ advice }) => advice!.action)),
      clamped: share(given, ({ clamps }) => clamps > 0),
      adaptations: rows.reduce((total, row) => total + adaptations(row), 0) / rows.length,
      grounded: reasoned.length === 0 ? undefined : share(reasoned, (one) => one.isGrounded!),
      coherent: reasoned.length === 0 ? undefined : share(reasoned, (one) => one.isCoherent!),
      latencySeconds: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
      inputTokens: sum(({ inputTokens }) => inputTokens),
      outputTokens: sum(({ outputTokens }) => outputTokens),
      usd: sum(({ usd }) => usd),
    },
  ];
}

const whyNot = ({ reason }: AnswerRow): string => reason ?? "too late";

/** What an advice asks for, its words apart: two that ask for the same are no adaptation. */
const asks = ({ action, urgency, rate, strategy }: Advice): string =>
  action === "proceed" && urgency === "own" && strategy === undefined
    ? "the plan"
    : JSON.stringify([action, urgency, rate ?? null, strategy ?? null]);

function adaptations({ answers }: ParentRow): number {
  let inForce = "the plan";
  let count = 0;
  for (const { advice, isTaken } of answers) {
    if (advice === undefined || !isTaken) continue;
    const next = asks(advice);
    if (next !== inForce) count += 1;
    inForce = next;
  }
  return count;
}

const share = <One>(all: readonly One[], is: (one: One) => boolean): Fraction =>
  all.length === 0 ? 0 : all.filter(is).length / all.length;

const counts = (words: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]),
  );

const shares = (words: readonly string[]): Readonly<Record<string, Fraction>> =>
  Object.fromEntries(
    Object.entries(counts(words))
      .sort(([, a], [, b]) => b - a)
      .map(([word, count]) => [word, count / words.length]),
  );

/** Nearest rank. `sorted` is not empty. */
const quantile = (sorted: readonly number[], at: Fraction): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(at * sorted.length) - 1))]!;
