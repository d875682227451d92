/**
 * TWAP (time-weighted average price): equal slices at even times, whatever the market does.
 *
 * The whole schedule is laid out when a plan is bound. Slice k falls due at its own start, so that
 * the placement tactic has the slice's window to work it, and the last slice brings the target to
 * the plan's quantity exactly. Slices under the least order are carried forward into later ones: a
 * schedule is never inflated and never leaves dust behind.
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
import type {
  BoundStrategy,
  Plan,
  Strategy,
  StrategyView,
  Target,
} from "../core/contracts/strategy.ts";
import { invariant } from "../core/domain/errors.ts";
import { streamOf, uniformAt } from "../core/domain/random.ts";
import { type Lots, lots, type Micros, micros, NO_LOTS, SECOND } from "../core/domain/units.ts";
import { type NumberRules, numberOf, numberOrNull, parameterFaults } from "./parameters.ts";

/** A day in seconds: finer plans than that are stretched, so that a schedule stays small. */
const MOST_SLICES = 86_400;

/** Keeps the sum of weights above zero at full jitter. */
const LEAST_WEIGHT = 1e-6;

const RULES: NumberRules = {
  intervalSeconds: { least: 1, most: 86_400 },
  slices: { least: 1, most: MOST_SLICES, whole: true, nullable: true },
  randomizeSize: { least: 0, most: 1 },
  randomizeTime: { least: 0, most: 1 },
};

const DEFAULTS = { intervalSeconds: 10, slices: null, randomizeSize: 0.2, randomizeTime: 0.2 };

/** Slice i starts at `startAt[i]` with the cumulative target `due[i]`; `due` ends at the total. */
interface Schedule {
  readonly startAt: readonly Micros[];
  readonly due: readonly Lots[];
}

export const twap: Strategy = {
  name: "twap",
  summary:
    "Equal slices at even times, with optional jitter; wrong where volume comes in waves, " +
    "because a quiet hour gets as much of the order as a busy one.",
  defaults: DEFAULTS,
  check: (parameters) => parameterFaults(parameters, RULES),
  bind(parameters, plan): BoundStrategy {
    invariant(parameterFaults(parameters, RULES).length === 0, "twap: unchecked parameters");
    const schedule = layOut(parameters, plan);
    return { target: (view) => targetAt(schedule, plan, view) };
  },
};

function targetAt(schedule: Schedule, plan: Plan, view: StrategyView): Target {
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
  const quantity = due[slice]!;
  return {
    quantity,
    sliceFrom: startAt[slice]!,
    sliceUntil: startAt[slice + 1] ?? plan.until,
    reason: `slice ${slice + 1} of ${startAt.length}`,
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

function layOut(parameters: Readonly<Record<string, unknown>>, plan: Plan): Schedule {
  const span = plan.until - plan.from;
  invariant(span >= 0, "a plan ends after it begins");
  const count = sliceCount(parameters, plan, span);
  const sizes = cumulativeSizes(numberOf(parameters, DEFAULTS, "randomizeSize"), plan, count);
  const timeJitter = numberOf(parameters, DEFAULTS, "randomizeTime");
  const stream = streamOf(`twap-time:${plan.parentId}`);
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

/** As many as asked for, but never so many that an even slice is under the least order. */
function sliceCount(
  parameters: Readonly<Record<string, unknown>>,
  plan: Plan,
  span: number,
): number {
  const interval = numberOf(parameters, DEFAULTS, "intervalSeconds") * SECOND;
  const asked = numberOrNull(parameters, DEFAULTS, "slices") ?? Math.round(span / interval);
  const sensible = Math.floor(plan.quantity / Math.max(1, plan.minOrder));
  return Math.max(1, Math.min(asked, sensible, MOST_SLICES));
}

/** Cumulative sizes before carrying: never falling, the last one is the plan's quantity. */
function cumulativeSizes(jitter: number, plan: Plan, count: number): readonly number[] {
  const stream = streamOf(`twap-size:${plan.parentId}`);
  const weights: number[] = [];
  let total = 0;
  for (let k = 0; k < count; k++) {
    total += Math.max(LEAST_WEIGHT, 1 + jitter * (2 * uniformAt(plan.seed, stream, k) - 1));
    weights.push(total);
  }
  const { quantity } = plan;
  return weights.map((weight, k) =>
    k === count - 1 ? quantity : Math.min(quantity, Math.floor((quantity * weight) / total)),
  );
}

/** Whether a rise to `size` is an order worth sending and leaves one worth sending, or nothing. */
function mayFallDue(size: number, before: number, plan: Plan): boolean {
  if (size === plan.quantity) return true;
  return size - before >= Math.max(1, plan.minOrder) && plan.quantity - size >= plan.minOrder;
}
