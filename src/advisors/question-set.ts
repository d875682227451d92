/**
 * Question set: what every model is asked, whether it writes or only scores labels.
 *
 * Pure. Each item is a choice among few, because a choice cannot be out of range and a number can.
 * What must stay true: the labels are what the answer is parsed by, so a change of one is a new
 * prompt version.
 */
import {
  type AdvisedAction,
  type AdviceQuestion,
  IMPACT_FACTORS,
  IMPACT_READINGS,
  type ImpactReading,
  URGENCY_LEVELS,
  type UrgencyLevel,
  WAIT_SECONDS,
} from "../core/contracts/advice.ts";

export type ItemKey =
  | ImpactReading
  | "impactFactor"
  | "impactLow"
  | "impactHigh"
  | "action"
  | "urgency"
  | "rate"
  | "waitSeconds"
  | "strategy";

export interface ItemOption {
  /** What is answered, word by word. */
  readonly label: string;
  readonly meaning: string;
}

export interface QuestionItem {
  /** Its member in a written answer. */
  readonly key: ItemKey;
  readonly ask: string;
  readonly options: readonly ItemOption[];
  /** Asked of some answers alone; otherwise null is right. */
  readonly onlyFor?: readonly AdvisedAction[];
}

const ACTION_MEANINGS: Readonly<Record<AdvisedAction, string>> = {
  proceed: "do as the classical algorithm does",
  aggressive: "take what is shown now, ahead of the plan",
  passive: "only rest orders; pay no spread",
  wait: "do nothing for a while",
  accelerate: "go faster than the plan",
  decelerate: "go slower than the plan",
  cancel: "stop the order: what is not done stays undone",
};

/** Multiples of the plan's rate that are offered; an answer may name others between. */
export const RATES = [0.25, 0.5, 0.75, 1.25, 1.5, 2] as const;

/** The labels of a reading, in their order, with what they mean. */
const readingOptions = (key: ImpactReading, ...meanings: string[]): readonly ItemOption[] =>
  IMPACT_READINGS[key].map((label, i) => ({ label, meaning: meanings[i]! }));

const factors = IMPACT_FACTORS.map((factor) => ({
  label: String(factor),
  meaning: `${factor} times the usual`,
}));

/** The questions of requirement C2, before the action that should rest on them. */
const IMPACT_ITEMS: readonly QuestionItem[] = [
  {
    key: "informedFlow",
    ask: "Do the last trades look like those of somebody who knows more?",
    options: readingOptions("informedFlow", "one-sided", "mixed", "too few to tell"),
  },
  {
    key: "newsPending",
    ask: "Does any news item change how much is offered, or will it soon?",
    options: readingOptions("newsPending", "it does", "it does not", "it cannot be told"),
  },
  {
    key: "liquidity",
    ask: "How much is offered, against the order?",
    options: readingOptions("liquidity", "less than usual", "as usual", "more than usual"),
  },
  {
    key: "correlation",
    ask: "Do other assets that move with this one say where it will go?",
    options: readingOptions(
      "correlation",
      "dearer for us",
      "cheaper for us",
      "nothing shown here tells",
    ),
  },
  { key: "impactFactor", ask: "What does trading cost now, against the usual?", options: factors },
  { key: "impactLow", ask: "What does it cost at least?", options: factors },
  { key: "impactHigh", ask: "What does it cost at most?", options: factors },
];

const URGENCY_MEANINGS: Readonly<Record<UrgencyLevel, string>> = {
  lowest: "much slower than the order says",
  low: "slower than the order says",
  own: "as the order says",
  high: "faster than the order says",
  highest: "much faster than the order says",
};

const URGENCY: QuestionItem = {
  key: "urgency",
  ask: "How fast should what is late be crossed for?",
  options: URGENCY_LEVELS.map((label) => ({
    label,
    meaning: URGENCY_MEANINGS[label],
  })),
};

/** What this question asks, in the order in which it is asked. */
export function questionSet(
  question: Pick<AdviceQuestion, "actions" | "strategies">,
): readonly QuestionItem[] {
  const { actions, strategies } = question;
  const offers = (...some: readonly AdvisedAction[]) => some.some((one) => actions.includes(one));
  return [
    ...IMPACT_ITEMS,
    {
      key: "action",
      ask: "What should be done next?",
      options: actions.map((label) => ({ label, meaning: ACTION_MEANINGS[label] })),
    },
    URGENCY,
    ...(offers("accelerate", "decelerate") ? [rateItem()] : []),
    ...(offers("wait") ? [waitItem()] : []),
    ...(strategies.length > 0 ? [strategyItem(strategies)] : []),
  ];
}

const rateItem = (): QuestionItem => ({
  key: "rate",
  ask: "At what multiple of the plan's rate? Over 1 to accelerate, under 1 to decelerate.",
  options: RATES.map((rate) => ({ label: String(rate), meaning: `${rate} times the plan's rate` })),
  onlyFor: ["accelerate", "decelerate"],
});

const waitItem = (): QuestionItem => ({
  key: "waitSeconds",
  ask: "For how many seconds?",
  options: WAIT_SECONDS.map((span) => ({ label: String(span), meaning: `${span} seconds` })),
  onlyFor: ["wait"],
});

const strategyItem = (strategies: readonly string[]): QuestionItem => ({
  key: "strategy",
  ask: "Which strategy should plan the rest? null keeps the one at work.",
  options: strategies.map((label) => ({ label, meaning: "a strategy of this name" })),
});
