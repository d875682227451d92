/**
 * Calibration of confidence: whether a model that says 0.8 is right eight times out of ten.
 *
 * The prompt says what it is a probability of: that the action is better than to proceed; of
 * "proceed", that nothing else is better. Right is what rollouts found. What must stay true: every
 * decision that was judged counts.
 */
import type { Bps, Fraction } from "../../core/domain/units.ts";
import { binOf, RELIABILITY_BINS } from "../../view/reliability.ts";
import type { JudgedRow } from "./evaluation-row.ts";
import { EPSILON_BPS } from "./quality.ts";

export interface Calibration {
  readonly decisions: number;
  readonly right: Fraction;
  readonly confidence: Fraction;
  /** Mean distance of told from found over ten bins, by how many are in each. */
  readonly expectedError: number;
  /** Mean squared distance; beside it, of who always tells the share that is right. */
  readonly brier: number;
  readonly brierOfShare: number;
  readonly bins: readonly {
    readonly from: Fraction;
    readonly decisions: number;
    readonly confidence: Fraction;
    readonly right: Fraction;
  }[];
  /** Mean regret of the most confident so many. */
  readonly riskCoverage: readonly { readonly coverage: Fraction; readonly regretBps: Bps }[];
}

const COVERAGES = [0.1, 0.25, 0.5, 0.75, 1];

interface Judged {
  readonly confidence: Fraction;
  readonly isRight: boolean;
  readonly regret: Bps;
}

export function calibrationOf(rows: readonly JudgedRow[]): Calibration | undefined {
  const all = rows.flatMap(({ decisions }) => decisions.map(judgedOf));
  if (all.length === 0) return undefined;
  const right = mean(all.map(({ isRight }) => Number(isRight)));
  const bins = binsOf(all);
  const surest = all.toSorted((a, b) => b.confidence - a.confidence);
  return {
    decisions: all.length,
    right,
    confidence: mean(all.map(({ confidence }) => confidence)),
    expectedError: bins.reduce(
      (sum, bin) => sum + (bin.decisions / all.length) * Math.abs(bin.confidence - bin.right),
      0,
    ),
    brier: mean(all.map(({ confidence, isRight }) => (confidence - Number(isRight)) ** 2)),
    brierOfShare: right * (1 - right),
    bins,
    riskCoverage: COVERAGES.map((coverage) => ({
      coverage,
      regretBps: mean(
        surest.slice(0, Math.max(1, Math.round(coverage * surest.length))).map((one) => one.regret),
      ),
    })),
  };
}

function judgedOf({ advice, costs, chosen }: JudgedRow["decisions"][number]): Judged {
  const least = Math.min(chosen, ...costs);
  const isRight = advice.action === "proceed" ? chosen - least <= EPSILON_BPS : chosen < costs[0]!;
  return { confidence: advice.confidence, isRight, regret: chosen - least };
}

function binsOf(all: readonly Judged[]): Calibration["bins"] {
  return Array.from({ length: RELIABILITY_BINS }, (_, bin) => {
    const own = all.filter(({ confidence }) => binOf(confidence) === bin);
    return {
      from: bin / RELIABILITY_BINS,
      decisions: own.length,
      confidence: mean(own.map(({ confidence }) => confidence)),
      right: mean(own.map(({ isRight }) => Number(isRight))),
    };
  }).filter(({ decisions }) => decisions > 0);
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
