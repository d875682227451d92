/**
 * Almgren, Thum, Hauptmann, Li: impact of a large order, as estimated on US shares.
 *
 * Almgren, Thum, Hauptmann & Li, "Direct Estimation of Equity Market Impact" (May 2005). Permanent
 * impact is linear in size and grows with the inverse turnover; temporary impact is a power of the
 * speed. The coefficients are those of their sample: they are a starting point for other markets,
 * not a calibration.
 *
 * What must stay true: J = I/2 + K; sizes are positive and so are costs.
 */
import { invariant } from "../core/domain/errors.ts";
import type { Bps, Fraction } from "../core/domain/units.ts";

export interface PowerLawCoefficients {
  /** γ of the permanent part. */
  readonly permanent: number;
  /** η of the temporary part. */
  readonly temporary: number;
  /** β: exponent of the speed. */
  readonly speedExponent: number;
  /** δ: exponent of the inverse turnover. */
  readonly turnoverExponent: number;
}

/** As estimated in the paper. */
export const ALMGREN_2005: PowerLawCoefficients = {
  permanent: 0.314,
  temporary: 0.142,
  speedExponent: 0.6,
  turnoverExponent: 0.25,
};

export interface LargeOrder {
  /** X: to be traded, > 0. */
  readonly quantity: number;
  /** T: days of volume time, > 0. */
  readonly days: number;
  /** V: an average day's volume. */
  readonly dailyVolume: number;
  /** Θ: shares outstanding. */
  readonly outstanding: number;
  /** σ: a day's volatility as a fraction of the price. */
  readonly dailyVolatility: Fraction;
}

export interface LargeOrderImpact {
  /** I: what is left of the impact when all is over. */
  readonly permanentBps: Bps;
  /** K: what was paid for speed. */
  readonly temporaryBps: Bps;
  /** J = I/2 + K: the average price paid against the price at the start. */
  readonly realizedBps: Bps;
  /** Θ/V: days in which as much is traded as there is. */
  readonly inverseTurnover: number;
}

/** I = σγ(X/V)(Θ/V)^δ, K = ση(X/VT)^β. */
export function largeOrderImpact(
  order: LargeOrder,
  coefficients: PowerLawCoefficients = ALMGREN_2005,
): LargeOrderImpact {
  for (const [name, value] of Object.entries(order)) {
    if (!(value > 0 && value < Infinity)) invariant(false, `${name} must be over 0, not ${value}`);
  }
  const { quantity, days, dailyVolume, outstanding, dailyVolatility } = order;
  const { permanent, temporary, speedExponent, turnoverExponent } = coefficients;
  const inverseTurnover = outstanding / dailyVolume;
  const volatilityBps = dailyVolatility * 1e4;
  const share = quantity / dailyVolume;
  const permanentBps = volatilityBps * permanent * share * inverseTurnover ** turnoverExponent;
  const temporaryBps = volatilityBps * temporary * (share / days) ** speedExponent;
  const realizedBps = permanentBps / 2 + temporaryBps;
  return { permanentBps, temporaryBps, realizedBps, inverseTurnover };
}
