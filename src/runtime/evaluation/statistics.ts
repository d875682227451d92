/**
 * Statistics: what the rows of an evaluation say, and how sure that is.
 *
 * Pure. Differences are taken parent by parent and counted by market, and all that are tested are
 * corrected for together. What must stay true: nothing is left out because of how it came out.
 */
import type { Bps, Fraction } from "../../core/domain/units.ts";
import { holm, type PairedDifference, pairedDifference } from "../../core/tca/paired-difference.ts";
import { type Calibration, calibrationOf } from "./calibration-of-confidence.ts";
import { cellName, cellOf, type EvaluationRequest } from "./evaluation-request.ts";
import { CLASSICAL } from "./evaluate.ts";
import type {
  EvaluationRow,
  JudgedRow,
  ParentRow,
  TwinRow,
  TwinStances,
} from "./evaluation-row.ts";
import { type AnswerFacts, answerFacts } from "./answer-facts.ts";
import { type Quality, qualityOf } from "./quality.ts";

export interface ArmFacts {
  readonly arm: string;
  readonly parents: number;
  readonly meanBps: Bps;
  /** Mean of the dearest twentieth. */
  readonly tailBps: Bps;
  readonly filled: Fraction;
}

/** Cost of the one less cost of the other, on the same parents; under zero = it was cheaper. */
export interface ArmDifference extends PairedDifference {
  readonly arm: string;
  readonly against: string;
  /** Of all parents, or of these. */
  readonly of: string;
  /** Mean of the dearest twentieth of the differences. */
  readonly tail: Bps;
  /** After Holm, over all differences of the evaluation. */
  readonly corrected: number | undefined;
}

export interface MirrorFacts {
  readonly pairs: number;
  /** Hurries on news that makes it dearer and holds back on the opposite. */
  readonly mirrored: number;
  /** At least one of the two goes with the news, and neither against it. */
  readonly leaning: number;
  readonly alike: number;
  /** Goes against the news. */
  readonly wrongWay: number;
}

export interface EvaluationFacts {
  readonly arms: readonly ArmFacts[];
  /** The classical arm that was cheapest on these very parents. */
  readonly strongest: string;
  readonly base: string;
  readonly differences: readonly ArmDifference[];
  /** Of the advised arm against TWAP. */
  readonly savingAgainstTwap: Fraction | undefined;
  readonly answers: readonly AnswerFacts[];
  readonly quality: Quality | undefined;
  readonly calibration: Calibration | undefined;
  /** By what was turned round. */
  readonly twins: { readonly headline: MirrorFacts; readonly side: MirrorFacts } | undefined;
  readonly training: number;
}

export function factsOf(
  request: EvaluationRequest,
  rows: readonly EvaluationRow[],
): EvaluationFacts {
  const parents = rows.filter((row) => row.kind === "parent");
  const judged = rows.filter((row): row is JudgedRow => row.kind === "judged");
  const twins = rows.filter((row): row is TwinRow => row.kind === "twin");
  const byArm = Map.groupBy(parents, ({ arm }) => arm);
  const arms = [...byArm].map(([arm, own]) => armFacts(arm, own));
  const base = request.config.strategy.name;
  const classical = arms.filter(({ arm }) => isClassical(arm, base));
  const strongest = classical.toSorted((a, b) => a.meanBps - b.meanBps)[0]?.arm ?? base;
  const twap = arms.find(({ arm }) => arm === "twap")?.meanBps;
  const advised = arms.find(({ arm }) => arm === "advised")?.meanBps;
  const training = rows
    .filter((row) => row.kind === "training")
    .reduce((sum, { samples }) => sum + samples.length, 0);
  return {
    arms,
    strongest,
    base,
    differences: corrected(differencesOf(request, byArm, strongest, base)),
    savingAgainstTwap:
      twap === undefined || advised === undefined || twap <= 0 ? undefined : 1 - advised / twap,
    answers: [...byArm].flatMap(([arm, own]) => answerFacts(arm, own)),
    quality: qualityOf(judged, request.seed),
    calibration: calibrationOf(judged),
    twins:
      twins.length === 0
        ? undefined
        : {
            headline: mirrorOf(twins.map(({ byHeadline }) => byHeadline)),
            side: mirrorOf(twins.map(({ bySide }) => bySide)),
          },
    training,
  };
}

const isClassical = (arm: string, base: string): boolean =>
  arm === base || CLASSICAL.some((name) => name === arm);

function armFacts(arm: string, own: readonly ParentRow[]): ArmFacts {
  const costs = own.map(({ costBps }) => costBps);
  return {
    arm,
    parents: own.length,
    meanBps: mean(costs),
    tailBps: tailOf(costs),
    filled: mean(own.map(({ filled }) => filled)),
  };
}

const DEAREST = 0.05;

/** Mean of the largest twentieth: CVaR at 95 %. */
export function tailOf(costs: readonly number[]): number {
  const sorted = costs.toSorted((a, b) => b - a);
  return mean(sorted.slice(0, Math.max(1, Math.ceil(DEAREST * sorted.length))));
}

type Difference = Omit<ArmDifference, "corrected">;

function differencesOf(
  request: EvaluationRequest,
  byArm: ReadonlyMap<string, readonly ParentRow[]>,
  strongest: string,
  base: string,
): readonly Difference[] {
  const all: Difference[] = [];
  const compare = (
    arm: string,
    against: string,
    of = "all",
    isOf: (row: ParentRow) => boolean = () => true,
  ): void => {
    if (arm === against) return;
    const pairs = pairsOf(byArm.get(arm) ?? [], byArm.get(against) ?? [], isOf);
    if (pairs.length === 0) return;
    const tail = tailOf(pairs.map(({ difference }) => difference));
    all.push({ arm, against, of, tail, ...pairedDifference(pairs, request.seed) });
  };
  for (const arm of byArm.keys()) compare(arm, strongest);
  for (const arm of byArm.keys()) if (!isClassical(arm, base)) compare(arm, base);
  for (const other of ["random", "tabular", "adaptive", "advised raw"]) compare("advised", other);
  for (const side of request.sides) {
    compare("advised", base, side, (row) => row.side === side);
  }
  const cells = new Set(
    Array.from({ length: request.windows }, (_, window) => cellName(cellOf(request, window))),
  );
  for (const cell of cells) {
    const isIn = (row: ParentRow): boolean => cellName(cellOf(request, row.window)) === cell;
    compare("advised", base, cell, isIn);
  }
  // Against the base the strongest may be the same arm: told once.
  return all.filter(
    (one, i) =>
      all.findIndex((o) => o.arm === one.arm && o.against === one.against && o.of === one.of) === i,
  );
}

function pairsOf(
  own: readonly ParentRow[],
  others: readonly ParentRow[],
  isOf: (row: ParentRow) => boolean,
) {
  const known = new Map(others.map((row) => [parentOf(row), row.costBps]));
  return own.filter(isOf).flatMap((row) => {
    const other = known.get(parentOf(row));
    return other === undefined ? [] : [{ cluster: row.window, difference: row.costBps - other }];
  });
}

const parentOf = ({ window, side }: ParentRow): string => `${window} ${side}`;

function corrected(all: readonly Difference[]): readonly ArmDifference[] {
  const tested = all.filter(({ pValue }) => pValue !== undefined);
  const values = holm(tested.map(({ pValue }) => pValue!));
  return all.map((one) => ({ ...one, corrected: values[tested.indexOf(one)] }));
}

function mirrorOf(twins: readonly TwinStances[]): MirrorFacts {
  const leans = twins.flatMap(({ dearer, cheaper }) =>
    dearer === null || cheaper === null ? [] : [{ dearer, lean: dearer - cheaper }],
  );
  const count = (isOne: (one: { dearer: number; lean: number }) => boolean): number =>
    leans.filter(isOne).length;
  return {
    pairs: leans.length,
    mirrored: count(({ lean }) => lean === 2),
    leaning: count(({ lean }) => lean === 1),
    alike: count(({ lean }) => lean === 0),
    wrongWay: count(({ lean }) => lean < 0),
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
