/**
 * Sweep summary: what the rows of a sweep say of each arm, and what the best of many is worth.
 *
 * The best of many arms looks better than it is, because luck chose it too. So it is also chosen on
 * one half of the windows and measured on the other. What must stay true: a parent that any arm
 * could not work counts for none.
 */
import {
  CLUSTERS_MIN,
  type PairedDifference,
  pairedDifference,
} from "../core/tca/paired-difference.ts";
import type { Bps, Fraction } from "../core/domain/units.ts";
import { type ArmSummary, type Comparison, type Outcome, QUEUES, summarise } from "./comparison.ts";
import type { SweepRequest } from "./sweep-request.ts";
import { outcomeOf, type SweepRow } from "./sweep-unit.ts";

export interface SweepSummary {
  readonly comparison: Omit<Comparison, "outcomes">;
  /** Under the pessimistic queue. */
  readonly best: BestArm;
  /** Parents left out, because not every arm worked them. */
  readonly incomplete: number;
}

export interface BestArm {
  readonly arm: string;
  readonly meanBps: Bps;
  /** Arms that it was chosen from: those that filled about as much as the one that filled most. */
  readonly among: number;
  /** How many arms were tried in all. */
  readonly tried: number;
  /** Undefined where either half would have too few windows for an interval. */
  readonly heldOut: HeldOut | undefined;
}

/** The arm that is best on every other window, measured on the windows between. */
export interface HeldOut {
  readonly arm: string;
  readonly chosenBps: Bps;
  readonly measuredBps: Bps;
  /** Against the baseline; undefined where that was chosen. */
  readonly difference: PairedDifference | undefined;
}

/** Arms that fill less than the fullest by more than this are not called best. */
export const FILLED_TOLERANCE: Fraction = 0.01;

/** @returns undefined when not one parent was worked by every arm. */
export function summariseSweep(
  request: SweepRequest,
  rows: readonly SweepRow[],
): SweepSummary | undefined {
  const all = rows.map((row) => outcomeOf(request, row));
  const byParent = Map.groupBy(all, parentKey);
  const outcomes = all.filter(
    (outcome) => byParent.get(parentKey(outcome))!.length === request.arms.length,
  );
  if (new Set(outcomes.map(({ queue }) => queue)).size < QUEUES.length) return undefined;
  const { arms, seed, markets, parents } = request;
  const { outcomes: _, ...comparison } = summarise(arms, markets.length * parents, outcomes, seed);
  const possible = markets.length * parents * request.sides.length * QUEUES.length;
  return {
    comparison,
    best: bestOf(request, comparison.arms, outcomes),
    incomplete: possible - outcomes.length / arms.length,
  };
}

/** One parent under one queue: what arms are compared on. */
const parentKey = ({ queue, window, side }: Outcome): string => `${queue} ${window} ${side}`;

interface Candidate {
  readonly arm: string;
  readonly meanBps: Bps;
  readonly filled: Fraction;
}

function eligible<Each extends Candidate>(arms: readonly Each[]): readonly Each[] {
  const most = Math.max(...arms.map(({ filled }) => filled));
  return arms.filter(({ filled }) => filled >= most - FILLED_TOLERANCE);
}

/** The first of the cheapest. `arms` is not empty. */
const cheapest = <Each extends Candidate>(arms: readonly Each[]): Each =>
  arms.reduce((best, arm) => (arm.meanBps < best.meanBps ? arm : best));

function bestOf(
  request: SweepRequest,
  arms: readonly ArmSummary[],
  outcomes: readonly Outcome[],
): BestArm {
  const among = eligible(arms.filter(({ queue }) => queue === QUEUES[0]));
  const { arm, meanBps } = cheapest(among);
  return {
    arm,
    meanBps,
    among: among.length,
    tried: request.arms.length,
    heldOut: heldOut(request, outcomes),
  };
}

function heldOut(request: SweepRequest, outcomes: readonly Outcome[]): HeldOut | undefined {
  const own = outcomes.filter(({ queue }) => queue === QUEUES[0]);
  const clusters = [...new Set(own.map(({ cluster }) => cluster))];
  if (request.arms.length < 2 || clusters.length < 2 * CLUSTERS_MIN) return undefined;
  const even = new Set(clusters.filter((_, i) => i % 2 === 0));
  const chosenOn = Map.groupBy(
    own.filter(({ cluster }) => even.has(cluster)),
    ({ arm }) => arm,
  );
  const measuredOn = Map.groupBy(
    own.filter(({ cluster }) => !even.has(cluster)),
    ({ arm }) => arm,
  );
  const chosen = cheapest(eligible([...chosenOn.values()].map(candidateOf)));
  const measured = measuredOn.get(chosen.arm)!;
  const base = measuredOn.get(request.arms[0]!.label)!;
  return {
    arm: chosen.arm,
    chosenBps: chosen.meanBps,
    measuredBps: candidateOf(measured).meanBps,
    difference:
      measured === base ? undefined : pairedDifference(pairsOf(measured, base), request.seed),
  };
}

function candidateOf(outcomes: readonly Outcome[]): Candidate {
  const mean = (of: (outcome: Outcome) => number): number =>
    outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length;
  return {
    arm: outcomes[0]!.arm,
    meanBps: mean(({ costBps }) => costBps),
    filled: mean(({ filled }) => filled),
  };
}

function pairsOf(own: readonly Outcome[], base: readonly Outcome[]) {
  const costs = new Map(base.map((outcome) => [parentKey(outcome), outcome.costBps]));
  return own.map((outcome) => ({
    cluster: outcome.cluster,
    difference: outcome.costBps - costs.get(parentKey(outcome))!,
  }));
}

/** One line of a heat table: the arms that differ in the last key of the grid alone. */
export interface HeatLine {
  readonly label: string;
  /** In the order of the last key's values; undefined where there is no such arm. */
  readonly cells: readonly (Bps | undefined)[];
}

export interface HeatMap {
  /** The last key of the grid. */
  readonly key: string;
  readonly values: readonly string[];
  readonly lines: readonly HeatLine[];
}

/** Mean costs under the pessimistic queue, over the grid; undefined without one. */
export function heatMap(request: SweepRequest, summary: SweepSummary): HeatMap | undefined {
  const key = request.axes.at(-1);
  if (key === undefined) return undefined;
  const means = new Map(
    summary.comparison.arms
      .filter(({ queue }) => queue === QUEUES[0])
      .map(({ arm, meanBps }) => [arm, meanBps]),
  );
  const values = [...new Set(request.arms.map((arm) => arm.values.at(-1)!))];
  const lines = Map.groupBy(request.arms, ({ base, values: own }) =>
    [base, ...request.axes.slice(0, -1).map((axis, i) => `${axis}=${own[i]!}`)].join(" "),
  );
  return {
    key,
    values,
    lines: [...lines].map(([label, arms]) => ({
      label,
      cells: values.map((value) => {
        const arm = arms.find((it) => it.values.at(-1) === value);
        return arm === undefined ? undefined : means.get(arm.label);
      }),
    })),
  };
}
