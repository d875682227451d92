/**
 * Label judge: asks a label-scoring model the items of one question, and makes advice of it.
 *
 * What must stay true: the same question to the same model gives the same advice to the bit; what
 * people read is made of the chosen label and of figures that stand in the question, and says so.
 */
import {
  ADVISED_ACTIONS,
  type Advice,
  type AdvisedAction,
  type AdviceQuestion,
  IMPACT_FACTORS,
  IMPACT_READINGS,
  type ImpactReading,
  type ImpactReadings,
  URGENCY_LEVELS,
} from "../../core/contracts/advice.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { derivedOf, signed, text } from "../figures.ts";
import { SYSTEM_TEXT } from "../prompt.ts";
import type { ItemKey, QuestionItem } from "../question-set.ts";
import { briefSituation } from "./brief-situation.ts";
import {
  allShifts,
  itemOf,
  itemText,
  listedOrder,
  type OptionOrder,
  reversed,
} from "./label-items.ts";
import type { LabelScorer, ScoreFault } from "./model-host.ts";
import { calibrated, quantileOf, type Reading, topOf } from "./option-bias.ts";

/** How the liking of a place in the list is taken out. */
export interface BiasTerms {
  /**
   * Orders in which each item is asked: as listed; in the reversed order too; or with every option
   * at every letter once, which is dear and makes the order matter no more.
   */
  readonly orders: "listed" | "reversed-too" | "all";
  /** Divided by what the list gets where there is nothing to judge. */
  readonly contextual: boolean;
}
/** Measured: the second order takes twice the time and takes out little more. */
export const BIAS_TERMS: BiasTerms = { orders: "listed", contextual: true };

/** Stands for a situation in which there is nothing to judge (Zhao et al. 2021). */
const NOTHING = "N/A";
/** Tells models that write how to write. */
const WRITING = "\n\nHow to answer";

/** What every model is told, without the form of a written answer. */
export const LABEL_SYSTEM_TEXT = SYSTEM_TEXT.slice(0, SYSTEM_TEXT.indexOf(WRITING));

export interface Judged {
  readonly advice: Advice;
  /** By item, the probability of each label. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly passes: number;
  readonly tokens: number;
}

/** The questions of C2, asked before the factor that rests on them. */
const READINGS = Object.keys(IMPACT_READINGS) as readonly ImpactReading[];
const ALWAYS: readonly ItemKey[] = ["impactFactor", "action", "urgency"];

/** What was read, as the item of the factor repeats it. */
const beforeFactor = (of: (key: ImpactReading) => string): string =>
  `Informed flow: ${of("informedFlow")}. News that changes liquidity: ${of("newsPending")}. ` +
  `Liquidity: ${of("liquidity")}. Other assets: ${of("correlation")}.\n`;

/** What follows from the situation alone is not asked: no news, no other market. */
function knownReading(key: ItemKey, { situation }: AdviceQuestion): string | undefined {
  if (key === "newsPending" && situation.news.length === 0) return "no";
  if (key === "correlation" && (situation.others ?? []).length === 0) return "unclear";
  return undefined;
}

type Choice = { readonly item: QuestionItem; readonly probabilities: readonly number[] };

export class LabelJudge {
  readonly #scorer: LabelScorer;
  readonly #terms: BiasTerms;
  /** By the text of an item: what it gets where there is nothing to judge. */
  readonly #priors = new Map<string, readonly number[]>();
  #passes = 0;
  #tokens = 0;

  constructor(scorer: LabelScorer, terms: BiasTerms) {
    this.#scorer = scorer;
    this.#terms = terms;
  }

  /** One question at a time: the caller sees to it. */
  async judge(question: AdviceQuestion, signal: AbortSignal): Promise<Result<Judged, ScoreFault>> {
    this.#passes = 0;
    this.#tokens = 0;
    const chosen = new Map<ItemKey, Choice>();
    const known = await this.#learnAll(question, [...READINGS, ...ALWAYS], signal);
    if (!known.ok) return known;
    const read = await this.#askAll(question, READINGS, chosen, signal);
    if (!read.ok) return read;
    const first = await this.#askAll(question, ALWAYS, chosen, signal);
    if (!first.ok) return first;
    const action = labelOf(chosen.get("action")!) as AdvisedAction;
    const further = furtherItems(question, action);
    const learned = await this.#learnAll(question, further, signal);
    if (!learned.ok) return learned;
    const more = await this.#askAll(question, further, chosen, signal);
    if (!more.ok) return more;
    const advice = adviceOf(question, action, chosen);
    const labels = Object.fromEntries([...chosen].map(([key, choice]) => [key, byLabel(choice)]));
    return ok({ advice, labels, passes: this.#passes, tokens: this.#tokens });
  }

  /** Learns what is asked of every question, so that the first has not to wait for it. */
  async prepare(signal: AbortSignal): Promise<Result<void, ScoreFault>> {
    const actions = ADVISED_ACTIONS.filter((action) => action !== "cancel");
    return this.#learnAll({ actions, strategies: [] }, [...READINGS, ...ALWAYS], signal);
  }

  #ordersOf({ options }: QuestionItem): readonly OptionOrder[] {
    const listed = listedOrder(options.length);
    const { orders } = this.#terms;
    if (orders === "all") return allShifts(options.length);
    return orders === "listed" ? [listed] : [listed, reversed(listed)];
  }

  /** Into `chosen`. */
  async #askAll(
    question: AdviceQuestion,
    keys: readonly ItemKey[],
    chosen: Map<ItemKey, Choice>,
    signal: AbortSignal,
  ): Promise<Result<void, ScoreFault>> {
    const user = briefSituation(question);
    for (const item of itemsOf(question, keys)) {
      const known = knownReading(item.key, question);
      const read =
        known === undefined
          ? await this.#read(user, item, chosen, signal)
          : ok(item.options.map(({ label }) => (label === known ? 1 : 0)));
      if (!read.ok) return read;
      chosen.set(item.key, { item, probabilities: read.value });
    }
    return ok(undefined);
  }

  /** First what needs no situation: the situation is then read once for all items. */
  async #learnAll(
    asked: Pick<AdviceQuestion, "actions" | "strategies">,
    keys: readonly ItemKey[],
    signal: AbortSignal,
  ): Promise<Result<void, ScoreFault>> {
    for (const item of itemsOf(asked, keys)) {
      if (item.options.length < 2) continue;
      const known = await this.#learnPriors(item, this.#ordersOf(item), signal);
      if (!known.ok) return known;
    }
    return ok(undefined);
  }

  async #learnPriors(
    item: QuestionItem,
    orders: readonly OptionOrder[],
    signal: AbortSignal,
  ): Promise<Result<void, ScoreFault>> {
    if (!this.#terms.contextual) return ok(undefined);
    for (const order of orders) {
      const words = neutralText(item, order);
      if (this.#priors.has(words)) continue;
      const scored = await this.#score(NOTHING, words, order.length, signal);
      if (!scored.ok) return scored;
      this.#priors.set(words, scored.value);
    }
    return ok(undefined);
  }

  async #read(
    user: string,
    item: QuestionItem,
    chosen: ReadonlyMap<ItemKey, Choice>,
    signal: AbortSignal,
  ): Promise<Result<readonly number[], ScoreFault>> {
    if (item.options.length < 2) return ok([1]);
    const before = item.key === "impactFactor" ? beforeFactor((key) => labelIn(chosen, key)) : "";
    const readings: Reading[] = [];
    for (const order of this.#ordersOf(item)) {
      const words = itemText(item, order, before);
      const scored = await this.#score(user, words, order.length, signal);
      if (!scored.ok) return scored;
      const prior = this.#priors.get(neutralText(item, order));
      readings.push({ order, logs: scored.value, ...(prior === undefined ? {} : { prior }) });
    }
    return ok(calibrated(readings));
  }

  async #score(
    user: string,
    item: string,
    letters: number,
    signal: AbortSignal,
  ): Promise<Result<readonly number[], ScoreFault>> {
    if (signal.aborted) return err({ kind: "gone", text: "it was given up" });
    const scored = await this.#scorer.score({ system: LABEL_SYSTEM_TEXT, user, item, letters });
    if (!scored.ok) return scored;
    const { logs, computed } = scored.value;
    if (logs.length !== letters || !logs.every(Number.isFinite)) {
      return err({ kind: "refused", text: "its scores are no numbers" });
    }
    this.#passes += 1;
    this.#tokens += computed;
    return ok(logs);
  }
}

/** Of those that are asked and have anything to choose. */
const itemsOf = (
  question: Pick<AdviceQuestion, "actions" | "strategies">,
  keys: readonly ItemKey[],
): readonly QuestionItem[] =>
  keys
    .map((key) => itemOf(question, key))
    .filter((item): item is QuestionItem => item !== undefined && item.options.length > 0);

/** An item where there is nothing to judge: not even what was read before. */
const neutralText = (item: QuestionItem, order: OptionOrder): string =>
  itemText(item, order, item.key === "impactFactor" ? beforeFactor(() => NOTHING) : "");

const labelIn = (chosen: ReadonlyMap<ItemKey, Choice>, key: ItemKey): string => {
  const choice = chosen.get(key);
  return choice === undefined ? NOTHING : labelOf(choice);
};

function furtherItems(question: AdviceQuestion, action: AdvisedAction): readonly ItemKey[] {
  const further: ItemKey[] = question.strategies.length > 0 ? ["strategy"] : [];
  if (action === "accelerate" || action === "decelerate") further.push("rate");
  if (action === "wait") further.push("waitSeconds");
  return further;
}

const labelOf = ({ item, probabilities }: Choice): string =>
  item.options[topOf(probabilities)]!.label;

const byLabel = ({ item, probabilities }: Choice): Readonly<Record<string, number>> =>
  Object.fromEntries(item.options.map(({ label }, i) => [label, probabilities[i]!]));

const LOW_SHARE = 0.1;
const HIGH_SHARE = 0.9;

function adviceOf(
  question: AdviceQuestion,
  action: AdvisedAction,
  chosen: ReadonlyMap<ItemKey, Choice>,
): Advice {
  const impact = chosen.get("impactFactor")!.probabilities;
  const factorAt = (share: number): number => IMPACT_FACTORS[quantileOf(impact, share)]!;
  const urgency = URGENCY_LEVELS[topOf(chosen.get("urgency")!.probabilities)]!;
  const rate = rateOf(action, chosen.get("rate"));
  const wait = chosen.get("waitSeconds");
  const strategy = strategyOf(chosen.get("strategy"));
  return {
    action,
    confidence: Math.min(1, Math.max(...chosen.get("action")!.probabilities)),
    urgency,
    impactFactor: {
      value: factorAt(0.5),
      low: factorAt(LOW_SHARE),
      high: factorAt(HIGH_SHARE),
    },
    readings: Object.fromEntries(
      READINGS.map((key) => [key, labelIn(chosen, key)]),
    ) as ImpactReadings,
    ...(rate === undefined ? {} : { rate }),
    ...(wait === undefined ? {} : { waitSeconds: Number(labelOf(wait)) }),
    ...(strategy === undefined ? {} : { strategy }),
    reasoning: reasoningOf(question, action),
    risk: RISKS[action],
  };
}

/** One that is more probable than all others together: to change needs more than a nose. */
function strategyOf(choice: Choice | undefined): string | undefined {
  const isClear = choice !== undefined && Math.max(...choice.probabilities) > 0.5;
  return isClear ? labelOf(choice) : undefined;
}

/** The most probable of those that go the way of the action. */
function rateOf(action: AdvisedAction, choice: Choice | undefined): number | undefined {
  if (choice === undefined) return undefined;
  let best: number | undefined;
  let most = -1;
  for (const [i, { label }] of choice.item.options.entries()) {
    const rate = Number(label);
    if (action === "accelerate" ? rate <= 1 : rate >= 1) continue;
    if (choice.probabilities[i]! > most) [best, most] = [rate, choice.probabilities[i]!];
  }
  return best;
}

/** Made of figures, since a model that scores labels writes none. */
function reasoningOf(question: AdviceQuestion, action: AdvisedAction): string {
  const { situation } = question;
  const { market, cost } = situation;
  const { behind, remaining } = derivedOf(situation);
  const gap = `${text(Math.abs(behind), "share")} ${behind < 0 ? "ahead of" : "behind"} its plan`;
  return (
    `The model scored ${action} highest where the order is ${gap} with ` +
    `${text(remaining, "share")} remaining, the spread is ${text(market.spreadBps, "bps")} bps, ` +
    `the imbalance ${signed(market.imbalance, "ratio")}, the mid ` +
    `${signed(cost.midBps, "bps")} bps from arrival and the market ${market.regime}. ` +
    "It only scores labels: this sentence was made from its choice and the situation, not by it."
  );
}

const RISKS: Readonly<Record<AdvisedAction, string>> = {
  proceed: "The plan carries on, and with it whatever the plan does not see.",
  aggressive: "Crossing now pays the spread, and the price may come back.",
  passive: "Resting orders may not fill, and the order may fall behind.",
  wait: "The price may move away while nothing is done.",
  accelerate: "Faster trading costs more impact, and the price may come back.",
  decelerate: "What is put off is exposed to the price for longer.",
  cancel: "What is not done stays undone, and the opportunity may be lost.",
};
