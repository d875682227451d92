/**
 * Deciders: advisors that are no language model, for a model to be measured against.
 *
 * A rule of thumb, a linear model of the figures that learned from rollouts, and the real answers
 * of a model dealt out at random. What must stay true: each sees what a model is shown and nothing
 * else.
 */
import type { Advice, AdviceQuestion } from "../../core/contracts/advice.ts";
import { streamOf, uniformAt } from "../../core/domain/random.ts";
import type { Bps } from "../../core/domain/units.ts";
import { Matrix, solve } from "ml-matrix";
import type { Answered } from "./parent-run.ts";
import { answered, CANDIDATES, PROCEED } from "./rollout.ts";

export type Decider = (question: AdviceQuestion, number: number) => Answered;

const FAST = CANDIDATES.find(({ action }) => action === "accelerate")!;
const SLOW = CANDIDATES.find(({ action }) => action === "decelerate")!;

const LEANING = 0.35;

/** Faster where the book and the last trades both say that it gets dearer, and the reverse. */
export const ruleOfThumb: Decider = ({ situation }) => {
  const { imbalance, trades } = situation.market;
  const flow = flowOf(trades);
  if (imbalance > LEANING && flow > LEANING) return answered(FAST);
  if (imbalance < -LEANING && flow < -LEANING) return answered(SLOW);
  return answered(PROCEED);
};

/** Of the last trades: −1 all sold, 1 all bought; told as a purchase. */
function flowOf(trades: AdviceQuestion["situation"]["market"]["trades"]): number {
  const all = trades.reduce((sum, { share }) => sum + share, 0);
  if (all === 0) return 0;
  const signed = trades.reduce((sum, { share, isWithUs }) => sum + (isWithUs ? share : -share), 0);
  return signed / all;
}

/** The figures of a situation that a linear model can use; headlines are only counted. */
export function featuresOf({ situation }: AdviceQuestion): readonly number[] {
  const { order, cost, market, news } = situation;
  const depth = (levels: typeof market.far): number =>
    Math.log1p(levels.reduce((sum, { share }) => sum + share, 0));
  const newest = Math.min(1e6, ...news.map(({ secondsAgo }) => secondsAgo));
  const elapsed = 1 - order.secondsLeft / Math.max(1, order.spanSeconds);
  const flow = flowOf(market.trades);
  const fresh = Math.exp(-newest / 60);
  return [
    elapsed,
    order.executed,
    order.planned - order.executed,
    order.atVenue,
    cost.midBps,
    cost.shortfallBps,
    market.imbalance,
    market.spreadBps,
    market.volatilityBpsHour ?? 0,
    market.volumeRatio ?? 1,
    flow,
    depth(market.far) - depth(market.near),
    news.length,
    fresh,
    fresh * cost.midBps,
    market.regime === "stressed" ? 1 : 0,
    market.regime === "calm" ? 1 : 0,
  ];
}

export interface Sample {
  readonly features: readonly number[];
  /** Of each candidate. */
  readonly costs: readonly Bps[];
}

/** Shrinks towards "proceed": the luck of one market is many times what an action does. */
const RIDGE = 30;

/** By candidate: what it costs more than to proceed, linear in the figures. */
export class TabularModel {
  readonly #means: readonly number[];
  readonly #scales: readonly number[];
  /** One a candidate: weights, the intercept last, and the spread of what is left. */
  readonly #fits: readonly { readonly weights: readonly number[]; readonly spread: number }[];

  private constructor(
    means: readonly number[],
    scales: readonly number[],
    fits: readonly { readonly weights: readonly number[]; readonly spread: number }[],
  ) {
    this.#means = means;
    this.#scales = scales;
    this.#fits = fits;
  }

  /** Undefined of too few samples. */
  static learn(samples: readonly Sample[]): TabularModel | undefined {
    const width = samples[0]?.features.length ?? 0;
    if (samples.length <= width) return undefined;
    const columns = Array.from({ length: width }, (_, k) => samples.map((one) => one.features[k]!));
    const means = columns.map(meanOf);
    const scales = columns.map((column, k) => {
      const spread = Math.sqrt(meanOf(column.map((value) => (value - means[k]!) ** 2)));
      return spread > 1e-9 ? spread : Number.POSITIVE_INFINITY;
    });
    const rows = samples.map(({ features }) => scaled(features, means, scales));
    const fits = CANDIDATES.map((_, k) => {
      const more = samples.map(({ costs }) => costs[k]! - costs[0]!);
      const weights = ridge(rows, more);
      const left = rows.map((row, i) => more[i]! - dot(row, weights));
      return { weights, spread: Math.sqrt(meanOf(left.map((value) => value * value))) };
    });
    return new TabularModel(means, scales, fits);
  }

  readonly decide: Decider = (question) => {
    const row = scaled(featuresOf(question), this.#means, this.#scales);
    const told = this.#fits.map(({ weights }) => dot(row, weights));
    let best = 0;
    for (let k = 1; k < told.length; k++) if (told[k]! < told[best]!) best = k;
    const { spread } = this.#fits[best]!;
    const confidence = best === 0 || spread === 0 ? 0.5 : logistic((-1.7 * told[best]!) / spread);
    return answered({ ...CANDIDATES[best]!, confidence });
  };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const scaled = (
  features: readonly number[],
  means: readonly number[],
  scales: readonly number[],
): readonly number[] => [...features.map((value, k) => (value - means[k]!) / scales[k]!), 1];
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, k) => sum + value * b[k]!, 0);

/** Least squares with a penalty on all weights but the intercept. */
function ridge(rows: readonly (readonly number[])[], values: readonly number[]): number[] {
  const x = new Matrix(rows.map((row) => [...row]));
  const normal = x.transpose().mmul(x);
  for (let k = 0; k < normal.rows; k++) {
    normal.set(k, k, normal.get(k, k) + (k === normal.rows - 1 ? 1e-6 : RIDGE));
  }
  return solve(normal, x.transpose().mmul(Matrix.columnVector([...values]))).to1DArray();
}

/** The answers of a real run, each given to another question than it was of. */
export function dealtOut(
  pool: readonly Advice[],
  latencies: readonly number[],
  parent: number,
  seed: number,
): Decider {
  const stream = streamOf("evaluation/random-advice");
  return (_, number) => {
    if (pool.length === 0) return answered(PROCEED);
    const at = Math.floor(uniformAt(seed, stream, parent * 4096 + number) * pool.length);
    return answered(pool[at]!, latencies[at]! as Answered["latency"]);
  };
}
