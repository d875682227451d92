/**
 * Price path: where a model expects the price while a schedule is worked, and for a while after.
 *
 * What must stay true: the mean of what is paid, weighted by quantity, is the model's impact.
 */
import type { Bps } from "../core/domain/units.ts";
import type {
  ImpactMarket,
  ImpactModel,
  ParameterValues,
  TradedSlice,
} from "../impact/impact-model.ts";

export interface PathPoint {
  /** Since the order's start, where this stretch ends. */
  readonly days: number;
  /** Mean price over the stretch against the start, as it is paid; null where none trades. */
  readonly paidBps: Bps | null;
  /** What is left of it when the stretch is over. */
  readonly leftBps: Bps;
}

/** About so many stretches while the order works, and half as many after it. */
const POINTS = 80;
/** A schedule of more slices than this is told slice by slice. */
const MOST_POINTS = 4_000;

export function pricePath(
  model: ImpactModel,
  values: ParameterValues,
  slices: readonly TradedSlice[],
  market: ImpactMarket,
): readonly PathPoint[] {
  const span = slices.reduce((sum, { days }) => sum + days, 0);
  if (!(span > 0)) return [];
  const finer =
    slices.length > MOST_POINTS
      ? slices
      : slices.flatMap(({ quantity, days }) => {
          const pieces = Math.max(1, Math.round((POINTS * days) / span));
          return Array.from({ length: pieces }, () => ({
            quantity: quantity / pieces,
            days: days / pieces,
          }));
        });
  const rest = Array.from({ length: POINTS / 2 }, () => ({ quantity: 0, days: span / POINTS }));
  const path = [...finer, ...rest];
  let elapsed = 0;
  return model.prices(values, path, market).map((price, k) => {
    const { quantity, days } = path[k]!;
    elapsed += days;
    const paidBps = quantity > 0 ? price.permanentBps + price.temporaryBps : null;
    return { days: elapsed, paidBps, leftBps: price.afterBps };
  });
}
