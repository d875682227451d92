/**
 * Volume curve: how the market's volume is expected to spread over a day or over an order.
 *
 * A curve is a list of weights over equal buckets, even inside each. Over a day, the buckets are
 * those of the UTC day and repeat; over the plan, they span the whole order from its arrival to its
 * deadline, so that a plan anchored anew in mid-order goes on where the curve stands.
 *
 * The two named curves are shapes, not measurements: where data is at hand, learn its own weights
 * (`arrival data volume-curve`).
 * What must stay true: the cumulative volume never falls.
 */
import type { DayCurve, Plan } from "../core/contracts/strategy.ts";
import { DAY } from "../core/domain/units.ts";

export const CURVE_SPANS = ["plan", "day"] as const;

export interface VolumeCurve {
  readonly name: string;
  readonly over: (typeof CURVE_SPANS)[number];
  readonly weights: readonly number[];
}

/**
 * The smile of an exchange's session: 1 + 2(2s − 1)² at each twentieth s of the plan, so that the
 * open and the close are three times the middle.
 */
const U_SHAPE: VolumeCurve = {
  name: "u-shape",
  over: "plan",
  weights: Array.from({ length: 20 }, (_, k) => 1 + 2 * ((2 * k - 19) / 19) ** 2),
};

/** Working hours of three regions in UTC: Asia, Europe, America. */
const SESSIONS: readonly (readonly [from: number, until: number])[] = [
  [0, 8],
  [7, 16],
  [13, 21],
];

/** A market that never closes: each hour weighs 1, and 1 more for each region at work in it. */
const CRYPTO_SESSIONS: VolumeCurve = {
  name: "crypto-sessions",
  over: "day",
  weights: Array.from(
    { length: 24 },
    (_, hour) => 1 + SESSIONS.filter(([from, until]) => hour >= from && hour < until).length,
  ),
};

export const NAMED_CURVES: ReadonlyMap<string, VolumeCurve> = new Map(
  [U_SHAPE, CRYPTO_SESSIONS].map((curve) => [curve.name, curve]),
);

/**
 * Volume of the curve between two points of a plan, each a share of its time, in the curve's own
 * weights. The answer may be zero: the curve expects nobody to trade then.
 */
export function volumeBetween(curve: VolumeCurve, plan: Plan): (a: number, b: number) => number {
  const cumulative = cumulated(curve.weights);
  const arrivedAt = plan.arrivedAt ?? plan.from;
  // Days are counted from the plan's own first: since 1970, the digits of an hour would be lost.
  const [zero, unit] =
    curve.over === "day"
      ? [plan.from - (plan.from % DAY), Number(DAY)]
      : [arrivedAt, Math.max(1, plan.until - arrivedAt)];
  const at = (share: number): number => {
    const position = (plan.from - zero + share * (plan.until - plan.from)) / unit;
    if (curve.over === "plan") return within(cumulative, Math.max(0, Math.min(1, position)));
    const day = Math.floor(position);
    return day * cumulative.at(-1)! + within(cumulative, position - day);
  };
  return (a, b) => Math.max(0, at(b) - at(a));
}

/** The curve as one of a UTC day; undefined: that is not what it spans. */
export function dayCurveOf({ name, over, weights }: VolumeCurve): DayCurve | undefined {
  if (over !== "day") return undefined;
  const cumulative = cumulated(weights);
  return { name, shareBy: (moment) => within(cumulative, moment) / cumulative.at(-1)! };
}

function cumulated(weights: readonly number[]): readonly number[] {
  const sums = [0];
  for (const weight of weights) sums.push(sums.at(-1)! + weight);
  return sums;
}

/** Cumulative volume at a position from 0 to 1, even inside a bucket. */
function within(cumulative: readonly number[], position: number): number {
  const buckets = cumulative.length - 1;
  const bucket = Math.min(buckets - 1, Math.floor(position * buckets));
  const before = cumulative[bucket]!;
  return before + (cumulative[bucket + 1]! - before) * (position * buckets - bucket);
}
