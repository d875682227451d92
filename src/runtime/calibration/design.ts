/**
 * Design: what a model predicts for a set of observations, as a function of its free parameters.
 *
 * The model says only what an order costs under given values, so how each parameter enters is found
 * by asking it: a parameter that the cost is linear in is a scale, any other a shape. Scales may be
 * fitted below zero, because a fit that cannot say "less than nothing" cannot say "nothing" either.
 *
 * What must stay true: a parameter that these observations cannot tell from another, or that moves
 * nothing, is not fitted but held at its given value, and the reason is told.
 */
import { InvariantError } from "../../core/domain/errors.ts";
import type { ImpactModel, ModelParameter, ParameterValues } from "../../impact/impact-model.ts";
import { type ImpactObservation, marketOf, slicesOf } from "../../impact/impact-observation.ts";

export interface HeldParameter {
  readonly name: string;
  readonly value: number;
  readonly why: string;
}

/** A parameter that enters otherwise than as a factor, and the coordinate it is fitted in. */
export interface Shape {
  readonly name: string;
  /** Exponents are fitted as they are, what must be over zero as its logarithm. */
  readonly coordinate: "itself" | "logarithm";
  /** In that coordinate. */
  readonly low: number;
  readonly high: number;
}

export interface Scale {
  readonly name: string;
  readonly start: number;
}

export interface Structure {
  readonly scales: readonly Scale[];
  readonly shapes: readonly Shape[];
  readonly held: readonly HeldParameter[];
  /** Whether the scales make up the whole prediction: with all of them at 0 nothing is left. */
  readonly isWhole: boolean;
}

/** The prediction is `rest` + Σ scale·column, in bps, one entry for each observation. */
export interface Basis {
  readonly columns: readonly Float64Array[];
  readonly rest: Float64Array;
}

/** Impact that grows faster than this with size or speed, or not at all, is nobody's finding. */
const EXPONENT = { low: 0.02, high: 1.2 } as const;
/** How far a shape may go from where it starts, either way. */
const FACTOR_MOST = 1e4;
/** A range from one end to so many times that is fitted as it is, a wider one as a logarithm. */
const WIDE = 10;
const STEP = 0.1;
/** Second differences under this share of the first ones: linear. */
const LINEAR = 1e-6;
/** Of a column that is no more than this outside the others, nothing can be told. */
const INDISTINCT = 1e-3;
/** As many observations as show how parameters enter. */
const PROBED_MOST = 400;

/**
 * @param given Values of parameters that a person wants held.
 * @param noise One sigma of each observation: what counts as seen.
 */
export function structureOf(
  model: ImpactModel,
  observations: readonly ImpactObservation[],
  noise: Float64Array,
  given: ParameterValues,
): Structure {
  const stride = Math.max(1, Math.floor(observations.length / PROBED_MOST));
  const probed = observations.filter((_, i) => i % stride === 0);
  const sigma = noise.filter((_, i) => i % stride === 0);
  const start = { ...valuesIn(model.parameters), ...given };
  const probe = (values: ParameterValues): Float64Array => predict(model, values, probed);
  const scales: Scale[] = [];
  const shapes: Shape[] = [];
  const held: HeldParameter[] = [];
  const seen: { readonly name: string; readonly column: Float64Array }[] = [];
  for (const parameter of model.parameters) {
    const { name } = parameter;
    const value = start[name]!;
    if (Object.hasOwn(given, name)) {
      held.push({ name, value, why: "held as given" });
      continue;
    }
    const column = sensitivity(probe, start, name, sigma);
    const rest = column === undefined ? undefined : outside(column, seen);
    if (column === undefined || rest === undefined) {
      held.push({ name, value, why: "held: it moves no prediction here" });
    } else if (rest.share < INDISTINCT) {
      held.push({ name, value, why: `held: cannot be told apart from ${rest.closest} here` });
    } else {
      seen.push({ name, column });
      const others = scales.map((scale) => scale.name);
      if (isScale(probe, start, name, others)) scales.push({ name, start: value });
      else shapes.push(shapeOf(parameter, value));
    }
  }
  return { scales, shapes, held, isWhole: isWhole(probe, start, scales) };
}

/** A sum of scales times columns grows by a tenth when all of them do. */
function isWhole(probe: Probe, start: ParameterValues, scales: readonly Scale[]): boolean {
  if (scales.length === 0) return false;
  const grown: Record<string, number> = { ...start };
  for (const { name, start: value } of scales) grown[name] = value * (1 + STEP);
  const [base, all] = [probe(start), probe(grown)];
  return norm(all.map((one, i) => one - base[i]! * (1 + STEP))) <= LINEAR * norm(base);
}

const valuesIn = (parameters: readonly ModelParameter[]): Record<string, number> =>
  Object.fromEntries(parameters.map(({ name, value }) => [name, value]));

function shapeOf({ name, range }: ModelParameter, start: number): Shape {
  const isExponent = /exponent/i.test(name);
  const isNarrow = range !== undefined && range.most <= WIDE * range.least;
  const isUnit = range !== undefined && range.least === 0 && range.most <= 1;
  if (isExponent || isNarrow || isUnit) {
    const low = Math.max(range?.least ?? 0, isExponent ? EXPONENT.low : 0);
    const high = Math.min(range?.most ?? EXPONENT.high, isExponent ? EXPONENT.high : Infinity);
    return { name, coordinate: "itself", low, high };
  }
  const low = Math.log(Math.max(range?.least ?? 0, start / FACTOR_MOST));
  const high = Math.log(Math.min(range?.most ?? Infinity, start * FACTOR_MOST));
  return { name, coordinate: "logarithm", low, high };
}

/** Everything in bps; NaN where the model refuses the values. */
export function predict(
  model: ImpactModel,
  values: ParameterValues,
  observations: readonly ImpactObservation[],
): Float64Array {
  const predicted = new Float64Array(observations.length);
  try {
    observations.forEach((observation, i) => {
      const parts = model.impact(values, slicesOf(observation), marketOf(observation));
      predicted[i] = parts.permanentBps + parts.temporaryBps;
    });
  } catch (error) {
    if (error instanceof InvariantError) return predicted.fill(Number.NaN);
    throw error;
  }
  return predicted;
}

type Probe = (values: ParameterValues) => Float64Array;

/** ∂f/∂ln p over the noise; undefined where nothing moves. */
function sensitivity(
  probe: Probe,
  start: ParameterValues,
  name: string,
  sigma: Float64Array,
): Float64Array | undefined {
  const value = start[name]!;
  const up = probe({ ...start, [name]: value * (1 + STEP / 10) });
  const down = probe({ ...start, [name]: value * (1 - STEP / 10) });
  const base = probe(start);
  const column = up.map((high, i) => (high - down[i]!) / sigma[i]!);
  const [moved, whole] = [norm(column), norm(base.map((one, i) => one / sigma[i]!))];
  return moved > 1e-9 * whole ? column : undefined;
}

/** The share of a column that no mixture of those before it explains, and which is the closest. */
function outside(
  column: Float64Array,
  before: readonly { readonly name: string; readonly column: Float64Array }[],
): { readonly share: number; readonly closest: string } | undefined {
  const whole = norm(column);
  if (!(whole > 0)) return undefined;
  const axes: Float64Array[] = [];
  for (const { column: one } of before) {
    const own = without(one, axes);
    const length = norm(own);
    if (length > 0) axes.push(own.map((entry) => entry / length));
  }
  const likeness = (one: Float64Array): number => Math.abs(dot(one, column)) / norm(one);
  const [first] = before.toSorted((a, b) => likeness(b.column) - likeness(a.column));
  return { share: norm(without(column, axes)) / whole, closest: first?.name ?? "" };
}

function without(column: Float64Array, axes: readonly Float64Array[]): Float64Array {
  const left = column.slice();
  for (const axis of axes) {
    const along = dot(left, axis);
    for (let i = 0; i < left.length; i++) left[i]! -= along * axis[i]!;
  }
  return left;
}

/** Linear in this one, and no factor of another scale. */
function isScale(
  probe: Probe,
  start: ParameterValues,
  name: string,
  others: readonly string[],
): boolean {
  const at = (factors: Readonly<Record<string, number>>): Float64Array => {
    const values: Record<string, number> = { ...start };
    for (const [key, factor] of Object.entries(factors)) values[key] = start[key]! * factor;
    return probe(values);
  };
  const [zero, one, two] = [at({}), at({ [name]: 1 + STEP }), at({ [name]: 1 + 2 * STEP })];
  const first = norm(one.map((value, i) => value - zero[i]!));
  const second = norm(two.map((value, i) => value - 2 * one[i]! + zero[i]!));
  if (!(second <= LINEAR * first)) return false;
  return others.every((other) => {
    const both = at({ [name]: 1 + STEP, [other]: 1 + STEP });
    const its = at({ [other]: 1 + STEP });
    const cross = norm(both.map((value, i) => value - one[i]! - its[i]! + zero[i]!));
    return cross <= LINEAR * first;
  });
}

/** What the scales multiply, with the shapes at these coordinates. Undefined: not allowed. */
export function basisAt(
  model: ImpactModel,
  { scales, shapes, held, isWhole: noRest }: Structure,
  coordinates: readonly number[],
  observations: readonly ImpactObservation[],
): Basis | undefined {
  const values: Record<string, number> = {};
  for (const { name, value } of held) values[name] = value;
  for (const { name, start } of scales) values[name] = start;
  shapes.forEach((shape, k) => {
    values[shape.name] = valueAt(shape, coordinates[k]!);
  });
  const base = predict(model, values, observations);
  const rest = base.slice();
  const columns = scales.map(({ name, start }, k) => {
    // Where the scales are the whole, the last one has what the others left.
    const isLast = noRest && k === scales.length - 1;
    const doubled = isLast
      ? undefined
      : predict(model, { ...values, [name]: 2 * start }, observations);
    const column = new Float64Array(rest.length);
    for (let i = 0; i < rest.length; i++) {
      const own = doubled === undefined ? rest[i]! : doubled[i]! - base[i]!;
      rest[i]! -= own;
      column[i] = own / start;
    }
    return column;
  });
  const isFinite = columns.every((column) => column.every(Number.isFinite));
  return isFinite && rest.every(Number.isFinite) ? { columns, rest } : undefined;
}

export const valueAt = ({ coordinate }: Shape, at: number): number =>
  coordinate === "logarithm" ? Math.exp(at) : at;

export const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const norm = (column: Float64Array): number => Math.sqrt(dot(column, column));
