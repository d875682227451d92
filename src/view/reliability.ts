/**
 * Reliability: what an advisor's confidence was worth when it told the like before.
 *
 * Calibration by histogram binning (Zadrozny and Elkan 2001): of all decisions of one tenth of
 * confidence, the share that rollouts found right. It is told beside the confidence and moves no
 * weight: what is followed hangs on what following has saved.
 */
import type { Fraction } from "../core/domain/units.ts";
import type { Reliability } from "./shapes.ts";

export const RELIABILITY_BINS = 10;

/** The tenth that a confidence lies in, from 0; 1 lies in the last. */
export const binOf = (confidence: Fraction): number =>
  Math.min(RELIABILITY_BINS - 1, Math.floor(confidence * RELIABILITY_BINS));

export type ReliabilityBin = Reliability["bins"][number];

/** Of decisions that were told with as much confidence; undefined: nothing like it was judged. */
export const likewise = ({ bins }: Reliability, confidence: Fraction): ReliabilityBin | undefined =>
  bins.find(({ from }) => binOf(from) === binOf(confidence));

const percent = (share: Fraction): number => Math.round(100 * share);

/** "right 23 % of 83 times that it said 20 to 30 %" */
export function likewiseText({ from, decisions, right }: ReliabilityBin): string {
  const said = `${percent(from)} to ${percent(from + 1 / RELIABILITY_BINS)} %`;
  return `right ${percent(right)} % of ${decisions} times that it said ${said}`;
}
