/**
 * Propagator: every trade pushes the price, and the push fades as a power of time.
 *
 * Bouchaud, Gefen, Potters & Wyart, "Fluctuations and Response in Financial Markets: The Subtle
 * Nature of 'Random' Price Changes", Quantitative Finance 4 (2004): G(t) = G₀·(1 + t/t₀)^−γ. Flow
 * has a long memory, so impact must fade slowly for prices to stay unpredictable: γ near 0.4 on
 * French shares. Linear in size, as Gatheral (2010) has it for a kernel of this kind.
 *
 * What must stay true: the kernel is a sum of decaying exponentials with weights above 0, hence
 * convex and of positive type. No round trip earns, and the optimum of a purchase holds no sale.
 */
import { type KernelTerm, powerLawKernel } from "./exponential-kernel.ts";
import {
  impactModel,
  type ModelParameter,
  type ParameterValues,
  type SignedSlice,
} from "./impact-model.ts";
import { kernelTrajectory, transientPath } from "./obizhaeva-wang-model.ts";

const SECONDS_PER_DAY = 86_400;

const PARAMETERS: readonly ModelParameter[] = [
  {
    name: "push",
    value: 300,
    standardError: 150,
    origin: "assumed",
    note: "G₀: daily σ that a day's volume would move the price by, if at once; our own guess",
  },
  {
    name: "scaleSeconds",
    value: 10,
    standardError: 8,
    origin: "assumed",
    range: { least: 1e-3, most: 1e6 },
    note: "t₀: until then a push hardly fades; our own guess",
  },
  {
    name: "exponent",
    value: 0.4,
    standardError: 0.1,
    origin: "assumed",
    range: { least: 0.01, most: 2 },
    note: "γ: how fast it fades later; near what was found on French shares, by trades",
  },
  {
    name: "permanent",
    value: 1,
    standardError: 0.5,
    origin: "assumed",
    range: { least: 0, most: 1e6 },
    note: "daily σ that a day's volume moves the price by for good; a pure propagator has none",
  },
];

function kernelOf(values: ParameterValues, longestDays: number): readonly KernelTerm[] {
  const scaleDays = values["scaleSeconds"]! / SECONDS_PER_DAY;
  const shape = powerLawKernel(values["exponent"]!, scaleDays, longestDays);
  return shape.map(({ weight, perDay }) => ({ weight: weight * values["push"]!, perDay }));
}

const daysOf = (slices: readonly SignedSlice[]): number =>
  slices.reduce((sum, { days }) => sum + days, 0);

export const propagator = impactModel({
  name: "propagator",
  summary:
    "a push that is linear in size and fades as a power of time; wrong for large sizes, where " +
    "impact is less than linear",
  parameters: PARAMETERS,
  exposure: "through",
  prices: (values, slices, market) =>
    transientPath(kernelOf(values, daysOf(slices)), values["permanent"]!, slices, market),
  schedules: () => "admissible",
  trajectory: (values, order, market, riskAversion) =>
    kernelTrajectory(kernelOf(values, order.days), order, market, riskAversion),
  caveats({ rateOfVolume, isFitted = false }) {
    const guess =
      "the kernel is a guess: it was found on shares, for trades and not for seconds; fit it";
    const texts = isFitted ? [] : [guess];
    if (rateOfVolume > 0.25) texts.push("linear impact overstates what a large speed costs");
    return texts;
  },
});
