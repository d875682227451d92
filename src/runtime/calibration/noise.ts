/**
 * Noise: how far the cost of one order strays from what any model predicts, and why.
 *
 * Nearly all of it is what the price did by itself while the order worked, σ√(T/3) for an even one,
 * which is why the impact of a single parent cannot be seen. So an observation weighs by one over
 * floor² + (share · price risk)², both estimated from what the fit leaves over. What must stay
 * true: a wrong variance costs precision only, because intervals come from the clusters.
 */
import { Matrix, QrDecomposition } from "ml-matrix";
import type { Bps } from "../../core/domain/units.ts";
import { priceRiskBps } from "../../impact/impact-model.ts";
import { type ImpactObservation, slicesOf } from "../../impact/impact-observation.ts";

export interface Noise {
  /** What strays however short the order is. */
  readonly floorBps: Bps;
  /** Of the price risk that the measured volatility says; 1 where that is right. */
  readonly riskShare: number;
}

/** Before anything is known: the volatility is right, and the floor a tenth of the usual risk. */
export function firstNoise(risks: Float64Array): Noise {
  const middle = risks.toSorted()[Math.floor(risks.length / 2)] ?? 1;
  return { floorBps: Math.max(middle / 10, 1e-6), riskShare: 1 };
}

export const risksOf = (observations: readonly ImpactObservation[]): Float64Array =>
  Float64Array.from(observations, (one) =>
    priceRiskBps(slicesOf(one), one.dailyVolatility, "through"),
  );

export const sigmasOf = ({ floorBps, riskShare }: Noise, risks: Float64Array): Float64Array =>
  risks.map((risk) => Math.hypot(floorBps, riskShare * risk));

/** Squared residuals on 1 and risk², weighed by the variance so far; neither falls below zero. */
export function estimateNoise(residuals: Float64Array, risks: Float64Array, before: Noise): Noise {
  const sigmas = sigmasOf(before, risks);
  const rows: number[][] = [];
  const answers: number[] = [];
  residuals.forEach((residual, i) => {
    const variance = sigmas[i]! ** 2;
    rows.push([1 / variance, risks[i]! ** 2 / variance]);
    answers.push(residual ** 2 / variance);
  });
  const alone = (column: 0 | 1): number => {
    const along = rows.reduce((sum, row, i) => sum + row[column]! * answers[i]!, 0);
    return along / rows.reduce((sum, row) => sum + row[column]! ** 2, 0);
  };
  const qr = new QrDecomposition(new Matrix(rows));
  const [floor, share] = qr.isFullRank()
    ? qr.solve(Matrix.columnVector(answers)).to1DArray()
    : [0, alone(1)];
  const [a, b] =
    floor! <= 0 ? [0, alone(1)] : share! <= 0 ? [alone(0), 0] : ([floor!, share!] as const);
  const tiny = 1e-3 * Math.sqrt(residuals.reduce((sum, one) => sum + one ** 2, 0) / rows.length);
  return { floorBps: Math.max(Math.sqrt(a), tiny, 1e-9), riskShare: Math.sqrt(b) };
}
