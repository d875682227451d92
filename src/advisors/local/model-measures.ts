/**
 * Model measures: how fast a local model answers, how much it likes a place in a list, and whether
 * it answers the same twice.
 *
 * Nothing here says whether its advice is worth anything: `arrival evaluate` tells that. What must
 * stay true: option bias before and after its correction is of the same passes, so that the two may
 * be compared.
 */
import type { AdviceQuestion } from "../../core/contracts/advice.ts";
import { err, ok, type Result } from "../../core/domain/errors.ts";
import { briefSituation } from "./brief-situation.ts";
import { allShifts, itemOf, itemText, type OptionOrder, reversed } from "./label-items.ts";
import { type BiasTerms, LABEL_SYSTEM_TEXT } from "./label-judge.ts";
import type { LabelScorer, ScoreFault } from "./model-host.ts";
import { calibrated, type OptionBias, optionBias, type Reading } from "./option-bias.ts";

/** How the liking of a place may be taken out, from not at all to both ways. */
export const BIAS_METHODS = {
  none: { orders: "listed", contextual: false },
  permuted: { orders: "reversed-too", contextual: false },
  contextual: { orders: "listed", contextual: true },
  both: { orders: "reversed-too", contextual: true },
} as const satisfies Readonly<Record<string, BiasTerms>>;
export type BiasMethod = keyof typeof BIAS_METHODS;

export type BiasTable = Readonly<Record<BiasMethod, OptionBias>>;

const NOTHING = "N/A";

/** Of the choice of the action, over a few situations, with every option at every letter once. */
export async function measureBias(
  scorer: LabelScorer,
  questions: readonly AdviceQuestion[],
  onStep: (done: number, all: number) => void,
): Promise<Result<BiasTable, ScoreFault>> {
  const shifts = allShifts(questions[0]!.actions.length);
  const asked = uniqueOrders([...shifts, ...shifts.map(reversed)]);
  const all = asked.length * (questions.length + 1);
  let done = 0;
  const readAll = async (question: AdviceQuestion, user: string) => {
    const item = itemOf(question, "action")!;
    const logs = new Map<string, readonly number[]>();
    for (const order of asked) {
      const ask = { system: LABEL_SYSTEM_TEXT, user, item: itemText(item, order) };
      const scored = await scorer.score({ ...ask, letters: order.length });
      if (!scored.ok) return scored;
      logs.set(nameOf(order), scored.value.logs);
      onStep(++done, all);
    }
    return ok(logs);
  };
  const priors = await readAll(questions[0]!, NOTHING);
  if (!priors.ok) return priors;
  const read: Map<string, readonly number[]>[] = [];
  for (const question of questions) {
    const logs = await readAll(question, briefSituation(question));
    if (!logs.ok) return logs;
    read.push(logs.value);
  }
  const biasOf = (method: BiasMethod): OptionBias => {
    const { orders, contextual } = BIAS_METHODS[method];
    const answersOf = (logs: ReadonlyMap<string, readonly number[]>) =>
      shifts.map((order) => {
        const both = orders === "listed" ? [order] : [order, reversed(order)];
        const readings = both.map((each): Reading => {
          const reading = { order: each, logs: logs.get(nameOf(each))! };
          if (!contextual) return reading;
          return Object.assign(reading, { prior: priors.value.get(nameOf(each))! });
        });
        return { order, byOption: calibrated(readings) };
      });
    return optionBias(read.map(answersOf));
  };
  return ok({
    none: biasOf("none"),
    permuted: biasOf("permuted"),
    contextual: biasOf("contextual"),
    both: biasOf("both"),
  });
}

const nameOf = (order: OptionOrder): string => order.join(",");

const uniqueOrders = (orders: readonly OptionOrder[]): readonly OptionOrder[] => [
  ...new Map(orders.map((order) => [nameOf(order), order])).values(),
];

/** Whether the same is answered to the bit when something else was asked in between. */
export async function isRepeatable(
  scorer: LabelScorer,
  [first, second]: readonly [AdviceQuestion, AdviceQuestion],
): Promise<Result<boolean, ScoreFault>> {
  const answers: string[] = [];
  for (const question of [first, second, first]) {
    const item = itemOf(question, "action")!;
    const [order] = allShifts(item.options.length);
    const user = briefSituation(question);
    const ask = { system: LABEL_SYSTEM_TEXT, user, item: itemText(item, order!) };
    const scored = await scorer.score({ ...ask, letters: item.options.length });
    if (!scored.ok) return err(scored.error);
    answers.push(scored.value.logs.join(","));
  }
  return ok(answers[0] === answers[2]);
}

/** Of what was measured, the value that so large a share does not exceed; nearest rank. */
export function rankOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
