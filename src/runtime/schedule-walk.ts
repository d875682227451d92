/**
 * Schedule walk: the slices that a strategy would ask for, found by asking it.
 *
 * The strategy is bound to the order's own plan and asked at each of its slices, as the engine
 * would ask: what is estimated is what would be traded, jitter and rounding included, not a formula
 * that resembles it. The market's volume is taken to come evenly at its expected rate.
 *
 * What must stay true: the slices follow each other without a pause and sum to the plan's quantity.
 */
import type { Plan, Strategy } from "../core/contracts/strategy.ts";
import {
  DAY,
  excessLots,
  type Lots,
  lots,
  type Micros,
  micros,
  NO_LOTS,
} from "../core/domain/units.ts";

export interface WalkedSlice {
  /** Since the order's start. */
  readonly at: Micros;
  /** Until the next slice. */
  readonly span: Micros;
  /** Of it, the time in which it is traded evenly. */
  readonly worked: Micros;
  readonly quantity: Lots;
}

export interface WalkedSchedule {
  readonly slices: readonly WalkedSlice[];
  readonly duration: Micros;
  /** Whether the target waits for others to trade, so that the duration is a result. */
  readonly followsVolume: boolean;
}

export type Walk =
  | { readonly kind: "schedule"; readonly schedule: WalkedSchedule }
  /** There are no slices to be known beforehand. */
  | { readonly kind: "none"; readonly reason: string };

/** Beyond this an order that follows the volume is said not to finish. */
export const LONGEST: Micros = micros(30 * DAY);
/** Stretches that a schedule without slices of its own is cut into. */
const MOST_STRETCHES = 1_000;
const MOST_SLICES = 200_000;
const USUAL_STRETCH = 10_000_000;
/** In a longer window than this it matters when what is late is taken. */
const LONG_WINDOW = 2 * USUAL_STRETCH;

/** One stretch of even trading, or of none. */
export type Stretch = Pick<WalkedSlice, "at" | "span" | "quantity">;

/** A schedule as it is traded: each slice, and the rest of its time without a trade. */
export const stretchesOf = ({ slices }: WalkedSchedule): readonly Stretch[] =>
  slices.flatMap(({ at, span, worked, quantity }) => {
    const traded = { at, span: worked, quantity };
    if (worked >= span) return [traded];
    return [traded, { at: micros(at + worked), span: micros(span - worked), quantity: NO_LOTS }];
  });

/** How fast things go. */
export interface Pace {
  /** Others' expected volume, lots per microsecond. */
  readonly volumePerMicro: number;
  /** The least time that the limits need to take so much. */
  readonly leastTime: (quantity: Lots) => number;
}

/**
 * Walks a plan from its start.
 *
 * A slice is traded evenly over its window; of one longer than 20 s, over the share 1 − urgency:
 * what is late is taken then. Never faster than the limits let crossing orders follow.
 */
export function walkSchedule(
  strategy: Strategy,
  parameters: Readonly<Record<string, unknown>>,
  plan: Plan,
  pace: Pace,
): Walk {
  const bound = strategy.bind(parameters, plan);
  if (bound.tactic !== undefined) {
    return { kind: "none", reason: "its tactic decides the pace: no curve is known beforehand" };
  }
  const without = { now: plan.until, done: NO_LOTS, marketVolume: plan.volumeAtFrom };
  if (bound.target(without).quantity < plan.quantity) {
    return walkVolume(strategy, parameters, plan, pace.volumePerMicro);
  }
  const { volumePerMicro, leastTime } = pace;
  // A strategy that names no end of its slice is still walked in bounded time.
  const leastStep = 1 + Math.floor((plan.until - plan.from) / MOST_SLICES);
  const slices: WalkedSlice[] = [];
  let before = 0;
  for (let now = plan.from; now < plan.until;) {
    const volume = volumeAfter(now - plan.from, plan, volumePerMicro);
    const target = bound.target({ now, done: lots(before), marketVolume: volume });
    const until = Math.min(plan.until, Math.max(now + leastStep, target.sliceUntil));
    // What the strategy leaves for the deadline itself is worked last.
    const due = until === plan.until ? plan.quantity : Math.min(plan.quantity, target.quantity);
    const quantity = excessLots(lots(due), lots(before));
    const span = micros(until - now);
    const patient = span > LONG_WINDOW ? (1 - plan.urgency) * span : span;
    const least = Math.max(USUAL_STRETCH, leastTime(quantity), patient);
    const worked = micros(Math.min(span, Math.ceil(least)));
    slices.push({ at: micros(now - plan.from), span, worked, quantity });
    before += quantity;
    now = micros(until);
  }
  const duration = micros(plan.until - plan.from);
  return { kind: "schedule", schedule: { slices, duration, followsVolume: false } };
}

/** No more than can be counted: a day's volume that was stated may be anything. */
const volumeAfter = (span: number, { volumeAtFrom }: Plan, volumePerMicro: number): Lots =>
  lots(Math.min(Number.MAX_SAFE_INTEGER, volumeAtFrom + Math.floor(span * volumePerMicro)));

/** The target is a function of the volume alone: it is looked for when it is all due. */
function walkVolume(
  strategy: Strategy,
  parameters: Readonly<Record<string, unknown>>,
  plan: Plan,
  volumePerMicro: number,
): Walk {
  const bound = strategy.bind(parameters, { ...plan, until: micros(plan.from + LONGEST) });
  const dueAfter = (span: number): number => {
    const marketVolume = volumeAfter(span, plan, volumePerMicro);
    return bound.target({ now: micros(plan.from + span), done: NO_LOTS, marketVolume }).quantity;
  };
  if (dueAfter(LONGEST) < plan.quantity) {
    return { kind: "none", reason: "it would not finish within 30 days at the expected volume" };
  }
  let low = 0;
  let duration: number = LONGEST;
  while (duration - low > 1) {
    const middle = Math.floor((low + duration) / 2);
    if (dueAfter(middle) < plan.quantity) low = middle;
    else duration = middle;
  }
  const count = Math.max(1, Math.min(MOST_STRETCHES, Math.round(duration / USUAL_STRETCH)));
  const slices: WalkedSlice[] = [];
  for (let k = 0; k < count; k++) {
    const from = Math.floor((duration * k) / count);
    const until = Math.floor((duration * (k + 1)) / count);
    if (until === from) continue;
    const quantity = lots(dueAfter(until) - (k === 0 ? 0 : dueAfter(from)));
    const span = micros(until - from);
    slices.push({ at: micros(from), span, worked: span, quantity });
  }
  const schedule = { slices, duration: micros(duration), followsVolume: true };
  return { kind: "schedule", schedule };
}
