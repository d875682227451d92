/**
 * Reaction scale: what an answer stated in days' volumes and volatilities is on one market, in
 * ticks for a lot.
 *
 * The permanent part: a day's volume, traded on balance, moves the price by `permanent` daily
 * volatilities. The transient part: an order at `REFERENCE_RATE` of the volume for
 * `REFERENCE_SECONDS` moves it by `transient` × σ√(Q/V), the square-root law. Under the propagator
 * κ(1 + t/t₀)^−½ a constant rate v over T moves it by 2κv·t₀(√(1 + T/t₀) − 1), which fixes κ.
 */
import { err, ok, type Result } from "../core/domain/errors.ts";
import type { Fraction, HalfTicks, Micros } from "../core/domain/units.ts";
import { DECAY_SECONDS, type ReactionConfig } from "./reaction.ts";

export interface ReactionStrength {
  readonly halfLife: Micros;
  /** Daily volatilities for a day's volume, >= 0. */
  readonly permanent: number;
  /** Multiple of the square-root law, >= 0. */
  readonly transient: number;
}

/** A day of the market. */
export interface MarketScale {
  readonly volatility: Fraction;
  readonly volumeLots: number;
  readonly mid: HalfTicks;
}

/** Share of the market's volume, and seconds, at which the impact is the square-root law's. */
export const REFERENCE_RATE = 0.05;
export const REFERENCE_SECONDS = 3_600;
const SECONDS_PER_DAY = 86_400;

/** How far a constant rate of a lot a second moves the price in `seconds`, for κ = 1. */
const movedBy = (seconds: number): number =>
  2 * DECAY_SECONDS * (Math.sqrt(1 + seconds / DECAY_SECONDS) - 1);

export function scaleReaction(
  { halfLife, permanent, transient }: ReactionStrength,
  { volatility, volumeLots, mid }: MarketScale,
): Result<ReactionConfig, { readonly code: "MARKET_SCALE"; readonly text: string }> {
  const dayTicks = volatility * (mid / 2);
  const perSecond = (REFERENCE_RATE * volumeLots) / SECONDS_PER_DAY;
  const law = dayTicks * Math.sqrt((perSecond * REFERENCE_SECONDS) / volumeLots);
  const permanentTicksPerLot = (permanent * dayTicks) / volumeLots;
  const transientTicksPerLot = (transient * law) / (perSecond * movedBy(REFERENCE_SECONDS));
  const perLot = permanentTicksPerLot + transientTicksPerLot;
  if (perLot > 1) {
    const text =
      `a single lot would move the price by ${perLot.toPrecision(2)} ticks (at ` +
      `${Math.round(volumeLots)} lots a day), and more than one cannot be simulated: make ` +
      "simulation.reaction.transient and permanent smaller, or work it as recorded";
    return err({ code: "MARKET_SCALE", text });
  }
  return ok({
    halfLife: halfLife * 1000,
    isSeen: true,
    permanentTicksPerLot,
    transientTicksPerLot,
  });
}
