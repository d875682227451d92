/**
 * Almgren 2005 as an impact model: a power of the speed in each slice, linear permanent impact.
 *
 * Almgren, Thum, Hauptmann & Li, "Direct Estimation of Equity Market Impact" (2005), with the
 * paper's own standard errors: γ 0.314 ± 0.041, η 0.142 ± 0.0062, β 0.600 ± 0.038. They were
 * fitted on orders in US shares; for any other market they are a starting point.
 *
 * What must stay true: an even schedule costs what `largeOrderImpact` says, J = I/2 + K.
 */
import { ALMGREN_2005 } from "./almgren-2005.ts";
import { impactModel, type ModelParameter, type ParameterValues } from "./impact-model.ts";
import { type SpeedLaw, speedLawPath, speedLawTrajectory } from "./power-law.ts";

/**
 * Days in which as much is traded as there is: 263 for IBM, 87 for DRI in the paper, 150 between
 * them. A perpetual has nothing outstanding at all.
 */
const INVERSE_TURNOVER = 150;

const PARAMETERS: readonly ModelParameter[] = [
  {
    name: "permanent",
    value: ALMGREN_2005.permanent,
    standardError: 0.041,
    origin: "published",
    note: "γ of the permanent part",
  },
  {
    name: "temporary",
    value: ALMGREN_2005.temporary,
    standardError: 0.0062,
    origin: "published",
    note: "η of the temporary part",
  },
  {
    name: "speedExponent",
    value: ALMGREN_2005.speedExponent,
    standardError: 0.038,
    origin: "published",
    note: "β: exponent of the speed",
  },
  {
    name: "inverseTurnover",
    value: INVERSE_TURNOVER,
    standardError: 75,
    origin: "assumed",
    note: "Θ/V, units outstanding over a day's volume: between the paper's two examples",
  },
];

/** A day's volume moves the price by γ·(Θ/V)^δ daily σ, for good. */
const lawOf = (values: ParameterValues): SpeedLaw => ({
  temporary: values["temporary"]!,
  exponent: values["speedExponent"]!,
  permanent: values["permanent"]! * values["inverseTurnover"]! ** ALMGREN_2005.turnoverExponent,
});

export const almgren2005 = impactModel({
  name: "almgren-2005",
  summary:
    "a 3/5 power of the speed and linear permanent impact, fitted on US shares; wrong where the " +
    "book heals between slices, and untested on crypto",
  parameters: PARAMETERS,
  exposure: "through",
  prices: (values, slices, market) => speedLawPath(lawOf(values), slices, market),
  schedules: () => "admissible",
  trajectory: (values, order, market, riskAversion) =>
    speedLawTrajectory(lawOf(values), order, market, riskAversion),
  caveats({ shareOfDay, rateOfVolume, days, isFitted = false }) {
    const texts: string[] = [];
    if (rateOfVolume > 1) texts.push("faster than all others together: beyond any data");
    if (isFitted) return texts;
    texts.push(
      "the coefficients were fitted on orders in US shares before 2005, not on this market",
    );
    const share = `${(shareOfDay * 100).toPrecision(2)} % of a day's volume`;
    if (shareOfDay < 0.01) {
      texts.push(`${share} is far smaller than the paper's examples (10 %): extrapolated`);
    }
    if (shareOfDay > 0.1) texts.push(`${share} is more than the paper's examples (10 %)`);
    if (days < 0.1) {
      texts.push("the paper's examples take a tenth of a day or more: this is faster");
    }
    return texts;
  },
});
