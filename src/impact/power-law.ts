/**
 * Power law: a power of the speed is paid while trading, and what stays is linear in size.
 *
 * The general form of Almgren, Thum, Hauptmann & Li (2005), who found the power 3/5 on US shares
 * and reject one half: temporary η·σ·(rate/V)^β, permanent γ·σ·X/V. It is what to fit to orders of
 * your own; without a fit its defaults lie where that paper's do, with errors as wide as a guess
 * deserves.
 *
 * What must stay true: what stays is linear, and what is paid for speed is never below 0; so no
 * round trip earns (Huberman & Stanzl, "Price Manipulation and Quasi-Arbitrage", 2004).
 */
import {
  impactModel,
  type ImpactMarket,
  type ModelParameter,
  type ParameterValues,
  type PlannedOrder,
  type SignedSlice,
  sigmasPerDay,
  type SlicePrice,
} from "./impact-model.ts";
import { permanentPath } from "./kyle.ts";
import { powerLawTrajectory } from "./power-law-trajectory.ts";

const PARAMETERS: readonly ModelParameter[] = [
  {
    name: "temporary",
    value: 0.142,
    standardError: 0.07,
    origin: "assumed",
    note: "η: daily σ paid at a speed of one day's volume a day; Almgren 2005, half of it as error",
  },
  {
    name: "exponent",
    value: 0.6,
    standardError: 0.1,
    origin: "assumed",
    range: { least: 0.5, most: 1 },
    note: "β: exponent of the speed, from a square root to linear",
  },
  {
    name: "permanent",
    value: 1,
    standardError: 0.5,
    origin: "assumed",
    range: { least: 0, most: 1e6 },
    note: "γ: daily σ that a day's volume moves the price by for good; Almgren 2005 says about 1",
  },
];

export interface SpeedLaw {
  /** η: daily σ at a speed of one day's volume a day. */
  readonly temporary: number;
  readonly exponent: number;
  /** γ: daily σ for a day's volume. */
  readonly permanent: number;
}

/** Both parts of a law of speed, slice by slice. Nothing is left of the temporary part. */
export function speedLawPath(
  { temporary, exponent, permanent }: SpeedLaw,
  slices: readonly SignedSlice[],
  market: ImpactMarket,
): readonly SlicePrice[] {
  const sigma = market.dailyVolatility * 1e4;
  const stays = permanentPath(slices, permanent * sigmasPerDay(market));
  return stays.map(({ permanentBps, afterBps }, k) => {
    const { quantity, days } = slices[k]!;
    const speed = Math.abs(quantity) / market.dailyVolume / days;
    const temporaryBps = Math.sign(quantity) * temporary * sigma * speed ** exponent;
    return { permanentBps, temporaryBps, afterBps };
  });
}

/** The schedule with the least cost + λ·variance under a law of speed. */
export function speedLawTrajectory(
  { temporary, exponent }: Pick<SpeedLaw, "temporary" | "exponent">,
  { quantity, days, steps }: PlannedOrder,
  { dailyVolatility, dailyVolume }: ImpactMarket,
  riskAversion: number,
): readonly number[] {
  const sigma = dailyVolatility * 1e4;
  const step = days / steps;
  // Shares of the order: cost in bps, variance in bps².
  const speed = quantity / (dailyVolume * step);
  const shares = powerLawTrajectory({
    quantity: 1,
    steps,
    cost: sigma * temporary * speed ** exponent,
    exponent,
    risk: riskAversion * sigma * sigma * step,
  });
  return shares.map((share) => share * quantity);
}

const lawOf = (values: ParameterValues): SpeedLaw => ({
  temporary: values["temporary"]!,
  exponent: values["exponent"]!,
  permanent: values["permanent"]!,
});

export const powerLaw = impactModel({
  name: "power-law",
  summary:
    "a power of the speed while trading, linear and for good in size; wrong where the book heals " +
    "between slices",
  parameters: PARAMETERS,
  exposure: "through",
  prices: (values, slices, market) => speedLawPath(lawOf(values), slices, market),
  schedules: () => "admissible",
  trajectory: (values, order, market, riskAversion) =>
    speedLawTrajectory(lawOf(values), order, market, riskAversion),
  caveats({ rateOfVolume, isFitted = false }) {
    const texts = isFitted ? [] : ["the parameters are a guess near those of US shares: fit them"];
    if (rateOfVolume > 1) texts.push("faster than all others together: beyond any data");
    return texts;
  },
});
