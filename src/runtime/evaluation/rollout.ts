/**
 * Rollout: what each action would have cost, by working the rest of the order under it.
 *
 * The order is worked again in the same market with the same answers up to a question, with the
 * action in its place, and with "proceed" from then on: common random numbers, so the difference is
 * the action's. It knows the future of that one market; nobody who decides does. So no honest
 * decider reaches it, and its figures are read beside those of deciders that know nothing.
 */
import type { Advice, AdviceQuestion } from "../../core/contracts/advice.ts";
import { type Bps, micros } from "../../core/domain/units.ts";
import type { EvaluationRequest } from "./evaluation-request.ts";
import { type Answered, type Parent, PromptAdvisor, type Way, workNow } from "./parent-run.ts";

/** What whoever is no model is said to take for its answer. */
export const TOLD_LATENCY = micros(500_000);

const advice = (action: Advice["action"], more: Partial<Advice> = {}): Advice => ({
  action,
  confidence: 0.5,
  urgency: "own",
  impactFactor: { value: 1, low: 1, high: 1 },
  reasoning: "",
  risk: "",
  ...more,
});

/** What is tried at each question; the first is what the classical algorithm does. */
export const CANDIDATES: readonly Advice[] = [
  advice("proceed"),
  advice("accelerate", { rate: 2 }),
  advice("decelerate", { rate: 0.25 }),
  advice("wait", { waitSeconds: 60 }),
  advice("aggressive", { urgency: "highest" }),
  advice("passive", { urgency: "lowest" }),
];
export const PROCEED: Advice = CANDIDATES[0]!;

export const answered = (given: Advice, latency = TOLD_LATENCY): Answered => ({
  answer: { kind: "advice", advice: given, source: "llm" },
  latency,
});

/** The cost of the whole order: so answered up to here, and let go on from then on. */
export function costAfter(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  answers: readonly Answered[],
): Bps {
  const rest = answered(PROCEED);
  const advisor = new PromptAdvisor((_, number) => answers[number] ?? rest);
  return workNow(request, parent, way, advisor).costBps;
}

export interface Decision {
  readonly number: number;
  readonly question: AdviceQuestion;
  /** Of each candidate. */
  readonly costs: readonly Bps[];
  /** Of what was answered. */
  readonly chosen: Bps;
}

/**
 * At each question that was answered: what each action, and the answer, would have led to.
 *
 * @param proceeding the cost where all answers are "proceed" as told, if that is what they are.
 */
export function* judge(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  asked: readonly { readonly question: AdviceQuestion; readonly answered: Answered }[],
  proceeding?: Bps,
): Generator<Decision> {
  const given = asked.map((one) => one.answered);
  for (const [number, { question, answered: own }] of asked.entries()) {
    const before = given.slice(0, number);
    const after = (one: Answered): Bps => costAfter(request, parent, way, [...before, one]);
    // Whoever acts for the candidate answers as late as the one who is judged did.
    const costs = CANDIDATES.map((candidate) =>
      candidate === PROCEED && proceeding !== undefined
        ? proceeding
        : after(answered(candidate, own.latency)),
    );
    const chosen = proceeding ?? after(own);
    yield { number, question, costs, chosen };
  }
}

/** Tries every action at the question in hand. @returns the cheapest; of equals the first. */
export function* bestAnswer(
  request: EvaluationRequest,
  parent: Parent,
  way: Way,
  before: readonly Answered[],
): Generator<void, Answered> {
  let best = answered(PROCEED);
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of CANDIDATES) {
    const one = answered(candidate);
    const cost = costAfter(request, parent, way, [...before, one]);
    if (cost < least) [best, least] = [one, cost];
    yield;
  }
  return best;
}
