/**
 * Obizhaeva–Wang as an impact model: what a trade moves heals at one rate, what stays is linear.
 *
 * Obizhaeva & Wang (2013), for any schedule: each slice is traded evenly and the displacement is
 * integrated exactly. `obizhaeva-wang.ts` has the optimum in closed form, of blocks and a constant
 * rate; the trajectory here is the optimum of even slices, aversion to risk included, and tends to
 * the former as slices shorten. Slices that are long against the healing cannot hold a block: then
 * the first few ring around it.
 *
 * What must stay true: the kernel is a decaying exponential and linear in size, which is the only
 * size that goes with it (Gatheral 2010); so no round trip earns.
 */
import { displaced, type KernelTerm, pairCosts } from "./exponential-kernel.ts";
import {
  type ImpactMarket,
  impactModel,
  type ModelParameter,
  type ParameterValues,
  type PlannedOrder,
  type SignedSlice,
  sigmasPerDay,
  type SlicePrice,
} from "./impact-model.ts";
import { permanentPath } from "./kyle.ts";
import { transientTrajectory } from "./transient-trajectory.ts";

const SECONDS_PER_DAY = 86_400;
/** Trajectories of more steps than this are solved for fewer. */
const MOST_STEPS = 80;

const PARAMETERS: readonly ModelParameter[] = [
  {
    name: "transient",
    value: 300,
    standardError: 150,
    origin: "assumed",
    note: "κ: daily σ that a day's volume would move the price by if traded at once; our own guess",
  },
  {
    name: "halfLifeSeconds",
    value: 30,
    standardError: 20,
    origin: "assumed",
    note: "in which half of a displacement heals; the strategy ow assumes the same",
  },
  {
    name: "permanent",
    value: 1,
    standardError: 0.5,
    origin: "assumed",
    range: { least: 0, most: 1e6 },
    note: "λ: daily σ that a day's volume moves the price by for good; our own guess",
  },
];

const kernelOf = (values: ParameterValues): readonly KernelTerm[] => [
  {
    weight: values["transient"]!,
    perDay: (Math.LN2 * SECONDS_PER_DAY) / values["halfLifeSeconds"]!,
  },
];

/** Prices where a kernel heals and a linear part stays; weights in daily σ for a day's volume. */
export function transientPath(
  kernel: readonly KernelTerm[],
  permanent: number,
  slices: readonly SignedSlice[],
  market: ImpactMarket,
): readonly SlicePrice[] {
  const scale = sigmasPerDay(market);
  const heals = displaced(kernel, slices);
  return permanentPath(slices, permanent * scale).map(({ permanentBps, afterBps }, k) => ({
    permanentBps,
    temporaryBps: scale * heals[k]!.mean,
    afterBps: afterBps + scale * heals[k]!.after,
  }));
}

/** The optimum of even slices under such a kernel. The permanent part costs the same by any. */
export function kernelTrajectory(
  kernel: readonly KernelTerm[],
  { quantity, days, steps }: PlannedOrder,
  market: ImpactMarket,
  riskAversion: number,
): readonly number[] {
  // An optimum of many steps costs the cube of their number: neighbours then trade alike.
  const solved = Math.ceil(steps / Math.ceil(steps / MOST_STEPS));
  const step = days / solved;
  const sigma = market.dailyVolatility * 1e4;
  // Per share of the order: cost in bps is scale·n′Kn, variance in bps² is σ²·step·Σx².
  const scale = sigmasPerDay(market) * quantity;
  const holdings = transientTrajectory({
    quantity,
    costs: pairCosts(kernel, solved, step),
    risk: (riskAversion * sigma * sigma * step) / scale,
  });
  return solved === steps ? holdings : refined(holdings, steps);
}

/** The same trajectory told in more steps, straight between those that it was solved for. */
function refined(holdings: readonly number[], steps: number): readonly number[] {
  const last = holdings.length - 1;
  return Array.from({ length: steps + 1 }, (_, k) => {
    const at = (k * last) / steps;
    const before = Math.min(last - 1, Math.floor(at));
    const share = at - before;
    return holdings[before]! * (1 - share) + holdings[before + 1]! * share;
  });
}

export const obizhaevaWang = impactModel({
  name: "obizhaeva-wang",
  summary:
    "a push that is linear in size and heals at one rate; wrong where healing is quick at first " +
    "and slow later, and for large sizes, where impact is less than linear",
  parameters: PARAMETERS,
  exposure: "through",
  prices: (values, slices, market) =>
    transientPath(kernelOf(values), values["permanent"]!, slices, market),
  schedules: () => "admissible",
  trajectory: (values, order, market, riskAversion) =>
    kernelTrajectory(kernelOf(values), order, market, riskAversion),
  caveats({ days, rateOfVolume, isFitted = false }) {
    const guess = "how deep the book is and how fast it heals are guesses: fit them";
    const texts = isFitted ? [] : [guess];
    if (days * SECONDS_PER_DAY < 60) {
      texts.push("the order may be over before anything heals: then this is linear and for good");
    }
    if (rateOfVolume > 0.25) texts.push("linear impact overstates what a large speed costs");
    return texts;
  },
});
