/**
 * Evaluation rows: what is kept of each piece of an evaluation, as plain JSON, one a line.
 *
 * Everything that is told of an evaluation is computed from its rows. What must stay true: a row is
 * whole by itself, and its key names the one piece of work that it is of.
 */
import { coherent } from "./coherence.ts";
import { grounded } from "../../advisors/grounding.ts";
import type { Exchange } from "../../advisors/advisor.ts";
import type { Advice, AskCause, NoAdviceReason } from "../../core/contracts/advice.ts";
import type { Side } from "../../core/domain/side.ts";
import type { Bps, Fraction } from "../../core/domain/units.ts";
import type { Sample } from "./deciders.ts";
import type { Asked, Parent, Worked } from "./parent-run.ts";

/** What was answered to one question, and how. */
export interface AnswerRow {
  readonly cause: AskCause;
  /** Headlines in the question. */
  readonly news: number;
  /** Without its texts; absent: there was none. */
  readonly advice?: Advice;
  readonly reason?: NoAdviceReason;
  readonly latency: number;
  readonly isTaken: boolean;
  readonly clamps: number;
  /** Of what was written: whether each number was shown, and the words go with the action. */
  readonly isGrounded?: boolean;
  readonly isCoherent?: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
}

export interface ParentRow {
  readonly kind: "parent";
  readonly window: number;
  readonly side: Side;
  readonly arm: string;
  readonly costBps: Bps;
  readonly filled: Fraction;
  readonly phase: string;
  readonly answers: readonly AnswerRow[];
  /** Who advised, by what prompt; absent: nobody from outside, or it was not kept yet. */
  readonly by?: AskedOf;
}

export interface AskedOf {
  readonly advisor: string;
  readonly model: string;
  readonly prompt: string;
}

/** What a model learns from. */
export interface TrainingRow {
  readonly kind: "training";
  readonly window: number;
  readonly side: Side;
  readonly samples: readonly Sample[];
}

/** An arm's decisions beside what each action would have led to. */
export interface JudgedRow {
  readonly kind: "judged";
  readonly window: number;
  readonly side: Side;
  readonly arm: string;
  readonly decisions: readonly {
    readonly number: number;
    readonly advice: Advice;
    readonly costs: readonly Bps[];
    readonly chosen: Bps;
  }[];
}

/** Stances: −1 slower, 1 faster; null: there was no answer. */
export interface TwinStances {
  /** Where the news makes the order dearer. */
  readonly dearer: number | null;
  readonly cheaper: number | null;
}

/** The same question with its meaning turned round: see `twins.ts`. */
export interface TwinRow {
  readonly kind: "twin";
  readonly window: number;
  readonly byHeadline: TwinStances;
  readonly bySide: TwinStances;
}

export type EvaluationRow = ParentRow | TrainingRow | JudgedRow | TwinRow;

export function keyOf(row: EvaluationRow): string {
  if (row.kind === "twin") return `twin ${row.window}`;
  if (row.kind === "training") return `training ${row.window} ${row.side}`;
  return `${row.kind} ${row.arm} ${row.window} ${row.side}`;
}

/** Whether it hurries the order (1), holds it back (−1) or leaves it be. */
export function stanceOf({ action }: Pick<Advice, "action">): -1 | 0 | 1 {
  if (action === "accelerate" || action === "aggressive") return 1;
  if (action === "proceed") return 0;
  return -1;
}

export function parentRow(
  { window, side }: Parent,
  arm: string,
  { costBps, filled, phase, asked }: Worked,
  exchanges: readonly Exchange[] = [],
): ParentRow {
  const answers = asked.map((one, i) => answerRow(one, exchanges[i]));
  // A guard that answers for an advisor knows nothing of its words.
  const first = exchanges.find(({ answer: { kind } }) => kind === "advice");
  const row = { kind: "parent", window, side, arm, costBps, filled, phase, answers } as const;
  if (first === undefined) return row;
  const { advisor, model, promptVersion: prompt } = first.transcript;
  return { ...row, by: { advisor, model, prompt } };
}

function answerRow(asked: Asked, exchange: Exchange | undefined): AnswerRow {
  const { question, answer, latency = 0, isTaken, clamps } = asked;
  const usage = exchange?.transcript.usage;
  const about = {
    cause: question.cause,
    news: question.situation.news.length,
    latency,
    isTaken,
    clamps,
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    usd: exchange?.transcript.costUsd ?? 0,
  };
  if (answer?.kind !== "advice") {
    return answer === undefined ? about : { ...about, reason: answer.reason };
  }
  const { advice } = answer;
  const said = advice.reasoning.trim();
  return {
    ...about,
    advice: { ...advice, reasoning: "", risk: "" },
    ...(said === ""
      ? {}
      : {
          isGrounded: grounded(said, question).isGrounded,
          isCoherent: coherent(said, stanceOf(advice)),
        }),
  };
}
