/**
 * TWAP shadow: what trading evenly since the arrival would have met, at the price of a taker.
 *
 * The mean over each second that ended since the arrival, sampled at its end. It moves no price and
 * pays no fee, so it flatters whoever is measured against it least for a large order.
 */
import { sign } from "../core/domain/side.ts";
import type { Bps } from "../core/domain/units.ts";
import type { ParentState } from "../core/execution/parent-state.ts";
import { scaled, type TouchTotals } from "./market-path.ts";
import type { TwapShadow } from "./shapes.ts";

/** In ticks; undefined: no second has ended with a healthy book. */
export function shadowTicks(
  { order, instrument }: ParentState,
  from: TouchTotals | undefined,
  to: TouchTotals | undefined,
): number | undefined {
  if (from === undefined || to === undefined || to.seconds <= from.seconds) return undefined;
  const seconds = to.seconds - from.seconds;
  const isBuy = order.side === "buy";
  if (instrument.kind !== "inverse") {
    return (isBuy ? to.ask - from.ask : to.bid - from.bid) / seconds;
  }
  return seconds / (isBuy ? to.perAsk - from.perAsk : to.perBid - from.perBid);
}

export function shadowOf(
  parent: ParentState,
  from: TouchTotals | undefined,
  to: TouchTotals | undefined,
): TwapShadow | null {
  const average = shadowTicks(parent, from, to);
  const { arrivalPrice } = parent;
  if (average === undefined || arrivalPrice === undefined) return null;
  return {
    averagePrice: scaled(parent.instrument.tickSize)(average),
    costBps: againstArrival(parent, average - arrivalPrice / 2),
    seconds: to!.seconds - from!.seconds,
  };
}

/** A difference of two prices, in ticks, as a cost in bps of the arrival price. */
export const againstArrival = ({ order, arrivalPrice }: ParentState, difference: number): Bps =>
  (sign(order.side) * difference * 2e4) / arrivalPrice!;
