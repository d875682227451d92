/**
 * Option bias: what a small model answers because of where an option stands, taken out, and
 * measured.
 *
 * Pure. Contextual calibration (Zhao et al. 2021): the probabilities are divided by those that the
 * same list gets where there is nothing to judge, and normalised. Permuting: the same is asked in
 * more than one order and averaged by option. What must stay true: what comes out are
 * probabilities by option, in the options' own order.
 */
import type { OptionOrder } from "./label-items.ts";

/** Normalised from logarithms that may lack any common term. */
export function probabilitiesOf(logs: readonly number[]): readonly number[] {
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

export interface Reading {
  readonly order: OptionOrder;
  /** By letter. */
  readonly logs: readonly number[];
  /** By letter, of the same list without a situation; absent: not taken out. */
  readonly prior?: readonly number[];
}

/** By option. */
export function calibrated(readings: readonly Reading[]): readonly number[] {
  const count = readings[0]?.order.length ?? 0;
  const sums = Array.from({ length: count }, () => 0);
  for (const { order, logs, prior } of readings) {
    const corrected = prior === undefined ? logs : logs.map((log, i) => log - prior[i]!);
    const byLetter = probabilitiesOf(corrected);
    order.forEach((option, letter) => (sums[option]! += byLetter[letter]! / readings.length));
  }
  return sums;
}

/** The first of the most probable. */
export const topOf = (probabilities: readonly number[]): number =>
  probabilities.indexOf(Math.max(...probabilities));

/** The option at which the cumulative probability reaches `share`. */
export function quantileOf(probabilities: readonly number[], share: number): number {
  let sum = 0;
  for (const [option, probability] of probabilities.entries()) {
    sum += probability;
    if (sum >= share - 1e-12) return option;
  }
  return probabilities.length - 1;
}

export interface OptionBias {
  /**
   * Total variation between the mean probability of the letters and a uniform one, when every
   * option stood at every letter: 0 = position means nothing, 1 − 1/options = it means everything.
   */
  readonly position: number;
  /** Share of the orders whose first choice is another than that of the listed order. */
  readonly flips: number;
}

/** One situation: by shift of the list, the probabilities by option. */
export type ShiftedAnswers = readonly {
  readonly order: OptionOrder;
  readonly byOption: readonly number[];
}[];

export function optionBias(situations: readonly ShiftedAnswers[]): OptionBias {
  const count = situations[0]?.[0]?.order.length ?? 1;
  const mean = Array.from({ length: count }, () => 0);
  let flips = 0;
  let others = 0;
  for (const answers of situations) {
    const listed = topOf(answers[0]!.byOption);
    for (const [shift, { order, byOption }] of answers.entries()) {
      const weight = 1 / (answers.length * situations.length);
      order.forEach((option, letter) => (mean[letter]! += byOption[option]! * weight));
      if (shift === 0) continue;
      others += 1;
      if (topOf(byOption) !== listed) flips += 1;
    }
  }
  const position = mean.reduce((sum, each) => sum + Math.abs(each - 1 / count), 0) / 2;
  return { position, flips: others === 0 ? 0 : flips / others };
}
