/**
 * Schedule: a plan cut into slices, laid out whole when it is bound.
 *
 * A strategy that knows its curve in advance gives each slice a weight; all else is the same for
 * every one of them and stands here once: how many slices, the jitter, the rounding, and what is
 * too small to be sent. Slice k falls due at its own start, so that the placement tactic has the
 * slice's window to work it.
 *
 * What must stay true: the target never falls, never exceeds the plan, and the last slice brings it
 * to the plan's quantity exactly. A slice under the least order is carried forward into later ones:
 * a schedule is never inflated and never leaves dust behind.
 *
 * | parameter       | default | meaning                                                        |
 * |-----------------|---------|----------------------------------------------------------------|
 * | intervalSeconds | 10      | length of a slice; the last one evens out                      |
 * | slices          | null    | number of slices of each plan; where given, it wins            |
 * | randomizeSize   | 0.2     | a slice's share varies by ± this fraction, the total does not  |
 * | randomizeTime   | 0.2     | a slice's start moves by ± half this fraction of its length    |
 *
 * `intervalSeconds` is the default because it keeps the pace when a plan is anchored anew in
 * mid-order; a count would start over. Both jitters hide the regular pattern that others look for
 * (0.2 is what exchanges' own TWAP orders use); 0 gives the textbook schedule.
 */
import type { Plan, StrategyView, Target } from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { type Lots, lots, type Micros, micros, NO_LOTS, SECOND } from "../core/domain/units.ts";
import { numberOf, numberOrNull, type ParameterRules } from "./parameters.ts";

/** A day in seconds: finer plans than that are stretched, so that a schedule stays small. */
const MOST_SLICES = 86_400;

/** What sums of floats may lose: without it they would cost a slice a whole lot. */
const ROUNDING_LOTS = 1e-6;

/** Keeps a slice's jitter above zero, so that the weights of a schedule never sum to it. */
const LEAST_JITTER = 1e-6;

/** The parameters that every strategy with a schedule has. */
export const SLICING_RULES: ParameterRules = {
  intervalSeconds: { least: 1, most: 86_400 },
  slices: { least: 1, most: MOST_SLICES, whole: true, nullable: true },
  randomizeSize: { least: 0, most: 1 },
  randomizeTime: { least: 0, most: 1 },
};

export const SLICING_DEFAULTS = {
  intervalSeconds: 10,
  slices: null,
  randomizeSize: 0.2,
  randomizeTime: 0.2,
};

/** Row i starts at `startAt[i]` with the cumulative target `due[i]`; `due` ends at the total. */
export interface Schedule {
  readonly startAt: readonly Micros[];
  readonly due: readonly Lots[];
}

/**
 * Lays out a plan. `weightOf(from, until)` is what the curve has between two points of the plan,
 * each a share of its time; only the ratios of weights count, and their sum is above zero.
 * `name` keys the jitter.
 */
export function layOut(
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  plan: Plan,
  weightOf: (from: number, until: number) => number,
): Schedule {
  const span = plan.until - plan.from;
  invariant(span >= 0, "a plan ends after it begins");
  const count = sliceCount(parameters, plan, span);
  const sizeJitter = numberOf(parameters, SLICING_DEFAULTS, "randomizeSize");
  const sizes = cumulativeSizes(name, sizeJitter, plan, count, weightOf);
  const timeJitter = numberOf(parameters, SLICING_DEFAULTS, "randomizeTime");
  const stream = streamOf(`${name}-time:${plan.parentId}`);
  const startAt: Micros[] = [plan.from];
  const due: Lots[] = [mayFallDue(sizes[0]!, 0, plan) ? lots(sizes[0]!) : NO_LOTS];
  for (let k = 1; k < count; k++) {
    const before = due.at(-1)!;
    if (before === plan.quantity) break;
    if (!mayFallDue(sizes[k]!, before, plan)) continue;
    const shift = timeJitter * (uniformAt(plan.seed, stream, k) - 0.5);
    startAt.push(micros(plan.from + Math.floor((span * (k + shift)) / count)));
    due.push(lots(sizes[k]!));
  }
  return { startAt, due };
}

/** What is due now. `noteOf` says what to add to the reason, such as the name of the curve. */
export function targetAt(
  schedule: Schedule,
  plan: Plan,
  view: StrategyView,
  noteOf: (slice: number, count: number) => string,
): Target {
  const { startAt, due } = schedule;
  if (view.now < plan.from) {
    return {
      quantity: NO_LOTS,
      sliceFrom: view.now,
      sliceUntil: plan.from,
      reason: "the schedule has not begun",
    };
  }
  const slice = lastNotAfter(startAt, view.now);
  return {
    quantity: due[slice]!,
    sliceFrom: startAt[slice]!,
    sliceUntil: startAt[slice + 1] ?? plan.until,
    reason: `slice ${slice + 1} of ${startAt.length}${noteOf(slice, startAt.length)}`,
  };
}

/** Index of the last slice that has begun; zero-length slices are passed over. */
function lastNotAfter(startAt: readonly Micros[], now: Micros): number {
  let low = 0;
  let high = startAt.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (startAt[middle]! <= now) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** As many as asked for, but never so many that an even slice is under the least order. */
function sliceCount(
  parameters: Readonly<Record<string, unknown>>,
  plan: Plan,
  span: number,
): number {
  const interval = numberOf(parameters, SLICING_DEFAULTS, "intervalSeconds") * SECOND;
  const asked = numberOrNull(parameters, SLICING_DEFAULTS, "slices") ?? Math.round(span / interval);
  const sensible = Math.floor(plan.quantity / Math.max(1, plan.minOrder));
  return Math.max(1, Math.min(asked, sensible, MOST_SLICES));
}

/** Cumulative sizes before carrying: never falling, the last one is the plan's quantity. */
function cumulativeSizes(
  name: string,
  jitter: number,
  plan: Plan,
  count: number,
  weightOf: (from: number, until: number) => number,
): readonly number[] {
  const stream = streamOf(`${name}-size:${plan.parentId}`);
  const weights: number[] = [];
  let total = 0;
  for (let k = 0; k < count; k++) {
    const factor = 1 + jitter * (2 * uniformAt(plan.seed, stream, k) - 1);
    const weight = weightOf(k / count, (k + 1) / count);
    if (!(weight >= 0)) invariant(false, `${name}: slice ${k} weighs ${weight}`);
    total += weight * Math.max(LEAST_JITTER, factor);
    weights.push(total);
  }
  if (!(total > 0 && total < Infinity)) invariant(false, `${name}: slices weigh ${total}`);
  const { quantity } = plan;
  return weights.map((weight, k) => {
    const size = Math.floor((quantity * weight) / total + ROUNDING_LOTS);
    return k === count - 1 ? quantity : Math.min(quantity, size);
  });
}

/** Whether a rise to `size` is an order worth sending and leaves one worth sending, or nothing. */
function mayFallDue(size: number, before: number, plan: Plan): boolean {
  if (size === plan.quantity) return true;
  return size - before >= Math.max(1, plan.minOrder) && plan.quantity - size >= plan.minOrder;
}
