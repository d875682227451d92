/**
 * Fit: the parameters of a model under which a set of orders is most likely to have cost what it
 * did, with an interval for each.
 *
 * Weighted least squares, twice over: with the shapes fixed the scales are a linear regression, so
 * a grid over the shapes finds the right valley, and Levenberg and Marquardt's method goes to its
 * floor. What must stay true: the same observations give the same fit, and a parameter that ends at
 * the edge of its range says so.
 */
import { levenbergMarquardt } from "ml-levenberg-marquardt";
import { Matrix, QrDecomposition } from "ml-matrix";
import { invariant } from "../../core/domain/errors.ts";
import type { Bps } from "../../core/domain/units.ts";
import type { ImpactModel, ParameterValues } from "../../impact/impact-model.ts";
import type { CalibrationObservation } from "./calibration-observation.ts";
import {
  type Basis,
  basisAt,
  type HeldParameter,
  type Shape,
  type Structure,
  structureOf,
  valueAt,
} from "./design.ts";
import { estimateNoise, firstNoise, type Noise, risksOf, sigmasOf } from "./noise.ts";
import { sandwich, student90 } from "./sandwich.ts";

export interface FittedParameter {
  readonly name: string;
  readonly value: number;
  readonly standardError: number;
  /** 90 %. Of a scale that goes with an exponent in logarithms: its error is one of factors. */
  readonly low: number;
  readonly high: number;
  /**
   * What it stands for in these costs over the error of that. A scale may be unsure by a factor,
   * because it goes with an exponent, and yet its part of the cost be beyond doubt.
   */
  readonly ratio: number;
  /** Whether it ended where it may go no further. */
  readonly isAtEdge: boolean;
}

export interface Fit {
  readonly model: ImpactModel;
  readonly fitted: readonly FittedParameter[];
  readonly held: readonly HeldParameter[];
  readonly noise: Noise;
  readonly clusters: number;
  readonly effectiveClusters: number;
  /** Pairs of parameters of which one stands in for the other. */
  readonly alike: readonly (readonly [string, string])[];
  /** In bps, for any observations. */
  predict(observations: readonly CalibrationObservation[]): Float64Array;
  /** One sigma of each prediction: what the parameters are not sure of. */
  predictionErrors(observations: readonly CalibrationObservation[]): Float64Array;
}

export interface FitFault {
  readonly code: "CALIBRATE_FIT";
  readonly text: string;
}

/** The variance is estimated, and the fit made anew with it, so many times. */
const ROUNDS = 2;
/** Places along each shape that are tried first. */
const GRID = { itself: 8, logarithm: 9 } as const;
/** As many observations as show which valley is the right one. */
const GRID_OBSERVATIONS = 300;
/** The library does not stop by itself: rounds of so many steps, until one promises nothing. */
const STEPS = 3;
const ROUNDS_MOST = 12;
/** Of a sum of squares in sigmas², where 1 is a parameter one error off. */
const PROMISE = 1e-4;
/** Of its first step; more where its steps went too far. */
const DAMPING = 1e-3;
const REMEMBERED = 12;
/** Half the width of a difference that stands for a slope. */
const SLOPE = 1e-4;
const EDGE = 1e-6;
/** Correlation of two estimates beyond which they are one. */
const ALIKE = 0.99;
const SURER = 2;

export function fitImpact(
  model: ImpactModel,
  observations: readonly CalibrationObservation[],
  hold: ParameterValues = {},
): Fit | FitFault {
  const costs = Float64Array.from(observations, (one) => one.realisedBps);
  const risks = risksOf(observations);
  let noise = firstNoise(risks);
  const structure = structureOf(model, observations, sigmasOf(noise, risks), hold);
  const width = structure.scales.length + structure.shapes.length;
  if (width === 0) return fault(`${model.name} has no parameter that these orders could tell`);
  if (observations.length < 2 * width + 1) {
    return fault(`${observations.length} orders are too few for ${width} parameters`);
  }
  let sigmas = sigmasOf(noise, risks);
  const task: Task = { model, structure, observations, costs };
  let point = startOf(task, sigmas);
  if (point === undefined) return fault(`${model.name} fits none of these orders`);
  for (let round = 0; round <= ROUNDS; round++) {
    point = descend(task, sigmas, point);
    if (round === ROUNDS) break;
    noise = estimateNoise(less(costs, predictAt(task, observations, point)), risks, noise);
    sigmas = sigmasOf(noise, risks);
  }
  return conclude({ ...task, noise, sigmas }, point);
}

const fault = (text: string): FitFault => ({ code: "CALIBRATE_FIT", text });

/** Scales, and then the coordinates of the shapes. */
type Point = readonly number[];

function predictAt(
  { model, structure }: Pick<Task, "model" | "structure">,
  observations: readonly CalibrationObservation[],
  point: Point,
): Float64Array {
  const count = structure.scales.length;
  const basis = basisAt(model, structure, point.slice(count), observations);
  if (basis === undefined) return new Float64Array(observations.length).fill(Number.NaN);
  return mix(basis, point);
}

function mix({ columns, rest }: Basis, scales: Point): Float64Array {
  const predicted = rest.slice();
  columns.forEach((column, k) => {
    const scale = scales[k]!;
    for (let i = 0; i < predicted.length; i++) predicted[i]! += scale * column[i]!;
  });
  return predicted;
}

const less = (a: Float64Array, b: Float64Array): Float64Array => a.map((one, i) => one - b[i]!);

/** The best place of a grid over the shapes, with the scales that belong to it. */
function startOf(task: Task, sigmas: Float64Array): Point | undefined {
  const { model, structure, observations, costs } = task;
  const stride = Math.max(1, Math.floor(observations.length / GRID_OBSERVATIONS));
  const isTried = (_: unknown, i: number): boolean => i % stride === 0;
  const some = observations.filter(isTried);
  const [someCosts, someSigmas] = [costs.filter(isTried), sigmas.filter(isTried)];
  let best: { readonly point: Point; readonly error: number } | undefined;
  for (const coordinates of gridOf(structure.shapes)) {
    const basis = basisAt(model, structure, coordinates, some);
    if (basis === undefined) continue;
    const scales = regress(basis, someCosts, someSigmas);
    if (scales === undefined) continue;
    const predicted = mix(basis, scales);
    let error = 0;
    predicted.forEach((one, i) => (error += ((someCosts[i]! - one) / someSigmas[i]!) ** 2));
    // A valley below zero is noise: it is taken only where there is no other.
    if (scales.some((scale) => scale < 0)) error += 1e3 * some.length;
    if (best === undefined || error < best.error) {
      best = { point: [...scales, ...coordinates], error };
    }
  }
  return best?.point;
}

function gridOf(shapes: readonly Shape[]): readonly (readonly number[])[] {
  let grid: readonly (readonly number[])[] = [[]];
  for (const { coordinate, low, high } of shapes) {
    const count = GRID[coordinate];
    const places = Array.from(
      { length: count },
      (_, k) => low + ((k + 0.5) / count) * (high - low),
    );
    grid = grid.flatMap((before) => places.map((place) => before.concat(place)));
  }
  return grid;
}

/** Weighted least squares; undefined where columns cannot be told apart. */
function regress(
  { columns, rest }: Basis,
  costs: Float64Array,
  sigmas: Float64Array,
): readonly number[] | undefined {
  if (columns.length === 0) return [];
  const rows = Array.from(costs, (_, i) => columns.map((column) => column[i]! / sigmas[i]!));
  const answers = Array.from(costs, (cost, i) => (cost - rest[i]!) / sigmas[i]!);
  const qr = new QrDecomposition(new Matrix(rows));
  if (!qr.isFullRank()) return undefined;
  const scales = qr.solve(Matrix.columnVector(answers)).to1DArray();
  return scales.every(Number.isFinite) ? scales : undefined;
}

/** What a fit is made of. */
interface Task {
  readonly model: ImpactModel;
  readonly structure: Structure;
  readonly observations: readonly CalibrationObservation[];
  readonly costs: Float64Array;
}

function descend(task: Task, sigmas: Float64Array, from: Point): Point {
  const { scales, shapes } = task.structure;
  const bases = rememberedBases(task);
  const again = (point: Point): Point => {
    const coordinates = point.slice(scales.length);
    const basis = bases(coordinates);
    const best = basis === undefined ? undefined : regress(basis, task.costs, sigmas);
    return best === undefined ? point : [...best, ...coordinates];
  };
  let point = again(from);
  if (shapes.length === 0) return point;
  const index = Array.from(task.costs, (_, i) => i);
  const data = { x: index, y: Array.from(task.costs, (cost, i) => cost / sigmas[i]!) };
  /** With the scales that are best there: they are no coordinates of the search. */
  const projected = (coordinates: readonly number[]): Float64Array | undefined => {
    const basis = bases(coordinates);
    const best = basis === undefined ? undefined : regress(basis, task.costs, sigmas);
    return basis === undefined || best === undefined ? undefined : mix(basis, best);
  };
  const evaluate = (coordinates: readonly number[]): ((i: number) => number) => {
    const predicted = projected(coordinates);
    return (i) => (predicted === undefined ? Number.NaN : predicted[i]! / sigmas[i]!);
  };
  const slopes = (coordinates: readonly number[]): ((i: number) => number[]) => {
    const columns = shapes.map(({ low, high }, k) => {
      const place = coordinates[k]!;
      const ends = [Math.min(high, place + SLOPE), Math.max(low, place - SLOPE)] as const;
      const [up, down] = ends.map((end) => projected(coordinates.with(k, end)));
      return (i: number) =>
        up === undefined || down === undefined ? 0 : (up[i]! - down[i]!) / (ends[0] - ends[1]);
    });
    return (i) => columns.map((column) => column(i) / sigmas[i]!);
  };
  /** What one more step would take off the sum of squares, were the model linear from here on. */
  const promise = (place: Point): number => {
    const basis = bases(place.slice(scales.length));
    if (basis === undefined) return Number.POSITIVE_INFINITY;
    const free = jacobian(task.structure, bases, place).filter((_, k) => isInside(task, place, k));
    // Everything is at its edge: nothing is left to be moved.
    if (free.length === 0) return 0;
    const rows = Array.from(task.costs, (_, i) => free.map((column) => column[i]! / sigmas[i]!));
    const left = less(task.costs, mix(basis, place)).map((one, i) => one / sigmas[i]!);
    const qr = new QrDecomposition(new Matrix(rows));
    if (!qr.isFullRank()) return 0;
    const step = qr.solve(Matrix.columnVector(left)).to1DArray();
    return rows.reduce((sum, row, i) => {
      const taken = row.reduce((total, one, k) => total + one * step[k]!, 0);
      return sum + left[i]! * taken;
    }, 0);
  };
  let damping = DAMPING;
  for (let round = 0; round < ROUNDS_MOST && promise(point) > PROMISE; round++) {
    const before = point.slice(scales.length);
    const { parameterValues } = levenbergMarquardt(data, evaluate, {
      initialValues: before,
      minValues: shapes.map(({ low }) => low),
      maxValues: shapes.map(({ high }) => high),
      jacobianFunction: slopes,
      maxIterations: STEPS,
      errorTolerance: 1e-9,
      damping,
    });
    const isStuck = parameterValues.every((one, k) => one === before[k]);
    damping = isStuck ? damping * 100 : DAMPING;
    point = again([...point.slice(0, scales.length), ...parameterValues]);
  }
  return point;
}

/** Whether a coordinate may still move both ways. */
function isInside({ structure }: Task, point: Point, k: number): boolean {
  const shape = structure.shapes[k - structure.scales.length];
  if (shape === undefined) return true;
  return point[k]! > shape.low && point[k]! < shape.high;
}

type Bases = (coordinates: readonly number[]) => Basis | undefined;

/** The library asks for the same place several times over. */
function rememberedBases({ model, structure, observations }: Task): Bases {
  const known = new Map<string, Basis | undefined>();
  return (coordinates) => {
    const key = coordinates.join();
    if (known.has(key)) return known.get(key);
    if (known.size >= REMEMBERED) known.delete(known.keys().next().value!);
    const basis = basisAt(model, structure, coordinates, observations);
    known.set(key, basis);
    return basis;
  };
}

/** ∂prediction/∂parameter in the coordinates of the fit. */
function jacobian({ scales, shapes }: Structure, bases: Bases, point: Point): Float64Array[] {
  const count = scales.length;
  const coordinates = point.slice(count);
  const basis = bases(coordinates);
  if (basis === undefined) invariant(false, "a fit came to where the model is not defined");
  const columns = [...basis.columns];
  shapes.forEach(({ low, high }, k) => {
    const place = coordinates[k]!;
    const ends = [Math.min(high, place + SLOPE), Math.max(low, place - SLOPE)] as const;
    const [up, down] = ends.map((end) => bases(coordinates.with(k, end)));
    if (up === undefined || down === undefined) {
      columns.push(new Float64Array(basis.rest.length));
      return;
    }
    const below = mix(down, point);
    columns.push(mix(up, point).map((one, i) => (one - below[i]!) / (ends[0] - ends[1])));
  });
  return columns;
}

interface Ended extends Task {
  readonly noise: Noise;
  readonly sigmas: Float64Array;
}

function conclude(ended: Ended, point: Point): Fit | FitFault {
  const { model, structure, observations, costs, noise, sigmas } = ended;
  const columns = jacobian(structure, rememberedBases(ended), point);
  const residuals = less(costs, predictAt(ended, observations, point));
  const robust = sandwich(
    columns.map((column) => column.map((one, i) => one / sigmas[i]!)),
    residuals.map((one, i) => one / sigmas[i]!),
    observations.map((one) => one.cluster),
  );
  if (robust === undefined || !point.every(Number.isFinite)) {
    return fault(`the parameters of ${model.name} cannot be told apart by these orders`);
  }
  const { covariance, clusters, effectiveClusters } = robust;
  const t = student90(effectiveClusters - 1);
  const parts = partRatios(ended, point, covariance);
  const fitted = point.map((place, k): FittedParameter => {
    const error = Math.sqrt(Math.max(0, covariance.get(k, k)));
    return parameterOf(structure, k, place, error, t, parts[k]);
  });
  const predictionErrors = (others: readonly CalibrationObservation[]): Float64Array => {
    const rows = jacobian(structure, rememberedBases({ ...ended, observations: others }), point);
    return Float64Array.from(others, (_, i) => {
      const row = Matrix.rowVector(rows.map((column) => column[i]!));
      const variance: Bps = row.mmul(covariance).mmul(row.transpose()).get(0, 0);
      return Math.sqrt(Math.max(0, variance));
    });
  };
  return {
    model,
    fitted,
    held: structure.held,
    noise,
    clusters,
    effectiveClusters,
    alike: alikeOf(fitted, covariance),
    predict: (others) => predictAt(ended, others, point),
    predictionErrors,
  };
}

function alikeOf(
  fitted: readonly FittedParameter[],
  covariance: Matrix,
): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  fitted.forEach((a, i) => {
    fitted.slice(0, i).forEach((b, j) => {
      const both = Math.sqrt(covariance.get(i, i) * covariance.get(j, j));
      if (Math.abs(covariance.get(i, j)) > ALIKE * both) pairs.push([b.name, a.name]);
    });
  });
  return pairs;
}

/**
 * Of each scale: its part of the cost, summed along its own column, over one sigma of that. The sum
 * hangs on the shapes too, and what is unsure of both cancels as far as the orders know it.
 */
function partRatios(ended: Ended, point: Point, covariance: Matrix): readonly number[] {
  const { structure, sigmas } = ended;
  const count = structure.scales.length;
  const coordinates = point.slice(count);
  const bases = rememberedBases(ended);
  const basis = bases(coordinates);
  return structure.scales.map((_, j) => {
    const column = basis?.columns[j];
    if (column === undefined) return Number.NaN;
    const along = (other: Float64Array): number =>
      other.reduce((sum, one, i) => sum + (column[i]! * one) / sigmas[i]! ** 2, 0);
    const slope = point.map((_place, k) => {
      if (k === j) return along(column);
      if (k < count) return 0;
      const { low, high } = structure.shapes[k - count]!;
      const at = coordinates[k - count]!;
      const ends = [Math.min(high, at + SLOPE), Math.max(low, at - SLOPE)] as const;
      const [up, down] = ends.map((end) => bases(coordinates.with(k - count, end))?.columns[j]);
      if (up === undefined || down === undefined) return 0;
      return (point[j]! * (along(up) - along(down))) / (ends[0] - ends[1]);
    });
    const row = Matrix.rowVector(slope);
    const variance = row.mmul(covariance).mmul(row.transpose()).get(0, 0);
    return (point[j]! * along(column)) / Math.sqrt(Math.max(0, variance));
  });
}

function parameterOf(
  { scales, shapes }: Structure,
  k: number,
  place: number,
  error: number,
  t: number,
  part: number | undefined,
): FittedParameter {
  const scale = scales[k];
  const [low, high] = [place - t * error, place + t * error];
  if (scale !== undefined && part !== undefined) {
    const factor = Math.exp((t * error) / place);
    // Surer of its part than of itself: what is unsure is a factor that an exponent makes up for.
    const isFactor = part > t && part > SURER * (place / error);
    const ends = isFactor ? { low: place / factor, high: place * factor } : { low, high };
    const { name } = scale;
    return { name, value: place, standardError: error, ...ends, ratio: part, isAtEdge: false };
  }
  const shape = shapes[k - scales.length]!;
  const room = EDGE * (shape.high - shape.low);
  const isAtEdge = place <= shape.low + room || place >= shape.high - room;
  const value = valueAt(shape, place);
  const standardError = shape.coordinate === "logarithm" ? value * error : error;
  return {
    name: shape.name,
    value,
    standardError,
    low: valueAt(shape, low),
    high: valueAt(shape, high),
    ratio: value / standardError,
    isAtEdge,
  };
}
