/**
 * Comparison: what many paired outcomes say of each arm, and how sure that is.
 *
 * Windows of one start share their luck: they are one cluster, and clusters are what is counted.
 * What must stay true: a difference is taken parent by parent, under the same queue, and all the
 * comparisons that are made are corrected for together.
 */
import type { Side } from "../core/domain/side.ts";
import type { Bps, Fraction } from "../core/domain/units.ts";
import {
  holm,
  type Pair,
  type PairedDifference,
  pairedDifference,
} from "../core/tca/paired-difference.ts";
import type { QueueModelName } from "../simulation/queue.ts";
import type { Arm } from "./arm.ts";

/** One parent as one arm worked it. */
export interface Outcome {
  readonly window: number;
  readonly cluster: number;
  readonly side: Side;
  /** The label of the arm. */
  readonly arm: string;
  readonly strategy: string;
  readonly queue: QueueModelName;
  /** Full shortfall, fees included; positive = paid. */
  readonly costBps: Bps;
  readonly beforeFeesBps: Bps;
  readonly filled: Fraction;
  readonly makerShare: Fraction;
  /** From arrival to the last fill of an order that was done in full; null of any other. */
  readonly completionSeconds: number | null;
  readonly phase: string;
}

export interface ArmSummary {
  readonly arm: string;
  readonly strategy: string;
  readonly queue: QueueModelName;
  readonly parents: number;
  readonly meanBps: Bps;
  readonly beforeFeesBps: Bps;
  readonly standardDeviation: Bps;
  /** Mean share of the parent that was filled; the rest is marked at the horizon. */
  readonly filled: Fraction;
  /** Share of parents that were done in full. */
  readonly completed: Fraction;
  /** Half of the parents were done by then; null where fewer than half were done at all. */
  readonly medianCompletionSeconds: number | null;
  /** Of all that was filled; 0 where nothing was. */
  readonly makerShare: Fraction;
  /** Against the baseline under the same queue; undefined for the baseline itself. */
  readonly difference: (PairedDifference & { readonly corrected: number | undefined }) | undefined;
}

export interface Comparison {
  /** Label of the arm that the others are compared with. */
  readonly baseline: string;
  /** Every arm as it was asked for. */
  readonly entered: readonly Arm[];
  readonly windows: number;
  /** Windows that do not overlap: what intervals are counted by. */
  readonly effectiveWindows: number;
  readonly arms: readonly ArmSummary[];
  readonly outcomes: readonly Outcome[];
}

/** The passive fills of an arm are told under both: pessimistic and optimistic. */
export const QUEUES: readonly QueueModelName[] = ["risk-averse", "probabilistic"];

/** @param entered as asked for; the first is the baseline. */
export function summarise(
  entered: readonly Arm[],
  windows: number,
  outcomes: readonly Outcome[],
  seed: number,
): Comparison {
  const baseline = entered[0]!.label;
  const byArm = Map.groupBy(outcomes, ({ queue, arm }) => `${queue} ${arm}`);
  const arms: ArmSummary[] = [];
  for (const queue of QUEUES) {
    const base = byArm.get(`${queue} ${baseline}`)!;
    for (const arm of entered) {
      const own = byArm.get(`${queue} ${arm.label}`)!;
      const difference =
        arm.label === baseline ? undefined : pairedDifference(pairsOf(own, base), seed);
      arms.push({
        ...summaryOf(own),
        difference: difference === undefined ? undefined : { ...difference, corrected: undefined },
      });
    }
  }
  return {
    baseline,
    entered,
    windows,
    effectiveWindows: new Set(outcomes.map(({ cluster }) => cluster)).size,
    arms: corrected(arms),
    outcomes,
  };
}

function summaryOf(own: readonly Outcome[]): Omit<ArmSummary, "difference"> {
  const { arm, strategy, queue } = own[0]!;
  const mean = (of: (outcome: Outcome) => number): number =>
    own.reduce((sum, outcome) => sum + of(outcome), 0) / own.length;
  const meanBps = mean(({ costBps }) => costBps);
  const squares = own.reduce((sum, { costBps }) => sum + (costBps - meanBps) ** 2, 0);
  const spans = own
    .map(({ completionSeconds }) => completionSeconds ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => a - b);
  const filled = mean((one) => one.filled);
  const median = spans[Math.ceil(spans.length / 2) - 1]!;
  return {
    arm,
    strategy,
    queue,
    parents: own.length,
    meanBps,
    beforeFeesBps: mean(({ beforeFeesBps }) => beforeFeesBps),
    standardDeviation: Math.sqrt(squares / Math.max(1, own.length - 1)),
    filled,
    completed: mean(({ completionSeconds }) => (completionSeconds === null ? 0 : 1)),
    medianCompletionSeconds: Number.isFinite(median) ? median : null,
    makerShare: filled === 0 ? 0 : mean((one) => one.makerShare * one.filled) / filled,
  };
}

/** Holm over every comparison that is made, of both queues. */
function corrected(arms: readonly ArmSummary[]): readonly ArmSummary[] {
  const tested = arms.filter((arm) => arm.difference?.pValue !== undefined);
  const values = holm(tested.map((arm) => arm.difference!.pValue!));
  return arms.map((arm) => {
    const at = tested.indexOf(arm);
    if (at < 0 || arm.difference === undefined) return arm;
    return { ...arm, difference: { ...arm.difference, corrected: values[at] } };
  });
}

function pairsOf(own: readonly Outcome[], baseline: readonly Outcome[]): readonly Pair[] {
  const key = ({ window, side }: Outcome): string => `${window} ${side}`;
  const base = new Map(baseline.map((outcome) => [key(outcome), outcome.costBps]));
  return own.map((outcome) => ({
    cluster: outcome.cluster,
    difference: outcome.costBps - base.get(key(outcome))!,
  }));
}
