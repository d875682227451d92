/**
 * Label items: a question of the common set as a model that scores labels is asked it.
 *
 * Pure. The options stand in a list with letters, and the letter is scored. What must stay true:
 * the words of an item are those that every model is asked with; what a label means is told where
 * the label does not say it, and only the order changes.
 */
import type { AdviceQuestion } from "../../core/contracts/advice.ts";
import { type ItemKey, type QuestionItem, questionSet } from "../question-set.ts";
import { quoted } from "../untrusted-text.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MOST_NAME = 40;

/** Positions in which the options stand: `order[p]` is the option at letter p. */
export type OptionOrder = readonly number[];

export const listedOrder = (count: number): OptionOrder =>
  Array.from({ length: count }, (_, i) => i);
export const reversed = (order: OptionOrder): OptionOrder => order.toReversed();
export const shifted = (order: OptionOrder, by: number): OptionOrder =>
  order.map((_, i) => order[(i + by) % order.length]!);
/** Every option at every letter once. */
export const allShifts = (count: number): readonly OptionOrder[] =>
  listedOrder(count).map((by) => shifted(listedOrder(count), by));

export function itemOf(
  question: Pick<AdviceQuestion, "actions" | "strategies">,
  key: ItemKey,
): QuestionItem | undefined {
  return questionSet(question).find((item) => item.key === key);
}

/**
 * What follows the situation.
 *
 * @param before what was answered to the items that this one rests on.
 */
export function itemText(
  { key, ask, options }: QuestionItem,
  order: OptionOrder,
  before = "",
): string {
  const lines = order.map((option, letter) => {
    const { label, meaning } = options[option]!;
    const word = key === "strategy" ? quoted(label, MOST_NAME) : label;
    return `${LETTERS[letter]}. ${key === "action" ? `${word}: ${meaning}` : word}`;
  });
  return `\n\n${before}${ask}\n${lines.join("\n")}\nAnswer with one letter.`;
}
